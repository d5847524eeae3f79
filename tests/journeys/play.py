"""Plays a written conversation in a world and tells what everybody's phone then shows."""

import difflib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tests.journeys.script import (
    Cart,
    Do,
    Fault,
    Later,
    Line,
    Message,
    MoveClock,
    Say,
    Script,
    ScriptError,
    Step,
    Tap,
    by_person,
    written,
)

# Locales put no-break spaces and direction marks into amounts and dates; nobody sees them or can type them.
_UNSEEN = {ord(c): " " for c in "\u00a0\u202f"} | {ord(c): "" for c in "\u200e\u200f\u2066\u2067\u2068\u2069"}

_REFERENCE = re.compile(r"(?<![0-9A-Za-z])w[0-9a-z]{11,12}(?![0-9A-Za-z])")
"""What a request to pay is called: another one each time the conversation is played."""
_CODE = re.compile(r"(?<=62170513)w[0-9a-z]{12}6304[0-9A-F]{4}")
"""The same in a Pix code, with the sum that checks it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A new message on a phone. `kind` says what is not ordinary: `template order_update`, `document bill.pdf`."""

    body: str
    buttons: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    """Titles and descriptions of a list's rows; `buttons` then holds what opens the list."""
    kind: str = ""

    def text(self) -> str:
        below = [" ".join(f"[{title}]" for title in self.buttons)] if self.buttons else []
        below += [f"{{{title}}} {description}" for title, description in self.rows]
        lines = [*self.body.strip().split("\n"), *below]
        text = "\n".join(line.translate(_UNSEEN).rstrip() for line in lines)
        return _CODE.sub("w…", _REFERENCE.sub("w…", text))


class World(Protocol):
    """The bot and its phones. A person, button or fault that is not there is a LookupError or ValueError, in words."""

    @property
    def people(self) -> Sequence[str]:
        """Everybody whose phone is looked at, in the order in which their messages are written down."""

    async def say(self, person: str, text: str) -> None: ...

    async def cart(self, person: str, lines: Sequence[Line], note: str) -> None: ...

    async def tap(self, person: str, title: str) -> None:
        """Tap the button or row called `title` on the newest message that has one."""

    async def do(self, person: str, verb: str, what: str) -> None:
        """Anything else: see `script.Do`."""

    async def later(self, by: timedelta) -> None:
        """Move the clock of bot and sandbox and ring the timers that are due."""

    async def clock(self, at: datetime) -> None:
        """Move the clock to `at`, naive, as read on the wall of the shop."""

    async def fault(self, switches: Mapping[str, int | bool | str]) -> None: ...

    async def settle(self) -> None:
        """Run every loop until none has anything left to do."""

    def new(self, person: str) -> list[Shown]:
        """What that phone shows since it was last asked."""


async def play(script: Script, world: World) -> AsyncIterator[tuple[Step, list[Message]]]:
    """Each step with all that happened after it: first on the phone of whoever acted, then on the others'."""
    for step in script.steps:
        try:
            await _act(step, world)
        except (LookupError, ValueError) as error:
            raise ScriptError(f"{script.place(step)}\n{error}") from error
        await world.settle()
        actor = getattr(step.act, "person", None)
        people = sorted(world.people, key=lambda person: person != actor)
        yield step, [Message(p, shown.text(), shown.kind) for p in people for shown in world.new(p)]


async def _act(step: Step, world: World) -> None:
    match step.act:
        case Say(person, text):
            await world.say(person, text)
        case Cart(person, lines, note):
            await world.cart(person, lines, note)
        case Tap(person, title):
            await world.tap(person, title)
        case Do(person, verb, what):
            await world.do(person, verb, what)
        case Later(by):
            await world.later(by)
        case MoveClock(at):
            await world.clock(at)
        case Fault(switches):
            await world.fault(dict(switches))


def difference(script: Script, step: Step, happened: Sequence[Message]) -> str:
    """For people: where it is, what was written and what happened, line by line."""
    order = list(by_person(step.expected))
    expected = [m for messages in by_person(step.expected).values() for m in messages]
    sorted_as_written = sorted(happened, key=lambda m: order.index(m.person) if m.person in order else len(order))
    lines = difflib.ndiff(written(expected) or ["nothing"], written(sorted_as_written) or ["nothing"])
    shown = "\n".join(line for line in lines if not line.startswith("?"))
    return f"{script.place(step)}\n{shown}\n(- written, + happened; `pytest --accept` takes what happened)"
