"""Money asked for: what providers report of it, what counts, and what fits nothing and waits for somebody of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.ledger import COMPLETED, FAILED, PAYMENT, Payment
from flows.lifecycle import Move
from flows.order import DEAD, Order
from flows.settings import Settings

WHATSAPP = "whatsapp"
"""Meta itself, where it tells what became of a payment in the chat."""
ASKED_FOR = ("whatsapp_pay", "link", "pix", "transfer")
"""Methods for which the customer gets a request; the others are paid at the door or from store credit."""
AUTHORIZED, CAPTURED, PROCESSED, REFUSED, EXPIRED, CANCELED = (
    "authorize", "capture", "process", "fail", "expired", "canceled",
)  # fmt: skip
"""What a provider says became of a payment; the first four are events of its record."""
CHANGED = "changed"
"""A provider says that something became of a payment, and not what: it is asked."""
CREATE, LOOK_UP, WITHDRAW, CAPTURE, REFUND = "create", "look_up", "withdraw", "capture", "refund"
"""What a provider is called for."""
LATE, UNKNOWN, DOUBLE, OVERTAKEN, AMOUNT, CURRENCY, REFUND_FAILED, OVER_REFUNDED = (
    "late", "unknown", "double", "overtaken", "amount", "currency", "refund_failed", "over_refunded",
)  # fmt: skip
"""Why money needs somebody's decision. `late`: its order had ended; `overtaken`: another request had taken its place;
`over_refunded`: the provider gave back what was not there to be given."""
ASK, RECKON, UNPAID = "ask_payment", "reckon_payment", "unpaid"
"""Timers of an order: it may be time to ask for money, its total has changed, it was not paid for too long."""
TELL, REMIND_TO_PAY, LOOK, LAPSE = "tell_payment", "remind_payment", "look_payment", "lapse_payment"
"""Timers of a request: the customer gets it (once more), is reminded of it, its provider is asked about it, it lapses."""

LOOKS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3))
"""So long after a request or a refund its provider is asked, if it has said nothing by then: a webhook may be lost."""
LOOK_AGAIN = timedelta(minutes=5)
"""So long a provider has to say what became of a request before its order expires."""
ASK_STAFF_AGAIN = timedelta(days=1)
"""So often staff are asked whether money has come of which a customer has sent a receipt: no order expires meanwhile."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider tells of a payment, by our reference. Amounts are minor units; None is one that cannot be read.

    A report that is not `is_sure` is a hint: the provider is asked before it counts. A refund that failed or was settled
    comes with `refund` (its transaction id there), and `says` is "settle" or "fail". `method` is ours, for money that
    nobody was asked for.
    """

    provider: str
    reference: str
    says: str
    amount: int | None = None
    currency: str = ""
    transaction_id: str | None = None
    method: str = ""
    at: datetime | None = None
    reason: str = ""
    refund: str = ""
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """Something a provider is to be called for. `id` serves as the idempotency key; `attempts` is how often it was tried.

    `details` are what the provider has to know: of every payment `reference`, `amount`, `currency`, `description`,
    `created_at`, `method`, and as far as they are known `provider_id`, `transaction_id`, `expires_at` (ISO); of a new request
    `capture` (the store's setting) and `payer` (an email address, where providers want one), of a refund `refund_amount` as well.
    """

    id: int
    store_id: int
    provider: str
    kind: str
    payment_id: int | None
    refund_id: int | None
    details: dict[str, str | int | None]
    attempts: int = 0
    cause_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. With `fault` it is refused for good (a short reason); else what the provider said.

    `url` and `provider_id` are the means to pay; `reports` what a look-up, a capture or a refund tells.
    """

    fault: str = ""
    url: str = ""
    provider_id: str = ""
    expires_at: datetime | None = None
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A call and what came of it."""

    call: Call
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reported:
    """What a provider told by itself; nothing when it is about nothing of ours."""

    reports: tuple[Report, ...]


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Money that fits nothing, and a question to the shop: once settled, `outcome` says what was decided.

    `transaction_id` is the provider's, of the payment or of the refund that it is about.
    """

    id: int
    store_id: int
    kind: str
    order_id: int | None
    payment_id: int | None
    refund_id: int | None
    provider: str
    reference: str
    amount: int
    currency: str
    opened_at: datetime
    expected: int | None = None
    outcome: str = ""
    settled_at: datetime | None = None
    settled_by: int | None = None
    transaction_id: str | None = None
    version: int = 1


def held_for(report: Report, asked: Payment, order: Order, others: Sequence[Payment]) -> str | None:
    """Why captured money does not count, or None. `others` are the order's payments beside the one that was `asked` for."""
    if asked.state == COMPLETED:
        return DOUBLE
    if report.currency != asked.currency:
        return CURRENCY
    if report.amount != asked.amount:
        return AMOUNT
    if order.status in DEAD:
        return LATE
    is_newer = [other for other in others if other.id > asked.id and other.reference and other.state != FAILED]
    if not asked.is_open and any(other.is_open or other.state == COMPLETED for other in is_newer):
        return OVERTAKEN
    return DOUBLE if asked.amount > order.balance_due else None


def moved(payment: Payment, event: str, transaction_id: str | None = None) -> str | None:
    """The state that a reported event leads to; None when it changes nothing.

    Of several attempts to pay one request only the last matters, and of one that has failed only that money came.
    """
    is_same = transaction_id == payment.transaction_id
    if (
        event == REFUSED
        and payment.is_on_its_way
        and not is_same
        and None not in (transaction_id, payment.transaction_id)
    ):
        return None
    if event in (PROCESSED, AUTHORIZED) and payment.state == FAILED and is_same and transaction_id is not None:
        return None
    outcome = PAYMENT.decide(payment.state, event, None)
    return outcome.status if isinstance(outcome, Move) and outcome.status != payment.state else None


def due_first(order: Order, settings: Settings) -> int:
    """What has to be paid before the order goes on: all that is due, or what is missing of its deposit: its own, else the
    store's share.

    Minor units; the deposit is rounded up.
    """
    percent: int = settings.get("deposit")
    if order.deposit is None and not percent:
        return order.balance_due
    deposit = -(-order.payable * percent // 100) if order.deposit is None else order.deposit
    return min(order.balance_due, max(0, deposit - order.net))


def amount_to_ask(order: Order, settings: Settings) -> int:
    """What is asked for by itself: after a deposit the rest when the order is packed, or has left."""
    is_ready = order.packed_at is not None or order.fulfillment_status in _ON_ITS_WAY
    return order.balance_due if is_ready else due_first(order, settings)


_ON_ITS_WAY = ("partially_shipped", "shipped", "partially_delivered", "delivered")


def wants_money(order: Order, settings: Settings) -> bool:
    """Whether the store's order flow asks this customer for money now, by itself."""
    flow = settings.get("order_flow")
    if flow == "manual" or order.payment_method not in ASKED_FOR or not order.balance_due or not order.has_chat:
        return False
    if (
        order.checkout_step != "complete"
        or not order.is_open
        or order.status in ("on_hold", "abandoned", "payment_review")
    ):
        return False
    return order.status not in ("placed", "pending") or flow == "pay_then_confirm"


def provider_of(method: str, settings: Settings) -> str:
    """Who collects money of this method; empty when the shop does so itself, by looking at its account."""
    if method == "link":
        return settings.get("pay.links") or ""
    if method == "pix":
        return settings.get("pix.provider") or ""
    if method == "whatsapp_pay" and settings.get("pay.provider") == "link":
        return settings.get("pay.links") or ""
    return WHATSAPP if method == "whatsapp_pay" and is_gateway(settings) else ""


def is_gateway(settings: Settings) -> bool:
    """Whether WhatsApp Pay runs through a gateway whose results Meta tells us."""
    return settings.get("pay.provider") in ("razorpay", "payu", "billdesk", "zaakpay")


def is_configured(method: str, settings: Settings) -> bool:
    """Whether the store has said what a method needs, and Meta has not taken it away."""
    return not lacks(method, settings) and not (method == "whatsapp_pay" and standing(settings))


def lacks(method: str, settings: Settings) -> tuple[str, ...]:
    """The settings without which nobody can be asked to pay so."""
    needed: tuple[str, ...] = {"link": ("pay.links",), "transfer": ("transfer.account",)}.get(method, ())
    if method == "pix":
        needed = ("pix.key", "pix.email") if settings.get("pix.provider") else ("pix.key",)
    if method == "whatsapp_pay":
        by = {None: "pay.provider", "upi": "pay.vpa", "link": "pay.links"}
        needed = (by.get(settings.get("pay.provider"), "pay.configuration"), "pay.importer")
    return tuple(name for name in needed if not settings.get(name))


def standing(settings: Settings) -> str:
    """What Meta says that the store's payment configuration is, when it is not active; else empty."""
    name, _, status = (settings.get("pay.standing") or "").rpartition(": ")
    is_ours = is_gateway(settings) and name == settings.get("pay.configuration")
    return status if is_ours and status.casefold() != "active" else ""


def asks_now(order: Order, last: Payment | None, settings: Settings) -> int:
    """What the customer is asked for now by itself, in minor units, when no request is open and `last` was the newest.

    What they let lapse, or what failed, is theirs to take up again. What the shop has given back it does not ask for again.
    """
    # What WhatsApp Pay lacks is said with the request; of any other method it was said when it was chosen.
    is_silent = order.payment_method != "whatsapp_pay" and not is_configured(order.payment_method, settings)
    if is_silent or not wants_money(order, settings) or order.refunded:
        return 0
    was_left = last is not None and (last.state in ("failed", "invalid") or last.ended == EXPIRED or last.is_held)
    return 0 if was_left else amount_to_ask(order, settings)


def asks_again(order: Order, last: Payment | None, settings: Settings) -> bool:
    """Whether a customer who wishes to pay gets a request: they were asked before, or would be by now."""
    method = method_again(order, last)
    was_asked = last is not None or wants_money(order, settings)
    return was_asked and method in ASKED_FOR and is_configured(method, settings)


def method_again(order: Order, last: Payment | None) -> str:
    """By which method: as the shop has asked for it last, unless the customer has chosen one."""
    return order.payment_method if order.payment_method in ASKED_FOR or last is None else last.method


def asks_instead(order: Order, asked: Payment, settings: Settings, *, is_other: bool) -> int:
    """What takes the place of an open request: it is for more than is due, or the order's total `is_other` now; else 0."""
    wanted = amount_to_ask(order, settings) or order.balance_due
    if asked.amount > order.balance_due:
        return wanted
    return wanted if is_other and wants_money(order, settings) and asked.amount != wanted else 0


def reviewers(payment: Payment, settings: Settings) -> set[str]:
    """The words of `review_payments_from` that mean this payment."""
    gateway = settings.get("pay.provider") if payment.method == "whatsapp_pay" else None
    return {payment.provider, payment.method, gateway or ""}


def lapses_at(now: datetime, settings: Settings) -> datetime | None:
    """Until when a request can be paid; None for as long as anybody likes."""
    wait: timedelta = settings.get("expire_after")
    return now + wait if wait else None
