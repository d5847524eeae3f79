"""What follows when an order moves: who is told what, which timers ring, what becomes of the stock. All of it is data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows import card, checkout, durations, fulfilment
from flows.effects import Effect, MoveStock, Say, StartTimer, StopTimer, TellStaff
from flows.hours import next_opening
from flows.messages import Button, Text
from flows.money import show
from flows.news import News
from flows.order import CUSTOMER, Action, Line, Order, Sale
from flows.order_table import TIMERS, next_actions, open_until
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

TOLD: dict[str, str] = {
    "confirm": "notice.confirmed",
    "ship": "notice.shipped",
    "out": "notice.out",
    "deliver": "notice.delivered",
    "hold": "notice.held",
    "release": "notice.released",
    "cancel": "notice.canceled",
    "abandon": "notice.abandoned",
    "expire": "notice.expired",
}
"""Actions that the customer hears of, and how. Whoever acted gets an answer instead of the notice."""

ANNOUNCED = {"cancel": "news.canceled"}
"""Customer's actions that staff hear of; a complete order has its own news."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it happens: `customer` is what staff call the customer, `language` what the customer reads."""

    store: Store
    settings: Settings
    customer: str
    language: str
    actor_id: int | None


def follow(before: Sale, after: Sale, action: Action, where: Setting) -> list[Effect]:
    """Everything that follows from `before` having become `after` by `action`."""
    return [
        *_words(after.order, action, where),
        *_news(after.order, action, where),
        *timers(after.order, where.settings),
        *_stock(before, after),
    ]


def waiting(effects: Sequence[Effect], contact_id: int, until: datetime) -> tuple[list[Effect], int]:
    """What the customer is told waits as long as it can be taken back; and how many messages do."""
    told = [isinstance(effect, Say) and effect.contact_id == contact_id for effect in effects]
    waiting = [
        replace(effect, due_at=until) if isinstance(effect, Say) and is_told else effect
        for effect, is_told in zip(effects, told, strict=True)
    ]
    return waiting, sum(told)


def undone(before: Sale, after: Sale, settings: Settings) -> list[Effect]:
    """What follows when `before` is taken back and the order is as it was."""
    return [*timers(after.order, settings), *_stock(before, after)]


def opens_later(order: Order, settings: Settings, store: Store, now: datetime) -> datetime | None:
    """When an order that has just come goes on, if the shop is closed and holds such orders (`after_hours`)."""
    if order.status != "placed" or settings.get("after_hours") != "hold":
        return None
    return next_opening(settings.get("business_hours"), now, store.zone)


def submitted(order: Order, lines: Sequence[Line], where: Setting) -> TellStaff:
    """A complete order is announced with its card and the actions that come next."""
    text = card.announcement(order, lines, where.store, customer=where.customer)
    return TellStaff(News(text, _buttons(order, where.settings, where.store), order.id), but=None)


def stale(order: Order, store: Store, settings: Settings, now: datetime) -> TellStaff:
    """An order that nobody has taken further for too long, with what comes next."""
    head, since = card.head(order, store.language), durations.about(now - order.changed_at)
    text = say("news.stale", store.language, head=head, since=since)
    return TellStaff(News(text, _buttons(order, settings, store), order.id), to=order.assignee_id)


def _buttons(order: Order, settings: Settings, store: Store) -> tuple[Button, ...]:
    return tuple(
        Button(card.action_id(order, event), say(f"action.{event}", store.language))
        for event in next_actions(order, settings)[:3]
    )


def timers(order: Order, settings: Settings) -> list[Effect]:
    """The order's timers as they should stand now: what was set for another state of things is stopped."""
    to_start = started(order, settings)
    wanted = {timer.kind: timer.due_at for timer in to_start}
    return [*(StopTimer(kind, str(order.id), but=wanted.get(kind)) for kind in TIMERS), *to_start]


def started(order: Order, settings: Settings) -> list[StartTimer]:
    """The timers of an order that has none yet."""
    return [StartTimer(kind, str(order.id), due_at) for kind, due_at in open_until(order, settings)]


def promised(sale: Sale) -> list[Effect]:
    """The pieces that a new order takes from what may be sold."""
    return [MoveStock(sku, reserved=count) for sku, count in fulfilment.promised(sale).items()]


def _words(order: Order, action: Action, where: Setting) -> list[Effect]:
    key = TOLD.get(action.event)
    if key is None or action.is_quiet or where.actor_id == order.contact_id or not order.has_chat:
        return []
    text = say(key, where.language, **_fields(order, where))
    if action.event == "ship":
        text = " ".join([text, _tracking(order, where)])
    if action.event in ("hold", "cancel") and action.note:
        text = " ".join([text, say("notice.reason", where.language, reason=plain(action.note, 200))])
    return [Say(order.contact_id, Text(text), checkout.fallback(order, where.store, text, where.language), order.id)]


def _fields(order: Order, where: Setting) -> dict[str, object]:
    amount = show(order.total, order.currency, where.store.locale)
    return {"label": order.label, "store": where.store.name, "amount": amount}


def _tracking(order: Order, where: Setting) -> str:
    if not order.tracking:
        return ""
    if order.carrier:
        return say("notice.tracking_with", where.language, tracking=order.tracking, carrier=order.carrier)
    return say("notice.tracking", where.language, tracking=order.tracking)


def _news(order: Order, action: Action, where: Setting) -> list[Effect]:
    key = ANNOUNCED.get(action.event)
    if key is None or action.by != CUSTOMER:
        return []
    text = say(key, where.store.language, label=order.label, customer=plain(where.customer))
    return [TellStaff(News(text, (), order.id), but=where.actor_id)]


def _stock(before: Sale, after: Sale) -> list[Effect]:
    """What the shelf keeps for the order, and what has left it, before and after. What was canceled on its way comes back
    by a return, not by itself.
    """
    kept, keeps = fulfilment.promised(before), fulfilment.promised(after)
    gone, goes = fulfilment.gone(before), fulfilment.gone(after)
    moves = [
        MoveStock(sku, reserved=keeps[sku] - kept[sku], on_hand=gone[sku] - goes[sku])
        for sku in [line.retailer_id for line in after.lines]
    ]
    return [move for move in moves if move.reserved or move.on_hand]
