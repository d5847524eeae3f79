"""Sections of the card that follow from records: an order's money, its parcels and what comes back."""

from collections.abc import Mapping, Sequence

from flows import card, fulfilment, labels, order_rules
from flows.fulfilment import Shipment
from flows.hours import moment
from flows.ledger import VOID, Payment, Refund
from flows.money import show
from flows.order import STAFF, Action, Line, Order, Part
from flows.payments import ASKED_FOR
from flows.phrases import say
from flows.plain import plain
from flows.returns import Return
from flows.settings import Settings
from flows.store import Store

SHOWN = 5
"""Records of one kind on a card, the newest."""


def money(order: Order, payments: Sequence[Payment], refunds: Sequence[Refund], store: Store, *, credit: int) -> str:
    """How it is paid and stands, and the records behind it. `credit`: what the customer has left at the shop."""
    language = store.language

    def amount(minor: int) -> str:
        return show(minor, order.currency, store.locale)

    method = labels.method(order, language)
    stands = [say("card.money", language, status=labels.payment(order, store), method=method)]
    sums = (
        ("paid", order.captured), ("due", order.balance_due if order.captured else 0), ("refunded", order.refunded),
        ("owed", order.credit_owed), ("credit", credit),
    )  # fmt: skip
    stands += [say(f"card.{name}", language, amount=amount(minor)) for name, minor in sums if minor]
    lines = [" · ".join(stands)]
    lines += [_payment(payment, store) for payment in payments[-SHOWN:]]
    lines += [
        say(
            "card.refund_line", language, amount=amount(refund.amount), state=say(f"backstate.{refund.state}", language),
            at=moment(refund.settled_at or refund.created_at, store),
        )
        for refund in refunds[-SHOWN:]
    ]  # fmt: skip
    if order.asks_cancel:
        lines.append(say("till.cancel_too", language))
    return "\n".join(lines)


def _payment(payment: Payment, store: Store) -> str:
    """Amount, method, how it stands and since when; of what was asked for its reference, of what came its transaction."""
    language = store.language
    is_asked = bool(payment.reference) and payment.method in ASKED_FOR
    state = f"request.{payment.request}" if is_asked and payment.state == VOID else f"paystate.{payment.state}"
    if payment.is_held:
        state = "paystate.held" if payment.left else "paystate.sent_back"
    line = say(
        "card.payment_line", language, amount=show(payment.amount, payment.currency, store.locale),
        method=say(f"method.{payment.method}", language), state=say(state, language),
        at=moment(payment.captured_at or payment.asked_at or payment.created_at, store),
    )  # fmt: skip
    if is_asked and payment.transaction_id:
        line += ", " + say("card.transaction", language, id=plain(payment.transaction_id, 40))
    return ", ".join([line, *([plain(payment.reference, 40)] if payment.reference else [])])


def parcels(
    order: Order, lines: Sequence[Line], shipments: Sequence[Shipment], settings: Settings, store: Store
) -> str:
    """The parcels with their states; what is in them is said when there are several. A booking has none."""
    if order.is_booking:
        return ""
    case = order_rules.Case(order, Action("ship", STAFF), settings, order.changed_at)
    seen = fulfilment.shown(order, lines, shipments, may_leave=order_rules.is_paid_to_ship(case) is None)
    return "\n".join(_parcel(shipment, lines, store, is_all=len(seen) == 1) for shipment in seen)


def _parcel(shipment: Shipment, lines: Sequence[Line], store: Store, *, is_all: bool) -> str:
    language = store.language
    text = say(
        "card.parcel_at" if shipment.location else "card.parcel", language, number=shipment.number,
        location=shipment.location, state=say(f"parcel.{shipment.state}", language),
    )  # fmt: skip
    if not is_all:
        text += ": " + card.items(_parts(shipment.parts), lines, language, most=card.ITEMS)
    if shipment.tracking:
        text += f", {plain(shipment.tracking, 60)}"
    if shipment.carrier:
        text += f" ({plain(shipment.carrier, 40)})"
    if shipment.shipped_at and shipment.state == fulfilment.SHIPPED:
        text += ", " + say(f"carrier.{shipment.carrier_status}", language)
    return text


def returns(lines: Sequence[Line], found: Sequence[Return], store: Store) -> str:
    language = store.language
    return "\n".join(
        say(
            "card.return" if one.replacement is None else "card.return_exchanged",
            language,
            number=one.number,
            state=say(f"returned.{one.state}", language),
            items=card.items(_parts(one.parts), lines, language, most=card.ITEMS),
            replacement=f"#{one.replacement}",
        )
        for one in found[-SHOWN:]
    )


def _parts(parts: Mapping[str, int]) -> tuple[Part, ...]:
    return tuple(Part(sku, count) for sku, count in parts.items())
