"""kill -9, again and again, under traffic: what was acknowledged is never lost, and nothing is done twice.

Half of the kills come at any moment, half at a fault point, the one met least so far. `KILL_SEED` repeats a run.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from bot.faults import POINTS
from tests import budget
from tests.kill.scene import Evidence, Scene, scene

pytestmark = pytest.mark.kill

LONGEST_S = 0.8
POINT_S = 8.0
"""After so long without its fault point the program is killed anyway, and the point is asked for again."""
HITS = 8
"""The latest hit of a point that is asked for: all of them are met so often in two seconds of traffic …"""
DATABASE_HITS = 80
"""… and those of the database so often; the first dozen belong to the start."""
DURING_START = 0.2
"""Part of the kills that do not wait until the program is ready."""


@pytest.mark.timeout(240 + 6 * budget.KILLS)
async def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    reached: Counter[str] = Counter(dict.fromkeys(POINTS, 0))
    in_flight = 0
    async with scene(tmp_path, seed) as world:
        async with world.talking():
            for cycle in range(budget.KILLS):
                reached[await _kill(world, reached if cycle % 2 else None)] += 1
                evidence = await world.examine()
                assert evidence.broken == [], f"KILL_SEED={seed}, kill {cycle + 1}"
                in_flight += evidence.under_way
        await world.bot.start()
        await world.heal()
        await world.bot.kill()
        evidence = await world.examine(settled=True)
    assert evidence.broken == [], f"KILL_SEED={seed}"
    unanswered = {wamid for wamid, count in evidence.answers.items() if count != 1}
    assert unanswered <= evidence.given_up, f"KILL_SEED={seed}: lost, or answered twice"
    assert max(evidence.answers.values()) == 1, f"KILL_SEED={seed}"
    assert len(evidence.asked) > 10 * budget.KILLS
    assert all(reached.values()), reached
    in_doubt = in_flight + world.traffic.unheard
    assert evidence.repeated <= evidence.resent <= in_doubt
    with capsys.disabled():
        print(_told(seed, reached, evidence, in_doubt))


async def _kill(world: Scene, reached: Counter[str] | None) -> str:
    """Start the program and kill it; at which fault point it died, or "any moment"."""
    if reached is None:
        await world.bot.start()
        if world.dice.random() > DURING_START:
            assert await world.bot.is_ready(), world.bot.said
        await asyncio.sleep(world.dice.uniform(0, LONGEST_S))
        await world.bot.end(signal.SIGKILL)
        return "any moment"
    fewest = min(reached[point] for point in POINTS)
    point = world.dice.choice([point for point in POINTS if reached[point] == fewest])
    hit = world.dice.randint(1, DATABASE_HITS if point.startswith("database") else HITS)
    await world.bot.start(crash_at=f"{point}:{hit}")
    try:
        async with asyncio.timeout(POINT_S):
            status = await world.bot.process.wait()
    except TimeoutError:
        await world.bot.end(signal.SIGKILL)
        return "any moment"
    assert status == -signal.SIGKILL, world.bot.said
    return point


def _told(seed: int, reached: Counter[str], evidence: Evidence, in_doubt: int) -> str:
    """The figures of a run, and how often the program died at each fault point."""
    table = "".join(f"\n  {point:<20}{count:>5}" for point, count in reached.items())
    return (
        f"\nKILL_SEED={seed}: {reached.total()} kills, {len(evidence.asked)} messages, 0 lost, no answer twice; "
        f"at most {in_doubt} sends in doubt, {evidence.resent} sent again after the wait, of which Meta had "
        f"{evidence.repeated}; {len(evidence.given_up)} killed again in the second send and left to staff; killed at{table}"
    )
