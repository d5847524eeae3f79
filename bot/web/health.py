"""Health, readiness and metrics."""

import asyncio
import hmac
from dataclasses import dataclass, field

import orjson
import structlog
from aiohttp import web

from bot import tasks
from bot.clock import Clock
from bot.metrics import Metrics
from models import health, sending
from models.database import UNAVAILABLE, Database
from models.sending import Number

log = structlog.get_logger()

ANSWER_S = 1.0
"""A database that takes longer is not one we can serve from."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database said of itself: either `why` it cannot be used, or how the queues and the number stand."""

    why: str = ""
    pending: list[str] = field(default_factory=list)
    queues: health.Queues | None = None
    number: Number | None = None


class Health:
    """`/healthz`: the loop lives. `/readyz`: we can serve. `/metrics`: for Prometheus, with a token or on loopback only."""

    def __init__(
        self, database: Database, store_id: int, *, clock: Clock, metrics: Metrics, token: str | None, is_loopback: bool
    ) -> None:
        self._database, self._store_id = database, store_id
        self._clock, self._metrics = clock, metrics
        self._token = f"Bearer {token}".encode() if token else None
        self._is_loopback = is_loopback
        self._question: asyncio.Task[_Found] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.alive),
            web.get("/readyz", self.ready),
            web.get("/metrics", self.metrics),
        ]

    async def alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(self, _request: web.Request) -> web.Response:
        """503 only for the database or its migrations; how the sender fares is said in the body (decision 34)."""
        found = await self._ask()
        if found.pending:
            why = "run `python -m bot migrate`"
            return _json({"ready": False, "why": why, "migrations": found.pending}, status=503)
        if found.queues is None or found.number is None:
            return _json({"ready": False, "why": f"the database does not answer ({found.why})"}, status=503)
        return _json({"ready": True, **self._state(found.queues, found.number)})

    async def metrics(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not (hmac.compare_digest(given, self._token) if self._token else self._is_loopback):
            return web.Response(status=401, text="Set METRICS_TOKEN and send it as a bearer token.\n")
        self._gauge((await self._ask()).queues)
        return web.Response(body=self._metrics.render(), content_type="text/plain", charset="utf-8")

    async def _ask(self) -> _Found:
        """Whoever asks while the answer is awaited gets the same one: a slow database is not asked more and more often."""
        if self._question is None or self._question.done():
            self._question = tasks.spawn(self._look(), name="health")
        await asyncio.wait([self._question], timeout=ANSWER_S)
        return self._question.result() if self._question.done() else _Found(why="TimeoutError")

    async def _look(self) -> _Found:
        try:
            if pending := await self._database.pending_migrations():
                return _Found(pending=pending)
            async with self._database.transaction() as connection:
                return _Found(
                    queues=await health.queues(connection), number=await sending.get_number(connection, self._store_id)
                )
        except UNAVAILABLE as error:
            return _Found(why=type(error).__name__)
        except Exception as error:  # whoever asks how we are gets an answer, not a 500
            log.exception("health_failed")
            return _Found(why=type(error).__name__)

    def _state(self, queues: health.Queues, number: Number) -> dict[str, object]:
        paused = number.paused_until is not None and number.paused_until > self._clock.now()
        return {
            "inbox": {"waiting": queues.events, "buried": queues.buried, "oldest_s": self._age(queues)},
            "outbox": queues.outbox,
            "sender": {"paused": paused, "error_code": number.pause_code},
        }

    def _gauge(self, queues: health.Queues | None) -> None:
        if queues is None:
            self._metrics.oldest.set(float("nan"))
            return
        self._metrics.inbox.labels("new").set(queues.events)
        self._metrics.inbox.labels("dead").set(queues.buried)
        for state, count in queues.outbox.items():
            self._metrics.outbox.labels(state).set(count)
        self._metrics.oldest.set(self._age(queues))

    def _age(self, queues: health.Queues) -> float:
        return (self._clock.now() - queues.oldest_at).total_seconds() if queues.oldest_at else 0.0


def _json(body: dict[str, object], *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
