"""What the clock does to orders: it reminds, abandons, expires, completes and archives. What fits no longer changes nothing."""

from flows import checkout
from flows.messages import Text
from flows.money import show
from flows.order import TIMER, Action
from flows.order_table import ABANDON, REMIND, open_until
from flows.phrases import say
from flows.settings import Settings
from models import contacts, orders, outbox
from models.inbox import Event
from models.orders import Actor
from models.work import Work


async def on_remind(work: Work, event: Event, subject: str) -> None:
    """Once, if the address is still missing; not when we were away so long that the order is put aside anyway."""
    order = await orders.get(work, int(subject))
    waits = dict(open_until(order, Settings(work.store.settings)))
    abandoned_at = waits.get(ABANDON)
    if REMIND not in waits or (abandoned_at is not None and abandoned_at <= work.now):
        return
    customer = await contacts.get(work, order.contact_id)
    language = customer.language or work.store.language
    amount = show(order.total, order.currency, work.store.locale)
    words = say("notice.reminder", language, label=order.label, amount=amount)
    outbox.say(
        work, order.contact_id, Text(words), cause=event.id, order_id=order.id,
        fallback=checkout.fallback(order, work.store, words, language),
    )  # fmt: skip


async def on_abandon(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "abandon")


async def on_expire(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "expire")


async def on_complete(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "complete")


async def on_archive(work: Work, event: Event, subject: str) -> None:
    await _report(work, event, subject, "archive")


async def _report(work: Work, event: Event, subject: str, fact: str) -> None:
    order = await orders.get(work, int(subject))
    await orders.advance(work, order, Action(fact, TIMER), Actor(None, event.id), Settings(work.store.settings))
