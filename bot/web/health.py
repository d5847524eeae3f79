"""Health, readiness and metrics."""

import asyncio
import hmac

import orjson
from aiohttp import web

from bot.clock import Clock
from bot.metrics import Metrics
from models import health, sending
from models.database import UNAVAILABLE, Database

ANSWER_S = 1.0
"""A database that takes longer is not one we can serve from."""


class Health:
    """`/healthz`: the loop lives. `/readyz`: we can serve. `/metrics`: for Prometheus, with a token or on loopback only."""

    def __init__(
        self, database: Database, store_id: int, *, clock: Clock, metrics: Metrics, token: str | None, is_loopback: bool
    ) -> None:
        self._database, self._store_id = database, store_id
        self._clock, self._metrics = clock, metrics
        self._token = f"Bearer {token}".encode() if token else None
        self._is_loopback = is_loopback

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
        try:
            async with asyncio.timeout(ANSWER_S):
                pending = await self._database.pending_migrations()
                body = await self._state()
        except UNAVAILABLE as error:
            return _json({"ready": False, "why": f"the database does not answer ({type(error).__name__})"}, status=503)
        if pending:
            return _json({"ready": False, "why": "run `python -m bot migrate`", "migrations": pending}, status=503)
        return _json({"ready": True, **body})

    async def metrics(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not (hmac.compare_digest(given, self._token) if self._token else self._is_loopback):
            return web.Response(status=401, text="Set METRICS_TOKEN and send it as a bearer token.\n")
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._gauge()
        except UNAVAILABLE:
            self._metrics.oldest.set(float("nan"))
        return web.Response(body=self._metrics.render(), content_type="text/plain", charset="utf-8")

    async def _state(self) -> dict[str, object]:
        async with self._database.transaction() as connection:
            queues = await health.queues(connection)
            number = await sending.get_number(connection, self._store_id)
        paused = number.paused_until is not None and number.paused_until > self._clock.now()
        return {
            "inbox": {"waiting": queues.events, "buried": queues.buried, "oldest_s": self._age(queues)},
            "outbox": queues.outbox,
            "sender": {"paused": paused, "error_code": number.pause_code},
        }

    async def _gauge(self) -> None:
        async with self._database.transaction() as connection:
            queues = await health.queues(connection)
        self._metrics.inbox.labels("new").set(queues.events)
        self._metrics.inbox.labels("dead").set(queues.buried)
        for state, count in queues.outbox.items():
            self._metrics.outbox.labels(state).set(count)
        self._metrics.oldest.set(self._age(queues))

    def _age(self, queues: health.Queues) -> float:
        return (self._clock.now() - queues.oldest_at).total_seconds() if queues.oldest_at else 0.0


def _json(body: dict[str, object], *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
