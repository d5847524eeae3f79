"""Orders looked for by staff: a page of a list, how many stand where, and whatever a few words fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows import ledger
from flows.order import ENDED, Order
from models.orders import OrderRow, loaded
from models.statements import BOOL, INT, TEXT, TIME, kinds, select, statement
from models.work import Work


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of orders, and how many there are on all pages."""

    orders: tuple[Order, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many orders are in a status, and since when the one that has stood there longest."""

    status: str
    count: int
    since: datetime


_LISTED = {"store_id": INT, "statuses": TEXT, "since": TIME, "money": TEXT, "assignee": INT, "archived": BOOL}
_WHICH = (
    "FROM orders t WHERE t.store_id = :store_id AND t.status IN :statuses AND t.placed_at >= :since"
    " AND t.payment_status IN :money AND (:assignee = 0 OR t.assignee_id = :assignee)"
    " AND (t.archived_at IS NOT NULL) = :archived"
)
_COUNTED = statement(f"SELECT COUNT(*) {_WHICH}", _LISTED, {"count": INT})
_PAID_AT = "(SELECT MAX(p.captured_at) FROM payment p WHERE p.order_id = t.id AND p.state = 'completed')"


def _page(order: str) -> Any:
    names = ", ".join(f"t.{name}" for name in kinds(OrderRow))
    return statement(
        f"SELECT {names} {_WHICH} ORDER BY {order} LIMIT :limit OFFSET :offset",
        {**_LISTED, "limit": INT, "offset": INT},
        kinds(OrderRow),
    )


# What is not paid yet stands last, whichever way.
_PAGES = {
    (False, False): _page("t.number DESC"),
    (False, True): _page("t.number ASC"),
    (True, False): _page(f"CASE WHEN t.captured > 0 THEN 0 ELSE 1 END, {_PAID_AT} DESC, t.number DESC"),
    (True, True): _page(f"CASE WHEN t.captured > 0 THEN 0 ELSE 1 END, {_PAID_AT}, t.number"),
}
_STANDINGS = statement(
    "SELECT status, COUNT(*), MIN(changed_at) FROM orders WHERE store_id = :store_id AND archived_at IS NULL"
    " AND NOT status IN :ended GROUP BY status",
    {"store_id": INT, "ended": TEXT},
    {"status": TEXT, "count": INT, "since": TIME},
)
_FOUND = select(
    OrderRow,
    "WHERE t.store_id = :store_id AND (t.number = :number OR LOWER(t.tracking) LIKE :words"
    " OR t.contact_id IN (SELECT id FROM contact WHERE store_id = :store_id AND LOWER(name) LIKE :words)"
    " OR t.contact_id IN (SELECT contact_id FROM identity WHERE store_id = :store_id AND active AND value LIKE :digits)"
    " OR EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = t.id"
    " AND (LOWER(l.title) LIKE :words OR LOWER(l.retailer_id) LIKE :words))"
    " OR EXISTS (SELECT 1 FROM shipment s WHERE s.order_id = t.id AND LOWER(s.tracking) LIKE :words))"
    " ORDER BY t.id DESC LIMIT :limit",
    store_id=INT,
    number=INT,
    words=TEXT,
    digits=TEXT,
    limit=INT,
)
_LEAST_DIGITS = 4
"""Fewer digits are in too many numbers to say whose is meant."""


async def page(
    work: Work, *, statuses: Sequence[str], since: datetime, money: Sequence[str] = ledger.STATUSES,
    assignee: int | None = None, is_archived: bool = False, by_payment: bool = False, ascending: bool, number: int, size: int,
) -> Listing:  # fmt: skip
    """Page `number` of the orders in these statuses placed since then, by their numbers or by their last payment."""
    which = {
        "store_id": work.store.id, "statuses": list(statuses), "since": since, "money": list(money),
        "assignee": assignee or 0, "archived": is_archived,
    }  # fmt: skip
    [[count], rows] = await work.load_late(
        _COUNTED(**which), _PAGES[by_payment, ascending](**which, limit=size, offset=size * (number - 1))
    )
    return Listing(tuple(loaded(work, rows)), count["count"])


async def standings(work: Work) -> list[Standing]:
    """How many orders stand where, of those that are not done."""
    [rows] = await work.load_late(_STANDINGS(store_id=work.store.id, ended=sorted(ENDED)))
    return [Standing(**row) for row in rows]


async def find(work: Work, words: str, *, size: int) -> list[Order]:
    """The newest orders whose customer, number, product or parcel these words fit."""
    text = words.strip().lower().replace("%", "").replace("_", "")
    digits = "".join(letter for letter in text if letter.isdecimal())
    [rows] = await work.load_late(
        _FOUND(
            store_id=work.store.id, number=int(digits) if digits and len(digits) <= 9 else 0, words=f"%{text}%",
            digits=f"%{digits}%" if len(digits) >= _LEAST_DIGITS else "-", limit=size,
        )
    )  # fmt: skip
    return loaded(work, rows)
