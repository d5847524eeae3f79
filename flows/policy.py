"""Who may do what: role by action, deny by default. Every command's action has a row here; a test sees to it."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"


ALL = frozenset(Role)
"""Whoever may read."""

STAFF = ALL - {Role.VIEWER}
"""Whoever works on orders."""

SENIOR = frozenset({Role.MANAGER, Role.OWNER})
"""Whoever decides about money, and overrules."""

OWNERS = frozenset({Role.OWNER})
"""Whoever decides how the shop works, and who works in it."""

POLICY: Mapping[str, frozenset[Role]] = {
    "help": ALL,
    "doctor": ALL,
    "alerts": STAFF,
    "undo": STAFF,
    **dict.fromkeys(("orders", "board", "find", "order", "items", "history", "why", "bookings"), ALL),
    **dict.fromkeys(
        (
            "confirm",
            "approve",
            "reject",
            "start",
            "invoice",
            "pack",
            "ship",
            "out",
            "deliver",
            "failed",
            "complete",
            "noshow",
            "reschedule",
            "hold",
            "release",
            "cancel",
            "archive",
            "unarchive",
            "note",
            "add",
            "paid",
            "return",
            "received",
            "stock",
        ),
        STAFF,
    ),
    **dict.fromkeys(
        (
            "assign",
            "tag",
            "mark",
            "address",
            "email",
            "bill",
            "resend",
            "chat",
            "new",
            "book",
            "block",
            "pay",
            "remind",
            "exceptions",
        ),
        STAFF,
    ),
    **dict.fromkeys(
        ("accept", "deny", "resume", "force", "refund", "credit", "exchange", "capture", "void", "digest", "hours"),
        SENIOR,
    ),
    **dict.fromkeys(("settings", "staff", "allow"), OWNERS),
}


LIMITS: Mapping[tuple[Role, str], str] = {(Role.AGENT, "approve"): "approval_limit"}
"""The setting with the amount up to which a role may do something by itself."""


def limit(role: str, action: str) -> str | None:
    return next((name for (who, what), name in LIMITS.items() if (who, what) == (role, action)), None)


def may(role: str, action: str) -> bool:
    """Whether `role` may do `action`. An unknown role or action may nothing."""
    return role in POLICY.get(action, frozenset())


def roles_for(action: str) -> tuple[str, ...]:
    """The roles that may do `action`, the highest first: whom a refusal sends people to."""
    return tuple(role for role in Role if may(role, action))
