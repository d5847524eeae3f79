"""From a cart to the answer that the Graph API took: how many a second, and how long one waits."""

import itertools
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

from benchmarks import customers
from benchmarks.frame import ROUNDS, Figure, interleaved, ratios, server
from benchmarks.shops import feed

TITLE = "Carts: order, stock and history on disk, the reply accepted"
RUSH = {"bot": 1_500, "pywa": 400}
"""Carts of one round, so that either side has some seconds to do."""
PER_SECOND = 300
STROLL_S = 3


async def measure(say: Callable[[str], None]) -> list[Figure]:
    runs = itertools.count()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        graph = stack.enter_context(server("graph", module="benchmarks.graph")).port
        catalogue = feed(folder)
        shops = {
            kind: stack.enter_context(
                server(kind, f"sqlite://{folder}/{kind}.sqlite3", str(graph), catalogue, module="benchmarks.shops")
            )
            for kind in RUSH
        }

        def side(kind: str) -> Callable[[], Awaitable[float]]:
            async def rush() -> float:
                return await customers.rush(shops[kind].port, graph, customers.carts(RUSH[kind], next(runs)))

            return rush

        found = await interleaved("carts", {kind: side(kind) for kind in RUSH}, say)
        waits = []
        for number in range(ROUNDS + 1):
            work = customers.carts(min(PER_SECOND * STROLL_S, customers.PEOPLE), next(runs))
            wait = await customers.stroll(shops["bot"].port, graph, work, PER_SECOND)
            waits += [wait] if number else []
            say(f"cart to reply, round {number} of {ROUNDS}")
    ours, theirs = found["bot"], found["pywa"]
    beside = f"{statistics.median(ours):,.0f}/s ÷ {statistics.median(theirs):,.0f}/s"
    name = f"cart to reply at {PER_SECOND} a second"
    return [
        Figure("carts answered ÷ pywa and Tortoise", ratios(ours, theirs), 4, 10, beside=beside),
        Figure(f"{name}, p50", [wait.p50_ms for wait in waits], 5, 2, at_most=True, unit="ms"),
        Figure(f"{name}, p99", [wait.p99_ms for wait in waits], 15, 6, at_most=True, unit="ms"),
    ]
