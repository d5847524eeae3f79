"""Pix in the chat: an order, or a part of what it costs, as a message whose code the customer copies into their bank."""

from collections.abc import Sequence
from datetime import datetime

from flows import payable
from flows.ledger import Payment
from flows.messages import OrderDetails, fit
from flows.order import Line, Order
from flows.order_details import SHORTEST
from flows.payable import Item, PixCode
from flows.pix import BRL, Key, static_code
from flows.settings import Settings
from flows.store import Store


def fault(asked: Payment) -> str:
    """Why this cannot be asked for, as `fault.…` of the phrases; empty when it can."""
    return "" if asked.currency == BRL else "pix_currency"


def code(asked: Payment, store: Store, settings: Settings) -> str:
    """What is copied: the provider's code, which it reports by itself, or ours, which the shop finds on its account."""
    if asked.provider:
        return asked.url
    key: Key = settings.get("pix.key")
    return static_code(
        key.value, name=settings.get("pix.name") or store.name, city=settings.get("pix.city") or "", amount=asked.amount,
        txid=asked.reference,
    )  # fmt: skip


def details(
    order: Order, asked: Payment, lines: Sequence[Line], store: Store, settings: Settings,
    *, body: str, words: str, part: str,
) -> OrderDetails:  # fmt: skip
    """The request as a message. `part` names the one item of a request for less than the whole order."""
    sold = [line for line in lines if line.quantity]
    is_whole = asked.amount == order.total and sum(line.total for line in sold) == order.subtotal
    items = [Item(fit(line.title, payable.NAME), line.unit_price, line.quantity, line.retailer_id) for line in sold]
    key: Key = settings.get("pix.key")
    receiver = fit(settings.get("pix.name") or store.name, payable.NAME)
    return OrderDetails(
        body,
        words,
        asked.reference,
        tuple(items) if is_whole else (Item(fit(part, payable.NAME), asked.amount, 1, asked.reference),),
        (PixCode(code(asked, store, settings), receiver, key.value, key.type),),
        currency=BRL,
        is_digital=order.delivery_method == "digital",
        tax=order.tax if is_whole else 0,
        shipping=order.shipping if is_whole else 0,
        discount=order.discount if is_whole else 0,
        expires_at=_told(asked.expires_at, asked.asked_at),
    )


def _told(ends: datetime | None, since: datetime | None) -> int | None:
    is_told = ends is not None and since is not None and ends - since >= SHORTEST
    return int(ends.timestamp()) if ends is not None and is_told else None
