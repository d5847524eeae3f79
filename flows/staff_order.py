"""An order that the shop takes for a customer: `new +919800000001 2xCHAI-250 1x"MANGO PICKLE" a note`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows import checkout, choice
from flows.address import Address
from flows.cart import PricedCart
from flows.choice import Way
from flows.inbound import Cart, CartLine
from flows.lifecycle import Reason
from flows.messages import Message, Text
from flows.order import COUNTER, STAFFED, Line, Order, Step
from flows.phrases import say
from flows.plain import plain
from flows.quote import refusal_text
from flows.settings import Settings
from flows.store import Store

NOBODY = "-"
"""Instead of a number: there is no conversation with this customer."""
_LINE = re.compile(r"([0-9]{1,3})x(?:\"([^\"]+)\"|(\S+))\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[0-9][0-9()-]{4,20}")
_EXAMPLE = "new +919800000001 2xSKU 1xSKU a note"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`number` is the customer's phone number, digits only; `order` one of their orders; without either there is no chat."""

    cart: Cart
    number: str | None = None
    order: int | None = None

    @property
    def has_chat(self) -> bool:
        return self.number is not None or self.order is not None


def read(argument: str) -> Wanted | Reason:
    """The customer first, then the lines; everything after them is the note."""
    first, _, rest = argument.strip().partition(" ")
    if (who := customer(first)) is None:
        return Reason("new.who", {"text": plain(first, 30), "example": _EXAMPLE})
    line, _, below = rest.strip().partition("\n")
    lines = []
    while found := _LINE.match(line):
        lines.append(CartLine(found[2] or found[3], int(found[1]), None, None))
        line = line[found.end() :]
    if not lines:
        return Reason("new.lines", {"example": _EXAMPLE})
    note = "\n".join(part for part in (line.strip(), below.strip()) if part)
    return replace(who, cart=Cart(None, note, tuple(lines)))


def customer(word: str) -> Wanted | None:
    """Whom a word names, with nothing in the cart yet."""
    digits = re.sub(r"\D", "", word)
    number = digits if _NUMBER.fullmatch(word) and 6 <= len(digits) <= 15 else None
    order = int(digits) if number is None and re.fullmatch(r"#?[0-9]{1,9}", word) else None
    if number is None and order is None and word != NOBODY:
        return None
    return Wanted(Cart(None, "", ()), number, order)


def of_the_shop(order: Order, *, has_chat: bool) -> Order:
    """Marked as made by the shop; nobody is there to be asked when there is no chat."""
    if has_chat:
        return replace(order, channel=STAFFED)
    return replace(order, channel=COUNTER, checkout_step=Step.COMPLETE)


def nothing(priced: PricedCart, store: Store) -> Message:
    """What cannot be sold; an order is made of all of it or not at all."""
    reasons = [f"• {refusal_text(refusal, store, store.language)}" for refusal in priced.refusals]
    return Text("\n".join([say("new.refused", store.language), *reasons]))


def for_customer(
    order: Order, lines: tuple[Line, ...], *, settings: Settings, store: Store, language: str,
    saved: Address | None, has_form: bool, offered: Sequence[Way] = (),
) -> Message:  # fmt: skip
    """What the customer reads of an order that they did not send: what it is, and the open question or the next step."""
    head = "\n\n".join(
        [
            say("new.for_you", language, store=store.name, label=order.label),
            checkout.summary(order, lines, store, language),
            *checkout.waiting(lines, language),
        ]
    )
    if order.checkout_step == Step.ADDRESS:
        return checkout.ask_address(order, head, language=language, saved=saved, has_form=has_form)
    if order.checkout_step == Step.PAYMENT:
        return choice.ask(order, offered, head, store=store, language=language)
    next_step = checkout.next_step(order, settings, store, language, now=order.changed_at)
    return Text(f"{head}\n\n{next_step}")


def short(order: Order, store: Store, language: str) -> str:
    """The same in a line, for a customer who has not written lately."""
    key = {Step.ADDRESS: "new.short_address", Step.PAYMENT: "new.short_payment"}.get(
        Step(order.checkout_step), "new.short"
    )
    return say(key, language, store=store.name, label=order.label)
