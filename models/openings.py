"""When a service can be had: the shop's hours and holidays, each calendar's own, what is blocked, and what is booked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from zoneinfo import ZoneInfo

from flows import days_off, services, slots
from flows.appointment import Appointment, Calendar, Diary, Interval, Service, Slot
from flows.hours import DAY, Span, parse_hours, parse_span
from flows.settings import Settings
from flows.store import Store
from flows.working import local, working
from models import bookings, catalog
from models.work import Work

SOON = timedelta(days=8)
"""What is looked at first: most shops have something free within a week, and two months of bookings are many rows."""


@dataclass(frozen=True, slots=True)
class Openings:
    """What is free for `places` of a service, from now on as far as `until`. `calendars` are those that are looked at."""

    service: Service
    calendars: tuple[Calendar, ...]
    diaries: tuple[Diary, ...]
    now: datetime
    until: datetime
    zone: ZoneInfo
    step: timedelta
    places: int = 1

    @property
    def is_all(self) -> bool:
        """Whether nothing can be booked beyond."""
        return self.until >= self.now + self.service.horizon

    @property
    def working(self) -> tuple[Interval, ...]:
        """When anybody works."""
        return tuple(sorted(chain.from_iterable(diary.working for diary in self.diaries)))

    def free(self, first: datetime | None = None, last: datetime | None = None) -> Iterator[Slot]:
        """One slot for each time, in order: of the first calendar that has it."""
        found = slots.free(
            self.service, self.diaries, now=self.now, step=self.step, first=max(first or self.now, self.now),
            last=min(last or self.until, self.until), places=self.places,
        )  # fmt: skip
        return slots.distinct(found)

    def at(self, moment: datetime) -> Slot | None:
        """The slot at just this time."""
        found = next(self.free(moment, moment + timedelta(minutes=1)), None)
        return found if found is not None and found.starts_at == moment else None

    def on(self, day: date) -> Interval:
        """A day by the shop's clock."""
        return Interval(local(day, time(), self.zone), local(day + DAY, time(), self.zone))

    def days(self, since: date | None = None) -> Iterator[Slot]:
        """The first slot of each day that has one."""
        first = self.now if since is None else max(self.on(since).start, self.now)
        return slots.first_of_days(
            self.service, self.diaries, now=self.now, step=self.step, first=first, last=self.until, zone=self.zone,
            places=self.places,
        )  # fmt: skip

    def near(self, wanted: datetime, count: int) -> list[Slot]:
        return slots.nearest(self.free(), wanted, count)

    def is_full(self, day: date) -> bool:
        """Whether nothing is left of a day on which something could still be free: somebody may give a time back."""
        start, end = self.on(day)
        earliest, latest = max(start, self.now + self.service.lead), min(end, self.until)
        works = any(begins < latest and earliest < ends for begins, ends in self.working)
        return works and next(self.free(start, end), None) is None


async def services_of(work: Work) -> list[Service]:
    """What can be booked here, in the order of the feed; what has a price in another currency cannot."""
    settings = Settings(work.store.settings)
    read = (services.read(product, settings) for product in await catalog.services(work))
    return [service for service in read if service is not None and service.currency == work.store.currency]


async def of(
    work: Work, service: Service, *, places: int = 1, calendar_id: int = 0, until: datetime | None = None,
    but: Sequence[Appointment] = (),
) -> Openings:  # fmt: skip
    """As if the appointments `but` had been given back: those of somebody who would move there."""
    now, zone = work.now, work.store.zone
    last = min(until or now + service.horizon, now + service.horizon)
    room = service.before + service.duration + service.after
    settings = Settings(work.store.settings)
    own = await bookings.calendars_for(work, service)  # those that are new shall stay
    mark = work.mark()
    for appointment in but:
        await bookings.release(work, appointment)
    diaries = await bookings.diaries(
        work, service, now - room, last + room,
        working=lambda calendar: hours_of(calendar, settings, work.store, now, last + room),
    )  # fmt: skip
    work.take_back(mark)
    chosen = tuple(calendar for calendar in own if calendar_id in (0, calendar.id))
    looked_at = {calendar.id for calendar in chosen}
    return Openings(
        service, chosen, tuple(diary for diary in diaries if diary.calendar_id in looked_at), now, last, zone,
        settings.get("booking_step"), places,
    )  # fmt: skip


async def soon(
    work: Work, service: Service, count: int, *, places: int = 1, calendar_id: int = 0, but: Sequence[Appointment] = ()
) -> list[Slot]:
    """The next `count` slots."""
    openings = await of(work, service, places=places, calendar_id=calendar_id, until=work.now + SOON, but=but)
    found = list(islice(openings.free(), count))
    if len(found) == count or openings.is_all:
        return found
    openings = await of(work, service, places=places, calendar_id=calendar_id, but=but)
    return list(islice(openings.free(), count))


def hours_of(
    calendar: Calendar, settings: Settings, store: Store, first: datetime, last: datetime
) -> tuple[Interval, ...]:
    """When a calendar works on the days that these moments are on."""
    since, until = (moment.astimezone(store.zone).date() for moment in (first, last))
    code = settings.get("holidays")
    return working(
        parse_hours(calendar.hours) if calendar.hours else settings.get("business_hours"), since, until, store.zone,
        exceptions={date.fromisoformat(day): _spans(text) for day, text in calendar.exceptions.items()},
        holidays=days_off.days(code, range(since.year, until.year + 1)) if code else (),
        closed=settings.get("closed"),
    )  # fmt: skip


def _spans(text: str) -> tuple[Span, ...]:
    return () if text == "closed" else tuple(parse_span(part) for part in text.split(","))
