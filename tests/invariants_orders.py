"""What holds of orders, their money, pieces, history and the stock whenever nothing is under way: I7, I8, I11 to I15 and I17
of the design.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from flows import ledger
from flows.ledger import Payment, Refund
from flows.lifecycle import HAPPENS, edges
from flows.order import Order
from flows.order_table import ORDER
from tests.world import Stage

Row = Mapping[str, Any]
Rows = Sequence[Row]

MOVES = set(edges(ORDER))
AMENDMENTS = {
    "address", "email", "bill", "note", "paid", "refund", "go_on", "came_in", "return_approve", "return_reject", "return_receive",
    "return_refund", "return_cancel", "exchange", "request", "pay_pending", "pay_authorized", "pay_failed", "pay_expired",
    "pay_canceled", "pay_invalid", "pay_held", "refund_settled", "refund_failed",
}  # fmt: skip
"""What changes an order and not its status."""
UNPROMISED = {"cart", "abandoned", "canceled", "rejected", "expired"}
"""Statuses in which the shelf keeps nothing for the order."""


@dataclass(frozen=True)
class Books:
    """All rows, table by table."""

    orders: Rows
    lines: Rows
    history: Rows
    shipments: Rows
    payments: Rows
    refunds: Rows
    discrepancies: Rows
    returns: Rows
    products: Rows
    places: Rows

    def of(self, rows: Rows, order: Row) -> list[Row]:
        return [row for row in rows if row["order_id"] == order["id"]]

    def is_promised(self, order_id: int) -> bool:
        return any(order["id"] == order_id and order["status"] not in UNPROMISED for order in self.orders)


TABLES = {
    "orders": "orders ORDER BY number",
    "lines": "order_line ORDER BY order_id, position",
    "history": "order_history ORDER BY order_id, version",
    "shipments": "shipment ORDER BY order_id, number",
    "payments": "payment ORDER BY id",
    "refunds": "refund ORDER BY id",
    "discrepancies": "discrepancy ORDER BY id",
    "returns": "order_return ORDER BY order_id, number",
    "products": "product ORDER BY retailer_id",
    "places": "stock_place ORDER BY retailer_id, location",
}


async def broken(stage: Stage, delivered: Mapping[str, int | None]) -> list[str]:
    """A sentence for everything that does not hold. `delivered` are the pieces that once came into the shop."""
    books = Books(**{name: await stage.rows(f"SELECT * FROM {rest}") for name, rest in TABLES.items()})
    found = []
    for order in books.orders:
        lines = books.of(books.lines, order)
        whys = (
            *_off_the_grid(order, books.of(books.history, order)), *_miscounted(order, lines), *_unpaid(order, books),
            *_misplaced(order, lines, books.of(books.shipments, order)), *_unreturned(order, lines, books),
            *_unexchanged(order, books),
        )  # fmt: skip
        found += [f"#{order['number']} {why}" for why in whys]
    accounts = await stage.rows(
        "SELECT a.id, a.balance, SUM(e.amount) AS entries FROM credit_account a JOIN credit_entry e ON e.account_id = a.id"
        " GROUP BY a.id, a.balance HAVING a.balance <> SUM(e.amount)"
    )
    found += _unexplained(books)
    found += [f"account {row['id']} has {row['balance']}, its entries say {row['entries']}" for row in accounts]
    return [*found, *_unbalanced(books, delivered)]


async def shelf(stage: Stage) -> dict[str, int | None]:
    """The pieces of each product that are in the shop."""
    rows = await stage.rows("SELECT retailer_id, on_hand FROM product")
    return {row["retailer_id"]: row["on_hand"] for row in rows}


def _off_the_grid(order: Row, history: Rows) -> Iterator[str]:
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
        if move not in MOVES and not (move[0] == move[2] and _may_stay(move[0], move[1])):
            yield f"made a move that is not in its grid: {move}"


def _may_stay(status: str, action: str) -> bool:
    if action in AMENDMENTS:
        return True
    said = ORDER.cell(status, action) or ""
    return said == HAPPENS or status in said.split("|")


def _miscounted(order: Row, lines: Rows) -> Iterator[str]:
    """I13."""
    if not lines or any(line["total"] != line["unit_price"] * line["quantity"] for line in lines):
        yield "has a line whose total is wrong"
    if order["subtotal"] != sum(line["total"] for line in lines):
        yield "has a subtotal that is not its lines'"
    if order["total"] != order["subtotal"] - order["discount"] + order["tax"] + order["shipping"]:
        yield "has a total that is not the sum of its prices"


def _unpaid(order: Row, books: Books) -> Iterator[str]:
    """I11, I12 and I14: the sums are their records', one currency, and the payment status says the same."""
    payments = [Payment(**row) for row in books.of(books.payments, order)]
    refunds = [Refund(**row) for row in books.of(books.refunds, order)]
    counted = {payment.id: payment for payment in payments if payment.state == "completed" and not payment.is_held}
    captured = sum(payment.amount for payment in counted.values())
    refunded = sum(refund.amount for refund in refunds if refund.state != "failed" and refund.payment_id in counted)
    if (order["captured"], order["refunded"]) != (captured, refunded):
        yield f"says {order['captured']} captured and {order['refunded']} refunded, its records {captured} and {refunded}"
    if refunded > captured:
        yield f"gave {refunded} back of {captured}"
    if any(payment.currency != order["currency"] for payment in counted.values()):
        yield "counts money of another currency"
    waived = sum(row["waived"] for row in books.of(books.returns, order))
    if order["waived"] != waived or waived > order["total"]:
        yield f"waived {order['waived']} of {order['total']}, its returns {waived}"
    is_paid = captured > refunded and captured - refunded >= order["total"] - waived
    if (order["payment_status"] in ("paid", "overpaid")) != is_paid:
        yield f"is {order['payment_status']} with {captured - refunded} of {order['total']}"
    derived = ledger.status(Order(**order), {payment.state for payment in payments})
    if order["payment_status"] != derived:
        yield f"is {order['payment_status']}, its records say {derived}"
    open_ones = [payment for payment in payments if payment.state in ("checkout", "processing", "pending")]
    if len(open_ones) > 1:
        yield f"has {len(open_ones)} open requests"


def _unexplained(books: Books) -> Iterator[str]:
    """I14 and I15: a transaction is one payment, what went back of one is its refunds, and what does not count is asked about."""
    transactions = [(row["provider"], row["transaction_id"]) for row in books.payments if row["transaction_id"]]
    references = [row["reference"] for row in books.payments if row["asked_at"] and row["state"] != "completed"]
    yield from (f"{key} is there {n} times" for key, n in Counter((*transactions, *references)).items() if n > 1)
    for row in books.payments:
        back = sum(r["amount"] for r in books.refunds if r["payment_id"] == row["id"] and r["state"] != "failed")
        if not row["refunded"] == back <= row["amount"]:
            yield f"payment {row['id']} of {row['amount']} gave {row['refunded']} back, its refunds are {back}"
        asked = [d for d in books.discrepancies if d["payment_id"] == row["id"] and d["refund_id"] is None]
        if row["is_held"] and len(asked) != 1:
            yield f"payment {row['id']} is held, and the shop was asked {len(asked)} times"
        if row["is_held"] and row["state"] != "completed":
            yield f"payment {row['id']} is held and not there"
        if not row["is_held"] and any(not d["outcome"] for d in asked):
            yield f"payment {row['id']} counts, and the shop is still asked"
    for row in books.refunds:
        if row["state"] == "failed" and row["transaction_id"] is None:
            asked = [d for d in books.discrepancies if d["refund_id"] == row["id"]]
            if len(asked) != 1:
                yield f"refund {row['id']} failed, and the shop was asked {len(asked)} times"


def _misplaced(order: Row, lines: Rows, shipments: Rows) -> Iterator[str]:
    """What left is in parcels, and no parcel is planned for what is not there."""
    sent, planned = Counter[str](), Counter[str]()
    for row in shipments:
        sent.update(_json(row["parts"]) if row["shipped_at"] else {})
        planned.update(_json(row["parts"]) if row["state"] == "pending" else {})
    for line in lines:
        sku, there = line["retailer_id"], line["quantity"] - line["shipped"] - line["backordered"]
        if sent[sku] != line["shipped"]:
            yield f"sent {line['shipped']} of {sku}, its parcels hold {sent[sku]}"
        if order["status"] not in UNPROMISED and planned[sku] > there:
            yield f"has parcels planned for {planned[sku]} of {sku}, and {there} are there"


def _unreturned(order: Row, lines: Rows, books: Books) -> Iterator[str]:
    back = Counter[str]()
    for row in books.of(books.returns, order):
        back.update(_json(row["parts"]) if row["state"] in ("received", "refunded") else {})
    for line in lines:
        if line["returned"] != back[line["retailer_id"]]:
            yield f"got {line['returned']} of {line['retailer_id']} back, its returns say {back[line['retailer_id']]}"


def _unexchanged(order: Row, books: Books) -> Iterator[str]:
    """What comes back in exchange pays for exactly one order, which names this one."""
    for row in books.of(books.returns, order):
        if row["replacement"] is None:
            continue
        new = next((each for each in books.orders if each["number"] == row["replacement"]), None)
        if new is None or (new["exchange_of"], new["contact_id"]) != (order["number"], order["contact_id"]):
            yield f"gave #{row['replacement']} in exchange, which does not know of it"
            continue
        paid = sum(
            payment["amount"]
            for payment in books.of(books.payments, new)
            if (payment["method"], payment["reference"]) == ("credit", f"#{order['number']}")
        )
        if row["covered"] != paid or paid > new["total"] + _less(new, books):
            yield f"pays {row['covered']} of #{new['number']}, which got {paid}"


def _less(order: Row, books: Books) -> int:
    """What an order was worth more when it was placed."""
    return sum(line["canceled"] * line["unit_price"] for line in books.of(books.lines, order))


def _unbalanced(books: Books, delivered: Mapping[str, int | None]) -> Iterator[str]:
    """I17: promised stock is what live orders wait for; what is on the shelf came in and did not leave."""
    reserved, gone = Counter[str](), Counter[str]()
    for line in books.lines:
        left = line["quantity"] - line["shipped"] - line["backordered"]
        reserved[line["retailer_id"]] += left * books.is_promised(line["order_id"])
        gone[line["retailer_id"]] += line["shipped"]
    for row in books.returns:
        if row["state"] in ("received", "refunded"):
            kinds = _json(row["dispositions"])
            gone.subtract({sku: n for sku, n in _json(row["parts"]).items() if kinds[sku] == "restock"})
    for product in books.products:
        sku, came = product["retailer_id"], delivered[product["retailer_id"]]
        if product["reserved"] != reserved[sku]:
            yield f"{sku}: {product['reserved']} are reserved, {reserved[sku]} are promised"
        if product["on_hand"] != (None if came is None else came - gone[sku]):
            yield f"{sku}: {product['on_hand']} are on hand of {came}, and {gone[sku]} have left"
    for place in books.places:
        kept = sum(
            _json(row["parts"]).get(place["retailer_id"], 0)
            for row in books.shipments
            if (row["state"], row["location"]) == ("pending", place["location"]) and books.is_promised(row["order_id"])
        )
        if place["reserved"] != kept:
            yield f"{place['retailer_id']} at {place['location']}: {place['reserved']} are reserved, {kept} promised"


def _json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(value) if isinstance(value, str) else value
    return found
