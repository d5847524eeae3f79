"""Meta's webhook bodies, built from what a person did or what became of a message; pure.

Every key set in here has a source: Meta's OpenAPI and documentation, or published captures (`tests/bot/sandbox/keysets.py`).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Ids
from bot.sandbox.credentials import Credentials
from bot.sandbox.people import Person

Json = dict[str, Any]
MERGEABLE = ("messages", "statuses")


@dataclass(slots=True)
class Update:
    """One change of a webhook body: what Meta may send alone, again, or among others. `sources` names what it reports."""

    id: int
    field: str
    value: Json
    sources: tuple[str, ...]
    queued_at: datetime
    due_at: datetime
    at: int | None = None
    repeat: bool = False
    attempts: int = 0


def wamid(identity: str) -> str:
    """Like Meta's, an id that decodes to the person's number: whoever logs it has logged the number (observed)."""
    name = identity.encode()
    return (
        "wamid."
        + base64.b64encode(b"\x1c\x18" + bytes([len(name)]) + name + b"\x15\x02" + Ids.token().encode()).decode()
    )


def seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def encode(body: Json) -> bytes:
    """JSON as an old page of Meta describes it: everything outside ASCII, and `/ < % @`, escaped (observed)."""
    plain = json.dumps(body, separators=(",", ":"))
    for sign, escaped in (("/", "\\/"), ("<", "\\u003C"), ("%", "\\u0025"), ("@", "\\u0040")):
        plain = plain.replace(sign, escaped)
    return plain.encode()


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def body(account: str, updates: Sequence[Update], *, shape: str = "changes", at: int | None = None) -> Json:
    """One POST for `updates`. Documented: up to 1000 in a body. How they are spread over it is a guess, hence `shape`.

    `at` is the time of entries whose update has none of its own.
    """
    changes = [{"value": update.value, "field": update.field} for update in updates]
    if shape == "merged":
        changes = _merged(changes)
    if shape == "entries":
        entries = [_entry(account, [change], update.at or at) for change, update in zip(changes, updates, strict=True)]
    else:
        entries = [_entry(account, changes, updates[0].at or at)]
    return {"object": "whatsapp_business_account", "entry": entries}


def _entry(account: str, changes: list[Json], at: int | None) -> Json:
    return {"id": account, **({} if at is None else {"time": at}), "changes": changes}


def _merged(changes: list[Json]) -> list[Json]:
    """Neighbours of one kind share one value, with every contact once and in no promised order."""
    merged: list[Json] = []
    for change in changes:
        value = change["value"]
        kind = next((k for k in MERGEABLE if k in value), None)
        last = merged[-1]["value"] if merged else {}
        if kind is None or kind not in last or ("contacts" in value) != ("contacts" in last):
            merged.append({"value": dict(value), "field": change["field"]})
            continue
        last[kind] = [*last[kind], *value[kind]]
        if "contacts" in value:
            last["contacts"] = [*value["contacts"], *(c for c in last["contacts"] if c not in value["contacts"])]
    return merged


def envelope(credentials: Credentials, **lists: list[Json]) -> Json:
    metadata = {
        "display_phone_number": credentials.display_phone_number,
        "phone_number_id": credentials.phone_number_id,
    }
    return {"messaging_product": "whatsapp", "metadata": metadata, **lists}


def contact(person: Person) -> Json:
    found = {"profile": {"name": person.name}}
    return found | _given(wa_id=person.wa_id, user_id=person.bsuid)


def message(credentials: Credentials, person: Person, *, id: str, at: datetime, content: Json) -> Json:  # noqa: A002 - Meta's word
    """The value for one message; `content` holds its type and that type's object, perhaps `context`."""
    sender = _given(**{"from": person.wa_id, "from_user_id": person.bsuid})
    said = {**sender, "id": id, "timestamp": seconds(at), **content}
    return envelope(credentials, contacts=[contact(person)], messages=[said])


def system(credentials: Credentials, old: Person, new: Person, *, id: str, at: datetime) -> Json:  # noqa: A002 - Meta's word
    """A changed number or BSUID; comes without contacts, and without a sender when a BSUID changed (observed)."""
    said: Json = {"id": id, "timestamp": seconds(at), "type": "system"}
    if new.bsuid != old.bsuid and old.bsuid is not None:
        kind = "user_changed_number" if new.wa_id != old.wa_id else "user_changed_user_id"
        said["system"] = {"type": kind, "previous_user_id": old.bsuid, "user_id": new.bsuid}
        if new.wa_id != old.wa_id:
            said["system"]["wa_id"] = new.wa_id
    else:
        words = f"User {old.name} changed from {old.wa_id} to {new.wa_id}"
        said |= {"from": old.wa_id, "system": {"body": words, "wa_id": new.wa_id, "type": "user_changed_number"}}
    return envelope(credentials, messages=[said])


def status(
    credentials: Credentials,
    person: Person,
    *,
    id: str,  # noqa: A002 - Meta's word
    state: str,
    at: datetime,
    window_ends: datetime | None = None,
    template: str | None = None,
    opaque: str | None = None,
    error: Json | None = None,
    contacts: bool = True,
    conversation: bool = False,
) -> Json:
    """The value for one status; `template` is the category of the template sent.

    Documented: `conversation` was dropped in v24; a failed message has no price.
    """
    said: Json = {"id": id, "status": state, "timestamp": seconds(at)}
    said |= _given(
        recipient_id=person.wa_id,
        recipient_user_id=person.bsuid,
        biz_opaque_callback_data=opaque,
    )
    category = template or "service"
    if error is not None:
        said["errors"] = [error]
    else:
        if conversation:
            said["conversation"] = {"id": hashlib.sha256(person.id.encode()).hexdigest()[:32]}
            if state == "sent":
                ends = window_ends or at + timedelta(hours=24)
                said["conversation"]["expiration_timestamp"] = seconds(ends)
            said["conversation"]["origin"] = {"type": category}
        kind = "free_customer_service" if window_ends else "regular"
        said["pricing"] = {
            "billable": kind == "regular", "pricing_model": "PMP", "type": kind, "category": category,
        }  # fmt: skip
    lists = {"contacts": [contact(person)]} if contacts else {}
    return envelope(credentials, **lists, statuses=[said])


def template_status(template: Json, event: str) -> Json:
    return {
        "event": event,
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
        "reason": "NONE",
        "message_template_category": template["category"],
    }


def _given(**fields: str | None) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
