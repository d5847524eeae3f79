"""Staff commands in chat: who may, is it still meant, then what the command's row says. Every try is in the audit trail."""

from collections.abc import Awaitable, Callable

from flows import commands, doctor, limits, policy, staff
from flows.inbound import Words
from handlers.turn import Turn
from models import health


async def on_command(turn: Turn) -> None:
    """A text by staff. Forwarded, late or unknown ones are answered, not obeyed."""
    assert turn.staff is not None
    assert isinstance(turn.message.content, Words)
    asked = commands.read(turn.message.content.body)
    if isinstance(asked, commands.Unknown):
        turn.say(staff.unknown(turn.store, asked))
        return
    row = next(row for row in commands.COMMANDS if row.word == asked.word)
    if not policy.may(turn.staff.role, row.action):
        turn.record(row.action, "refused")
        turn.say(staff.not_allowed(turn.store, row, turn.staff.role))
    elif turn.message.forwarded:
        turn.record(row.action, "forwarded")
        turn.say(staff.forwarded(turn.store, asked.word))
    elif turn.age > limits.COMMAND_AGE:
        turn.record(row.action, "late")
        turn.say(staff.late(turn.store, asked.word, turn.age))
    else:
        turn.record(row.action, "done")
        await _OBEY[row.word](turn, asked.argument)


async def _help(turn: Turn, argument: str) -> None:
    assert turn.staff is not None
    turn.say(staff.help_for(turn.store, turn.staff.role, argument))


async def _doctor(turn: Turn, _argument: str) -> None:
    turn.say(doctor.report(await health.of(turn.work, asking=turn.contact, event_id=turn.event.id), turn.store))


_OBEY: dict[str, Callable[[Turn, str], Awaitable[None]]] = {"help": _help, "doctor": _doctor}
