"""People of the shop: a role for a contact. Who is staff is decided by the signed sender's identity and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows.inbound import Sender
from models import contacts
from models.statements import INT, JSON, kinds, statement
from models.work import Table, Work


class StaffRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField(unique=True)
    name = fields.CharField(max_length=100)
    role = fields.CharField(max_length=10)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff"


@dataclass(frozen=True, slots=True)
class Staff:
    id: int
    store_id: int
    contact_id: int
    name: str
    role: str
    created_at: datetime


STAFF = Table(StaffRow, Staff, key="contact_id")
LIST = statement(
    "SELECT s.id, s.store_id, s.contact_id, s.name, s.role, s.created_at, t.settings FROM store t"
    " LEFT JOIN staff s ON s.store_id = t.id WHERE t.id = :store_id ORDER BY s.id",
    {"store_id": INT},
    {**kinds(StaffRow), "settings": JSON},
)
"""Everybody of the shop, and with them its settings: what somebody changed counts from the next batch on, in every process."""
_DISMISS = statement("DELETE FROM staff WHERE contact_id = :contact_id", {"contact_id": INT})


def loaded(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    if rows and rows[0]["settings"] != work.store.settings:
        work.store = replace(work.store, settings=rows[0]["settings"])
    work.loaded(STAFF, [Staff(**{name: row[name] for name in STAFF.columns}) for row in rows if row["id"] is not None])


def find(work: Work, contact_id: int) -> Staff | None:
    """The role of this contact, or of one that turned out to be the same person."""
    members = [work.find(STAFF, contact_id), *list_all(work)]
    return next((m for m in members if m and contacts.survivor(work, m.contact_id) == contact_id), None)


def list_all(work: Work) -> list[Staff]:
    return work.all(STAFF)


async def appoint(work: Work, *, wa_id: str, role: str, name: str | None) -> Staff:
    """Give the person with this number a role; repeatable. Never takes a role away."""
    await contacts.called(work, wa_id)
    [rows] = await work.load_late(LIST(store_id=work.store.id))
    loaded(work, rows)
    contact = contacts.recognise(work, Sender(wa_id=wa_id, bsuid=None))
    if (known := find(work, contact.id)) is not None:
        return work.replace(STAFF, replace(known, role=role, name=name or known.name))
    staff = Staff(
        id=work.ids.new(), store_id=work.store.id, contact_id=contact.id,
        name=name or contact.name or wa_id, role=role, created_at=work.now,
    )  # fmt: skip
    return work.add(STAFF, staff)


async def named(work: Work, wa_id: str) -> Staff | None:
    """Whoever of the staff has this number."""
    contact = await contacts.called(work, wa_id)
    return None if contact is None else find(work, contact.id)


async def dismiss(work: Work, *, wa_id: str) -> Staff | None:
    """Take the role of the person with this number away; None if nobody of the staff has it."""
    if (known := await named(work, wa_id)) is None:
        return None
    work.afterwards(_DISMISS(contact_id=known.contact_id))
    return known
