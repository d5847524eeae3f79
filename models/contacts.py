"""People on WhatsApp: an internal id with a wa_id and a BSUID, either of which may be missing, joined when both are seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from tortoise import Model, fields

from flows import flood
from flows.flood import Patience
from flows.identity import BSUID, WA_ID, Decision, Holder, decide, is_same_person
from flows.inbound import IdentityChange, Message, Sender
from flows.phrases import say
from flows.window import is_open
from models.statements import INT, TEXT, TIME, Kind, Query, Statement, kinds, select, statement
from models.work import Table, Work


# `paced_until` is GCRA's theoretical arrival time of the pair limit; the sender writes it and `backoff_until`.
# `chatter_until` is the same of what they write to us.
class ContactRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    name = fields.CharField(max_length=300, null=True)
    language = fields.CharField(max_length=8, null=True)
    address: dict[str, str] = fields.JSONField(null=True)
    last_inbound_at = fields.DatetimeField(null=True)
    paced_until = fields.DatetimeField(null=True)
    backoff_until = fields.DatetimeField(null=True)
    backoffs = fields.BigIntField(default=0, db_default=0)
    joined_to = fields.BigIntField(null=True)
    chatter_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "contact"


# One name a person has at WhatsApp. A name that changed hands or was given up is no longer `active`.
class IdentityRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    kind = fields.CharField(max_length=8)
    value = fields.CharField(max_length=160)
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"


@dataclass(frozen=True, slots=True)
class Contact:
    id: int
    store_id: int
    name: str | None
    language: str | None
    address: dict[str, str] | None
    last_inbound_at: datetime | None
    joined_to: int | None
    chatter_until: datetime | None
    created_at: datetime

    def known_as(self, language: str) -> str:
        """What people call them; who has no name and never wrote was at the shop's counter."""
        return self.name or say("alert.somebody" if self.last_inbound_at else "alert.counter", language)


@dataclass(frozen=True, slots=True)
class Identity:
    id: int
    store_id: int
    contact_id: int
    kind: str
    value: str
    active: bool
    created_at: datetime


CONTACTS = Table(ContactRow, Contact)
IDENTITIES = Table(IdentityRow, Identity, key="value")
_contact_of = itemgetter(*CONTACTS.columns)
_identity_of = itemgetter(*(f"identity_{name}" for name in IDENTITIES.columns))


def _people(which: str, **parameters: Kind) -> Statement:
    """Contacts with the names they have now: one row for each name, or one without any."""
    return select(
        ContactRow,
        f"LEFT JOIN identity i ON i.contact_id = t.id AND i.active WHERE t.id IN {which}",
        only=CONTACTS.columns,
        more={f"identity_{name}": (f"i.{name}", kind) for name, kind in kinds(IdentityRow).items()},
        **parameters,
    )


_BY_ID = _people(":ids", ids=INT)
_BY_NAME = _people(
    "(SELECT contact_id FROM identity WHERE store_id = :store_id AND active AND value IN :values)",
    store_id=INT,
    values=TEXT,
)
_NAMES = statement(
    "SELECT kind, value FROM identity WHERE active AND contact_id = :id", {"id": INT}, {"kind": TEXT, "value": TEXT}
)
_RELEASE = statement(
    # The longer list is the live index's own: without it SQLite reads the whole outbox.
    "UPDATE outbox SET held = NULL, due_at = :now WHERE contact_id = :contact_id AND state = 'queued' AND held IS NOT NULL"
    " AND state IN ('queued', 'sending', 'unknown')",
    {"contact_id": INT, "now": TIME},
)
_BOTH = {"kept": INT, "gone": INT}
_JOINED = (
    statement(
        # Only one alert and one latest word may wait for each person.
        "UPDATE outbox SET contact_id = :kept, purpose ="
        " CASE purpose WHEN 'alert' THEN 'notice' WHEN 'latest' THEN 'reply' ELSE purpose END"
        " WHERE contact_id = :gone",
        _BOTH,
    ),
    statement(
        "UPDATE staff SET contact_id = :kept WHERE contact_id = :gone"
        " AND NOT EXISTS (SELECT 1 FROM staff WHERE contact_id = :kept)",
        _BOTH,
    ),
    statement("DELETE FROM staff WHERE contact_id = :gone AND contact_id <> :kept", _BOTH),
    statement("UPDATE contact SET joined_to = :kept WHERE joined_to = :gone", _BOTH),
    statement("UPDATE orders SET contact_id = :kept WHERE contact_id = :gone", _BOTH),
    statement(
        # A customer holds one time at most: the other hold ends by itself.
        "UPDATE appointment SET contact_id = :kept WHERE contact_id = :gone AND (order_id IS NOT NULL OR session_id IS NULL"
        " OR NOT EXISTS (SELECT 1 FROM appointment h WHERE h.contact_id = :kept AND h.order_id IS NULL"
        " AND h.session_id IS NOT NULL))",
        _BOTH,
    ),
    statement(
        "UPDATE slot_wish SET contact_id = :kept WHERE contact_id = :gone AND NOT EXISTS (SELECT 1 FROM slot_wish w"
        " WHERE w.contact_id = :kept AND w.sku = slot_wish.sku AND w.day = slot_wish.day AND w.told_at IS NULL)",
        _BOTH,
    ),
    statement("UPDATE calendar SET contact_id = :kept WHERE contact_id = :gone", _BOTH),
)
"""What follows a person when two contacts turn out to be one."""


def named_in(message: Message) -> set[str]:
    """Every wa_id and BSUID that decides who this message is from."""
    sender, content = message.sender, message.content
    names = {sender.wa_id, sender.bsuid}
    if isinstance(content, IdentityChange):
        names |= {content.wa_id, content.bsuid, content.previous_bsuid}
    return {name for name in names if name}


def load(values: Collection[str], store_id: int) -> Query:
    """The query for everybody who has one of these names, and for all the names they have."""
    return _BY_NAME(store_id=store_id, values=sorted(values))


def loaded(work: Work, people: Sequence[Mapping[str, Any]]) -> None:
    work.loaded(CONTACTS, [Contact(*_contact_of(row)) for row in people])
    work.loaded(IDENTITIES, [Identity(*_identity_of(row)) for row in people if row["identity_id"] is not None])


async def get(work: Work, contact_id: int) -> Contact:
    """That contact; fetched if the batch did not load it."""
    if (contact := work.find(CONTACTS, contact_id)) is None:
        [people] = await work.load_late(_BY_ID(ids=[contact_id]))
        loaded(work, people)
        contact = work.find(CONTACTS, contact_id)
    assert contact is not None, "a contact is never deleted"
    return contact


async def names_of(work: Work, contact_id: int) -> dict[str, str]:
    """The number and BSUID of this contact, as far as they have them."""
    [names] = await work.load_late(_NAMES(id=contact_id))
    return {row["kind"]: row["value"] for row in names}


async def called(work: Work, value: str) -> Contact | None:
    """Who has this wa_id or BSUID now."""
    if (known := find(work, value)) is not None:
        return known
    [people] = await work.load_late(load([value], work.store.id))
    loaded(work, people)
    return find(work, value)


async def number_of(work: Work, contact_id: int) -> str:
    """How the shop knows this contact at WhatsApp: the number, else the BSUID."""
    names = await names_of(work, contact_id)
    return str(names.get(WA_ID) or names.get(BSUID) or "-")


def survivor(work: Work, contact_id: int) -> int:
    """Whom this contact was joined to, as far as this unit of work knows; itself otherwise."""
    contact = work.find(CONTACTS, contact_id)
    return contact_id if contact is None or contact.joined_to is None else survivor(work, contact.joined_to)


def find(work: Work, value: str) -> Contact | None:
    """Who has this wa_id or BSUID now, among those loaded."""
    held = _holder(work, value)
    return None if held is None else work.find(CONTACTS, held.contact_id)


def recognise(work: Work, sender: Sender) -> Contact:
    """The contact a signed event is from: found, created, or joined from two (`flows/identity.py` decides)."""
    contact = _same_as_before(work, sender) or _apply(
        work,
        decide(
            wa_id=sender.wa_id,
            bsuid=sender.bsuid,
            by_wa_id=_known(work, sender.wa_id),
            by_bsuid=_known(work, sender.bsuid),
        ),
        name=sender.name or None,
    )
    if sender.name and sender.name != contact.name:
        contact = work.replace(CONTACTS, replace(contact, name=sender.name))
    return contact


def change_identity(work: Work, sender: Sender, change: IdentityChange) -> Contact:
    """The person behind `sender`'s old names now has new ones."""
    old = Sender(wa_id=sender.wa_id, bsuid=change.previous_bsuid or sender.bsuid)
    contact = recognise(work, old)
    if change.wa_id is not None and change.bsuid is None:
        _give_up(work, contact.id, BSUID)  # a new number brings a new BSUID: the old one would disown it
    for kind, value in ((BSUID, change.bsuid), (WA_ID, change.wa_id)):
        if value is None:
            continue
        holder = _known(work, value)
        if holder is not None and holder.contact != contact.id and is_same_person(holder, kind):
            contact = _join(work, kept=contact.id, gone=holder.contact)
        _name(work, contact.id, kind, value)
    return contact


def heard_from(work: Work, contact: Contact, at: datetime) -> Contact:
    """An inbound message opens the 24-hour window from its own timestamp (one from the future counts as now)."""
    at = min(at, work.now)
    if contact.last_inbound_at is not None and contact.last_inbound_at >= at:
        return contact
    opens = not is_open(contact.last_inbound_at, work.now) and is_open(at, work.now)
    if opens and not work.is_new(CONTACTS, contact.id):
        work.afterwards(_RELEASE(contact_id=contact.id, now=work.now))
    return work.replace(CONTACTS, replace(contact, last_inbound_at=at))


def weigh(work: Work, contact: Contact, at: datetime) -> tuple[Contact, Patience]:
    """Count a message of theirs, accepted `at`, and say whether they write too fast."""
    patience, until = flood.weigh(contact.chatter_until, at)
    return work.replace(CONTACTS, replace(contact, chatter_until=until)), patience


def keep_address(work: Work, contact: Contact, address: Mapping[str, str]) -> Contact:
    """Remember where this contact's parcels go: the next order offers it."""
    current = work.find(CONTACTS, contact.id)
    assert current is not None
    return work.replace(CONTACTS, replace(current, address=dict(address)))


def create(work: Work, *, wa_id: str | None, bsuid: str | None, name: str | None = None) -> Contact:
    contact = work.add(
        CONTACTS,
        Contact(
            id=work.ids.new(), store_id=work.store.id, name=name, language=None, address=None,
            last_inbound_at=None, joined_to=None, chatter_until=None, created_at=work.now,
        ),
    )  # fmt: skip
    for kind, value in ((WA_ID, wa_id), (BSUID, bsuid)):
        if value is not None:
            _name(work, contact.id, kind, value)
    return contact


def named(work: Work, contact: Contact, name: str) -> Contact:
    """Call them so until WhatsApp tells a name."""
    return contact if contact.name else work.replace(CONTACTS, replace(contact, name=name))


def _apply(work: Work, decision: Decision, *, name: str | None) -> Contact:
    if decision.contact is None:
        contact = create(work, wa_id=None, bsuid=None, name=name)
    elif decision.join is not None:
        contact = _join(work, kept=decision.contact, gone=decision.join)
    else:
        found = work.find(CONTACTS, decision.contact)
        assert found is not None
        contact = found
    for kind, value in decision.names:
        _name(work, contact.id, kind, value)
    return contact


def _same_as_before(work: Work, sender: Sender) -> Contact | None:
    """The usual case, without a decision: every name given is one and the same person's."""
    owners = {
        held.contact_id if (held := _holder(work, value)) else None
        for value in (sender.wa_id, sender.bsuid)
        if value is not None
    }
    return work.find(CONTACTS, owners.pop()) if len(owners) == 1 else None


def _join(work: Work, *, kept: int, gone: int) -> Contact:
    """`gone` and its names become `kept`'s, over names of a kind that `kept` has had until now."""
    for identity in work.all(IDENTITIES):
        if identity.contact_id == gone and identity.active:
            _name(work, kept, identity.kind, identity.value)
    for move in _JOINED:
        work.afterwards(move(kept=kept, gone=gone))
    work.afterwards(_RELEASE(contact_id=kept, now=work.now))  # the other's window may be open: the sender looks again
    first, second = work.find(CONTACTS, kept), work.find(CONTACTS, gone)
    assert first is not None
    assert second is not None
    work.replace(CONTACTS, replace(second, joined_to=kept))
    heard = max((c.last_inbound_at for c in (first, second) if c.last_inbound_at), default=None)
    return work.replace(CONTACTS, replace(first, last_inbound_at=heard, name=first.name or second.name))


def _name(work: Work, contact_id: int, kind: str, value: str) -> None:
    """From now on `value` is this contact's one name of its kind, whoever had it before."""
    _give_up(work, contact_id, kind, but=value)
    if (known := work.find(IDENTITIES, value)) is not None:
        work.replace(IDENTITIES, replace(known, contact_id=contact_id, active=True))
        return
    work.add(
        IDENTITIES,
        Identity(
            id=work.ids.new(), store_id=work.store.id, contact_id=contact_id,
            kind=kind, value=value, active=True, created_at=work.now,
        ),
    )  # fmt: skip


def _give_up(work: Work, contact_id: int, kind: str, *, but: str | None = None) -> None:
    """From now on the contact has no name of that kind, but the one given."""
    for identity in work.all(IDENTITIES):
        if (identity.contact_id, identity.kind) == (contact_id, kind) and identity.active and identity.value != but:
            work.replace(IDENTITIES, replace(identity, active=False))


def _holder(work: Work, value: str) -> Identity | None:
    held = work.find(IDENTITIES, value)
    return held if held is not None and held.active else None


def _known(work: Work, value: str | None) -> Holder | None:
    if value is None or (held := _holder(work, value)) is None:
        return None
    kinds = {i.kind for i in work.all(IDENTITIES) if i.contact_id == held.contact_id and i.active}
    return Holder(contact=held.contact_id, has_wa_id=WA_ID in kinds, has_bsuid=BSUID in kinds)
