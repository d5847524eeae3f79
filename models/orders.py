"""Orders with their lines and history. `advance` is the one gate: nothing else writes a status."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows import fulfilment, gate, ledger, notices, order_table, payments
from flows import undo as undo_rules
from flows.effects import Effect, MoveStock, Ring, StartTimer, TellStaff
from flows.fulfilment import Shipment
from flows.lifecycle import Move, Outcome
from flows.order import CUSTOMER, DEAD, STAFF, SYSTEM, Action, Line, Order, Part, Sale, Step
from flows.order_table import COMMANDS, OPENING, decide, table_of
from flows.phrases import say
from flows.settings import Settings
from models import catalog, contacts, effects, outbox, undo, visits
from models.statements import INT, TEXT, Query, Statement, insert, select, statement, update
from models.stores import StoreRow
from models.undo import Kept
from models.work import Table, View, Work


# Money is minor units of `currency`; the database keeps `total = subtotal - discount + tax + shipping`.
class OrderRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    number = fields.BigIntField()
    kind = fields.CharField(max_length=10)
    status = fields.CharField(max_length=32)
    checkout_step = fields.CharField(max_length=10)
    payment_method = fields.CharField(max_length=20)
    delivery_method = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    subtotal = fields.BigIntField()
    discount = fields.BigIntField()
    tax = fields.BigIntField()
    shipping = fields.BigIntField()
    total = fields.BigIntField()
    placed_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    held_from = fields.CharField(max_length=32, null=True)
    address: dict[str, str] = fields.JSONField(null=True)
    address_source = fields.CharField(max_length=10, null=True)
    customer_note = fields.TextField()
    tracking = fields.CharField(max_length=100, null=True)
    carrier = fields.CharField(max_length=60, null=True)
    needs_review = fields.BooleanField()
    channel = fields.CharField(max_length=10, default="whatsapp", db_default="whatsapp")
    payment_status = fields.CharField(max_length=20, default="unpaid", db_default="unpaid")
    captured = fields.BigIntField(default=0, db_default=0)
    refunded = fields.BigIntField(default=0, db_default=0)
    fulfillment_status = fields.CharField(max_length=20, default="unfulfilled", db_default="unfulfilled")
    return_status = fields.CharField(max_length=20, default="none", db_default="none")
    assignee_id = fields.BigIntField(null=True)
    tags: list[str] = fields.JSONField(default=list, db_default="[]")
    invoice_number = fields.CharField(max_length=40, null=True)
    packed_at = fields.DatetimeField(null=True)
    claimed_at = fields.DatetimeField(null=True)
    claimed_by = fields.CharField(max_length=60, null=True)
    archived_at = fields.DatetimeField(null=True)
    mark = fields.CharField(max_length=32, null=True)
    asks_cancel = fields.BooleanField(default=False, db_default=False)
    email = fields.CharField(max_length=254, null=True)
    billing_address: dict[str, str] = fields.JSONField(null=True)
    exchange_of = fields.BigIntField(null=True)
    waived = fields.BigIntField(default=0, db_default=0)
    deposit = fields.BigIntField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "orders"
        unique_together = (("store_id", "number"),)


# A snapshot of what was sold, whatever becomes of the product.
class OrderLineRow(Model):
    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    position = fields.BigIntField()
    retailer_id = fields.CharField(max_length=100)
    title = fields.CharField(max_length=200)
    brand = fields.CharField(max_length=100)
    image_link = fields.TextField()
    quantity = fields.BigIntField()
    unit_price = fields.BigIntField()
    total = fields.BigIntField()
    backordered = fields.BigIntField(default=0, db_default=0)
    shipped = fields.BigIntField(default=0, db_default=0)
    returned = fields.BigIntField(default=0, db_default=0)
    canceled = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "order_line"
        unique_together = (("order_id", "position"),)


# A parcel; what is in it is kept as pieces by retailer id.
class ShipmentRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    order_id = fields.BigIntField()
    number = fields.BigIntField()
    state = fields.CharField(max_length=10)
    parts: dict[str, int] = fields.JSONField()
    location = fields.CharField(max_length=40)
    tracking = fields.CharField(max_length=100, null=True)
    carrier = fields.CharField(max_length=60, null=True)
    carrier_status = fields.CharField(max_length=24)
    shipped_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "shipment"
        unique_together = (("order_id", "number"),)


# Every change, who made it, and which event asked for it. `version` is the order's version after it.
class OrderHistoryRow(Model):
    id = fields.BigIntField(primary_key=True)
    order_id = fields.BigIntField()
    version = fields.BigIntField()
    event_id = fields.BigIntField(null=True)
    action = fields.CharField(max_length=32)
    by = fields.CharField(max_length=10)
    contact_id = fields.BigIntField(null=True)
    status_before = fields.CharField(max_length=32, null=True)
    status_after = fields.CharField(max_length=32)
    note = fields.TextField()
    tracking = fields.CharField(max_length=100, null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "order_history"
        unique_together = (("order_id", "version"),)


ORDERS = Table(OrderRow, Order)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of an order's history."""

    order_id: int
    version: int
    event_id: int | None
    action: str
    by: str
    contact_id: int | None
    status_before: str | None
    status_after: str
    note: str
    tracking: str | None
    at: datetime

    @property
    def place(self) -> tuple[int, int]:
        return self.order_id, self.version


@dataclass(frozen=True, slots=True)
class Sold:
    """One line of an order, in its place."""

    order_id: int
    position: int
    line: Line

    @property
    def place(self) -> tuple[int, int]:
        return self.order_id, self.position


@dataclass(frozen=True, slots=True)
class Known:
    """That records of an order (its lines, parcels, money or returns) were read."""

    order_id: int


class _Lines(View[Sold]):
    """Lines change with their order, whose version guards them too."""

    columns = ("retailer_id", "title", "brand", "image_link", "unit_price", "quantity", "total", "backordered", "shipped",
               "returned", "canceled")  # fmt: skip
    moving = ("quantity", "total", "backordered", "shipped", "returned", "canceled")
    insert = insert(OrderLineRow, "order_id", "position", *columns)
    update = update(OrderLineRow, ["order_id", "position"], moving)

    def inserted(self, sold: Sold) -> tuple[Any, ...]:
        return (sold.order_id, sold.position, *(getattr(sold.line, name) for name in self.columns))

    def updated(self, _was: Sold, now: Sold) -> tuple[Any, ...]:
        return (*(getattr(now.line, name) for name in self.moving), now.order_id, now.position)


HISTORY = Table(OrderHistoryRow, Entry, key="place")
# Two who change one order at once add the same version of it: that is a conflict, like the order's own, and no fault.
HISTORY.insert = replace(
    insert(OrderHistoryRow, *HISTORY.columns, conflict="ON CONFLICT (order_id, version) DO NOTHING"), exact=True
)
LINES = _Lines("place")
LINES_READ: View[Known] = View("order_id")
SHIPMENTS = Table(ShipmentRow, Shipment)
PARCELS: View[Known] = View("order_id")
_BY_NUMBER = select(OrderRow, "WHERE t.store_id = :store_id AND t.number IN :numbers", store_id=INT, numbers=INT)
_BY_ID = select(OrderRow, "WHERE t.id IN :ids", ids=INT)
_OPEN_OF = select(
    OrderRow,
    # The statuses are those of the index of open orders; hardly any is a booking that was missed.
    "WHERE t.status NOT IN ('delivered', 'delivery_confirmed', 'completed', 'canceled', 'rejected', 'expired', 'returned')"
    " AND t.status <> 'no_show'"
    " AND t.contact_id IN"
    " (SELECT contact_id FROM identity WHERE store_id = :store_id AND active AND value IN :names) ORDER BY t.id",
    store_id=INT,
    names=TEXT,
)
LAST = 5
"""Orders of one customer that are looked through for what they may mean."""
_LAST_OF = select(OrderRow, f"WHERE t.contact_id = :contact ORDER BY t.id DESC LIMIT {LAST}", contact=INT)
_OF_MESSAGE = select(
    OrderRow,
    "WHERE t.store_id = :store_id AND t.id = (SELECT order_id FROM outbox WHERE wamid = :wamid LIMIT 1)",
    store_id=INT,
    wamid=TEXT,
)
_LINES = select(OrderLineRow, "WHERE t.order_id IN :ids ORDER BY t.order_id, t.position", ids=INT)
_WAITING = select(
    OrderRow,
    # `+ 0` keeps the planner from walking through all orders of the store: few wait.
    "WHERE t.store_id + 0 = :store_id AND t.id IN"
    " (SELECT order_id FROM order_line WHERE retailer_id = :sku AND backordered > 0) ORDER BY t.id",
    store_id=INT,
    sku=TEXT,
)
_SHIPMENTS = select(ShipmentRow, "WHERE t.order_id = :id ORDER BY t.number", id=INT)
_UNPACK = statement("DELETE FROM shipment WHERE id = :id", {"id": INT})
_CHANGES = select(OrderHistoryRow, "WHERE t.order_id = :id ORDER BY t.version", id=INT)
_STATES_OF_PAYMENTS = statement("SELECT state FROM payment WHERE order_id = :id", {"id": INT}, {"state": TEXT})
_NAMES = statement(
    "SELECT c.id, COALESCE(s.name, c.name) FROM contact c LEFT JOIN staff s ON s.contact_id = c.id WHERE c.id IN :ids",
    {"ids": INT},
    {"id": INT, "name": TEXT},
)
_LAST_NUMBER = "SELECT id, last_number FROM store WHERE id = "
_COUNTER = Statement(
    f"{_LAST_NUMBER}:id",
    f"{_LAST_NUMBER}$1::bigint FOR NO KEY UPDATE",
    ("id",),
    {"id": INT},
    {"id": INT, "last_number": INT},
)


@dataclass(frozen=True, slots=True)
class Counter:
    """The store's last order number, held by this transaction from the moment it is read."""

    id: int
    last_number: int


COUNTERS = Table(StoreRow, Counter)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of an order's history. `who` is a person's name, or None for a timer or the bot itself."""

    action: str
    by: str
    who: str | None
    status_before: str | None
    status_after: str
    note: str
    tracking: str | None
    at: datetime
    contact_id: int | None = None


def load_counter(store_id: int) -> Query:
    """The query for the last order number; on Postgres other workers wait for this transaction from here on."""
    return _COUNTER(id=store_id)


def counter_loaded(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    work.loaded(COUNTERS, [Counter(**row) for row in rows])


async def take_number(work: Work) -> int:
    """The next order number of the store: growing, without gaps, for what fails is taken back with its number."""
    if (counter := work.find(COUNTERS, work.store.id)) is None:
        [rows] = await work.load_late(load_counter(work.store.id))
        counter_loaded(work, rows)
        [counter] = work.all(COUNTERS)
    return work.replace(COUNTERS, replace(counter, last_number=counter.last_number + 1)).last_number


async def place(
    work: Work, order: Order, lines: Sequence[Line], *, event_id: int, settings: Settings, note: str = "",
    by: str = CUSTOMER, actor_id: int | None = None,
) -> Order:  # fmt: skip
    """A new order in its first status: with its lines, its timers, its pieces promised and its history begun."""
    assert order.status in table_of(order).lifecycle.starts
    plan = {} if order.is_booking else await catalog.plan(work, lines)
    parcels = fulfilment.planned(order, lines, (), plan).new
    if (fulfillment_status := fulfilment.status(order, lines)) != order.fulfillment_status:
        order = replace(order, fulfillment_status=fulfillment_status)
    work.add(ORDERS, order)
    work.loaded(LINES_READ, [Known(order.id)])
    work.loaded(PARCELS, [Known(order.id)])
    for position, line in enumerate(lines, 1):
        work.add(LINES, Sold(order.id, position, line))
    for parcel in parcels:
        work.add(SHIPMENTS, replace(parcel, id=work.ids.new()))
    actor = Actor(actor_id or order.contact_id, event_id)
    _remember(work, order, None, Action("place", by, note=note), actor)
    where = await setting_of(work, order, actor, settings)
    follows = [*notices.promised(Sale(order, lines), parcels), *notices.started(order, where), *notices.listed(where)]
    await effects.save(work, follows, event_id)
    return order


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts (None: a timer or the bot itself), and the event that asked for it.

    `answered` is whoever set off what follows by itself: they read the answer, and no alert.
    """

    contact_id: int | None
    event_id: int
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """An order with all that a decision about it looks at."""

    lines: list[Line]
    allotment: catalog.Allotment | None
    outcome: Outcome


async def judge(work: Work, order: Order, action: Action, settings: Settings) -> Outcome:
    """What would become of `action`."""
    return (await _look_at(work, order, action, settings)).outcome


async def _look_at(work: Work, order: Order, action: Action, settings: Settings) -> _Case:
    lines = await lines_of(work, order)
    allotment = None
    if action.event in gate.PROMISED_ANEW:
        allotment = await catalog.allot(work, lines, allow_backorder=settings.get("allow_backorder"))
    short = [line.title for line in allotment.short] if allotment else ()
    visit = await visits.of(work, order)
    return _Case(lines, allotment, decide(order, action, settings, lines, now=work.now, short=short, visit=visit))


async def advance(work: Work, order: Order, action: Action, actor: Actor, settings: Settings) -> tuple[Order, Outcome]:
    """The gate: decide, and on a move write the status, its history and everything that follows, all or nothing.

    Returns the order as it is afterwards, and the decision.
    """
    case = await _look_at(work, order, action, settings)
    lines, outcome = case.lines, case.outcome
    if not isinstance(outcome, Move) or (outcome.status == order.status and action.event not in COMMANDS):
        return order, outcome
    allotted = None
    if case.allotment is not None:
        again = case.allotment.lines
        allotted = gate.Allotted(again, await catalog.plan(work, again))
    of_parcels = action.event in gate.OF_PARCELS
    parcels = await shipments_of(work, order) if of_parcels else []
    after, change = gate.apply(Sale(order, lines), parcels, action, outcome, work.now, allotted=allotted)
    _keep_parcels(work, order, change)
    if order.status in DEAD and after.status not in DEAD:  # what its payments had come to was not kept meanwhile
        [payments_of] = await work.load_late(_STATES_OF_PAYMENTS(id=order.id))
        after = replace(after, payment_status=ledger.status(after, {row["state"] for row in payments_of}))
    after = _replace(work, order, after, action, actor)
    where = await setting_of(work, order, actor, settings)
    follows = notices.follow(
        Sale(order, lines), Sale(after, change.lines), action, where, was=parcels,
        now=fulfilment.merged(parcels, change),
    )  # fmt: skip
    if action.event in COMMANDS:
        outbox.send_waiting(work, order.contact_id, order.id, but=actor.event_id)
    until, count = _until(work, action, actor, settings), 0
    if until is not None:
        follows, count = notices.waiting(follows, order.contact_id, until)
    await effects.save(work, follows, actor.event_id)
    await _fill_freed(work, follows, actor, settings)
    after = await follow_up(work, after, actor, settings)
    if until is not None:
        # What has followed by itself is taken back with it, so the version is the one after all that.
        before = undo_rules.remember(Sale(order, lines), parcels if of_parcels else None)
        await _keep_for_undo(work, after, before, actor, until=until, notices=count)
    return after, outcome


async def _fill_freed(work: Work, follows: Sequence[Effect], actor: Actor, settings: Settings) -> None:
    """What is free now goes to the orders that wait for it."""
    for move in follows:
        if isinstance(move, MoveStock) and not move.location and move.reserved < 0 == move.on_hand:
            await fill(work, move.retailer_id, Actor(None, actor.event_id), settings)


async def follow_up(work: Work, order: Order, actor: Actor, settings: Settings) -> Order:
    """The order after the fact that its pieces have made true by themselves, if they have."""
    if (fact := order_table.follows(order, await lines_of(work, order))) is None:
        return order
    by_itself = Actor(None, actor.event_id, actor.contact_id or actor.answered)
    after, _ = await advance(work, order, Action(fact, SYSTEM), by_itself, settings)
    return after


def come_back(work: Work, order: Order, lines: Sequence[Line], parts: Mapping[str, int]) -> None:
    """Pieces that were sent are back."""
    back = tuple(replace(line, returned=line.returned + parts.get(line.retailer_id, 0)) for line in lines)
    _keep_parcels(work, order, fulfilment.Parcels(back))


async def setting_of(work: Work, order: Order, actor: Actor, settings: Settings) -> notices.Setting:
    """Where notices about this order are written."""
    customer = await contacts.get(work, order.contact_id)
    visit = await visits.of(work, order)
    return notices.Setting(
        work.store, settings, customer.known_as(work.store.language),
        customer.language or work.store.language, actor.contact_id or actor.answered, work.now,
        visit,
    )  # fmt: skip


def _until(work: Work, action: Action, actor: Actor, settings: Settings) -> datetime | None:
    """Until when an action can be taken back, if at all."""
    window = undo_rules.window(action, settings)
    return work.now + window if window and actor.contact_id is not None else None


async def _keep_for_undo(
    work: Work, after: Order, before: dict[str, Any], actor: Actor, *, until: datetime, notices: int = 0
) -> None:
    """`notices` is how many messages to the customer wait until then."""
    assert actor.contact_id is not None
    kept = Kept(after.id, work.store.id, actor.contact_id, actor.event_id, after.version, notices, until, before)
    await undo.keep(work, kept)


async def take_back(work: Work, kept: Kept, actor: Actor, settings: Settings) -> Order | None:
    """Undo what was kept, with its notice; None when the order has moved on, or the customer knows already."""
    order = await get(work, kept.id)
    if kept.version != order.version or kept.expires_at <= work.now:
        return None
    if not await outbox.take_back(work, order.contact_id, order.id, cause=kept.event_id, count=kept.notices):
        return None
    lines, before = await lines_of(work, order), undo_rules.recall(kept.before)
    parcels = await shipments_of(work, order) if before.shipments is not None else []
    for position, line in enumerate(before.lines, 1):
        work.replace(LINES, Sold(order.id, position, line))
    if before.shipments is not None:
        await _restore_parcels(work, order, before.shipments)
    after = _replace(work, order, undo_rules.restored(order, before), Action(undo_rules.UNDO, STAFF), actor)
    follows = notices.undone(
        Sale(order, lines), Sale(after, before.lines), await setting_of(work, after, actor, settings),
        was=parcels, now=before.shipments or (),
    )  # fmt: skip
    await effects.save(work, follows, actor.event_id)
    await _fill_freed(work, follows, actor, settings)
    return after


async def arrived(
    work: Work, order: Order, lines: Sequence[Line], event_id: int, settings: Settings, *, by: int | None = None
) -> Order:
    """A new order that lacks nothing is submitted; of another staff hear if they want to. `by` is as for `submit`."""
    if order.checkout_step == Step.COMPLETE:
        return await submit(work, order, event_id, settings, by=by)
    if settings.get("notify.arrival"):
        where = await setting_of(work, order, Actor(by or order.contact_id, event_id), settings)
        await effects.save(work, [replace(notices.submitted(order, lines, where), but=by)], event_id)
    return order


async def submit(
    work: Work, order: Order, event_id: int, settings: Settings, *, by: int | None = None, has_arrived: bool = False
) -> Order:
    """Nothing is open with the customer: the order flow decides what happens by itself, and staff hear of it.

    While the shop is closed it may wait for the opening instead. `by` is who of the shop did it and reads the answer;
    it `has_arrived` before, and lacked something then.
    """
    opening = notices.opens_later(order, settings, work.store, work.now)
    if opening is not None:
        held = Action("hold", SYSTEM, note=say("hours.note", work.store.language), is_quiet=True)
        after, _ = await advance(work, order, held, Actor(None, event_id, by), settings)
        await effects.save(work, [StartTimer(OPENING, str(order.id), opening)], event_id)
        return after
    after, _ = await advance(work, order, Action("submit", SYSTEM), Actor(None, event_id), settings)
    # The gate has set the timers of an order that moved; of one that stays, the customer's end here all the same.
    where = await setting_of(work, after, Actor(order.contact_id, event_id), settings)
    timers: list[Effect] = notices.timers(after, where) if after.status == order.status else []
    if payments.wants_money(after, settings):
        timers.append(Ring(payments.ASK, str(order.id)))
    had_news = settings.get("notify.arrival") and (has_arrived or order.address is not None)
    news = await _news_of(work, order, after, where, had_news=had_news)
    await effects.save(work, [*timers, *(replace(told, but=by or told.but) for told in news)], event_id)
    return after


async def _news_of(
    work: Work, order: Order, after: Order, where: notices.Setting, *, had_news: bool
) -> list[TellStaff]:
    """A complete order, for staff: with its card, unless they had that when the cart came."""
    if not had_news:
        return [notices.submitted(after, await lines_of(work, after), where)]
    if where.settings.get("notify.changes") and after.status != order.status:
        return [notices.changed(order, after, work.store, but=order.contact_id)]
    return []


async def _restore_parcels(work: Work, order: Order, before: Sequence[Shipment]) -> None:
    known = {shipment.id for shipment in before}
    for shipment in await shipments_of(work, order):
        if shipment.id not in known:
            work.forget(SHIPMENTS, shipment.id)
            work.afterwards(_UNPACK(id=shipment.id))
    for shipment in before:
        work.replace(SHIPMENTS, shipment)


def _keep_parcels(work: Work, order: Order, change: fulfilment.Parcels) -> None:
    for position, line in enumerate(change.lines, 1):
        sold = Sold(order.id, position, line)
        if work.find(LINES, sold.place) is None:
            work.add(LINES, sold)
        else:
            work.replace(LINES, sold)
    for shipment in change.changed:
        work.replace(SHIPMENTS, shipment)
    for shipment in change.new:
        work.add(SHIPMENTS, replace(shipment, id=work.ids.new()))


async def waiting_for(work: Work, retailer_id: str) -> list[tuple[Order, Line]]:
    """The orders that wait for pieces of a product, the oldest first, and their lines of it."""
    [rows] = await work.load_late(_WAITING(store_id=work.store.id, sku=retailer_id))
    found = []
    for order in loaded(work, rows):
        line = next(line for line in await lines_of(work, order) if line.retailer_id == retailer_id)
        if line.backordered and fulfilment.is_promised(order):
            found.append((order, line))
    return found


async def fill(work: Work, retailer_id: str, actor: Actor, settings: Settings) -> list[Order]:
    """Give what is free of a product to the orders that wait for it, the oldest first. Returns those that got some."""
    await catalog.find_products(work, [retailer_id])
    shelf = work.find(catalog.SHELVES, retailer_id)
    free = shelf.free if shelf else None
    if not free or free < 0:
        return []
    got = []
    for order, line in await waiting_for(work, retailer_id):
        if not (count := min(free, line.backordered)):
            break
        free -= count
        got.append(await _fill(work, order, replace(line, quantity=count, backordered=0, shipped=0), actor, settings))
    return got


async def _fill(work: Work, order: Order, came: Line, actor: Actor, settings: Settings) -> Order:
    lines, parcels = await lines_of(work, order), await shipments_of(work, order)
    plan = await catalog.plan(work, [came]) or {fulfilment.MAIN: {came.retailer_id: came.quantity}}
    change = fulfilment.filled(order, lines, parcels, plan)
    _keep_parcels(work, order, change)
    action = Action("came_in", SYSTEM, parts=(Part(came.retailer_id, came.quantity),))
    after = amend(work, gate.derived(order, change.lines), action, actor)
    follows = notices.follow(
        Sale(order, lines), Sale(after, change.lines), action, await setting_of(work, order, actor, settings),
        was=parcels, now=fulfilment.merged(parcels, change),
    )  # fmt: skip
    await effects.save(work, follows, actor.event_id)
    return after


async def amend_for_now(work: Work, after: Order, action: Action, actor: Actor, settings: Settings) -> Order:
    """The same as `amend`, to be taken back if it was a mistake."""
    before = work.find(ORDERS, after.id)
    assert before is not None
    after = amend(work, after, action, actor)
    if (until := _until(work, action, actor, settings)) is not None:
        remembered = undo_rules.remember(Sale(before, await lines_of(work, before)), None)
        await _keep_for_undo(work, after, remembered, actor, until=until)
    return after


def amend(work: Work, after: Order, action: Action, actor: Actor) -> Order:
    """Change anything but the status (an address, a checkout step, a note), with its history."""
    before = work.find(ORDERS, after.id)
    assert before is not None
    assert before.status == after.status
    return _replace(work, before, after, action, actor)


def _replace(work: Work, before: Order, after: Order, action: Action, actor: Actor) -> Order:
    after = work.replace(ORDERS, replace(after, version=before.version + 1))
    _remember(work, after, before.status, action, actor)
    return after


def _remember(work: Work, order: Order, before: str | None, action: Action, actor: Actor) -> None:
    entry = Entry(
        order.id, order.version, actor.event_id, action.name, action.by, actor.contact_id, before, order.status,
        action.note, action.tracking, work.now,
    )  # fmt: skip
    work.add(HISTORY, entry)


def loaded(work: Work, rows: Sequence[dict[str, Any]]) -> list[Order]:
    """Remember fetched rows; what this unit of work has changed already stays changed."""
    work.loaded(ORDERS, [Order(**row) for row in rows])
    return [found for row in rows if (found := work.find(ORDERS, row["id"])) is not None]


def load(names: Collection[str], store_id: int) -> Query:
    """The query for what is open with everybody who has one of these names, oldest first."""
    return _OPEN_OF(store_id=store_id, names=sorted(names))


def open_with(work: Work, contact_id: int) -> list[Order]:
    """What is open with this contact, oldest first, as far as it was loaded."""
    return [order for order in work.all(ORDERS) if order.contact_id == contact_id and order.is_open]


async def find(work: Work, number: int) -> Order | None:
    """The order with this number."""
    known = next((order for order in work.all(ORDERS) if order.number == number), None)
    if known is not None:
        return known
    [rows] = await work.load_late(_BY_NUMBER(store_id=work.store.id, numbers=[number]))
    return next(iter(loaded(work, rows)), None)


async def get(work: Work, order_id: int) -> Order:
    known = work.find(ORDERS, order_id)
    if known is None:
        [rows] = await work.load_late(_BY_ID(ids=[order_id]))
        [known] = loaded(work, rows)
    return known


async def order_of_message(work: Work, wamid: str) -> Order | None:
    """The order that a message of ours was about: what a reply to it means."""
    [rows] = await work.load_late(_OF_MESSAGE(store_id=work.store.id, wamid=wamid))
    return next(iter(loaded(work, rows)), None)


async def get_all(work: Work, order_ids: Collection[int]) -> dict[int, Order]:
    """These orders, by id."""
    if missing := sorted(each for each in set(order_ids) if work.find(ORDERS, each) is None):
        [rows] = await work.load_late(_BY_ID(ids=missing))
        loaded(work, rows)
    return {each: order for each in order_ids if (order := work.find(ORDERS, each)) is not None}


async def lines_of(work: Work, order: Order) -> list[Line]:
    if work.find(LINES_READ, order.id) is None:
        [rows] = await work.load_late(_LINES(ids=[order.id]))
        columns = Line.__dataclass_fields__
        work.loaded(
            LINES, [Sold(order.id, row["position"], Line(**{name: row[name] for name in columns})) for row in rows]
        )
        work.loaded(LINES_READ, [Known(order.id)])
    sold: list[Line] = []
    while (found := work.find(LINES, (order.id, len(sold) + 1))) is not None:
        sold.append(found.line)
    return sold


async def shipments_of(work: Work, order: Order) -> list[Shipment]:
    """The order's parcels, as far as there are any yet."""
    if work.find(PARCELS, order.id) is None:
        [rows] = await work.load_late(_SHIPMENTS(id=order.id))
        work.loaded(SHIPMENTS, [Shipment(**row) for row in rows])
        work.loaded(PARCELS, [Known(order.id)])
    return sorted((s for s in work.all(SHIPMENTS) if s.order_id == order.id), key=lambda shipment: shipment.number)


async def last_of(work: Work, contact_id: int) -> list[Order]:
    """A customer's newest orders, the newest first; one that was placed in this very unit of work among them."""
    [rows] = await work.load_late(_LAST_OF(contact=contact_id))
    loaded(work, rows)
    theirs = [order for order in work.all(ORDERS) if order.contact_id == contact_id]
    return sorted(theirs, key=lambda order: order.id, reverse=True)[:LAST]


async def changes_of(work: Work, order: Order) -> list[Change]:
    """The order's history, the oldest first, with what this unit of work has added."""
    [rows] = await work.load_late(_CHANGES(id=order.id))
    work.loaded(HISTORY, [Entry(**{name: row[name] for name in HISTORY.columns}) for row in rows])
    entries = sorted((e for e in work.all(HISTORY) if e.order_id == order.id), key=lambda entry: entry.version)
    people = {entry.contact_id for entry in entries if entry.contact_id is not None}
    [named] = await work.load_late(_NAMES(ids=sorted(people)))
    names = {person: known.name for person in people if (known := work.find(contacts.CONTACTS, person)) is not None}
    names |= {row["id"]: row["name"] for row in named}
    return [
        Change(
            entry.action, entry.by, names.get(entry.contact_id or 0), entry.status_before, entry.status_after,
            entry.note, entry.tracking, entry.at, entry.contact_id,
        )
        for entry in entries
    ]  # fmt: skip
