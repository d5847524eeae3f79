"""200 means on disk, whatever the database does meanwhile: every event once, in its order, or 503 so that Meta keeps it."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from bot.intake import Intake
from bot.web.server import CONNECTIONS, Server
from bot.web.webhook import Webhook
from models.inbox import Arrival
from tests import payloads
from tests.bot.web.door import Door, open_door, status

LONG = "x" * 50_000
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Broken(Intake):
    """A bug on the way to the disk."""

    def put(self, arrivals: Sequence[Arrival]) -> asyncio.Future[None]:
        raise LookupError(f"{len(arrivals)} arrivals")


def wamids(rows: list[dict[str, Any]]) -> list[str]:
    return [json.loads(row["payload"])["item"]["id"] for row in rows]


@asynccontextmanager
async def busy(door: Door) -> AsyncIterator[None]:
    """Somebody else holds what a write needs."""
    if door.app.settings.address.is_sqlite:
        other = sqlite3.connect(door.app.settings.address.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.rollback()
            other.close()
        return
    connection = await asyncpg.connect(door.app.settings.address.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE inbox IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


@asynccontextmanager
async def another(
    door: Door, intake: Intake, *, body_time: timedelta = timedelta(seconds=10), connections: int = CONNECTIONS
) -> AsyncIterator[int]:
    """A second webhook before the same database; its port."""
    webhook = Webhook(
        app_secret=door.app.whatsapp.app_secret, verify_token="token", phone_number_id=door.number,
        intake=intake, metrics=door.app.metrics, body_time=body_time,
    )  # fmt: skip
    app = web.Application()
    app.add_routes([web.post("/webhook", webhook.receive)])
    server = Server(app, webhook, connections=connections)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        await server.stop()


async def ask_sqlite(door: Door, sql: str) -> int:
    """A statement on the very connection that writes."""
    _, [row] = await door.app.database._client.execute_query(sql)
    return int(row[0])


async def test_the_largest_batch_has_a_row_for_every_message_in_its_order(stored: Door) -> None:
    sent = [payloads.text(f"message {n}", wamid=f"wamid.{n}") for n in range(1_000)]
    assert await stored.post(stored.body(*sent)) == 200
    assert wamids(await stored.rows()) == [message["id"] for message in sent]


async def test_a_body_told_again_changes_nothing(stored: Door) -> None:
    raw = stored.body(payloads.text(), statuses=[payloads.status("read")])
    assert [await stored.post(raw) for _ in range(3)] == [200, 200, 200]
    assert [row["kind"] for row in await stored.rows()] == ["message", "status"]


async def test_a_body_told_fifty_times_at_once_is_kept_once(stored: Door) -> None:
    raw = stored.body(payloads.text())
    assert await asyncio.gather(*(stored.post(raw) for _ in range(50))) == [200] * 50
    assert wamids(await stored.rows()) == ["wamid.A"]


async def test_the_first_words_under_a_message_id_count(stored: Door) -> None:
    assert await stored.post(stored.body(payloads.text("first"))) == 200
    assert await stored.post(stored.body(payloads.text("second"), payloads.text(wamid="wamid.B"))) == 200
    rows = await stored.rows()
    assert [json.loads(row["payload"])["item"]["text"]["body"] for row in rows] == ["first", "hello"]


async def test_many_people_at_once_lose_nothing(stored: Door) -> None:
    bodies = [stored.body(payloads.text(wamid=f"wamid.{n}", sender=f"9190000{n:05}")) for n in range(200)]
    assert await asyncio.gather(*map(stored.post, bodies)) == [200] * 200
    assert sorted(wamids(await stored.rows())) == sorted(f"wamid.{n}" for n in range(200))


async def test_a_database_that_keeps_us_waiting_is_answered_503_and_the_event_kept_once(stored: Door) -> None:
    stored.app.intake._patience_s = 0.2
    raw = stored.body(payloads.text())
    async with (
        busy(stored),
        stored.http.post(stored.url("/webhook"), data=raw, headers={"X-Hub-Signature-256": stored.sign(raw)}) as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    stored.app.intake._patience_s = 3.0
    assert await stored.post(raw) == 200
    assert wamids(await stored.rows()) == ["wamid.A"]


async def test_a_database_that_refuses_is_answered_503_and_nothing_is_kept(shut: Door) -> None:
    await ask_sqlite(shut, "PRAGMA busy_timeout = 20")
    async with busy(shut):
        bodies = [shut.body(payloads.text(wamid=f"wamid.{n}")) for n in range(10)]
        assert await asyncio.gather(*map(shut.post, bodies)) == [503] * 10
    assert await shut.count() == 0
    assert await shut.post(bodies[0]) == 200


async def test_a_full_disk_is_answered_503_until_there_is_room_again(shut: Door) -> None:
    pages = await ask_sqlite(shut, "PRAGMA page_count")
    await ask_sqlite(shut, f"PRAGMA max_page_count = {pages + 30}")
    bodies = [shut.body(payloads.text(LONG, wamid=f"wamid.{n}")) for n in range(8)]
    answers = [await shut.post(raw) for raw in bodies]
    assert answers == sorted(answers)
    assert set(answers) == {200, 503}
    assert await shut.count() == answers.count(200)
    await ask_sqlite(shut, "PRAGMA max_page_count = 1073741823")
    assert [await shut.post(raw) for raw in bodies] == [200] * 8
    assert wamids(await shut.rows()) == [f"wamid.{n}" for n in range(8)]


@pytest.mark.postgres
async def test_connections_cut_in_the_middle_lose_nothing_that_was_acknowledged(
    postgres_url: str, tmp_path: Path
) -> None:
    killer = await asyncpg.connect(postgres_url)
    acknowledged = []
    async with open_door(postgres_url, tmp_path) as stored:
        for round_ in range(10):
            ids = [f"wamid.{round_}.{n}" for n in range(20)]
            posts = asyncio.gather(*(stored.post(stored.body(payloads.text(wamid=wamid))) for wamid in ids))
            await killer.execute(CUT)
            answers = await posts
            assert set(answers) <= {200, 503}
            acknowledged += [wamid for wamid, answer in zip(ids, answers, strict=True) if answer == 200]
        await killer.close()
        assert await stored.post(stored.body(payloads.text(wamid="wamid.last"))) == 200
        kept = wamids(await stored.rows())
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)


async def test_a_body_that_does_not_come_is_not_waited_for(shut: Door) -> None:
    raw = shut.body(payloads.text())
    line = b"X-Hub-Signature-256: " + shut.sign(raw).encode()
    plain, chunked = shut.head(line, length=len(raw)), shut.head(line, b"Transfer-Encoding: chunked")
    too_slow = [plain, plain + raw[:-1], chunked + b"%x\r\n%s\r\n" % (len(raw), raw)]
    async with another(shut, shut.app.intake, body_time=timedelta(milliseconds=100)) as port:
        answers = await asyncio.gather(*(shut.knock(part, port=port) for part in too_slow))
        assert [status(answer) for answer in answers] == [408, 408, 408]
        assert status(await shut.knock(plain + raw, port=port)) == 200
    assert await shut.count() == 1


async def test_broken_chunks_and_lost_connections_are_nobody_s_500(shut: Door) -> None:
    raw = shut.body(payloads.text())
    line = b"X-Hub-Signature-256: " + shut.sign(raw).encode()
    chunked = shut.head(line, b"Transfer-Encoding: chunked")
    assert status(await shut.knock(chunked + b"zz\r\nabc\r\n0\r\n\r\n")) == 400
    assert status(await shut.knock(shut.head(line, b"Transfer-Encoding: chunked", length=len(raw)) + raw)) == 400
    assert status(await shut.knock(shut.head(line, length=-1) + raw)) == 400
    _, writer = await asyncio.open_connection("127.0.0.1", shut.port)
    writer.write(shut.head(line, length=len(raw)) + raw[:10])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await shut.post(raw) == 200
    assert await shut.count() == 1


async def test_a_fault_of_our_own_is_answered_503(shut: Door) -> None:
    raw = shut.body(payloads.text())
    app = shut.app
    broken = Broken(app.database, app.store, clock=app.clock, metrics=app.metrics, on_stored=app.dispatcher.wake)
    async with another(shut, broken) as port:
        line = b"X-Hub-Signature-256: " + shut.sign(raw).encode()
        assert status(await shut.knock(shut.head(line, length=len(raw)) + raw, port=port)) == 503
