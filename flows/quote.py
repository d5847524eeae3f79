"""What the customer is told about a priced cart: each thing that could not be taken, with its reason."""

from collections.abc import Sequence

from flows import limits
from flows.cart import (
    BadQuantity,
    Empty,
    Foreign,
    OtherCurrency,
    PricedCart,
    Refusal,
    Service,
    Short,
    SoldOut,
    TooMany,
    Unknown,
)
from flows.menu import to_catalogue
from flows.messages import BODY, Message, Template
from flows.money import show
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.templates import order_update


def nothing(priced: PricedCart, store: Store, language: str) -> Message:
    """The answer to a cart of which nothing can be sold: each thing with its reason, and the way back to the catalogue."""
    sorry = say("cart.nothing", language)
    refused = [refusal_text(refusal, store, language) for refusal in priced.refusals]
    reasons = fitting(refused, BODY - len(sorry) - 60, language)
    return to_catalogue(f"{sorry}\n\n{reasons}", language, has_catalogue=True)


def nothing_short(store: Store, language: str) -> Template:
    """The same news in a line, for a window that closed meanwhile."""
    return order_update(store, say("cart.nothing_short", language), language)


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
        case Service(title):
            return say("cart.service", language, title=plain(title))
        case Empty():
            return say("cart.empty", language)
        case TooMany(lines):
            return say("cart.too_many", language, count=lines, most=limits.CART_LINES)
        case Foreign():
            return say("cart.foreign", language, store=store.name)


def fitting(lines: Sequence[str], room: int, language: str) -> str:
    """As many whole lines as fit into `room` characters, and how many more there are."""
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, say("cart.more", language, count=len(lines) - len(kept))])
        kept.append(line)
    return "\n".join(kept)
