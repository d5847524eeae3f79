"""Appointments as values: what can be booked, when it is free, and who takes which place of it.

All moments are UTC. What is free is reckoned in `flows/slots.py`; that no place is given twice is the database's word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Service:
    """What can be booked. `price` and `deposit` are minor units for one place; 0 is free, and no deposit.

    It takes `duration`; `before` and `after` it whoever does it is not free. `capacity` places share one session. `people`
    are the names of those who can do it; without any it has a calendar of its own. It can be booked from `lead` ahead up
    to `horizon`, and moved or canceled by its customer until `notice` before.
    """

    sku: str
    title: str
    price: int
    currency: str
    duration: timedelta
    before: timedelta
    after: timedelta
    capacity: int
    deposit: int
    people: tuple[str, ...]
    lead: timedelta
    horizon: timedelta
    notice: timedelta
    location: str = ""


class Interval(NamedTuple):
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Of a member of staff (`contact_id`, once the shop has one by that name), or of a service that nobody in particular does.

    `hours` is text as in `business_hours`, empty for the store's own; `exceptions` is ISO day → hours, or `closed`.
    """

    id: int
    store_id: int
    name: str
    sku: str | None = None
    hours: str = ""
    exceptions: Mapping[str, str] = field(default_factory=dict)
    contact_id: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """A time at which a calendar (None: each) takes nobody more. What is booked stays. `contact_id` is who said so."""

    id: int
    store_id: int
    calendar_id: int | None
    starts_at: datetime
    ends_at: datetime
    note: str
    contact_id: int | None
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """When a calendar is taken, with what stands before and after it. `left` places of a session of `sku` at `starts_at`
    are free to those who want just that; a block has none.
    """

    start: datetime
    end: datetime
    sku: str = ""
    starts_at: datetime | None = None
    left: int = 0


@dataclass(frozen=True, slots=True)
class Diary:
    """A calendar over some days: when it works, and when it is taken. Both are in order and do not overlap among themselves."""

    calendar_id: int
    name: str
    working: tuple[Interval, ...]
    busy: tuple[Busy, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a service can be had, and from whom."""

    calendar_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One time of one calendar at which a service is done, with `taken` of its `capacity` places."""

    id: int
    store_id: int
    calendar_id: int
    sku: str
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_until: datetime
    capacity: int
    taken: int


@dataclass(frozen=True, slots=True)
class Appointment:
    """Places in a session: held for a customer until `held_until`, or those of a booking (`order_id`).

    `session_id` is None once they are given back; the times stay. `reminded_at` is when the last reminder was written,
    `coming_at` when the customer said that they will be there.
    """

    id: int
    store_id: int
    contact_id: int
    sku: str
    calendar_id: int
    calendar: str
    places: int
    starts_at: datetime
    ends_at: datetime
    session_id: int | None
    order_id: int | None = None
    held_until: datetime | None = None
    reminded_at: datetime | None = None
    coming_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants to hear when the service can be had on that day of the store's (ISO) after all; told once."""

    id: int
    store_id: int
    contact_id: int
    sku: str
    day: str
    made_at: datetime
    told_at: datetime | None = None


class Visit(NamedTuple):
    """A booking's appointment, with its service as the catalogue has it now; None when that has gone."""

    appointment: Appointment
    service: Service | None = None

    @property
    def free_until(self) -> datetime:
        """Until when its customer may move or cancel it."""
        return self.appointment.starts_at - (self.service.notice if self.service else timedelta())

    @property
    def location(self) -> str:
        return self.service.location if self.service else ""
