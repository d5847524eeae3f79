"""Goods that come back after delivery: each request with its own states, and the order's `return_status` from all of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flows.lifecycle import Lifecycle, Move, read_grid
from flows.order import Line, Order

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


_PIECE = re.compile(r'(\d{1,3})[xX](?:"([^"]+)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Return:
    """A request to send pieces back: `parts` are pieces by retailer id.

    In an exchange `replacement` is the number of the order that goes out for them, and `covered` how much of their worth has
    paid for it; `waived` is how much of it had not been paid when they came.
    """

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
    replacement: int | None = None
    covered: int = 0
    waived: int = 0


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


OPEN = (REQUESTED, APPROVED)


def next_state(one: Return, event: str) -> str:
    """The state after `event`; AssertionError when the lifecycle has no such move."""
    outcome = RETURN.decide(one.state, event, None)
    assert isinstance(outcome, Move), (one.state, event)
    return outcome.status


def returnable(lines: Sequence[Line]) -> dict[str, int]:
    """Pieces that were sent and have not come back."""
    return {line.retailer_id: left for line in lines if (left := line.shipped - line.returned)}


def worth(parts: Mapping[str, int], lines: Sequence[Line]) -> int:
    return sum(line.unit_price * parts.get(line.retailer_id, 0) for line in lines)


def worth_left(one: Return, lines: Sequence[Line]) -> int:
    """What of its pieces was paid, and has not paid for others already."""
    return max(0, worth(one.parts, lines) - one.covered - one.waived)


def waived(order: Order, parts: Mapping[str, int], lines: Sequence[Line]) -> int:
    """What is not to be paid any more when these pieces are back: their worth, and of an order that is back whole all."""
    is_whole = all(line.returned + parts.get(line.retailer_id, 0) == line.quantity for line in lines)
    return order.balance_due if is_whole else min(order.balance_due, worth(parts, lines))


@dataclass(frozen=True, slots=True)
class Dispositions:
    """What somebody said of pieces that came back: how many of each, and what became of those it was said of."""

    parts: Mapping[str, int]
    dispositions: Mapping[str, str]
    fault: str | None = None

    def text(self) -> str:
        """What was said so far, as it is written."""
        return " ".join(
            f'{self.parts[sku]}x"{sku}" {kind}' if " " in sku else f"{self.parts[sku]}x{sku} {kind}"
            for sku, kind in self.dispositions.items()
        )


_ALIASES = {"ok": RESTOCK, "good": RESTOCK, "shelf": RESTOCK, "broken": DAMAGED, "wrong_item": WRONG_ITEM}


def read_dispositions(words: Sequence[str], expected: Mapping[str, int]) -> Dispositions:
    """`2xCHAI restock 1xCUP damaged`, or one word for everything that is left. Fewer pieces than expected may have come."""
    names = {sku.casefold(): sku for sku in expected}
    parts, said, open_skus = dict(expected), dict[str, str](), list[str]()
    for word in words:
        if piece := _PIECE.fullmatch(word):
            sku = names.get((piece[2] or piece[3]).casefold())
            if sku is None or not 0 < int(piece[1]) <= expected[sku]:
                return Dispositions(parts, said, word)
            parts[sku] = int(piece[1])
            open_skus.append(sku)
            continue
        kind = _ALIASES.get(word.lower().strip(".,"), word.lower().strip(".,"))
        if kind == "item" and WRONG_ITEM in said.values():
            continue
        if kind not in DISPOSITIONS:
            return Dispositions(parts, said, word)
        said |= dict.fromkeys(open_skus or [sku for sku in expected if sku not in said], kind)
        open_skus = []
    return Dispositions(parts, said)
