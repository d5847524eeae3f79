"""How a customer pays: the way is chosen, the request comes again, and a picture shows that a transfer was made."""

from flows import checkout, choice, discrepancy, labels, requests, slot_offers
from flows import payments as rules
from flows.choice import OTHER, PAY, Way
from flows.commands import BY_WORD
from flows.effects import TellStaff
from flows.inbound import Media, Tap, Words
from flows.ledger import CHECKOUT, COMPLETED, FAILED, Payment
from flows.messages import Button, Buttons, Message, Text
from flows.money import show
from flows.news import News
from flows.order import CUSTOMER, DEAD, STAFF, Order, Step
from flows.phrases import say
from flows.requests import Asking
from flows.till import Given, Till
from flows.understand import Wish, wish
from flows.understand import number as number_in
from handlers.turn import Turn
from models import choices, effects, ledger, orders, payments, progress, timers, visits
from models.payments import Taken

PROOFS = ("image", "document")


async def on_tap(turn: Turn) -> bool:
    """Whether this was a button about paying an order of this customer's own."""
    content = turn.message.content
    tapped = checkout.read_tap(content.id) if isinstance(content, Tap) else None
    if tapped is None or tapped[0] not in ("p", "w"):
        return False
    kind, number, word = tapped
    order = await turn.theirs(number)
    if order is None:
        return False
    if kind == "w":
        await _change(turn, order, word)
    elif word == PAY:
        await _pay(turn, order)
    elif word == OTHER:
        await _offer_other(turn, order)
    else:
        await _choose(turn, order, word)
    return True


async def on_words(turn: Turn) -> bool:
    """Whether somebody wishes to pay, or wrote out how."""
    content = turn.message.content
    assert isinstance(content, Words)
    if wish(content.body) is Wish.PAY:
        return await _pay_named(turn, number_in(content.body))
    waiting = [o for o in orders.open_with(turn.work, turn.contact.id) if o.checkout_step == Step.PAYMENT]
    for order in reversed(waiting):
        offered = await choices.ways(turn.work, order)
        if (way := choice.said(offered, content.body, order, turn.language)) is not None:
            await _take(turn, order, way, offered)
            return True
    return False


async def on_picture(turn: Turn) -> bool:
    """Whether this picture shows a transfer that was asked for. Any other is what it was."""
    content = turn.message.content
    assert isinstance(content, Media)
    found = await _awaiting_proof(turn, content) if content.kind in PROOFS and content.id else None
    if found is None:
        return False
    order, asked = await payments.claim(
        turn.work, *found, proof=content.id or "", wamid=turn.message.wamid or "", actor=turn.actor
    )
    about = _asking(turn, order, asked)
    effects.tell_staff(turn.work, TellStaff(about.news_proof(turn.who), but=turn.contact.id))
    turn.say(Text(about.under_way()), about=order)
    return True


async def on_verdict(turn: Turn) -> bool:
    """Whether somebody of the shop said that the money of a request is there, or is not."""
    content = turn.message.content
    tapped = requests.read_answer(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tapped is None:
        return False
    row = BY_WORD["paid"]
    if not turn.permits(row):
        return True
    number, payment_id, answer = tapped
    order = await orders.find(turn.work, number)
    asked = await payments.find(turn.work, payment_id)
    if order is None or asked is None or asked.order_id != order.id or asked.provider:
        turn.record(row.action, "unknown")
        turn.say(Text(say("till.gone", turn.store.language)))
    elif asked.state == COMPLETED or (answer == requests.OUT and not asked.is_open):
        turn.answer(order, row.action, "already", _asking(turn, order, asked).settled_already())
    elif answer == requests.IN:
        await _found(turn, await payments.accept(turn.work, asked, turn.actor, by=STAFF))
    else:
        after, asked = await payments.not_found(turn.work, order, asked, turn.actor, by=STAFF)
        about = _asking(turn, after, asked, await turn.language_of(order))
        turn.answer(after, row.action, "done", about.refused())
        await turn.tell_customer(after, about.not_found(), about.language)
    return True


async def _found(turn: Turn, taken: Taken) -> None:
    """The money is there: it counts, or fits nothing any more and waits for a decision."""
    order, payment = taken.order, taken.payment
    assert order is not None
    assert payment is not None
    if taken.discrepancy is not None:
        news = discrepancy.news(taken.discrepancy, order, turn.store)
        effects.tell_staff(turn.work, TellStaff(news, but=turn.contact.id))
        turn.answer(order, "paid", "held", discrepancy.shown(taken.discrepancy, order, turn.store))
        return
    till, language = Till(order, turn.store), await turn.language_of(order)
    turn.answer(order, "paid", "done", till.paid(Given(payment.amount, payment.method, payment.reference)))
    told = _asking(turn, order, payment).news_paid(await turn.customer_of(order))
    effects.tell_staff(turn.work, TellStaff(News(told, (), order.id), but=turn.contact.id))
    words = till.notice_paid(payment.amount, language)
    if not await progress.paid(turn.work, order, payment, words, cause=turn.event.id):
        await turn.tell_customer(order, words, language)


# The first choice


async def _choose(turn: Turn, order: Order, word: str) -> None:
    """A button of the review. What was decided before stays, and so does what has ended."""
    if order.checkout_step != Step.PAYMENT or not (order.is_open or order.status == "abandoned"):
        await _say_chosen(turn, order)
        return
    offered = await choices.ways(turn.work, order)
    if (way := choice.find(offered, word)) is None:
        turn.say(
            await _ask_again(turn, order, offered, say("choose.gone", turn.language, label=order.label)), about=order
        )
    else:
        await _take(turn, order, way, offered)


async def _take(turn: Turn, order: Order, way: Way, offered: tuple[Way, ...], *, kind: str = "p") -> None:
    """With a way for all of it the order is complete: it goes on, and its customer reads how."""
    if way.is_open:
        ask = choice.ask_rest(order, way, offered, store=turn.store, language=turn.language, kind=kind)
        turn.say(ask, about=order)
    elif (back := await turn.recover(order)) is not None:
        after = await choices.choose(turn.work, back, way, turn.actor, by=CUSTOMER)
        after = await orders.submit(turn.work, after, turn.event.id, turn.settings, has_arrived=True)
        turn.say(await _chosen(turn, after, way), about=after)


async def _chosen(turn: Turn, order: Order, way: Way) -> Message:
    method = choice.title(Way(way.method), order, turn.language)
    parts = [say("choose.done", turn.language, label=order.label, method=method)]
    if way.credit:
        credit = show(way.credit, order.currency, turn.store.locale)
        parts = [say("choose.took_credit", turn.language, label=order.label, credit=credit)]
    text = "\n\n".join([*parts, await _next(turn, order)])
    visit = await visits.of(turn.work, order)
    return slot_offers.booked(order, visit, text, turn.store, turn.language, now=turn.work.now) if visit else Text(text)


async def _say_chosen(turn: Turn, order: Order) -> None:
    """An old button: nothing happens, and its customer reads how it stands."""
    if not order.is_open:
        turn.say(_ended(turn, order), about=order)
        return
    method = labels.method(order, turn.language)
    text = say("choose.already", turn.language, label=order.label, method=method)
    turn.say(await _with_other(turn, order, f"{text} {await _next(turn, order)}"), about=order)


# Another way than the one that stands


async def _others(turn: Turn, order: Order) -> tuple[Way, ...]:
    """The ways that this order could be paid instead. Not once it has left, or when money is on its way."""
    asked = await payments.open_of(turn.work, order)
    if not choice.may_change(order) or (asked is not None and asked.state != CHECKOUT):
        return ()
    return tuple(way for way in await choices.ways(turn.work, order) if way.word != order.payment_method)


async def _with_other(turn: Turn, order: Order, text: str) -> Message:
    if not await _others(turn, order):
        return Text(text)
    return Buttons(text, (Button(f"p{order.number}.{OTHER}", say("choose.other", turn.language)),))


async def _offer_other(turn: Turn, order: Order) -> None:
    offered = await _others(turn, order)
    if order.checkout_step == Step.COMPLETE and offered:
        turn.say(await _ask_again(turn, order, offered, "", kind="w"), about=order)
    else:
        await _pay(turn, order)


async def _change(turn: Turn, order: Order, bound: str) -> None:
    """A button of another choice: it is about the order as it was then."""
    version, _, word = bound.partition(".")
    offered = await _others(turn, order)
    way = choice.find(offered, word)
    if way is None or version != str(order.version):
        text = say("choose.changed", turn.language, label=order.label)
        turn.say(await _with_other(turn, order, f"{text} {await _next(turn, order)}"), about=order)
        return
    if not way.is_open:
        await payments.withdraw(turn.work, order, turn.actor)
        order = await orders.get(turn.work, order.id)
    await _take(turn, order, way, offered, kind="w")


# Paying, and paying again


async def _pay_named(turn: Turn, number: int | None) -> bool:
    """The order they name, else the newest that something is due for."""
    if number is not None:
        if (named := await turn.theirs(number)) is None:
            turn.say(Text(say("pay.unknown", turn.language, label=f"#{number}")))
        else:
            await _pay(turn, named)
        return True
    found = await orders.last_of(turn.work, turn.contact.id)
    chosen = next((order for order in found if order.balance_due and order.status not in DEAD), None)
    if chosen is None and not found:
        return False
    await _pay(turn, chosen or found[0])
    return True


async def _pay(turn: Turn, order: Order) -> None:
    """The way to pay, once more or a new one; or why there is nothing to be paid now."""
    if order.status in DEAD:
        turn.say(_ended(turn, order), about=order)
    elif order.checkout_step == Step.ADDRESS and order.is_open:
        turn.say(Text(say("timeline.address", turn.language, label=order.label)), about=order)
    elif order.checkout_step == Step.PAYMENT and order.is_open:
        turn.say(await _ask_again(turn, order, await choices.ways(turn.work, order), ""), about=order)
    elif not order.balance_due:
        turn.say(Text(say("pay.nothing_due", turn.language, label=order.label)), about=order)
    elif not choice.may_pay(order):
        text = say("pay.not_now", turn.language, label=order.label, store=turn.store.name)
        turn.say(Text(text), about=order)
    else:
        await _ask(turn, order)


async def _ask(turn: Turn, order: Order) -> None:
    """What is open is said again; what has failed or lapsed is asked for anew, with a reference of its own."""
    money, _ = await ledger.money_of(turn.work, order)
    last = next((payment for payment in reversed(money) if payment.is_request), None)
    if last is not None and last.is_held:
        turn.say(Text(say("pay.not_now", turn.language, label=order.label, store=turn.store.name)), about=order)
    elif last is not None and last.is_open and last.state != CHECKOUT:
        turn.say(Text(_asking(turn, order, last).under_way()), about=order)
    elif last is not None and last.is_open and last.asked_at is None:
        turn.say(Text(_asking(turn, order, last).coming()), about=order)
    elif last is not None and (last.is_open or (last.state == FAILED and not last.provider)):
        _tell(turn, last)
    elif rules.asks_again(order, last, turn.settings):
        amount = rules.amount_to_ask(order, turn.settings) or order.balance_due
        _, fresh = await payments.ask(
            turn.work, order, amount=amount, method=rules.method_again(order, last), actor=turn.actor, by=CUSTOMER
        )
        if fresh.asked_at is None:
            turn.say(Text(_asking(turn, order, fresh).coming()), about=order)
        else:
            _tell(turn, fresh)
    else:
        turn.say(await _with_other(turn, order, await _next(turn, order)), about=order)


def _tell(turn: Turn, asked: Payment) -> None:
    timers.ring(turn.work, kind=rules.TELL, subject=str(asked.id), cause=turn.event.id)


# What all of them need


async def _awaiting_proof(turn: Turn, content: Media) -> tuple[Order, Payment] | None:
    """The order whose transfer was asked for: the one replied to or named, else the one that was asked for last."""
    replied = await turn.replied()
    number = replied.number if replied else number_in(content.caption or "")
    found: list[tuple[Order, Payment]] = []
    for order in orders.open_with(turn.work, turn.contact.id):
        money, _ = await ledger.money_of(turn.work, order)
        last = next((payment for payment in reversed(money) if payment.is_request), None)
        if last is not None and not last.provider and last.asked_at and (last.is_open or last.state == FAILED):
            found.append((order, last))
    named = [each for each in found if each[0].number == number]
    return max(named or found, key=lambda each: each[1].id, default=None)


async def _ask_again(turn: Turn, order: Order, offered: tuple[Way, ...], head: str, *, kind: str = "p") -> Message:
    if not offered:
        return Text("\n\n".join(filter(None, [head, await _next(turn, order)])))
    return choice.ask(order, offered, head, store=turn.store, language=turn.language, kind=kind)


def _ended(turn: Turn, order: Order) -> Text:
    status = labels.milestone(order.status, order, turn.language).lower()
    return Text(say("choose.ended", turn.language, label=order.label, status=status))


async def _next(turn: Turn, order: Order) -> str:
    visit = await visits.of(turn.work, order)
    return checkout.next_step(order, turn.settings, turn.store, turn.language, now=turn.work.now, visit=visit)


def _asking(turn: Turn, order: Order, asked: Payment, language: str | None = None) -> Asking:
    return Asking(order, asked, turn.store, turn.settings, language or turn.language)
