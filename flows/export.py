"""Orders for other programs: which are handed out to the books, and an order as plain data.

Money is minor units beside its currency, moments are UTC, and nothing is left out because it is empty.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flows.order import Line, Order
from flows.order_table import table_of

EXPORT = "export"
"""The event of an order that is handed out."""
ACCEPTED = (
    "confirmed", "approved", "processing", "invoice_issued", "packed", "partially_shipped", "shipped",
    "out_for_delivery", "awaiting_confirmation", "delivered", "delivery_confirmed", "completed", "scheduled",
    "no_show",
)  # fmt: skip
"""Statuses of orders that the shop has taken: what waits for customer, review or release is not handed out yet."""


def plain(order: Order, lines: Sequence[Line], customer: Mapping[str, str | None], claim: int | None) -> dict[str, Any]:
    """`claim` is the hand-out that it belongs to."""
    return {
        "number": order.number, "kind": order.kind, "claim": claim, "status": order.status,
        "state": table_of(order).lifecycle.state_of(order.status),
        "channel": order.channel, "placed_at": _moment(order.placed_at), "changed_at": _moment(order.changed_at),
        "customer": {**customer, "email": order.email}, "address": dict(order.address) if order.address else None,
        "billing_address": dict(order.billing_address) if order.billing_address else None,
        "delivery_method": order.delivery_method, "fulfillment_status": order.fulfillment_status,
        "tracking": order.tracking, "carrier": order.carrier, "currency": order.currency,
        "subtotal": order.subtotal, "discount": order.discount, "tax": order.tax, "shipping": order.shipping,
        "total": order.total, "captured": order.captured, "refunded": order.refunded,
        "payment_method": order.payment_method, "payment_status": order.payment_status,
        "return_status": order.return_status, "exchange_of": order.exchange_of,
        "invoice_number": order.invoice_number, "note": order.customer_note,
        "tags": list(order.tags), "archived_at": _moment(order.archived_at), "claimed_at": _moment(order.claimed_at),
        "claimed_by": order.claimed_by, "lines": [_line(line) for line in lines],
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    return {
        "sku": line.retailer_id, "title": line.title, "brand": line.brand, "quantity": line.quantity,
        "unit_price": line.unit_price, "total": line.total, "backordered": line.backordered, "shipped": line.shipped,
        "returned": line.returned, "canceled": line.canceled,
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
