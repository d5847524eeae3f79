"""Payments, refunds and store credit as records. The sums on the order follow from them, written by the same verbs only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows import ledger
from flows.ledger import COMPLETED, PENDING, SETTLED, Payment, Refund
from flows.money import major
from flows.order import Action, Order
from flows.payments import ASK, LOOK, LOOKS, REFUND, reviewers
from flows.settings import Settings
from models import calls, digests, orders, timers
from models.orders import Actor, Known
from models.statements import INT, insert, select
from models.work import Table, View, Work


# `refunded` is what went back of this payment; the database keeps it at most what was captured.
class PaymentRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    order_id = fields.BigIntField(null=True)
    method = fields.CharField(max_length=20)
    amount = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=12)
    created_at = fields.DatetimeField()
    provider = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=60)
    transaction_id = fields.CharField(max_length=100, null=True)
    captured_at = fields.DatetimeField(null=True)
    refunded = fields.BigIntField(default=0, db_default=0)
    provider_id = fields.CharField(max_length=100, default="", db_default="")
    url = fields.TextField(default="", db_default="")
    asked_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    ended = fields.CharField(max_length=10, default="", db_default="")
    is_held = fields.BooleanField(default=False, db_default=False)
    told = fields.CharField(max_length=12, default="", db_default="")
    proof = fields.CharField(max_length=100, default="", db_default="")
    proof_wamid = fields.CharField(max_length=300, default="", db_default="")
    version = fields.BigIntField(default=1, db_default=1)

    class Meta:
        table = "payment"


class RefundRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    order_id = fields.BigIntField(null=True)
    payment_id = fields.BigIntField()
    amount = fields.BigIntField()
    state = fields.CharField(max_length=10)
    reason = fields.TextField()
    to_credit = fields.BooleanField()
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    transaction_id = fields.CharField(max_length=100, null=True)
    version = fields.BigIntField(default=1, db_default=1)

    class Meta:
        table = "refund"


# What a customer has left at the shop; never less than nothing.
class CreditAccountRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    balance = fields.BigIntField()
    version = fields.BigIntField()

    class Meta:
        table = "credit_account"
        unique_together = (("store_id", "contact_id", "currency"),)


class CreditEntryRow(Model):
    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    order_id = fields.BigIntField(null=True)
    event_id = fields.BigIntField(null=True)
    amount = fields.BigIntField()
    reason = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        table = "credit_entry"


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """Money of a customer's that the shop keeps, in minor units."""

    id: int
    store_id: int
    contact_id: int
    currency: str
    balance: int
    version: int = 1


PAYMENTS = Table(PaymentRow, Payment, make_room=True)
REFUNDS = Table(RefundRow, Refund)
ACCOUNTS = Table(CreditAccountRow, CreditAccount)
_READ: View[Known] = View("order_id")
_ENTRY = insert(CreditEntryRow, "account_id", "order_id", "event_id", "amount", "reason", "at")
_PAYMENTS_OF = select(PaymentRow, "WHERE t.order_id = :id ORDER BY t.created_at, t.id", id=INT)
_REFUNDS_OF = select(RefundRow, "WHERE t.order_id = :id ORDER BY t.created_at, t.id", id=INT)
_ACCOUNT_OF = select(
    CreditAccountRow, "WHERE t.store_id = :store_id AND t.contact_id = :contact_id", store_id=INT, contact_id=INT
)


class NotSoMuch(Exception):
    """More is asked for than there is; `most` is what there is, in minor units."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


async def money_of(work: Work, order: Order) -> tuple[list[Payment], list[Refund]]:
    """Everything that was paid and given back for an order, the oldest first."""
    if work.find(_READ, order.id) is None:
        paid, back = await work.load_late(_PAYMENTS_OF(id=order.id), _REFUNDS_OF(id=order.id))
        work.loaded(PAYMENTS, [Payment(**row) for row in paid])
        work.loaded(REFUNDS, [Refund(**row) for row in back])
        work.loaded(_READ, [Known(order.id)])
    payments = [payment for payment in work.all(PAYMENTS) if payment.order_id == order.id]
    refunds = [refund for refund in work.all(REFUNDS) if refund.order_id == order.id]
    return sorted(payments, key=_age), sorted(refunds, key=_age)


def _age(row: Payment | Refund) -> tuple[datetime, int]:
    return row.created_at, row.id


async def record(
    work: Work, order: Order, *, method: str, amount: int, reference: str, actor: Actor, settings: Settings, by: str,
    note: str = "", is_quiet: bool = False,
) -> Order:  # fmt: skip
    """Money that came in by hand: cash, a transfer, store credit. The order may confirm itself by it, and tells so.

    NotSoMuch when it is to come from store credit that is not there.
    """
    await money_of(work, order)
    if method == "credit":
        await _move_credit(
            work, order.contact_id, order.currency, -amount, order_id=order.id, reason=order.label, actor=actor
        )
    payment = Payment(
        work.ids.new(), work.store.id, order.id, method, amount, order.currency, COMPLETED, work.now,
        reference=reference, captured_at=work.now,
    )  # fmt: skip
    work.add(PAYMENTS, payment)
    action = Action("paid", by, note=noted(order.currency, amount, f"{method} {note}"), is_quiet=is_quiet)
    return await settle(work, order, action, actor, settings, came=payment)


def refundable(payments: Sequence[Payment]) -> int:
    """What is left of what came in."""
    return sum(payment.left for payment in payments if payment.counts)


def ways_back(payments: Sequence[Payment], amount: int, *, to_credit: bool) -> list[tuple[Payment, int, bool]]:
    """From which payments `amount` goes back, the newest first: (payment, part, whether as store credit)."""
    ways = []
    for payment in reversed([p for p in payments if p.counts]):
        if part := min(amount, payment.left):
            ways.append((payment, part, to_credit or payment.method == "credit"))
            amount -= part
    return ways


async def refund(
    work: Work, order: Order, *, amount: int, reason: str, to_credit: bool, actor: Actor, settings: Settings, by: str
) -> Order:  # fmt: skip
    """Give money back, of the newest payments first. NotSoMuch when it is more than what is left of them.

    What a provider took goes back through it, and is on its way until it says more.
    """
    payments, _ = await money_of(work, order)
    if amount > (most := refundable(payments)):
        raise NotSoMuch(most)
    for payment, part, as_credit in ways_back(payments, amount, to_credit=to_credit):
        await give_back(
            work, payment, part, to_credit=as_credit, contact_id=order.contact_id, reason=reason, actor=actor
        )
    return await settle(work, order, Action("refund", by, note=noted(order.currency, amount, reason)), actor, settings)


async def give_back(
    work: Work, payment: Payment, amount: int, *, to_credit: bool, contact_id: int | None, reason: str, actor: Actor,
    by_hand: bool = False,
) -> Refund:  # fmt: skip
    """A refund of this payment alone. Whoever calls it settles the order; `contact_id` is whose store credit it becomes.

    `by_hand`: its provider is not asked, for somebody has done it.
    """
    change(work, payment, refunded=payment.refunded + amount)
    is_called = bool(payment.provider) and not to_credit and not by_hand
    state, settled_at = (PENDING, None) if is_called else (SETTLED, work.now)
    back = Refund(
        work.ids.new(), work.store.id, payment.order_id, payment.id, amount, state, reason, to_credit, work.now,
        settled_at,
    )  # fmt: skip
    work.add(REFUNDS, back)
    if is_called:
        calls.book(work, REFUND, payment, refund=back, cause=actor.event_id)
        look_later(work, payment)
    if to_credit:
        assert contact_id is not None
        await _move_credit(
            work, contact_id, payment.currency, amount, order_id=payment.order_id, reason=reason, actor=actor
        )
    return back


def look_later(work: Work, payment: Payment) -> None:
    """Have the payment's provider asked, again and again, as long as it has something to say and does not."""
    for wait in LOOKS:
        timers.start(work, kind=LOOK, subject=str(payment.id), due_at=work.now + wait)


def change(work: Work, payment: Payment, **changes: Any) -> Payment:
    """The payment with other values; whoever changed it meanwhile is a conflict."""
    return work.replace(PAYMENTS, replace(payment, version=payment.version + 1, **changes))


def change_refund(work: Work, back: Refund, **changes: Any) -> Refund:
    return work.replace(REFUNDS, replace(back, version=back.version + 1, **changes))


async def settle(
    work: Work, order: Order, action: Action, actor: Actor, settings: Settings, *, came: Payment | None = None
) -> Order:
    """The order with its sums and its payment status as its records say, and what follows from that.

    `came` is the money that has just come in: some kinds are looked at by staff before the order goes on.
    """
    digests.expect(work)
    payments, refunds = await money_of(work, order)
    after = orders.amend(work, ledger.settled(order, payments, refunds), action, actor)
    if after.balance_due < order.balance_due:  # an open request may ask for too much now
        timers.ring(work, kind=ASK, subject=str(order.id), cause=actor.event_id)
    is_reviewed = came is not None and reviewers(came, settings) & set(settings.get("review_payments_from"))
    fact = Action("review" if is_reviewed else "captured", action.by, is_quiet=action.is_quiet)
    after, _ = await orders.advance(work, after, fact, actor, settings)
    return after


def noted(currency: str, amount: int, words: str) -> str:
    """What the history says of money: the amount as it is typed, and what was said."""
    return f"{major(amount, currency)} {words}".strip()


async def credit_of(work: Work, contact_id: int, currency: str) -> CreditAccount | None:
    """The customer's store credit in this currency."""
    await _load_credit(work, contact_id)
    return next((a for a in work.all(ACCOUNTS) if (a.contact_id, a.currency) == (contact_id, currency)), None)


async def give_credit(
    work: Work, contact_id: int, currency: str, amount: int, *, reason: str, actor: Actor
) -> CreditAccount:
    """Store credit for a customer; a negative amount takes it back. NotSoMuch when there is less."""
    return await _move_credit(work, contact_id, currency, amount, order_id=None, reason=reason, actor=actor)


async def _move_credit(
    work: Work, contact_id: int, currency: str, amount: int, *, order_id: int | None, reason: str, actor: Actor
) -> CreditAccount:  # fmt: skip
    account = await credit_of(work, contact_id, currency)
    if (account.balance if account else 0) + amount < 0:
        raise NotSoMuch(account.balance if account else 0)
    if account is None:
        account = work.add(ACCOUNTS, CreditAccount(work.ids.new(), work.store.id, contact_id, currency, amount))
    else:
        account = work.replace(
            ACCOUNTS, replace(account, balance=account.balance + amount, version=account.version + 1)
        )
    work.append(_ENTRY, (account.id, order_id, actor.event_id, amount, reason, work.now))
    return account


async def _load_credit(work: Work, contact_id: int) -> None:
    if not any(account.contact_id == contact_id for account in work.all(ACCOUNTS)):
        [rows] = await work.load_late(_ACCOUNT_OF(store_id=work.store.id, contact_id=contact_id))
        work.loaded(ACCOUNTS, [CreditAccount(**row) for row in rows])
