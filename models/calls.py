"""Calls to payment providers as rows: written with what caused them, made outside every transaction, answered by an event.

A call may be made more than once: its id is the provider's idempotency key, and whoever has no such key looks first.
"""

from datetime import datetime, timedelta

from tortoise import Model, fields

from flows.ledger import Payment, Refund
from flows.payments import Call
from models.engines import Connection
from models.statements import INT, JSON, TEXT, TIME, insert, select, statement
from models.work import Work

LEASE = timedelta(seconds=45)
"""So long a call belongs to whoever makes it; afterwards somebody else tries."""
BATCH = 16


# Once settled a row stays, for it says what was asked of whom.
class ProviderCallRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    provider = fields.CharField(max_length=20)
    kind = fields.CharField(max_length=12)
    payment_id = fields.BigIntField(null=True)
    refund_id = fields.BigIntField(null=True)
    details: dict[str, str | int | None] = fields.JSONField()
    state = fields.CharField(max_length=8)
    attempts = fields.BigIntField(default=0, db_default=0)
    due_at = fields.DatetimeField()
    cause_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, default="", db_default="")

    class Meta:
        table = "provider_call"


_COLUMNS = ("id", "store_id", "provider", "kind", "payment_id", "refund_id", "details", "attempts", "cause_id")
_BOOK = insert(ProviderCallRow, *_COLUMNS, "state", "due_at", "created_at")
_DUE = statement(
    f"SELECT {', '.join(_COLUMNS)} FROM provider_call WHERE state = 'due' AND due_at <= :now"  # noqa: S608 - our own names
    " ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED",
    {"now": TIME, "limit": INT},
    {
        "id": INT, "store_id": INT, "provider": TEXT, "kind": TEXT, "payment_id": INT, "refund_id": INT,
        "details": JSON, "attempts": INT, "cause_id": INT,
    },
)  # fmt: skip
_LEASE = statement(
    "UPDATE provider_call SET due_at = :until, attempts = attempts + 1 WHERE id IN :ids", {"until": TIME, "ids": INT}
)
_SETTLE = statement(
    "UPDATE provider_call SET state = :state, settled_at = :now, reason = :reason WHERE id = :id AND state = 'due'",
    {"state": TEXT, "now": TIME, "reason": TEXT, "id": INT},
)
_POSTPONE = statement(
    "UPDATE provider_call SET due_at = :due_at, reason = :reason WHERE id = :id AND state = 'due'",
    {"due_at": TIME, "reason": TEXT, "id": INT},
)
_NEXT_DUE = statement("SELECT MIN(due_at) FROM provider_call WHERE state = 'due'", {}, {"due_at": TIME})
_OF_PAYMENT = select(ProviderCallRow, "WHERE t.payment_id = :payment ORDER BY t.id", payment=INT)


def book(
    work: Work, kind: str, payment: Payment, *, cause: int | None, refund: Refund | None = None, description: str = "",
    capture: str = "", payer: str = "", **more: int,
) -> None:  # fmt: skip
    """Have `payment`'s provider called as soon as this transaction is on disk.

    `capture` is the setting `pay.capture`; `payer` an email address for providers that want one.
    """
    details: dict[str, str | int | None] = {
        "reference": payment.reference, "amount": payment.amount, "currency": payment.currency,
        "description": description, "provider_id": payment.provider_id, "transaction_id": payment.transaction_id,
        "expires_at": payment.expires_at.isoformat() if payment.expires_at else None,
        "created_at": payment.created_at.isoformat(), "capture": capture,
        "method": payment.method, "payer": payer, **more,
    }  # fmt: skip
    if refund is not None:
        details |= {
            "refund_amount": refund.amount, "refund_transaction": refund.transaction_id,
            "refund_at": refund.created_at.isoformat(),
        }  # fmt: skip
    row = (
        work.ids.new(), work.store.id, payment.provider, kind, payment.id, refund.id if refund else None, details, 0,
        cause, "due", work.now, work.now,
    )  # fmt: skip
    work.append(_BOOK, row)
    work.has_calls = True


async def claim(connection: Connection, now: datetime) -> list[Call]:
    """The oldest calls that are due, each for one process."""
    [rows] = await connection.fetch(_DUE(now=now, limit=BATCH))
    if rows:
        await connection.run(_LEASE(until=now + LEASE, ids=[row["id"] for row in rows]))
    return [Call(**{**row, "attempts": row["attempts"] + 1}) for row in rows]


async def settle(connection: Connection, call: Call, now: datetime, *, fault: str = "") -> bool:
    """The call was answered; False when somebody else has had the answer already."""
    state = "failed" if fault else "done"
    return bool(await connection.run(_SETTLE(state=state, now=now, reason=fault[:200], id=call.id)))


async def postpone(connection: Connection, call: Call, due_at: datetime, *, reason: str) -> None:
    """Nobody answered, or not so that it could be understood: it is tried again."""
    await connection.run(_POSTPONE(due_at=due_at, reason=reason[:200], id=call.id))


async def next_due(connection: Connection) -> datetime | None:
    [[row]] = await connection.fetch(_NEXT_DUE())
    due: datetime | None = row["due_at"]
    return due
