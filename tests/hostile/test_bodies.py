"""Signed bodies that somebody spoiled, through the real door and the dispatcher: no 500, nothing lost, nothing dead.

In CI always the same bodies; in soak new ones. `HOSTILE_SEED` tells those of a failure again.
"""

import asyncio
import json
import os
import random
from pathlib import Path

import pytest

from tests.bot.web.door import open_door
from tests.budget import BODIES, TIMES
from tests.hostile.bodies import Grammar
from tests.hostile.stage import Gate
from tests.journeys.script import Line
from tests.world import Stage

PARTS = 4
AT_ONCE = 100
"""Bodies that stand before the door together."""


def seeds() -> list[str]:
    if given := os.environ.get("HOSTILE_SEED"):
        return [given]
    return [str(random.SystemRandom().randrange(10**9)) if TIMES > 1 else f"ci{n}" for n in range(PARTS)]


def is_json(raw: bytes) -> bool:
    try:
        json.loads(raw.decode("utf-8", "replace"), parse_int=float)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("seed", seeds())
async def test_spoiled_bodies_cost_nobody_anything(sqlite_url: str, tmp_path: Path, seed: str) -> None:
    print(f"HOSTILE_SEED={seed}")
    async with open_door(sqlite_url, tmp_path) as door:
        gate, grammar = Gate(door), Grammar(seed, door.number)
        for start in range(0, BODIES // PARTS, AT_ONCE):
            gate.clear(str(start))
            bodies, answers = [], []
            for n in range(AT_ONCE):
                sound = gate.sound(n)
                raw, is_kept = grammar.body(sound)
                bodies.append(raw)
                answers.append(200 if is_json(raw) else 400)
                if is_kept:
                    gate.expected.add(sound["id"])
            assert await asyncio.gather(*map(gate.post, bodies)) == answers, (seed, start)
            assert await gate.faults() == [], (seed, start)
        print(gate.settled)
        assert gate.settled["done"] > BODIES // PARTS
        await _still_serves(Stage(door.app))


async def _still_serves(world: Stage) -> None:
    """A customer orders, and what the hostile ones are still to be told does not stand in the way."""
    await world.run("UPDATE outbox SET state = 'suppressed' WHERE state = 'queued'")
    await world.run("UPDATE product SET reserved = 0, on_hand = 9")
    await world.cart("Asha", [Line(1, "CHAI-250")], "")
    await world.settle()
    [answer] = world.new("Asha")
    assert answer.body.startswith("Thank you! This is your order")
