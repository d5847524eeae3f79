"""The guards before what may happen to an order: each looks at the case and gives a reason with its remedy, or none.

A guard that keeps a policy of the store, and no truth, is `overridable`: a manager's `force` passes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.appointment import Visit
from flows.approval import is_over_limit
from flows.lifecycle import Guard, Reason
from flows.order import CUSTOMER, ON_ITS_WAY, Action, Line, Order, Part, Step
from flows.payments import due_first
from flows.settings import Settings


@dataclass(frozen=True, slots=True)
class Case:
    """An action and everything its guards may look at. Without `lines` what is left of each is not looked at.

    `short` are the titles of lines whose pieces somebody else has by now; `visit` is the appointment of a booking.
    """

    order: Order
    action: Action
    settings: Settings
    now: datetime
    lines: Sequence[Line] = ()
    short: Sequence[str] = ()
    visit: Visit | None = None


PREPAID = ("whatsapp_pay", "link", "pix", "transfer", "credit")
"""Ways to pay that come before the goods."""
_AT_WORK = (
    "placed",
    "confirmed",
    "payment_review",
    "approved",
    "processing",
    "awaiting_invoice",
    "invoice_issued",
    "packed",
)
_CANCELED_UNTIL = {
    "placed": ("placed",),
    "confirmed": ("placed", "confirmed", "payment_review"),
    "packed": _AT_WORK,
    "shipped": (*_AT_WORK, *ON_ITS_WAY),
    "never": (),
}
"""`customer_cancel_until`: the statuses in which a customer may still cancel. `packed` means until it is on its way."""


def overridable(guard: Guard[Case]) -> Guard[Case]:
    def unless_forced(case: Case) -> Reason | None:
        return None if case.action.is_forced else guard(case)

    unless_forced.__name__ = guard.__name__
    return unless_forced


def address_is_known(case: Case) -> Reason | None:
    if case.order.needs_address and case.order.address is None:
        return Reason("why.address")
    return None


@overridable
def tracking_is_given(case: Case) -> Reason | None:
    required = case.order.delivery_method in case.settings.get("tracking_required")
    known = None if case.order.fulfillment_status.startswith("partially") else case.order.tracking
    return Reason("why.tracking") if required and not (case.action.tracking or known) else None


def reason_is_given(case: Case) -> Reason | None:
    return None if case.action.note else Reason("why.reason", {"word": case.action.event})


def invoice_number_is_given(case: Case) -> Reason | None:
    return None if case.action.number else Reason("why.invoice_number")


@overridable
def is_approved(case: Case) -> Reason | None:
    """With `require_approval` on, or from `approval_limit` on, work begins when somebody has approved."""
    needed = case.settings.get("require_approval") or is_over_limit(case.order, case.settings)
    waits = needed and case.order.status == "confirmed"
    return Reason("why.approval") if waits else None


@overridable
def is_paid_to_confirm(case: Case) -> Reason | None:
    """Where the money comes first, it is what confirms an order that is paid before it is sent."""
    comes_first = case.settings.get("order_flow") == "pay_then_confirm" and is_prepaid(case.order)
    return Reason("why.unpaid") if comes_first and due_first(case.order, case.settings) else None


@overridable
def is_paid_to_start(case: Case) -> Reason | None:
    is_needed = case.settings.get("require_payment_to_start") and is_prepaid(case.order)
    if is_needed and due_first(case.order, case.settings):
        return Reason("why.unpaid")
    return None


@overridable
def is_paid_to_ship(case: Case) -> Reason | None:
    rule = case.settings.get("require_payment_to_ship")
    needed = rule == "always" or (rule == "prepaid" and is_prepaid(case.order))
    return Reason("why.unpaid") if needed and case.order.balance_due and not case.order.was_paid else None


def is_prepaid(order: Order) -> bool:
    return order.payment_method in PREPAID


def cancel_is_answered(case: Case) -> Reason | None:
    """All money went back before anything was shipped: first somebody says whether the order is canceled too."""
    return Reason("why.asks_cancel") if case.order.asks_cancel else None


def pieces_are_there(case: Case) -> Reason | None:
    """Of what is to leave, nothing is backordered, gone already, or of another order."""
    if not case.action.parts:
        short = [line.title for line in case.lines if line.backordered]
        if short or (not case.lines and case.order.fulfillment_status == "backordered"):
            return Reason("why.backordered", {"list": ", ".join(short)})
        return None

    def judge(part: Part, line: Line) -> Reason | None:
        if part.quantity > line.on_hand:
            return _too_many(part, line, line.left) or Reason("why.backordered", {"list": line.title})
        return None

    return _first(case, judge)


def _first(case: Case, judge: Callable[[Part, Line], Reason | None]) -> Reason | None:
    """The first reason against the pieces that the action is about; what the order has no line of is one."""
    of_sku = {line.retailer_id: line for line in case.lines}
    for part in case.action.parts:
        line = of_sku.get(part.retailer_id)
        reason = judge(part, line) if line else Reason("why.no_such_line", {"sku": part.retailer_id})
        if reason is not None:
            return reason
    return None


def _too_many(part: Part, line: Line, most: int) -> Reason | None:
    return Reason("why.not_so_many", {"title": line.title, "count": most}) if part.quantity > most else None


def pieces_are_named(case: Case) -> Reason | None:
    return None if case.action.parts or case.action.added else Reason("why.no_pieces", {"word": case.action.event})


def parts_are_left(case: Case) -> Reason | None:
    """What is canceled line by line was not shipped, and something remains: else the order itself is canceled."""
    if (reason := _first(case, lambda part, line: _too_many(part, line, line.left))) is not None:
        return reason
    taken = sum(part.quantity for part in case.action.parts)
    if case.lines and taken >= sum(line.quantity for line in case.lines):
        return Reason("why.nothing_left")
    return None


def straight(guard: Guard[Case]) -> Guard[Case]:
    """Asked of what leaves the shop without having been shipped: by the own rider, or in the customer's hands."""

    def unless_shipped(case: Case) -> Reason | None:
        return guard(case) if case.order.status in ("packed", "invoice_issued") else None

    unless_shipped.__name__ = guard.__name__
    return unless_shipped


def own_rider(case: Case) -> Reason | None:
    """Going out without having been handed to a carrier is for the shop's own rider."""
    if case.order.status == "packed" and case.order.delivery_method != "rider":
        return Reason("why.not_own_rider")
    return None


def is_pickup(case: Case) -> Reason | None:
    """What is handed over the counter is fetched, and was packed."""
    order = case.order
    if order.status not in ("packed", "invoice_issued"):
        return None
    return None if order.delivery_method == "pickup" and order.packed_at is not None else Reason("why.not_pickup")


@overridable
def may_still_cancel(case: Case) -> Reason | None:
    order, status = case.order, case.order.held_from or case.order.status
    after = case.settings.get("cancel_after_ship")
    if status in ON_ITS_WAY and after == "never":
        return Reason("why.no_cancel_after_ship")
    if case.action.by == CUSTOMER:
        allowed = {*_CANCELED_UNTIL[case.settings.get("customer_cancel_until")], "abandoned", "cart"}
        if after == "all":
            allowed |= set(ON_ITS_WAY)
        return None if status in allowed else Reason("why.too_late_to_cancel")
    if status in ON_ITS_WAY and not case.action.note and order.status in ON_ITS_WAY:
        return Reason("why.recall_reason")
    return None


def in_resume_window(case: Case) -> Reason | None:
    window: timedelta = case.settings.get("resume_window")
    return Reason("why.resume_window") if case.now - case.order.changed_at > window else None


def nothing_has_left(case: Case) -> Reason | None:
    """What was called back on its way does not go on as if it had never been sent."""
    return None if case.order.fulfillment_status == "canceled" else Reason("why.has_left")


def is_not_refunded(case: Case) -> Reason | None:
    return Reason("why.refunded") if case.order.refunded else None


def stock_is_there(case: Case) -> Reason | None:
    return Reason("why.sold_out", {"list": ", ".join(case.short)}) if case.short else None


@overridable
def is_settled(case: Case) -> Reason | None:
    """No return is open, nothing is owed by either side."""
    if case.order.return_status == "received":
        return Reason("why.return_unsettled")
    if case.order.return_status in ("requested", "approved"):
        return Reason("why.return_open")
    if case.order.status != "expired" and (case.order.balance_due or case.order.credit_owed):
        return Reason("why.balance")
    return None


def is_archived(case: Case) -> Reason | None:
    return None if case.order.archived_at else Reason("why.not_archived")


def is_not_archived(case: Case) -> Reason | None:
    return Reason("why.archived") if case.order.archived_at else None


@overridable
def in_return_window(case: Case) -> Reason | None:
    window: timedelta = case.settings.get("return_window")
    return Reason("why.return_window") if case.now - case.order.changed_at > window else None


def return_is_not_open(case: Case) -> Reason | None:
    return Reason("why.return_open") if case.order.return_status in ("requested", "approved", "received") else None


def parts_were_shipped(case: Case) -> Reason | None:
    return _first(case, lambda part, line: _too_many(part, line, line.shipped - line.returned))


def customer_is_asked(case: Case) -> Reason | None:
    """Only an order that waits for its customer is abandoned; one that waits for the shop never is."""
    return Reason("why.waits_for_shop") if case.order.checkout_step == Step.COMPLETE else None


def customer_is_asked_nothing(case: Case) -> Reason | None:
    reasons = {Step.ADDRESS: Reason("why.address"), Step.PAYMENT: Reason("why.payment_method")}
    return reasons.get(Step(case.order.checkout_step))


def flow_confirms(case: Case) -> Reason | None:
    """In the flow `manual` a complete order waits for the shop; in `pay_then_confirm` for the money, but for what is paid
    at the door.
    """
    return Reason("why.manual") if case.settings.get("order_flow") == "manual" else is_paid_to_confirm(case)


def capture_confirms(case: Case) -> Reason | None:
    if case.settings.get("order_flow") != "pay_then_confirm":
        return Reason("why.manual")
    return Reason("why.unpaid") if due_first(case.order, case.settings) else None


def money_is_missing(case: Case) -> Reason | None:
    """An order that was not put aside expires for want of money only: not what was paid in part or is paid at the door."""
    if case.order.status == "abandoned":
        return None
    return None if is_prepaid(case.order) and not case.order.captured else Reason("why.waits_for_shop")


def invoices_are_on(case: Case) -> Reason | None:
    return None if case.settings.get("invoices") else Reason("why.no_invoices")


def all_came_back(case: Case) -> Reason | None:
    back = case.lines and all(line.returned == line.quantity for line in case.lines)
    return None if back else Reason("why.return_open")


def nothing_is_left(case: Case) -> Reason | None:
    return None if case.lines and not any(line.left for line in case.lines) else Reason("why.backordered")
