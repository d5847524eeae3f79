"""Which keys Meta's webhook objects have, place by place, and where each set was seen.

Sets with a source in captures were read off published bodies (facebook/openapi, pywa, chatwoot); the others are what Meta's
documentation of 2026 describes. `test_webhooks.py` fails when the sandbox emits a set that is not here.
"""

from collections.abc import Iterator
from typing import Any

OPENAPI, PYWA, CHATWOOT = "facebook/openapi", "david-lev/pywa", "chatwoot/chatwoot"
BSUID = "documentation: business-scoped user ids"
STATUS = "documentation: status messages"
MESSAGES = "documentation: messages webhook"
PAYMENTS = "documentation: payments API, India"
ISSUE = "a contact without phones was seen in production: restfb issue 1365"

IDENTITIES = {"from", "from_user_id", "from_parent_user_id"}
RECIPIENTS = {"recipient_id", "recipient_user_id", "recipient_parent_user_id"}

KEYSETS: dict[str, dict[str, str]] = {
    "body": {"object entry": OPENAPI},
    "entry": {"id changes": OPENAPI, "id time changes": PYWA},
    "change": {"field value": OPENAPI},
    "value:messages": {
        "messaging_product metadata contacts messages": OPENAPI,
        "messaging_product metadata messages": OPENAPI,
        "messaging_product metadata contacts statuses": PYWA,
        "messaging_product metadata statuses": BSUID,
    },
    "value:message_template_status_update": {
        "event message_template_id message_template_name message_template_language reason message_template_category": PYWA
    },
    "metadata": {"display_phone_number phone_number_id": OPENAPI},
    "contact": {"profile wa_id": OPENAPI, "profile wa_id user_id": CHATWOOT, "profile user_id": CHATWOOT},
    "profile": {"name": OPENAPI},
    "sender": {"from": OPENAPI, "from from_user_id": CHATWOOT, "from_user_id": CHATWOOT},
    "sender of a system message": {"from": OPENAPI, "": CHATWOOT},
    "message": {"id timestamp type": OPENAPI, "id timestamp type errors": PYWA},
    "context": {"from id": OPENAPI, "from id referred_product": OPENAPI, "forwarded": PYWA},
    "referred_product": {"catalog_id product_retailer_id": OPENAPI},
    "text": {"body": OPENAPI},
    "order": {"catalog_id text product_items": OPENAPI},
    "product_item": {"product_retailer_id quantity item_price currency": OPENAPI},
    "interactive": {"type button_reply": OPENAPI, "type list_reply": OPENAPI, "type nfm_reply": CHATWOOT},
    "button_reply": {"id title": OPENAPI},
    "list_reply": {"id title": PYWA, "id title description": OPENAPI},
    "nfm_reply": {"name body response_json": PYWA},
    "button": {"payload text": OPENAPI},
    "location": {
        "latitude longitude": PYWA,
        "latitude longitude name address": MESSAGES,
        "latitude longitude name": MESSAGES,
        "latitude longitude address": MESSAGES,
    },
    "card": {"name phones": CHATWOOT, "name": ISSUE},
    "name": {"first_name formatted_name": PYWA},
    "phone": {"phone": CHATWOOT},
    "image": {"id mime_type sha256": PYWA, "id mime_type sha256 caption": OPENAPI},
    "document": {"id mime_type sha256 filename caption": PYWA, "id mime_type sha256 filename": MESSAGES},
    "reaction": {"message_id emoji": OPENAPI},
    "edit": {"original_message_id message": PYWA},
    "edited": {"type text": PYWA},
    "revoke": {"original_message_id": PYWA},
    "system": {
        "type body wa_id": OPENAPI,
        "type previous_user_id user_id wa_id": CHATWOOT,
        "type previous_user_id user_id": CHATWOOT,
    },
    "recipient": {"recipient_id": PYWA, "recipient_id recipient_user_id": BSUID, "recipient_user_id": BSUID},
    "status": {
        "id status timestamp conversation pricing": PYWA,
        "id status timestamp conversation pricing biz_opaque_callback_data": PYWA,
        "id status timestamp pricing": STATUS,
        "id status timestamp pricing biz_opaque_callback_data": STATUS,
    },
    "payment status": {"id type status timestamp payment": PAYMENTS},
    "payment": {
        "reference_id amount currency transaction": PAYMENTS,
        "reference_id amount currency transaction refunds": PAYMENTS,
    },
    "amount": {"value offset": PAYMENTS},
    "transaction": {
        "id type status created_timestamp updated_timestamp method": PAYMENTS,
        "id type status created_timestamp updated_timestamp method error": PAYMENTS,
    },
    "method": {"type": PAYMENTS},
    "error of a payment": {"code reason": PAYMENTS},
    "refund": {"id amount status speed_processed created_timestamp updated_timestamp": PAYMENTS},
    "value:payment_configuration_update": {
        "configuration_name provider_name provider_mid status created_timestamp updated_timestamp": PAYMENTS
    },
    "failed status": {
        "id status timestamp errors": PYWA,
        "id status timestamp errors biz_opaque_callback_data": STATUS,
    },
    "conversation": {"id origin": PYWA, "id origin expiration_timestamp": PYWA},
    "origin": {"type": PYWA},
    "pricing": {"billable pricing_model type category": STATUS},
    "error": {
        "code title message error_data": PYWA,
        "code title message error_data href": PYWA,
        "code title href": "documentation: address messages (1026)",
    },
    "error_data": {"details": PYWA},
}

_NAMES = {
    "messages": "message",
    "statuses": "status",
    "contacts": "contact",
    "changes": "change",
    "errors": "error",
    "phones": "phone",
    "product_items": "product_item",
}


def keysets(node: Any, place: str = "body") -> Iterator[tuple[str, frozenset[str]]]:
    """Every object below `node` with the place it stands in. Who sent and who received are places of their own."""
    if isinstance(node, list):
        for entry in node:
            yield from keysets(entry, place)
    if not isinstance(node, dict):
        return
    keys = frozenset(node)
    if place == "message":
        yield f"sender{' of a system message' if node['type'] == 'system' else ''}", keys & IDENTITIES
        yield place, keys - IDENTITIES - {node["type"], "context"}
    elif place == "status" and node.get("type") == "payment":
        yield "payment status", keys - RECIPIENTS
    elif place == "status":
        yield "recipient", keys & RECIPIENTS
        yield "failed status" if node["status"] == "failed" else place, keys - RECIPIENTS
    else:
        yield place, keys
    for name, value in node.items():
        yield from keysets(value, _below(node, place, name))


def _below(node: dict[str, Any], place: str, name: str) -> str:
    match place, name:
        case "change", "value":
            return f"value:{node['field']}"
        case "message", "contacts":
            return "card"
        case "edit", "message":
            return "edited"
        case "transaction", "error":
            return "error of a payment"
        case "payment", "refunds":
            return "refund"
        case _:
            return _NAMES.get(name, name)


def unknown(body: Any) -> list[tuple[str, str]]:
    """What no source has."""
    known = {(place, frozenset(keys.split())) for place, sets in KEYSETS.items() for keys in sets}
    return [(place, " ".join(sorted(keys))) for place, keys in keysets(body) if (place, keys) not in known]
