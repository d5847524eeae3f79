"""What operators and machines read: alive, ready (or why not), and the numbers."""

import asyncio
import math
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from bot.web.health import Health
from models import migrations
from models.statements import statement
from tests import payloads
from tests.bot.web.door import Door, open_door
from tests.bot.web.test_kept import busy

IDLE: dict[str, Any] = {
    "ready": True,
    "inbox": {"waiting": 0, "buried": 0, "oldest_s": 0.0},
    "outbox": {"queued": 0, "sending": 0, "unknown": 0, "held": 0},
    "sender": {"paused": False, "error_code": None},
}
AGE = timedelta(seconds=7)
MIGRATIONS = sorted(path.stem for path in Path(migrations.__path__[0]).glob("0*.py"))
EXPECTED = {
    "waybill_webhooks_total{200}": 5.0,
    "waybill_webhooks_total{401}": 1.0,
    "waybill_events_accepted_total": 4.0,
    "waybill_events_repeated_total": 1.0,
    "waybill_events_total{message,done}": 2.0,
    "waybill_sends_total{accepted}": 1.0,
    "waybill_ack_seconds_count": 5.0,
    "waybill_reply_seconds_count": 1.0,
}
"""Two messages, one of them told twice; one reply, of which the sandbox tells two statuses."""


async def get(door: Door, path: str, **headers: str) -> tuple[int, Any]:
    async with door.http.get(door.url(path), headers=headers) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text())


def samples(text: str) -> dict[str, float]:
    """`name{label,…}` → value."""
    return {
        f"{sample.name}{{{','.join(sample.labels.values())}}}" if sample.labels else sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


async def test_it_is_alive_and_ready(stored: Door) -> None:
    assert await get(stored, "/healthz") == (200, {"alive": True})
    assert await get(stored, "/readyz") == (200, IDLE)


async def test_the_queues_and_the_sender_s_trouble_are_told_and_are_no_reason_to_be_unready(stored: Door) -> None:
    sandbox = stored.app.sandbox
    assert sandbox is not None
    sandbox.faults.change({"fail_next": 5, "fail_code": 190})
    sandbox.person("asha").say("hello")
    assert await sandbox.run_once()
    stored.app.clock.offset += AGE
    assert (await get(stored, "/readyz"))[1]["inbox"] == {"waiting": 1, "buried": 0, "oldest_s": 7.0}
    await stored.app.drain()
    status, told = await get(stored, "/readyz")
    assert (status, told["inbox"]["waiting"], told["outbox"]["queued"]) == (200, 0, 3)
    assert told["sender"] == {"paused": True, "error_code": 190}


async def test_a_database_that_does_not_answer_is_503_within_a_moment_and_ready_again_after(stored: Door) -> None:
    async with AsyncExitStack() as held:
        if stored.app.settings.address.is_sqlite:
            await held.enter_async_context(busy(stored))
        else:
            other = await asyncpg.connect(stored.app.settings.address.url)
            held.push_async_callback(other.close)
            await other.execute("BEGIN; LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(3):
            answers = await asyncio.gather(*(get(stored, "/readyz") for _ in range(5)))
            status, text = await get(stored, "/metrics")
        assert answers == [(503, {"ready": False, "why": "the database does not answer (TimeoutError)"})] * 5
        assert (status, math.isnan(samples(text)["waybill_oldest_unsettled_seconds"])) == (200, True)
        assert await get(stored, "/healthz") == (200, {"alive": True})
    assert await get(stored, "/readyz") == (200, IDLE)


@pytest.mark.postgres
async def test_a_database_that_is_gone_is_503(postgres_url: str, tmp_path: Path) -> None:
    async with open_door(postgres_url, tmp_path) as door:
        name = postgres_url.rsplit("/", 1)[1]
        server = await asyncpg.connect(postgres_url.removesuffix(name) + "postgres")
        await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await server.close()
        status, told = await get(door, "/readyz")
        assert (status, told["ready"]) == (503, False)
        assert await door.post(door.body(payloads.text())) == 503


async def test_a_fault_of_our_own_is_told_as_such(shut: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("no such queue")

    monkeypatch.setattr("models.health.queues", broken)
    told = {"ready": False, "why": "the database does not answer (LookupError)"}
    assert await get(shut, "/readyz") == (503, told)


async def test_pending_migrations_are_named(stored: Door) -> None:
    async with stored.app.database.transaction() as connection:
        await connection.run(statement("DELETE FROM tortoise_migrations")())
    told = {"ready": False, "why": "run `python -m bot migrate`", "migrations": MIGRATIONS}
    assert await get(stored, "/readyz") == (503, told)


async def test_the_metrics_move(shut: Door) -> None:
    sandbox = shut.app.sandbox
    assert sandbox is not None
    before = samples((await get(shut, "/metrics"))[1])
    raw = shut.body(payloads.text())
    assert [await shut.post(raw), await shut.post(raw), await shut.post(raw, X_Hub_Signature_256="")] == [200, 200, 401]
    sandbox.person("asha").say("hello")
    assert await sandbox.run_once()
    shut.app.clock.offset += AGE
    waiting = samples((await get(shut, "/metrics"))[1])
    assert (waiting["waybill_inbox{new}"], waiting["waybill_oldest_unsettled_seconds"]) == (2.0, 7.0)
    await shut.app.drain()
    after = samples((await get(shut, "/metrics"))[1])
    moved = {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}
    assert {name: moved.get(name) for name in EXPECTED} == EXPECTED
    assert (after["waybill_inbox{new}"], after["waybill_oldest_unsettled_seconds"]) == (0.0, 0.0)


async def test_metrics_are_for_whoever_has_the_token(sqlite_url: str, tmp_path: Path) -> None:
    async with open_door(sqlite_url, tmp_path, METRICS_TOKEN="a-token") as door:
        given = ["", "a-token", "Bearer", "Bearer a-toke", "Bearer a-token2", "bearer a-token", "Bearer é"]
        answers = [await get(door, "/metrics", Authorization=each) for each in given]
        assert [status for status, _ in answers] == [401] * len(given)
        assert (await get(door, "/metrics"))[0] == 401
        assert (await get(door, "/metrics", Authorization="Bearer a-token"))[0] == 200


@pytest.mark.parametrize(("token", "is_loopback", "status"), [(None, True, 200), (None, False, 401), ("t", True, 401)])
async def test_without_a_token_metrics_answer_on_loopback_only(
    shut: Door, token: str | None, is_loopback: bool, status: int
) -> None:
    health = Health(
        shut.app.database, shut.app.store.id,
        clock=shut.app.clock, metrics=shut.app.metrics, token=token, is_loopback=is_loopback,
    )  # fmt: skip
    answer = await health.metrics(make_mocked_request("GET", "/metrics"))
    assert answer.status == status
