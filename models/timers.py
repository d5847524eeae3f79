"""Business timers as rows: the scheduler's tick rings what is due into the inbox, where it is an event like a message."""

from collections.abc import Collection, Sequence
from datetime import datetime

import orjson
from tortoise import Model, fields

from models import inbox
from models.engines import Connection
from models.inbox import Arrival
from models.statements import INT, TEXT, TIME, insert, select, statement
from models.work import Work

SET, RUNG, STOPPED = "set", "rung", "stopped"


# One ring: unique by what it is about and when, so that setting it twice sets it once.
class TimerRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    kind = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=40)
    due_at = fields.DatetimeField()
    state = fields.CharField(max_length=8, default=SET, db_default=SET)

    class Meta:
        table = "timer"
        unique_together = (("store_id", "kind", "subject", "due_at"),)


_SET = insert(
    TimerRow,
    "store_id",
    "kind",
    "subject",
    "due_at",
    conflict="ON CONFLICT (store_id, kind, subject, due_at) DO UPDATE SET state = 'set' WHERE timer.state = 'stopped'",
)
_WHICH = {"store_id": INT, "kinds": TEXT, "subject": TEXT}
_STOP_ALL = (
    "UPDATE timer SET state = 'stopped'"
    " WHERE store_id = :store_id AND kind IN :kinds AND subject = :subject AND state = 'set'"
)
_STOP = statement(_STOP_ALL, _WHICH)
_STOP_BUT = statement(f"{_STOP_ALL} AND NOT due_at IN :moments", {**_WHICH, "moments": TIME})
_DUE = select(
    TimerRow, "WHERE t.state = 'set' AND t.due_at <= :now ORDER BY t.due_at LIMIT :limit FOR UPDATE SKIP LOCKED",
    now=TIME, limit=INT,
)  # fmt: skip
_RING = statement("UPDATE timer SET state = 'rung' WHERE state = 'set' AND id IN :ids", {"ids": INT})
_NEXT_DUE = statement("SELECT MIN(due_at) FROM timer WHERE state = 'set'", {}, {"due_at": TIME})


def start(work: Work, *, kind: str, subject: str, due_at: datetime) -> None:
    """Ring at `due_at`; repeatable."""
    work.append(_SET, (work.store.id, kind, subject, due_at), key=(kind, subject, due_at))


def ring(work: Work, *, kind: str, subject: str, cause: int | None) -> None:
    """Ring now, once for each `cause`."""
    payload = orjson.dumps({"subject": subject, "due_at": work.now.isoformat()})
    source = f"r:{kind}:{subject}:{cause}"
    inbox.accept(work, Arrival(source, f"timer.{kind}", f"t:{kind}:{subject}", payload))


def stop(work: Work, *, kinds: Collection[str], subject: str, but: Collection[datetime] = ()) -> None:
    """Stop every ring of these kinds that is set, but for those at `but`; one statement for all of them."""
    which = {"store_id": work.store.id, "kinds": list(kinds), "subject": subject}
    work.afterwards(_STOP_BUT(**which, moments=list(but)) if but else _STOP(**which))


async def claim_due(connection: Connection, now: datetime, limit: int) -> list[TimerRow]:
    """Due timers, each taken by one process."""
    [rows] = await connection.fetch(_DUE(now=now, limit=limit))
    if rows:
        await connection.run(_RING(ids=[row["id"] for row in rows]))
    return [TimerRow(**row) for row in rows]


def arrivals(timers: Sequence[TimerRow]) -> list[Arrival]:
    """Each ring as an inbox event, in the lane of what it is about."""
    return [
        Arrival(
            source_id=f"t:{timer.id}",
            kind=f"timer.{timer.kind}",
            ordering_key=f"t:{timer.kind}:{timer.subject}",
            payload=orjson.dumps({"subject": timer.subject, "due_at": timer.due_at.isoformat()}),
        )
        for timer in timers
    ]


async def next_due(connection: Connection) -> datetime | None:
    [[row]] = await connection.fetch(_NEXT_DUE())
    due: datetime | None = row["due_at"]
    return due
