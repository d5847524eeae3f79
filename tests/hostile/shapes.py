"""Everything Meta is known to post, one item of each kind, with the fields its pages print. People and ids are made up."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.sandbox.demo import PEOPLE, products
from tests import payloads

Json = dict[str, Any]
Path = tuple[str | int, ...]

SKUS = [row["id"] for row in products("")]
STAFF = [person.wa_id for person in PEOPLE if person.role == "staff"]
WORDS = (
    "hello", "where is my order", "cancel", "yes", "no", "12 Lake Road, Pune 411001", "orders", "order 1001",
    "confirm 1001", "ship 1002 TRK1", "cancel 1001", "hold 1001 wait", "note 1001 é 🙏", "doctor", "help", "नमस्ते",
)  # fmt: skip
TAPS = ("menu.catalogue", "menu.help", "menu.orders", "a1001.yes", "c1001.ask", "c1002.yes", "confirm.1001", "x")


def _file(mime_type: str, **more: object) -> Json:
    return {"id": "1234567890", "mime_type": mime_type, "sha256": "c2hhMjU2", **more}


def _form(dice: random.Random) -> Json:
    values = {"name": "Asha", "address": "12 Lake Road", "city": "Pune", "in_pin_code": "411001", "phone_number": "+91"}
    answer = dice.choice([{"values": values}, {"saved_address_id": "1", "values": values}, {}])
    return {"name": dice.choice(["address_message", "flow"]), "body": "Sent", "response_json": json.dumps(answer)}


def _reply(kind: str, make: Callable[[random.Random], Json]) -> Callable[[random.Random], Json]:
    return lambda dice: {"type": "interactive", "interactive": {"type": kind, kind: make(dice)}}


def _of(kind: str, make: Callable[[random.Random], object]) -> Callable[[random.Random], Json]:
    return lambda dice: {"type": kind, kind: make(dice)}


_UNSUPPORTED = {"code": 131051, "title": "Unsupported", "message": "Unsupported", "error_data": {"details": "a poll"}}
MESSAGES: Mapping[str, Callable[[random.Random], Json]] = {
    "text": _of("text", lambda d: {"body": d.choice(WORDS)}),
    "order": _of("order", lambda d: {
        "catalog_id": "600000000000001", "text": d.choice(["", "gift wrap"]),
        "product_items": [payloads.line(d.choice(SKUS), d.randint(1, 3)) for _ in range(d.randint(1, 4))],
    }),
    "button_reply": _reply("button_reply", lambda d: {"id": d.choice(TAPS), "title": "Yes"}),
    "list_reply": _reply("list_reply", lambda d: {"id": d.choice(TAPS), "title": "#1001", "description": "2 things"}),
    "nfm_reply": _reply("nfm_reply", _form),
    "payment_method": _reply("payment_method", lambda _: {
        "payment_method": "offsite_card_pay", "payment_timestamp": 1767225600, "reference_id": "r1",
        "last_four_digits": "4242", "credential_id": "c1",
    }),
    "call_permission_reply": _reply("call_permission_reply", lambda _: {
        "response": "accept", "expiration_timestamp": 1767225600,
    }),
    "button": _of("button", lambda d: {"payload": d.choice(TAPS), "text": "Yes"}),
    "location": _of("location", lambda d: {
        "latitude": d.uniform(-90, 90), "longitude": d.uniform(-180, 180), "name": "Home", "address": "12 Lake Road",
    }),
    "contacts": _of("contacts", lambda _: [{
        "name": {"formatted_name": "Ravi", "first_name": "Ravi"}, "phones": [{"phone": "+91 98", "wa_id": "9198"}],
    }]),
    "image": _of("image", lambda _: _file("image/jpeg", caption="this one?")),
    "video": _of("video", lambda _: _file("video/mp4")),
    "audio": _of("audio", lambda _: _file("audio/ogg; codecs=opus", voice=True)),
    "document": _of("document", lambda _: _file("application/pdf", filename="../../list.pdf", caption="list")),
    "sticker": _of("sticker", lambda _: _file("image/webp", animated=False)),
    "reaction": _of("reaction", lambda d: {"message_id": "wamid.B", "emoji": d.choice(["👍", ""])}),
    "system": _of("system", lambda d: {
        "type": d.choice(["user_changed_number", "user_changed_user_id"]), "body": "changed",
        "wa_id": f"9177{d.randrange(100):08}", "user_id": f"IN.{d.randrange(10**12)}",
    }),
    "edit": _of("edit", lambda _: {
        "original_message_id": "wamid.B", "message": {"type": "text", "text": {"body": "better"}},
    }),
    "revoke": _of("revoke", lambda _: {"original_message_id": "wamid.B"}),
    "unsupported": lambda _: {"type": "unsupported", "errors": [_UNSUPPORTED], "unsupported": {"type": "poll"}},
    "poll_of_2027": _of("poll_of_2027", lambda _: {"question": "?", "options": [{"id": 1, "votes": [0.5, None]}]}),
    "referral": lambda _: {
        "type": "text", "text": {"body": "hi"},
        "referral": {"source_url": "https://example.com", "source_type": "ad", "source_id": "1", "ctwa_clid": "c"},
    },
}  # fmt: skip
STATUSES: Mapping[str, Callable[[random.Random], Json]] = {
    "told": lambda d: payloads.status(
        d.choice(["sent", "delivered", "read", "played", "deleted", "warning"]), wamid=f"wamid.S{d.randrange(10**9)}",
        token=f"t{d.randrange(10**9)}", conversation={"id": "c", "origin": {"type": "service"}},
        pricing={"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
    ),
    "failed": lambda d: payloads.failed(
        d.choice([131026, 131047, 131049, 131056, 132015, 1026, 999999]), wamid=f"wamid.F{d.randrange(10**9)}",
        message="Message undeliverable", error_data={"details": "-"}, href="https://example.com",
    ),
    "payment": lambda d: payloads.payment_status(
        f"r{d.randrange(100)}", d.choice(["captured", "pending", "failed"]), amount={"value": 21000, "offset": 100},
        refunds=[{"id": "f1", "amount": {"value": 1, "offset": 100}, "status": "success"}],
    ),
    "call": lambda _: payloads.status("RINGING", type="call"),
    "group": lambda _: payloads.status("read", recipient_type="group", recipient_participant_id="9198"),
}  # fmt: skip
_TEMPLATE = {
    "message_template_id": 1, "message_template_name": "order_update", "message_template_language": "en",
}  # fmt: skip
FIELDS: Mapping[str, Json] = {
    "message_template_status_update": {**_TEMPLATE, "event": "APPROVED", "reason": "NONE"},
    "message_template_quality_update": {**_TEMPLATE, "previous_quality_score": "GREEN", "new_quality_score": "RED"},
    "message_template_components_update": {**_TEMPLATE, "message_template_element": "Hi"},
    "template_category_update": {**_TEMPLATE, "previous_category": "UTILITY", "new_category": "MARKETING"},
    "phone_number_quality_update": {"display_phone_number": "1555", "event": "FLAGGED", "current_limit": "TIER_1K"},
    "phone_number_name_update": {
        "display_phone_number": "1555",
        "decision": "APPROVED",
        "requested_verified_name": "A",
    },
    "account_update": {"phone_number": "1555", "event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": ["DISABLE"]}},
    "account_alerts": {"entity_type": "WABA", "entity_id": 1, "alert_severity": "CRITICAL", "alert_type": "X"},
    "account_review_update": {"decision": "APPROVED"},
    "business_capability_update": {"max_daily_conversation_per_phone": 1000, "max_phone_numbers_per_business": 2},
    "payment_configuration_update": {"configuration_name": "c", "provider_name": "razorpay", "status": "Active"},
    "flows": {"event": "FLOW_STATUS_CHANGE", "flow_id": "1", "old_status": "DRAFT", "new_status": "PUBLISHED"},
    "security": {"display_phone_number": "1555", "event": "PIN_CHANGED", "requester": "1"},
    "user_preferences": {"user_preferences": [{"wa_id": "9198", "category": "marketing_messages", "value": "stop"}]},
    "user_id_update": {"user_id_update": [{"wa_id": "9198", "user_id": {"previous": "IN.1", "current": "IN.2"}}]},
    "business_username_update": {"display_phone_number": "1555", "username": "nukkad", "status": "approved"},
    "history": {"history": [{"metadata": {"phase": 0, "progress": 100}, "threads": []}]},
    "smb_message_echoes": {"message_echoes": [{"from": "1555", "to": "9198", "id": "wamid.E", "type": "text"}]},
    "smb_app_state_sync": {"state_sync": [{"type": "contact", "action": "add"}]},
    "calls": {"calls": [{"id": "wacid.1", "from": "9198", "event": "connect"}]},
    "group_lifecycle_update": {"groups": [{"group_id": "g", "type": "group_create"}]},
    "partner_solutions": {"event": "SOLUTION_CREATED", "solution_id": "1", "solution_status": "DRAFT"},
    "automatic_events": {"automatic_events": [{"id": "1", "event_name": "Purchase", "timestamp": 1}]},
    "a_field_that_meta_will_think_of_one_day_in_2029": {"news": [{"id": 1}]},
}


def paths(value: object, at: Path = ()) -> Iterator[Path]:
    """Where every text, number, truth and nothing in `value` stands."""
    children: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    else:
        yield at
    for key, child in children:
        yield from paths(child, (*at, key))


def put(value: Any, path: Path, new: object) -> None:
    *before, last = path
    for key in before:
        value = value[key]
    value[last] = new
