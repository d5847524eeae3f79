"""The real program and the stand-in for Meta as processes of their own, which a test may kill."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from bot.sandbox import demo
from bot.sandbox.credentials import Credentials
from tests.rules.tree import ROOT

Json = dict[str, Any]

PORTS = range(20_000, 32_000)
"""Below those that the system hands out to outgoing connections: nobody takes the bot's port while it is down."""
LOOK_S = 0.02
START_S = 60.0


class Process:
    """`python -m bot …` in `folder`, where its output is kept. Nothing of the caller's environment reaches it."""

    def __init__(self, folder: Path, *arguments: str, through: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._command = (*through, sys.executable, "-m", "bot", *arguments)
        self._log = folder / f"{arguments[0]}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def spawn(self, environment: Mapping[str, str]) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                env={**inherited, "PYTHONPATH": str(ROOT), **environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.returncode

    @property
    def said(self) -> str:
        """The end of what it has written, for whoever asks why."""
        return self._log.read_text(errors="replace")[-4000:]

    async def end(self, sign: signal.Signals, within_s: float = 20.0) -> int:
        """Send the signal if it still runs, and wait for the end; the exit status."""
        if self.status is None:
            self.process.send_signal(sign)
        async with asyncio.timeout(within_s):
            return await self.process.wait()

    async def kill(self) -> None:
        """Whatever state it is in."""
        if self._process is not None:
            await self.end(signal.SIGKILL)


class Meta(Process):
    """The sandbox: it survives the bot, and its ledger is the judge."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession, *, bot_port: int) -> None:
        self.port = free_port()
        super().__init__(
            folder, "sandbox", "--port", str(self.port), "--webhook", f"http://127.0.0.1:{bot_port}/webhook",
            "--folder", str(folder),
        )  # fmt: skip
        self.credentials = Credentials.load(folder / "sandbox.json")
        self._ledger = folder / "sandbox.jsonl"
        self._lines: list[Json] = []
        self._read = 0
        self._http = http

    @property
    def graph(self) -> str:
        return f"http://127.0.0.1:{self.port}/sandbox/graph"

    async def start(self) -> None:
        await self.spawn({})
        async with asyncio.timeout(START_S):
            while await self._answers() != 200:
                assert self.status is None, self.said
                await asyncio.sleep(LOOK_S)

    async def control(self, path: str, **body: Any) -> int:
        """One of the page's orders; the HTTP status."""
        url = f"http://127.0.0.1:{self.port}/sandbox/control/{path}"
        async with self._http.post(url, data=orjson.dumps(body)) as answer:
            await answer.read()
            return answer.status

    def ledger(self) -> list[Json]:
        """Every whole line that it has written so far; what was read before is not read again."""
        with self._ledger.open("rb") as file:
            file.seek(self._read)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        self._lines += [orjson.loads(line) for line in whole.splitlines()]
        return self._lines

    async def _answers(self) -> int:
        try:
            async with self._http.get(f"http://127.0.0.1:{self.port}/sandbox/control/state") as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientError:
            return 0


class Bot(Process):
    """`python -m bot run` on a SQLite file, with credentials as real as Meta's."""

    def __init__(
        self, folder: Path, http: aiohttp.ClientSession, *, port: int, meta: Meta, through: tuple[str, ...] = ()
    ) -> None:
        super().__init__(folder, "run", through=through)
        self.database = folder / "waybill.sqlite3"
        self._http, self._port = http, port
        feed = folder / "feed.csv"
        feed.write_text(demo.feed("http://127.0.0.1"), encoding="utf-8")
        credentials = meta.credentials
        self._environment = {
            "PORT": str(port),
            "DATABASE_URL": f"sqlite://{self.database}",
            "WHATSAPP_PHONE_NUMBER_ID": credentials.phone_number_id,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": credentials.business_account_id,
            "WHATSAPP_ACCESS_TOKEN": credentials.access_token,
            "WHATSAPP_APP_SECRET": credentials.app_secret,
            "WHATSAPP_VERIFY_TOKEN": credentials.verify_token,
            "WHATSAPP_CATALOG_ID": credentials.catalog_id,
            "WHATSAPP_API_URL": meta.graph,
            "STAFF_NUMBERS": demo.STAFF_NUMBERS,
            "CATALOG_FILE": str(feed),
            "TICK_SECONDS": "0.1",
        }

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self._port}/webhook"

    async def start(self, *, crash_at: str = "") -> None:
        """Start it and come back at once; `crash_at` is a fault point and the hit at which it kills itself."""
        await self.spawn({**self._environment, **({"CRASH_AT": crash_at} if crash_at else {})})

    async def is_ready(self) -> bool:
        """Wait until it can serve, or is dead."""
        async with asyncio.timeout(START_S):
            while self.status is None:
                if (await self.readiness()).get("ready"):
                    return True
                await asyncio.sleep(LOOK_S)
        return False

    async def readiness(self) -> Json:
        """What /readyz says; empty when nobody answers."""
        try:
            async with self._http.get(f"http://127.0.0.1:{self._port}/readyz") as answer:
                told: Json = orjson.loads(await answer.read())
                return told
        except (aiohttp.ClientError, orjson.JSONDecodeError):
            return {}


def free_port() -> int:
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
