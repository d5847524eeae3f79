"""Orders handed out to other programs: each once, and again to whoever lost what they were given."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flows import export
from flows.lifecycle import Move
from flows.order import SYSTEM, Action, Order
from flows.order_rules import PREPAID
from flows.order_table import decide
from flows.settings import Settings
from models import contacts, orders
from models.orders import Actor, OrderRow
from models.statements import INT, TEXT, select, statement
from models.work import Work

# Two who ask at the same moment: each gets what the other has not locked.
_DUE = select(
    OrderRow,
    "WHERE t.store_id = :store_id AND t.claimed_at IS NULL AND t.status IN :statuses"
    " AND (:may_be_unpaid = 1 OR NOT t.payment_method IN :prepaid OR t.captured - t.refunded >= t.total)"
    " ORDER BY t.id LIMIT :limit FOR UPDATE OF t SKIP LOCKED",
    store_id=INT,
    statuses=TEXT,
    may_be_unpaid=INT,
    prepaid=TEXT,
    limit=INT,
)
_OF_CLAIM = select(
    OrderRow,
    "JOIN order_history h ON h.order_id = t.id WHERE t.store_id = :store_id AND h.action = 'export'"
    " AND h.event_id = :claim ORDER BY t.id",
    store_id=INT,
    claim=INT,
)
_LAST = statement(
    "SELECT MAX(h.event_id) FROM order_history h JOIN orders o ON o.id = h.order_id"
    " WHERE o.store_id = :store_id AND h.action = 'export' AND o.claimed_by = :by",
    {"store_id": INT, "by": TEXT},
    {"claim": INT},
)
_EVERY = select(OrderRow, "WHERE t.store_id = :store_id ORDER BY t.id", store_id=INT)


async def claim(work: Work, event_id: int, *, by: str, limit: int) -> list[dict[str, Any]]:
    """Hand out what was not handed out before. Where invoices are a step of their own an order waits for its invoice then,
    and has to be paid before, unless it is paid at the door.
    """
    settings = Settings(work.store.settings)
    [rows] = await work.load_late(
        _DUE(
            store_id=work.store.id, statuses=list(export.ACCEPTED), may_be_unpaid=int(not settings.get("invoices")),
            prepaid=list(PREPAID), limit=limit,
        )
    )  # fmt: skip
    action = Action(export.EXPORT, SYSTEM, details={"by": by})
    handed_out = []
    for order in orders.loaded(work, rows):
        outcome = decide(order, action, settings)
        if isinstance(outcome, Move) and outcome.status != order.status:
            after, _ = await orders.advance(work, order, action, Actor(None, event_id), settings)
        else:
            claimed = replace(order, claimed_at=work.now, claimed_by=by)
            after = orders.amend(work, claimed, action, Actor(None, event_id))
        handed_out.append(await _plain(work, after, event_id))
    return handed_out


async def again(work: Work, claim_id: int | None, *, by: str) -> tuple[int | None, list[dict[str, Any]]]:
    """The same orders as that hand-out had, as they are now; without an id those of the last one by this name."""
    if claim_id is None:
        [[row]] = await work.load_late(_LAST(store_id=work.store.id, by=by))
        claim_id = row["claim"]
    if claim_id is None:
        return None, []
    [rows] = await work.load_late(_OF_CLAIM(store_id=work.store.id, claim=claim_id))
    return claim_id, [await _plain(work, order, claim_id) for order in orders.loaded(work, rows)]


async def everything(work: Work) -> Sequence[dict[str, Any]]:
    """Every order, which changes nothing."""
    [rows] = await work.load_late(_EVERY(store_id=work.store.id))
    return [await _plain(work, order, None) for order in orders.loaded(work, rows)]


async def _plain(work: Work, order: Order, claim_id: int | None) -> dict[str, Any]:
    customer = await contacts.get(work, order.contact_id)
    names = await contacts.names_of(work, order.contact_id)
    who = {"name": customer.name, "wa_id": names.get("wa_id"), "bsuid": names.get("bsuid")}
    return export.plain(order, await orders.lines_of(work, order), who, claim_id)
