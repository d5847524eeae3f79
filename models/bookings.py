"""Calendars, the sessions on them, and the appointments that take their places. No two sessions of a calendar overlap.

A verb answers None when the places are not free as far as can be seen; whoever is overtaken after that meets a `Conflict`
in the database, runs again on what is true then, and gets None too.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tortoise import Model, fields

from flows.appointment import Appointment, Block, Busy, Calendar, Diary, Interval, Service, Session, Slot, Wish
from flows.order import Order
from models import staff
from models.statements import INT, TEXT, TIME, Write, insert, select, update
from models.work import Conflict, Table, View, Work


# Of a member of staff, or of a service that nobody in particular does. `exceptions` is ISO day → hours, or `closed`.
class CalendarRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    name = fields.CharField(max_length=100)
    sku = fields.CharField(max_length=100, null=True)
    hours = fields.TextField(default="", db_default="")
    exceptions: dict[str, str] = fields.JSONField()
    contact_id = fields.BigIntField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "calendar"
        unique_together = (("store_id", "name"),)


# One that nobody has a place in is deleted; the database keeps `0 <= taken <= capacity`.
class SessionRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    calendar_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    busy_from = fields.DatetimeField()
    busy_until = fields.DatetimeField()
    capacity = fields.BigIntField()
    taken = fields.BigIntField()

    class Meta:
        table = "session"


# `held_until` is there for as long as the places are held and belong to no order.
class AppointmentRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    calendar_id = fields.BigIntField()
    calendar = fields.CharField(max_length=100)
    places = fields.BigIntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    session_id = fields.BigIntField(null=True)
    order_id = fields.BigIntField(null=True)
    held_until = fields.DatetimeField(null=True)
    reminded_at = fields.DatetimeField(null=True)
    coming_at = fields.DatetimeField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "appointment"


# A time at which nobody can be booked: of one calendar, or of all. What is booked already stays.
class BlockRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    calendar_id = fields.BigIntField(null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    note = fields.TextField()
    contact_id = fields.BigIntField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "block"


# Who wants to hear when something is free on a day of the store's after all.
class SlotWishRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    day = fields.CharField(max_length=10)
    made_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "slot_wish"


class _Sessions(View[Session]):
    """Places change by so many, as stock does: two that take different ones do not conflict. One with none left is deleted.

    Postgres takes old sessions in the order of their ids and new ones in that of their times, so that no two units of work
    wait for each other. It leaves out a new one that overlaps another, which counts as a conflict.
    """

    make_room = True
    columns = tuple(Session.__dataclass_fields__)
    insert = insert(SessionRow, *columns, conflict="ON CONFLICT DO NOTHING")
    insert = replace(
        insert, postgres=insert.postgres.replace("ORDER BY u.ord", "ORDER BY u.calendar_id, u.busy_from"), exact=True
    )
    update = Write(
        "session",
        "UPDATE session SET taken = taken + ? WHERE id = ?",
        "WITH held AS MATERIALIZED (SELECT s.id, u.places FROM unnest($1::bigint[], $2::bigint[]) AS u(places, id)"
        " JOIN session s ON s.id = u.id ORDER BY s.id FOR UPDATE OF s)"
        " UPDATE session SET taken = session.taken + held.places FROM held"
        " WHERE session.id = held.id AND session.taken + held.places BETWEEN 0 AND session.capacity",
        (INT, INT),
        exact=True,
    )

    def inserted(self, session: Session) -> tuple[Any, ...]:
        return tuple(getattr(session, name) for name in self.columns)

    def updated(self, was: Session, now: Session) -> tuple[Any, ...]:
        return now.taken - was.taken, now.id


class _Wishes(View[Wish]):
    """Each is told by one alone."""

    columns = tuple(Wish.__dataclass_fields__)
    insert = insert(SlotWishRow, *columns, conflict="ON CONFLICT DO NOTHING")
    update = update(SlotWishRow, ["id"], ["told_at"], where="told_at IS NULL")

    def updated(self, _was: Wish, now: Wish) -> tuple[Any, ...]:
        return now.told_at, now.id


@dataclass(frozen=True, slots=True)
class _Read:
    """That the calendars of the store were read."""

    store_id: int


@dataclass(frozen=True, slots=True)
class _HeldBy:
    """That what a customer holds was read."""

    contact_id: int


def _contested(write: Write) -> Write:
    """Two may add the same row: that is a conflict, and no fault."""
    return replace(write, exact=True)


CALENDARS = Table(CalendarRow, Calendar)
CALENDARS.insert = _contested(insert(CalendarRow, *CALENDARS.columns, conflict="ON CONFLICT DO NOTHING"))
SESSIONS = _Sessions("id")
APPOINTMENTS = Table(AppointmentRow, Appointment, make_room=True)
APPOINTMENTS.insert = _contested(insert(AppointmentRow, *APPOINTMENTS.columns, conflict="ON CONFLICT DO NOTHING"))
BLOCKS = Table(BlockRow, Block)
WISHES = _Wishes("id")
_CALENDARS_READ: View[_Read] = View("store_id")
_HOLDS_READ: View[_HeldBy] = View("contact_id")
_CALENDARS = select(CalendarRow, "WHERE t.store_id = :store_id", store_id=INT)
_BUSY = select(
    SessionRow,
    # From the last that begins before: since sessions do not overlap, none before that one lasts so long.
    "JOIN calendar c ON t.calendar_id = c.id WHERE c.id IN :ids AND t.busy_from < :last AND t.busy_until > :first"
    " AND t.busy_from >= COALESCE((SELECT MAX(s.busy_from) FROM session s"
    " WHERE s.calendar_id = c.id AND s.busy_from <= :first), :first)",
    ids=INT, first=TIME, last=TIME,
)  # fmt: skip
_SESSION = select(SessionRow, "WHERE t.id = :id", id=INT)
_BLOCKS = select(
    BlockRow,
    "WHERE t.store_id = :store_id AND t.removed_at IS NULL AND t.ends_at > :first AND t.starts_at < :last"
    " ORDER BY t.starts_at, t.id",
    store_id=INT, first=TIME, last=TIME,
)  # fmt: skip
_BY_ID = select(AppointmentRow, "WHERE t.id = :id", id=INT)
_HELD = select(
    AppointmentRow, "WHERE t.contact_id = :contact_id AND t.order_id IS NULL AND t.session_id IS NOT NULL",
    contact_id=INT,
)  # fmt: skip
_OF_ORDERS = select(AppointmentRow, "WHERE t.order_id IN :ids", ids=INT)
_BETWEEN = select(
    AppointmentRow,
    "WHERE t.store_id = :store_id AND t.starts_at >= :start AND t.starts_at < :end"
    " AND t.order_id IS NOT NULL AND t.session_id IS NOT NULL",
    store_id=INT, start=TIME, end=TIME,
)  # fmt: skip
_WISHES = select(
    SlotWishRow,
    "WHERE t.store_id = :store_id AND t.sku = :sku AND t.day = :day AND t.told_at IS NULL ORDER BY t.made_at, t.id",
    store_id=INT, sku=TEXT, day=TEXT,
)  # fmt: skip


_SWEEP = Write(
    "session",
    "DELETE FROM session WHERE id = ? AND taken = 0",
    "DELETE FROM session USING unnest($1::bigint[]) AS u(gone) WHERE id = u.gone AND taken = 0",
    (INT,),
)
_FORGET = Write(
    "appointment",
    "DELETE FROM appointment WHERE id = ? AND order_id IS NULL AND session_id IS NULL",
    "DELETE FROM appointment USING unnest($1::bigint[]) AS u(gone)"
    " WHERE id = u.gone AND order_id IS NULL AND session_id IS NULL",
    (INT,),
)


async def calendars(work: Work) -> list[Calendar]:
    """All of the store, by name."""
    if work.find(_CALENDARS_READ, work.store.id) is None:
        [rows] = await work.load_late(_CALENDARS(store_id=work.store.id))
        work.loaded(CALENDARS, [Calendar(**row) for row in rows])
        work.loaded(_CALENDARS_READ, [_Read(work.store.id)])
    return sorted(work.all(CALENDARS), key=lambda calendar: calendar.name)


async def calendars_for(work: Work, service: Service) -> list[Calendar]:
    """Of the people who do it, in the service's order, else its own. Those that are missing are made."""
    known = {calendar.name.casefold(): calendar for calendar in await calendars(work)}
    members = {member.name.casefold(): member.contact_id for member in staff.list_all(work)}
    sku = None if service.people else service.sku
    found = []
    for key, name in {name.casefold(): name for name in service.people or (service.sku,)}.items():
        calendar, who = known.get(key), members.get(key) if sku is None else None
        if calendar is None:
            calendar = work.add(CALENDARS, Calendar(work.ids.new(), work.store.id, name, sku, contact_id=who))
        elif calendar.contact_id is None and who is not None:
            calendar = _change(work, calendar, contact_id=who)
        found.append(calendar)
    return found


def set_hours(work: Work, calendar: Calendar, text: str) -> Calendar:
    """Its own hours; empty for the store's."""
    return _change(work, calendar, hours=text)


def set_exception(work: Work, calendar: Calendar, day: date, text: str) -> Calendar:
    """What counts on that day instead of its hours: hours, `closed`, or nothing any more."""
    others = {other: hours for other, hours in calendar.exceptions.items() if other != day.isoformat()}
    return _change(work, calendar, exceptions=others | ({day.isoformat(): text} if text else {}))


def _change(work: Work, calendar: Calendar, **changes: Any) -> Calendar:
    after = replace(calendar, **changes)
    return work.replace(CALENDARS, replace(after, version=calendar.version + (after != calendar)))


async def diaries(
    work: Work, service: Service, first: datetime, last: datetime, *, working: Callable[[Calendar], Sequence[Interval]]
) -> list[Diary]:
    """The calendars of a service between two moments, with what this unit of work has taken and given back."""
    own = await calendars_for(work, service)
    sessions, blocks = await _busy(work, [calendar.id for calendar in own], first, last)
    busy: dict[int, list[Busy]] = {calendar.id: [] for calendar in own}
    for s in sessions:
        busy[s.calendar_id].append(Busy(s.busy_from, s.busy_until, s.sku, s.starts_at, s.capacity - s.taken))
    for block in blocks:
        for calendar_id in busy if block.calendar_id is None else (block.calendar_id,):
            busy[calendar_id].append(Busy(block.starts_at, block.ends_at))
    return [Diary(c.id, c.name, tuple(working(c)), _merged(busy[c.id], first, last)) for c in own]


async def _busy(
    work: Work, calendar_ids: Collection[int], first: datetime, last: datetime
) -> tuple[list[Session], list[Block]]:
    which = set(calendar_ids)
    span = {"first": first, "last": last}
    sessions, blocks = await work.load_late(_BUSY(ids=sorted(which), **span), _BLOCKS(store_id=work.store.id, **span))
    work.loaded(SESSIONS, [Session(**row) for row in sessions])
    work.loaded(BLOCKS, [Block(**row) for row in blocks])
    taken = [
        s
        for s in work.all(SESSIONS)
        if s.taken and s.calendar_id in which and s.busy_from < last and first < s.busy_until
    ]
    return taken, [block for block in _blocks(work, first, last) if block.calendar_id in {None, *which}]


def _blocks(work: Work, first: datetime, last: datetime) -> list[Block]:
    there = [b for b in work.all(BLOCKS) if b.removed_at is None and b.starts_at < last and first < b.ends_at]
    return sorted(there, key=lambda block: (block.starts_at, block.id))


def _merged(busy: Iterable[Busy], first: datetime, last: datetime) -> tuple[Busy, ...]:
    """In order and without overlap. A session that a block touches takes nobody more."""
    merged: list[Busy] = []
    for each in sorted(busy, key=lambda busy: busy.start):
        if merged and each.start < merged[-1].end:
            merged[-1] = Busy(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    if merged:
        merged[0] = replace(merged[0], start=max(merged[0].start, first))
        merged[-1] = replace(merged[-1], end=min(merged[-1].end, last))
    return tuple(merged)


async def find(work: Work, appointment_id: int) -> Appointment | None:
    """None also for a hold that was given back."""
    if work.find(APPOINTMENTS, appointment_id) is None:
        [rows] = await work.load_late(_BY_ID(id=appointment_id))
        _loaded(work, rows)
    found = work.find(APPOINTMENTS, appointment_id)
    return found if found and (found.order_id or found.session_id) else None


async def held_by(work: Work, contact_id: int) -> Appointment | None:
    """What is kept for a customer who has not confirmed it: theirs until it is given back, also when it is late for that."""
    if work.find(_HOLDS_READ, contact_id) is None:
        [rows] = await work.load_late(_HELD(contact_id=contact_id))
        _loaded(work, rows)
        work.loaded(_HOLDS_READ, [_HeldBy(contact_id)])
    theirs = (a for a in work.all(APPOINTMENTS) if a.contact_id == contact_id and a.held_until is not None)
    return next(theirs, None)


async def of_order(work: Work, order_id: int) -> Appointment | None:
    return (await of_orders(work, [order_id])).get(order_id)


async def of_orders(work: Work, order_ids: Collection[int]) -> dict[int, Appointment]:
    """The appointments of these orders, by the order's id; those given back too."""
    known = {a.order_id: a for a in work.all(APPOINTMENTS) if a.order_id is not None}
    if missing := sorted(set(order_ids) - known.keys()):
        [rows] = await work.load_late(_OF_ORDERS(ids=missing))
        _loaded(work, rows)
    known = {a.order_id: a for a in work.all(APPOINTMENTS) if a.order_id is not None}
    return {order_id: known[order_id] for order_id in order_ids if order_id in known}


async def between(work: Work, start: datetime, end: datetime, *, calendar_id: int | None = None) -> list[Appointment]:
    """What is booked and begins from `start` until before `end`, by time."""
    [rows] = await work.load_late(_BETWEEN(store_id=work.store.id, start=start, end=end))
    _loaded(work, rows)
    found = [
        a for a in work.all(APPOINTMENTS)
        if a.order_id is not None and a.session_id is not None and start <= a.starts_at < end
        and calendar_id in (None, a.calendar_id)
    ]  # fmt: skip
    return sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id))


def _loaded(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    work.loaded(APPOINTMENTS, [Appointment(**row) for row in rows])


async def hold(
    work: Work, contact_id: int, service: Service, slot: Slot, *, places: int, until: datetime
) -> Appointment | None:
    """Keep places for a customer; what is kept for them now is given back first."""
    if (former := await held_by(work, contact_id)) is not None:
        await release(work, former)
    return await _appoint(work, contact_id, service, slot, places, until=until)


def book(work: Work, appointment: Appointment, order: Order) -> Appointment:
    """What was held is the order's now."""
    assert appointment.held_until is not None
    return _amend(work, appointment, order_id=order.id, held_until=None)


async def take(
    work: Work, contact_id: int, service: Service, slot: Slot, *, places: int, order: Order
) -> Appointment | None:
    """Places for an order that held none. What its customer holds on that calendar is given back first."""
    if (former := await held_by(work, contact_id)) is not None and former.calendar_id == slot.calendar_id:
        await release(work, former)
    return await _appoint(work, contact_id, service, slot, places, order_id=order.id)


async def _appoint(
    work: Work, contact_id: int, service: Service, slot: Slot, places: int,
    *, order_id: int | None = None, until: datetime | None = None,
) -> Appointment | None:  # fmt: skip
    if (session := await _seat(work, service, slot, places)) is None:
        return None
    appointment = Appointment(
        id=work.ids.new(), store_id=work.store.id, contact_id=contact_id, places=places, order_id=order_id,
        held_until=until, **await _times(work, session),
    )  # fmt: skip
    return work.add(APPOINTMENTS, appointment)


async def move(work: Work, appointment: Appointment, service: Service, slot: Slot) -> Appointment | None:
    """To another time or calendar in one go, also one that overlaps its own. None leaves it where it is.

    Nobody has been reminded of the new time yet, or said that they will be there.
    """
    mark = work.mark()
    await _leave(work, appointment)
    if (session := await _seat(work, service, slot, appointment.places)) is None:
        work.take_back(mark)
        return None
    return _amend(work, appointment, **await _times(work, session), reminded_at=None, coming_at=None)


async def release(work: Work, appointment: Appointment) -> Appointment:
    """Give the places back: a booking keeps its times, a hold is forgotten. Repeatable."""
    if appointment.session_id is None:
        return appointment
    await _leave(work, appointment)
    if appointment.order_id is None:
        work.append(_FORGET, (appointment.id,), key=appointment.id)
    return _amend(work, appointment, session_id=None, held_until=None)


def remember(
    work: Work, appointment: Appointment, *, reminded_at: datetime | None = None, coming_at: datetime | None = None
) -> Appointment:
    """That a reminder was written, or that the customer said that they will be there."""
    return _amend(
        work,
        appointment,
        reminded_at=reminded_at or appointment.reminded_at,
        coming_at=coming_at or appointment.coming_at,
    )


def _amend(work: Work, appointment: Appointment, **changes: Any) -> Appointment:
    return work.replace(APPOINTMENTS, replace(appointment, **changes, version=appointment.version + 1))


async def _times(work: Work, session: Session) -> dict[str, Any]:
    """What an appointment says of its session."""
    [name] = [calendar.name for calendar in await calendars(work) if calendar.id == session.calendar_id]
    return {
        "sku": session.sku, "calendar_id": session.calendar_id, "calendar": name, "starts_at": session.starts_at,
        "ends_at": session.ends_at, "session_id": session.id,
    }  # fmt: skip


async def _seat(work: Work, service: Service, slot: Slot, places: int) -> Session | None:
    """So many places at that time: of the session that there is, else of a new one."""
    start, end = slot.starts_at - service.before, slot.ends_at + service.after
    sessions, blocks = await _busy(work, [slot.calendar_id], start, end)
    if blocks:
        return None
    if not sessions:
        if places > service.capacity:
            return None
        session = Session(
            work.ids.new(), work.store.id, slot.calendar_id, service.sku, slot.starts_at, slot.ends_at, start, end,
            service.capacity, places,
        )  # fmt: skip
        return work.add(SESSIONS, session)
    same = next((s for s in sessions if (s.sku, s.starts_at) == (service.sku, slot.starts_at)), None)
    if same is None or same.taken + places > same.capacity:
        return None
    return work.replace(SESSIONS, replace(same, taken=same.taken + places))


async def _leave(work: Work, appointment: Appointment) -> None:
    session_id = appointment.session_id
    if work.find(SESSIONS, session_id) is None:
        [rows] = await work.load_late(_SESSION(id=session_id))
        work.loaded(SESSIONS, [Session(**row) for row in rows])
    if (session := work.find(SESSIONS, session_id)) is None:
        raise Conflict("session")  # the places were given back after the appointment was read
    work.replace(SESSIONS, replace(session, taken=session.taken - appointment.places))
    work.append(_SWEEP, (session.id,), key=session.id)


def block(
    work: Work, calendar: Calendar | None, starts_at: datetime, ends_at: datetime, *, note: str, by: int | None
) -> Block:
    """From now on nobody is booked then, on one calendar or any; what is booked stays."""
    calendar_id = None if calendar is None else calendar.id
    return work.add(BLOCKS, Block(work.ids.new(), work.store.id, calendar_id, starts_at, ends_at, note, by))


def unblock(work: Work, block: Block) -> Block:
    return work.replace(BLOCKS, replace(block, removed_at=work.now))


async def blocks_between(work: Work, start: datetime, end: datetime) -> list[Block]:
    """What is blocked then, of any calendar, by time."""
    [rows] = await work.load_late(_BLOCKS(store_id=work.store.id, first=start, last=end))
    work.loaded(BLOCKS, [Block(**row) for row in rows])
    return _blocks(work, start, end)


def wish(work: Work, contact_id: int, sku: str, day: date) -> None:
    """They want to hear when something is free on that day; repeatable."""
    row = (work.ids.new(), work.store.id, contact_id, sku, day.isoformat(), work.now, None)
    work.append(WISHES.insert, row, key=(contact_id, sku, day))


async def wishes_for(work: Work, sku: str, day: date) -> list[Wish]:
    """Who wants to hear of that day, the oldest wish first. Each is answered once: from now on, by whoever asked for them."""
    [rows] = await work.load_late(_WISHES(store_id=work.store.id, sku=sku, day=day.isoformat()))
    work.loaded(WISHES, [Wish(**row) for row in rows])
    found = [work.find(WISHES, row["id"]) for row in rows]
    return [work.replace(WISHES, replace(each, told_at=work.now)) for each in found if each and each.told_at is None]
