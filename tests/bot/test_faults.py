"""Fault points count, tell, and kill at the hit that was asked for; without a wish there are none."""

import signal
import subprocess
import sys
from collections import Counter

import pytest

from bot.faults import POINTS, FaultPoints, from_environment
from tests.bot.program import surroundings

HITS = """
from bot.faults import FaultPoints
points = FaultPoints("graph.request:3")
for n in range(1, 9):
    print(n, flush=True)
    points("graph.request")
    points("graph.response")
"""


def test_every_hit_is_counted_and_told() -> None:
    told: list[str] = []
    points = FaultPoints(record=told.append)
    for name in (*POINTS, POINTS[0]):
        points(name)
    assert points.hits == Counter(POINTS) + Counter([POINTS[0]])
    assert told == [*POINTS, POINTS[0]]


def test_the_process_is_killed_at_that_hit() -> None:
    done = subprocess.run([sys.executable, "-c", HITS], env=surroundings(), check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["1", "2", "3"])


@pytest.mark.parametrize("crash_at", ["nowhere:1", "graph", ":x"])
def test_a_point_that_does_not_exist_is_refused(crash_at: str) -> None:
    with pytest.raises(ValueError, match=r"names no fault point|invalid literal"):
        FaultPoints(crash_at)


def test_without_a_wish_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRASH_AT", raising=False)
    assert from_environment() is None
    monkeypatch.setenv("CRASH_AT", "")
    assert from_environment() is None
    monkeypatch.setenv("CRASH_AT", "scheduler.tick")
    assert isinstance(from_environment(), FaultPoints)
