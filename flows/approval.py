"""Approval by somebody else: whose word an order of this amount needs."""

from flows import policy
from flows.money import major
from flows.order import Order
from flows.policy import Role
from flows.settings import Settings

ASKED, ALLOW, REFUSE = "ask_owner", "allow", "refuse"
"""What stands in the history when the owner was asked; what the owner's buttons ask for."""


def is_over_limit(order: Order, settings: Settings) -> bool:
    """From `approval_limit` on an order has to be approved, and by somebody else than who confirmed it."""
    limit = settings.get("approval_limit")
    return limit is not None and major(order.total, order.currency) >= limit


def asks_owner(order: Order, settings: Settings, *, role: str, has_confirmed: bool) -> bool:
    """Whether approving is for the owner: the amount is above the role's limit, or one person would do both."""
    if role == Role.OWNER or not is_over_limit(order, settings):
        return False
    return policy.limit(role, "approve") is not None or has_confirmed
