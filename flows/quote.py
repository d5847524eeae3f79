"""What the customer is told about a priced cart: its lines and sum, and each thing that could not be taken, with its reason."""

from collections.abc import Sequence

from flows import limits
from flows.cart import (
    BadQuantity,
    Empty,
    Foreign,
    OtherCurrency,
    PricedCart,
    PricedLine,
    Refusal,
    Short,
    SoldOut,
    TooMany,
    Unknown,
)
from flows.menu import to_catalogue
from flows.messages import BODY, Message, Template, Text
from flows.money import show
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.templates import order_update

LINES_ROOM, NOTES_ROOM = 2000, 1400
"""Characters for the lines and for what is said about them, so that the sum is never cut off (a text holds 4,096)."""


def answer(priced: PricedCart, store: Store, language: str) -> Message:
    """The whole answer as one message; the way back to the catalogue when nothing can be sold."""
    refused = [refusal_text(refusal, store, language) for refusal in priced.refusals]
    if not priced.lines:
        sorry = say("cart.nothing", language)
        room = BODY - len(sorry) - 60
        return to_catalogue("\n\n".join([sorry, _fitting(refused, room, language)]), language, has_catalogue=True)
    drifted = [_drift_text(line, store, language) for line in priced.lines if line.drifted]
    parts = [
        say("cart.header", language, store=store.name),
        _fitting([_line_text(line, store, language) for line in priced.lines], LINES_ROOM, language),
        say("cart.sum", language, sum=show(priced.subtotal, priced.currency, store.locale)),
    ]
    if drifted:
        parts.append(_fitting(drifted, NOTES_ROOM // 2, language))
    if refused:
        parts.append(say("cart.refused", language) + "\n" + _fitting(refused, NOTES_ROOM // 2, language))
    return Text("\n\n".join([*parts, say("cart.next", language)]))


def fallback(priced: PricedCart, store: Store, language: str) -> Template:
    """The same news in a line, for a window that closed meanwhile."""
    news = summary(priced, store, language) if priced.lines else say("cart.nothing_short", language)
    return order_update(store, news, language)


def summary(priced: PricedCart, store: Store, language: str) -> str:
    """`2 products for ₹698.00`."""
    return say(
        "cart.summary", language, count=len(priced.lines), sum=show(priced.subtotal, priced.currency, store.locale)
    )


def refusal_text(refusal: Refusal, store: Store, language: str) -> str:
    """Why this was not taken, and what to do instead."""
    match refusal:
        case Unknown(sku):
            return say("cart.unknown", language, sku=plain(sku))
        case SoldOut(title):
            return say("cart.sold_out", language, title=plain(title))
        case Short(title, left):
            return say("cart.short", language, count=left, title=plain(title))
        case BadQuantity(title):
            return say("cart.quantity", language, title=plain(title), most=limits.CART_QUANTITY)
        case OtherCurrency(title):
            return say("cart.currency", language, title=plain(title), currency=store.currency)
        case Empty():
            return say("cart.empty", language)
        case TooMany(lines):
            return say("cart.too_many", language, count=lines, most=limits.CART_LINES)
        case Foreign():
            return say("cart.foreign", language, store=store.name)


def _line_text(line: PricedLine, store: Store, language: str) -> str:
    total = show(line.total, line.product.currency, store.locale)
    return say("cart.line", language, quantity=line.quantity, title=plain(line.product.title), total=total)


def _drift_text(line: PricedLine, store: Store, language: str) -> str:
    price = show(line.unit_price, line.product.currency, store.locale)
    return say("cart.drifted", language, title=plain(line.product.title), price=price)


def _fitting(lines: Sequence[str], room: int, language: str) -> str:
    """As many whole lines as fit into `room` characters, and how many more there are."""
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, say("cart.more", language, count=len(lines) - len(kept))])
        kept.append(line)
    return "\n".join(kept)
