"""The whole ledger read for the books."""

from flows.books import Gift, Line, entries
from flows.ledger import Payment, Refund
from flows.order import Order
from models.ledger import CreditAccountRow, CreditEntryRow, PaymentRow, RefundRow
from models.orders import OrderRow
from models.statements import INT, kinds, select, statement
from models.work import Work

_ORDERS = select(OrderRow, "WHERE t.store_id = :store_id ORDER BY t.number", store_id=INT)
_PAYMENTS = select(PaymentRow, "WHERE t.store_id = :store_id ORDER BY t.created_at, t.id", store_id=INT)
_REFUNDS = select(RefundRow, "WHERE t.store_id = :store_id ORDER BY t.created_at, t.id", store_id=INT)
_GIFTS = statement(
    "SELECT e.at, e.amount, a.currency FROM credit_entry e JOIN credit_account a ON a.id = e.account_id"
    " WHERE a.store_id = :store_id AND e.order_id IS NULL AND e.reason = 'credit' ORDER BY e.id",
    {"store_id": INT},
    {
        "at": kinds(CreditEntryRow)["at"],
        "amount": kinds(CreditEntryRow)["amount"],
        "currency": kinds(CreditAccountRow)["currency"],
    },
)


async def lines(work: Work) -> list[Line]:
    """All money there ever was, as one snapshot."""
    store = work.store.id
    orders, payments, refunds, gifts = await work.load_late(
        _ORDERS(store_id=store), _PAYMENTS(store_id=store), _REFUNDS(store_id=store), _GIFTS(store_id=store)
    )
    return list(
        entries(
            [Order(**row) for row in orders], [Payment(**row) for row in payments], [Refund(**row) for row in refunds],
            [Gift(**row) for row in gifts],
        )
    )  # fmt: skip
