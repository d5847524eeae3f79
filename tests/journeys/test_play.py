"""Playing: every act reaches the world, every phone is looked at, and a difference is said so that people see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from tests.journeys.play import Shown, difference, play
from tests.journeys.script import Line, Message, ScriptError, parse


class Parrot:
    """A world of two phones: both show what either says, once the world has settled."""

    people = ("Asha", "Priya")

    def __init__(self) -> None:
        self.done: list[object] = []
        self._said: list[str] = []
        self._phones: dict[str, list[Shown]] = {person: [] for person in self.people}

    async def say(self, person: str, text: str) -> None:
        self._phones[person]
        self._said.append(f"{person} says {text}")

    async def cart(self, person: str, lines: Sequence[Line], note: str) -> None:
        self.done.append((person, lines, note))

    async def tap(self, person: str, title: str) -> None:
        raise LookupError(f"no message on {person}'s phone has {title!r}; there are: [Menu]")

    async def do(self, person: str, verb: str, what: str) -> None:
        self.done.append((person, verb, what))

    async def later(self, by: timedelta) -> None:
        self.done.append(by)

    async def clock(self, at: datetime) -> None:
        self.done.append(at)

    async def fault(self, switches: Mapping[str, int | bool | str]) -> None:
        self.done.append(switches)

    async def settle(self) -> None:
        for phone in self._phones.values():
            phone += [Shown(said) for said in self._said]
        self._said.clear()

    def new(self, person: str) -> list[Shown]:
        shown, self._phones[person] = self._phones[person], []
        return shown


async def played(text: str, world: Parrot) -> list[list[Message]]:
    return [happened async for _, happened in play(parse("a.chat", f"# A title\n{text}"), world)]


async def test_the_actors_phone_comes_first_and_each_message_is_told_once() -> None:
    world = Parrot()
    hello = "Priya says hello"
    assert await played("Priya: hello\nlater 1h", world) == [[Message("Priya", hello), Message("Asha", hello)], []]


async def test_every_act_reaches_the_world() -> None:
    world = Parrot()
    await played(
        'clock 2026-03-02 10:00\nAsha sends a cart 2xCHAI "soon"\nAsha reacts with 👍\nlater 25h\nfault fail_next=1',
        world,
    )
    assert world.done == [
        datetime.fromisoformat("2026-03-02 10:00"),
        ("Asha", (Line(2, "CHAI"),), "soon"),
        ("Asha", "reacts", "👍"),
        timedelta(hours=25),
        {"fail_next": 1},
    ]


async def test_what_the_world_does_not_have_is_told_with_its_place() -> None:
    with pytest.raises(ScriptError) as raised:
        await played("Asha: hello\nAsha taps Yes", Parrot())
    assert str(raised.value) == "a.chat:3: Asha taps Yes\nno message on Asha's phone has 'Yes'; there are: [Menu]"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (Shown("Namaste!"), "Namaste!"),
        (Shown("Two\n\nlines \n"), "Two\n\nlines"),
        (Shown("Sure?", buttons=("Yes", "No")), "Sure?\n[Yes] [No]"),
        (Shown("Teas", ("Choose",), (("Chai", "200 g"), ("Mint", ""))), "Teas\n[Choose]\n{Chai} 200 g\n{Mint}"),
        (Shown("₹\u00a01\u202f234 \u200fر.س"), "₹ 1 234 ر.س"),
    ],
)  # fmt: skip
def test_what_a_phone_shows_as_text(shown: Shown, text: str) -> None:
    assert shown.text() == text


def test_a_difference_names_the_place_and_shows_both_sides() -> None:
    script = parse("a.chat", "# A title\nAsha: hello\n→ Asha: Namaste!\n    [Menu]\n→ Priya: Asha is here\n")
    happened = [Message("Priya", "Asha is here"), Message("Asha", "Namaste!\n[Catalogue]")]
    assert difference(script, script.steps[0], happened) == (
        "a.chat:2: Asha: hello\n"
        "  → Asha: Namaste!\n"
        "-     [Menu]\n"
        "+     [Catalogue]\n"
        "  → Priya: Asha is here\n"
        "(- written, + happened; `pytest --accept` takes what happened)"
    )


def test_silence_is_a_side_of_a_difference_too() -> None:
    script = parse("a.chat", "# A title\nAsha: hello\n")
    assert "- nothing\n+ → Asha: Namaste!" in difference(script, script.steps[0], [Message("Asha", "Namaste!")])
