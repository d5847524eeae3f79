"""What every measurement module shares: figures with what they must reach, rounds that take turns, servers to measure.

A module of the bench has a `TITLE` and `async def measure(say) -> list[Figure]`, and its name in `benchmarks/__main__.py`.
"""

import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

ROUNDS = 5
"""Counted rounds; one more warms both sides up."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: a value from each round. Without `must` it is only reported.

    `must` and `stretch` are the least it may be, with `at_most` the largest; `beside` says what it was made of.
    """

    name: str
    values: Sequence[float]
    must: float | None = None
    stretch: float | None = None
    at_most: bool = False
    unit: str = ""
    beside: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def reached(self) -> bool:
        if self.must is None:
            return True
        return self.median <= self.must if self.at_most else self.median >= self.must

    def as_json(self) -> dict[str, Any]:
        return {
            "median": self.median, "min": min(self.values), "max": max(self.values), "unit": self.unit,
            "must": self.must, "stretch": self.stretch, "at_most": self.at_most, "reached": self.reached,
            "beside": self.beside,
        }  # fmt: skip


async def interleaved(
    about: str, sides: Mapping[str, Callable[[], Awaitable[T]]], say: Callable[[str], None], *, rounds: int = ROUNDS
) -> dict[str, list[T]]:
    """Each side's results. All have their turn in every round, in a new order: what disturbs the machine disturbs all alike."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name in random.sample(list(sides), len(sides)):
            result = await sides[name]()
            if number:
                found[name].append(result)
        say(f"{about}, round {number} of {rounds}")
    return found


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Of each round its own, so that a disturbed one does not move the median."""
    return [above / below for above, below in zip(over, under, strict=True)]


@dataclass(frozen=True, slots=True)
class Server:
    """A measured server in a process of its own."""

    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """What it has used of its core so far, all threads together."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def memory_mb(self) -> float:
        """What is resident now."""
        return float(self.process.memory_info().rss) / 1e6


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def server(kind: str, *arguments: str, module: str = "benchmarks.servers") -> Iterator[Server]:
    """One of the servers of `module`, once it answers; of `benchmarks/servers.py` on the database at the address given."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, kind, str(port), *arguments])
    try:
        _wait(port, process)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("a measured server ended by itself")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("a measured server did not start")
