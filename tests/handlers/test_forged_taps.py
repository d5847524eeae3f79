"""Buttons that a modified app makes up: somebody else's order answers exactly as one that does not exist, and nothing moves."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.script import Line
from tests.world import Stage, stage

CHOICES = (
    "a{}.yes",
    "a{}.change",
    "c{}.ask",
    "c{}.yes",
    "c{}.keep",
    "b{}.move",
    "b.-.1.{}.0.0.forget.",
    "o{}.2.confirm",
    "o{}.2.cancel",
    "o{}.2.order",
    "f{}.bad",
    "p{}.cod",
    "p{}.pay",
    "p{}.other",
    "w{}.1.cod",
    "m{}.1.in",
)
MOMENT = timedelta(seconds=1)
MOVING = "SELECT number, status, version, checkout_step, address FROM orders ORDER BY number"


async def answer(world: Stage, button: str) -> list[str]:
    world.sandbox.person("rahul").forge_tap(button, "Yes")
    await world.later(MOMENT)
    await world.settle()
    return [shown.text() for shown in world.new("Rahul")]


@pytest.mark.parametrize("is_asked", [False, True])
async def test_a_forged_tap_tells_nothing_and_changes_nothing(ready_url: str, tmp_path: Path, is_asked: bool) -> None:
    """`is_asked`: an order of Rahul's own waits for his answer meanwhile."""
    async with stage(ready_url, tmp_path) as world:
        await world.cart("Asha", [Line(1, "CHAI-250")], "")
        if is_asked:
            await world.cart("Rahul", [Line(1, "PICKLE-400")], "")
        await world.settle()
        world.new("Rahul")
        before = await world.rows(MOVING)
        for choice in CHOICES:
            assert await answer(world, choice.format(1001)) == await answer(world, choice.format(9999)) != []
        assert await world.rows(MOVING) == before
        assert world.new("Asha")[1:] == []


@pytest.mark.parametrize(
    "button", ["c1001.yes", "c1001.YES", "c01001.yes", "c1001.yes.yes", "a1001.yes", "a1001.", "f1001.bad"]
)
async def test_a_yes_that_was_never_asked_for_does_nothing(ready_url: str, tmp_path: Path, button: str) -> None:
    """Also when the order is one's own."""
    async with stage(ready_url, tmp_path) as world:
        await world.cart("Rahul", [Line(1, "CHAI-250")], "")
        await world.settle()
        before = await world.rows(MOVING)
        await answer(world, button)
        assert await world.rows(MOVING) == before
