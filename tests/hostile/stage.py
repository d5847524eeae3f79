"""A door and a dispatcher before which hostile bodies are put, and an account of what became of every item."""

import asyncio
import zlib
from collections import Counter
from datetime import timedelta
from typing import Any

from bot.whatsapp.parse import explode
from models.inbox import source_hash
from models.statements import BYTES, INT, TEXT, statement
from tests import payloads
from tests.bot.web.door import Door

PATIENCE = timedelta(minutes=3)
"""After this nobody waits any more for the message that a status is about."""
REASONS = {
    "call",
    "echo",
    "foreign_number",
    "group",
    "not a message of ours",
    "unknown",
    "unreadable",
    "payment",
    "field",
}
"""Why an item may be left alone, by its first word."""
_ROWS = statement(
    "SELECT id, source, kind, state, reason, attempts FROM inbox WHERE id > :last ORDER BY id",
    {"last": INT},
    {"id": INT, "source": BYTES, "kind": TEXT, "state": TEXT, "reason": TEXT, "attempts": INT},
)
_ANSWERS = statement(
    "SELECT id, cause_id FROM outbox WHERE id > :last ORDER BY id", {"last": INT}, {"id": INT, "cause_id": INT}
)


class Gate:
    """Posts bodies and remembers which items must be accounted for. `sound` items must be answered as well."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.number = door.number
        self.expected: set[str] = set()
        self.settled = Counter[str]()
        self._sources: set[bytes] = set()
        self._seen: set[bytes] = set()
        self._last = self._last_answer = 0
        self._round = ""
        self._errors: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self._errors.append(str(context)))

    def clear(self, name: str) -> None:
        """Another round begins, and some time has passed."""
        self._round = name
        self.expected.clear()
        self._sources.clear()
        self.door.app.clock.move(PATIENCE)

    def sound(self, n: object, *, sender: str | None = None) -> payloads.Json:
        """A greeting by somebody with no ill will."""
        at = str(int(self.door.app.clock.now().timestamp()))
        return payloads.text(
            wamid=f"wamid.sound.{self._round}.{n}", sender=sender or f"9180{zlib.crc32(str(n).encode()) % 10**8:08}"
        ) | {"timestamp": at}

    async def post(self, raw: bytes) -> int:
        status = await self.door.post(raw)
        if status == 200:
            salt = self.door.app.store.salt
            self._sources |= {source_hash(i.source_id, salt) for i in explode(raw, phone_number_id=self.number)}
        return status

    async def faults(self) -> list[str]:
        """Handle everything that was posted since the last time; a sentence for each item that came to harm."""
        app = self.door.app
        while await app.dispatcher.run_once():
            pass
        app.clock.move(PATIENCE)
        while await app.dispatcher.run_once():
            pass
        rows = await self._rows()
        salt = app.store.salt
        sound = {source_hash(f"m:{wamid}", salt): wamid for wamid in self.expected}
        found = [f"{e}" for e in self._errors]
        found += [f"{len(lost)} items have no row"] if (lost := self._sources - self._seen) else []
        for row in rows:
            self.settled[f"{row['state']}({row['reason']})" if row["reason"] else row["state"]] += 1
            found += [f"event {row['id']} ({row['kind']}): {why}" for why in _why(row, is_sound=row["source"] in sound)]
        found += [f"{wamid} has no row" for source, wamid in sound.items() if source not in self._seen]
        return found

    async def _rows(self) -> list[dict[str, Any]]:
        async with self.door.app.database.transaction() as connection:
            rows, said = await connection.fetch(_ROWS(last=self._last), _ANSWERS(last=self._last_answer))
        self._last = max([row["id"] for row in rows], default=self._last)
        self._last_answer = max([row["id"] for row in said], default=self._last_answer)
        answers = Counter(row["cause_id"] for row in said)
        self._seen.update(row["source"] for row in rows)
        return [row | {"answers": answers[row["id"]]} for row in rows]


def _why(row: dict[str, Any], *, is_sound: bool) -> list[str]:
    """What is wrong with how it ended."""
    if is_sound:
        return (
            [] if (row["state"], row["answers"]) == ("done", 1) else [f"not answered: {row['state']}, {row['reason']}"]
        )
    if row["attempts"] and row["kind"] != "status":
        return [f"failed {row['attempts']} times, {row['state']}: {row['reason']}"]
    if row["state"] == "ignored" and str(row["reason"]).partition(".")[0] not in REASONS:
        return [f"ignored for {row['reason']}"]
    return [] if row["state"] in ("done", "ignored") else [f"is {row['state']}: {row['reason']}"]
