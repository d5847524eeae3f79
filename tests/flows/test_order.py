"""The order's table, walked: every status with every event, under every setting and guard, along every path."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from flows import gate, notices
from flows.effects import Effect, MoveStock, StartTimer
from flows.fulfilment import Shipment
from flows.lifecycle import Move, Outcome, Refused, edges
from flows.order import CUSTOMER, DERIVED, ENDED, STAFF, TIMER, Action, Line, Order, Part, Sale, Step
from flows.order_table import FACTS, ORDER, decide, next_actions, open_until, why_not
from flows.settings import Settings, parse
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

PARCEL = (Part("CHAI", 1),)

SETTINGS = [
    Settings(parse(text))
    for text in (
        "",
        "order_flow=manual; tracking_required=none; customer_cancel_until=placed",
        "order_flow=manual; tracking_required=courier,rider; cancel_after_ship=never; require_approval=on",
        "tracking_required=none; cancel_after_ship=never; require_approval=on; invoices=on; require_receipt_confirmation=on",
        "cancel_after_ship=all; customer_cancel_until=never; invoices=on",
        "order_flow=pay_then_confirm; tracking_required=none; require_receipt_confirmation=on",
    )
]
ORDERS = [
    replace(PLACED, delivery_method=method, address=address, checkout_step=step, payment_method=payment)
    for method, payment, (address, step) in (
        ("courier", "cod", (ADDRESS, Step.COMPLETE)),
        ("courier", "link", (ADDRESS, Step.COMPLETE)),
        ("courier", "cod", (None, Step.ADDRESS)),
        ("courier", "cod", (None, Step.COMPLETE)),
        ("rider", "cod", (ADDRESS, Step.COMPLETE)),
        ("pickup", "cod", (None, Step.COMPLETE)),
    )
]
ACTIONS = [
    *(Action(event, STAFF, note="no tea") for event in ORDER.commands if event not in ("ship", "cancel_lines")),
    *(Action(event, TIMER) for event in FACTS),
    Action("cancel", CUSTOMER),
    Action("hold", STAFF),
    Action("ship", STAFF),
    Action("ship", STAFF, tracking="AB12"),
    Action("invoice", STAFF, number="INV-7"),
]
IN_PARTS = [
    Action("ship", STAFF, tracking="AB12", parts=PARCEL),
    Action("cancel_lines", STAFF, parts=PARCEL),
]
"""Walked on one kind of order only: with them there are many more places."""


@dataclass(frozen=True)
class Place:
    """Where a walk stands: the order with its parcels, the pieces promised to it and gone from the shelf, by product."""

    sale: Sale
    parcels: tuple[Shipment, ...]
    reserved: Mapping[str, int]
    on_hand: Mapping[str, int]

    @property
    def order(self) -> Order:
        return self.sale.order

    @property
    def key(self) -> tuple[object, ...]:
        order = self.order
        stock = (*sorted(self.reserved.items()), *sorted(self.on_hand.items()))
        pieces = tuple((line.quantity, line.shipped, line.canceled) for line in self.sale.lines)
        parcels = tuple((p.state, tuple(sorted(p.parts.items()))) for p in self.parcels)
        flags = order.archived_at is None, order.packed_at is None
        return order.status, order.held_from, order.tracking, stock, pieces, parcels, flags


WHOLE = {line.retailer_id: line.quantity for line in LINES}
NONE = dict.fromkeys(WHOLE, 0)
RELEASE = Action("release", STAFF)


def start(order: Order) -> Place:
    sale = Sale(order, LINES)
    return moved_stock(Place(sale, (), NONE, NONE), notices.promised(sale))


def step(place: Place, action: Action, outcome: Move, settings: Settings) -> Place:
    """What the gate makes of it, as `models/orders.py` would write it."""
    order, change = gate.apply(place.sale, place.parcels, action, outcome, NOW)
    parcels = {p.number: p for p in (*place.parcels, *change.changed, *change.new)}
    after = Sale(order, change.lines)
    where = notices.Setting(STORE, settings, "Asha", "en", None)
    follows = notices.follow(place.sale, after, action, where)
    return moved_stock(replace(place, sale=after, parcels=tuple(parcels.values())), follows)


def moved_stock(place: Place, effects: Sequence[Effect]) -> Place:
    """`place` with its stock after `effects`."""
    moves = {effect.retailer_id: effect for effect in effects if isinstance(effect, MoveStock)}
    reserved = {sku: place.reserved[sku] + move.reserved for sku, move in moves.items()}
    on_hand = {sku: place.on_hand[sku] + move.on_hand for sku, move in moves.items()}
    return replace(place, reserved={**place.reserved, **reserved}, on_hand={**place.on_hand, **on_hand})


def walk(order: Order, settings: Settings) -> Iterator[tuple[Place, Action, Outcome, Place]]:
    """Every place that can be reached, with every action there, what is decided, and where it leads."""
    actions = [*ACTIONS, *IN_PARTS] if (order, settings) == (ORDERS[0], SETTINGS[0]) else ACTIONS
    first = start(order)
    known, queue = {first.key}, deque([first])
    while queue:
        place = queue.popleft()
        for action in actions:
            outcome = decide(place.order, action, settings, place.sale.lines, now=NOW)
            after = place
            # A fact that leaves the status as it is changes nothing.
            if isinstance(outcome, Move) and (action.event in ORDER.commands or outcome.status != place.order.status):
                after = step(place, action, outcome, settings)
            yield place, action, outcome, after
            if after.key not in known:
                known.add(after.key)
                queue.append(after)


def test_the_grid_is_complete() -> None:
    assert ORDER.holes() == []
    assert set(ORDER.statuses) - set(ORDER.reachable()) == set()
    assert ORDER.dead_ends() == []


def test_a_status_that_follows_from_records_is_led_to_by_no_command_alone() -> None:
    led = {(event, target) for _, event, target in edges(ORDER) if target in DERIVED}

    assert led == {("ship", "partially_shipped"), ("release", "partially_shipped"), ("came_back", "returned")}


def check_place(place: Place, settings: Settings) -> None:
    """What holds in a place, however it was reached."""
    order, lines = place.sale
    if order.status != "on_hold" and order.held_from is not None:
        assert order.status in ("canceled", "rejected", "expired", "delivered")
    sent = {line.retailer_id: line.shipped for line in lines}
    kept = {line.retailer_id: line.left for line in lines}
    assert place.on_hand == {sku: -count for sku, count in sent.items()}
    is_off = order.status in ("cart", "abandoned", "canceled", "rejected", "expired")
    assert place.reserved == (NONE if is_off else kept)
    assert [line.quantity + line.canceled for line in lines] == [line.quantity for line in LINES]
    parcelled = {sku: sum(p.parts.get(sku, 0) for p in place.parcels if p.shipped_at) for sku in WHOLE}
    assert parcelled == sent
    assert order.total == sum(line.total for line in lines)
    assert (order.fulfillment_status in ("unfulfilled", "canceled")) == (not any(sent.values()))
    offered = next_actions(order, settings)
    assert offered == [] if order.status in ENDED else {"cancel", "release"} & {*offered, "cancel"}


def check_step(before: Place, action: Action, outcome: Outcome, after: Place, settings: Settings) -> None:
    """What holds for a decision, whatever it is about."""
    order = before.order
    if action.event in FACTS:
        assert isinstance(outcome, Move)
    elif isinstance(outcome, Move):
        assert outcome.status in {*ORDER.targets(order.status, action.event), order.status}
    if isinstance(outcome, Refused):
        assert after == before
        assert outcome.reasons
    if action.event == "hold" and isinstance(outcome, Move):
        assert step(after, RELEASE, Move(order.status), settings).key == before.key
        assert decide(after.order, RELEASE, settings) == Move(order.status)
    if isinstance(outcome, Move) and outcome.status == "approved":
        assert action.event != "approve" or order.status == "confirmed"
    if action.event in ("start", "pack", "ship") and isinstance(outcome, Move) and settings.get("require_approval"):
        assert order.status != "confirmed"
    if action.event == "ship" and isinstance(outcome, Move) and order.payment_method == "link":
        assert order.balance_due == 0


@pytest.mark.parametrize(
    "order",
    ORDERS,
    ids=lambda o: f"{o.delivery_method}-{o.payment_method}-{o.checkout_step}-{'known' if o.address else 'none'}",
)
def test_every_path_keeps_its_promises(order: Order) -> None:
    for settings in SETTINGS:
        places: list[tuple[object, ...]] = []
        for before, action, outcome, after in walk(order, settings):
            check_step(before, action, outcome, after, settings)
            if not places or places[-1] != before.key:
                check_place(before, settings)
                places.append(before.key)
        reached = {str(key[0]) for key in places}
        assert reached >= {"placed", "confirmed", "on_hold", "canceled", "rejected"}
        if (order, settings) == (ORDERS[0], SETTINGS[0]):
            assert set(ORDER.statuses) - reached == {
                "abandoned", "cart", "expired", "awaiting_invoice", "awaiting_confirmation", "delivery_confirmed",
                "completed", "returned",
            }  # fmt: skip


def test_shipping_needs_an_address_and_where_the_store_says_so_a_tracking_number() -> None:
    order = replace(PLACED, status="confirmed", address=None)

    assert [reason.key for reason in why_not(order, "ship", Settings({}))] == ["why.address", "why.tracking"]
    assert [reason.key for reason in why_not(order, "ship", Settings({"tracking_required": "none"}))] == ["why.address"]
    assert why_not(replace(order, delivery_method="pickup"), "ship", Settings({})) == ()
    assert why_not(replace(order, address=ADDRESS, tracking="AB12"), "ship", Settings({})) == ()


def test_what_was_paid_is_shipped_though_a_part_of_it_went_back() -> None:
    paid = replace(
        PLACED, status="confirmed", delivery_method="pickup", payment_method="link", captured=PLACED.total
    )  # fmt: skip
    assert why_not(paid, "ship", Settings({})) == ()
    assert why_not(replace(paid, refunded=1), "ship", Settings({})) == ()
    for unpaid in (replace(paid, captured=PLACED.total - 1), replace(paid, refunded=PLACED.total)):
        assert [reason.key for reason in why_not(unpaid, "ship", Settings({}))] == ["why.unpaid"]


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

    assert [r.key for r in why_not(shipped, "cancel", Settings({}))] == ["why.recall_reason"]
    assert decide(shipped, Action("cancel", STAFF, note="lost"), Settings({})) == Move("canceled")
    never = Settings({"cancel_after_ship": "never", "customer_cancel_until": "shipped"})
    for who in (STAFF, CUSTOMER):
        assert [r.key for r in why_not(shipped, "cancel", never, by=who)] == ["why.no_cancel_after_ship"]


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
    assert {s: found for s in ORDER.statuses if (found := next_actions(replace(PLACED, status=s), Settings({})))} == {
        "cart": ["cancel"],
        "abandoned": ["cancel"],
        "placed": ["confirm", "hold", "cancel", "reject"],
        "confirmed": ["ship", "pack", "start", "hold", "cancel", "reject"],
        "payment_review": ["accept", "deny", "hold", "cancel", "reject"],
        "approved": ["ship", "pack", "start", "hold", "cancel"],
        "processing": ["ship", "pack", "hold", "cancel"],
        "awaiting_invoice": ["pack", "hold", "cancel"],
        "invoice_issued": ["ship", "pack", "hold", "cancel"],
        "packed": ["ship", "hold", "cancel"],
        "partially_shipped": ["ship", "deliver", "hold", "cancel"],
        "shipped": ["deliver", "out", "cancel"],
        "out_for_delivery": ["deliver", "cancel"],
        "awaiting_confirmation": ["cancel"],
        "on_hold": ["release", "cancel", "reject"],
    }


def test_what_a_policy_makes_a_step_is_offered_where_it_holds() -> None:
    confirmed, processing = (replace(PLACED, status=status) for status in ("confirmed", "processing"))

    assert next_actions(confirmed, Settings({"require_approval": "on"})) == ["approve", "hold", "cancel", "reject"]
    assert "invoice" in next_actions(processing, Settings({"invoices": "on"}))
    assert next_actions(replace(confirmed, asks_cancel=True), Settings({})) == []


def test_timers_run_while_the_customer_is_asked_and_only_then() -> None:
    waiting = replace(PLACED, checkout_step=Step.ADDRESS)

    assert open_until(waiting, Settings({})) == (
        ("remind", NOW + timedelta(hours=12)),
        ("abandon", NOW + timedelta(hours=24)),
    )
    assert open_until(waiting, Settings({"abandon_reminder": "0"})) == (("abandon", NOW + timedelta(hours=24)),)
    assert open_until(replace(waiting, status="abandoned"), Settings({})) == (("expire", NOW + timedelta(hours=72)),)
    assert open_until(replace(waiting, status="abandoned"), Settings({"expire_after": "0"})) == ()
    here = ("delivered", "delivery_confirmed", "awaiting_confirmation")
    assert {open_until(replace(waiting, status=s), Settings({})) for s in here} == {
        (("complete", NOW + timedelta(days=7)),)
    }
    shops = ("confirmed", "payment_review", "approved", "processing", "awaiting_invoice", "invoice_issued", "packed",
             "out_for_delivery", "on_hold")  # fmt: skip
    stands = [PLACED, *(replace(waiting, status=s) for s in shops)]
    assert {open_until(order, Settings({})) for order in stands} == {(("stale", NOW + timedelta(hours=24)),)}
    assert {open_until(order, Settings({"stale_after": "0"})) for order in stands} == {()}
    done = ("placed", "abandoned", *here, *shops)
    others = [replace(waiting, status=s) for s in ORDER.statuses if s not in done]
    assert {open_until(order, Settings({})) for order in others} == {()}
    ended = replace(waiting, status="canceled")
    assert open_until(ended, Settings({"auto_archive_after": "90d"})) == (("archive", NOW + timedelta(days=90)),)
    started = [
        effect
        for effect in notices.timers(PLACED, notices.Setting(STORE, Settings({}), "Asha", "en", None))
        if isinstance(effect, StartTimer)
    ]
    assert [timer.kind for timer in started] == ["stale"]
