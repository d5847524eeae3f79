"""What follows when an order moves: who is told what, which timers ring, what becomes of the stock. All of it is data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows import (
    booking,
    calendar_link,
    card,
    checkout,
    durations,
    feedback,
    fulfilment,
    labels,
    morning,
    payments,
    reminding,
    told,
    visits,
)
from flows.appointment import Visit
from flows.effects import Effect, FreeSlot, MoveStock, Ring, Say, StartTimer, StopTimer, TellStaff
from flows.fulfilment import Shipment
from flows.hours import moment, next_opening
from flows.messages import Button, Buttons, Message, Text
from flows.money import show
from flows.news import News
from flows.order import CUSTOMER, DEAD, ON_ITS_WAY, SYSTEM, Action, Line, Order, Part, Sale, Step
from flows.order_table import next_actions, open_until, table_of
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

ANNOUNCED = {"cancel": "news.canceled", "receipt": "news.receipt", "came_in": "news.came_in"}
"""What customers do and what happens by itself that staff hear of; a complete order has its own news."""
_ANNOUNCED_OF_BOOKINGS = {"cancel": "news.booking_canceled", "reschedule": "news.booking_moved"}
_OF_THE_WAY = frozenset({"confirmed", "resumed", "rejected", "invoice_issued", "canceled", "lines_canceled"})
"""Notices that say how it would reach the customer: sent, or picked up."""
_WITH_REASON = frozenset({"hold", "cancel", "cancel_lines", "failed", "reject", "deny"})
_ENDING = frozenset({"cancel", "cancel_lines", "reject", "deny", "lapse"})


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it happens: `customer` is what staff call the customer, `language` what the customer reads; `visit` is the
    appointment of a booking, and `now` the moment.
    """

    store: Store
    settings: Settings
    customer: str
    language: str
    actor_id: int | None
    now: datetime | None = None
    visit: Visit | None = None


def follow(
    before: Sale, after: Sale, action: Action, where: Setting, *,
    was: Sequence[Shipment] = (), now: Sequence[Shipment] = (),
) -> list[Effect]:  # fmt: skip
    """Everything that follows from `before` having become `after` by `action`, and its parcels (`was`) what they are `now`."""
    return [
        *_words(before.order, after, action, where),
        *_news(after, action, where),
        *_change(before.order, after.order, action, where),
        *timers(after.order, where),
        *(listed(where) if action.event == "reschedule" else []),
        *asks(before.order, after.order),
        *_slot(before.order, after.order, action, where),
        *_stock(before, after, was, now, is_sold=action.event != "came_in"),
    ]


def asks(before: Order, after: Order) -> list[Effect]:
    """Whoever sees to the order's money looks at it again: it may be time to ask for some, for none any more, or for other."""
    if before.total != after.total:
        return [Ring(payments.RECKON, str(after.id))]
    is_other = before.status != after.status and after.payment_method in payments.ASKED_FOR
    return [Ring(payments.ASK, str(after.id))] if is_other else []


def waiting(effects: Sequence[Effect], contact_id: int, until: datetime) -> tuple[list[Effect], int]:
    """What the customer is told waits as long as it can be taken back; and how many messages do: of one event it is one."""
    effects = [StartTimer(each.kind, each.subject, until) if isinstance(each, Ring) else each for each in effects]
    told = [isinstance(effect, Say) and effect.contact_id == contact_id for effect in effects]
    waiting = [
        replace(effect, due_at=until) if isinstance(effect, Say) and is_told else effect
        for effect, is_told in zip(effects, told, strict=True)
    ]
    return waiting, int(any(told))


def undone(
    before: Sale, after: Sale, where: Setting, *, was: Sequence[Shipment] = (), now: Sequence[Shipment] = ()
) -> list[Effect]:
    """What follows when `before` is taken back and the order with its parcels is as it was."""
    return [*timers(after.order, where), *_stock(before, after, was, now, is_sold=False)]


def opens_later(order: Order, settings: Settings, store: Store, now: datetime) -> datetime | None:
    """When an order that has just come goes on, if the shop is closed and holds such orders (`after_hours`)."""
    if order.status != "placed" or settings.get("after_hours") != "hold":
        return None
    return next_opening(settings.get("business_hours"), now, store.zone)


def submitted(order: Order, lines: Sequence[Line], where: Setting) -> TellStaff:
    """A complete order is announced with its card and the actions that come next."""
    text = card.announcement(order, lines, where.store, customer=where.customer, visit=where.visit)
    buttons = _buttons(order, where.settings, where.store, now=where.now, visit=where.visit)
    return TellStaff(News(text, buttons, order.id), but=None)


def booked(sale: Sale, where: Setting) -> list[Effect]:
    """What the customer reads of a booking that somebody else made for them, unless they are not to be told."""
    order, name = sale.order, told.of_status(sale.order)
    if name is None or name in where.settings.get("notify.off") or _is_out_of_reach(order, where):
        return []
    assert where.visit is not None
    text = visits.next_step(order, where.visit, where.settings, where.store, where.language)
    fallback = checkout.fallback(order, where.store, text, where.language)
    return [Say(order.contact_id, _asking(order, name, text, where), fallback, order.id)]


def stale(order: Order, store: Store, settings: Settings, now: datetime) -> TellStaff:
    """An order that nobody has taken further for too long, with what comes next."""
    head, since = card.head(order, store), durations.about(now - order.changed_at)
    text = say("news.stale", store.language, head=head, since=since)
    return TellStaff(News(text, _buttons(order, settings, store), order.id, is_nudge=True), to=order.assignee_id)


def _buttons(
    order: Order, settings: Settings, store: Store, *, now: datetime | None = None, visit: Visit | None = None
) -> tuple[Button, ...]:
    return tuple(
        Button(card.action_id(order, event), say(f"action.{event}", store.language))
        for event in next_actions(order, settings, now=now, visit=visit)[:3]
    )


def timers(order: Order, where: Setting) -> list[Effect]:
    """The order's timers as they should stand now: what was set for another state of things is stopped."""
    to_start = started(order, where)
    wanted: dict[str, list[datetime]] = {}
    for timer in to_start:
        wanted.setdefault(timer.kind, []).append(timer.due_at)
    unwanted = tuple(kind for kind in table_of(order).timers if kind not in wanted)
    moved = [StopTimer((kind,), str(order.id), but=tuple(moments)) for kind, moments in wanted.items()]
    return [StopTimer(unwanted, str(order.id)), *moved, *to_start]


def started(order: Order, where: Setting) -> list[StartTimer]:
    """The timers of an order that has none yet."""
    moments = open_until(order, where.settings, visit=where.visit, now=where.now, zone=where.store.zone)
    return [StartTimer(kind, str(order.id), due_at) for kind, due_at in moments]


def listed(where: Setting) -> list[StartTimer]:
    """An appointment stands in the list of its day, which is told in the morning."""
    if where.visit is None or where.now is None:
        return []
    due = morning.due(where.visit.appointment.starts_at, where.store, where.now)
    return [StartTimer(morning.TIMER, *due)] if due is not None else []


def promised(sale: Sale, parcels: Sequence[Shipment] = ()) -> list[Effect]:
    """The pieces that a new order takes from what may be sold."""
    moves = [MoveStock(sku, reserved=count, is_sold=True) for sku, count in fulfilment.promised(sale).items()]
    places = fulfilment.promised_at(sale.order, parcels)
    return [*moves, *(MoveStock(sku, count, location=place) for (sku, place), count in places.items())]


def changed(before: Order, after: Order, store: Store, *, but: int | None, only: int | None = None) -> TellStaff:
    """A change of status, for staff who wish to hear of each."""
    was, is_now = labels.staff(before, store), labels.staff(after, store)
    text = say("news.changed", store.language, label=after.label, before=was, after=is_now)
    return TellStaff(News(text, (), after.id), but=but, only=only)


def _change(before: Order, after: Order, action: Action, where: Setting) -> list[Effect]:
    who = told.tells_staff(before, after, action, where.settings)
    if who is None or labels.staff(before, where.store) == labels.staff(after, where.store):
        return []
    only = after.assignee_id if who == told.ASSIGNEE else None
    return [changed(before, after, where.store, but=where.actor_id, only=only)]


def _words(before: Order, sale: Sale, action: Action, where: Setting) -> list[Effect]:
    order = sale.order
    name = told.occasion(order, action)
    is_told = told.tells_customer(order, action, where.settings)
    if name is None or not is_told or action.is_quiet or _is_out_of_reach(order, where):
        return []
    key = f"notice.{name}"
    if order.is_booking:
        key = _key_of_booking(key, order, action, where.settings)
    elif action.event == "cancel" and before.status in ON_ITS_WAY:
        key = "notice.recalled"
    elif name == "expired" and (before.status != "abandoned" or order.checkout_step == Step.PAYMENT):
        key = "notice.expired_unpaid"
    elif name == "abandoned" and order.checkout_step == Step.PAYMENT:
        key = "notice.abandoned_payment"
    elif name in _OF_THE_WAY and order.delivery_method == "pickup" and before.status not in ON_ITS_WAY:
        key = f"notice.{name}_pickup"
    text = say(key, where.language, **_fields(sale, action, where, where.language))
    if action.event == "ship":
        text = " ".join([text, *_in_part(sale, action, where), _tracking(order, action, where)]).strip()
    if sums := _sums(order, action, where):
        text = f"{text} {sums}"
    if action.event in _WITH_REASON and action.note:
        text = " ".join([text, say("notice.reason", where.language, reason=plain(action.note, 200))])
    template = where.settings.vocabulary.templates.get(order.status)
    fallback = checkout.fallback(order, where.store, text, where.language, template=template)
    return [Say(order.contact_id, _asking(order, name, text, where), fallback, order.id)]


def _is_out_of_reach(order: Order, where: Setting) -> bool:
    return where.actor_id == order.contact_id or not order.has_chat


def _key_of_booking(key: str, order: Order, action: Action, settings: Settings) -> str:
    """Of what ends or moves a booking, or takes it up again, its customer reads more than that it does."""
    match action.event:
        case "reject":
            return "notice.booking_rejected"
        case "lapse":
            pending = replace(order, status="pending")
            return "notice.booking_lapsed" if booking.waits_for_shop(pending, settings) else "notice.booking_unpaid"
        case "resume":
            return "notice.resumed_booking"
        case "reschedule" if order.status == "pending":
            return "notice.booking_rescheduled_pending"
    return key


def _slot(before: Order, after: Order, action: Action, where: Setting) -> list[Effect]:
    """A booking that comes to nothing gives its places back; of one that was missed they are past. Who waits for a time like
    that, or like the one from which it moved, hears of it.
    """
    is_freed = after.is_booking and after.status in DEAD and before.status not in DEAD
    given_back: list[Effect] = [FreeSlot(after.id)] if is_freed else []
    if where.visit is None or not (is_freed or action.event == "reschedule"):
        return given_back
    appointment, moved = where.visit.appointment, action.details.get("from")
    start = datetime.fromisoformat(moved) if moved else appointment.starts_at
    return [*given_back, Ring(reminding.FREED, reminding.freed(appointment.sku, start))]


def _asking(order: Order, name: str, text: str, where: Setting) -> Message:
    """The notice with what belongs to it: have you got it, how was it, and the calendar of whoever comes."""
    if name == "awaiting_confirmation":
        return Buttons(text, (Button(f"r{order.number}.{checkout.HAVE}", say("action.receipt", where.language)),))
    if name in ("delivered", "delivery_confirmed", "booking_completed") and where.settings.get("feedback"):
        return feedback.ask(order, text, where.language)
    if order.status == "scheduled":
        return calendar_link.button(text, where.store, order.id, where.language)
    return Text(text)


def _sums(order: Order, action: Action, where: Setting) -> str:
    """What a change of its pieces, or its end, means for money that has been paid."""

    def money(minor: int) -> str:
        return show(minor, order.currency, where.store.locale)

    if action.event in _ENDING and order.credit_owed:
        return say("notice.owed", where.language, amount=money(order.credit_owed))
    if action.event == "add" and order.captured and order.balance_due:
        return say("notice.due", where.language, amount=money(order.balance_due))
    return ""


def _in_part(sale: Sale, action: Action, where: Setting) -> list[str]:
    """What is in the parcel, when it is not everything."""
    if not action.parts:
        return []
    items = card.items(action.parts, sale.lines, where.language)
    return [say("notice.in_part", where.language, items=items)]


def _fields(sale: Sale, action: Action, where: Setting, language: str) -> dict[str, object]:
    order = sale.order
    amount = show(order.total, order.currency, where.store.locale)
    parts = action.parts or tuple(Part(line.retailer_id, line.quantity) for line in action.added)
    items = card.items(parts, sale.lines, language)
    old = action.details.get("from")
    return {
        "label": order.label, "store": where.store.name, "amount": amount, "items": items,
        "customer": plain(where.customer), "old": moment(datetime.fromisoformat(old), where.store) if old else "",
        "visit": visits.line(where.visit, where.store, language) if where.visit else "",
    }  # fmt: skip


def _tracking(order: Order, action: Action, where: Setting) -> str:
    tracking, carrier = action.tracking, action.carrier
    if not action.parts:
        tracking, carrier = tracking or order.tracking, carrier or order.carrier
    if not tracking:
        return ""
    if carrier:
        return say("notice.tracking_with", where.language, tracking=tracking, carrier=carrier)
    return say("notice.tracking", where.language, tracking=tracking)


def _news(sale: Sale, action: Action, where: Setting) -> list[Effect]:
    key = (_ANNOUNCED_OF_BOOKINGS if sale.order.is_booking else ANNOUNCED).get(action.event)
    if key is None or action.by not in (CUSTOMER, SYSTEM) or (action.event == "cancel" and action.by != CUSTOMER):
        return []
    text = say(key, where.store.language, **_fields(sale, action, where, where.store.language))
    return [TellStaff(News(text, (), sale.order.id), but=where.actor_id)]


def _stock(
    before: Sale, after: Sale, was: Sequence[Shipment], now: Sequence[Shipment], *, is_sold: bool
) -> list[Effect]:
    """What the shelf keeps for the order, and what has left it, before and after; the same for other places. What was
    canceled on its way comes back by a return, not by itself.
    """
    kept, keeps = fulfilment.promised(before), fulfilment.promised(after)
    gone, goes = fulfilment.gone(before), fulfilment.gone(after)
    moves = [
        MoveStock(sku, reserved=keeps[sku] - kept[sku], on_hand=gone[sku] - goes[sku], is_sold=is_sold)
        for sku in [line.retailer_id for line in after.lines]
    ]
    kept_at, keeps_at = fulfilment.promised_at(before.order, was), fulfilment.promised_at(after.order, now)
    gone_from, goes_from = fulfilment.gone_from(was), fulfilment.gone_from(now)
    moves += [
        MoveStock(sku, keeps_at[sku, place] - kept_at[sku, place], gone_from[sku, place] - goes_from[sku, place], place)
        for sku, place in {**kept_at, **keeps_at, **gone_from, **goes_from}
    ]
    return [move for move in moves if move.reserved or move.on_hand]
