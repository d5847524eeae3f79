"""Staff commands in chat: who may, is it still meant, then what the command's row says. Every try is in the audit trail."""

from collections.abc import Awaitable, Callable, Mapping

from flows import commands, doctor, staff
from flows.commands import Command, Row, Unknown
from flows.inbound import Words
from handlers.turn import Turn
from models import health

Obey = Callable[[Turn, Row, str], Awaitable[None]]
"""Does what a command asks for and records what came of it; the text is what follows the command's word."""


async def on_command(turn: Turn, obey: Mapping[str, Obey]) -> bool:
    """Whether a text by staff was a command of `obey`. A forwarded or late one is answered, not obeyed."""
    asked = _read(turn)
    if isinstance(asked, Unknown):
        return False
    row = commands.BY_WORD[asked.word]
    if turn.permits(row):
        await obey[row.word](turn, row, asked.argument)
    return True


async def on_unknown(turn: Turn) -> None:
    """A text by staff that is no command."""
    asked = _read(turn)
    assert isinstance(asked, Unknown)
    turn.say(staff.unknown(turn.store, asked))


async def on_help(turn: Turn, row: Row, argument: str) -> None:
    assert turn.staff is not None
    turn.record(row.action, "done")
    turn.say(staff.help_for(turn.store, turn.staff.role, argument))


async def on_doctor(turn: Turn, row: Row, _argument: str) -> None:
    turn.record(row.action, "done")
    turn.say(doctor.report(await health.of(turn.work, asking=turn.contact, event_id=turn.event.id), turn.store))


def _read(turn: Turn) -> Command | Unknown:
    assert isinstance(turn.message.content, Words)
    return commands.read(turn.message.content.body)
