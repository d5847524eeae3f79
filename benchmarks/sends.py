"""Sending with every attempt and its outcome on disk, against pywa's client, which writes nothing."""

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial

import orjson

from benchmarks.frame import Figure, interleaved, ratios, server
from benchmarks.shops import feed

TITLE = "Sends with outbox marks ÷ pywa's client alone, 16 connections"
COUNTS = {"sends": 1_500, "pywa_sends": 500}
"""Messages of one round, each to somebody else."""


async def measure(say: Callable[[str], None]) -> list[Figure]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        graph = stack.enter_context(server("graph", module="benchmarks.graph")).port
        catalogue = feed(folder)
        sides: dict[str, Callable[[], Awaitable[float]]] = {}
        for kind, count in COUNTS.items():
            address = f"sqlite://{folder}/{kind}.sqlite3"
            made = stack.enter_context(server(kind, address, str(graph), catalogue, module="benchmarks.shops"))
            sides[kind] = partial(_per_second, made.port, count)
        found = await interleaved("sends", sides, say)
    ours, theirs = found["sends"], found["pywa_sends"]
    beside = f"{statistics.median(ours):,.0f}/s ÷ {statistics.median(theirs):,.0f}/s"
    return [Figure("sends ÷ pywa's client", ratios(ours, theirs), 8, 15, beside=beside)]


async def _per_second(port: int, count: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /send?count={count} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise RuntimeError(answer[:200].decode("latin-1"))
    return count / float(orjson.loads(body))
