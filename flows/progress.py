"""The customer's own page of a payment in WhatsApp: which of Meta's statuses an order has there, and in which words.

Meta refuses a status that cannot follow the last (2046), and to cancel what is paid or being paid (2047). Neither changes
the order: ours is the truth.
"""

from dataclasses import dataclass

from flows import labels
from flows.ledger import Payment
from flows.messages import OrderStatus, Template
from flows.money import show
from flows.order import DEAD, Order
from flows.phrases import say
from flows.store import Store
from flows.templates import PAID_IN_CHAT, order_progress

PROCESSING, SHIPPED, COMPLETED, CANCELED = "processing", "shipped", "completed", "canceled"
_OF_ORDER = {
    **dict.fromkeys(("approved", "processing", "awaiting_invoice", "invoice_issued", "packed"), PROCESSING),
    **dict.fromkeys(("shipped", "out_for_delivery", "awaiting_confirmation"), SHIPPED),
    **dict.fromkeys(("delivered", "delivery_confirmed", "completed"), COMPLETED),
}
_LEADS_TO = {
    "": (PROCESSING, SHIPPED, COMPLETED, CANCELED),
    PROCESSING: (SHIPPED, COMPLETED, CANCELED),
    SHIPPED: (PROCESSING, COMPLETED, CANCELED),
    COMPLETED: (),
    CANCELED: (),
}


def is_shown(payment: Payment) -> bool:
    """Whether the customer was asked for it in the chat, so that there is such a page."""
    return payment.method in PAID_IN_CHAT and payment.asked_at is not None and bool(payment.reference)


def is_followed(payment: Payment) -> bool:
    """Whether its page goes on with the order: it was paid there, or elsewhere after it had been asked for there."""
    return is_shown(payment) and (payment.counts or payment.told in (PROCESSING, SHIPPED))


def of_order(order: Order) -> str:
    """Meta's status of an order that is paid; empty when it has none: what is paid cannot be canceled there."""
    return _OF_ORDER.get(order.status, "")


def of_ended(order: Order, old: Payment) -> str:
    """Where nobody tells us what became of it, an order that needs no more money was paid by this request."""
    is_paid = not old.provider and order.status not in DEAD and not order.balance_due
    return PROCESSING if is_paid else CANCELED


def is_told(payment: Payment) -> bool:
    """Whether that page only learns from us that the money is there: Meta sees no Pix."""
    return payment.method == "pix" and is_shown(payment) and may_follow(payment.told, PROCESSING)


def may_follow(told: str, status: str) -> bool:
    return status in _LEADS_TO[told]


@dataclass(frozen=True, slots=True)
class Telling:
    """One payment of an order, and whose words its status is put in."""

    order: Order
    asked: Payment
    store: Store
    language: str

    def message(self, status: str) -> OrderStatus:
        return OrderStatus(self._words(status), self.asked.reference, status)

    def short(self, status: str) -> Template:
        words = self._words(status)
        told = OrderStatus(words, self.asked.reference, status)
        return order_progress(self.store, words, told, self.language)

    def paid(self, words: str) -> OrderStatus:
        """The money is there, and the order goes on: in `words`, and on the page."""
        at = self.asked.captured_at
        assert at is not None
        return OrderStatus(
            words, self.asked.reference, PROCESSING, payment="captured", payment_at=int(at.timestamp())
        )  # fmt: skip

    def paid_short(self, words: str) -> Template:
        return order_progress(self.store, words, self.paid(words), self.language)

    def _words(self, status: str) -> str:
        amount = show(self.asked.amount, self.asked.currency, self.store.locale)
        if status == CANCELED:
            return say("progress.ended", self.language, label=self.order.label, amount=amount)
        stands = labels.customer(self.order, self.language)
        return say("progress.is", self.language, label=self.order.label, status=stands)
