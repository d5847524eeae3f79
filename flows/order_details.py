"""WhatsApp Pay in India: an order, or a part of what it costs, as a message that is paid in the chat.

Meta takes a message only when its sums agree to the paisa, when goods that are sent have somebody who receives them at a PIN
code, and when each item says where it comes from (legal metrology).
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote, urlencode

from flows import address, payable
from flows.ledger import Payment
from flows.messages import OrderDetails, fit
from flows.order import Line, Order
from flows.payable import Beneficiary, Gateway, Importer, Item, PaymentLink, UpiLink, Way
from flows.settings import Settings
from flows.store import Store

SHORTEST = timedelta(seconds=360)
"""Meta takes no order that ends within 300 s; what we say may wait for its turn."""
_PIN = re.compile(r"(?<!\d)[1-9][0-9]{2} ?[0-9]{3}(?!\d)")
_STATES = {
    (11,): "Delhi", (12, 13): "Haryana", (14, 15): "Punjab", (16,): "Chandigarh", (17,): "Himachal Pradesh",
    (18, 19): "Jammu and Kashmir", range(20, 29): "Uttar Pradesh", range(30, 35): "Rajasthan",
    range(36, 40): "Gujarat", range(40, 45): "Maharashtra", range(45, 49): "Madhya Pradesh", (49,): "Chhattisgarh",
    (50,): "Telangana", (51, 52, 53): "Andhra Pradesh", range(56, 60): "Karnataka", range(60, 67): "Tamil Nadu",
    range(67, 70): "Kerala", range(70, 75): "West Bengal", (75, 76, 77): "Odisha", (78,): "Assam",
    (79,): "Arunachal Pradesh", range(80, 86): "Bihar",
}  # fmt: skip
"""States by the first two digits of a PIN code, for an address that does not name one. The parcel goes by the code."""


def fault(order: Order, asked: Payment) -> str:
    """Why this cannot be asked for in WhatsApp, as `fault.…` of the phrases; empty when it can."""
    if asked.currency != "INR":
        return "currency"
    return "no_pin" if order.needs_address and _pin(order) is None else ""


def details(
    order: Order, asked: Payment, lines: Sequence[Line], store: Store, settings: Settings,
    *, body: str, words: str, part: str, customer: str,
) -> OrderDetails:  # fmt: skip
    """The request as a message. `part` names the one item of a request for less than the whole order.

    Only for what has no `fault`.
    """
    sold = [line for line in lines if line.quantity]
    is_whole = asked.amount == order.total and sum(line.total for line in sold) == order.subtotal
    origin, importer = settings.get("pay.origin"), settings.get("pay.importer")
    part_of_it = Item(fit(part, payable.NAME), asked.amount, origin=origin, importer=importer)
    ends = asked.expires_at
    is_told = ends is not None and asked.asked_at is not None and ends - asked.asked_at >= SHORTEST
    return OrderDetails(
        body,
        words,
        asked.reference,
        tuple(_items(sold, origin, importer)) if is_whole else (part_of_it,),
        (way(asked, order, store, settings),),
        is_digital=order.delivery_method == "digital",
        tax=order.tax if is_whole else 0,
        shipping=order.shipping if is_whole else 0,
        discount=order.discount if is_whole else 0,
        beneficiaries=(_beneficiary(order, customer or store.name),) if order.needs_address else (),
        expires_at=int(ends.timestamp()) if ends is not None and is_told else None,
        is_quick=not is_whole,
    )


def _items(sold: Sequence[Line], origin: str, importer: Importer) -> list[Item]:
    """A line each; with pictures where Meta takes them all, else by the id of the product."""
    is_pictured = len(sold) <= payable.PICTURED and all(line.image_link.startswith("http") for line in sold)
    return [
        Item(
            fit(line.title, payable.NAME), line.unit_price, line.quantity,
            retailer_id="" if is_pictured else line.retailer_id, image=line.image_link if is_pictured else "",
            origin=origin, importer=importer,
        )
        for line in sold
    ]  # fmt: skip


def way(asked: Payment, order: Order, store: Store, settings: Settings) -> Way:
    """How the store's settings have it paid."""
    match settings.get("pay.provider"):
        case "upi":
            return UpiLink(upi_link(asked, store, settings))
        case "link":
            return PaymentLink(asked.url)
        case gateway:
            return Gateway(gateway, settings.get("pay.configuration"), note=order.label)


def upi_link(asked: Payment, store: Store, settings: Settings) -> str:
    """Only the keys that Meta takes: the amount is that of the message."""
    told = {
        "pa": settings.get("pay.vpa"), "pn": store.name, "mc": settings.get("pay.mcc"),
        "purpose": settings.get("pay.purpose"), "tr": asked.reference,
    }  # fmt: skip
    return "upi://pay?" + urlencode({key: value for key, value in told.items() if value}, quote_via=quote, safe="@")


def _pin(order: Order) -> str | None:
    found = _PIN.findall("\n".join((order.address or {}).values()))
    return found[-1].replace(" ", "") if found else None


def _beneficiary(order: Order, customer: str) -> Beneficiary:
    """Who the goods go to. Of an address in somebody's own words the town stands before the code, or in the line above."""
    parts, pin = order.address or {}, _pin(order)
    assert pin is not None
    said = [line for line in address.lines(parts) if not line.startswith(("Phone ", "https://"))]
    words = [chunk for chunk in (c.strip(" -.") for c in re.split(r"[,\n]", _PIN.sub(",", "\n".join(said)))) if chunk]
    state = parts.get("state") or _state(pin)
    towns = [word for word in words if word.casefold() != state.casefold()] or [state]
    whole = ", ".join(words) or state
    return Beneficiary(
        fit(parts.get("name") or customer, 200),
        fit(whole, 100),
        fit(parts.get("city") or towns[-1], 100),
        fit(state, 100),
        pin,
        line2=fit(whole[100:].strip(" ,"), 100) if len(whole) > 100 else "",
    )


def _state(pin: str) -> str:
    return next((state for digits, state in _STATES.items() if int(pin[:2]) in digits), "India")
