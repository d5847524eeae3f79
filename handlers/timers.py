"""Timers that rang, and what starts them."""

from flows import alerts, limits
from handlers.turn import tell_staff
from models import inbox, timers
from models.inbox import Event
from models.work import Work

BURIED = "buried"
"""A dead letter that nobody replayed for a day is said once more: buried is not forgotten."""


def remind_of(work: Work, buried: Event) -> None:
    timers.start(work, kind=BURIED, subject=str(buried.id), due_at=work.now + limits.BURIED_REMINDER)


async def on_buried(work: Work, _event: Event, subject: str) -> None:
    """Said with the number of all that are buried, and so once for all reminders that ring together."""
    if not await inbox.is_dead(work.connection, int(subject)):
        return
    news = alerts.still_buried(work.store, count=await inbox.count_dead(work.connection))
    if all(told.text != news for _, told in work.news):
        tell_staff(work, news)
