"""Carts answered on Postgres by one process and by two. All of them share the first core, Postgres the second."""

import itertools
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from benchmarks import customers
from benchmarks.frame import Figure, interleaved, server
from benchmarks.shops import feed
from tests import postgres

TITLE = "Carts a second on Postgres"
CARTS = 1_000


async def measure(say: Callable[[str], None]) -> list[Figure]:
    """The tests' own Postgres, but with everything on disk before a commit returns."""
    postgres.WATCH = postgres.WATCH.replace("-c fsync=off -c synchronous_commit=off -c full_page_writes=off", "")
    cluster = postgres.Cluster()
    runs = itertools.count()
    figures = []
    with ExitStack() as stack:
        cluster.start()
        stack.callback(cluster.stop)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        graph = stack.enter_context(server("graph", module="benchmarks.graph")).port
        for workers in (1, 2):
            address = await cluster.create(f"bench_{workers}")
            with ExitStack() as team:
                start = partial(server, module="benchmarks.shops")
                door = team.enter_context(start("bot", address, str(graph), feed(folder)))
                for _ in range(workers - 1):
                    team.enter_context(start("worker", address, str(graph), feed(folder)))

                async def rush(port: int = door.port) -> float:
                    return await customers.rush(port, graph, customers.carts(CARTS, next(runs)))

                found = await interleaved(f"{workers} on Postgres", {"carts": rush}, say)
            rates = found["carts"]
            figures.append(Figure(f"workers: {workers}", rates, unit="/s", beside=f"{statistics.median(rates):,.0f}/s"))
    return figures
