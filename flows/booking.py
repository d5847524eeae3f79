"""The booking: an order for a time, whose status walks a small table of its own; and the timers that go with it.

The appointment stands beside it (`flows/appointment.py`); a new time is something that happens to a booking, never another.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows import order_rules as rules
from flows import reminders
from flows.appointment import Appointment
from flows.hours import moment
from flows.lifecycle import Lifecycle, Reason, read_grid
from flows.order import BOOKING_STATES, CUSTOMER, SYSTEM, Action, Order
from flows.order_rules import Case, overridable
from flows.settings import Settings
from flows.store import Store

COMMANDS = (
    "confirm", "reject", "reschedule", "complete", "noshow", "cancel", "resume", "archive", "unarchive",
)  # fmt: skip
FACTS = ("place", "submit", "captured", "lapse")
_COMMANDS = """
           confirm    reject    reschedule  complete   noshow   cancel    resume     archive  unarchive
pending    scheduled  canceled  +           -          -        canceled  -          -        -
scheduled  .          -         +           completed  no_show  canceled  -          -        -
completed  .          -         -           .          -        -         scheduled  +        +
no_show    .          -         -           -          .        -         scheduled  +        +
canceled   -          .         -           -          -        .         -          +        +
"""
_FACTS = """
           place  submit     captured   lapse
pending    =      scheduled  scheduled  canceled
scheduled  =      =          =          =
completed  =      =          =          =
no_show    =      =          =          =
canceled   =      =          =          =
"""
REOPENED_WITHIN = timedelta(days=1)
"""So long what was noted of an appointment can be put right."""


def has_begun(case: Case) -> Reason | None:
    """Nobody has been there, or has not, before it begins."""
    if case.visit is None or case.now >= case.visit.appointment.starts_at:
        return None
    return Reason("why.not_begun", {"start": case.visit.appointment.starts_at})


@overridable
def is_to_come(case: Case) -> Reason | None:
    start = _start(case)
    return Reason("why.begun", {"start": start}) if start is not None and case.now >= start else None


@overridable
def customer_is_in_time(case: Case) -> Reason | None:
    """Customers move and cancel until the service's notice."""
    start = _start(case)
    if case.action.by != CUSTOMER or case.visit is None or start is None:
        return None
    until = start - (case.visit.appointment.starts_at - case.visit.free_until)
    return Reason("why.notice", {"until": until, "word": case.action.event}) if case.now > until else None


def time_is_named(case: Case) -> Reason | None:
    return None if case.action.details.get("to") else Reason("why.no_time")


def in_time_to_reopen(case: Case) -> Reason | None:
    return Reason("why.reopen_window") if case.now - case.order.changed_at > REOPENED_WITHIN else None


def _start(case: Case) -> datetime | None:
    """When it was to begin, before this very action moved it."""
    if moved := case.action.details.get("from"):
        return datetime.fromisoformat(moved)
    return case.visit.appointment.starts_at if case.visit else None


TABLE: Lifecycle[Case] = Lifecycle(
    name="booking",
    states=BOOKING_STATES,
    starts=("pending",),
    ends=frozenset({"completed", "no_show", "canceled"}),
    commands=COMMANDS,
    facts=FACTS,
    by_state={},
    by_status=read_grid(_COMMANDS, _FACTS),
    guards={
        "confirm": (rules.is_paid_to_confirm,),
        "reject": (rules.reason_is_given,),
        "reschedule": (is_to_come, customer_is_in_time, time_is_named),
        "complete": (has_begun,),
        "noshow": (has_begun,),
        "cancel": (customer_is_in_time,),
        "resume": (in_time_to_reopen, rules.is_not_refunded),
        "archive": (rules.is_not_archived, rules.is_settled),
        "unarchive": (rules.is_archived,),
        "submit": (rules.customer_is_asked_nothing, rules.flow_confirms),
        "captured": (rules.customer_is_asked_nothing, rules.capture_confirms),
    },
)
CUSTOMERS = frozenset({"reschedule", "cancel"})
LIKELY = ("confirm", "complete", "noshow", "reschedule", "cancel")
LATER = ("reject", "resume", "archive", "unarchive")


def rescheduled(was: Appointment, now: Appointment, by: str, store: Store, *, is_quiet: bool = False) -> Action:
    """That the appointment has moved, as the history tells it. Whether it may be is judged by its old time."""
    times = [moment(each.starts_at, store) for each in (was, now)]
    people = [each.calendar for each in (was, now)] if was.calendar_id != now.calendar_id else ["", ""]
    before, after = (" ".join(filter(None, pair)) for pair in zip(times, people, strict=True))
    details = {"from": was.starts_at.isoformat(), "to": now.starts_at.isoformat()}
    return Action("reschedule", by, note=f"{before} → {after}", details=details, is_quiet=is_quiet)


REMINDER, UNANSWERED, LAPSE, FOLLOW_UP = "appointment_reminder", "booking_unanswered", "booking_lapse", "follow_up"
TIMERS = (REMINDER, UNANSWERED, LAPSE, FOLLOW_UP)
"""Kinds of a booking's timers; their subject is the order's id. `follow_up` asks staff whether the customer came."""


def timers_of(
    order: Order, appointment: Appointment, settings: Settings, *, now: datetime, zone: ZoneInfo
) -> tuple[tuple[str, datetime], ...]:
    """The timers of a booking as it stands: (kind, when), several reminders among them. None is late, but for the lapse of
    what should have lapsed.
    """
    start, end = appointment.starts_at, appointment.ends_at
    if order.status == "scheduled":
        quiet, offsets = settings.get("quiet_hours"), settings.get("reminders")
        ahead = reminders.moments(start, offsets, now=now, zone=zone, quiet=quiet)
        return (*((REMINDER, at) for _, at in ahead), *(((FOLLOW_UP, end),) if end > now else ()))
    if order.status != "pending":
        return ()
    lapses = lapses_at(order, appointment, settings)
    asks = order.changed_at + (lapses - order.changed_at) / 2
    return (*(((UNANSWERED, asks),) if asks > now and waits_for_shop(order, settings) else ()), (LAPSE, lapses))


def lapses_at(order: Order, appointment: Appointment, settings: Settings) -> datetime:
    """Until when the places of a pending booking are kept."""
    within: timedelta = settings.get("booking_confirm_within")
    return min(order.changed_at + within, appointment.starts_at)


def waits_for_shop(order: Order, settings: Settings) -> bool:
    """Whether a pending booking waits for somebody of the shop, and not for its customer's word or money."""
    case = Case(order, Action("submit", SYSTEM), settings, order.changed_at)
    is_asked = rules.customer_is_asked_nothing(case) is not None
    return not is_asked and rules.is_paid_to_confirm(case) is None
