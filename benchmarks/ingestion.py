"""Every event on disk before its 200, against a handler that keeps nothing."""

import itertools
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from benchmarks import load
from benchmarks.frame import Figure, Server, interleaved, ratios, server
from tests.postgres import Cluster

TITLE = "Durable ingestion ÷ bare handler with the same signature check"
SECONDS = 1.0
WORK = 25_000
MUST = {16: (0.40, 0.50), 64: (0.70, 0.80), 256: (0.85, 0.95)}
"""By connections: what must be reached, and the stretch."""


MUST_POSTGRES = {64: (0.70, 0.90)}
PEER_CONNECTIONS = 64
MUST_PYWA = (4.0, 5.0)
"""Against pywa's own checks and parsing with one insert of Tortoise's for each message."""


async def measure(say: Callable[[str], None]) -> list[Figure]:
    bodies = itertools.count(step=WORK)

    def driven(measured: Server, connections: int) -> Callable[[], Awaitable[load.Result]]:
        async def drive() -> load.Result:
            work = load.requests(WORK, start=next(bodies))
            return await load.drive(measured.port, connections=connections, work=work, seconds=SECONDS)

        return drive

    figures = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        cluster = Cluster(durable=True)
        cluster.start()
        stack.callback(cluster.stop)
        bare = stack.enter_context(server("bare", ""))
        for database, address, wanted in (
            ("SQLite", f"sqlite://{folder}/bench.sqlite3", MUST),
            ("Postgres", await cluster.create("bench"), MUST_POSTGRES),
        ):
            durable = stack.enter_context(server("durable", address))
            for connections, (must, stretch) in wanted.items():
                name = f"{database}, {connections} connections"
                sides = {"bare": driven(bare, connections), "durable": driven(durable, connections)}
                found = await interleaved(name, sides, say)
                over, under = ([result.per_second for result in found[kind]] for kind in ("durable", "bare"))
                beside = _beside(over, under, found["durable"])
                figures.append(Figure(name, ratios(over, under), must, stretch, beside=beside))
            if database == "SQLite":
                tortoise = f"sqlite://{folder}/pywa.sqlite3"
                pywa = stack.enter_context(server("pywa_inserts", tortoise, "0", "", module="benchmarks.shops"))
                sides = {"pywa": driven(pywa, PEER_CONNECTIONS), "durable": driven(durable, PEER_CONNECTIONS)}
                found = await interleaved("÷ pywa", sides, say)
                over, under = ([result.per_second for result in found[kind]] for kind in ("durable", "pywa"))
                beside = _beside(over, under, found["durable"])
                figures.append(Figure("SQLite ÷ pywa and Tortoise", ratios(over, under), *MUST_PYWA, beside=beside))
    return figures


def _beside(over: Sequence[float], under: Sequence[float], results: Sequence[load.Result]) -> str:
    median = statistics.median
    return (
        f"{median(over):,.0f}/s ÷ {median(under):,.0f}/s,"
        f" p50 {median(r.p50_ms for r in results):.1f} · p99 {median(r.p99_ms for r in results):.1f} ms"
    )
