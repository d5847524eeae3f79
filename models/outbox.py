"""The outbox: finished words waiting to go out, what became of each attempt, and what Meta says of it.

Rows are written in the transaction that caused them. Who moves a row, and where to, is `flows/outbound.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

import orjson
from tortoise import Model, fields

from flows import alerts, limits, messages
from flows.messages import Buttons, Message, Template, Text
from flows.news import News
from models.engines import Connection
from models.statements import INT, JSON, TEXT, TIME, insert, select, statement, update
from models.work import Work

MUST_ARRIVE, ONCE, EPHEMERAL = "must_arrive", "once", "ephemeral"
"""What an unknown outcome means for a message: send again once; never by itself (money, links); let it go (a menu)."""
WINDOW, TEMPLATE = "window", "template"
"""Why a row is held: the window is closed and there is no template for it; or its template is not approved."""
REPLY, LATEST, ALERT, NOTICE = "reply", "latest", "alert", "notice"
"""What a message is for. Of the latest word one waits for each person and order: a newer one takes its place."""


# `message` is the free form, `fallback` the template for a closed window, `parts` the first news of an alert that may
# grow, and how many more there are.
#
# `token` is ours, echoed by Meta in statuses. `held` says why a queued row waits for something other than its turn.
class OutboxRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    cause_id = fields.BigIntField(null=True)
    order_id = fields.BigIntField(null=True)
    purpose = fields.CharField(max_length=10)
    arrival = fields.CharField(max_length=12)
    message: dict[str, Any] = fields.JSONField()
    fallback: dict[str, Any] = fields.JSONField(null=True)
    parts: dict[str, Any] = fields.JSONField(null=True)
    state = fields.CharField(max_length=10, default="queued", db_default="queued")
    held = fields.CharField(max_length=10, null=True)
    closed = fields.BooleanField(default=False, db_default=False)
    token = fields.CharField(max_length=32, unique=True)
    attempts = fields.BigIntField(default=0, db_default=0)
    refusals = fields.BigIntField(default=0, db_default=0)
    resends = fields.BigIntField(default=0, db_default=0)
    due_at = fields.DatetimeField()
    attempted_at = fields.DatetimeField(null=True)
    lease_until = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    wamid = fields.CharField(max_length=300, null=True)
    error_code = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "outbox"


@dataclass(frozen=True, slots=True)
class Outbound:
    """An outbox row as the sender sees it. `closed`: Meta said that the window is, whatever our own reckoning.

    `refusals` counts what Meta refused for a passing reason of this message's own: only they use up its patience.
    """

    id: int
    contact_id: int
    cause_id: int | None
    order_id: int | None
    purpose: str
    arrival: str
    message: Message
    fallback: Template | None
    state: str
    closed: bool
    token: str
    attempts: int
    refusals: int
    resends: int
    attempted_at: datetime | None
    created_at: datetime
    expires_at: datetime | None
    wamid: str | None

    @property
    def is_missed(self) -> bool:
        """Whether staff must know if it does not arrive. An alert that fails alerts nobody, or two would for ever."""
        return self.arrival != EPHEMERAL and self.purpose != ALERT


OUTBOUND = tuple(field.name for field in fields_of(Outbound))
"""The columns that make the value."""
_COLUMNS = (
    "store_id", "contact_id", "cause_id", "order_id", "purpose", "arrival", "message", "fallback", "parts", "token", "due_at",
    "expires_at", "closed", "created_at",
)  # fmt: skip
_INSERT = insert(OutboxRow, *_COLUMNS)
_SUPERSEDE = insert(
    OutboxRow, *_COLUMNS,
    conflict="ON CONFLICT (contact_id, COALESCE(order_id, 0)) WHERE purpose = 'latest' AND state = 'queued' AND attempts = 0"
    " DO UPDATE SET message = excluded.message, fallback = excluded.fallback, cause_id = excluded.cause_id",
)  # fmt: skip
# Somebody else's first alert to the same person is a conflict: the next run joins it.
_INSERT_ALERT = replace(
    insert(
        OutboxRow, *_COLUMNS,
        conflict="ON CONFLICT (contact_id) WHERE purpose = 'alert' AND state = 'queued' AND attempts = 0 DO NOTHING",
    ),
    exact=True,
)  # fmt: skip
# A nudge that was held is looked at again when other news joins it.
_MERGE = update(
    OutboxRow,
    ["id"],
    ["message", "fallback", "parts", "order_id", "arrival"],
    where="state = 'queued' AND attempts = 0",
    also="held = CASE WHEN arrival = 'ephemeral' THEN NULL ELSE held END",
)
_WAITING_ALERTS = statement(
    "SELECT id, contact_id, parts FROM outbox WHERE store_id = :store_id AND purpose = 'alert' AND state = 'queued'"
    " AND attempts = 0 ORDER BY contact_id FOR UPDATE",
    {"store_id": INT},
    {"id": INT, "contact_id": INT, "parts": JSON},
)
_BY_REPORT = select(
    OutboxRow, "WHERE t.token IN :tokens OR t.wamid IN :wamids ORDER BY t.id FOR UPDATE", only=OUTBOUND,
    tokens=TEXT, wamids=TEXT,
)  # fmt: skip
_REPORTED = update(OutboxRow, ["id", "state"], ["state", "wamid", "error_code"], also="lease_until = NULL")
_CAUSED = statement(
    "SELECT id FROM outbox WHERE contact_id = :contact_id AND order_id = :order_id AND cause_id = :cause"
    " AND state IN ('queued', 'sending', 'unknown') AND state = 'queued' AND attempts = 0 FOR UPDATE",
    {"contact_id": INT, "order_id": INT, "cause": INT},
    {"id": INT},
)
_TAKE_BACK = statement(
    "UPDATE outbox SET state = 'suppressed' WHERE contact_id = :contact_id AND order_id = :order_id AND cause_id = :cause"
    " AND state IN ('queued', 'sending', 'unknown') AND state = 'queued'",
    {"contact_id": INT, "order_id": INT, "cause": INT},
)
_HURRY = statement(
    "UPDATE outbox SET due_at = :now WHERE contact_id = :contact_id AND order_id = :order_id"
    " AND state IN ('queued', 'sending', 'unknown') AND state = 'queued'"
    " AND attempts = 0 AND due_at > :now AND cause_id <> :but",
    {"contact_id": INT, "order_id": INT, "but": INT, "now": TIME},
)
FORGOTTEN = messages.dump(Text("…"))
_FORGOTTEN = f"'{orjson.dumps(FORGOTTEN).decode()}'"
"""Written out, as in the index of what is not forgotten yet."""
_FORGET = statement(
    f"UPDATE outbox SET message = {_FORGOTTEN}, fallback = NULL, parts = NULL WHERE id IN (SELECT id FROM outbox WHERE"
    f" created_at < :before AND state NOT IN ('queued', 'sending', 'unknown') AND message <> {_FORGOTTEN}"
    " ORDER BY created_at LIMIT :limit)",
    {"before": TIME, "limit": INT},
)


def say(
    work: Work,
    contact_id: int,
    message: Message,
    *,
    cause: int | None,
    fallback: Template | None = None,
    purpose: str = REPLY,
    arrival: str = MUST_ARRIVE,
    expires_at: datetime | None = None,
    closed: bool = False,
    order_id: int | None = None,
    due_at: datetime | None = None,
) -> None:
    """Queue `message` for this contact, after all that is queued for them already; it waits until `due_at`.

    A `latest` word replaces the last.
    """
    short = messages.dump(fallback) if fallback else None
    row = _row(
        work, contact_id, messages.dump(message), short,
        cause=cause, purpose=purpose, arrival=arrival, expires_at=expires_at, closed=closed, order_id=order_id,
        due_at=due_at,
    )  # fmt: skip
    if purpose == LATEST:
        work.append(_SUPERSEDE, row, key=(contact_id, order_id))
    else:
        work.append(_INSERT, row)


def send_waiting(work: Work, contact_id: int, order_id: int, *, but: int | None) -> None:
    """What still waits to be taken back goes out now, before what event `but` says."""
    work.afterwards(_HURRY(contact_id=contact_id, order_id=order_id, but=but or 0, now=work.now))


async def take_back(work: Work, contact_id: int, order_id: int, *, cause: int, count: int) -> bool:
    """The `count` messages that event `cause` had for this contact are never sent; False when one is out already."""
    which = {"contact_id": contact_id, "order_id": order_id, "cause": cause}
    [rows] = await work.load_late(_CAUSED(**which))
    if len(rows) != count:
        return False
    work.afterwards(_TAKE_BACK(**which))
    return True


def notify(
    work: Work, contact_id: int, message: Message, *,
    cause: int | None, fallback: Template | None = None, arrival: str = MUST_ARRIVE, order_id: int | None = None,
    due_at: datetime | None = None,
) -> None:  # fmt: skip
    """Queue what nobody asked for. Two notices of one event about one order make one message, which waits as the first."""

    def join(row: tuple[Any, ...]) -> tuple[Any, ...] | None:
        queued = dict(zip(_COLUMNS, row, strict=True))
        if [queued[name] for name in ("contact_id", "cause_id", "order_id", "purpose")] != [
            contact_id,
            cause,
            order_id,
            NOTICE,
        ]:
            return None
        before = messages.load(queued["message"])
        if not (isinstance(before, Text | Buttons) and isinstance(message, Text | Buttons)):
            return None
        short = messages.load(queued["fallback"]) if queued["fallback"] else None
        if isinstance(short, Template) and fallback is not None:
            *rest, news = short.parameters
            queued["fallback"] = messages.dump(replace(short, parameters=(*rest, f"{news} {fallback.parameters[-1]}")))
        return tuple((queued | {"message": messages.dump(messages.joined(before, message))}).values())

    if cause is None or order_id is None or not work.rewrite(_INSERT, join):
        say(
            work, contact_id, message,
            cause=cause, fallback=fallback, purpose=NOTICE, arrival=arrival, order_id=order_id, due_at=due_at,
        )  # fmt: skip


def say_again(work: Work, row: Outbound, message: Message, *, closed: bool = False) -> None:
    """The same once more in another form.

    Of an alert it is none any more: another may wait by now, and a third time would help nobody.
    """
    is_alert = row.purpose == ALERT
    say(
        work, row.contact_id, message,
        cause=row.cause_id, order_id=row.order_id, fallback=row.fallback, expires_at=row.expires_at, closed=closed,
        purpose=NOTICE if is_alert else row.purpose, arrival=EPHEMERAL if is_alert else row.arrival,
    )  # fmt: skip


async def write_alerts(work: Work) -> None:
    """Queue the news told in this unit of work: at most one alert waits for each person, news joins it (decision 15).

    The alerts are held until the end: news that two processes tell at the same moment both join.
    """
    if not work.news:
        return
    piles: dict[int, list[News]] = {}
    for contact_id, told in work.news:
        piles.setdefault(contact_id, []).append(told)
    [waiting] = await work.connection.fetch(_WAITING_ALERTS(store_id=work.store.id))
    known = {row["contact_id"]: row for row in waiting}
    for contact_id, news in piles.items():
        row = known.get(contact_id)
        before: dict[str, Any] = row["parts"] if row else {"first": [], "more": 0}
        every = [*(News.load(part) for part in before["first"]), *news]
        parts, more = every[: limits.ALERT_PARTS], before["more"] + len(every[limits.ALERT_PARTS :])
        words = messages.dump(alerts.merge(parts, work.store.language, more=more))
        short = messages.dump(alerts.fallback(parts, work.store, more=more))
        kept = {"first": [part.dump() for part in parts], "more": more}
        order_id = parts[0].order_id if len(parts) == 1 else None
        arrival = EPHEMERAL if not more and all(part.is_nudge for part in parts) else MUST_ARRIVE
        if row:
            work.append(_MERGE, (words, short, kept, order_id, arrival, row["id"]))
        else:
            alert = _row(work, contact_id, words, short, parts=kept, purpose=ALERT, arrival=arrival, order_id=order_id)
            work.append(_INSERT_ALERT, alert)


_AS_IT_IS = tuple(name for name in OUTBOUND if name not in ("message", "fallback"))


def value(row: Mapping[str, Any]) -> Outbound:
    """A fetched row as the value that the sender and the reports know."""
    fallback = messages.load(row["fallback"]) if row["fallback"] else None
    assert fallback is None or isinstance(fallback, Template)
    return Outbound(**{name: row[name] for name in _AS_IT_IS}, message=messages.load(row["message"]), fallback=fallback)


async def find_reported(connection: Connection, tokens: Sequence[str], wamids: Sequence[str]) -> list[Outbound]:
    """The rows that statuses with these tokens or wamids report on."""
    [rows] = await connection.fetch(_BY_REPORT(tokens=list(tokens), wamids=list(wamids)))
    return [value(row) for row in rows]


def report(work: Work, row: Outbound, *, state: str, wamid: str | None, error_code: int | None) -> None:
    """Write what Meta's reports make of `row`, unless the sender moved it meanwhile (then `Conflict`)."""
    work.append(_REPORTED, (state, wamid, error_code, row.id, row.state))


async def forget(connection: Connection, before: datetime, limit: int) -> int:
    """Empty the words of messages that are out since before then; what became of them stays."""
    return await connection.run(_FORGET(before=before, limit=limit))


def _row(
    work: Work,
    contact_id: int,
    words: messages.Json,
    short: messages.Json | None,
    *,
    cause: int | None = None,
    parts: messages.Json | None = None,
    purpose: str = REPLY,
    arrival: str = MUST_ARRIVE,
    expires_at: datetime | None = None,
    closed: bool = False,
    order_id: int | None = None,
    due_at: datetime | None = None,
) -> tuple[Any, ...]:
    return (
        work.store.id, contact_id, cause, order_id, purpose, arrival, words, short, parts, work.ids.token(),
        due_at or work.now, expires_at, closed, work.now,
    )  # fmt: skip
