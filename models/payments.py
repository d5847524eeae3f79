"""Money asked for: requests, what providers report of them, and what fits nothing and waits for a decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows import ledger, payments
from flows.ledger import CHECKOUT, COMPLETED, FAILED, INVALID, PROCESSING, SETTLED, VOID, Payment, Refund
from flows.money import major
from flows.order import CUSTOMER, SYSTEM, Action, Order
from flows.payments import (
    CANCELED,
    CAPTURE,
    CAPTURED,
    CREATE,
    EXPIRED,
    LAPSE,
    LOOK,
    LOOK_UP,
    OVER_REFUNDED,
    REFUND_FAILED,
    REMIND_TO_PAY,
    UNKNOWN,
    UNPAID,
    WITHDRAW,
    Discrepancy,
    Report,
)  # fmt: skip
from flows.settings import Settings
from models import calls, digests, orders, progress, timers
from models.ledger import PAYMENTS, REFUNDS, PaymentRow, RefundRow, change, change_refund, look_later, money_of, settle
from models.orders import Actor
from models.statements import INT, TEXT, select
from models.work import Table, Work


# Money that fits nothing: nobody's until `outcome` says what became of it.
class DiscrepancyRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    order_id = fields.BigIntField(null=True)
    payment_id = fields.BigIntField(null=True)
    refund_id = fields.BigIntField(null=True)
    provider = fields.CharField(max_length=20)
    reference = fields.CharField(max_length=60)
    amount = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    expected = fields.BigIntField(null=True)
    opened_at = fields.DatetimeField()
    outcome = fields.CharField(max_length=10, default="", db_default="")
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.BigIntField(null=True)
    transaction_id = fields.CharField(max_length=100, null=True)
    version = fields.BigIntField(default=1, db_default=1)

    class Meta:
        table = "discrepancy"


MOST = 10**15
"""More, in minor units, nobody has ever paid: an amount that large is none."""
DISCREPANCIES = Table(DiscrepancyRow, Discrepancy)
_BY_ID = select(PaymentRow, "WHERE t.id = :id", id=INT)
_BY_REFERENCE = select(
    PaymentRow, "WHERE t.store_id = :store_id AND t.reference = :reference ORDER BY t.id", store_id=INT, reference=TEXT
)
_BY_TRANSACTION = select(
    PaymentRow,
    "WHERE t.store_id = :store_id AND t.provider = :provider AND t.transaction_id = :transaction_id",
    store_id=INT, provider=TEXT, transaction_id=TEXT,
)  # fmt: skip
_REFUNDS_OF = select(RefundRow, "WHERE t.payment_id = :id ORDER BY t.created_at, t.id", id=INT)
_OPEN = select(
    DiscrepancyRow, "WHERE t.store_id = :store_id AND t.settled_at IS NULL ORDER BY t.id LIMIT :limit",
    store_id=INT, limit=INT,
)  # fmt: skip
_DISCREPANCY = select(DiscrepancyRow, "WHERE t.id = :id AND t.store_id = :store_id", id=INT, store_id=INT)
_DISCREPANCIES_OF = select(DiscrepancyRow, "WHERE t.order_id = :order ORDER BY t.id", order=INT)
_ASKED = select(
    DiscrepancyRow, "WHERE t.store_id = :store_id AND t.provider = :provider AND t.reference = :reference ORDER BY t.id",
    store_id=INT, provider=TEXT, reference=TEXT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a report. `order` is as it is now; with `discrepancy` the shop has to decide about it.

    `event` is "capture", "authorize", "process", "fail", "expired", "canceled", "held", "settle" (a refund went through),
    "refund_failed", "refunded" (at the provider, by whoever), or None when nothing has changed.
    """

    event: str | None = None
    order: Order | None = None
    payment: Payment | None = None
    refund: Refund | None = None
    discrepancy: Discrepancy | None = None


def reference_of(payment_id: int) -> str:
    """An id as providers get it: opaque, of letters and digits, far below Meta's 35 characters."""
    digits, text = "0123456789abcdefghijklmnopqrstuvwxyz", ""
    while payment_id:
        payment_id, digit = divmod(payment_id, 36)
        text = digits[digit] + text
    return f"w{text}"


async def get(work: Work, payment_id: int) -> Payment:
    known = await find(work, payment_id)
    assert known is not None
    return known


async def find(work: Work, payment_id: int) -> Payment | None:
    if (known := work.find(PAYMENTS, payment_id)) is None:
        [rows] = await work.load_late(_BY_ID(id=payment_id))
        known = next(iter(_loaded(work, rows)), None)
    return known


async def waits_for_provider(work: Work, payment: Payment) -> bool:
    """Whether its provider still has to say something: of the payment, or of a refund."""
    if not payment.provider:
        return False
    if payment.is_payable:
        return payment.asked_at is not None
    return any(refund.state == ledger.PENDING for refund in await _refunds_of(work, payment))


async def open_of(work: Work, order: Order) -> Payment | None:
    """The request that the customer can pay now; there is one at a time."""
    found, _ = await money_of(work, order)
    return next((payment for payment in reversed(found) if payment.is_open), None)


async def is_payable(work: Work, order: Order) -> bool:
    """Whether money for the order may still be on its way by itself."""
    found, _ = await money_of(work, order)
    return any(payment.is_payable for payment in found)


async def ask(work: Work, order: Order, *, amount: int, method: str, actor: Actor, by: str) -> tuple[Order, Payment]:
    """A new request to pay `amount`; one that is still open is withdrawn first.

    With a provider the means to pay come with its answer (`means`); without, the customer can be asked at once.
    """
    settings, (found, _) = _rules(work), await money_of(work, order)
    for old in found:
        if old.is_payable:
            await _end(work, order, old, CANCELED, actor)
    id_ = work.ids.new()
    provider = payments.provider_of(method, settings)
    is_made = provider in ("", payments.WHATSAPP)
    asked = work.add(
        PAYMENTS,
        Payment(
            id_, work.store.id, order.id, method, amount, order.currency, CHECKOUT, work.now, provider=provider,
            reference=reference_of(id_), expires_at=payments.lapses_at(work.now, settings),
            asked_at=work.now if is_made else None,
            provider_id=(settings.get("pay.configuration") or "") if provider == payments.WHATSAPP else "",
        ),
    )  # fmt: skip
    if not is_made:
        calls.book(
            work, CREATE, asked, cause=actor.event_id, description=f"{work.store.name} {order.label}",
            capture=settings.get("pay.capture"), payer=settings.get("pix.email") or "",
        )  # fmt: skip
    _start_timers(work, order, asked, settings)
    note = f"{major(amount, order.currency)} {method} {asked.reference}"
    after = ledger.settled(order, *await money_of(work, order))
    return orders.amend(work, after, Action("request", by, note=note), actor), asked


def means(work: Work, asked: Payment, *, url: str, provider_id: str) -> Payment:
    """The provider has said how it is paid: the customer can be asked."""
    return change(work, asked, url=url, provider_id=provider_id, asked_at=work.now)


async def could_not_ask(work: Work, order: Order, asked: Payment, actor: Actor) -> Payment:
    """The provider takes no such request: it is to be tried again with another reference."""
    _stop_timers(work, asked)
    asked = change(work, asked, state=INVALID)
    await _note(work, order, "pay_invalid", asked.reference, actor)
    return asked


async def withdraw(work: Work, order: Order, actor: Actor, *, because: str = CANCELED) -> list[Payment]:
    """End what could still be paid, for nothing more is to be paid; the provider is told. Returns what has ended."""
    found, _ = await money_of(work, order)
    ended = [await _end(work, order, old, because, actor) for old in found if old.is_payable]
    if ended:
        await _note(work, order, _HISTORY[because], " ".join(payment.reference for payment in ended), actor)
    return ended


async def _note(work: Work, order: Order, name: str, note: str, actor: Actor) -> None:
    """The history says so, and the payment status is what the records say now."""
    after = ledger.settled(order, *await money_of(work, order))
    orders.amend(work, after, Action(name, SYSTEM, note=note, is_quiet=True), actor)


async def fit_request(work: Work, order: Order, actor: Actor, *, by: str) -> tuple[Order, Payment | None]:
    """Nobody is asked for more than is due: a request for more is withdrawn, and the rest, if there is one, asked for anew."""
    found, _ = await money_of(work, order)
    asked = next((payment for payment in reversed(found) if payment.is_payable), None)
    if asked is None or asked.state not in (CHECKOUT, FAILED) or asked.amount <= order.balance_due:
        return order, None
    if order.balance_due and order.has_chat:
        return await ask(work, order, amount=order.balance_due, method=asked.method, actor=actor, by=by)
    await withdraw(work, order, actor)
    return order, None


async def _end(work: Work, order: Order, old: Payment, because: str, actor: Actor) -> Payment:
    _stop_timers(work, old)
    if old.provider_id and old.provider != payments.WHATSAPP:
        calls.book(work, WITHDRAW, old, cause=actor.event_id)
    old = await progress.ended(work, order, old, cause=actor.event_id)
    return change(work, old, state=VOID, ended=because)


def _start_timers(work: Work, order: Order, asked: Payment, settings: Settings) -> None:
    for wait in settings.get("payment_reminders"):
        timers.start(work, kind=REMIND_TO_PAY, subject=str(asked.id), due_at=work.now + wait)
    timers.stop(work, kinds=[UNPAID], subject=str(order.id), but=_moments(asked))
    if asked.provider:
        look_later(work, asked)
    if asked.expires_at is not None:
        timers.start(work, kind=LAPSE, subject=str(asked.id), due_at=asked.expires_at)
        timers.start(work, kind=UNPAID, subject=str(order.id), due_at=asked.expires_at)


def _moments(asked: Payment) -> list[datetime]:
    """When it ends by itself, if ever."""
    return [asked.expires_at] if asked.expires_at is not None else []


def _stop_timers(work: Work, asked: Payment) -> None:
    timers.stop(work, kinds=[REMIND_TO_PAY, LOOK, LAPSE], subject=str(asked.id))


async def claim(
    work: Work, order: Order, asked: Payment, *, proof: str, wamid: str, actor: Actor
) -> tuple[Order, Payment]:  # fmt: skip
    """The customer shows that money is on its way to the shop's own account: nobody is reminded of it, and it does not lapse."""
    timers.stop(work, kinds=[REMIND_TO_PAY], subject=str(asked.id))
    asked = change(work, asked, state=PROCESSING, proof=proof[:100], proof_wamid=wamid[:300])
    action = Action("proof", CUSTOMER, note=asked.reference, is_quiet=True)
    return await settle(work, order, action, actor, _rules(work)), asked


async def not_found(work: Work, order: Order, asked: Payment, actor: Actor, *, by: str) -> tuple[Order, Payment]:
    """The shop has looked, and the money of a request is not there: its customer has as long again to pay it."""
    settings = _rules(work)
    asked = change(work, asked, state=FAILED, expires_at=payments.lapses_at(work.now, settings))
    timers.stop(work, kinds=[LAPSE], subject=str(asked.id), but=_moments(asked))
    _start_timers(work, order, asked, settings)
    action = Action("not_found", by, note=f"{major(asked.amount, asked.currency)} {asked.reference}", is_quiet=True)
    return await settle(work, order, action, actor, settings), asked


def capture(work: Work, order: Order, asked: Payment, *, amount: int, actor: Actor, by: str) -> Order:
    """Have what is authorized taken, or `amount` of it: then the provider lets the rest go."""
    part = change(work, asked, amount=amount)
    calls.book(work, CAPTURE, part, cause=actor.event_id, authorized=asked.amount)
    note = f"{major(amount, order.currency)} {asked.reference}"
    return orders.amend(work, order, Action(CAPTURE, by, note=note), actor)


def not_captured(work: Work, order: Order, asked: Payment, authorized: int, actor: Actor) -> tuple[Order, Payment]:
    """The provider did not take it: it is as authorized as before."""
    note = f"{major(asked.amount, order.currency)} {asked.reference}"
    after = orders.amend(work, order, Action("capture_failed", SYSTEM, note=note, is_quiet=True), actor)
    return after, change(work, asked, amount=authorized)


def look_up(work: Work, asked: Payment, cause: int) -> None:
    """Ask the provider what became of it; the answer is a report."""
    calls.book(work, LOOK_UP, asked, cause=cause)


async def look_up_by(work: Work, reference: str, cause: int | None) -> None:
    """The same by our reference, where somebody can be asked."""
    for asked in await _asked_as(work, reference):
        if asked.provider:
            calls.book(work, LOOK_UP, asked, cause=cause)


async def take(work: Work, report: Report, event_id: int) -> Taken:
    """What a provider tells becomes part of the ledger, once, however often and in whatever order it is told."""
    report = _fitting(report)
    known, same = await _of_reference(work, report), await _of_transaction(work, report)
    if report.refund:
        return await _take_refund(work, report, same or known, event_id)
    asked = next(iter(same or known), None)
    # (Money without a transaction is known by its reference alone.)
    is_known = any(payment.state == COMPLETED for payment in (known if report.transaction_id is None else same))
    if report.says == CAPTURED and is_known:
        return Taken()
    if report.says == payments.CHANGED:
        if asked is not None and asked.order_id is not None:
            look_up(work, replace(asked, transaction_id=report.transaction_id or asked.transaction_id), event_id)
        return Taken(payment=asked)
    if asked is None or asked.order_id is None:
        return await _hold_unknown(work, report) if report.says == CAPTURED else Taken()
    if report.says in (CAPTURED, payments.AUTHORIZED) and not report.is_sure:
        if asked.state != COMPLETED or report.transaction_id != asked.transaction_id:
            look_up(work, asked, event_id)
        return Taken(payment=asked)
    order, actor = await orders.get(work, asked.order_id), Actor(None, event_id)
    if report.says == CAPTURED:
        return await _take_capture(work, report, asked, order, actor)
    if report.says in (EXPIRED, CANCELED):
        if not asked.is_payable:
            return Taken(order=order, payment=asked)
        _stop_timers(work, asked)
        asked = change(work, asked, state=VOID, ended=report.says)
    else:
        if (state := payments.moved(asked, report.says, report.transaction_id)) is None:
            return Taken(order=order, payment=asked)
        asked = change(work, asked, state=state, transaction_id=report.transaction_id or asked.transaction_id)
    action = Action(_HISTORY[report.says], SYSTEM, note=f"{asked.reference} {report.reason}".strip(), is_quiet=True)
    return Taken(report.says, await settle(work, order, action, actor, _rules(work)), asked)


def _fitting(report: Report) -> Report:
    """What is longer than any provider's is cut, so that its row can be written: the money came all the same."""
    return replace(
        report, reference=report.reference[:60], currency=report.currency[:3], refund=report.refund[:100],
        transaction_id=report.transaction_id[:100] if report.transaction_id else None,
        amount=report.amount if report.amount is not None and 0 < report.amount < MOST else None,
    )  # fmt: skip


_HISTORY = {
    payments.PROCESSED: "pay_pending", payments.AUTHORIZED: "pay_authorized", payments.REFUSED: "pay_failed",
    EXPIRED: "pay_expired", CANCELED: "pay_canceled",
}  # fmt: skip
"""What the history calls what is reported."""


async def accept(work: Work, asked: Payment, actor: Actor, *, by: str) -> Taken:
    """Somebody of the shop has found the money of a request on the shop's own account: a capture like any other.

    What was captured before stays as it is (`event` is None), and what cannot count any more is held. Nobody is asked to
    review it: it has just been looked at. Not for what a provider collects, which reports by itself.
    """
    assert not asked.provider
    assert asked.order_id is not None
    order = await orders.get(work, asked.order_id)
    if asked.state == COMPLETED:
        return Taken(order=order, payment=asked)
    seen = Report("", asked.reference, CAPTURED, asked.amount, asked.currency, at=work.now)
    return await _take_capture(work, seen, asked, order, actor, by=by)


async def _take_capture(
    work: Work, report: Report, asked: Payment, order: Order, actor: Actor, *, by: str = SYSTEM
) -> Taken:
    """`by` is who says so: what a provider does may be for staff to look at first."""
    others = [other for other in (await money_of(work, order))[0] if other.id != asked.id]
    if (kind := payments.held_for(report, asked, order, others)) is not None:
        return await _hold(work, kind, report, asked, order=order, actor=actor)
    _stop_timers(work, asked)
    came = change(
        work, asked, state=COMPLETED, transaction_id=report.transaction_id or asked.transaction_id,
        captured_at=report.at or work.now,
    )  # fmt: skip
    note = f"{major(came.amount, came.currency)} {came.method} {came.reference} {came.transaction_id or ''}".strip()
    reviewed = came if by == SYSTEM else None
    after = await settle(work, order, Action("paid", by, note=note), actor, _rules(work), came=reviewed)
    if not after.balance_due:
        timers.stop(work, kinds=[UNPAID], subject=str(order.id))
    return Taken(CAPTURED, after, came)


async def _hold(work: Work, kind: str, report: Report, asked: Payment, *, order: Order, actor: Actor) -> Taken:
    """The money is there and counts for nothing yet. What was asked for is answered by it, unless that was paid already."""
    came = None
    if report.amount is not None:
        changes: dict[str, Any] = {
            "amount": report.amount, "currency": report.currency or asked.currency, "state": COMPLETED, "is_held": True,
            "transaction_id": report.transaction_id, "captured_at": report.at or work.now,
        }  # fmt: skip
        if asked.state == COMPLETED:
            fresh = replace(asked, id=work.ids.new(), created_at=work.now, refunded=0, version=1, **changes)
            came = work.add(PAYMENTS, fresh)
        else:
            _stop_timers(work, asked)
            came = change(work, asked, **changes)
    found = await _ask_shop(work, kind, report, order.id, came, expected=asked.amount)
    if found is None:
        return Taken(order=order, payment=asked)
    note = f"{major(found.amount, found.currency or asked.currency)} {kind} {asked.reference}"
    after = await settle(work, order, Action("pay_held", SYSTEM, note=note, is_quiet=True), actor, _rules(work))
    return Taken("held", after, came or asked, discrepancy=found)


async def _hold_unknown(work: Work, report: Report) -> Taken:
    """Money for nothing that we asked for. It is kept, and the shop decides."""
    came = None
    digests.expect(work)
    if report.amount is not None:
        came = work.add(
            PAYMENTS,
            Payment(
                work.ids.new(), work.store.id, None, report.method or report.provider, report.amount,
                report.currency or work.store.currency, COMPLETED, work.now, provider=report.provider,
                reference=report.reference, transaction_id=report.transaction_id,
                captured_at=report.at or work.now, is_held=True,
            ),
        )  # fmt: skip
    found = await _ask_shop(work, UNKNOWN, report, None, came)
    return Taken("held" if found else None, payment=came, discrepancy=found)


async def _ask_shop(
    work: Work, kind: str, report: Report, order_id: int | None, came: Payment | None, *, expected: int | None = None,
    refund_id: int | None = None, amount: int = 0,
) -> Discrepancy | None:  # fmt: skip
    """A question to the shop; None when it has been asked this already, of money that is no payment of ours."""
    transaction = report.refund or report.transaction_id
    if came is None:
        for one in await _asked_about(work, report.provider, report.reference):
            if (one.kind, one.payment_id, one.transaction_id) == (kind, None, transaction):
                return None
    return work.add(
        DISCREPANCIES,
        Discrepancy(
            work.ids.new(), work.store.id, kind, order_id, came.id if came else None, refund_id, report.provider,
            report.reference, came.amount if came else amount, came.currency if came else report.currency, work.now,
            expected=expected, transaction_id=transaction,
        ),
    )  # fmt: skip


async def _take_refund(work: Work, report: Report, known: Sequence[Payment], event_id: int) -> Taken:
    """Our refund by its transaction, or the oldest of that amount whose transaction is not known yet; else another's.

    What was given back of a transaction that we have not heard of is no other's: the shop is asked about it until we have.
    """
    if not known:
        return Taken()
    own = [p for p in known if p.transaction_id in (None, report.transaction_id) or report.transaction_id is None]
    found = [(payment, refund) for payment in own for refund in await _refunds_of(work, payment)]
    unnamed = [(p, r) for p, r in found if r.transaction_id is None and not r.to_credit and r.amount == report.amount]
    ways = [
        *((p, r) for p, r in found if r.transaction_id == report.refund),
        *((p, r) for p, r in unnamed if r.state == ledger.PENDING),
        *((p, r) for p, r in unnamed if r.state == FAILED),
    ]
    if ways:
        return await settle_refund(work, *ways[0], report, event_id)
    paid = next((payment for payment in own if payment.state == COMPLETED), None)
    return await (_refunded_elsewhere if paid else _refunded_unseen)(work, paid or known[0], report, event_id)


async def _refunded_unseen(work: Work, asked: Payment, report: Report, event_id: int) -> Taken:
    """Somebody has given back what came by the same reference and was not told us."""
    order = await orders.get(work, asked.order_id) if asked.order_id is not None else None
    over = await _over_of(work, asked, report)
    if report.says == "settle" and report.amount is not None:
        return await _over_refunded(work, order, asked, report, event_id)
    if over is not None and not over.outcome:
        close(work, over, "known", Actor(None, event_id))
    return Taken(None, order, asked)


async def _refunded_elsewhere(work: Work, payment: Payment, report: Report, event_id: int) -> Taken:
    """Somebody has given back what came by this payment, and not through us: that money is gone all the same."""
    order = await orders.get(work, payment.order_id) if payment.order_id is not None else None
    has_gone = report.says == "settle"
    if report.amount is None:
        return Taken(None, order, payment)
    over = await _over_of(work, payment, report)
    if has_gone and (report.amount > payment.left or (over is not None and over.outcome)):
        return await _over_refunded(work, order, payment, report, event_id)
    back = work.add(
        REFUNDS,
        Refund(
            work.ids.new(), work.store.id, payment.order_id, payment.id, report.amount, SETTLED if has_gone else FAILED,
            report.reason, to_credit=False, created_at=work.now, settled_at=work.now if has_gone else None,
            transaction_id=report.refund,
        ),
    )  # fmt: skip
    if over is not None and not over.outcome:  # there is room for it by now, or it has come in again
        close(work, over, "known", Actor(None, event_id))
    if not has_gone:
        return Taken(None, order, payment, back)
    payment = change(work, payment, refunded=payment.refunded + report.amount)
    order = await _settle_after(work, order, "refund", back, report, event_id=event_id)
    return Taken("refunded", order, payment, back)


async def _over_refunded(work: Work, order: Order | None, payment: Payment, report: Report, event_id: int) -> Taken:
    amount = report.amount or 0
    shown = replace(report, reference=payment.reference, currency=payment.currency)
    found = await _ask_shop(
        work, OVER_REFUNDED, shown, order.id if order else None, None, amount=amount, expected=payment.left
    )
    if found is None:
        return Taken(None, order, payment)
    if order is not None:
        note = f"{major(amount, payment.currency)} {OVER_REFUNDED} {payment.reference}"
        action = Action("pay_held", SYSTEM, note=note, is_quiet=True)
        order = await settle(work, order, action, Actor(None, event_id), _rules(work))
    return Taken("held", order, payment, discrepancy=found)


async def settle_refund(work: Work, payment: Payment, back: Refund, report: Report, event_id: int) -> Taken:
    """A refund went through, or did not: then the money is still here, and the shop decides what next.

    That the provider itself calls failed is final. What only we had given up may have gone through all the same.
    """
    order = await orders.get(work, payment.order_id) if payment.order_id is not None else None
    named = report.refund or None
    if named is not None and named != back.transaction_id:
        others = await _refunds_of(work, payment)
        back = next((other for other in others if other.transaction_id == named), back)
    over = await _over_of(work, payment, report)
    if report.says == "fail" and over is not None and not over.outcome:
        close(work, over, "known", Actor(None, event_id))
    if named is not None and back.transaction_id not in (None, named):
        return await _refunded_elsewhere(work, payment, replace(report, amount=report.amount or back.amount), event_id)
    is_given_up = back.state == FAILED and back.transaction_id is None
    if report.says == "settle" and is_given_up and back.amount > payment.left:
        change_refund(work, back, transaction_id=named)
        return await _over_refunded(work, order, payment, replace(report, amount=back.amount), event_id)
    if report.says == "settle" and (back.state == ledger.PENDING or is_given_up):
        if is_given_up:
            payment = change(work, payment, refunded=payment.refunded + back.amount)
            for asked in await _asked_about(work, payment.provider, payment.reference):
                if asked.refund_id == back.id and not asked.outcome:
                    close(work, asked, "known", Actor(None, event_id))
        if over is not None and not over.outcome:  # it was told before what it was of
            close(work, over, "known", Actor(None, event_id))
        back = change_refund(work, back, state=SETTLED, settled_at=work.now, transaction_id=named)
        after = await _settle_after(work, order, "refund_settled", back, report, event_id=event_id)
        return Taken("settle", after, payment, back)
    is_taken_back = back.state == SETTLED and named is not None and named == back.transaction_id
    if report.says == "fail" and (back.state == ledger.PENDING or is_taken_back):
        back = change_refund(work, back, state=FAILED, transaction_id=named)
        payment = change(work, payment, refunded=payment.refunded - back.amount)
        failed = replace(payment, amount=back.amount)
        found = await _ask_shop(work, REFUND_FAILED, report, payment.order_id, failed, refund_id=back.id)
        after = await _settle_after(work, order, "refund_failed", back, report, event_id=event_id)
        return Taken("refund_failed", after, payment, back, found)
    if named is not None and named != back.transaction_id:
        back = change_refund(work, back, transaction_id=named)
    return Taken(None, order, payment, back)


async def _settle_after(
    work: Work, order: Order | None, name: str, back: Refund, report: Report, *, event_id: int
) -> Order | None:
    if order is None:
        return None
    note = f"{major(back.amount, order.currency)} {report.reason}".strip()
    action = Action(name, SYSTEM, note=note, is_quiet=True)
    return await settle(work, order, action, Actor(None, event_id), _rules(work))


async def _over_of(work: Work, payment: Payment, report: Report) -> Discrepancy | None:
    """What the shop was asked because this transaction gave back too much."""
    for found in await _asked_about(work, payment.provider, payment.reference):
        if (found.kind, found.transaction_id) == (OVER_REFUNDED, report.refund):
            return found
    return None


async def _asked_about(work: Work, provider: str, reference: str) -> list[Discrepancy]:
    [rows] = await work.load_late(_ASKED(store_id=work.store.id, provider=provider, reference=reference))
    work.loaded(DISCREPANCIES, [Discrepancy(**row) for row in rows])
    return [one for one in work.all(DISCREPANCIES) if (one.provider, one.reference) == (provider, reference)]


async def open_discrepancies(work: Work, limit: int = 50) -> list[Discrepancy]:
    """What waits for a decision, the oldest first."""
    [rows] = await work.load_late(_OPEN(store_id=work.store.id, limit=limit))
    work.loaded(DISCREPANCIES, [Discrepancy(**row) for row in rows])
    return sorted((one for one in work.all(DISCREPANCIES) if not one.outcome), key=lambda one: one.id)


async def find_discrepancy(work: Work, id_: int) -> Discrepancy | None:
    if work.find(DISCREPANCIES, id_) is None:
        [rows] = await work.load_late(_DISCREPANCY(id=id_, store_id=work.store.id))
        work.loaded(DISCREPANCIES, [Discrepancy(**row) for row in rows])
    return work.find(DISCREPANCIES, id_)


async def discrepancies_of(work: Work, order: Order) -> list[Discrepancy]:
    [rows] = await work.load_late(_DISCREPANCIES_OF(order=order.id))
    work.loaded(DISCREPANCIES, [Discrepancy(**row) for row in rows])
    return sorted((one for one in work.all(DISCREPANCIES) if one.order_id == order.id), key=lambda one: one.id)


def close(work: Work, found: Discrepancy, outcome: str, actor: Actor) -> Discrepancy:
    """The shop has decided: "refund", "credit", "count" or "reopen" (or "known", of what left nothing to decide)."""
    return work.replace(
        DISCREPANCIES,
        replace(
            found, outcome=outcome, settled_at=work.now, settled_by=actor.contact_id, version=found.version + 1
        ),
    )  # fmt: skip


async def count(work: Work, found: Discrepancy, actor: Actor, *, by: str) -> Order:
    """Held money counts from now on for its order, of the same currency."""
    assert found.payment_id is not None
    assert found.order_id is not None
    order = await orders.get(work, found.order_id)
    came = change(work, await get(work, found.payment_id), is_held=False)
    assert came.currency == order.currency
    note = f"{major(came.amount, came.currency)} {came.method} {came.reference}"
    return await settle(work, order, Action("paid", by, note=note), actor, _rules(work), came=came)


async def _of_reference(work: Work, report: Report) -> list[Payment]:
    """The payments that were asked of this provider by this reference, the oldest first."""
    return [asked for asked in await _asked_as(work, report.reference) if asked.provider == report.provider]


async def _asked_as(work: Work, reference: str) -> list[Payment]:
    if not reference:
        return []
    [rows] = await work.load_late(_BY_REFERENCE(store_id=work.store.id, reference=reference))
    _loaded(work, rows)
    return sorted((p for p in work.all(PAYMENTS) if p.reference == reference), key=lambda p: p.id)


async def _of_transaction(work: Work, report: Report) -> list[Payment]:
    """The payment that has this very transaction, if there is one."""
    if report.transaction_id is None:
        return []
    wanted = {"provider": report.provider, "transaction_id": report.transaction_id}
    [rows] = await work.load_late(_BY_TRANSACTION(store_id=work.store.id, **wanted))
    _loaded(work, rows)
    return [p for p in work.all(PAYMENTS) if (p.provider, p.transaction_id) == tuple(wanted.values())]


async def refund_of(work: Work, payment: Payment, refund_id: int) -> Refund:
    return next(refund for refund in await _refunds_of(work, payment) if refund.id == refund_id)


async def _refunds_of(work: Work, payment: Payment) -> list[Refund]:
    [rows] = await work.load_late(_REFUNDS_OF(id=payment.id))
    work.loaded(REFUNDS, [Refund(**row) for row in rows])
    return [refund for refund in work.all(REFUNDS) if refund.payment_id == payment.id]


def _loaded(work: Work, rows: Sequence[dict[str, Any]]) -> list[Payment]:
    work.loaded(PAYMENTS, [Payment(**row) for row in rows])
    return [found for row in rows if (found := work.find(PAYMENTS, row["id"])) is not None]


def _rules(work: Work) -> Settings:
    return Settings(work.store.settings)
