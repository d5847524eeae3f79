"""Timers that rang."""

from flows import alerts
from handlers.turn import tell_staff
from models import inbox
from models.work import Work

BURIED = "buried"
"""A dead letter that nobody replayed for a day is said once more: buried is not forgotten."""


async def on_buried(work: Work, _subject: str) -> None:
    if count := await inbox.count_dead(work.connection):
        tell_staff(work, alerts.still_buried(work.store, count=count))
