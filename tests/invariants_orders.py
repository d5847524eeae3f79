"""What holds of orders, their history and the stock whenever nothing is under way: I7, I8, I13 and I17 of the design."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from flows.lifecycle import edges
from flows.order_table import ORDER
from tests.world import Stage

Rows = Sequence[Mapping[str, Any]]

MOVES = set(edges(ORDER))
AMENDMENTS = {"address", "note"}
"""What changes an order and not its status."""
HOLDING = {"placed", "confirmed", "processing", "packed", "on_hold"}
"""Statuses in which the shelf still holds what was promised."""


async def broken(stage: Stage, delivered: Mapping[str, int | None]) -> list[str]:
    """A sentence for everything that does not hold. `delivered` are the pieces that once came into the shop."""
    orders = await stage.rows("SELECT * FROM orders ORDER BY number")
    lines = await stage.rows("SELECT * FROM order_line ORDER BY order_id, position")
    history = await stage.rows("SELECT * FROM order_history ORDER BY order_id, version")
    products = await stage.rows("SELECT * FROM product ORDER BY retailer_id")
    found = []
    for order in orders:
        of_order = [row for row in history if row["order_id"] == order["id"]]
        sold = [row for row in lines if row["order_id"] == order["id"]]
        found += [f"#{order['number']} {why}" for why in (*_off_the_grid(order, of_order), *_miscounted(order, sold))]
    return found + list(_unbalanced(orders, lines, history, products=products, delivered=delivered))


async def shelf(stage: Stage) -> dict[str, int | None]:
    """The pieces of each product that are in the shop."""
    rows = await stage.rows("SELECT retailer_id, on_hand FROM product")
    return {row["retailer_id"]: row["on_hand"] for row in rows}


def _off_the_grid(order: Mapping[str, Any], history: Rows) -> Iterator[str]:
    """I7 and I8."""
    if [row["version"] for row in history] != list(range(1, order["version"] + 1)):
        yield "has a history with a gap"
        return
    first, last = history[0], history[-1]
    if (first["action"], first["status_before"]) != ("place", None) or first["status_after"] not in ORDER.starts:
        yield "does not begin in a first status"
    if last["status_after"] != order["status"]:
        yield "is not where its history ends"
    for before, row in pairwise(history):
        move = (row["status_before"], row["action"], row["status_after"])
        if row["status_before"] != before["status_after"]:
            yield f"jumped to {row['status_before']}"
        if move not in MOVES and not (row["action"] in AMENDMENTS and move[0] == move[2]):
            yield f"made a move that is not in its grid: {move}"


def _miscounted(order: Mapping[str, Any], lines: Rows) -> Iterator[str]:
    """I13."""
    if not lines or any(line["total"] != line["unit_price"] * line["quantity"] for line in lines):
        yield "has a line whose total is wrong"
    if order["subtotal"] != sum(line["total"] for line in lines):
        yield "has a subtotal that is not its lines'"
    if order["total"] != order["subtotal"] - order["discount"] + order["tax"] + order["shipping"]:
        yield "has a total that is not the sum of its prices"


def _unbalanced(
    orders: Rows, lines: Rows, history: Rows, *, products: Rows, delivered: Mapping[str, int | None]
) -> Iterator[str]:
    """I17."""
    shipped = {row["order_id"] for row in history if row["action"] == "ship"}
    held = {order["id"] for order in orders if order["status"] in HOLDING}
    reserved, gone = Counter[str](), Counter[str]()
    for line in lines:
        reserved[line["retailer_id"]] += line["quantity"] * (line["order_id"] in held)
        gone[line["retailer_id"]] += line["quantity"] * (line["order_id"] in shipped)
    for product in products:
        sku, came = product["retailer_id"], delivered[product["retailer_id"]]
        if product["reserved"] != reserved[sku]:
            yield f"{sku}: {product['reserved']} are reserved, {reserved[sku]} are promised"
        if product["on_hand"] != (None if came is None else came - gone[sku]):
            yield f"{sku}: {product['on_hand']} are on hand of {came}, and {gone[sku]} have left"
