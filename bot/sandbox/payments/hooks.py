"""Providers' webhooks on their way to the bot: signed when they leave, tried again for three days, with the faults that are on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import orjson

from bot.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger

Json = dict[str, Any]
Sign = Callable[[str, bytes], dict[str, str]]
Query = Callable[[str, Json], str]
HORIZON = timedelta(days=3)
"""How long Stripe tries; Razorpay one day."""
LONGEST = timedelta(hours=1)
TIMEOUT_S = 10


@dataclass(slots=True)
class Hook:
    id: int
    provider: str
    body: Json
    queued_at: datetime
    due_at: datetime
    attempts: int = 0


class Hooks:
    """`sign` says which headers a provider sends with a body, `query` what it adds to the address.

    Without `address` (…/payments) everything waits.
    """

    def __init__(self, *, clock: Clock, ledger: Ledger, faults: Faults, sign: Sign, query: Query) -> None:
        self._clock, self._ledger, self._faults, self._sign = clock, ledger, faults, sign
        self._query = query
        self.address: str | None = None
        self._pending: dict[int, Hook] = {}
        self._next_id = 1
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    def put(self, provider: str, body: Json) -> None:
        if self._faults.take("pay_lost"):
            self._ledger.write("hook_lost", provider=provider, body=body)
            return
        due_at = self._clock.now() + timedelta(seconds=self._faults.pay_late_s)
        for _ in range(2 if self._faults.take("pay_duplicate") else 1):
            entry = self._ledger.write(
                "hook", hook=self._next_id, provider=provider, body=body, due_at=due_at.isoformat()
            )
            self.restore(entry)

    def restore(self, entry: Json) -> None:
        """A line of the ledger: what is queued and not settled is still to be delivered."""
        if entry["kind"] == "hook_settled":
            self._pending.pop(entry["hook"], None)
            return
        queued_at, due_at = (datetime.fromisoformat(entry[name]) for name in ("at", "due_at"))
        self._pending[entry["hook"]] = Hook(entry["hook"], entry["provider"], entry["body"], queued_at, due_at)
        self._next_id = max(self._next_id, entry["hook"] + 1)
        self._woken.set()

    def wake(self) -> None:
        self._woken.set()

    async def run_once(self) -> bool:
        """Deliver what is due; True if the bot took any of it."""
        delivered = False
        async with self._turn:
            now = self._clock.now()
            for hook in sorted(self._pending.values(), key=lambda hook: (hook.due_at, hook.id)):
                if self.address and hook.due_at <= now:
                    delivered |= await self._deliver(hook)
        return delivered

    async def rest(self, until: datetime | None) -> None:
        """Until something is queued, the clock is moved, or there is something to do; `until` is the latest."""
        due = [hook.due_at for hook in self._pending.values()] if self.address else []
        earliest = min([*due, *([until] if until else [])], default=None)
        left = None if earliest is None else max(0.01, (earliest - self._clock.now()).total_seconds())
        try:
            await asyncio.wait_for(self._woken.wait(), left)
        except TimeoutError:
            return
        self._woken.clear()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, hook: Hook) -> bool:
        status = await self._post(hook.provider, orjson.dumps(hook.body), self._query(hook.provider, hook.body))
        taken, age = 200 <= status < 300, self._clock.now() - hook.queued_at
        self._ledger.write("hook_told", hook=hook.id, status=status)
        if taken or age > HORIZON:
            self._ledger.write("hook_settled", hook=hook.id, taken=taken)
            self._pending.pop(hook.id, None)
        else:
            hook.attempts += 1
            pause = min(LONGEST, timedelta(seconds=2 ** min(20, hook.attempts)))
            hook.due_at = self._clock.now() + pause
        return taken

    async def _post(self, provider: str, raw: bytes, query: str) -> int:
        """The HTTP status; 0 when there was no answer at all."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        headers = {"Content-Type": "application/json", **self._sign(provider, raw)}
        try:
            async with self._session.post(f"{self.address}/{provider}?{query}", data=raw, headers=headers) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0
