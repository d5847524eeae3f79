"""Who writes faster than can be answered: chatter is let go then, what is about an order never (decision 18)."""

from datetime import datetime
from enum import Enum

from flows import limits
from flows.pacing import Pace, next_free

CHATTER = Pace(limits.PAIR_INTERVAL, limits.CHATTER)
"""In the long run as fast as answers may go out: more of them would only wait, and all that is said after them too."""


class Patience(Enum):
    """How a message finds us."""

    PATIENT = "patient"
    LOST = "lost"
    """With this one somebody has become too fast, and shall know it."""
    GONE = "gone"


def weigh(until: datetime | None, at: datetime) -> tuple[Patience, datetime]:
    """One more message, accepted `at`; and the `until` to keep, the moment at which all that was written is forgotten."""
    may, later = next_free(until, at, pace=CHATTER)
    if may:
        return Patience.PATIENT, later
    if later - at <= CHATTER.interval * CHATTER.burst:
        return Patience.LOST, later + limits.CHATTER_PAUSE
    return Patience.GONE, later
