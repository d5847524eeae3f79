"""The real program as a process of its own, in a folder of its own, with nothing of this session's environment."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.rules.tree import ROOT

GREETING = re.compile(r"http://[^/ ]+:([0-9]+)")
START_S = 20.0
LOOK_S = 0.02


def surroundings(**environment: str) -> dict[str, str]:
    """An environment with nothing but what Python needs, and `environment`."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}


class Program:
    """`python -m bot …`. What it says is in `said`, what it logs in `log`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.said = ""
        self._log = log
        self.port = 0

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def greet(self) -> None:
        """Wait for the line with the address."""
        assert self.process.stdout is not None
        async with asyncio.timeout(START_S):
            while not (match := GREETING.search(self.said)):
                line = await self.process.stdout.readline()
                assert line, f"it ended without a greeting: {self.said}{self.log}"
                self.said += line.decode()
        self.port = int(match[1])

    async def hear(self, words: str) -> None:
        """Wait until these words are in its log."""
        async with asyncio.timeout(START_S):
            while words not in self.log:
                assert self.process.returncode is None, self.log
                await asyncio.sleep(LOOK_S)

    async def end(self, sign: signal.Signals | None = None, *, within_s: float = 20.0) -> int:
        """Wait for its end, after a signal if one is given; the exit status."""
        if sign is not None:
            self.process.send_signal(sign)
        async with asyncio.timeout(within_s):
            out, _ = await self.process.communicate()
        self.said += out.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def program(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[Program]:
    """Started, not awaited; killed at the end if it still runs."""
    log = folder / f"{arguments[0]}.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments,
            cwd=folder, env=surroundings(**environment), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
    try:
        yield Program(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def running(folder: Path, **environment: str) -> AsyncIterator[Program]:
    """`run` in the sandbox on a free port, greeted."""
    async with program(folder, "run", **({"PORT": "0"} | environment)) as started:
        await started.greet()
        yield started


async def control(http: aiohttp.ClientSession, bot: Program, path: str, **body: object) -> int:
    """One of the sandbox page's orders; the HTTP status."""
    async with http.post(bot.url(f"/sandbox/control/{path}"), json=body) as answer:
        await answer.read()
        return answer.status
