"""What Meta thinks of our templates, as far as it told us."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from tortoise import Model, fields

from models.engines import Connection
from models.statements import INT, TEXT, TIME, Query, insert, statement
from models.work import Work

APPROVED = "APPROVED"
SENDABLE = frozenset({APPROVED, "REINSTATED", "FLAGGED"})
"""Meta's words for a template that goes out; a flagged one is disliked and may be paused soon."""


class TemplateRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    name = fields.CharField(max_length=512)
    language = fields.CharField(max_length=16)
    status = fields.CharField(max_length=40)
    reason = fields.CharField(max_length=300, null=True)
    checked_at = fields.DatetimeField()

    class Meta:
        table = "template"
        unique_together = (("store_id", "name", "language"),)


States = Mapping[tuple[str, str], str]
"""(name, language) → Meta's status word; a template Meta never told us of is missing."""

_KEEP = insert(
    TemplateRow, "store_id", "name", "language", "status", "reason", "checked_at",
    conflict="ON CONFLICT (store_id, name, language) DO UPDATE SET status = excluded.status, reason = excluded.reason,"
    " checked_at = excluded.checked_at",
)  # fmt: skip
_RELEASE = statement(
    "UPDATE outbox SET held = NULL, due_at = :now WHERE store_id = :store_id AND state = 'queued' AND held = 'template'"
    " AND state IN ('queued', 'sending', 'unknown')",  # as in the index of live rows
    {"store_id": INT, "now": TIME},
)
_STATES = statement(
    "SELECT name, language, status FROM template WHERE store_id = :store_id",
    {"store_id": INT},
    {"name": TEXT, "language": TEXT, "status": TEXT},
)


def release(work: Work) -> None:
    """Messages that waited for a template to be approved are tried again."""
    work.afterwards(_RELEASE(store_id=work.store.id, now=work.now))


def keep(work: Work, *, name: str, language: str, status: str, reason: str | None) -> None:
    """Remember Meta's word on a template; the latest wins."""
    work.append(_KEEP, (work.store.id, name, language, status, reason, work.now), key=(name, language))


async def keep_all(
    connection: Connection, store_id: int, found: Collection[tuple[str, str, str]], now: datetime
) -> None:
    """The same for many; if one is approved now, what was held for a template is tried again."""
    latest = {(name, language): status for name, language, status in found}
    if latest:
        rows = [(store_id, name, language, status, None, now) for (name, language), status in latest.items()]
        await connection.write([(_KEEP, rows)])
    if APPROVED in latest.values():
        await connection.run(_RELEASE(store_id=store_id, now=now))


async def statuses(connection: Connection, store_id: int) -> States:
    """How each template stands."""
    [rows] = await connection.fetch(load(store_id))
    return states(rows)


def load(store_id: int) -> Query:
    """The query for `states`."""
    return _STATES(store_id=store_id)


def states(rows: Iterable[Mapping[str, str]]) -> States:
    return {(row["name"], row["language"]): row["status"] for row in rows}
