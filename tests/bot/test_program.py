"""The program's life as its surroundings see it: it starts or says why not, drains when told to stop, ends when a part dies."""

import asyncio
import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from bot import app as application
from bot import settings
from bot.app import App
from bot.clock import Clock
from tests import payloads
from tests.bot.program import control, program, running, surroundings
from tests.postgres import Cluster
from tests.world import environment

pytestmark = pytest.mark.kill

STOP_S = 9.0
"""What a container leaves a program before it is killed, less a second."""
HEAVY = ("pywa", "rich", "babel", "phonenumbers", "fpdf", "pygments", "hypothesis", "asyncpg", "holidays", "icalendar")
SOON_S = 10.0
CREDENTIALS = {
    "WHATSAPP_PHONE_NUMBER_ID": payloads.NUMBER,
    "WHATSAPP_BUSINESS_ACCOUNT_ID": payloads.ACCOUNT,
    "WHATSAPP_ACCESS_TOKEN": "a-token",
    "WHATSAPP_APP_SECRET": "5f4dcc3b5aa765d61d8327deb882cf99",
    "WHATSAPP_VERIFY_TOKEN": "verify",
    "WHATSAPP_API_URL": "http://127.0.0.1:1/graph",
}
"""Of an app whose Graph API nobody answers: neither start nor readiness needs one."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def folder(migrated_file: Path, tmp_path: Path) -> Path:
    """Where a program starts, with a migrated database in its usual place."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_file, tmp_path / "var" / "waybill.sqlite3")
    return tmp_path


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(folder / "var" / "waybill.sqlite3")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


async def status(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url) as answer:
        await answer.read()
        return answer.status


def test_what_is_needed_only_now_and_then_is_not_loaded_at_the_start() -> None:
    code = f"import sys, bot.app; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=surroundings(), check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


async def test_it_starts_answers_and_ends_when_told(folder: Path, http: aiohttp.ClientSession) -> None:
    async with running(folder) as bot:
        assert await status(http, bot.url("/readyz")) == 200
        assert await status(http, bot.url("/sandbox/")) == 200
        assert await bot.end(signal.SIGTERM, within_s=STOP_S) == 0
        events = [json.loads(line)["event"] for line in bot.log.splitlines()]
    assert events == ["catalogue_filled", "app_started", "app_stopping"]
    assert (
        bot.said
        == f"\n  Waybill is running. Open http://127.0.0.1:{bot.port}/sandbox/ and place an order as the customer.\n\n"
    )


async def test_ctrl_c_ends_it_too(folder: Path) -> None:
    async with running(folder) as bot:
        assert await bot.end(signal.SIGINT, within_s=STOP_S) == 0


async def test_it_drains_while_a_send_hangs_and_a_page_listens(folder: Path, http: aiohttp.ClientSession) -> None:
    async with running(folder, TICK_SECONDS="0.2") as bot:
        stream = await http.get(bot.url("/sandbox/control/events"))
        assert await control(http, bot, "faults", hang_next=1, hang_s=60) == 200
        assert await control(http, bot, "messages", person="asha", type="text", text="hello") == 202
        async with asyncio.timeout(SOON_S):
            while not rows(folder, "SELECT 1 FROM outbox WHERE state = 'sending'"):
                await stream.content.readline()
        half = await asyncio.open_connection("127.0.0.1", bot.port)
        half[1].write(
            b"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=\r\nContent-Length: 9\r\n\r\n{"
        )
        await half[1].drain()
        assert await bot.end(signal.SIGTERM, within_s=STOP_S) == 0
        half[1].close()
        stream.close()
        log = [json.loads(line) for line in bot.log.splitlines()]
    assert [line for line in log if line["level"] in {"error", "critical"}] == []
    assert rows(folder, "SELECT state FROM inbox WHERE kind = 'message'") == [("done",)]
    # Meta has taken it: its status may overtake the end, but nobody sends it again.
    taken = "('sending', 'unknown', 'sent', 'delivered', 'read')"
    assert rows(folder, f"SELECT attempts FROM outbox WHERE state IN {taken}") == [(1,)]


async def test_a_second_one_on_the_same_file_refuses_with_one_line(folder: Path) -> None:
    async with running(folder), program(folder, "run", PORT="0") as second:
        assert await second.end() == 1
        lines = second.log.splitlines()
    assert [line for line in lines if not line.startswith("{")] == [
        "Another Waybill runs on var/waybill.sqlite3. Stop it first, or set another DATABASE_URL."
    ]


async def test_a_taken_port_is_said_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with program(folder, "run", PORT=str(port)) as bot:
            assert await bot.end() == 1
            last = bot.log.splitlines()[-1]
    assert last == f"Port {port} of 127.0.0.1 cannot be used (Address already in use). Set another HOST or PORT."


async def test_a_feed_that_is_no_text_stops_the_start_in_one_line(folder: Path) -> None:
    (folder / "feed.csv").write_bytes("id,title,price\n".encode("utf-16"))
    async with program(folder, "run", PORT="0", CATALOG_FILE="feed.csv") as bot:
        assert await bot.end() == 1
        last = bot.log.splitlines()[-1]
    assert last == "CATALOG_FILE cannot be read as UTF-8 text (UnicodeDecodeError). Save it as CSV in UTF-8."


async def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("not a folder")
    async with program(tmp_path, "run", PORT="0") as bot:
        assert await bot.end() == 1
        assert bot.log.splitlines()[-1].startswith("The database does not answer (FileExistsError:")


@pytest.mark.parametrize("part", ["dispatcher", "sender", "intake"])
async def test_a_dead_loop_ends_the_process_with_status_1(
    sqlite_url: str, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(app: App) -> None:
        getattr(app, part)._task.cancel()

    monkeypatch.chdir(tmp_path)
    given = settings.load(environment(sqlite_url))
    async with asyncio.timeout(SOON_S):
        assert await application.run(given, role="run", on_ready=kill) == 1


async def test_a_start_that_fails_closes_what_it_opened(sqlite_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = settings.load(environment(sqlite_url) | {"PORT": str(taken.getsockname()[1])})
        with pytest.raises(application.CannotStart):
            await App(given, clock=Clock(), files=tmp_path).start()
    app = App(settings.load(environment(sqlite_url)), files=tmp_path)
    await app.start()
    await app.stop()


@pytest.mark.postgres
async def test_web_takes_in_and_workers_have_a_port_for_their_health(
    postgres_url: str, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """All started at once on an empty database, as a platform does it: they agree on one store."""
    ports = [free_port() for _ in range(3)]
    ours, *theirs = (f"http://127.0.0.1:{port}" for port in ports)
    given = CREDENTIALS | {"DATABASE_URL": postgres_url, "HOST": "127.0.0.1", "PORT": str(ports[0])}
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    async with (
        program(tmp_path, "web", **given) as web,
        program(folders[0], "worker", **given, WORKER_PORT=str(ports[1])) as first,
        program(folders[1], "worker", **given, WORKER_PORT=str(ports[2])) as second,
    ):
        await web.greet()
        for worker in (first, second):
            await worker.hear('"event":"app_started"')
        found = [await status(http, f"{at}{path}") for at in (ours, *theirs) for path in ("/readyz", "/webhook")]
        assert found == [200, 403, 200, 404, 200, 404]
        assert [await each.end(signal.SIGTERM, within_s=STOP_S) for each in (web, first, second)] == [0, 0, 0]
    assert web.said == f"\n  Waybill is running on {ours}. Meta's webhook address is {ours}/webhook\n\n"
    connection = await asyncpg.connect(postgres_url)
    [counts] = await connection.fetch("SELECT (SELECT COUNT(*) FROM store), (SELECT COUNT(*) FROM number)")
    await connection.close()
    assert tuple(counts) == (1, 1)


@pytest.mark.postgres
@pytest.mark.parametrize("role", ["web", "worker"])
async def test_web_and_worker_wait_for_the_migration(role: str, cluster: Cluster, tmp_path: Path) -> None:
    name = f"waybill_empty_{role}"
    url = await cluster.create(name)
    async with program(tmp_path, role, **CREDENTIALS, DATABASE_URL=url, PORT="0") as refused:
        assert await refused.end() == 1
        last = refused.log.splitlines()[-1]
    await cluster.drop(name)
    assert last.startswith("The database needs `python -m bot migrate` first (0001_spine")
