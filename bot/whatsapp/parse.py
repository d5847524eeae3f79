"""The door's half of reading: cuts a webhook body into items that are stored one by one, and understands none of them.

`read` is the dispatcher's half, in `bot/whatsapp/reading.py`.

Kinds: `message`, `status`, `payment` (a payment's status), `errors` (Meta could not tell us something), `template`,
`account`, `field.<name>` (any other field or array, whole), `unknown` (not the envelope), and what is kept but never
answered: `ignored.foreign_number`, `ignored.echo`, `ignored.call`, `ignored.group`.
"""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from bot.whatsapp.fields import array, loads, mapping
from bot.whatsapp.reading import Reading, read
from models.inbox import STATUS_LANE, Arrival

__all__ = ["NotJson", "Reading", "explode", "read"]

KEY_LENGTH = 150
"""Most keys are Meta's own ids, below 100 characters; a longer one is replaced by its hash."""

_FIELD_NAME = re.compile(r"[a-z0-9_]{1,34}")  # with "field." it fits into the inbox's column `kind`
_IDENTITIES = ("from_user_id", "from", "recipient_user_id", "recipient_id")
_NO_CONTENT = {"messaging_product", "metadata", "contacts"}
_ACCOUNT = {
    "account_alerts",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_status_update",
    "flows",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
}
_IGNORED = {
    "calls": "ignored.call",
    "groups": "ignored.group",
    "message_echoes": "ignored.echo",
    "smb_message_echoes": "ignored.echo",
}


class NotJson(ValueError):
    """The body is no JSON at all: the only one that is answered 400."""


def explode(raw: bytes, *, phone_number_id: str) -> list[Arrival]:
    """Every message, status and notice in `raw`, in its order; never empty. `phone_number_id` is the one we serve.

    A payload is JSON: {"field", "entry", "number", "contact"?, "item"}; of a body that is not the envelope, its bytes.
    """
    items: list[Arrival] = []
    try:
        _entries(_body(raw), phone_number_id, items)
    except RecursionError:
        items.clear()
    return items or [Arrival(f"u:{sha256(raw).hexdigest()}", "unknown", "unknown", raw)]


def _body(raw: bytes) -> Any:
    try:
        return loads(raw)
    except ValueError as error:
        raise NotJson("the body is not JSON") from error


@dataclass(slots=True)
class _Change:
    """One change of one entry: where its items come from, and the list they go to."""

    entry: Any
    field: Any
    time: Any
    number: str
    ours: bool
    items: list[Arrival]

    def add(self, kind: str, item: object, source_id: str, ordering_key: str, contact: object = None) -> None:
        kept = {"field": self.field, "entry": self.entry, "number": self.number, "item": item}
        if contact is not None:
            kept["contact"] = contact
        if not self.ours:
            kind = "ignored.foreign_number"
        lane = "ignored" if kind.startswith("ignored.") else ordering_key
        self.items.append(Arrival(source_id, kind, lane, _dump(kept)))

    def add_notice(self, kind: str, value: object, *, lane: str) -> None:
        """An item without an id of its own: told again, it has the same bytes and the same time."""
        origin = [part if isinstance(part, int | str) else "" for part in (self.entry, self.field, self.time)]
        self.add(kind, value, _key("x", ":".join(map(str, [*origin, _hash(value)]))), lane)


def _entries(body: object, ours: str, items: list[Arrival]) -> None:
    if not isinstance(body, dict) or body.get("object") != "whatsapp_business_account":
        return
    for entry in array(body.get("entry")):
        if not isinstance(entry, dict) or not isinstance(entry.get("changes"), list):
            items.append(_strange(entry))
            continue
        for change in entry["changes"]:
            if isinstance(change, dict) and isinstance(value := change.get("value"), dict):
                number = str(mapping(value.get("metadata")).get("phone_number_id") or ours)
                field, time = change.get("field"), entry.get("time")
                _changed(_Change(entry.get("id"), field, time, number, number == ours, items), value)
            else:
                items.append(_strange(change))


def _changed(change: _Change, value: dict[str, Any]) -> None:
    """A field of its own is kept whole. In `messages` (which older senders leave out) every array is taken apart."""
    if change.field not in ("messages", None):
        change.add_notice(_kind_of(change.field), value, lane="account")
        return
    empty = True
    for name, items in value.items():
        if name in _NO_CONTENT or not items:
            continue
        empty = False
        if name == "messages" and isinstance(items, list):
            _messages(change, value, items)
        elif name == "statuses" and isinstance(items, list):
            _statuses(change, value, items)
        elif name == "errors" and isinstance(items, list):
            for error in items:
                change.add_notice("errors", error, lane="account")
        else:
            change.add_notice(_kind_of(name), {name: items}, lane="account")
    if empty:
        change.add_notice("field.messages", value, lane="account")


def _messages(change: _Change, value: dict[str, Any], messages: list[Any]) -> None:
    contacts = _Contacts(value, alone=len(messages) == 1)
    own = mapping(value.get("metadata")).get("display_phone_number")
    for message in messages:
        if not isinstance(message, dict):
            change.add_notice("unknown", message, lane="unknown")
            continue
        contact = contacts.of(message)
        kind = "message"
        if message.get("group_id"):
            kind = "ignored.group"
        elif own and message.get("from") == own:
            kind = "ignored.echo"
        wamid = message.get("id")
        source_id = _key("m", wamid) if wamid and isinstance(wamid, str) else f"m:#{_hash(message)}"
        change.add(kind, message, source_id, _lane(message, contact), contact)


def _statuses(change: _Change, value: dict[str, Any], statuses: list[Any]) -> None:
    contacts = _Contacts(value, alone=len(statuses) == 1)
    for status in statuses:
        if not isinstance(status, dict):
            change.add_notice("unknown", status, lane="unknown")
            continue
        if status.get("type") == "payment":
            change.add("payment", status, *_payment_keys(change, status), contacts.of(status))
            continue
        kind = "status"
        if status.get("type") == "call":
            kind = "ignored.call"
        elif status.get("recipient_type") == "group":
            kind = "ignored.group"
        change.add(kind, status, _status_id(status), STATUS_LANE, contacts.of(status))


class _Contacts:
    """The people of one change by their ids. Meta promises no order, so an item never gets its neighbour's name."""

    __slots__ = ("_by_id", "_only")

    def __init__(self, value: dict[str, Any], *, alone: bool) -> None:
        people = [contact for contact in array(value.get("contacts")) if isinstance(contact, dict)]
        self._by_id: dict[str, Any] = {}
        for person in people:
            for identity in (person.get("user_id"), person.get("wa_id")):
                if identity and isinstance(identity, str):
                    self._by_id.setdefault(identity, person)
        self._only = people[0] if alone and len(people) == 1 else None

    def of(self, item: dict[str, Any]) -> Any:
        """The contact that `item` names; if it names nobody, the only one there is."""
        named = False
        for field in _IDENTITIES:
            identity = item.get(field)
            if identity and isinstance(identity, str):
                if identity in self._by_id:
                    return self._by_id[identity]
                named = True
        return None if named else self._only


def _lane(message: dict[str, Any], contact: Any) -> str:
    """A message belongs to its sender; news about an identity to the old one, behind everything that one has sent."""
    system, person = mapping(message.get("system")), mapping(contact)
    for identity in (
        system.get("previous_user_id"), message.get("from_user_id"), message.get("from"),
        person.get("user_id"), person.get("wa_id"), system.get("user_id"), system.get("wa_id"),
    ):  # fmt: skip
        if identity and isinstance(identity, str):
            return _key("c", identity)
    return "unknown"


def _status_id(status: dict[str, Any]) -> str:
    wamid, said = status.get("id"), status.get("status")
    if not (wamid and isinstance(wamid, str) and said and isinstance(said, str)):
        return f"s:#{_hash(status)}"
    participant = status.get("recipient_participant_id")
    return _key("s", f"{wamid}:{said}:{participant}" if isinstance(participant, str) else f"{wamid}:{said}")


def _payment_keys(change: _Change, status: dict[str, Any]) -> tuple[str, str]:
    """The id of a payment's status is the notification's, and its status alone repeats: what happened is the key."""
    payment = mapping(status.get("payment"))
    transaction = mapping(payment.get("transaction"))
    told = [
        change.number,
        payment.get("reference_id"),
        status.get("status"),
        transaction.get("id"),
        transaction.get("status"),
        transaction.get("updated_timestamp"),
        payment.get("refunds"),
    ]
    reference = payment.get("reference_id")
    lane = _key("p", reference) if reference and isinstance(reference, str) else "unknown"
    return f"p:{_hash(told)}", lane


def _kind_of(field: object) -> str:
    if not isinstance(field, str) or _FIELD_NAME.fullmatch(field) is None:
        return "field.other"
    if field.startswith("message_template_") or field == "template_category_update":
        return "template"
    if field.startswith("group_"):
        return "ignored.group"
    return "account" if field in _ACCOUNT else _IGNORED.get(field, f"field.{field}")


def _strange(part: object) -> Arrival:
    return Arrival(f"u:{_hash(part)}", "unknown", "unknown", _dump({"item": part}))


def _key(prefix: str, identity: str) -> str:
    """`identity` if it can stand in any column and log as it is, else its hash."""
    if len(identity) < KEY_LENGTH - len(prefix) and identity.isascii() and identity.isprintable():
        return f"{prefix}:{identity}"
    return f"{prefix}:#{sha256(identity.encode()).hexdigest()}"


def _hash(value: object) -> str:
    """The same for the same JSON, whatever the order of its keys."""
    return sha256(_dump(value, sort=True)).hexdigest()


def _dump(value: object, *, sort: bool = False) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None)
    except orjson.JSONEncodeError:
        # orjson reads 1,024 levels but writes 254.
        return json.dumps(value, sort_keys=sort).encode()
