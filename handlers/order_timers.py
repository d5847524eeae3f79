"""What the clock does to orders: it reminds, abandons, expires, completes and archives. What fits no longer changes nothing."""

from flows import checkout, choice, notices
from flows.lifecycle import Refused
from flows.messages import Message, Text
from flows.money import show
from flows.order import SYSTEM, TIMER, Action, Step
from flows.order_table import ABANDON, ARCHIVE, COMPLETE, REMIND, STALE, open_until
from flows.phrases import say
from flows.settings import Settings
from models import choices, contacts, effects, orders, outbox, timers
from models.inbox import Event
from models.orders import Actor
from models.work import Work


async def on_remind(work: Work, event: Event, subject: str) -> None:
    """Once, if the address or the way to pay is still missing; not when we were away so long that the order is put aside anyway."""
    order = await orders.get(work, int(subject))
    waits = dict(open_until(order, Settings(work.store.settings)))
    abandoned_at = waits.get(ABANDON)
    if REMIND not in waits or (abandoned_at is not None and abandoned_at <= work.now):
        return
    customer = await contacts.get(work, order.contact_id)
    language = customer.language or work.store.language
    amount = show(order.total, order.currency, work.store.locale)
    key = "notice.reminder" if order.checkout_step == Step.ADDRESS else "notice.reminder_payment"
    words = say(key, language, label=order.label, amount=amount)
    asked: Message = Text(words)
    if order.checkout_step == Step.PAYMENT:
        asked = choice.ask(order, await choices.ways(work, order), words, store=work.store, language=language)
    outbox.say(
        work, order.contact_id, asked, cause=event.id, order_id=order.id,
        fallback=checkout.fallback(order, work.store, words, language),
    )  # fmt: skip


async def on_abandon(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "abandon")


async def on_expire(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "expire")


async def on_complete(work: Work, event: Event, subject: str) -> None:
    await _end(work, event, subject, COMPLETE, "auto_complete_after")


async def on_archive(work: Work, event: Event, subject: str) -> None:
    await _end(work, event, subject, ARCHIVE, "auto_archive_after")


async def _end(work: Work, event: Event, subject: str, kind: str, wait: str) -> None:
    """Done with, unless somebody still owes something; then it is looked at again after as long."""
    order = await orders.get(work, int(subject))
    settings = Settings(work.store.settings)
    _, outcome = await orders.advance(work, order, Action(kind, TIMER), Actor(None, event.id), settings)
    if isinstance(outcome, Refused) and kind in dict(open_until(order, settings)):
        timers.start(work, kind=kind, subject=subject, due_at=work.now + settings.get(wait))


async def on_stale(work: Work, _event: Event, subject: str) -> None:
    """Once for each status in which an order waits too long for the shop: whoever has it is told, else everybody."""
    order = await orders.get(work, int(subject))
    settings = Settings(work.store.settings)
    due_at = dict(open_until(order, settings)).get(STALE)
    if due_at is not None and due_at <= work.now:
        effects.tell_staff(work, notices.stale(order, work.store, settings, work.now))


async def on_opening(work: Work, event: Event, subject: str) -> None:
    """What came while the shop was closed goes on, unless somebody saw to it before."""
    order = await orders.get(work, int(subject))
    settings = Settings(work.store.settings)
    holds = [change for change in await orders.changes_of(work, order) if change.action == "hold"]
    if order.status != "on_hold" or not holds or holds[-1].by != SYSTEM:
        return
    actor = Actor(None, event.id)
    order, _ = await orders.advance(work, order, Action("release", TIMER, is_quiet=True), actor, settings)
    order = await orders.submit(work, order, event.id, settings)
    customer = await contacts.get(work, order.contact_id)
    language = customer.language or work.store.language
    words = checkout.opened(order, settings=settings, store=work.store, language=language, now=work.now)
    if order.is_open and order.status != "on_hold":
        outbox.say(
            work, order.contact_id, Text(words), cause=event.id, order_id=order.id,
            fallback=checkout.fallback(order, work.store, words, language),
        )  # fmt: skip


async def _report(work: Work, event: Event, subject: str, fact: str) -> None:
    order = await orders.get(work, int(subject))
    await orders.advance(work, order, Action(fact, TIMER), Actor(None, event.id), Settings(work.store.settings))
