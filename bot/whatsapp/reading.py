"""The dispatcher's half of reading: a stored item as a value of `flows/inbound.py`, field by field, trusting none."""

import re
from collections.abc import Iterable
from typing import Any

from bot.whatsapp.fields import array, integer, loads, mapping, matching, moment, name, number, plain, price, text
from flows.inbound import (
    AccountNotice,
    Cart,
    CartLine,
    Content,
    Form,
    IdentityChange,
    Location,
    Media,
    Message,
    Other,
    PaymentConfiguration,
    Reaction,
    Revision,
    Sender,
    StatusReport,
    Tap,
    TemplateUpdate,
    Words,
)
from flows.payments import AUTHORIZED, CAPTURED, PROCESSED, REFUSED, Report, Reported

Reading = Message | StatusReport | TemplateUpdate | AccountNotice | PaymentConfiguration | Reported

BODY, CAPTION, PERSON, LABEL, PLACE = 4096, 1024, 300, 100, 1000
FORM = 65_536
"""Characters of a form's answer; Meta names no limit and an address takes a few hundred."""
SUMMARY = 500
LANGUAGE, EVENT = 16, 40
"""As long as their columns of the table `template`: a cut code would be another one."""

_WA_ID = re.compile(r"[0-9]{1,20}")
_BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MEDIA = ("image", "video", "audio", "voice", "document", "sticker")


def read(kind: str, payload: bytes) -> Reading | None:
    """What an item of `explode` says. Never raises; None is what nobody acts on: another kind, or unintelligible."""
    try:
        kept = mapping(loads(payload))
    except (ValueError, RecursionError):
        return None
    item = mapping(kept.get("item"))
    match kind:
        case "message":
            return _message(item, mapping(kept.get("contact")))
        case "status":
            return _status(item)
        case "template":
            return _template(str(kept.get("field")), item)
        case "payment":
            return Reported(payment_reports(mapping(item.get("payment")), item.get("status")))
        case "account":
            return _configuration(item) or AccountNotice(str(kept.get("field")), _summary(item))
        case "errors":
            return AccountNotice(kind, _summary(item))
    return None


def _message(message: dict[str, Any], contact: dict[str, Any]) -> Message | None:
    sender = _sender(message, contact)
    if sender is None:
        return None
    context = mapping(message.get("context"))
    return Message(
        wamid=name(message.get("id")),
        sender=sender,
        sent_at=moment(message.get("timestamp")),
        content=_content(message),
        forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        reply_to=name(context.get("id")),
    )


def _sender(message: dict[str, Any], contact: dict[str, Any]) -> Sender | None:
    """The message's own word before its contact's. News about an identity is from the old one, or else from the new."""
    system = mapping(message.get("system"))
    wa_id = matching(_WA_ID, message.get("from")) or matching(_WA_ID, contact.get("wa_id"))
    bsuid = (
        matching(_BSUID, system.get("previous_user_id"))
        or matching(_BSUID, message.get("from_user_id"))
        or matching(_BSUID, contact.get("user_id"))
    )
    if wa_id is None and bsuid is None:
        wa_id, bsuid = matching(_WA_ID, system.get("wa_id")), matching(_BSUID, system.get("user_id"))
    if wa_id is None and bsuid is None:
        return None
    return Sender(wa_id, bsuid, text(mapping(contact.get("profile")).get("name"), PERSON))


def _content(message: dict[str, Any]) -> Content:
    kind = text(message.get("type"), LABEL) or "unknown"
    part = mapping(message.get(kind))
    content: Content | None = None
    match kind:
        case "text":
            content = _words(message, part)
        case "order":
            content = _cart(part)
        case "interactive":
            content = _interactive(part)
        case "button":
            content = _tap(part.get("payload"), part.get("text"))
        case "location":
            content = _location(part)
        case "reaction":
            content = Reaction(text(part.get("emoji"), LABEL))
        case "edit" | "revoke":
            content = Revision(kind, name(part.get("original_message_id")))
        case "system":
            content = _identity_change(part)
        case _ if kind in _MEDIA:
            content = Media(kind, name(part.get("id")), text(part.get("caption"), CAPTION))
    return content or Other(kind)


def _words(message: dict[str, Any], part: dict[str, Any]) -> Words | None:
    body = text(part.get("body"), BODY)
    product = mapping(mapping(message.get("context")).get("referred_product"))
    return None if body is None else Words(body, text(product.get("product_retailer_id"), LABEL))


def _cart(part: dict[str, Any]) -> Cart:
    lines = tuple(_cart_line(mapping(line)) for line in array(part.get("product_items")))
    return Cart(text(part.get("catalog_id"), LABEL), text(part.get("text"), BODY) or "", lines)


def _cart_line(line: dict[str, Any]) -> CartLine:
    """A line stays a line even when nothing in it can be read: leaving it out would sell somebody half an order."""
    return CartLine(
        retailer_id=text(line.get("product_retailer_id"), LABEL) or "",
        quantity=integer(line.get("quantity"), 10**6),
        price=price(line.get("item_price")),
        currency=matching(_CURRENCY, line.get("currency")),
    )


def _interactive(part: dict[str, Any]) -> Content:
    kind = text(part.get("type"), LABEL) or "interactive"
    reply = mapping(part.get(kind))
    content: Content | None = None
    if kind in ("button_reply", "list_reply"):
        content = _tap(reply.get("id"), reply.get("title"))
    elif kind == "nfm_reply":
        content = Form(text(reply.get("name"), LABEL) or kind, _form_values(reply.get("response_json")))
    return content or Other(kind)


def _tap(identity: object, title: object) -> Tap | None:
    tapped = text(identity, 256)
    return None if tapped is None else Tap(tapped, text(title, LABEL) or "")


def _form_values(answer: object) -> dict[str, object] | None:
    """The answer is JSON inside a JSON string, written by the customer's phone."""
    if not isinstance(answer, str) or len(answer) > FORM:
        return None
    try:
        values = plain(loads(answer.encode()), BODY)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _location(part: dict[str, Any]) -> Location | None:
    latitude, longitude = number(part.get("latitude"), 90), number(part.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    return Location(latitude, longitude, text(part.get("name"), PLACE), text(part.get("address"), PLACE))


def _identity_change(part: dict[str, Any]) -> IdentityChange:
    return IdentityChange(
        kind=text(part.get("type"), LABEL) or "system",
        wa_id=matching(_WA_ID, part.get("wa_id")),
        bsuid=matching(_BSUID, part.get("user_id")),
        previous_bsuid=matching(_BSUID, part.get("previous_user_id")),
    )


def _status(status: dict[str, Any]) -> StatusReport | None:
    wamid, word = name(status.get("id")), name(status.get("status"), 32)
    if wamid is None or word is None:
        return None
    error = mapping(next(iter(array(status.get("errors"))), None))
    return StatusReport(
        wamid=wamid,
        status=word,
        token=name(status.get("biz_opaque_callback_data"), 512),
        at=moment(status.get("timestamp")),
        error_code=integer(error.get("code"), 10**9),
        error_title=text(error.get("title"), PERSON) or text(error.get("message"), PERSON),
    )


def payment_reports(payment: dict[str, Any], status: object, *, is_sure: bool = False) -> tuple[Report, ...]:
    """What a webhook's `payment` tells, or one of a look-up: of the payment, and then of its refunds.

    A webhook is a hint. Meta's page names "captured" and "pending" for the whole, and a failed attempt by its transaction:
    the same request can still be paid by another one.
    """
    reference = name(payment.get("reference_id"))
    if reference is None:
        return ()
    transaction = mapping(payment.get("transaction"))
    told = name(transaction.get("status"), 32) if status == "pending" else status
    says = _PAYMENT_SAYS.get(str(told))
    amount, currency = _amount(payment.get("amount")), matching(_CURRENCY, payment.get("currency")) or ""
    error = mapping(transaction.get("error"))
    reports = []
    if says is not None:
        reports.append(
            Report(
                "whatsapp", reference, says, amount, currency, name(transaction.get("id"), 100),
                at=moment(transaction.get("updated_timestamp")), reason=text(error.get("reason"), PERSON) or "",
                method="whatsapp_pay", is_sure=is_sure,
            )
        )  # fmt: skip
    return (*reports, *refund_reports(array(payment.get("refunds")), reference, currency, is_sure=is_sure))


def refund_reports(
    refunds: Iterable[object], reference: str, currency: str, *, is_sure: bool = False
) -> tuple[Report, ...]:
    """What is told of money that goes back; nothing of what is still on its way."""
    told = [(_REFUND_SAYS.get(str(refund.get("status"))), refund) for refund in map(mapping, refunds)]
    return tuple(
        Report(
            "whatsapp", reference, became, _amount(refund.get("amount")), currency, refund=identity, is_sure=is_sure
        )
        for became, refund in told
        if became is not None and (identity := name(refund.get("id"), 100)) is not None
    )  # fmt: skip


_PAYMENT_SAYS = {
    "captured": CAPTURED, "success": CAPTURED, "pending": PROCESSED, "authorized": AUTHORIZED, "failed": REFUSED,
}  # fmt: skip
_REFUND_SAYS = {"success": "settle", "completed": "settle", "failed": "fail"}


def _amount(value: object) -> int | None:
    """Meta's money, as minor units: whole numbers as Meta documents them, and no other offset than ours."""
    money = mapping(value)
    amount, offset = money.get("value"), money.get("offset")
    is_ours = type(amount) is int and type(offset) is int and offset == 100
    return integer(amount, 10**10 - 1) if is_ours else None


def _template(field: str, value: dict[str, Any]) -> TemplateUpdate | AccountNotice:
    template = text(value.get("message_template_name"), 512)
    language = name(value.get("message_template_language"), LANGUAGE)
    if template is None or language is None:
        return AccountNotice(field[:LABEL], _summary(value))
    return TemplateUpdate(
        name=template,
        language=language,
        status=name(value.get("event"), EVENT),
        category=text(value.get("new_category"), LABEL),
        reason=_reason(value),
    )


def _reason(value: dict[str, Any]) -> str | None:
    """Why, or what else: a quality score, or the category that Meta announces it will move the template to."""
    if score := text(value.get("new_quality_score"), LABEL):
        return f"quality {text(value.get('previous_quality_score'), LABEL) or '?'} → {score}"
    if category := text(value.get("correct_category"), LABEL):
        return f"will become {category}"
    reason = text(value.get("reason"), PERSON)
    return None if reason == "NONE" else reason


def _configuration(value: dict[str, Any]) -> PaymentConfiguration | None:
    """Meta's pages write the status with a blank in webhooks, with an underscore elsewhere."""
    named, status = text(value.get("configuration_name"), 60), text(value.get("status"), LABEL)
    if named is None or status is None:
        return None
    provider = text(value.get("provider_name"), LABEL) or "?"
    return PaymentConfiguration(" ".join(named.split()), provider, " ".join(status.replace("_", " ").split()))


def _summary(value: dict[str, Any]) -> str:
    """One line for staff: every name and word in it, for the fields differ and new ones come."""
    return " ".join(", ".join(_said(plain(value, PERSON, depth=4))).split())[:SUMMARY] or "(no details)"


def _said(value: object, label: str = "") -> list[str]:
    match value:
        case dict():
            return [part for key, item in value.items() for part in _said(item, key)]
        case list():
            return [part for item in value for part in _said(item, label)]
        case None | "":
            return []
    return [f"{label} {value}".strip()]
