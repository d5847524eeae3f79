"""From a priced cart to an order with nothing left to ask: what the customer reads on the way, and how they may answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from flows import address as addresses
from flows import choice, payments, visits
from flows.address import Address
from flows.appointment import Service, Visit
from flows.cart import PricedCart
from flows.choice import Way
from flows.hours import moment, next_opening
from flows.messages import AddressForm, Button, Buttons, Message, Template, Text, with_question
from flows.money import show
from flows.order import BOOKING, Line, Order, Step
from flows.order_rules import is_prepaid
from flows.phrases import say
from flows.plain import plain
from flows.quote import fitting, refusal_text
from flows.settings import Settings
from flows.store import Store
from flows.templates import order_update

ADDRESS, CONFIRM_ADDRESS, CANCEL = "address", "confirm_address", "cancel"
"""Open questions to a customer."""
YES, CHANGE, KEEP = "yes", "change", "keep"
"""Answers by button; the id names the order too: `a1042.yes`."""
HAVE, SEND_BACK = "have", "back"
"""What a customer wishes of an order that has arrived, by button: `r1042.have`."""

LINES_ROOM, NOTES_ROOM = 480, 260
"""Characters for the lines and for what is said about them, so that prices and question fit into one message of 1,024."""


def new_order(
    priced: PricedCart,
    *,
    order_id: int,
    number: int,
    contact_id: int,
    store: Store,
    settings: Settings,
    now: datetime,
    note: str,
    needs_review: bool,
    credit: int = 0,
) -> Order:
    """The order that this cart becomes; the first of the store's payment and delivery methods stand until somebody chooses.

    `credit` is the store credit that the customer may pay with.
    """
    delivery = settings.get("delivery_methods")[0]
    needs_address = delivery in ("courier", "rider") and settings.get("auto_collect_address")
    order = Order(
        id=order_id, store_id=store.id, contact_id=contact_id, number=number, kind="product", status="placed",
        checkout_step=Step.ADDRESS, payment_method="",
        delivery_method=delivery, currency=priced.currency, subtotal=priced.subtotal, discount=0, tax=0, shipping=0,
        total=priced.subtotal, placed_at=now, changed_at=now, customer_note=plain(note, 1000), needs_review=needs_review,
    )  # fmt: skip
    offered = choice.ways(order, store, settings, balance=credit)
    step = Step.ADDRESS if needs_address else choice.step(offered)
    return replace(order, checkout_step=step, payment_method=choice.method_of(offered, settings))


def new_booking(
    service: Service, places: int, *, order_id: int, number: int, contact_id: int, store: Store, settings: Settings,
    now: datetime, credit: int = 0,
) -> Order:  # fmt: skip
    """The order that so many places of a service become. What the service asks for first is all of it, or its deposit."""
    total = service.price * places
    order = Order(
        id=order_id, store_id=store.id, contact_id=contact_id, number=number, kind=BOOKING, status="pending",
        checkout_step=Step.COMPLETE, payment_method="", delivery_method="visit", currency=service.currency,
        subtotal=total, discount=0, tax=0, shipping=0, total=total, placed_at=now, changed_at=now,
        deposit=service.deposit * places or total,
    )  # fmt: skip
    offered = choice.ways(order, store, settings, balance=credit)
    return replace(order, checkout_step=choice.step(offered), payment_method=choice.method_of(offered, settings))


def lines_of(priced: PricedCart) -> list[Line]:
    """The snapshot of what is sold."""
    return [
        Line(
            retailer_id=line.product.retailer_id, title=line.product.title, quantity=line.quantity,
            unit_price=line.unit_price, brand=line.product.brand, image_link=line.product.image_link,
            backordered=line.backordered,
        )
        for line in priced.lines
    ]  # fmt: skip


def goods(order: Order, lines: Sequence[Line], store: Store, language: str) -> list[str]:
    """What is sold, a line each with its price."""
    return [
        say(
            "cart.line", language, quantity=line.quantity, title=plain(line.title),
            total=show(line.total, order.currency, store.locale),
        )
        for line in lines
    ]  # fmt: skip


def prices(order: Order, store: Store, language: str) -> list[str]:
    """The five price lines."""

    def money(minor: int) -> str:
        return show(minor, order.currency, store.locale)

    shipping = money(order.shipping) if order.shipping else say("order.free", language)
    tax = money(order.tax) if order.tax else say("order.included", language)
    return [
        say("order.subtotal", language, amount=money(order.subtotal)),
        *([say("order.discount", language, amount=money(-order.discount))] if order.discount else []),
        *([] if order.is_booking else [say("order.shipping", language, amount=shipping)]),
        say("order.tax", language, amount=tax),
        say("order.total", language, amount=money(order.total)),
    ]


def summary(order: Order, lines: Sequence[Line], store: Store, language: str) -> str:
    """The lines and the five price lines."""
    shown = fitting(goods(order, lines, store, language), LINES_ROOM, language)
    return "\n".join([shown, "", *prices(order, store, language)])


def received(
    order: Order, lines: Sequence[Line], priced: PricedCart, *, store: Store, language: str,
    settings: Settings, saved: Address | None, has_form: bool, offered: Sequence[Way] = (),
) -> Message:  # fmt: skip
    """The first answer: the order with its prices, what could not be taken, and the next question or step.

    `offered` are the ways to pay, when the customer is to choose one now.
    """
    parts = [
        say("order.received", language, label=order.label, store=store.name),
        summary(order, lines, store, language),
    ]
    notes = [
        say("cart.drifted_short", language, title=plain(line.product.title)) for line in priced.lines if line.drifted
    ]
    notes += waiting(lines, language)
    notes += [refusal_text(refusal, store, language) for refusal in priced.refusals]
    if notes:
        parts.append(fitting(notes, NOTES_ROOM, language))
    head = "\n\n".join(parts)
    if order.checkout_step == Step.COMPLETE:
        return Text("\n\n".join([head, next_step(order, settings, store, language, now=order.changed_at)]))
    if order.checkout_step == Step.PAYMENT:
        return choice.ask(order, offered, head, store=store, language=language)
    return ask_address(order, head, language=language, saved=saved, has_form=has_form)


def waiting(lines: Sequence[Line], language: str) -> list[str]:
    """Which pieces are not there yet, a sentence for each line that has some."""
    return [
        say("cart.backordered", language, title=plain(line.title), count=line.backordered)
        for line in lines
        if line.backordered
    ]


def ask_address(order: Order, head: str, *, language: str, saved: Address | None, has_form: bool) -> Message:
    """Where to? With an address from last time one tap is enough; in India WhatsApp has a form; else in words."""
    if saved is not None:
        where = "\n".join(addresses.lines(saved))
        question = say("address.same_as_last_time", language, address=where)
        return Buttons(with_question(head, question), _yes_or_change(order, language))
    in_words = "\n\n".join(part for part in (head, say("address.write", language)) if part)
    if has_form:
        return AddressForm(with_question(head, say("address.fill_in", language)), in_words)
    return Text(in_words)


def ask_address_again(text: str, values: Address, *, has_form: bool) -> Message:
    """The same question after a form that cannot be used, filled in with what was right."""
    return AddressForm(text, text, dict(values)) if has_form else Text(text)


def read_back(order: Order, address: Address, language: str) -> Message:
    """What we understood, to be confirmed: a text may mean anything."""
    where = "\n".join(addresses.lines(address))
    return Buttons(
        say("address.read_back", language, label=order.label, address=where), _yes_or_change(order, language)
    )


def _yes_or_change(order: Order, language: str) -> tuple[Button, Button]:
    return (
        Button(f"a{order.number}.{YES}", say("address.yes", language)),
        Button(f"a{order.number}.{CHANGE}", say("address.change", language)),
    )


def review(order: Order, lines: Sequence[Line], offered: Sequence[Way], *, store: Store, language: str) -> Message:
    """The address is known: the order once more, and how it is to be paid."""
    head = [say("order.address_kept", language, label=order.label)] if order.address else [order.label]
    return choice.ask(
        order, offered, "\n\n".join([*head, summary(order, lines, store, language)]), store=store, language=language
    )


def completed(order: Order, *, settings: Settings, store: Store, language: str, now: datetime) -> Message:
    """Nothing is open with the customer any more: what happens next, and who moves."""
    parts = [say("order.address_kept", language, label=order.label)] if order.address else []
    return Text("\n\n".join([*parts, next_step(order, settings, store, language, now=now)]))


def opened(order: Order, *, settings: Settings, store: Store, language: str, now: datetime) -> str:
    """The shop has opened, and what was held goes on."""
    opens = say("next.open_again", language, store=store.name)
    return f"{opens} {next_step(order, settings, store, language, now=now)}"


def next_step(
    order: Order, settings: Settings, store: Store, language: str, *, now: datetime, visit: Visit | None = None
) -> str:
    """Who moves next, how it is paid, and what is still missing. Said after everything a customer does."""
    if visit is not None:
        return visits.next_step(order, visit, settings, store, language)
    asked = payments.amount_to_ask(order, settings) if is_prepaid(order) else 0
    pays_first, rest = bool(asked), order.balance_due - asked if is_prepaid(order) else 0
    amount = show(asked or order.balance_due, order.currency, store.locale)
    is_pickup = order.delivery_method == "pickup"
    if order.status == "confirmed":
        keys = ["next.confirmed_pickup" if is_pickup else "next.confirmed", "next.pays" if pays_first else ""]
    elif order.status == "on_hold":
        keys = ["next.closed", "next.pays_then" if pays_first else ""]
    elif pays_first and settings.get("order_flow") == "pay_then_confirm":
        keys = ["next.pays_first"]
    else:
        keys = ["next.shop_confirms", "next.pays_then" if pays_first else ""]
    if order.payment_method == "cod" and order.balance_due:
        keys.append("next.cash_at_pickup" if is_pickup else "next.cash_on_delivery")
    if rest:
        keys.append("next.rest_pickup" if is_pickup else "next.rest")
    if order.needs_address and order.address is None:
        keys.append("next.asks_address")
    left = show(rest, order.currency, store.locale)
    fields = {"label": order.label, "store": store.name, "amount": amount, "rest": left}
    if order.status == "on_hold":
        opening = next_opening(settings.get("business_hours"), now, store.zone)
        fields["opening"] = moment(opening or now, store)
    return " ".join(say(key, language, **fields) for key in keys if key)


def fallback(order: Order, store: Store, news: str, language: str, *, template: str | None = None) -> Template:
    """`news` about an order for a closed window: one line with its number. A vocabulary may name a `template` of its own."""
    return order_update(
        store, news if news.startswith(order.label) else f"{order.label}: {news}", language, name=template
    )


def read_tap(tapped: str) -> tuple[str, int, str] | None:
    """Kind, number and choice of a button of the customer's (`a1042.yes`); None for any other text."""
    kind, (digits, dot, chosen) = tapped[:1], tapped[1:].partition(".")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 12
    return (kind, int(digits), chosen) if dot and is_number else None


def ask_cancel(order: Order, language: str) -> Message:
    return Buttons(
        say("cancel.ask_customer", language, label=order.label),
        (
            Button(f"c{order.number}.{YES}", say("cancel.yes", language)),
            Button(f"c{order.number}.{KEEP}", say("cancel.keep", language)),
        ),
    )


def with_address(order: Order, address: Address, source: str, offered: Sequence[Way]) -> Order:
    """The order with its address. If that was asked for, the next step is to choose among the ways `offered` to pay it."""
    after = replace(order, address=dict(address), address_source=source)
    if order.checkout_step != Step.ADDRESS:
        return after
    method = offered[0].method if offered else order.payment_method
    return replace(after, checkout_step=choice.step(offered), payment_method=method)
