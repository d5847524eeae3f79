"""Goods that come back: a request, and what became of it. What it means for the order is derived from its rows."""

from collections.abc import Mapping
from dataclasses import replace

from tortoise import Model, fields

from flows import ledger, returns
from flows.effects import MoveStock
from flows.order import Action, Order
from flows.returns import RECEIVED, RESTOCK, Return
from flows.settings import Settings
from models import effects, orders
from models.orders import Actor, Known
from models.statements import INT, select
from models.work import Table, View, Work


# `parts` are pieces by retailer id, `dispositions` what becomes of them once they are here.
class ReturnRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    order_id = fields.BigIntField()
    number = fields.BigIntField()
    state = fields.CharField(max_length=10)
    reason = fields.TextField()
    parts: dict[str, int] = fields.JSONField()
    dispositions: dict[str, str] = fields.JSONField()
    requested_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    replacement = fields.BigIntField(null=True)
    covered = fields.BigIntField(default=0, db_default=0)
    waived = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "order_return"
        unique_together = (("order_id", "number"),)


RETURNS = Table(ReturnRow, Return)
_READ: View[Known] = View("order_id")
_OF = select(ReturnRow, "WHERE t.order_id = :id ORDER BY t.number", id=INT)


async def returns_of(work: Work, order: Order) -> list[Return]:
    """The requests to send something of this order back, the oldest first."""
    if work.find(_READ, order.id) is None:
        [rows] = await work.load_late(_OF(id=order.id))
        work.loaded(RETURNS, [Return(**row) for row in rows])
        work.loaded(_READ, [Known(order.id)])
    return sorted((one for one in work.all(RETURNS) if one.order_id == order.id), key=lambda one: one.number)


async def open_return(work: Work, order: Order) -> Return | None:
    """The return that is asked for or under way."""
    return next((one for one in await returns_of(work, order) if one.state in returns.OPEN), None)


async def begin(
    work: Work, order: Order, *, parts: Mapping[str, int], reason: str, replacement: int | None = None, covered: int = 0
) -> Return:
    """A return in the state that the order has it in: asked for by its customer, or agreed to by the shop."""
    known = await returns_of(work, order)
    one = Return(
        work.ids.new(), work.store.id, order.id, len(known) + 1, order.return_status, reason, dict(parts), work.now,
        work.now, replacement=replacement, covered=covered,
    )  # fmt: skip
    return work.add(RETURNS, one)


async def settle(work: Work, order: Order, one: Return, event: str, *, action: Action, actor: Actor) -> Order:
    """What became of a return, `event` of its own lifecycle; the order follows."""
    state = returns.next_state(one, event)
    work.replace(RETURNS, replace(one, state=state, changed_at=work.now))
    lines = await orders.lines_of(work, order)
    status = returns.status(await returns_of(work, order), lines)
    return orders.amend(work, replace(order, return_status=status), action, actor)


async def receive(
    work: Work, order: Order, one: Return, *, dispositions: Mapping[str, str], parts: Mapping[str, int], actor: Actor,
    settings: Settings, action: Action,
) -> tuple[Order, Return]:  # fmt: skip
    """What came back is here: what can be sold again goes on the shelf, and who waits for it gets it."""
    lines = await orders.lines_of(work, order)
    waived = returns.waived(order, parts, lines)
    one = work.replace(RETURNS, replace(one, parts=dict(parts), dispositions=dict(dispositions), waived=waived))
    orders.come_back(work, order, lines, parts)
    order = replace(order, waived=order.waived + waived)
    order = replace(order, payment_status=ledger.status(order))
    after = await settle(work, order, one, "receive", action=action, actor=actor)
    restocked = [sku for sku in parts if dispositions[sku] == RESTOCK]
    await effects.save(work, [MoveStock(sku, 0, parts[sku]) for sku in restocked], actor.event_id)
    for sku in restocked:
        await orders.fill(work, sku, Actor(None, actor.event_id), settings)
    return await orders.follow_up(work, after, actor, settings), one


async def refunded(work: Work, order: Order, action: Action, actor: Actor) -> Order:
    """Money has gone back: what was received is settled with it."""
    for one in await returns_of(work, order):
        if one.state == RECEIVED:
            order = await settle(work, order, one, "refund", action=action, actor=actor)
    return order
