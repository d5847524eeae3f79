"""SIGTERM at any moment: what is in hand is finished, the program is gone within nine seconds, and nothing is lost."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from bot.clock import Clock
from tests import budget
from tests.kill.scene import scene

pytestmark = pytest.mark.kill

LONGEST_S = 1.5
GONE_S = 9.0


@pytest.mark.timeout(180 + 12 * budget.TERMS)
async def test_told_to_stop_it_finishes_what_is_in_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    took_s: list[float] = []
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    async with scene(tmp_path, seed) as world:
        async with world.talking():
            for _ in range(budget.TERMS):
                await world.bot.start()
                assert await world.bot.is_ready(), world.bot.said
                await asyncio.sleep(world.dice.uniform(0, LONGEST_S))
                told_at = Clock.monotonic()
                assert await world.bot.end(signal.SIGTERM) == 0, f"KILL_SEED={seed}: {world.bot.said}"
                took_s.append(Clock.monotonic() - told_at)
                evidence = await world.examine()
                assert (evidence.broken, evidence.under_way) == ([], 0), f"KILL_SEED={seed}"
        await world.bot.start()
        await world.heal()
        await world.bot.end(signal.SIGTERM)
        evidence = await world.examine(settled=True)
    assert evidence.broken == [], f"KILL_SEED={seed}"
    assert evidence.answers == dict.fromkeys(evidence.asked, 1), f"KILL_SEED={seed}"
    assert evidence.resent <= world.traffic.unheard, f"KILL_SEED={seed}: stopping leaves no send in doubt"
    assert len(evidence.asked) > 5 * budget.TERMS
    assert max(took_s) < GONE_S
    with capsys.disabled():
        print(
            f"\nKILL_SEED={seed}: {len(took_s)} times SIGTERM, {len(evidence.asked)} messages, gone after {max(took_s):.1f} s"
        )
