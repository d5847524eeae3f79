"""Every try of a command leaves a line: who, in which role, what, and what came of it, by ids only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.script import Line
from tests.world import Stage, stage

STAFF = "919800000011:owner:Priya,919800000012:viewer:Ravi"


@pytest.fixture
async def play(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(ready_url, tmp_path, STAFF_NUMBERS=STAFF) as made:
        yield made


async def audit(play: Stage) -> list[tuple[str, str, str]]:
    rows = await play.rows("SELECT role, action, outcome FROM audit ORDER BY id")
    return [(row["role"], row["action"], row["outcome"]) for row in rows]


async def test_every_try_of_a_command_is_recorded(play: Stage) -> None:
    await play.say("Priya", "help")
    await play.settle()
    await play.say("Ravi", "doctor")
    await play.settle()
    await play.do("Priya", "forwards", "doctor")
    await play.settle()
    await play.fault({"delay_s": 901})
    await play.say("Priya", "doctor")
    await play.later(timedelta(seconds=901))
    await play.settle()

    assert await audit(play) == [
        ("owner", "help", "done"), ("viewer", "doctor", "done"), ("owner", "doctor", "forwarded"),
        ("owner", "doctor", "late"),
    ]  # fmt: skip
    lines = await play.rows(
        "SELECT a.contact_id = s.contact_id AS theirs, i.kind FROM audit a JOIN inbox i ON i.id = a.event_id"
        " JOIN staff s ON s.role = a.role"
    )
    assert lines == [{"theirs": 1, "kind": "message"}] * 4


async def test_a_role_that_may_not_is_refused_and_recorded(play: Stage) -> None:
    await play.say("Ravi", "pack 1001")
    await play.settle()

    assert [(role, outcome) for role, _, outcome in await audit(play)] == [("viewer", "refused")]


async def test_words_that_are_no_command_and_customers_leave_no_line(play: Stage) -> None:
    await play.say("Priya", "good morning")
    await play.say("Asha", "doctor")
    await play.cart("Ravi", [Line(1, "CHAI-250")], "")
    await play.settle()

    assert await audit(play) == []


async def test_a_new_number_is_recorded_for_everybody(play: Stage) -> None:
    await play.say("Asha", "hello")
    await play.do("Asha", "changes number", "919800000077")
    await play.do("Ravi", "changes number", "919800000088")
    await play.settle()

    rows = await play.rows("SELECT role, action, outcome FROM audit ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        (None, "identity_change", "user_changed_number"), ("viewer", "identity_change", "user_changed_number"),
    ]  # fmt: skip


@pytest.mark.parametrize(("delay_s", "outcome"), [(899, "done"), (900, "done"), (901, "late")])
async def test_a_command_is_late_after_a_quarter_of_an_hour(play: Stage, delay_s: int, outcome: str) -> None:
    await play.fault({"delay_s": delay_s})
    await play.say("Priya", "doctor")
    await play.later(timedelta(seconds=delay_s))
    await play.settle()

    assert await audit(play) == [("owner", "doctor", outcome)]
