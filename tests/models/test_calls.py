"""Calls to providers as rows: each for one process at a time, answered once, tried again when nobody answered."""

from datetime import timedelta

import pytest

from models import calls, ledger, orders
from models.calls import LEASE
from models.database import Database
from tests.models.test_ledger import place
from tests.models.test_payments import ask
from tests.models.units import NOW, rows, run, unit

LATER = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def with_links(database: Database) -> None:
    await run(database, """UPDATE store SET settings = '{"pay.links": "stripe"}'""")


async def booked(database: Database) -> int:
    """A request's first call; the number of its order."""
    number = await place(database)
    await ask(database, number)
    return number


async def test_a_call_has_an_owner_for_as_long_as_its_lease(database: Database) -> None:
    await booked(database)
    async with database.transaction() as connection:
        assert await calls.claim(connection, NOW - timedelta(seconds=1)) == []
        [call] = await calls.claim(connection, NOW)
        assert await calls.claim(connection, NOW + LEASE - timedelta(seconds=1)) == []
        assert await calls.next_due(connection) == NOW + LEASE
        [again] = await calls.claim(connection, NOW + LEASE)
    assert (call.kind, call.provider, call.attempts, again.id, again.attempts) == ("create", "stripe", 1, call.id, 2)
    assert {key: call.details[key] for key in ("amount", "currency", "description")} == {
        "amount": 4000, "currency": "INR", "description": "Nukkad #1001",
    }  # fmt: skip


async def test_a_call_is_answered_once(database: Database) -> None:
    await booked(database)
    async with database.transaction() as connection:
        [call] = await calls.claim(connection, NOW)
        assert [await calls.settle(connection, call, NOW, fault="x" * 300), await calls.settle(connection, call, NOW)] == [
            True, False,
        ]  # fmt: skip
        await calls.postpone(connection, call, NOW, reason="late")
        assert await calls.claim(connection, NOW + 2 * LEASE) == []
        assert await calls.next_due(connection) is None
    [row] = await rows(database, "SELECT state, reason FROM provider_call")
    assert row == {"state": "failed", "reason": "x" * 200}


async def test_what_nobody_answered_is_due_again_when_it_was_put_off_to(database: Database) -> None:
    await booked(database)
    async with database.transaction() as connection:
        [call] = await calls.claim(connection, NOW)
        await calls.postpone(connection, call, LATER, reason="Unavailable")
        assert await calls.claim(connection, LATER - timedelta(seconds=1)) == []
        assert await calls.next_due(connection) == LATER
        assert [one.id for one in await calls.claim(connection, LATER)] == [call.id]
        assert await calls.settle(connection, call, LATER)
    assert [row["state"] for row in await rows(database, "SELECT state FROM provider_call")] == ["done"]


async def test_the_oldest_go_first_and_no_more_than_one_can_make_at_a_time(database: Database) -> None:
    number = await booked(database)
    async with unit(database, LATER) as work:
        order = await orders.find(work, number)
        assert order is not None
        [payment] = (await ledger.money_of(work, order))[0]
        for _ in range(calls.BATCH):
            calls.book(work, "look_up", payment, cause=None)
    async with database.transaction() as connection:
        first, rest = await calls.claim(connection, LATER), await calls.claim(connection, LATER)
    assert [call.kind for call in first] == ["create"] + ["look_up"] * (calls.BATCH - 1)
    assert [call.kind for call in rest] == ["look_up"]
