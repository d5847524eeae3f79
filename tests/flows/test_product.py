"""Order × payment × shipment, walked whole: every action in every place that can be reached, with what must hold there.

An order of two pieces, one unit of money each: paid in part, whole or (when a piece is canceled) too much, given back in
part or whole, with a payment that is under way, failed or void beside it; sent in one parcel or two. Places that differ
only in which payment the money came by are one. The numbers are those of the design's invariants.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

from flows import fulfilment, gate, ledger, order_table
from flows.fulfilment import Shipment
from flows.ledger import COMPLETED, PENDING, Payment, Refund
from flows.lifecycle import Lifecycle, Move, Outcome, edges
from flows.order import CUSTOMER, DEAD, ENDED, STAFF, SYSTEM, TIMER, Action, Line, Order, Part, Sale, Step
from flows.order_rules import PREPAID, Case
from flows.order_table import FACTS, TABLES, decide, next_actions
from flows.settings import Settings, parse
from tests.flows.test_order import NOW, PLACED

LINES = (Line("A", "Thing A", 1, 1), Line("B", "Thing B", 1, 1))
PIECES = 2
REASON = Action("", STAFF, note="why", number="N1")
ONE, OTHER = (Part("A", 1),), (Part("B", 1),)
ACTIONS = [
    *(
        replace(REASON, event=event)
        for event in order_table.ORDER.commands
        if event not in ("ship", "cancel_lines", "add", "return")
    ),
    *(replace(REASON, event="cancel_lines", parts=part) for part in (ONE, OTHER)),
    *(replace(REASON, event="ship", tracking="T1", parts=part) for part in ((), ONE, OTHER)),
    *(replace(REASON, event=event, by=CUSTOMER) for event in ("cancel", "receipt")),
    *(Action(event, TIMER) for event in FACTS if event != "captured"),
]
"""What comes back is a lifecycle of its own, and pieces that are added make an order of more than two."""
REPAIRS = {
    ("canceled", "resume"), ("expired", "resume"), ("delivered", "complete"), ("delivery_confirmed", "complete"),
    ("delivered", "came_back"),
    ("delivery_confirmed", "came_back"), ("completed", "came_back"),
}  # fmt: skip
"""The only ways out of an end."""
WAYS_IN = {PENDING: ("capture", "void", "fail"), "failed": ("capture",)}
"""What may become of a payment that was begun; a capture that comes late counts."""


@dataclass(frozen=True, slots=True)
class Money:
    """Something that happens to payments: `amount` comes in, is begun or goes back, or `event` befalls payment `at`."""

    event: str
    amount: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    order: Order
    lines: tuple[Line, ...]
    parcels: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    reserved: int = PIECES
    on_hand: int = PIECES
    """The shelf: what it keeps for the order, and what lies on it."""
    trail: tuple[str, ...] = field(default=(), compare=False)
    """The shortest way here."""

    @property
    def key(self) -> tuple[object, ...]:
        """Everything that what comes next depends on; of where it was held or canceled from, where it comes back to."""
        order = self.order
        back = order.held_from if order.status == "on_hold" else order.held_from in ("placed", "abandoned")
        is_packed = order.packed_at is not None and "invoice_issued" in (order.status, order.held_from)
        return (
            order.status, back, is_packed, order.asks_cancel, order.archived_at, order.payment_status,
            order.fulfillment_status, *((line.quantity, line.shipped, line.canceled) for line in self.lines),
            *sorted((p.state, *sorted(p.parts)) for p in self.parcels),
            order.captured, order.refunded, *(p.state for p in self.payments if p.state != COMPLETED), self.reserved,
            self.on_hand,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of the walk. `path` are the statuses that it went through, each with the event that led on."""

    before: Place
    what: Action | Money
    outcome: Outcome
    after: Place
    path: tuple[tuple[str, str, str], ...]


def first(order: Order) -> Place:
    return Place(gate.derived(order, LINES), LINES)


def walk(order: Order, settings: Settings) -> Iterator[Place | Taken]:
    """Breadth first: every place, once, followed by every step that can be taken or is refused there."""
    start = first(order)
    known, queue = {start.key}, deque([start])
    while queue:
        place = queue.popleft()
        yield place
        todo: list[Action | Money] = [*ACTIONS, *money(place)]
        for what in todo:
            taken = pay(place, what, settings) if isinstance(what, Money) else act(place, what, settings)
            yield taken
            if taken.after is not place and taken.after.key not in known:
                known.add(taken.after.key)
                queue.append(replace(taken.after, trail=(*place.trail, named(what))))


def named(what: Action | Money) -> str:
    if isinstance(what, Money):
        return f"{what.event} {what.amount or what.at}"
    return " ".join([what.event, *(part.retailer_id for part in what.parts)])


def act(place: Place, action: Action, settings: Settings) -> Taken:
    """One action through the gate, with what follows by itself."""
    outcome = decide(place.order, action, settings, place.lines, now=NOW)
    if not isinstance(outcome, Move) or (action.event in FACTS and outcome.status == place.order.status):
        return Taken(place, action, outcome, place, ())
    again = {"": {line.retailer_id: line.left for line in place.lines}}
    allotted = gate.Allotted(place.lines, again) if action.event in gate.PROMISED_ANEW else None
    before = Sale(place.order, place.lines)
    order, change = gate.apply(before, place.parcels, action, outcome, NOW, allotted=allotted)
    after = Sale(order, change.lines)
    moved = replace(
        place, order=order, lines=change.lines, parcels=tuple(fulfilment.merged(place.parcels, change)),
        reserved=place.reserved + fulfilment.promised(after).total() - fulfilment.promised(before).total(),
        on_hand=place.on_hand + fulfilment.gone(before).total() - fulfilment.gone(after).total(),
    )  # fmt: skip
    path: tuple[tuple[str, str, str], ...] = ((place.order.status, action.event, order.status),)
    if (fact := order_table.follows(order, change.lines)) is not None:
        then = act(moved, Action(fact, SYSTEM), settings)
        moved, path = then.after, path + then.path
    return Taken(place, action, outcome, moved, path)


def money(place: Place) -> Iterator[Money]:
    """What may happen to the payments here, within the bounds of the walk."""
    room = PIECES - sum(p.amount for p in place.payments if p.state in (PENDING, COMPLETED))
    begun = [at for at, payment in enumerate(place.payments) if payment.state != COMPLETED]
    for amount in range(1, room + 1):
        yield Money("paid", amount)
        if not begun:
            yield Money("begin", amount)
    for at in begun:
        payment = place.payments[at]
        if payment.state == PENDING or payment.amount <= room:
            yield from (Money(event, at=at) for event in WAYS_IN.get(payment.state, ()))
    yield from (Money("refund", amount) for amount in range(1, place.order.net + 1))
    if place.order.asks_cancel:
        yield Money("go_on")


def pay(place: Place, what: Money, settings: Settings) -> Taken:
    """What the ledger makes of it, and of the order."""
    payments, refunds = list(place.payments), list(place.refunds)
    if what.event == "go_on":
        after = replace(place, order=replace(place.order, asks_cancel=False))
        return Taken(place, what, Move(place.order.status), after, ())
    if what.event in ("paid", "begin"):
        state = COMPLETED if what.event == "paid" else PENDING
        payments.append(Payment(len(payments), 1, 1, "cash", what.amount, "INR", state, NOW))
    elif what.event == "refund":
        left = what.amount
        for at, payment in enumerate(payments):
            if payment.state == COMPLETED and (part := min(left, payment.amount - payment.refunded)):
                payments[at] = replace(payment, refunded=payment.refunded + part)
                refunds.append(Refund(len(refunds), 1, 1, at, part, ledger.SETTLED, "", False, NOW))
                left -= part
    else:
        moved = ledger.PAYMENT.decide(payments[what.at].state, what.event, None)
        assert isinstance(moved, Move)
        payments[what.at] = replace(payments[what.at], state=moved.status)
    order = ledger.settled(place.order, payments, refunds)
    after = replace(place, order=order, payments=tuple(payments), refunds=tuple(refunds))
    then = act(after, Action("captured", SYSTEM), settings)
    return Taken(place, what, then.outcome, then.after, then.path)


def wrong_here(place: Place, settings: Settings) -> Iterator[str]:
    """What does not hold in a place, however it was reached."""
    order, lines, parcels = place.order, place.lines, place.parcels
    captured = sum(p.amount for p in place.payments if p.state == COMPLETED)
    refunded = sum(refund.amount for refund in place.refunds)
    sent, left = sum(line.shipped for line in lines), sum(line.left for line in lines)
    is_off = order.status in DEAD | {"cart", "abandoned"}
    is_paid = captured > 0 and captured - refunded >= order.total > 0
    has_arrived = order.status in ("delivered", "delivery_confirmed", "completed", "awaiting_confirmation")
    rules = {
        "I11 the sums are those of the records": (order.captured, order.refunded) == (captured, refunded),
        "I12 paid is what has its money": (order.payment_status in ("paid", "overpaid")) == is_paid,
        "I12 nobody owes and is owed at once": not (order.balance_due and order.credit_owed),
        "I12 an end without money is void": (order.payment_status == "voided") == (order.status in DEAD and not captured),
        "I13 the total is that of the lines": order.total == order.subtotal == sum(line.total for line in lines),
        "I14 no more goes back than came": 0 <= refunded <= captured
        and all(0 <= p.refunded <= p.amount and (p.state == COMPLETED or not p.refunded) for p in place.payments),
        "I17 the shelf holds what has not left": place.on_hand == PIECES - sent,
        "I17 no more is kept than is there": 0 <= place.reserved <= place.on_hand,
        "I18 what is kept is what is to leave": place.reserved == (0 if is_off else left),
        "I18 a piece is left, sent or canceled": all(line.quantity + line.canceled == 1 for line in lines)
        and left + sent + sum(line.canceled for line in lines) == PIECES,
        "what was sent is in parcels": sent == sum(sum(p.parts.values()) for p in parcels if p.shipped_at),
        "nothing has left before it is shipped": order.status not in BEFORE or not sent,
        "the order is shipped when nothing is left": order.status not in ("shipped", "delivered") or not left,
        "and in part while something is": order.status != "partially_shipped" or (sent > 0 and left > 0),
        "no parcel is under way when all has arrived": not has_arrived or all(p.state != "shipped" for p in parcels),
        "no parcel goes on without its order": order.status not in DEAD
        or all(p.state in ("canceled", "delivered") for p in parcels),
        "only what is open asks whether to cancel": not order.asks_cancel
        or (order.is_open and order.payment_status == "refunded" and not sent),
        "only what has ended is archived": order.archived_at is None or order.status in ENDED,
        "while that is asked nothing is offered": not order.asks_cancel or next_actions(order, settings) == [],
        "what has ended offers nothing": order.status not in ENDED or next_actions(order, settings) == [],
        "what is open has a way to its end": order.status in ENDED or has_a_way(place, settings),
    }  # fmt: skip
    return (rule for rule, holds in rules.items() if not holds)


def has_a_way(place: Place, settings: Settings) -> bool:
    """Whether a command moves an open order, once its question is answered and its money is here."""
    order = replace(place.order, asks_cancel=False, captured=place.order.refunded + place.order.total)
    return any(isinstance(decide(order, action, settings, place.lines, now=NOW), Move) for action in ACTIONS)


def wrong_step(taken: Taken, settings: Settings) -> Iterator[str]:
    """What is not right about a step."""
    before, action, order = taken.before, taken.what, taken.before.order
    if not isinstance(taken.outcome, Move):
        yield from ["a refusal changed something"] * (taken.after != before)
        return
    moves = [(was, event, now) for was, event, now in taken.path if was != now]
    yield from (f"I7 {move} is no edge" for move in moves if move not in EDGES)
    yield from (f"I9 {move} leaves an end" for move in moves if move[0] in ENDED and move[:2] not in REPAIRS)
    if isinstance(action, Money):
        yield from ["money moved goods"] * ((taken.after.lines, taken.after.parcels) != (before.lines, before.parcels))
        return
    yield from ["goods moved money"] * (taken.after.payments != before.payments)
    if action.event not in ("start", "pack", "ship", "out", "deliver"):
        return
    needs = settings.get("require_payment_to_ship")
    if order.asks_cancel:
        yield "it went on while it was asked whether it is canceled"
    if settings.get("require_approval") and order.status == "confirmed":
        yield "it went on without an approval"
    leaves = taken.after.on_hand < before.on_hand
    if leaves and order.balance_due and not order.was_paid and (needs == "always" or order.payment_method in PREPAID):
        yield "it was shipped unpaid"
    if action.event == "start" and settings.get("require_payment_to_start") and order.balance_due:
        yield "work began unpaid"


def judged(order: Order, settings: Settings) -> Iterator[tuple[Order, list[str]]]:
    """Every place of a walk, with what does not hold there or of its steps, and the shortest way to it."""
    for seen in walk(order, settings):
        if isinstance(seen, Place):
            yield seen.order, [f"{rule}: {', '.join(seen.trail)}" for rule in wrong_here(seen, settings)]
        elif wrong := list(wrong_step(seen, settings)):
            yield seen.before.order, [f"{rule}: {', '.join([*seen.before.trail, named(seen.what)])}" for rule in wrong]


BEFORE = ("placed", "confirmed", "approved", "processing", "awaiting_invoice", "invoice_issued", "packed")
EDGES = set(edges(order_table.ORDER))
CASH = replace(PLACED, payment_method="cod", delivery_method="rider")
PREPAID_ORDER = replace(PLACED, payment_method="link", delivery_method="courier")
SHOPS = {
    "cash": (replace(CASH, checkout_step=Step.ADDRESS), ""),
    "prepaid": (PREPAID_ORDER, "order_flow=pay_then_confirm; require_payment_to_start=on; cancel_after_ship=never"),
    "checked": (
        replace(CASH, delivery_method="pickup", address=None),
        "order_flow=manual; require_approval=on; invoices=on; require_receipt_confirmation=on; require_payment_to_ship=always",
    ),
}


@cache
def walked(shop: str) -> tuple[list[str], list[Order]]:
    """What does not hold in a shop, and the order in every place."""
    order, text = SHOPS[shop]
    settings, wrong, seen = Settings(parse(text)), list[str](), list[Order]()
    for place, found in judged(order, settings):
        wrong += found
        seen.append(place)
    return wrong, seen


@pytest.mark.parametrize("shop", SHOPS)
def test_every_place_of_the_product_keeps_its_promises(shop: str) -> None:
    wrong, places = walked(shop)

    print(len(places), "places")
    assert wrong[:5] == []


def test_a_customer_may_do_what_is_a_customers_and_nothing_else() -> None:
    """I10; what timers and providers report is asked of nobody."""
    orders = [replace(PLACED, status=status) for status in order_table.ORDER.statuses]
    asked = [
        (order, replace(REASON, event=event, by=CUSTOMER)) for order in orders for event in order_table.ORDER.commands
    ]
    done = [action.event for order, action in asked if isinstance(decide(order, action, Settings({})), Move)]

    assert set(done) == TABLES["product"].customers


def test_the_walks_reach_everything_but_what_is_left_out() -> None:
    """Returns, carts that were never sent, and pieces that are backordered."""
    places = [order for shop in SHOPS for order in walked(shop)[1]]

    assert set(order_table.ORDER.statuses) - {order.status for order in places} == {"cart", "returned"}
    assert set(ledger.STATUSES) == {order.payment_status for order in places}
    assert {order.fulfillment_status for order in places} == {
        "unfulfilled", "partially_shipped", "shipped", "partially_delivered", "delivered", "canceled",
    }  # fmt: skip


def without(guard: str) -> Lifecycle[Case]:
    guards = {
        event: tuple(one for one in guards if one.__name__ != guard)
        for event, guards in order_table.ORDER.guards.items()
    }
    return replace(order_table.ORDER, guards=guards)


@pytest.mark.parametrize(
    ("guard", "shop"),
    [
        ("cancel_is_answered", "cash"),
        ("is_paid_to_ship", "prepaid"),
        ("is_paid_to_start", "prepaid"),
        ("is_approved", "checked"),
        ("pieces_are_there", "cash"),
        ("parts_are_left", "cash"),
        ("nothing_has_left", "cash"),
        ("nothing_is_left", "cash"),
    ],
)
def test_a_walk_sees_that_a_guard_is_gone(guard: str, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order, text = SHOPS[shop]
    monkeypatch.setitem(TABLES, "product", replace(TABLES["product"], lifecycle=without(guard)))

    assert any(wrong for _, wrong in judged(order, Settings(parse(text))))
