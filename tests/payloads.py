"""Bodies as Meta posts them to the webhook, built from parts. All people, numbers and ids are made up."""

import json
from typing import Any

Json = dict[str, Any]

NUMBER, DISPLAY, ACCOUNT = "700000000000001", "15550009000", "800000000000001"
ASHA, RAVI = "919000000001", "919000000002"
ASHA_ID, RAVI_ID = "IN.7000000000000001", "IN.A8000000000000B2"
AT = "1767225600"
"""2026-01-01 00:00:00 UTC."""


def raw(*changes: Json, entry: str = ACCOUNT, time: int | None = None) -> bytes:
    """One POST with one entry; non-ASCII is escaped, as Meta does it."""
    told = {"id": entry, **({} if time is None else {"time": time}), "changes": list(changes)}
    return envelope(told)


def envelope(*entries: object) -> bytes:
    return json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}).encode()


def messages(*items: object, contacts: list[Json] | None = None, number: str = NUMBER, **more: object) -> Json:
    """A change of the field `messages`; `more` are further members of its value (statuses, errors …)."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY, "phone_number_id": number},
        **({} if contacts is None else {"contacts": contacts}),
        **({"messages": list(items)} if items else {}),
        **more,
    }
    return change("messages", value)


def statuses(*items: object, number: str = NUMBER) -> Json:
    return messages(number=number, statuses=list(items))


def change(field: str, value: Json) -> Json:
    return {"field": field, "value": value}


def contact(wa_id: str | None = ASHA, bsuid: str | None = None, name: str = "Asha") -> Json:
    ids = {"wa_id": wa_id, "user_id": bsuid}
    return {"profile": {"name": name}, **{key: value for key, value in ids.items() if value is not None}}


def message(kind: str, content: object, *, wamid: str = "wamid.A", sender: str | None = ASHA, **more: object) -> Json:
    """One inbound message; `more` are members beside it (from_user_id, context, group_id …)."""
    ids = {} if sender is None else {"from": sender}
    return {**ids, "id": wamid, "timestamp": AT, "type": kind, kind: content, **more}


def text(body: str = "hello", *, wamid: str = "wamid.A", sender: str | None = ASHA, **more: object) -> Json:
    return message("text", {"body": body}, wamid=wamid, sender=sender, **more)


def cart(*lines: Json, note: str = "", catalog: str = "600000000000001", wamid: str = "wamid.A") -> Json:
    return message("order", {"catalog_id": catalog, "text": note, "product_items": list(lines)}, wamid=wamid)


def line(sku: object = "TEA-1", quantity: object = 2, price: object = 7.99, currency: object = "INR") -> Json:
    return {"product_retailer_id": sku, "quantity": quantity, "item_price": price, "currency": currency}


def interactive(kind: str, reply: object, *, wamid: str = "wamid.A", sender: str | None = ASHA, **more: object) -> Json:
    return message("interactive", {"type": kind, kind: reply}, wamid=wamid, sender=sender, **more)


def form(answer: object, name: str = "address_message") -> Json:
    return interactive("nfm_reply", {"name": name, "body": "Sent", "response_json": answer})


def status(word: str, *, wamid: str = "wamid.B", token: str | None = None, **more: object) -> Json:
    echoed = {} if token is None else {"biz_opaque_callback_data": token}
    return {"id": wamid, "status": word, "timestamp": AT, "recipient_id": ASHA, **echoed, **more}


def failed(code: int, *, wamid: str = "wamid.B", **error: object) -> Json:
    """As Meta sends it since 2026: without contacts; `message` may be missing from the error."""
    return status("failed", wamid=wamid, errors=[{"code": code, "title": "Refused", **error}])


def payment_status(reference: str, word: str = "captured", *, transaction: str = "txn-1", **payment: object) -> Json:
    told = {"id": transaction, "type": "razorpay", "status": "success", "updated_timestamp": AT}
    return {
        "id": "notification-1",
        "type": "payment",
        "status": word,
        "timestamp": AT,
        "payment": {"reference_id": reference, "currency": "INR", "transaction": told, **payment},
    }
