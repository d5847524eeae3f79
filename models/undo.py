"""What can still be taken back: of each order the last action of staff, and how the order stood before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from models.engines import Connection
from models.statements import INT, TIME, select, statement
from models.work import Table, Work


# `id` is the order's. Good for as long as the order's version is still `version`.
class UndoRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    event_id = fields.BigIntField()
    version = fields.BigIntField()
    notices = fields.BigIntField()
    expires_at = fields.DatetimeField()
    before: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "undo"


@dataclass(frozen=True, slots=True)
class Kept:
    """`contact_id` did it, asked for by `event_id`; `version` is the order's after it, `before` all there was before it.

    `notices` is how many messages to the customer wait for `expires_at`.
    """

    id: int
    store_id: int
    contact_id: int
    event_id: int
    version: int
    notices: int
    expires_at: datetime
    before: dict[str, Any]


UNDO = Table(UndoRow, Kept)
_OF = select(UndoRow, "WHERE t.id = :id", id=INT)
_LAST_BY = select(
    UndoRow,
    "WHERE t.contact_id = :contact_id AND t.expires_at > :now AND t.event_id ="
    " (SELECT MAX(event_id) FROM undo WHERE contact_id = :contact_id)",
    contact_id=INT,
    now=TIME,
)


_FORGET = statement("DELETE FROM undo WHERE expires_at < :now", {"now": TIME})


async def find(work: Work, order_id: int) -> Kept | None:
    if (known := work.find(UNDO, order_id)) is None:
        [rows] = await work.load_late(_OF(id=order_id))
        work.loaded(UNDO, [Kept(**row) for row in rows])
        known = work.find(UNDO, order_id)
    return known


async def keep(work: Work, kept: Kept) -> None:
    """Instead of what could be taken back of this order until now."""
    if await find(work, kept.id) is None:
        work.add(UNDO, kept)
    else:
        work.replace(UNDO, kept)


async def last_by(work: Work, contact_id: int) -> Sequence[Kept]:
    """What this person did last, if it can still be taken back: one order, or all that one command named."""
    [rows] = await work.load_late(_LAST_BY(contact_id=contact_id, now=work.now))
    work.loaded(UNDO, [Kept(**row) for row in rows])
    theirs = [kept for kept in work.all(UNDO) if kept.contact_id == contact_id and kept.expires_at > work.now]
    newest = max((kept.event_id for kept in theirs), default=None)
    return [kept for kept in theirs if kept.event_id == newest]


async def forget(connection: Connection, now: datetime) -> int:
    """What is too late to be taken back."""
    return await connection.run(_FORGET(now=now))
