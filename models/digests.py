"""The day's money as counted from the ledger, and the timer that tells of it: set by whatever moves money, and by nothing else."""

from datetime import datetime

from flows import digest
from flows.digest import Came, Digest
from flows.order import DEAD
from flows.settings import Settings
from models import timers
from models.statements import INT, TEXT, TIME, statement
from models.work import Work

_SPAN = {"store_id": INT, "since": TIME, "until": TIME, "currency": TEXT}
_CAME = statement(
    "SELECT method, COUNT(*), CAST(SUM(amount) AS BIGINT) FROM payment WHERE store_id = :store_id"
    " AND state = 'completed' AND NOT is_held AND currency = :currency"
    " AND captured_at >= :since AND captured_at < :until GROUP BY method ORDER BY 3 DESC, method",
    _SPAN,
    {"method": TEXT, "count": INT, "amount": INT},
)
_BACK = statement(
    "SELECT CAST(COALESCE(SUM(CASE WHEN r.to_credit THEN 0 ELSE r.amount END), 0) AS BIGINT),"
    " CAST(COALESCE(SUM(CASE WHEN r.to_credit THEN r.amount ELSE 0 END), 0) AS BIGINT) FROM refund r"
    " JOIN payment p ON p.id = r.payment_id WHERE r.store_id = :store_id AND r.state <> 'failed' AND p.currency = :currency"
    " AND r.created_at >= :since"
    " AND r.created_at < :until",
    _SPAN,
    {"refunded": INT, "credited": INT},
)
# What an order owes, as `Order.balance_due` has it.
_OWED = "total - waived - captured + CASE WHEN fulfillment_status IN ('shipped', 'delivered') THEN 0 ELSE refunded END"
_DUE = statement(
    f"SELECT COUNT(*), CAST(COALESCE(SUM({_OWED}), 0) AS BIGINT) FROM orders WHERE store_id = :store_id AND NOT status IN :dead"  # noqa: S608
    f" AND archived_at IS NULL AND {_OWED} > 0",
    {"store_id": INT, "dead": TEXT},
    {"count": INT, "amount": INT},
)
_WAITING = statement(
    "SELECT COUNT(*) FROM discrepancy WHERE store_id = :store_id AND settled_at IS NULL",
    {"store_id": INT},
    {"count": INT},
)


def expect(work: Work) -> None:
    """Money has moved: the owner hears of it when the day is over."""
    if Settings(work.store.settings).get("money_digest"):
        day = digest.day_of(work.now, work.store)
        timers.start(work, kind=digest.TIMER, subject=day.isoformat(), due_at=digest.ends_at(day, work.store))


async def between(work: Work, since: datetime, until: datetime) -> Digest:
    store = work.store
    span = {"store_id": store.id, "since": since, "until": until, "currency": store.currency}
    came, [back], [due], [waiting] = await work.load_late(
        _CAME(**span), _BACK(**span), _DUE(store_id=store.id, dead=sorted(DEAD)), _WAITING(store_id=store.id)
    )
    return Digest(
        since, until, tuple(Came(**row) for row in came), back["refunded"], back["credited"], due["count"],
        due["amount"], waiting["count"],
    )  # fmt: skip
