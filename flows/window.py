"""Meta's customer service window: free-form messages only while it is open, templates always."""

from datetime import datetime

from flows import limits


def opened_at(sent_at: datetime | None, now: datetime) -> datetime:
    """The moment an inbound message counts from: its own timestamp; one in the future, or unreadable, counts as now."""
    return now if sent_at is None else min(sent_at, now)


def closes_at(last_inbound_at: datetime) -> datetime:
    """When the window that `last_inbound_at` opened closes for us, a little before it closes for Meta."""
    return last_inbound_at + limits.WINDOW


def is_open(last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether a free-form message may go out `now`; never to somebody who has not written (None)."""
    return last_inbound_at is not None and now < closes_at(last_inbound_at)
