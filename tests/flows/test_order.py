"""The order's table, walked: every status with every event, under every setting and guard, along every path."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from flows import notices
from flows.effects import Effect, MoveStock, StartTimer
from flows.lifecycle import Move, Outcome, Refused, edges
from flows.order import (
    COMMANDS,
    CUSTOMER,
    FACTS,
    ORDER,
    STAFF,
    TIMER,
    Action,
    Line,
    Order,
    Step,
    decide,
    moved,
    next_actions,
    open_until,
    why_not,
)
from flows.settings import Settings
from flows.store import Store

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
LINES = (Line("CHAI", "Masala chai", 2, 34900), Line("CUP", "Cup", 1, 9900))
ADDRESS = {"name": "Asha Rao", "address": "12 MG Road", "city": "Bengaluru", "in_pin_code": "560001"}
PLACED = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind="product", status="placed", checkout_step=Step.COMPLETE,
    payment_method="cod", delivery_method="courier", currency="INR", subtotal=79700, discount=0, tax=0, shipping=0,
    total=79700, placed_at=NOW, changed_at=NOW, address=ADDRESS,
)  # fmt: skip

SETTINGS = [
    Settings(
        dict(zip(("order_flow", "tracking_required", "cancel_after_ship", "customer_cancel_until"), texts, strict=True))
    )
    for texts in product(
        ("manual", "confirm_then_pay"),
        ("none", "courier,rider"),
        ("staff", "never"),
        ("placed", "confirmed", "packed", "shipped", "never"),
    )
]
ORDERS = [
    replace(PLACED, delivery_method=method, address=address, checkout_step=step)
    for method, (address, step) in product(
        ("courier", "rider", "pickup"),
        ((ADDRESS, Step.COMPLETE), (None, Step.ADDRESS), (None, Step.COMPLETE)),
    )
]
ACTIONS = [
    *(Action(event, STAFF) for event in COMMANDS),
    *(Action(event, TIMER) for event in FACTS),
    Action("cancel", CUSTOMER),
    Action("hold", STAFF, note="no tea"),
    Action("ship", STAFF, tracking="AB12"),
]


@dataclass(frozen=True)
class Place:
    """Where a walk stands: the order, the pieces promised to it and gone from the shelf, by product."""

    order: Order
    reserved: Mapping[str, int]
    on_hand: Mapping[str, int]

    @property
    def key(self) -> tuple[object, ...]:
        stock = (*sorted(self.reserved.items()), *sorted(self.on_hand.items()))
        return self.order.status, self.order.held_from, self.order.tracking, stock


WHOLE = {line.retailer_id: line.quantity for line in LINES}
NONE = dict.fromkeys(WHOLE, 0)
GONE = {sku: -count for sku, count in WHOLE.items()}
RELEASE = Action("release", STAFF)


def start(order: Order) -> Place:
    return moved_stock(Place(order, NONE, NONE), order, notices.reserved(LINES))


def step(place: Place, action: Action, outcome: Move, settings: Settings) -> Place:
    order = moved(place.order, action, outcome, NOW)
    where = notices.Setting(STORE, settings, "Asha", "en", None)
    return moved_stock(place, order, notices.follow(place.order, order, action, LINES, where))


def moved_stock(place: Place, order: Order, effects: Sequence[Effect]) -> Place:
    """`place` with `order`, and its stock after `effects`, which move every line of the order or none."""
    moves = [effect for effect in effects if isinstance(effect, MoveStock)]
    assert [move.retailer_id for move in moves] in ([], list(WHOLE))
    reserved = {move.retailer_id: place.reserved[move.retailer_id] + move.reserved for move in moves}
    on_hand = {move.retailer_id: place.on_hand[move.retailer_id] + move.on_hand for move in moves}
    return Place(order, {**place.reserved, **reserved}, {**place.on_hand, **on_hand})


def walk(order: Order, settings: Settings) -> Iterator[tuple[Place, Action, Outcome, Place]]:
    """Every place that can be reached, with every action there, what is decided, and where it leads."""
    first = start(order)
    known, queue = {first.key}, deque([first])
    while queue:
        place = queue.popleft()
        for action in ACTIONS:
            outcome = decide(place.order, action, settings)
            after = step(place, action, outcome, settings) if isinstance(outcome, Move) else place
            yield place, action, outcome, after
            if after.key not in known:
                known.add(after.key)
                queue.append(after)


def test_the_grid_is_complete() -> None:
    assert ORDER.holes() == []
    assert set(ORDER.statuses) - set(ORDER.reachable()) == set()
    assert ORDER.dead_ends() == []


def test_every_move_of_the_table() -> None:
    assert {(status, event, target) for status, event, target in edges(ORDER)} == {
        ("placed", "confirm", "confirmed"), ("placed", "submit", "confirmed"), ("placed", "hold", "on_hold"),
        ("placed", "cancel", "canceled"), ("placed", "abandon", "abandoned"),
        ("abandoned", "recover", "placed"), ("abandoned", "expire", "expired"), ("abandoned", "cancel", "canceled"),
        ("confirmed", "start", "processing"), ("confirmed", "pack", "packed"), ("confirmed", "ship", "shipped"),
        ("confirmed", "hold", "on_hold"), ("confirmed", "cancel", "canceled"),
        ("processing", "pack", "packed"), ("processing", "ship", "shipped"), ("processing", "hold", "on_hold"),
        ("processing", "cancel", "canceled"),
        ("packed", "ship", "shipped"), ("packed", "out", "out_for_delivery"), ("packed", "hold", "on_hold"),
        ("packed", "cancel", "canceled"),
        ("shipped", "out", "out_for_delivery"), ("shipped", "deliver", "delivered"), ("shipped", "cancel", "canceled"),
        ("out_for_delivery", "deliver", "delivered"), ("out_for_delivery", "cancel", "canceled"),
        ("on_hold", "release", "placed"), ("on_hold", "release", "confirmed"), ("on_hold", "release", "processing"),
        ("on_hold", "release", "packed"), ("on_hold", "cancel", "canceled"),
    }  # fmt: skip


def test_no_row_of_a_state_is_hidden_by_a_status_of_the_same_name() -> None:
    """A status with its state's name has one row for both, so every other status of that state needs one of its own."""
    shared = [(state, statuses) for state, statuses in ORDER.states.items() if state in statuses and len(statuses) > 1]

    assert [
        (status, event)
        for state, statuses in shared
        for status in statuses
        for event in ORDER.events
        if (status, event) not in ORDER.grid and ORDER.grid[state, event] not in ("-", ".", "=")
    ] == []


def check_place(place: Place, settings: Settings) -> None:
    """What holds in a place, however it was reached."""
    order = place.order
    assert (order.held_from is not None) == (order.status == "on_hold")
    stock = place.reserved, place.on_hand
    match order.status:
        case "placed" | "confirmed" | "processing" | "packed" | "on_hold":
            assert stock == (WHOLE, NONE)
        case "shipped" | "out_for_delivery" | "delivered":
            assert stock == (NONE, GONE)
        case "canceled":
            assert stock in ((NONE, NONE), (NONE, GONE))
        case _:
            assert stock == (NONE, NONE)
    given = {event: Action(event, STAFF, note="no tea", tracking="AB12") for event in COMMANDS}
    can = {event for event, action in given.items() if isinstance(decide(order, action, settings), Move)}
    assert set(next_actions(order, settings)) == can


def check_step(before: Place, action: Action, outcome: Outcome, after: Place, settings: Settings) -> None:
    """What holds for a decision, whatever it is about."""
    order = before.order
    if action.event in FACTS:
        assert isinstance(outcome, Move)
    elif isinstance(outcome, Move):
        assert outcome.status in set(ORDER.targets(order.status, action.event)) - {order.status}
    if isinstance(outcome, Refused) or order.status in ORDER.ends:
        assert after == before
    if action.event == "hold" and isinstance(outcome, Move):
        assert step(after, RELEASE, Move(order.status), settings).key == before.key
        assert decide(after.order, RELEASE, settings) == Move(order.status)
    refusal = decide(order, Action(action.event, action.by), settings)
    reasons = refusal.reasons if isinstance(refusal, Refused) else ()
    assert why_not(order, action.event, settings, by=action.by) == reasons


@pytest.mark.parametrize(
    "order", ORDERS, ids=lambda o: f"{o.delivery_method}-{o.checkout_step}-{'known' if o.address else 'none'}"
)
def test_every_path_keeps_its_promises(order: Order) -> None:
    for settings in SETTINGS:
        places: list[tuple[object, ...]] = []
        for before, action, outcome, after in walk(order, settings):
            check_step(before, action, outcome, after, settings)
            if not places or places[-1] != before.key:
                check_place(before, settings)
                places.append(before.key)
        assert {key[0] for key in places} >= {"placed", "confirmed", "processing", "packed", "on_hold", "canceled"}


def test_with_an_address_every_status_of_a_parcel_is_reached() -> None:
    reached = {before.order.status for order in ORDERS for before, *_ in walk(order, Settings({}))}

    assert reached == set(ORDER.statuses)


def test_shipping_needs_an_address_and_where_the_store_says_so_a_tracking_number() -> None:
    order = replace(PLACED, status="confirmed", address=None)

    assert [reason.key for reason in why_not(order, "ship", Settings({}))] == ["why.address", "why.tracking"]
    assert [reason.key for reason in why_not(order, "ship", Settings({"tracking_required": "none"}))] == ["why.address"]
    assert why_not(replace(order, delivery_method="pickup"), "ship", Settings({})) == ()
    assert why_not(replace(order, address=ADDRESS, tracking="AB12"), "ship", Settings({})) == ()


def test_only_the_own_rider_goes_straight_out() -> None:
    packed = replace(PLACED, status="packed")

    assert [reason.key for reason in why_not(packed, "out", Settings({}))] == ["why.not_own_rider"]
    assert why_not(replace(packed, delivery_method="rider"), "out", Settings({})) == ()
    assert why_not(replace(packed, status="shipped"), "out", Settings({})) == ()


@pytest.mark.parametrize(
    ("until", "statuses"),
    [
        ("never", ()),
        ("placed", ("placed",)),
        ("confirmed", ("placed", "confirmed")),
        ("packed", ("placed", "confirmed", "processing", "packed")),
        ("shipped", ("placed", "confirmed", "processing", "packed", "shipped", "out_for_delivery")),
    ],
)
def test_customers_cancel_as_long_as_the_store_lets_them(until: str, statuses: tuple[str, ...]) -> None:
    settings = Settings({"customer_cancel_until": until})
    way = ("placed", "confirmed", "processing", "packed", "shipped", "out_for_delivery")

    assert tuple(s for s in way if not why_not(replace(PLACED, status=s), "cancel", settings, by=CUSTOMER)) == statuses
    held = [replace(PLACED, status="on_hold", held_from=s) for s in ("placed", "confirmed", "processing", "packed")]
    assert [o.held_from for o in held if not why_not(o, "cancel", settings, by=CUSTOMER)] == [
        s for s in statuses if s in ("placed", "confirmed", "processing", "packed")
    ]
    assert why_not(replace(PLACED, status="abandoned"), "cancel", settings, by=CUSTOMER) == ()


def test_what_has_left_is_canceled_only_where_the_store_does_so() -> None:
    shipped = replace(PLACED, status="shipped")

    assert why_not(shipped, "cancel", Settings({})) == ()
    assert [r.key for r in why_not(shipped, "cancel", Settings({"cancel_after_ship": "never"}))] == [
        "why.no_cancel_after_ship"
    ]


def test_a_complete_order_confirms_itself_unless_the_flow_is_manual() -> None:
    submit = Action("submit", TIMER)

    assert decide(PLACED, submit, Settings({})) == Move("confirmed")
    assert decide(PLACED, submit, Settings({"order_flow": "manual"})) == Move("placed")
    assert decide(replace(PLACED, checkout_step=Step.ADDRESS), submit, Settings({})) == Move("placed")


def test_only_an_order_that_waits_for_its_customer_is_abandoned() -> None:
    abandon = Action("abandon", TIMER)

    assert decide(PLACED, abandon, Settings({})) == Move("placed")
    assert decide(replace(PLACED, checkout_step=Step.ADDRESS), abandon, Settings({})) == Move("abandoned")


def test_the_likeliest_action_is_offered_first() -> None:
    assert {s: next_actions(replace(PLACED, status=s), Settings({})) for s in ORDER.statuses} == {
        "abandoned": ["cancel"],
        "placed": ["confirm", "hold", "cancel"],
        "confirmed": ["ship", "pack", "start", "hold", "cancel"],
        "processing": ["ship", "pack", "hold", "cancel"],
        "packed": ["ship", "hold", "cancel"],
        "shipped": ["deliver", "out", "cancel"],
        "out_for_delivery": ["deliver", "cancel"],
        "on_hold": ["release", "cancel"],
        "delivered": [],
        "canceled": [],
        "expired": [],
    }


def test_timers_run_while_the_customer_is_asked_and_only_then() -> None:
    waiting = replace(PLACED, checkout_step=Step.ADDRESS)

    assert open_until(waiting, Settings({})) == (
        ("remind", NOW + timedelta(hours=12)),
        ("abandon", NOW + timedelta(hours=24)),
    )
    assert open_until(waiting, Settings({"abandon_reminder": "0"})) == (("abandon", NOW + timedelta(hours=24)),)
    assert open_until(replace(waiting, status="abandoned"), Settings({})) == (("expire", NOW + timedelta(hours=72)),)
    assert open_until(replace(waiting, status="abandoned"), Settings({"expire_after": "0"})) == ()
    others = [replace(waiting, status=s) for s in ORDER.statuses if s not in ("placed", "abandoned")]
    assert [open_until(order, Settings({})) for order in (PLACED, *others)] == [()] * 10
    started = [effect for effect in notices.timers(PLACED, Settings({})) if isinstance(effect, StartTimer)]
    assert started == []
