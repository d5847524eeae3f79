"""What staff type, read as commands: a word from the table and the rest of the message. What a command does is not known here."""

from collections.abc import Iterable
from dataclasses import dataclass

from flows import limits
from flows.spelling import nearest


@dataclass(frozen=True, slots=True)
class Row:
    """A command of the table. `usage` is how it is written, `help` the phrase that explains it, `action` its row in `policy`."""

    word: str
    usage: str
    help: str
    action: str


COMMANDS = (
    Row("help", "help [command]", "command.help", "help"),
    Row("doctor", "doctor", "command.doctor", "doctor"),
)
WORDS = tuple(row.word for row in COMMANDS)


@dataclass(frozen=True, slots=True)
class Command:
    """`argument` is what follows the word, line breaks kept: text after one is a note."""

    word: str
    argument: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The first word of a message that is no command, and the command it was probably meant to be."""

    word: str
    nearest: str | None


def read(text: str, commands: Iterable[str] = WORDS) -> Command | Unknown:
    """The command that `text` gives: case does not matter, a `/` or `#` before the first word neither, nor a full stop after it."""
    words = tuple(commands)
    first, *rest = text[: limits.COMMAND_LENGTH].split(maxsplit=1) or [""]
    word = first.lower().lstrip("/#").rstrip(".,:!?")
    if word in words:
        return Command(word, rest[0].strip() if rest else "")
    return Unknown(word, nearest(word, words))
