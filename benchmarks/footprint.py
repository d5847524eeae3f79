"""What the program needs for itself: memory after a hundred thousand events, and the time until it serves again."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks import load
from benchmarks.frame import ROUNDS, Figure, free_port, server
from benchmarks.servers import environment

TITLE = "Footprint"
EVENTS = 100_000
BLOCK = 25_000
READY = b"GET /readyz HTTP/1.0\r\n\r\n"


async def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for number in range(ROUNDS + 1):
            seconds = _start(folder)
            if number:  # the first one makes the database
                starts.append(seconds)
        say(f"{ROUNDS} starts")
        resident = await _memory(f"sqlite://{folder}/events.sqlite3", say)
    return [
        Figure("second start to ready", starts, 1.0, 0.7, at_most=True, unit="s"),
        Figure("resident after 100,000 events", [resident], 120, 90, at_most=True, unit="MB", beside="nothing handled"),
    ]


async def _memory(address: str, say: Callable[[str], None]) -> float:
    with server("durable", address) as measured:
        for start in range(0, EVENTS, BLOCK):
            work = load.requests(BLOCK, start=start)
            await load.drive(measured.port, connections=64, work=work, seconds=60)
            say(f"{start + BLOCK:,} events, {measured.memory_mb():.0f} MB")
        return measured.memory_mb()


def _start(folder: str) -> float:
    """Seconds until `/readyz` says so, of the program as it is started in earnest."""
    port = free_port()
    settings = environment(port, f"sqlite://{folder}/start.sqlite3")
    # A second start finds what the first has compiled, unless the session forbids Python to keep it.
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=usual | settings, stdout=subprocess.DEVNULL)
    try:
        while not _is_ready(port):
            if time.perf_counter() > began + 30:
                raise SystemExit("the program is not ready after 30 seconds")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(15)


def _is_ready(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(READY)
            return b" 200 " in connection.recv(100)
    except OSError:
        return False
