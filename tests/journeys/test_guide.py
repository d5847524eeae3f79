"""Whoever types what `docs/seeds.md` says reads what it says, and it names every row of the seed documents."""

import asyncio
import shlex
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from flows.settings import Settings, parse
from tests.bot.program import surroundings
from tests.journeys.guide import PAGE, Section, is_excerpt, sections, unread
from tests.journeys.play import Shown, play
from tests.journeys.script import TERMINAL, Later, Message, Script, written
from tests.journeys.test_seeds import ROWS, later
from tests.world import Stage, stage

SECTIONS = sections(PAGE.read_text())
SCRIPTS = [script for section in SECTIONS for script in section.scripts]
BUTTONS = [timedelta(hours=hours) for hours in (1, 12, 25, 72)]
"""By what the sandbox's page moves the clock."""
READING = timedelta(seconds=10)
"""After a step somebody reads what has come: by then no notice waits any more for an undo."""


class Reader(Stage):
    """Somebody at the page, with a terminal beside it."""

    printed = ""

    @property
    def people(self) -> Sequence[str]:
        return [*super().people, TERMINAL]

    async def do(self, person: str, verb: str, what: str) -> None:
        if person != TERMINAL:
            await super().do(person, verb, what)
            return
        process = await asyncio.create_subprocess_exec(
            sys.executable, *shlex.split(what), cwd=self.app.files, stdout=PIPE, stderr=STDOUT,
            env=surroundings(DATABASE_URL=f"sqlite://{self.app.files}/waybill.sqlite3"),
        )  # fmt: skip
        self.printed = (await process.communicate())[0].decode()

    def new(self, person: str) -> list[Shown]:
        if person != TERMINAL:
            return super().new(person)
        printed, self.printed = self.printed, ""
        return [Shown(printed)] if printed else []

    async def settle(self) -> None:
        await super().settle()
        self.app.clock.move(READING)
        await super().settle()


@asynccontextmanager
async def shop(url: str, files: Path, text: str) -> AsyncIterator[Reader]:
    """As `make run` opens it, the undo window too."""
    window: timedelta = Settings(parse(text)).get("undo_window")
    exact = f"{text};undo_window={window.seconds}s"
    async with stage(url, files, STORE_SETTINGS=exact) as opened:
        yield Reader(opened.app)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.title))
async def test_what_the_page_says_is_read(script: Script, sqlite_url: str, tmp_path: Path) -> None:
    assert {step.act.by for step in script.steps if isinstance(step.act, Later)} <= set(BUTTONS)
    async with shop(sqlite_url, tmp_path, script.settings) as opened:
        async for step, happened in play(script, opened):
            if missing := list(unread(step.expected, happened)):
                shown = "\n".join(written(happened)) or "nothing"
                promised = "\n".join(written(missing))
                pytest.fail(f"{script.place(step)}\nThe page says\n{promised}\nand there is\n{shown}", pytrace=False)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: str(section.document))
def test_every_row_can_be_seen_or_is_coming(section: Section) -> None:
    rows = {row for row in ROWS if row.startswith(section.document)}
    assert sorted(rows - section.shown - section.coming) == []
    assert sorted(section.shown & section.coming) == []
    assert sorted((section.shown | section.coming) - rows) == []
    assert sorted(section.coming - later()) == []


def test_every_document_has_its_section_and_every_block_is_played() -> None:
    assert [section.document for section in SECTIONS] == ["S1", "S2", "S3", "S4", "S5"]
    assert PAGE.read_text().count("```chat\n") == len(SCRIPTS)


@pytest.mark.parametrize(
    ("excerpt", "is_one"),
    [
        ("#1001 · Shipped\n[Delivered]", True),
        ("#1001 · …\nTracking: T…", True),
        ("Tracking: T77\n#1001 · Shipped", False),
        ("#1001 · Ship", False),
        ("Tracking", False),
    ],
)
def test_an_excerpt_leaves_lines_out_and_changes_none(excerpt: str, is_one: bool) -> None:
    whole = Message("Asha", "#1001 · Shipped\n\nTracking: T77\n[Delivered]")
    assert is_excerpt(Message("Asha", excerpt), whole) is is_one
    assert not is_excerpt(Message("Ravi", excerpt), whole)
    assert not is_excerpt(Message("Asha", excerpt, "template x"), whole)


def test_a_message_is_one_promise_only() -> None:
    told = Message("Asha", "hello")
    assert list(unread([told, told], [told])) == [told]
    assert list(unread([told, told], [told, told])) == []
