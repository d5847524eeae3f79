"""The inbox: everything that happened, once, in the order it was accepted for each ordering key."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from tortoise import Model, fields

from flows.limits import BATCH_CONTACTS, BATCH_EVENTS, BATCH_SIZE, BATCH_STATUSES
from models.engines import Connection
from models.statements import BOOL, BYTES, INT, TEXT, TIME, Write, insert, select, statement, update
from models.work import Work

NEW, DONE, IGNORED, DEAD = "new", "done", "ignored", "dead"
POSTPONED = "postponed"
"""What became of an event that stays new."""
STATUS_LANE = "status"
"""The ordering key of message statuses: settled in bulk by rank, so their order does not matter."""


# `source` is the salted hash of the outside world's id, kept for ever; `payload` is emptied by retention.
class InboxRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    source = fields.BinaryField()
    kind = fields.CharField(max_length=40)
    ordering_key = fields.CharField(max_length=160)
    payload = fields.BinaryField()
    state = fields.CharField(max_length=8, default=NEW, db_default=NEW)
    reason = fields.CharField(max_length=200, null=True)
    attempts = fields.BigIntField(default=0, db_default=0)
    due_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inbox"


class Arrival(NamedTuple):
    """Something that happened, as the door saw it. Told again it has the same `source_id`; one `ordering_key` keeps its order.

    A tuple, because the door makes one of every event and a frozen dataclass takes five times as long to make.
    """

    source_id: str
    kind: str
    ordering_key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """An inbox row that is to be handled."""

    id: int
    kind: str
    ordering_key: str
    payload: bytes
    attempts: int
    received_at: datetime


_COLUMNS = ("store_id", "source", "kind", "ordering_key", "payload", "due_at", "received_at")
ACCEPT: Write = insert(InboxRow, *_COLUMNS, conflict="ON CONFLICT (source) DO NOTHING", contested="source")
_EVENT = {"id": INT, "kind": TEXT, "ordering_key": TEXT, "payload": BYTES, "attempts": INT, "received_at": TIME}
_COLUMNS_OF_EVENT = ", ".join(f"i.{name}" for name in _EVENT)
# (The oldest of a lane is asked for in the order of the lanes' index, or Postgres may walk through the others' events.)
# Among the oldest events a lane's head is found at once; a flood would make this a walk through all of it, so it ends.
_HEADS = statement(
    f"SELECT {_COLUMNS_OF_EVENT}, i.ordering_key = (SELECT n.ordering_key FROM inbox n WHERE n.state = 'new'"
    " AND (n.ordering_key, n.id) > (i.ordering_key, i.id) ORDER BY n.ordering_key, n.id LIMIT 1) AS is_followed"
    " FROM inbox i WHERE i.state = 'new' AND i.due_at <= :now AND i.id IN"
    " (SELECT w.id FROM inbox w WHERE w.state = 'new' AND w.ordering_key <> 'status' ORDER BY w.id LIMIT :window)"
    " AND i.id = (SELECT e.id FROM inbox e WHERE e.state = 'new' AND e.ordering_key >= i.ordering_key"
    " ORDER BY e.ordering_key, e.id LIMIT 1)"
    " ORDER BY i.id LIMIT :lanes FOR UPDATE SKIP LOCKED",
    {"now": TIME, "window": INT, "lanes": INT},
    _EVENT | {"is_followed": BOOL},
)
# From lane to lane through their index, whatever stands in each.
_FAR_HEADS = statement(
    "WITH RECURSIVE lane(name) AS (SELECT MIN(ordering_key) FROM inbox WHERE state = 'new' UNION ALL"
    " SELECT (SELECT MIN(n.ordering_key) FROM inbox n WHERE n.state = 'new' AND n.ordering_key > lane.name)"
    " FROM lane WHERE lane.name IS NOT NULL)"
    " SELECT i.id FROM inbox i WHERE i.state = 'new' AND i.due_at <= :now AND i.id IN"
    " (SELECT (SELECT e.id FROM inbox e WHERE e.state = 'new' AND e.ordering_key >= lane.name"
    " ORDER BY e.ordering_key, e.id LIMIT 1) FROM lane WHERE lane.name <> 'status')"
    " ORDER BY i.id LIMIT :lanes FOR UPDATE SKIP LOCKED",
    {"now": TIME, "lanes": INT},
    {"id": INT},
)
_WITHIN_LANES = {"now": TIME, "heads": INT, "each": INT, "limit": INT}
# Each database has its own way to be kept from reading a lane to its end.
_OF_LANES = replace(
    statement(
        "WITH head AS MATERIALIZED (SELECT h.id, h.ordering_key, (SELECT e.id FROM inbox e WHERE e.state = 'new'"
        " AND e.ordering_key = h.ordering_key AND e.id >= h.id ORDER BY e.id LIMIT 1 OFFSET :each) AS beyond"
        f" FROM inbox h WHERE h.id IN :heads) SELECT {_COLUMNS_OF_EVENT} FROM head JOIN inbox i"
        " ON i.ordering_key = head.ordering_key AND i.id >= head.id AND i.id < COALESCE(head.beyond, 9223372036854775807)"
        " WHERE i.state = 'new' AND i.due_at <= :now ORDER BY i.id LIMIT :limit",
        _WITHIN_LANES,
        _EVENT,
    ),
    postgres=statement(
        f"SELECT {_COLUMNS_OF_EVENT} FROM inbox h CROSS JOIN LATERAL (SELECT * FROM inbox e WHERE e.state = 'new'"
        " AND (e.ordering_key, e.id) >= (h.ordering_key, h.id) ORDER BY e.ordering_key, e.id LIMIT :each) i"
        " WHERE h.id IN :heads AND i.ordering_key = h.ordering_key AND i.due_at <= :now ORDER BY i.id LIMIT :limit",
        _WITHIN_LANES,
        _EVENT,
    ).postgres,
)
_STATUSES = statement(
    f"SELECT {_COLUMNS_OF_EVENT} FROM inbox i"
    " WHERE state = 'new' AND ordering_key = 'status' AND due_at <= :now ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED",
    {"now": TIME, "limit": INT},
    _EVENT,
)
_ONE = statement(
    f"SELECT {_COLUMNS_OF_EVENT} FROM inbox i"
    " WHERE i.id = :id AND i.state = 'new' AND (i.ordering_key = 'status' OR NOT EXISTS (SELECT 1 FROM inbox e"
    " WHERE e.ordering_key = i.ordering_key AND e.state = 'new' AND e.id < i.id)) FOR UPDATE SKIP LOCKED",
    {"id": INT},
    _EVENT,
)
_BY_SOURCE = statement(
    f"SELECT {_COLUMNS_OF_EVENT} FROM inbox i WHERE source = :source",
    {"source": BYTES},
    _EVENT,
)
_NEXT_DUE = statement(
    "SELECT MIN(due_at) FROM inbox WHERE state = 'new' AND due_at > :after", {"after": TIME}, {"due_at": TIME}
)
_UNREAD_STATUS = statement(
    "SELECT id FROM inbox WHERE state = 'new' AND ordering_key = 'status' AND (due_at <= :now OR attempts > 0) LIMIT 1",
    {"now": TIME},
    {"id": INT},
)
_SETTLE = update(InboxRow, ["id"], ["state", "reason", "settled_at"], where="state = 'new'")
_BURY = update(InboxRow, ["id"], ["state", "reason", "settled_at", "attempts"], where="state = 'new'")
_POSTPONE = update(InboxRow, ["id"], ["attempts", "due_at"], where="state = 'new'")
_REPLAY = statement(
    "UPDATE inbox SET state = 'new', reason = NULL, settled_at = NULL, due_at = :now"
    " WHERE state = 'dead' AND id IN :ids",
    {"now": TIME, "ids": INT},
)
_DEAD = select(InboxRow, "WHERE t.state = 'dead' ORDER BY t.id LIMIT :limit", limit=INT)
_IS_DEAD = statement("SELECT id FROM inbox WHERE id = :id AND state = 'dead'", {"id": INT}, {"id": INT})
_COUNT_DEAD = statement("SELECT COUNT(*) FROM inbox WHERE state = 'dead'", {}, {"count": INT})
_FORGET = statement(
    "UPDATE inbox SET payload = :nothing WHERE id IN (SELECT id FROM inbox WHERE settled_at < :before"
    " AND length(payload) > 0 AND state IN ('done', 'ignored') ORDER BY settled_at LIMIT :limit)",
    {"nothing": BYTES, "before": TIME, "limit": INT},
)


def source_hash(source_id: str, salt: bytes) -> bytes:
    """16 bytes that say nothing about the id (a wamid decodes to a phone number) to whoever lacks the store's salt.

    But for timers, which ring by hundreds: theirs stand side by side, for in a large inbox each of them would else cost a
    page of the index.
    """
    kind, _, number = source_id.partition(":")
    if kind == "t" and number.isdecimal():
        return _hash(kind, salt, size=8) + int(number).to_bytes(8, "big")
    return _hash(source_id, salt, size=16)


def _hash(text: str, salt: bytes, *, size: int) -> bytes:
    return blake2b(text.encode(), digest_size=size, key=salt[:64]).digest()


def rows(arrivals: Iterable[Arrival], *, store_id: int, salt: bytes, now: datetime) -> list[tuple[object, ...]]:
    """`arrivals` as rows for `ACCEPT`, which inserts each source id once and is repeatable."""
    return [(store_id, source_hash(a.source_id, salt), a.kind, a.ordering_key, a.payload, now, now) for a in arrivals]


def accept(work: Work, arrival: Arrival) -> None:
    """Put an event of our own (a ringing timer) into the inbox, in this transaction."""
    [row] = rows([arrival], store_id=work.store.id, salt=work.store.salt, now=work.now)
    work.append(ACCEPT, row)


async def take_in(connection: Connection, arrival: Arrival, *, store_id: int, salt: bytes, now: datetime) -> Event:
    """Insert an event and hold it in one transaction: for a command that its own process settles at once."""
    [row] = rows([arrival], store_id=store_id, salt=salt, now=now)
    await connection.write([(ACCEPT, [row])])
    [found] = await connection.fetch(_BY_SOURCE(source=row[1]))
    return Event(**found[0])


async def claim(connection: Connection, now: datetime, limit: int = BATCH_SIZE) -> list[Event]:
    """The oldest due events, each lane's in order. On Postgres the locks on the lanes' heads are the lease.

    What it costs depends on what it takes, not on how much one person has waiting. The lanes of the oldest events fill a
    batch, unless one lane is deeper than its share. However small the batch, a deep lane leaves the others theirs.
    """
    lanes = min(BATCH_CONTACTS, limit)
    [heads] = await connection.fetch(_HEADS(now=now, window=BATCH_SIZE, lanes=lanes))
    is_followed = [head.pop("is_followed") for head in heads]
    if any(is_followed):
        events = await _of_lanes(connection, heads, now, limit)
    else:
        events = [Event(**head) for head in heads]  # as nearly always: each is alone in its lane
    deepest = max(Counter(event.ordering_key for event in events).values(), default=BATCH_EVENTS)
    if len(heads) < lanes and deepest >= _share(heads, limit):  # others may stand behind it, out of sight
        [heads] = await connection.fetch(_FAR_HEADS(now=now, lanes=lanes))
        events = await _of_lanes(connection, heads, now, limit)
    return events


async def _of_lanes(connection: Connection, heads: Sequence[dict[str, Any]], now: datetime, limit: int) -> list[Event]:
    if not heads:
        return []
    ids = [head["id"] for head in heads]
    [found] = await connection.fetch(_OF_LANES(now=now, heads=ids, each=_share(heads, limit), limit=limit))
    return [Event(**row) for row in found]


def _share(heads: Sequence[dict[str, Any]], limit: int) -> int:
    """How many events of one lane fit into a batch that has room for the heads of all the others."""
    return min(BATCH_EVENTS, max(limit - len(heads) + 1, 1))


async def claim_statuses(connection: Connection, now: datetime) -> list[Event]:
    """Message statuses in any order."""
    [found] = await connection.fetch(_STATUSES(now=now, limit=BATCH_STATUSES))
    return [Event(**row) for row in found]


async def claim_one(connection: Connection, event_id: int) -> Event | None:
    """That event, unless somebody settled it, holds it now, or has not settled one that its lane holds before it."""
    [found] = await connection.fetch(_ONE(id=event_id))
    return Event(**found[0]) if found else None


def subject(event: Event) -> str:
    """What a timer is about."""
    return str(orjson.loads(event.payload)["subject"])


def set_for(event: Event) -> datetime:
    """The moment for which a timer was set, however late it rang."""
    return datetime.fromisoformat(orjson.loads(event.payload)["due_at"])


async def next_due(connection: Connection, after: datetime) -> datetime | None:
    """The next moment at which an event will be due. What was due by `after` waits for something else: for its lane."""
    [[row]] = await connection.fetch(_NEXT_DUE(after=after))
    due: datetime | None = row["due_at"]
    return due


async def has_unread_status(connection: Connection, now: datetime) -> bool:
    """Whether a status still waits to be looked at: until then no send may be judged by silence.

    One that was looked at and is about nothing of ours, so far, keeps nobody waiting.
    """
    [found] = await connection.fetch(_UNREAD_STATUS(now=now))
    return bool(found)


def finish(work: Work, event: Event, *, reason: str | None = None) -> str:
    """Like its three neighbours, it returns what became of the event. `reason`: why there is perhaps no answer to it."""
    work.append(_SETTLE, (DONE, reason, work.now, event.id))
    return DONE


def ignore(work: Work, event: Event, reason: str) -> str:
    """Kept, and never acted upon."""
    work.append(_SETTLE, (IGNORED, reason, work.now, event.id))
    return IGNORED


def bury(work: Work, event: Event, reason: str) -> str:
    """Will not be tried again by itself: a dead letter until somebody replays it."""
    work.append(_BURY, (DEAD, reason[:200], work.now, event.attempts + 1, event.id))
    return DEAD


def postpone(work: Work, event: Event, *, attempts: int, delay: timedelta) -> str:
    """Try again after `delay`; its lane waits for it."""
    work.append(_POSTPONE, (attempts, work.now + delay, event.id))
    return POSTPONED


async def is_dead(connection: Connection, event_id: int) -> bool:
    [found] = await connection.fetch(_IS_DEAD(id=event_id))
    return bool(found)


async def count_dead(connection: Connection) -> int:
    [[row]] = await connection.fetch(_COUNT_DEAD())
    return int(row["count"])


async def list_dead(connection: Connection, limit: int = 100) -> list[InboxRow]:
    [found] = await connection.fetch(_DEAD(limit=limit))
    return [InboxRow(**row) for row in found]


async def replay(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """Give dead letters one more try each; returns how many there were."""
    return await connection.run(_REPLAY(now=now, ids=list(ids))) if ids else 0


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Empty the payloads of events settled before then; their source ids stay for ever."""
    return await connection.run(_FORGET(nothing=b"", before=before, limit=limit))
