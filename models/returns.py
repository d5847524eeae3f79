"""Goods that come back: a request, and what became of it. What it means for the order is derived from its rows."""

from dataclasses import dataclass

from tortoise import Model, fields

from flows.order import Order
from flows.returns import Return
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

    class Meta:
        table = "order_return"
        unique_together = (("order_id", "number"),)


@dataclass(frozen=True, slots=True)
class _Known:
    """That an order's returns were read."""

    order_id: int


RETURNS = Table(ReturnRow, Return)
_READ: View[_Known] = View("order_id")
_OF = select(ReturnRow, "WHERE t.order_id = :id ORDER BY t.number", id=INT)


async def returns_of(work: Work, order: Order) -> list[Return]:
    """The requests to send something of this order back, the oldest first."""
    if work.find(_READ, order.id) is None:
        [rows] = await work.load_late(_OF(id=order.id))
        work.loaded(RETURNS, [Return(**row) for row in rows])
        work.loaded(_READ, [_Known(order.id)])
    return sorted((one for one in work.all(RETURNS) if one.order_id == order.id), key=lambda one: one.number)
