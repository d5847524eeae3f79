"""Our message values as Meta's JSON: the body of `POST /{phone number id}/messages`. Pure; nothing is cut or checked here."""

from typing import Any, assert_never

from flows.messages import AddressForm, Buttons, Catalogue, Link, Message, Rows, Template, Text

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
        case Buttons() | Rows() | Catalogue() | AddressForm() | Link():
            return {"type": "interactive", "interactive": _interactive(message)}
        case _:
            assert_never(message)


def _interactive(message: Buttons | Rows | Catalogue | AddressForm | Link) -> Json:
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
        case _:
            assert_never(message)
    return {"type": kind, "body": {"text": message.body}, "action": action}


def _template(message: Template) -> Json:
    words = [{"type": "text", "text": each} for each in message.parameters]
    return {
        "name": message.name,
        "language": {"policy": "deterministic", "code": message.language},
        "components": [{"type": "body", "parameters": words}] if words else [],
    }
