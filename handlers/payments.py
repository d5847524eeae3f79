"""What becomes of asking for money: requests go out, providers report and answer, timers remind and end."""

from flows import discrepancy, dues
from flows import payments as rules
from flows.effects import TellStaff
from flows.ledger import CHECKOUT, COMPLETED, FAILED, PENDING, Payment
from flows.lifecycle import Move
from flows.messages import Button, Text
from flows.news import News
from flows.order import DEAD, TIMER, Action, Order
from flows.order_table import decide
from flows.payments import CREATE, REFUND, Answered, Report, Reported
from flows.requests import Asking
from flows.settings import Settings
from flows.templates import order_update
from flows.till import Till
from models import calls, contacts, effects, ledger, orders, outbox, payments, progress, timers
from models.inbox import Event
from models.orders import Actor
from models.payments import Taken
from models.work import Work


async def on_ask(work: Work, event: Event, subject: str) -> None:
    """An order has changed, or money came: what is due now is asked for once, and nothing more than is due."""
    await _ask(work, event, int(subject), is_other=False)


async def on_reckon(work: Work, event: Event, subject: str) -> None:
    """An order costs more or less than before: what is open is withdrawn, and the difference asked for."""
    await _ask(work, event, int(subject), is_other=True)


async def _ask(work: Work, event: Event, order_id: int, *, is_other: bool) -> None:
    order, settings = await orders.get(work, order_id), Settings(work.store.settings)
    actor = Actor(None, event.id)
    if order.status in DEAD or not order.balance_due:
        await payments.withdraw(work, order, actor)
        order = await orders.get(work, order.id)
    await progress.follow(work, order, event.id)
    if order.status in DEAD or not order.balance_due:
        return
    found, _ = await ledger.money_of(work, order)
    last = next((payment for payment in reversed(found) if payment.is_request), None)
    if last is not None and last.is_payable:
        amount, method = rules.asks_instead(order, last, settings, is_other=is_other), last.method
    else:
        amount, method = rules.asks_now(order, last, settings), order.payment_method
    if amount:
        after, fresh = await payments.ask(work, order, amount=amount, method=method, actor=actor, by=TIMER)
        await say_request(work, event, after, fresh)


async def _not_possible(work: Work, event: Event, order: Order, asked: Payment, news: str) -> None:
    """Nobody is asked in vain: the shop hears why, the customer that somebody sees to it."""
    if asked.provider_id and asked.provider != rules.WHATSAPP:
        calls.book(work, rules.WITHDRAW, asked, cause=event.id)
    asked = await payments.could_not_ask(work, order, asked, Actor(None, event.id))
    about = await _asking(work, await orders.get(work, order.id), asked)
    _tell_staff(work, news, order)
    _say(work, event, order, about, about.unavailable())


async def on_tell(work: Work, event: Event, subject: str) -> None:
    """A customer wishes to pay and gets the request, or gets it once more."""
    asked = await payments.get(work, int(subject))
    if asked.order_id is not None and asked.is_payable:
        await say_request(work, event, await orders.get(work, asked.order_id), asked)


async def say_request(work: Work, event: Event, order: Order, asked: Payment) -> None:
    """Ask the customer, as soon as there is something to pay with."""
    if asked.asked_at is None:
        return
    about = await _asking(work, order, asked)
    if news := about.news_not_possible():
        await _not_possible(work, event, order, asked, news)
        return
    if not order.has_chat:
        return
    is_first = asked.asked_at == work.now
    if is_first and asked.method == "pix" and not asked.provider:
        customer = (await contacts.get(work, order.contact_id)).known_as(work.store.language)
        effects.tell_staff(work, TellStaff(about.news_asked(customer)))
    outbox.say(
        work, order.contact_id, about.message() if is_first else about.again(), cause=event.id,
        fallback=about.short() if is_first else about.reminder_short(), order_id=order.id, arrival=outbox.ONCE,
        purpose=outbox.NOTICE,
    )  # fmt: skip


async def on_reported(work: Work, event: Event, reported: Reported) -> None:
    for report in reported.reports:
        await _take(work, event, report)


async def on_answered(work: Work, event: Event, answered: Answered) -> None:
    """What came of a call. What nobody waits for any more is undone."""
    call, answer = answered.call, answered.answer
    assert call.payment_id is not None
    asked = await payments.get(work, call.payment_id)
    if call.kind == CREATE:
        await _on_means(work, event, asked, answered)
        return
    for report in answer.reports:
        if call.kind == REFUND and call.refund_id is not None:
            await _take_refund(work, event, asked, call.refund_id, report)
        else:
            await _take(work, event, report)
    if call.kind == REFUND and answer.fault and call.refund_id is not None:
        report = Report(call.provider, asked.reference, "fail", reason=answer.fault)
        await _take_refund(work, event, asked, call.refund_id, report)
    if call.kind == rules.CAPTURE and answer.fault:
        await _on_not_captured(work, event, answered)
    asked = await payments.get(work, asked.id)
    is_over = asked.expires_at is not None and asked.expires_at <= work.now
    if call.kind == rules.LOOK_UP and is_over and asked.is_payable:
        await _lapse(work, event, asked)


async def _on_means(work: Work, event: Event, asked: Payment, answered: Answered) -> None:
    answer = answered.answer
    assert asked.order_id is not None
    order = await orders.get(work, asked.order_id)
    if not asked.is_payable:
        if answer.provider_id and asked.state != COMPLETED:
            late = payments.means(work, asked, url=answer.url, provider_id=answer.provider_id)
            calls.book(work, rules.WITHDRAW, late, cause=event.id)
        return
    if answer.fault:
        about = await _asking(work, order, asked)
        await _not_possible(work, event, order, asked, about.news_not_asked(answer.fault))
        return
    await say_request(work, event, order, payments.means(work, asked, url=answer.url, provider_id=answer.provider_id))


async def _on_not_captured(work: Work, event: Event, answered: Answered) -> None:
    call = answered.call
    assert call.payment_id is not None
    asked = await payments.get(work, call.payment_id)
    if asked.state == PENDING and asked.order_id is not None:
        order, authorized = await orders.get(work, asked.order_id), int(call.details["authorized"] or asked.amount)
        after, asked = payments.not_captured(work, order, asked, authorized, Actor(None, event.id))
        about = await _asking(work, after, asked)
        _tell_staff(
            work, about.news_not_captured(answered.answer.fault), after, dues.buttons(after, work.store.language)
        )


async def on_remind(work: Work, event: Event, subject: str) -> None:
    """The ladder: it ends with the request, for then its timers are stopped."""
    asked = await payments.get(work, int(subject))
    if asked.state not in (CHECKOUT, FAILED) or asked.asked_at is None or asked.order_id is None:
        return
    order = await orders.get(work, asked.order_id)
    if order.balance_due and order.has_chat:
        about = await _asking(work, order, asked)
        outbox.say(
            work, order.contact_id, about.reminder(), cause=event.id, fallback=about.reminder_short(),
            order_id=order.id, purpose=outbox.NOTICE,
        )  # fmt: skip


async def on_look(work: Work, event: Event, subject: str) -> None:
    """Nobody has said what became of it: ask."""
    payment = await payments.get(work, int(subject))
    if await payments.waits_for_provider(work, payment):
        payments.look_up(work, payment, event.id)


async def on_lapse(work: Work, event: Event, subject: str) -> None:
    """Before a request ends for good whoever collects the money is asked: it may be there."""
    asked = await payments.get(work, int(subject))
    if not asked.is_payable or asked.order_id is None:
        return
    if asked.provider:
        payments.look_up(work, asked, event.id)
    elif asked.waits_for_shop:
        order = await orders.get(work, asked.order_id)
        customer = (await contacts.get(work, order.contact_id)).known_as(work.store.language)
        news = (await _asking(work, order, asked)).news_proof(customer, is_again=True)
        effects.tell_staff(work, TellStaff(news))
        timers.start(work, kind=rules.LAPSE, subject=subject, due_at=work.now + rules.ASK_STAFF_AGAIN)
    else:
        await _lapse(work, event, asked)


async def _lapse(work: Work, event: Event, asked: Payment) -> None:
    """It ends, unless the provider is at it: then it is looked at again. An order that goes on all the same says what is open."""
    assert asked.order_id is not None
    if asked.is_on_its_way:
        timers.start(work, kind=rules.LAPSE, subject=str(asked.id), due_at=work.now + rules.LOOK_AGAIN)
        return
    order, settings = await orders.get(work, asked.order_id), Settings(work.store.settings)
    await payments.withdraw(work, order, Actor(None, event.id), because=rules.EXPIRED)
    if decide(order, Action("expire", TIMER), settings) != Move("expired"):
        about = await _asking(work, order, asked)
        _tell_staff(work, about.news_lapsed(), order)
        _say_lapsed(work, event, order, about)


def _say_lapsed(work: Work, event: Event, order: Order, about: Asking) -> None:
    """The customer can have another request."""
    if order.has_chat and order.balance_due:
        outbox.notify(
            work, order.contact_id, about.lapsed(), cause=event.id, order_id=order.id,
            fallback=order_update(work.store, about.lapsed().body, about.language),
        )  # fmt: skip


async def on_unpaid(work: Work, event: Event, subject: str) -> None:
    """Nothing came for too long: the order expires, once it is sure that nothing is on its way."""
    order = await orders.get(work, int(subject))
    found, _ = await ledger.money_of(work, order)
    if asked := next((payment for payment in found if payment.is_payable), None):
        wait = rules.ASK_STAFF_AGAIN if asked.waits_for_shop else rules.LOOK_AGAIN
        timers.start(work, kind=rules.UNPAID, subject=subject, due_at=work.now + wait)
        return
    await orders.advance(work, order, Action("expire", TIMER), Actor(None, event.id), Settings(work.store.settings))


async def _take(work: Work, event: Event, report: Report) -> None:
    await tell(work, event, await payments.take(work, report, event.id), report.reason)


async def _take_refund(work: Work, event: Event, payment: Payment, refund_id: int, report: Report) -> None:
    refund = await payments.refund_of(work, payment, refund_id)
    await tell(work, event, await payments.settle_refund(work, payment, refund, report, event.id), report.reason)


async def tell(work: Work, event: Event, taken: Taken, reason: str = "") -> None:
    """Whoever should know hears what has come of it."""
    order, payment = taken.order, taken.payment
    if taken.discrepancy is not None:
        news = discrepancy.news(taken.discrepancy, order, work.store, reason=reason)
        effects.tell_staff(work, TellStaff(news))
    if taken.event == "held" and taken.refund is None and order is not None and payment is not None:
        about = await _asking(work, order, payment)
        _say(work, event, order, about, about.held())
    if order is None or payment is None or taken.event is None:
        return
    about = await _asking(work, order, payment)
    match taken.event:
        case rules.CAPTURED:
            customer = (await contacts.get(work, order.contact_id)).known_as(work.store.language)
            _tell_staff(work, about.news_paid(customer), order, about.verdicts())
            words = Till(order, work.store).notice_paid(payment.amount, about.language)
            if not await progress.paid(work, order, payment, words, cause=event.id):
                _say(work, event, order, about, words)
        case rules.AUTHORIZED:
            _tell_staff(work, about.news_authorized(), order, dues.buttons(order, work.store.language))
        case rules.REFUSED:
            _tell_staff(work, about.news_failed(reason), order)
            _say(work, event, order, about, about.failed())
        case "refunded" if taken.refund is not None:
            _tell_staff(work, about.news_refunded(taken.refund.amount), order)
        case rules.EXPIRED | rules.CANCELED if order.is_open:
            _say_lapsed(work, event, order, about)


def _tell_staff(work: Work, text: str, order: Order | None, buttons: tuple[Button, ...] = ()) -> None:
    effects.tell_staff(work, TellStaff(News(text, buttons, order.id if order else None)))


def _say(work: Work, event: Event, order: Order, about: Asking, text: str) -> None:
    if order.has_chat:
        outbox.notify(
            work, order.contact_id, Text(text), cause=event.id, order_id=order.id,
            fallback=order_update(work.store, text, about.language),
        )  # fmt: skip


async def _asking(work: Work, order: Order, asked: Payment) -> Asking:
    customer = await contacts.get(work, order.contact_id)
    language = customer.language or work.store.language
    lines = await orders.lines_of(work, order)
    return Asking(
        order, asked, work.store, Settings(work.store.settings), language, lines, customer.known_as(language)
    )  # fmt: skip
