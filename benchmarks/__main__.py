"""`make bench`: everything in one interleaved run, printed as a table of ratios and written to var/bench.json."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import load

ROUNDS = 5
"""Counted rounds; one more warms both servers up."""
SECONDS = 1.0
CONNECTIONS = (16, 64, 256)
MUST = {16: 0.40, 64: 0.70, 256: 0.85}
"""Durable ingestion divided by a bare handler with the same signature check, by connections."""
REPORT = Path("var/bench.json")


@contextmanager
def server(kind: str, folder: Path) -> Iterator[int]:
    """A measured server in a process of its own; its port once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.servers", kind, str(port), str(folder)])
    try:
        _wait(port, process)
        yield port
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


async def ingestion(console: Console) -> dict[str, dict[str, float]]:
    """Every event on disk before its 200, against a handler that keeps nothing; servers take turns, round by round."""
    figures: dict[str, dict[str, float]] = {}
    start = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        server("bare", Path(folder)) as ceiling,
        server("durable", Path(folder)) as ours,
    ):
        for connections in CONNECTIONS:
            rates: dict[str, list[load.Result]] = {"bare": [], "durable": []}
            for number in range(ROUNDS + 1):
                for kind, port in (("bare", ceiling), ("durable", ours)):
                    work = load.requests(25_000, start=start)
                    start += len(work)
                    result = await load.drive(port, connections=connections, work=work, seconds=SECONDS)
                    if number:  # the first round warms both up
                        rates[kind].append(result)
                console.print(f"  {connections} connections, round {number} of {ROUNDS}", style="dim")
            ratios = [d.per_second / b.per_second for b, d in zip(rates["bare"], rates["durable"], strict=True)]
            figures[str(connections)] = {
                "bare_per_second": statistics.median(r.per_second for r in rates["bare"]),
                "durable_per_second": statistics.median(r.per_second for r in rates["durable"]),
                "durable_p50_ms": statistics.median(r.p50_ms for r in rates["durable"]),
                "durable_p99_ms": statistics.median(r.p99_ms for r in rates["durable"]),
                "ratio": statistics.median(ratios),
                "ratio_min": min(ratios),
                "ratio_max": max(ratios),
                "must": MUST[connections],
            }
    return figures


def show(console: Console, figures: dict[str, dict[str, float]]) -> bool:
    table = Table(title="Durable ingestion ÷ bare handler with the same signature check")
    for column in ("connections", "bare /s", "durable /s", "p50 · p99 ms", "ratio (min–max)", "must reach"):
        table.add_column(column, justify="right")
    for connections, row in figures.items():
        reached = row["ratio"] >= row["must"]
        table.add_row(
            connections, f"{row['bare_per_second']:,.0f}", f"{row['durable_per_second']:,.0f}",
            f"{row['durable_p50_ms']:.1f} · {row['durable_p99_ms']:.1f}",
            f"{row['ratio']:.2f} ({row['ratio_min']:.2f}–{row['ratio_max']:.2f})",
            f"{row['must']:.2f} {'✓' if reached else '✗'}",
        )  # fmt: skip
    console.print(table)
    return all(row["ratio"] >= row["must"] for row in figures.values())


def main() -> int:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    console = Console()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(ingestion(console))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_bytes(orjson.dumps({"ingestion": figures}, option=orjson.OPT_INDENT_2))
    reached = show(console, figures)
    console.print(f"Written to {REPORT}.")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
