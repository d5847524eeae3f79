"""Approval by somebody else: whose word an order of this amount needs."""

from flows import policy
from flows.money import major
from flows.order import Order
from flows.policy import Role
from flows.settings import Settings

ASKED, ALLOW, REFUSE = "ask_owner", "allow", "refuse"
"""What stands in the history when the owner was asked; what the owner's buttons ask for."""
REFUND_ASKED, REFUND_REFUSED = "ask_refund", "refuse_refund"
"""The same of money that is to go back."""


def is_over_limit(order: Order, settings: Settings) -> bool:
    """From `approval_limit` on an order has to be approved, and by somebody else than who confirmed it."""
    limit = settings.get("approval_limit")
    return limit is not None and major(order.total, order.currency) >= limit


def refund_is_for_owner(amount: int, currency: str, settings: Settings, *, role: str) -> bool:
    """From `refund_limit` on only the owner gives money back; the others ask."""
    limit = settings.get("refund_limit")
    return role != Role.OWNER and limit is not None and major(amount, currency) >= limit


def asks_owner(order: Order, settings: Settings, *, role: str, has_confirmed: bool) -> bool:
    """Whether approving is for the owner: the amount is above the role's limit, or one person would do both."""
    if role == Role.OWNER or not is_over_limit(order, settings):
        return False
    return policy.limit(role, "approve") is not None or has_confirmed
