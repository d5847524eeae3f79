"""What may happen to an order: every status with every event, as grids that decide, offer, explain and are drawn.

A cart that arrives is `placed` at once, and `checkout_step` runs beside the status until nothing is open with the customer.
Here is the grid of orders for goods; `table_of` an order is that of its kind, and everything below it asks just that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows import booking
from flows import order_rules as rules
from flows.appointment import Visit
from flows.approval import is_over_limit
from flows.lifecycle import ALREADY, BACK, AlreadySo, Lifecycle, Move, Outcome, Reason, Refused, read_grid
from flows.order import BOOKING, CUSTOMER, DERIVED, ENDED, PRODUCT, STAFF, STATES, STATUSES, Action, Line, Order, Step
from flows.order_rules import Case
from flows.settings import Settings

_COMMANDS = (
    "confirm", "approve", "reject", "accept", "deny", "hold", "release", "start", "invoice", "pack", "ship", "out",
    "deliver", "failed", "receipt", "complete", "cancel", "resume", "cancel_lines", "add", "return", "archive", "unarchive",
)  # fmt: skip
FACTS = ("place", "submit", "recover", "abandon", "expire", "review", "captured", "export", "fulfilled", "came_back")
# What holds for a state holds for its statuses, but for those with a row of their own in the second grid of each pair.
_DESK = """
                confirm  approve  reject    accept     deny      hold     release  cancel    resume  cancel_lines  add
cart            -        -        -         -          -         -        -        canceled  -       -             -
new             .        -        rejected  -          -         on_hold  -        canceled  -       +             +
payment_review  -        -        rejected  confirmed  canceled  on_hold  -        canceled  -       -             -
processing      .        .        -         .          -         on_hold  -        canceled  -       +             -
on_hold         -        -        rejected  -          -         .        <        canceled  -       -             -
complete        .        .        -         .          -         -        -        -         -       -             -
canceled        -        -        -         -          -         -        -        .         -       -             -
closed          .        .        -         .          -         -        -        -         -       -             -
"""
_DESK_BY_STATUS = """
                       confirm    approve   reject    accept  hold     release  cancel    resume            cancel_lines  add
placed                 confirmed  -         rejected  -       on_hold  -        canceled  -                 +             +
confirmed              .          approved  rejected  .       on_hold  -        canceled  -                 +             +
approved               .          .         -         .       on_hold  -        canceled  -                 +             +
processing             .          .         -         .       on_hold  -        canceled  -                 +             +
awaiting_invoice       .          .         -         .       on_hold  -        canceled  -                 +             +
shipped                .          .         -         .       -        -        canceled  -                 -             -
out_for_delivery       .          .         -         .       -        -        canceled  -                 -             -
awaiting_confirmation  .          .         -         .       -        -        canceled  -                 -             -
canceled               -          -         -         -       -        -        .         placed|confirmed  -             -
rejected               -          -         .         -       -        -        -         -                 -             -
expired                -          -         -         -       -        -        -         placed|confirmed  -             -
"""
_WORK = """
                start  invoice  pack  ship  out  deliver  failed  receipt  complete
cart            -      -        -     -     -    -        -       -        -
new             -      -        -     -     -    -        -       -        -
payment_review  -      -        -     -     -    -        -       -        -
processing      .      -        .     .     -    -        -       -        -
on_hold         -      -        -     -     -    -        -       -        -
complete        .      .        .     .     .    .        -       .        completed
canceled        -      -        -     -     -    -        -       -        -
closed          -      -        -     -     -    -        -       -        -
"""
_WORK_BY_STATUS = """
                       start       invoice         pack                   ship                       out               deliver                          failed   receipt    complete
confirmed              processing  -               packed                 shipped|partially_shipped  -                 -                                -        -          -
approved               processing  -               packed                 shipped|partially_shipped  -                 -                                -        -          -
processing             .           invoice_issued  packed                 shipped|partially_shipped  -                 -                                -        -          -
awaiting_invoice       .           invoice_issued  packed                 -                          -                 -                                -        -          -
invoice_issued         .           .               packed|invoice_issued  shipped|partially_shipped  -                 delivery_confirmed               -        -          -
packed                 .           -               .                      shipped|partially_shipped  out_for_delivery  delivery_confirmed               -        -          -
partially_shipped      .           -               .                      shipped|partially_shipped  -                 +                                +        -          -
shipped                .           -               .                      .                          out_for_delivery  delivered|awaiting_confirmation  +        -          -
out_for_delivery       .           -               .                      .                          .                 delivered|awaiting_confirmation  shipped  -          -
awaiting_confirmation  .           -               .                      .                          .                 .                                -        completed  completed
delivered              .           .               .                      .                          .                 .                                -        .          completed
delivery_confirmed     .           .               .                      .                          .                 .                                -        .          completed
completed              .           .               .                      .                          .                 .                                -        .          .
"""  # noqa: E501 - a grid is read by its columns
_AFTER = """
                return  archive  unarchive
cart            -       -        -
new             -       -        -
payment_review  -       -        -
processing      -       -        -
on_hold         -       -        -
complete        +       +        +
canceled        -       +        +
closed          -       +        +
"""
_AFTER_BY_STATUS = """
                       return
awaiting_confirmation  +
"""
_FACTS = """
                place  submit  recover  abandon  expire  review          captured  export  fulfilled  came_back
cart            =      =       =        =        =       =               =         =       =          =
new             =      =       =        =        =       payment_review  =         =       =          =
payment_review  =      =       =        =        =       =               =         =       =          =
processing      =      =       =        =        =       =               =         =       =          =
on_hold         =      =       =        =        =       =               =         =       =          =
complete        =      =       =        =        =       =               =         =       =          returned
canceled        =      =       =        =        =       =               =         =       =          =
closed          =      =       =        =        =       =               =         =       =          =
"""
_FACTS_BY_STATUS = """
                       place   submit     recover  abandon    expire   captured   export            fulfilled  came_back
cart                   placed  =          =        abandoned  =        =          =                 =          =
abandoned              =       =          placed   =          expired  =          =                 =          =
placed                 =       confirmed  =        abandoned  expired  confirmed  awaiting_invoice  =          =
confirmed              =       =          =        =          expired  =          awaiting_invoice  =          =
approved               =       =          =        =          =        =          awaiting_invoice  =          =
processing             =       =          =        =          =        =          awaiting_invoice  =          =
partially_shipped      =       =          =        =          =        =          =                 shipped    =
awaiting_confirmation  =       =          =        =          =        =          =                 =          returned
"""


def _shipped_or_in_part(case: Case) -> str:
    """In part, when something is left of any line after this parcel."""
    if not case.action.parts:
        return "shipped"
    parcel = {part.retailer_id: part.quantity for part in case.action.parts}
    left = any(line.left > parcel.get(line.retailer_id, 0) for line in case.lines)
    return "partially_shipped" if left else "shipped"


def _delivered_or_to_be_confirmed(case: Case) -> str:
    return "awaiting_confirmation" if case.settings.get("require_receipt_confirmation") else "delivered"


def _packed_or_still_invoiced(case: Case) -> str:
    """Where invoices are a step of their own, packing does not hide that one was issued."""
    return "invoice_issued" if case.settings.get("invoices") else "packed"


def _as_it_was(case: Case) -> str:
    """An order that had been confirmed comes back as that; work on it begins anew."""
    before = case.order.held_from or "placed"
    return "placed" if before in ("placed", "abandoned", "cart") else "confirmed"


ORDER: Lifecycle[Case] = Lifecycle(
    name="order",
    states=STATES,
    starts=("placed", "cart"),
    ends=ENDED & set(STATUSES),
    commands=_COMMANDS,
    facts=FACTS,
    by_state=read_grid(_DESK, _WORK, _AFTER, _FACTS),
    by_status=read_grid(_DESK_BY_STATUS, _WORK_BY_STATUS, _AFTER_BY_STATUS, _FACTS_BY_STATUS),
    guards={
        "confirm": (rules.is_paid_to_confirm,),
        "reject": (rules.reason_is_given,),
        "deny": (rules.reason_is_given,),
        "hold": (rules.reason_is_given,),
        "start": (rules.cancel_is_answered, rules.is_approved, rules.is_paid_to_start),
        "invoice": (rules.invoice_number_is_given,),
        "pack": (rules.cancel_is_answered, rules.is_approved, rules.pieces_are_there),
        "ship": (
            rules.cancel_is_answered, rules.address_is_known, rules.is_approved, rules.is_paid_to_ship,
            rules.pieces_are_there, rules.tracking_is_given,
        ),
        "out": (
            rules.cancel_is_answered, rules.own_rider, rules.straight(rules.address_is_known),
            rules.straight(rules.is_paid_to_ship),
        ),
        "deliver": (rules.cancel_is_answered, rules.is_pickup, rules.straight(rules.is_paid_to_ship)),
        "failed": (rules.reason_is_given,),
        "complete": (rules.is_settled,),
        "cancel": (rules.may_still_cancel,),
        "cancel_lines": (rules.parts_are_left,),
        "add": (rules.cancel_is_answered, rules.pieces_are_named),
        "resume": (rules.in_resume_window, rules.nothing_has_left, rules.is_not_refunded, rules.stock_is_there),
        "return": (rules.in_return_window, rules.return_is_not_open, rules.parts_were_shipped),
        "archive": (rules.is_not_archived, rules.is_settled),
        "unarchive": (rules.is_archived,),
        "submit": (rules.customer_is_asked_nothing, rules.flow_confirms),
        "captured": (rules.customer_is_asked_nothing, rules.capture_confirms),
        "abandon": (rules.customer_is_asked,),
        "expire": (rules.money_is_missing,),
        "export": (rules.invoices_are_on,),
        "fulfilled": (rules.nothing_is_left,),
        "came_back": (rules.all_came_back,),
    },
    forks={
        "pack": _packed_or_still_invoiced,
        "ship": _shipped_or_in_part,
        "deliver": _delivered_or_to_be_confirmed,
        "resume": _as_it_was,
    },
)  # fmt: skip

_WAYS = {
    event: tuple(dict.fromkeys(way for status in ORDER.statuses for way in ORDER.targets(status, event)))
    for event in ORDER.commands
}
"""Every status that a command leads to from somewhere."""

REMIND, ABANDON, EXPIRE, STALE, COMPLETE, ARCHIVE = "remind", "abandon", "expire", "stale", "complete", "archive"
"""Kinds of an order's timers; their subject is the order's id."""
OPENING = "opening"
"""The shop opens: what was held because it was closed goes on, unless somebody saw to it before."""


@dataclass(frozen=True, slots=True)
class Table:
    """What may happen to one kind of order.

    `customers` are the commands that customers may give, where the store's policies let them. `likely` is what takes an
    order further, the most likely first; `later` what is asked for in words, above all once it has ended. `is_worded`: a
    vocabulary says which of its statuses the shop uses. `timers` are the kinds of timers that it may have.
    """

    lifecycle: Lifecycle[Case]
    customers: frozenset[str]
    likely: tuple[str, ...]
    later: tuple[str, ...]
    timers: tuple[str, ...]
    is_worded: bool = False


TABLES: Mapping[str, Table] = {
    PRODUCT: Table(
        ORDER,
        customers=frozenset({"cancel", "receipt", "return"}),
        likely=(
            "confirm", "accept", "deny", "release", "approve", "ship", "deliver", "out", "pack", "invoice", "start", "hold",
            "cancel", "reject",
        ),
        later=("complete", "return", "resume", "archive", "unarchive"),
        timers=(REMIND, ABANDON, EXPIRE, STALE, COMPLETE, ARCHIVE),
        is_worded=True,
    ),
    BOOKING: Table(
        booking.TABLE,
        customers=booking.CUSTOMERS,
        likely=booking.LIKELY,
        later=booking.LATER,
        timers=(*booking.TIMERS, ARCHIVE),
    ),
}  # fmt: skip
COMMANDS = tuple(dict.fromkeys(event for table in TABLES.values() for event in table.lifecycle.commands))
"""Whatever people may ask of an order of one kind or another."""
EVENTS = frozenset(event for table in TABLES.values() for event in table.lifecycle.events)
EVERY_STATUS = tuple(dict.fromkeys(status for table in TABLES.values() for status in table.lifecycle.statuses))


def table_of(order: Order) -> Table:
    return TABLES[order.kind]


def follows(order: Order, lines: Sequence[Line]) -> str | None:
    """The fact that an order's pieces have made true by themselves."""
    if order.status == "partially_shipped" and not any(line.left for line in lines):
        return "fulfilled"
    back = order.status in ORDER.statuses and lines and all(line.returned == line.quantity for line in lines)
    return "came_back" if back and ORDER.cell(order.status, "came_back") not in (None, "=") else None


def decide(
    order: Order, action: Action, settings: Settings, lines: Sequence[Line] = (), *,
    now: datetime | None = None, short: Sequence[str] = (), visit: Visit | None = None,
) -> Outcome:  # fmt: skip
    """What becomes of `action`. Without `lines`, `now` and `visit`, what depends on them is taken for possible."""
    table = table_of(order)
    if action.by == CUSTOMER and action.event in COMMANDS and action.event not in table.customers:
        return Refused((Reason("why.not_yours"),))
    if action.event in EVENTS and action.event not in table.lifecycle.events:
        return _of_another_kind(order, action)
    if (unused := _unused(order, action.event, settings)) is not None:
        return Refused((Reason("why.not_used", {"unused": unused}),), is_elsewhere=True)
    if action.event == "pack" and order.status == "invoice_issued" and order.packed_at is not None:
        return AlreadySo(order.status)
    case = Case(order, action, settings, now or order.changed_at, lines, short, visit)
    return table.lifecycle.decide(order.status, action.event, case, held_from=order.held_from)


def _of_another_kind(order: Order, action: Action) -> Outcome:
    """What only goods or only bookings know: a command says so, a fact changes nothing."""
    if action.event not in COMMANDS:
        return Move(order.status)
    key = "why.is_booking" if order.is_booking else "why.no_booking"
    return Refused((Reason(key, {"word": action.event}),), is_elsewhere=True)


def _unused(order: Order, event: str, settings: Settings) -> str | None:
    """A status that the command would lead to, if the shop's vocabulary uses it no more than any other that it could."""
    if not table_of(order).is_worded or event not in COMMANDS or ORDER.cell(order.status, event) in (ALREADY, BACK):
        return None
    words, is_pickup = settings.vocabulary, order.delivery_method == "pickup"
    ways = [way for way in ORDER.targets(order.status, event) or _WAYS[event] if way not in DERIVED]
    return ways[0] if ways and not any(words.uses(way, is_pickup=is_pickup) for way in ways) else None


def moved(order: Order, action: Action, outcome: Move, now: datetime) -> Order:
    """The order after `action`, its lines aside; its version is the database's business."""
    event, moves = action.event, outcome.status != order.status
    comes_from = order.held_from if order.status == "on_hold" else order.status
    return replace(
        order,
        status=outcome.status,
        held_from=(comes_from if event in ("hold", "cancel", "expire") else None) if moves else order.held_from,
        tracking=action.tracking or order.tracking,
        carrier=action.carrier or order.carrier,
        invoice_number=action.number if event == "invoice" else order.invoice_number,
        packed_at=now if event == "pack" else None if event == "resume" else order.packed_at,
        claimed_at=now if event == "export" else order.claimed_at,
        claimed_by=action.details.get("by") if event == "export" else order.claimed_by,
        mark=None if moves else order.mark,
        archived_at=now if event == "archive" else None if event in ("unarchive", "resume") else order.archived_at,
        asks_cancel=order.asks_cancel and outcome.status not in ENDED,
        return_status=("requested" if action.by == CUSTOMER else "approved")
        if event == "return"
        else order.return_status,
        changed_at=now if moves else order.changed_at,
    )


def next_actions(
    order: Order, settings: Settings, *, by: str = STAFF, now: datetime | None = None, visit: Visit | None = None
) -> list[str]:
    """The commands that make sense now, the most likely first. What lacks only an argument is offered: it is asked for."""
    if order.asks_cancel:
        return []
    offered = []
    for event in table_of(order).likely:
        if not _is_in_use(event, order, settings):
            continue
        if event == "ship" and order.delivery_method == "pickup" and settings.vocabulary.uses("packed", is_pickup=True):
            continue  # it is packed and fetched
        if isinstance(decide(order, in_full(event, by), settings, now=now, visit=visit), Move):
            offered.append(event)
    return offered


def in_full(event: str, by: str = STAFF) -> Action:
    """An action that lacks no argument: what the table says of it is about the order alone."""
    return Action(event, by, note="-", tracking="-", number="-", details={"to": "-"})


def possible(order: Order, settings: Settings, *, now: datetime, visit: Visit | None = None) -> list[str]:
    """Every command that takes it further, or still works on what has ended."""
    if order.asks_cancel:
        return ["cancel", "release"]
    later = [
        event
        for event in table_of(order).later
        if isinstance(decide(order, Action(event, STAFF, note="-"), settings, now=now, visit=visit), Move)
    ]
    return [*next_actions(order, settings, now=now, visit=visit), *later, *_unsettled(order)]


def _unsettled(order: Order) -> list[str]:
    """What settles the money of an order that has ended, and what is on its way back."""
    if order.is_open:
        return []
    back = {"requested": ["approve", "reject"], "approved": ["received"]}.get(order.return_status, [])
    owes = order.credit_owed or order.return_status == "received"
    return [*back, *(["paid"] if order.balance_due else []), *(["refund"] if owes else [])]


_WHERE_IN_USE = {"approve": "require_approval", "invoice": "invoices"}
"""What is offered only where the store's settings make a step of it."""


def _is_in_use(event: str, order: Order, settings: Settings) -> bool:
    if event not in _WHERE_IN_USE or settings.get(_WHERE_IN_USE[event]):
        return True
    return event == "approve" and is_over_limit(order, settings)


def why_not(
    order: Order, event: str, settings: Settings, *, by: str = STAFF, now: datetime | None = None,
    visit: Visit | None = None,
) -> tuple[Reason, ...]:  # fmt: skip
    """Every reason why `event` may not happen as it is now; empty when it may."""
    outcome = decide(order, Action(event, by), settings, now=now, visit=visit)
    return outcome.reasons if isinstance(outcome, Refused) else ()


_SHOPS_TURN = frozenset(
    {
        "placed",
        "confirmed",
        "payment_review",
        "on_hold",
        "approved",
        "processing",
        "awaiting_invoice",
        "invoice_issued",
        "packed",
        "out_for_delivery",
    }
)
"""Statuses in which the order waits for somebody of the shop, and not for its customer or a carrier."""


_COMPLETED_FROM = ("delivered", "delivery_confirmed", "awaiting_confirmation")


def open_until(
    order: Order, settings: Settings, *, visit: Visit | None = None, now: datetime | None = None, zone: ZoneInfo | None = None
) -> tuple[tuple[str, datetime], ...]:  # fmt: skip
    """The timers of an order as it stands: (kind, when). A duration of 0 rings never. Those of a `visit` are there only when
    it is given, with the moment and the store's zone.
    """
    moments = list(_waits(order, settings))
    if visit is not None and now is not None and zone is not None:
        moments += booking.timers_of(order, visit.appointment, settings, now=now, zone=zone)
    return tuple(moments)


def _waits(order: Order, settings: Settings) -> Iterator[tuple[str, datetime]]:
    waits: dict[str, str] = {}
    if order.status == "placed" and order.checkout_step != Step.COMPLETE:
        waits = {REMIND: "abandon_reminder", ABANDON: "abandon_after"}
    elif order.status == "abandoned":
        waits = {EXPIRE: "expire_after"}
    elif order.status in _COMPLETED_FROM and settings.vocabulary.uses("completed"):
        waits = {COMPLETE: "auto_complete_after"}
    elif order.status in _SHOPS_TURN:
        waits = {STALE: "stale_after"}
    elif order.status in ENDED and order.archived_at is None:
        waits = {ARCHIVE: "auto_archive_after"}
    for kind, name in waits.items():
        wait: timedelta = settings.get(name)
        if wait:
            yield kind, order.changed_at + wait
