"""The day's money: told to the owners when the day is over, and to whoever asks before."""

from datetime import date, timedelta

from flows import digest, policy
from flows.commands import Row
from flows.messages import Text
from flows.templates import staff_alert
from handlers.turn import Turn
from models import digests, outbox, staff
from models.inbox import Event
from models.work import Work

_DAY = timedelta(days=1)


async def on_evening(work: Work, event: Event, subject: str) -> None:
    """Once for each day on which money moved, or on which some waits for a decision."""
    day = date.fromisoformat(subject)
    until = digest.ends_at(day, work.store)
    found = await digests.between(work, digest.ends_at(day - _DAY, work.store), until)
    if found.is_empty:
        return
    if found.waiting:
        digests.expect(work)
    text = digest.text(found, work.store)
    for person in staff.list_all(work):
        if person.role == policy.Role.OWNER:
            outbox.notify(
                work, person.contact_id, Text(text), cause=event.id,
                fallback=staff_alert(work.store, text, work.store.language),
            )  # fmt: skip


async def on_command(turn: Turn, row: Row, _argument: str) -> None:
    """So far, since the last one."""
    day = digest.day_of(turn.work.now, turn.store)
    found = await digests.between(turn.work, digest.ends_at(day - _DAY, turn.store), turn.work.now)
    turn.record(row.action, "done")
    turn.say(Text(digest.text(found, turn.store)))
