"""Goods that come back after delivery: each request with its own states, and the order's `return_status` from all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flows.lifecycle import Lifecycle, read_grid
from flows.order import Line

REQUESTED, APPROVED, REJECTED, RECEIVED, REFUNDED, CANCELED = (
    "requested", "approved", "rejected", "received", "refunded", "canceled",
)  # fmt: skip
RESTOCK, DAMAGED, LOST, WRONG_ITEM = "restock", "damaged", "lost", "wrong"
DISPOSITIONS = (RESTOCK, DAMAGED, LOST, WRONG_ITEM)
"""What becomes of a piece that came back; only `restock` puts it on the shelf."""

RETURN: Lifecycle[None] = Lifecycle(
    name="return",
    states={state: (state,) for state in (REQUESTED, APPROVED, REJECTED, RECEIVED, REFUNDED, CANCELED)},
    starts=(REQUESTED, APPROVED),
    ends=frozenset({REJECTED, REFUNDED, CANCELED}),
    commands=("approve", "reject", "receive", "refund", "cancel"),
    facts=(),
    by_state=read_grid("""
               approve   reject    receive   refund    cancel
    requested  approved  rejected  received  -         canceled
    approved   .         rejected  received  -         canceled
    rejected   -         .         -         -         -
    received   .         -         .         refunded  -
    refunded   .         -         .         .         -
    canceled   -         -         -         -         .
    """),
)


@dataclass(frozen=True, slots=True)
class Return:
    """A request to send pieces back: `parts` are pieces by retailer id."""

    id: int
    store_id: int
    order_id: int
    number: int
    state: str
    reason: str
    parts: Mapping[str, int]
    requested_at: datetime
    changed_at: datetime
    dispositions: Mapping[str, str] = field(default_factory=dict)


def status(returns: Sequence[Return], lines: Sequence[Line]) -> str:
    """`return_status`: what is open comes first, then what has come back."""
    for state in (REQUESTED, APPROVED):
        if any(one.state == state for one in returns):
            return state
    if any(one.state == RECEIVED for one in returns):
        return RECEIVED
    if not any(line.returned for line in lines):
        return "rejected" if returns and returns[-1].state == REJECTED else "none"
    return "returned" if all(line.returned == line.quantity for line in lines) else "partially_returned"
