"""The body of `POST /messages` (Meta, "Messages" and its pages per type, read 2026)."""

import re
from typing import Any

from bot.sandbox.rules.errors import GraphError
from bot.sandbox.rules.fields import Json, bad, link, listing, missing, one_of, table, text
from bot.sandbox.rules.interactive import check_interactive
from bot.sandbox.rules.payments import check_order_details, check_order_status

ENVELOPE = {
    "messaging_product", "recipient_type", "to", "recipient", "type", "context",
    "biz_opaque_callback_data", "recipient_identity_key_hash",
}  # fmt: skip
BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
OPAQUE = 512
CAPTION = 1024
MEDIA = ("image", "document", "audio", "video", "sticker")


def check(body: Json, *, business_number: str) -> str:
    """The type of a message that Meta would take; raises GraphError for any other body."""
    if not isinstance(body, dict):
        raise GraphError(100, "The request body must be a JSON object.")
    kind = body.get("type", "text")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise GraphError(100, f"Param type must be one of {{{', '.join(sorted(_CHECKS)).upper()}}}, got {kind!r}.")
    table(body, "message", needs=("messaging_product", kind), may=ENVELOPE)
    _envelope(body)
    _CHECKS[kind](body[kind], kind)
    if kind == "interactive" and body[kind]["type"] == "address_message":
        _both_indian(body, business_number)
    return kind


def check_read(body: Json) -> str:
    """The wamid that `status: read` names, with or without a typing indicator."""
    table(body, "message", needs=("messaging_product", "status", "message_id"), may=("typing_indicator",))
    one_of(body["messaging_product"], "messaging_product", ("whatsapp",))
    one_of(body["status"], "status", ("read",))
    if "typing_indicator" in body:
        typing = table(body["typing_indicator"], "typing_indicator", needs=("type",))
        one_of(typing["type"], "typing_indicator.type", ("text",))
    return text(body["message_id"], "message_id", most=OPAQUE)


def _envelope(body: Json) -> None:
    one_of(body["messaging_product"], "messaging_product", ("whatsapp",))
    one_of(body.get("recipient_type", "individual"), "recipient_type", ("individual",))
    if not (body.get("to") or body.get("recipient")):
        raise missing("to")
    to = body.get("to")
    if to is not None and not (isinstance(to, str) and re.fullmatch(r"[1-9][0-9]{5,14}", to)):
        raise bad("to", "must be the digits of a phone number with its country code")
    recipient = body.get("recipient")
    if recipient is not None and not (isinstance(recipient, str) and BSUID.fullmatch(recipient)):
        raise bad("recipient", "must be a business-scoped user id")
    if "context" in body:
        context = table(body["context"], "context", needs=("message_id",))
        text(context["message_id"], "context.message_id", most=OPAQUE)
    if "biz_opaque_callback_data" in body:
        text(body["biz_opaque_callback_data"], "biz_opaque_callback_data", most=OPAQUE)


def _both_indian(body: Json, business_number: str) -> None:
    if not (business_number.startswith("91") and str(body.get("to", "91")).startswith("91")):
        raise bad("interactive.type", "address messages are for Indian numbers on both sides")


def _text(value: Any, path: str) -> None:
    table(value, path, needs=("body",), may=("preview_url",))
    text(value["body"], f"{path}.body", most=4096)
    if not isinstance(value.get("preview_url", False), bool):
        raise bad(f"{path}.preview_url", "must be true or false")


def _media(value: Any, path: str) -> None:
    extra = {"document": ("caption", "filename"), "image": ("caption",), "video": ("caption",), "audio": ("voice",)}
    table(value, path, may=("id", "link", *extra.get(path, ())))
    if ("id" in value) == ("link" in value):
        raise bad(path, "needs exactly one of id and link")
    if "link" in value:
        link(value["link"], f"{path}.link")
    else:
        text(value["id"], f"{path}.id", most=200)
    if "caption" in value:
        text(value["caption"], f"{path}.caption", most=CAPTION)
    if "filename" in value:
        text(value["filename"], f"{path}.filename", most=240)


def _location(value: Any, path: str) -> None:
    table(value, path, needs=("latitude", "longitude"), may=("name", "address"))
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            degrees = float(value[name])
        except (TypeError, ValueError):
            raise bad(f"{path}.{name}", "must be a number") from None
        if not -most <= degrees <= most:
            raise bad(f"{path}.{name}", f"must lie between -{most} and {most}")


def _contacts(value: Any, path: str) -> None:
    for n, card in enumerate(listing(value, path, most=5)):
        here = f"{path}[{n}]"
        table(card, here, needs=("name",), may=("addresses", "birthday", "emails", "org", "phones", "urls"))
        parts = ("first_name", "last_name", "middle_name", "suffix", "prefix")
        table(card["name"], f"{here}.name", needs=("formatted_name",), may=parts)
        if not any(card["name"].get(part) for part in parts):
            raise missing(f"{here}.name.first_name")


def _reaction(value: Any, path: str) -> None:
    table(value, path, needs=("message_id", "emoji"))
    text(value["message_id"], f"{path}.message_id", most=OPAQUE)
    text(value["emoji"], f"{path}.emoji", most=16, least=0)


def _template(value: Any, path: str) -> None:
    table(value, path, needs=("name", "language"), may=("components",))
    if not re.fullmatch(r"[a-z0-9_]{1,512}", text(value["name"], f"{path}.name", most=512)):
        raise bad(f"{path}.name", "is made of small letters, digits and underscores")
    table(value["language"], f"{path}.language", needs=("code",), may=("policy",))
    text(value["language"]["code"], f"{path}.language.code", most=15)
    one_of(value["language"].get("policy", "deterministic"), f"{path}.language.policy", ("deterministic",))
    for n, component in enumerate(listing(value.get("components", []), f"{path}.components", least=0, most=15)):
        here = f"{path}.components[{n}]"
        table(component, here, needs=("type",), may=("sub_type", "index", "parameters"))
        one_of(component["type"], f"{here}.type", ("header", "body", "button", "order_status"))
        if component["type"] == "button":
            table(component, here, needs=("type", "sub_type", "index"), may=("parameters",))
        for m, parameter in enumerate(listing(component.get("parameters", []), f"{here}.parameters", least=0, most=99)):
            if not isinstance(parameter, dict):
                raise bad(f"{here}.parameters[{m}]", "must be an object")
            _paid_in_chat(parameter, f"{here}.parameters[{m}]")


def _paid_in_chat(parameter: Json, path: str) -> None:
    """What the button of a payment template pays, or what an order's template says of it: as in a message."""
    action = parameter.get("action")
    if isinstance(action, dict) and "order_details" in action:
        check_order_details({"name": "review_and_pay", "parameters": action["order_details"]}, f"{path}.action")
    if parameter.get("type") == "order_status":
        check_order_status({"name": "review_order", "parameters": parameter.get("order_status")}, path)


_CHECKS = {
    "text": _text,
    "interactive": check_interactive,
    "template": _template,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    **dict.fromkeys(MEDIA, _media),
}
