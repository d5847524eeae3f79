"""The grammar of a written conversation: text to steps, and back when answers are accepted.

    # A cart is priced from our catalogue                         the title; further # lines are remarks
    # shop: auto_collect_address=off                              settings of the store, if not the usual ones (and
                                                                  `undo_window=0s`, so that notices come at once)
    # country: BR                                                 where the store is, if not in India
    clock 2026-03-02 10:00                                        the shop's own clock is moved to that moment
    Asha: hello                                                   she writes; more lines of hers are indented
    → Asha: Namaste!                                              what her phone shows, whole; more lines are indented
        [Menu] [Talk to us]                                       buttons under it
    Asha taps Menu                                                a button or row of the newest message that has it
    → Asha: What would you like?
        [Choose]                                                  a list: what opens it, then its rows
        {Chai} 200 g, ₹ 120
    Asha sends a cart 2xCHAI 1x"MANGO PICKLE" "no plastic"        lines and a note, from the catalogue on her phone
    Asha sends a cart 2xCHAI@300                                  her phone believes that it costs 300
    Asha sends a picture                                          or a voice message, a location, a contact card …
    Asha reacts with 👍                                           to the newest message on her phone
    Asha forwards: doctor                                         words that somebody else wrote
    Asha edits her message: hallo                                 her newest one; `Asha deletes her message` takes it back
    Asha pays                                                     what the newest message asks for: in the chat, or on the
                                                                  page behind its link; `Asha begins to pay` takes longer
    Asha pays 100 · Asha pays twice · Asha pays again             another amount (and currency: `100 USD`); once more
    Asha's payment fails
    Asha changes her number to 919800000099                       or her id; WhatsApp tells the shop
    Meta pauses staff_alert                                       or approves, rejects, disables it
    Meta says that nukkad is Needs Connecting                     of a payment configuration
    Meta delivers everything again
    nothing                                                       nobody's phone shows anything new
    later 25h                                                     the clock moves and timers ring
    → Asha (template order_update): We kept your cart.            what kind of message, where it is no ordinary one
    fault fail_next=1 fail_code=131047                            the sandbox misbehaves from here on
    $ .venv/bin/python -m bot orders export                       in a terminal; `→ terminal: …` is what it prints

Every message of every person after a step must be written down: those of one person in their order, the people in any.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from flows import durations

THINGS = (
    "picture", "video", "voice message", "document", "sticker", "location", "contact card", "form", "poll",
    "foreign cart", "empty cart", "huge cart",
)  # fmt: skip
"""What people send besides words and carts. A poll stands for all that WhatsApp does not pass on."""
INDENT = "    "
ARROW = "→"
TERMINAL = "terminal"
SHOP, COUNTRY = "# shop: ", "# country: "


class ScriptError(Exception):
    """A conversation that cannot be read or played; begins with its file and line."""


@dataclass(frozen=True, slots=True)
class Say:
    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """`price` is what the phone believes; None is the catalogue's."""

    quantity: int
    sku: str
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    person: str
    lines: tuple[Line, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Tap:
    person: str
    title: str


@dataclass(frozen=True, slots=True)
class Do:
    """Anything else that somebody, or Meta, does: `Asha`, `reacts`, `👍`."""

    person: str
    verb: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    by: timedelta


@dataclass(frozen=True, slots=True)
class MoveClock:
    """`at` is what the shop's clock on the wall shows: without a zone, since the shop has one."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Fault:
    switches: tuple[tuple[str, int | bool | str], ...]


Act = Say | Cart | Tap | Do | Later | MoveClock | Fault


@dataclass(frozen=True, slots=True)
class Message:
    """What one phone shows: a `kind` if it is no ordinary message, and its text with buttons and rows drawn below."""

    person: str
    text: str
    kind: str = ""

    def written(self) -> list[str]:
        kind = f" ({self.kind})" if self.kind else ""
        first, *rest = self.text.split("\n")
        return [f"{ARROW} {self.person}{kind}: {first}".rstrip(), *(f"{INDENT}{line}".rstrip() for line in rest)]


@dataclass(frozen=True, slots=True)
class Step:
    """An act and the messages that answer it; `answers` says which lines of the file they are, counted from 0."""

    line: int
    act: Act
    expected: tuple[Message, ...]
    answers: slice

    def fits(self, happened: Sequence[Message]) -> bool:
        return by_person(self.expected) == by_person(happened)


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    title: str
    lines: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def settings(self) -> str:
        """The store's settings, from the remark `# shop: name=value;name=value`."""
        return next((line.removeprefix(SHOP) for line in self.lines if line.startswith(SHOP)), "")

    @property
    def country(self) -> str:
        """Where the store is, from the remark `# country: BR`."""
        return next((line.removeprefix(COUNTRY) for line in self.lines if line.startswith(COUNTRY)), "IN")

    def place(self, step: Step) -> str:
        """Where a step stands, for people: `first.chat:7: Asha: hello`."""
        return f"{self.name}:{step.line}: {self.lines[step.line - 1]}"

    def accept(self, happened: Sequence[Sequence[Message]]) -> str:
        """The text of the file with `happened`, one sequence for each of the first steps, as what is expected."""
        lines = list(self.lines)
        for step, messages in reversed(list(zip(self.steps, happened, strict=False))):
            if not (step.fits(messages) and lines[step.answers]):
                lines[step.answers] = written(messages) or (
                    [] if isinstance(step.act, MoveClock | Fault) else ["nothing"]
                )
        return "\n".join(lines) + "\n"


def written(messages: Iterable[Message]) -> list[str]:
    return [line for message in messages for line in message.written()]


def by_person(messages: Iterable[Message]) -> dict[str, list[Message]]:
    people: dict[str, list[Message]] = {}
    for message in messages:
        people.setdefault(message.person, []).append(message)
    return people


def _say(person: str, text: str) -> Act:
    return Say(person, text)


def _tap(person: str, title: str) -> Act:
    return Tap(person, title.removeprefix("[").removesuffix("]"))


_CART_LINE = re.compile(r'(\d+)x(?:"([^"]+)"|([^\s"@]+))(?:@(\d+))?\s*')


def _cart(person: str, written: str) -> Act:
    lines = []
    rest = written
    while match := _CART_LINE.match(rest):
        lines.append(Line(int(match[1]), match[2] or match[3], int(match[4]) if match[4] else None))
        rest = rest[match.end() :]
    note = re.fullmatch(r'(?:"([^"]*)")?', rest)
    if not lines or note is None:
        raise ValueError(f'a cart is written 2xSKU 1x"SKU WITH SPACES" "a note", not {written!r}')
    return Cart(person, tuple(lines), note[1] or "")


def _does(verb: str) -> Callable[..., Act]:
    return lambda person, what="": Do(person, verb, what)


def _meta(verb: str, what: str) -> Act:
    return Do("Meta", verb, what)


def _run(written: str) -> Act:
    return Do(TERMINAL, "runs", written)


def _later(written: str) -> Act:
    return Later(sum((durations.parse(part) for part in written.split()), timedelta()))


def _clock(written: str) -> Act:
    return MoveClock(datetime.fromisoformat(written))


def _fault(written: str) -> Act:
    pairs = [part.partition("=") for part in written.split()]
    if not all(value for _, _, value in pairs):
        raise ValueError(f"a fault is written name=value, not {written!r}")
    return Fault(tuple((name, _value(value)) for name, _, value in pairs))


def _value(text: str) -> int | bool | str:
    return int(text) if text.isdecimal() else {"on": True, "off": False}.get(text, text)


_NAME = r"([^\s:]+)"
_ACTS: tuple[tuple[re.Pattern[str], Callable[..., Act], str], ...] = (
    (re.compile(rf"{_NAME} sends a cart (.+)"), _cart, 'NAME sends a cart 2xSKU 1xSKU "a note"'),
    (re.compile(rf"{_NAME} sends an? ({'|'.join(THINGS)})"), _does("sends"), f"NAME sends a {' | '.join(THINGS)}"),
    (re.compile(rf"{_NAME} reacts with (\S+)"), _does("reacts"), "NAME reacts with EMOJI"),
    (re.compile(rf"{_NAME} forwards: (.+)", re.DOTALL), _does("forwards"), "NAME forwards: words"),
    (re.compile(rf"{_NAME} edits \w+ message: (.+)", re.DOTALL), _does("edits"), "NAME edits her message: words"),
    (
        re.compile(rf"{_NAME} fills in the form: (.+)"),
        _does("fills in"),
        "NAME fills in the form: name, street, town, PIN",
    ),
    (re.compile(rf"{_NAME} replies: (.+)", re.DOTALL), _does("replies"), "NAME replies: words, to the newest message"),
    (
        re.compile(rf"{_NAME} pays(?: (twice|again|[\d.]+(?: [A-Z]{{3}})?))?"),
        lambda person, what: Do(person, "pays", what or ""),
        "NAME pays | pays twice | pays again | pays AMOUNT",
    ),
    (re.compile(rf"{_NAME} begins to pay"), lambda person: Do(person, "pays", "wait"), "NAME begins to pay"),
    (re.compile(rf"{_NAME}'s payment fails"), lambda person: Do(person, "pays", "fail"), "NAME's payment fails"),
    (re.compile(rf"{_NAME} deletes \w+ message"), _does("deletes"), "NAME deletes her message"),
    (re.compile(rf"{_NAME} changes \w+ number to (\d+)"), _does("changes number"), "NAME changes her number to 9198…"),
    (re.compile(rf"{_NAME} changes \w+ id to (\S+)"), _does("changes id"), "NAME changes her id to IN.…"),
    (re.compile(r"Meta (approves|pauses|rejects|disables) (\w+)"), _meta, "Meta approves | pauses | … TEMPLATE"),
    (re.compile(r"Meta (says) that (\S+ is .+)"), _meta, "Meta says that CONFIGURATION is STATUS"),
    (re.compile(r"Meta (delivers) (everything) again"), _meta, "Meta delivers everything again"),
    (re.compile(rf"{_NAME} taps (.+)"), _tap, "NAME taps TITLE"),
    (re.compile(rf"{_NAME}: (.+)", re.DOTALL), _say, "NAME: what they write"),
    (re.compile(r"\$ \.venv/bin/python (.+)"), _run, "$ .venv/bin/python -m bot …"),
    (re.compile(r"later (.+)"), _later, "later 25h"),
    (re.compile(r"clock (\d{4}-\d\d-\d\d \d\d:\d\d)"), _clock, "clock 2026-03-02 10:00"),
    (re.compile(r"fault (.+)"), _fault, "fault name=value"),
)
_ANSWER = re.compile(rf"{ARROW} {_NAME}(?: \(([^)]+)\))?: ?(.*)", re.DOTALL)


def parse(name: str, text: str) -> Script:
    """`name` is what errors call the file."""
    return _Parser(name, text).script()


class _Parser:
    """Reads entries, an entry being a line at the margin with the indented lines that belong to it."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = tuple(line.rstrip() for line in text.rstrip().split("\n"))
        self._at = 0

    def script(self) -> Script:
        if not self._lines[0].startswith("# "):
            raise self._error("a conversation begins with `# ` and its title")
        steps = []
        while self._skip_to_entry():
            steps.append(self._step())
        if not steps:
            raise self._error("nothing happens in this conversation")
        return Script(self._name, self._lines[0][2:], self._lines, tuple(steps))

    def _skip_to_entry(self) -> bool:
        while self._at < len(self._lines) and (not self._lines[self._at] or self._lines[self._at].startswith("#")):
            self._at += 1
        return self._at < len(self._lines)

    def _step(self) -> Step:
        line = self._at + 1
        act = self._act()
        begin = end = self._at
        answers: list[list[Message]] = []
        while (answer := self._answer()) is not None:
            answers.append(answer)
            end = self._at
        if len(answers) > 1 and [] in answers:
            raise self._error("`nothing` and a message cannot both answer a step", line - 1)
        return Step(line, act, tuple(message for answer in answers for message in answer), slice(begin, end))

    def _act(self) -> Act:
        first = self._lines[self._at]
        if first.startswith(ARROW) or first == "nothing":
            raise self._error("an answer stands right below the step that it answers")
        at, entry = self._at, self._entry()
        for pattern, build, _ in _ACTS:
            if match := pattern.fullmatch(entry):
                try:
                    return build(*match.groups())
                except ValueError as error:
                    raise self._error(str(error), at) from error
        known = "; ".join(form for _, _, form in _ACTS)
        raise self._error(f"not a step: {first!r}; a step is one of: {known}", at)

    def _answer(self) -> list[Message] | None:
        """The next answer if one follows, past blank lines; `nothing` is an answer without messages."""
        blank = len(list(takewhile(lambda line: not line, self._lines[self._at :])))
        following = self._lines[self._at + blank] if self._at + blank < len(self._lines) else ""
        if following != "nothing" and not following.startswith(ARROW):
            return None
        self._at += blank
        at, entry = self._at, self._entry()
        if entry == "nothing":
            return []
        match = _ANSWER.fullmatch(entry)
        if match is None:
            raise self._error(f"an answer is written `{ARROW} NAME: what the phone shows`, not {following!r}", at)
        return [Message(match[1], match[3], match[2] or "")]

    def _entry(self) -> str:
        """The line at hand and what is indented below it; blank lines count when more of it follows them."""
        if self._lines[self._at].startswith((" ", "\t")):
            raise self._error("an indented line has four spaces and belongs to the step or answer right above it")
        parts, blanks = [self._lines[self._at]], 0
        self._at += 1
        for line in self._lines[self._at :]:
            if not line:
                blanks += 1
            elif line.startswith(INDENT):
                parts += [""] * blanks + [line.removeprefix(INDENT)]
                self._at += blanks + 1
                blanks = 0
            else:
                break
        return "\n".join(parts)

    def _error(self, what: str, at: int | None = None) -> ScriptError:
        return ScriptError(f"{self._name}:{(self._at if at is None else at) + 1}: {what}")
