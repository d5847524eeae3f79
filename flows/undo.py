"""Taking back what was just done: which actions may be, and the order as it was before, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from flows.fulfilment import Shipment
from flows.order import STAFF, Action, Line, Order, Sale
from flows.order_table import COMMANDS
from flows.settings import Settings

UNDO = "undo"
_FINAL = frozenset({"cancel", "reject", "deny", "cancel_lines", "add", "return", "receipt", "reschedule"})
"""What moves money or ends an order is asked about before, and the old time of a booking may be somebody else's by now: that is
never offered to be taken back.
"""
AMENDS = frozenset({"assign", "tag", "mark", "address", "email", "bill"})
"""What staff keep of an order and may take back too."""


def window(action: Action, settings: Settings) -> timedelta:
    """How long `action` may be taken back, and how long the customer's notice of it waits; zero: not at all."""
    is_undoable = action.by == STAFF and (
        action.event in AMENDS or (action.event in COMMANDS and action.event not in _FINAL)
    )
    wait: timedelta = settings.get("undo_window") if is_undoable else timedelta()
    return wait


@dataclass(frozen=True, slots=True)
class Before:
    """An order, its lines and its parcels as they were. `shipments` is None when the action did not touch them."""

    order: Order
    lines: Sequence[Line]
    shipments: Sequence[Shipment] | None


def remember(sale: Sale, shipments: Sequence[Shipment] | None) -> dict[str, Any]:
    """As plain data; `recall` is the inverse."""
    parcels = None if shipments is None else [_plain(shipment) for shipment in shipments]
    return {"order": _plain(sale.order), "lines": [_plain(line) for line in sale.lines], "shipments": parcels}


def recall(data: Mapping[str, Any]) -> Before:
    parcels = data["shipments"]
    return Before(
        _typed(Order, data["order"]),
        tuple(Line(**line) for line in data["lines"]),
        None if parcels is None else tuple(_typed(Shipment, parcel) for parcel in parcels),
    )


def restored(now: Order, before: Before) -> Order:
    """The order as it was; what belongs to the row alone stays."""
    return replace(before.order, version=now.version)


def _plain(value: Any) -> dict[str, Any]:
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in asdict(value).items()}


def _typed(kind: type[Any], data: Mapping[str, Any]) -> Any:
    moments = {field.name for field in fields(kind) if field.name.endswith("_at")}
    return kind(
        **{
            name: datetime.fromisoformat(value) if name in moments and value is not None else value
            for name, value in data.items()
        }
    )
