"""Webhooks on their way to the bot: signed, batched, repeated and retried like Meta's, with the faults that are switched on."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog

from bot.clock import Clock
from bot.sandbox import webhooks
from bot.sandbox.credentials import Credentials
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.webhooks import Update

log = structlog.get_logger()
Json = dict[str, Any]

BODY_MOST = 1000
"""Updates in one body; documented."""
NOW = timedelta()
HORIZON = timedelta(days=7)
"""How long Meta tries: one page says 36 hours, another 7 days; the longer one is the harder one."""
LONGEST = timedelta(hours=1)
TIMEOUT_S = 10
"""After which Meta counts an unanswered POST as failed; observed, Meta states no number."""
GATHER_S = 2
"""How long a body that is not full yet waits for company; a guess."""


class Delivery:
    """The queue of updates: `run_once` delivers what is due, `run` does so for ever. A 2xx or seven days end an update."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        clock: Clock,
        faults: Faults,
        ledger: Ledger,
        acknowledged: Callable[[Sequence[Update]], None],
    ) -> None:
        self._credentials, self._clock, self._faults, self._ledger = credentials, clock, faults, ledger
        self._acknowledged = acknowledged
        self.address: str | None = None
        self._pending: dict[int, Update] = {}
        self._recent: deque[Update] = deque(maxlen=3)
        self._next_id = 1
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None

    def put(
        self,
        value: Json,
        sources: Sequence[str],
        *,
        field: str = "messages",
        after: timedelta = NOW,
        at: int | None = None,
        repeat: bool = False,
    ) -> Update:
        """Queue one update, due `after` from now and the switched-on delay; `repeat` marks what was acknowledged before."""
        now = self._clock.now()
        due = now + after + timedelta(seconds=self._faults.delay_s)
        update = Update(self._next_id, field, value, tuple(sources), queued_at=now, due_at=due, at=at, repeat=repeat)
        told = {"field": field, "value": value, "sources": list(sources), "time": at, "repeat": repeat}
        self._ledger.write("queued", update=update.id, due_at=due.isoformat(), **told)
        self._add(update)
        return update

    def restore(self, entry: Json) -> None:
        """Replay one line of the ledger: what was queued and not settled is still to be delivered."""
        if entry["kind"] == "queued":
            self._add(
                Update(
                    entry["update"],
                    entry["field"],
                    entry["value"],
                    tuple(entry["sources"]),
                    queued_at=datetime.fromisoformat(entry["at"]),
                    due_at=datetime.fromisoformat(entry["due_at"]),
                    at=entry["time"],
                    repeat=entry["repeat"],
                )
            )
        else:
            for settled in entry["updates"]:
                self._pending.pop(settled, None)

    def again(self, wamid: str | None = None) -> int:
        """Queue what the bot acknowledged once more (all of it, or what is about `wamid`); returns how many updates."""
        done = {n for entry in self._ledger.of("acknowledged") for n in entry["updates"]}
        lines = [
            entry
            for entry in self._ledger.of("queued")
            if entry["update"] in done and not entry["repeat"] and (wamid is None or _about(entry, wamid))
        ]
        for entry in lines:
            self.put(entry["value"], entry["sources"], field=entry["field"], at=entry["time"], repeat=True)
        return len(lines)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        while True:
            self._woken.clear()
            if self._faults.batch > 1 and 0 < len(self._pending) < self._faults.batch:
                await asyncio.sleep(GATHER_S)
            await self.run_once()
            await self._rest()

    async def _rest(self) -> None:
        """Until something is queued, the clock is moved, or the next update is due."""
        earliest = min((update.due_at for update in self._pending.values()), default=None)
        if earliest is None or not self.address:
            await self._woken.wait()
            return
        left = (earliest - self._clock.now()).total_seconds()
        try:
            await asyncio.wait_for(self._woken.wait(), max(0.01, left))
        except TimeoutError:
            return

    async def run_once(self) -> bool:
        """Deliver everything that is due now; True if the bot acknowledged any of it."""
        delivered = False
        async with self._turn:
            while self.address and (bodies := self._due()):
                width = max(1, self._faults.parallel)
                for start in range(0, len(bodies), width):
                    answers = await asyncio.gather(*(self.send(updates) for updates in bodies[start : start + width]))
                    delivered = delivered or any(answers)
        return delivered

    async def send(self, updates: Sequence[Update]) -> bool:
        """One body, and its duplicate if that fault strikes; whoever cancels this finds the updates back in the queue."""
        raw = self._encode(updates)
        settled = False
        try:
            how = self._faults.duplicate_how if self._faults.take("duplicate") else None
            if how == "concurrent":
                settled = any(await asyncio.gather(self._post(updates, raw), self._post(updates, raw)))
            else:
                settled = await self._post(updates, raw)
            if how == "same_bytes":
                await self._post(updates, raw)
            if how == "rebatched":
                company = [*(old for old in self._recent if old not in updates), *updates]
                await self._post(company, self._encode(company, shape="entries", at=int(self._clock.now().timestamp())))
        finally:
            if not settled:
                self._later(updates)
        if settled:
            self._recent.extend(updates)
            self._acknowledged(updates)
            self._repeat(updates)
        return settled

    async def post_raw(self, raw: bytes) -> int:
        """A body of your own, signed: for captured ones. The HTTP status; nothing is retried."""
        status = await self._request(raw)
        self._ledger.write("imported", status=status, body=raw.decode("utf-8", "replace"))
        return status

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def take(self, updates: Sequence[Update]) -> None:
        """Out of the queue: the caller delivers them itself, or has decided that they never come."""
        for update in updates:
            self._pending.pop(update.id, None)

    def _add(self, update: Update) -> None:
        self._next_id = max(self._next_id, update.id + 1)
        self._pending[update.id] = update
        self._woken.set()

    def _due(self) -> list[list[Update]]:
        """The bodies to send now: fresh updates as the faults arrange them, whatever failed before regrouped in one."""
        now = self._clock.now()
        due = [update for update in self._pending.values() if update.due_at <= now]
        late = [update for update in self._pending.values() if update.attempts] if any(u.attempts for u in due) else []
        fresh = self._faults.arrange(sorted((u for u in due if not u.attempts), key=lambda u: (u.due_at, u.id)))
        self.take([*fresh, *late])
        size = max(1, min(self._faults.batch, BODY_MOST))
        bodies = [fresh[n : n + size] for n in range(0, len(fresh), size)]
        return [late[n : n + BODY_MOST] for n in range(0, len(late), BODY_MOST)] + bodies

    def _encode(self, updates: Sequence[Update], *, shape: str | None = None, at: int | None = None) -> bytes:
        account = self._credentials.business_account_id
        return webhooks.encode(webhooks.body(account, updates, shape=shape or self._faults.batch_shape, at=at))

    async def _post(self, updates: Sequence[Update], raw: bytes) -> bool:
        status = await self._request(raw)
        settled = 200 <= status < 300
        self._ledger.write(
            "acknowledged" if settled else "rejected",
            updates=[update.id for update in updates],
            sources=[source for update in updates for source in update.sources],
            status=status,
        )
        return settled

    async def _request(self, raw: bytes) -> int:
        """The HTTP status; 0 when there was no answer at all."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        secret = self._credentials.app_secret
        if self._faults.take("bad_signature"):
            secret = secret[::-1]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": webhooks.signature(secret, raw),
        }
        try:
            async with self._session.post(self.address or "", data=raw, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            log.info("webhook_unanswered", error=type(error).__name__)
            return 0

    def _later(self, updates: Sequence[Update]) -> None:
        """Back into the queue: again after 1, 2, 4 … seconds, at most an hour, until seven days are over."""
        now = self._clock.now()
        gone = [update for update in updates if now - update.queued_at > HORIZON]
        if gone:
            self._ledger.write("given_up", updates=[u.id for u in gone], sources=[s for u in gone for s in u.sources])
        for update in updates:
            if update not in gone:
                update.attempts += 1
                update.due_at = now + min(LONGEST, timedelta(seconds=2 ** min(20, update.attempts - 1)))
                self._add(update)

    def _repeat(self, updates: Sequence[Update]) -> None:
        for update in updates:
            if self._faults.redeliver_after_week and not update.repeat:
                self.put(update.value, update.sources, field=update.field, after=HORIZON, at=update.at, repeat=True)


def _about(entry: Json, wamid: str) -> bool:
    return any(source.partition(":")[0] == wamid for source in entry["sources"])
