"""`docs/seeds.md` as a program: its scripts in the language of the conversations, where an answer is an excerpt.

A line of an answer is a line on the phone, in the same order; lines may be left out, and `…` stands for anything.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.script import Message, Script, parse

PAGE = Path(__file__).parents[2] / "docs/seeds.md"
COMING = "Coming"
ROW = re.compile(r"\bS[1-5]-\d\d\b")
_SECTION = re.compile(r"^## (S[1-5])\b", re.MULTILINE)
_SCRIPT = re.compile(
    r"^```sh\n(?:STORE_SETTINGS='([^']*)' )?make run\n```\n+```chat\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of one document."""

    document: str
    text: str

    @property
    def scripts(self) -> list[Script]:
        found = []
        for n, (settings, steps) in enumerate(_SCRIPT.findall(self.text), start=1):
            name = f"{self.document}-{n}"
            found.append(parse(f"docs/seeds.md, {name}", f"# {name}\n# shop: {settings}\n{steps}"))
        return found

    @property
    def shown(self) -> set[str]:
        """The rows that a remark in a script names."""
        remarks = (line for script in self.scripts for line in script.lines if line.startswith("#"))
        return {row for remark in remarks for row in ROW.findall(remark)}

    @property
    def coming(self) -> set[str]:
        return set(ROW.findall(self.text.partition(f"**{COMING}**")[2]))


def sections(page: str) -> list[Section]:
    parts = _SECTION.split(page)[1:]
    return [Section(document, text) for document, text in zip(parts[::2], parts[1::2], strict=True)]


def unread(expected: Sequence[Message], happened: Sequence[Message]) -> Iterator[Message]:
    """What the page promises after a step and no phone shows; each message on a phone is one promise at most."""
    left = Counter(happened)
    for excerpt in expected:
        found = next((message for message in left if left[message] and is_excerpt(excerpt, message)), None)
        if found is None:
            yield excerpt
        else:
            left[found] -= 1


def is_excerpt(excerpt: Message, message: Message) -> bool:
    if excerpt.person != message.person or excerpt.kind not in ("", message.kind):
        return False
    lines = iter(message.text.split("\n"))
    return all(any(_fits(wanted, line.strip()) for line in lines) for wanted in excerpt.text.split("\n") if wanted)


def _fits(wanted: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, wanted.split("…"))), line) is not None
