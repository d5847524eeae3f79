"""Payments, refunds and store credit as records. The sums on the order follow from them, written by the same verbs only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tortoise import Model, fields

from flows import ledger
from flows.ledger import COMPLETED, SETTLED, Payment, Refund
from flows.money import major
from flows.order import Action, Order
from flows.settings import Settings
from models import orders
from models.orders import Actor, Known
from models.statements import INT, insert, select
from models.work import Table, View, Work


# `refunded` is what went back of this payment; the database keeps it at most what was captured.
class PaymentRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    order_id = fields.BigIntField()
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

    class Meta:
        table = "payment"


class RefundRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    order_id = fields.BigIntField()
    payment_id = fields.BigIntField()
    amount = fields.BigIntField()
    state = fields.CharField(max_length=10)
    reason = fields.TextField()
    to_credit = fields.BooleanField()
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

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


PAYMENTS = Table(PaymentRow, Payment)
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
    return await _settle(
        work,
        order,
        Action("paid", by, note=_noted(order, amount, f"{method} {note}"), is_quiet=is_quiet),
        actor,
        settings,
    )


def refundable(payments: Sequence[Payment]) -> int:
    """What is left of what came in."""
    return sum(payment.amount - payment.refunded for payment in payments if payment.state == COMPLETED)


def ways_back(payments: Sequence[Payment], amount: int, *, to_credit: bool) -> list[tuple[Payment, int, bool]]:
    """From which payments `amount` goes back, the newest first: (payment, part, whether as store credit)."""
    ways = []
    for payment in reversed([p for p in payments if p.state == COMPLETED]):
        if part := min(amount, payment.amount - payment.refunded):
            ways.append((payment, part, to_credit or payment.method == "credit"))
            amount -= part
    return ways


async def refund(
    work: Work, order: Order, *, amount: int, reason: str, to_credit: bool, actor: Actor, settings: Settings, by: str
) -> Order:  # fmt: skip
    """Give money back by hand, of the newest payments first. NotSoMuch when it is more than what is left of them."""
    payments, _ = await money_of(work, order)
    if amount > (most := refundable(payments)):
        raise NotSoMuch(most)
    for payment, part, as_credit in ways_back(payments, amount, to_credit=to_credit):
        work.replace(PAYMENTS, replace(payment, refunded=payment.refunded + part))
        work.add(
            REFUNDS,
            Refund(
                work.ids.new(),
                work.store.id,
                order.id,
                payment.id,
                part,
                SETTLED,
                reason,
                as_credit,
                work.now,
                work.now,
            ),
        )
        if as_credit:
            await _move_credit(
                work, order.contact_id, order.currency, part, order_id=order.id, reason=reason, actor=actor
            )
    return await _settle(work, order, Action("refund", by, note=_noted(order, amount, reason)), actor, settings)


async def _settle(work: Work, order: Order, action: Action, actor: Actor, settings: Settings) -> Order:
    """The order with its sums and its payment status as its records say, and what follows from that."""
    payments, refunds = await money_of(work, order)
    after = orders.amend(work, ledger.settled(order, payments, refunds), action, actor)
    after, _ = await orders.advance(
        work, after, Action("captured", action.by, is_quiet=action.is_quiet), actor, settings
    )
    return after


def _noted(order: Order, amount: int, words: str) -> str:
    """What the history says of money: the amount as it is typed, and what was said."""
    return f"{major(amount, order.currency)} {words}".strip()


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
