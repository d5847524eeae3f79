"""Two `web` and three `worker` on one Postgres, as processes of their own."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.sandbox import demo
from models.address import Address
from models.database import Database
from tests import payloads
from tests.cluster.meta import SECRET, Meta
from tests.kill.processes import LOOK_S, START_S, Json, Process, free_port
from tests.models.units import rows

WEBS, WORKERS = 2, 3
LINES = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '% notices'"


class Member(Process):
    """One of them, in a folder of its own."""

    def __init__(self, folder: Path, role: str, environment: dict[str, str]) -> None:
        folder.mkdir()
        super().__init__(folder, role)
        self.role, self.port = role, free_port()
        self._settings = environment | {("PORT" if role == "web" else "WORKER_PORT"): str(self.port)}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        await self.spawn(self._settings)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything that runs, and a look at their database."""

    webs: list[Member]
    workers: list[Member]
    meta: Meta
    database: Database
    http: aiohttp.ClientSession

    @property
    def all(self) -> list[Member]:
        return [*self.webs, *self.workers]

    async def readiness(self, member: Member) -> tuple[int, Json]:
        try:
            async with self.http.get(f"{member.address}/readyz") as answer:
                body: Json = await answer.json()
                return answer.status, body
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}

    async def is_ready(self, member: Member) -> None:
        async with asyncio.timeout(START_S):
            status = 0
            while status != 200:
                assert member.status is None, member.said
                status, _ = await self.readiness(member)
                await asyncio.sleep(LOOK_S)

    async def heal(self, within_s: float) -> None:
        """Until nobody has anything left to do."""
        told: Json = {}
        try:
            async with asyncio.timeout(within_s):
                while not (told.get("ready") and told["inbox"]["waiting"] == 0 and not any(told["outbox"].values())):
                    for member in self.all:
                        assert member.status is None, member.said
                    await asyncio.sleep(0.2)
                    _, told = await self.readiness(self.webs[0])
        except TimeoutError:
            raise AssertionError(f"something is never done: {told} {self.workers[0].said}") from None


@asynccontextmanager
async def cluster(folder: Path, url: str, **more: str) -> AsyncIterator[Cluster]:
    """All of them ready, on a migrated database."""
    feed = folder / "feed.csv"
    feed.write_text(demo.feed("http://127.0.0.1"), encoding="utf-8")
    timeout = aiohttp.ClientTimeout(total=10)
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        meta = Meta(http)
        await meta.start()
        environment = {
            "DATABASE_URL": url,
            "HOST": "127.0.0.1",
            "PUBLIC_URL": "http://127.0.0.1",
            "WHATSAPP_PHONE_NUMBER_ID": payloads.NUMBER,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": payloads.ACCOUNT,
            "WHATSAPP_ACCESS_TOKEN": "a token of no account",
            "WHATSAPP_APP_SECRET": SECRET,
            "WHATSAPP_VERIFY_TOKEN": "verify",
            "WHATSAPP_API_URL": meta.address,
            "STAFF_NUMBERS": demo.STAFF_NUMBERS,
            "CATALOG_FILE": str(feed),
            "TICK_SECONDS": "1",
            **more,
        }
        webs = [Member(folder / f"web{n}", "web", environment) for n in range(WEBS)]
        workers = [Member(folder / f"worker{n}", "worker", environment) for n in range(WORKERS)]
        meta.open([web.address for web in webs])
        database = Database(Address(url))
        await database.open()
        made = Cluster(webs, workers, meta, database, http)
        try:
            for member in made.all:
                await member.start()
            for member in made.all:
                await made.is_ready(member)
            async with asyncio.timeout(START_S):
                lines = 0
                while lines < len(made.all):
                    lines = (await rows(database, LINES))[0]["n"]
            yield made
        finally:
            for member in made.all:
                if member.status is None:
                    member.process.send_signal(signal.SIGCONT)
                await member.kill()
            await database.close()
            await meta.stop()
