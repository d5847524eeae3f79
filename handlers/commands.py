"""Staff commands in chat: who may, is it still meant, then what the command's row says. Every try is in the audit trail."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from flows import commands, desk, doctor, staff
from flows.commands import Command, Row, Unknown
from flows.inbound import Tap, Words
from flows.messages import Text
from flows.phrases import say
from flows.understand import Wish, wish
from handlers.turn import REST, SURE, Turn
from models import health, questions

Obey = Callable[[Turn, Row, str], Awaitable[None]]
"""Does what a command asks for and records what came of it; the text is what follows the command's word."""

Settle = Callable[[Turn, Row, Mapping[str, Any]], Awaitable[None]]
"""Does what somebody has said twice; the data is what was asked about."""


async def on_command(turn: Turn, obey: Mapping[str, Obey]) -> bool:
    """Whether a text by staff was a command of `obey`. A forwarded or late one is answered, not obeyed."""
    asked = _read(turn)
    if isinstance(asked, Unknown):
        return False
    row = commands.BY_WORD[asked.word]
    if turn.permits(row):
        await obey[row.word](turn, row, asked.argument)
    return True


async def on_rest(turn: Turn, obey: Mapping[str, Obey], words: Collection[str]) -> bool:
    """Whether these words, or this tap, are what a command lacked: it is obeyed with them. A new command takes its place."""
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    if question is None or question.kind != REST:
        return False
    match turn.message.content:
        case Words(body):
            if not desk.is_drop(body) and desk.is_command(
                body, words, question=desk.TRACKING if question.data["said"] else desk.NUMBER
            ):
                questions.close(turn.work, turn.contact.id, questions.STAFF)
                return False
            rest = body
        case Tap(id=id_) if id_.startswith(f"rest.{question.data['token']}."):
            rest = id_.removeprefix(f"rest.{question.data['token']}.")
        case _:
            return False
    row = commands.BY_WORD[question.data["word"]]
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    if desk.is_drop(rest):
        turn.record(row.action, "dropped")
        turn.say(Text(say("ask.dropped", turn.store.language)))
    elif turn.permits(row):
        await obey[row.word](turn, row, f"{question.data['said']} {rest}")
    return True


async def on_sure(turn: Turn, settle: Mapping[str, Settle]) -> bool:
    """Whether this was the answer to "are you sure?"; a tap on an older question is told that it is closed."""
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    is_open = question is not None and question.kind == SURE
    match turn.message.content:
        case Words(body) if is_open and (said := wish(body)) in (Wish.YES, Wish.NO, Wish.CANCEL):
            is_meant = said is Wish.YES
        case Tap(id=id_) if id_.startswith("sure.") and turn.staff is not None:
            if question is None or not is_open or id_.split(".")[1:-1] != [str(question.data["token"])]:
                turn.say(Text(say("till.gone", turn.store.language)))
                return True
            is_meant = id_.endswith(".yes")
        case _:
            return False
    assert question is not None
    row = commands.BY_WORD[question.data["word"]]
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    if not is_meant:
        turn.record(row.action, "kept")
        turn.say(Text(say("till.left", turn.store.language)))
    elif turn.permits(row):
        await settle[row.word](turn, row, question.data)
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
