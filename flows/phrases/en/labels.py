"""What orders are called as they stand, beyond their bare status, in English."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    "status.ready_for_pickup": "Ready for pickup",
    "label.refunded": "Refunded",
    "label.and_refunded": "{status}, refunded",
    "label.and_partly_refunded": "{status}, partly refunded",
    "label.archived": "{status}, archived",
    "state.cart": "Cart",
    "state.new": "New",
    "state.payment_review": "Payment in review",
    "state.processing": "At work",
    "state.on_hold": "On hold",
    "state.complete": "Complete",
    "state.canceled": "Canceled",
    "state.closed": "Closed",
    "shipment.pending": "not ready to ship",
    "shipment.ready": "ready to ship",
    "shipment.backordered": "not all in stock",
    "shipment.partially_shipped": "shipped in part",
    "shipment.shipped": "shipped",
    "shipment.partially_delivered": "delivered in part",
    "shipment.delivered": "delivered",
    "shipment.canceled": "canceled",
}
