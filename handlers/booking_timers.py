"""What the clock does to bookings: customers are reminded, staff asked, and what nobody confirmed in time lapses.

What fits no longer changes nothing and is not said: the booking has moved or ended, or it is too late for it.
"""

from datetime import date, time

from flows import booking, booking_desk, checkout, choosing, morning, policy, reminders, reminding
from flows.appointment import Visit
from flows.booking_desk import Asked, Entry
from flows.effects import TellStaff
from flows.hours import DAY
from flows.identity import WA_ID
from flows.inbound import Tap
from flows.lifecycle import Move
from flows.order import TIMER, Action, Order
from flows.settings import Settings
from flows.templates import order_update, staff_alert
from flows.working import local
from handlers.turn import Turn
from models import agenda, bookings, contacts, effects, inbox, openings, orders, outbox, payments, staff, timers, visits
from models.inbox import Event
from models.orders import Actor
from models.work import Work

_TODAY = Asked(0, 1, "today")


async def on_remind(work: Work, event: Event, subject: str) -> None:
    """Once, also when several are due by now. Whoever it is with is reminded together with the last one."""
    order, visit = await _booked(work, subject, "scheduled")
    if visit is None:
        return
    settings, appointment = Settings(work.store.settings), visit.appointment
    start, set_for = appointment.starts_at, inbox.set_for(event)
    offsets, clock = settings.get("reminders"), {"zone": work.store.zone, "quiet": settings.get("quiet_hours")}
    is_said = appointment.reminded_at is not None and appointment.reminded_at >= set_for
    if is_said or not reminders.is_timely(set_for, start, offsets, now=work.now, **clock):
        return
    bookings.remember(work, appointment, reminded_at=work.now)
    customer = await contacts.get(work, order.contact_id)
    if order.has_chat:
        language = customer.language or work.store.language
        told, fallback = reminding.reminder(
            order, visit, work.store, language, now=work.now,
            number=(await contacts.names_of(work, customer.id)).get(WA_ID),
        )  # fmt: skip
        outbox.say(
            work, order.contact_id, told, cause=event.id, order_id=order.id, purpose=outbox.NOTICE, expires_at=start,
            fallback=fallback,
        )  # fmt: skip
    host = await _host(work, visit)
    if host is not None and not reminders.moments(start, offsets, now=work.now, **clock):
        news = reminding.to_staff(order, visit, work.store, customer=customer.known_as(work.store.language))
        effects.tell_staff(work, TellStaff(news, only=host))


async def on_unanswered(work: Work, _event: Event, subject: str) -> None:
    """Whoever has it is told, else everybody, while there is time left to confirm it."""
    order, visit = await _booked(work, subject, "pending")
    settings = Settings(work.store.settings)
    if visit is None or not booking.waits_for_shop(order, settings):
        return
    until = booking.lapses_at(order, visit.appointment, settings)
    if work.now < until:
        customer = await _customer(work, order)
        news = reminding.unanswered(order, visit, work.store, customer=customer, until=until)
        effects.tell_staff(work, TellStaff(news, to=order.assignee_id))


async def on_lapse(work: Work, event: Event, subject: str) -> None:
    """The time is free again, and nothing is to be paid for it any more."""
    order, visit = await _booked(work, subject, "pending")
    settings = Settings(work.store.settings)
    if visit is None or work.now < booking.lapses_at(order, visit.appointment, settings):
        return
    actor = Actor(None, event.id)
    order, outcome = await orders.advance(work, order, Action("lapse", TIMER), actor, settings)
    if isinstance(outcome, Move):
        await payments.withdraw(work, order, actor)


async def on_follow_up(work: Work, _event: Event, subject: str) -> None:
    """Whoever it was with is asked, else whoever has it, else everybody: only people know who was there."""
    order, visit = await _booked(work, subject, "scheduled")
    if visit is not None and visit.appointment.ends_at <= work.now:
        news = reminding.follow_up(order, visit, work.store, customer=await _customer(work, order))
        effects.tell_staff(work, TellStaff(news, to=await _host(work, visit) or order.assignee_id))


async def on_tap(turn: Turn) -> bool:
    """Whether this was *I'll be there* below a reminder: staff see it on the card, and nothing else changes."""
    content = turn.message.content
    tapped = checkout.read_tap(content.id) if isinstance(content, Tap) else None
    if tapped is None or (tapped[0], tapped[2]) != ("b", reminding.THERE):
        return False
    order = await turn.theirs(tapped[1])
    visit = await visits.of(turn.work, order) if order else None
    if order is None or visit is None:
        return False
    appointment, now = visit.appointment, turn.work.now
    if order.status == "scheduled" and now < appointment.starts_at and appointment.coming_at is None:
        bookings.remember(turn.work, appointment, coming_at=now)
    turn.say(reminding.coming(order, visit, turn.store, turn.language, now=now), about=order)
    return True


async def on_morning(work: Work, event: Event, subject: str) -> None:
    """Who has appointments reads theirs, and owners read all: what is left of the day, if anything is."""
    start, end = morning.span(date.fromisoformat(subject), work.store)
    found = await agenda.between(work, max(start, work.now), end)
    seen = await visits.of_all(work, [order for order, _ in found])
    entries = [Entry(order, seen[order.id], await _customer(work, order)) for order, _ in found]
    hosts = {calendar.id: calendar.contact_id for calendar in await bookings.calendars(work)}
    for person in staff.list_all(work):
        is_owner = person.role == policy.Role.OWNER
        own = [e for e in entries if is_owner or hosts.get(e.visit.appointment.calendar_id) == person.contact_id]
        if own:
            listed = booking_desk.listing(_TODAY, own, work.store, work.now.astimezone(work.store.zone).date())
            outbox.say(
                work, person.contact_id, listed, cause=event.id, purpose=outbox.NOTICE, arrival=outbox.EPHEMERAL,
                expires_at=end, fallback=staff_alert(work.store, listed.body, work.store.language),
            )  # fmt: skip


async def on_freed(work: Work, event: Event, subject: str) -> None:
    """Who asked for that day hears of it once, in the morning if it is night, if nobody else has taken it already."""
    code, start = reminding.read_freed(subject)
    service = choosing.find(await openings.services_of(work), code)
    if service is None or start <= work.now:
        return
    quiet = Settings(work.store.settings).get("quiet_hours")
    if (until := reminders.quiet_until(work.now, zone=work.store.zone, quiet=quiet)) is not None:
        timers.start(work, kind=reminding.FREED, subject=subject, due_at=until)
        return
    day = start.astimezone(work.store.zone).date()
    mark = work.mark()
    if not (wishes := await bookings.wishes_for(work, service.sku, day)):
        return
    first, last = (local(each, time(), work.store.zone) for each in (day, day + DAY))
    free = next((await openings.of(work, service, until=last)).free(first, last), None)
    if free is None:
        work.take_back(mark)  # they still wait
        return
    for wish in wishes:
        customer = await contacts.get(work, wish.contact_id)
        language = customer.language or work.store.language
        told = reminding.free_again(service, free, work.store, language)
        outbox.say(
            work, customer.id, told, cause=event.id, purpose=outbox.NOTICE, expires_at=last,
            fallback=order_update(work.store, told.body, language),
        )  # fmt: skip


async def _booked(work: Work, subject: str, status: str) -> tuple[Order, Visit | None]:
    """The booking, with its appointment if it has still this status and its time."""
    order = await orders.get(work, int(subject))
    visit = await visits.of(work, order)
    is_so = order.status == status and visit is not None and visit.appointment.session_id is not None
    return order, visit if is_so else None


async def _host(work: Work, visit: Visit) -> int | None:
    """The contact of whoever it is with, if the shop has somebody by that name."""
    known = {calendar.id: calendar.contact_id for calendar in await bookings.calendars(work)}
    return known.get(visit.appointment.calendar_id)


async def _customer(work: Work, order: Order) -> str:
    return (await contacts.get(work, order.contact_id)).known_as(work.store.language)


TIMERS = {
    booking.REMINDER: on_remind, booking.UNANSWERED: on_unanswered, booking.LAPSE: on_lapse, booking.FOLLOW_UP: on_follow_up,
    morning.TIMER: on_morning, reminding.FREED: on_freed,
}  # fmt: skip
