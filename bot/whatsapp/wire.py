"""Our message values as Meta's JSON: the body of `POST /{phone number id}/messages`. Pure; nothing is cut or checked here."""

from typing import Any, assert_never

from flows.messages import (
    AddressForm,
    Buttons,
    Catalogue,
    Link,
    Message,
    OrderDetails,
    OrderStatus,
    Rows,
    Template,
    Text,
)  # fmt: skip
from flows.payable import GATEWAYS, Beneficiary, Gateway, Importer, Item, PaymentLink, PixCode, UpiLink, Way

Json = dict[str, Any]


def payload(message: Message, *, wa_id: str | None, bsuid: str | None, token: str, reply_to: str | None = None) -> Json:
    """`message` to one person, by phone number when we know it. Meta echoes `token` in every status of the message."""
    if wa_id is not None:
        recipient = {"to": wa_id}
    elif bsuid is not None:
        recipient = {"recipient": bsuid}
    else:
        raise ValueError("a message needs somebody to go to")
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **recipient,
        **({"context": {"message_id": reply_to}} if reply_to else {}),
        **_content(message),
        "biz_opaque_callback_data": token,
    }


def read_mark(wamid: str, *, typing: bool = False) -> Json:
    """Two blue ticks for `wamid` and all before it; `typing` shows three dots for 25 s or until we answer."""
    shown = {"typing_indicator": {"type": "text"}} if typing else {}
    return {"messaging_product": "whatsapp", "status": "read", "message_id": wamid, **shown}


def _content(message: Message) -> Json:
    match message:
        case Text(body):
            # A preview would make Meta fetch every link, also one that is good for one visit only.
            return {"type": "text", "text": {"body": body, "preview_url": False}}
        case Template():
            return {"type": "template", "template": _template(message)}
        case Buttons() | Rows() | Catalogue() | AddressForm() | Link() | OrderDetails() | OrderStatus():
            return {"type": "interactive", "interactive": _interactive(message)}
        case _:
            assert_never(message)


def _interactive(message: Buttons | Rows | Catalogue | AddressForm | Link | OrderDetails | OrderStatus) -> Json:
    match message:
        case Buttons():
            kind = "button"
            replies = [{"type": "reply", "reply": {"id": each.id, "title": each.title}} for each in message.buttons]
            action: Json = {"buttons": replies}
        case Rows():
            kind = "list"
            rows = [
                {"id": row.id, "title": row.title, **({"description": row.description} if row.description else {})}
                for row in message.rows
            ]
            action = {"button": message.button, "sections": [{"rows": rows}]}
        case Catalogue():
            kind = "catalog_message"
            action = {"name": kind, "parameters": {"thumbnail_product_retailer_id": message.thumbnail}}
        case Link():
            kind = "cta_url"
            action = {"name": kind, "parameters": {"display_text": message.button, "url": message.url}}
        case AddressForm():
            kind = "address_message"
            parameters: Json = {"country": "IN", **({"values": dict(message.values)} if message.values else {})}
            action = {"name": kind, "parameters": parameters}
        case OrderDetails():
            kind = "order_details"
            action = {"name": "review_and_pay", "parameters": order_details(message)}
        case OrderStatus():
            kind = "order_status"
            action = {"name": "review_order", "parameters": _order_status(message)}
        case _:
            assert_never(message)
    return {"type": kind, "body": {"text": message.body}, "action": action}


def order_details(message: OrderDetails) -> Json:
    """The `parameters` of an order details message, and of the button of its template."""
    country = {"payment_type": "br"} if message.currency == "BRL" else {}
    if message.currency == "INR" and any(isinstance(way, PaymentLink) for way in message.ways):
        country = {"payment_type": "upi"}
    beneficiaries = [_beneficiary(person) for person in message.beneficiaries]
    return {
        "reference_id": message.reference,
        "type": "digital-goods" if message.is_digital else "physical-goods",
        **country,
        "currency": message.currency,
        "total_amount": _amount(message.total),
        "payment_settings": [_way(way) for way in message.ways],
        **({"beneficiaries": beneficiaries} if beneficiaries else {}),
        "order": _order(message),
    }


def _order(message: OrderDetails) -> Json:
    order: Json = {
        "status": "pending",
        **({"type": "quick_pay"} if message.is_quick else {}),
        **({"catalog_id": message.catalog_id} if message.catalog_id else {}),
        "items": [_item(item) for item in message.items],
        "subtotal": _amount(message.subtotal),
        "tax": _amount(message.tax) | ({"description": message.tax_words} if message.tax_words else {}),
    }
    for name, amount in (("shipping", message.shipping), ("discount", message.discount)):
        if amount:
            order[name] = _amount(amount)
    if message.expires_at is not None:
        order["expiration"] = {"timestamp": str(message.expires_at)}
    return order


def _amount(minor: int) -> Json:
    return {"value": minor, "offset": 100}


def _item(item: Item) -> Json:
    return {
        **({"retailer_id": item.retailer_id} if item.retailer_id else {}),
        "name": item.name,
        **({"image": {"link": item.image}} if item.image else {}),
        "amount": _amount(item.amount),
        **({"sale_amount": _amount(item.sale_amount)} if item.sale_amount is not None else {}),
        "quantity": item.quantity,
        **({"country_of_origin": item.origin} if item.origin else {}),
        **(_importer(item.importer) if item.importer else {}),
    }


def _importer(importer: Importer) -> Json:
    address = {
        "address_line1": importer.line1,
        **({"address_line2": importer.line2} if importer.line2 else {}),
        "city": importer.city, "zone_code": importer.zone, "postal_code": importer.postal_code,
        "country_code": importer.country,
    }  # fmt: skip
    return {"importer_name": importer.name, "importer_address": address}


def _beneficiary(person: Beneficiary) -> Json:
    return {
        "name": person.name, "address_line1": person.line1,
        **({"address_line2": person.line2} if person.line2 else {}),
        "city": person.city, "state": person.state, "country": person.country, "postal_code": person.postal_code,
    }  # fmt: skip


def _way(way: Way) -> Json:
    match way:
        case Gateway(gateway, configuration, note):
            field = GATEWAYS[gateway]
            kept: Json = {field: {"note": note} if field == "notes" else note} if note else {}
            told: Json = {"type": gateway, "configuration_name": configuration, **({gateway: kept} if kept else {})}
        case UpiLink(link):
            told = {"link": link}
        case PaymentLink(uri):
            told = {"uri": uri}
        case PixCode():
            told = {
                "code": way.code, "merchant_name": way.merchant_name, "key": way.key, "key_type": way.key_type,
            }  # fmt: skip
        case _:
            assert_never(way)
    return {"type": way.type, way.type: told}


def _order_status(message: OrderStatus) -> Json:
    order = {"status": message.status, **({"description": message.description} if message.description else {})}
    payment = {"payment": {"status": message.payment, "timestamp": message.payment_at}} if message.payment else {}
    return {"reference_id": message.reference, "order": order, **payment}


def _template(message: Template) -> Json:
    words = [{"type": "text", "text": each} for each in message.parameters]
    components: list[Json] = [{"type": "body", "parameters": words}] if words else []
    match message.about:
        case OrderDetails() as details:
            action = {"type": "action", "action": {"order_details": order_details(details)}}
            components.append({"type": "button", "sub_type": "order_details", "index": 0, "parameters": [action]})
        case OrderStatus() as told:
            status = {"type": "order_status", "order_status": _order_status(told)}
            components.append({"type": "order_status", "parameters": [status]})
    for index, button in enumerate(message.buttons):
        answer = {"type": "payload", "payload": button.id}
        components.append({"type": "button", "sub_type": "quick_reply", "index": str(index), "parameters": [answer]})
    return {
        "name": message.name,
        "language": {"policy": "deterministic", "code": message.language},
        "components": components,
    }
