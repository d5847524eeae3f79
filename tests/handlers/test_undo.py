"""Undo: what was done is as if it had not been, only while nobody has built on it and the customer knows nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import Ids
from flows import notices
from flows.effects import Say
from flows.messages import Text
from models import effects
from models.work import Work
from tests.journeys.script import Line
from tests.world import Stage, stage

SETTINGS = "undo_window=5s;auto_collect_address=off;tracking_required=none"
AXES = "SELECT status, held_from, tracking, carrier, packed_at, changed_at, fulfillment_status FROM orders"
PIECES = "SELECT quantity, shipped, backordered, returned, canceled FROM order_line"
STOCK = "SELECT on_hand, reserved FROM product WHERE retailer_id = 'TOWEL-BLOCK'"
TIMERS = "SELECT kind, due_at FROM timer WHERE state = 'set' ORDER BY kind"


@pytest.fixture
async def shop(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS) as made:
        await made.cart("Asha", [Line(2, "TOWEL-BLOCK")], "")
        await made.settle()
        await say(made, "Priya", "address 1001 Asha Rao, 12 Lake Road, Pune")
        yield made


async def say(shop: Stage, person: str, text: str) -> str:
    await shop.say(person, text)
    await shop.settle()
    return shop.new(person)[-1].body


async def everything(shop: Stage) -> list[list[dict[str, Any]]]:
    return [await shop.rows(sql) for sql in (AXES, PIECES, STOCK, TIMERS, "SELECT * FROM shipment")]


@pytest.mark.parametrize("command", ["ship 1001 TRK1", "pack 1001", "hold 1001 rain", "start 1001"])
async def test_everything_is_as_it_was(shop: Stage, command: str) -> None:
    before = await everything(shop)
    await say(shop, "Priya", command)
    assert await everything(shop) != before
    assert "Taken back" in await say(shop, "Priya", "undo")
    assert await everything(shop) == before
    shop.new("Asha")
    await shop.later(timedelta(seconds=6))
    await shop.settle()
    assert shop.new("Asha") == []
    assert await shop.broken() == []


@pytest.mark.parametrize(("first", "command"), [((), "ship 1002 TRK1"), (("cancel 1002", "yes"), "resume 1002")])
async def test_the_pieces_of_other_places_are_as_they_were(shop: Stage, first: tuple[str, ...], command: str) -> None:
    await say(shop, "Priya", "stock TOWEL-BLOCK =2")
    await say(shop, "Priya", "stock TOWEL-BLOCK +30 @Depot")
    await shop.cart("Asha", [Line(25, "TOWEL-BLOCK")], "")
    await shop.settle()
    await say(shop, "Priya", "address 1002 Asha Rao, 12 Lake Road, Pune")
    places = "SELECT location, on_hand, reserved FROM stock_place"
    assert [place["reserved"] for place in await shop.rows(places)] == [25]
    for text in first:
        await say(shop, "Priya", text)
    before, kept = await everything(shop), await shop.rows(places)
    await say(shop, "Priya", command)
    assert await shop.rows(places) != kept
    assert "Taken back" in await say(shop, "Priya", "undo")
    assert (await everything(shop), await shop.rows(places)) == (before, kept)
    assert await shop.broken() == []


async def test_a_status_of_the_merchants_own_is_given_and_taken_back(shop: Stage, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    used = "".join(f"{status} = true\n" for status in ("placed", "confirmed", "processing", "delivered", "canceled"))
    own = '[extra.engraving]\nlabel = "Being engraved"\nstate = "processing"\nlike = "processing"\n'
    file.write_text(f'title = "Gifts"\n[status]\n{used}{own}', encoding="utf-8")
    await say(shop, "Priya", f"settings vocabulary {file}")
    assert "No status of your own fits here" in await say(shop, "Priya", "mark 1001 engraving")
    await say(shop, "Priya", "start 1001")
    assert "Possible now: Being engraved" in await say(shop, "Priya", "mark 1001 glazing")
    assert "#1001 · Being engraved" in await say(shop, "Priya", "mark 1001 being Engraved")
    assert "#1001 · Being prepared" in await say(shop, "Priya", "mark 1001 -")
    assert "#1001 · Being engraved" in await say(shop, "Priya", "undo")


async def test_what_was_told_in_one_message_is_taken_back_with_it(shop: Stage) -> None:
    """Two notices of one event about one order are one message, and count as one."""
    await say(shop, "Priya", "ship 1001 TRK1")
    [waiting] = await shop.rows("SELECT contact_id, order_id, cause_id FROM outbox WHERE state = 'queued'")
    async with shop.app.database.transaction() as connection:
        work = Work(connection, store=shop.store, now=shop.app.clock.now(), ids=Ids(shop.app.clock))
        told = [Say(waiting["contact_id"], Text(text), order_id=waiting["order_id"]) for text in ("one", "two")]
        due, count = notices.waiting(told, waiting["contact_id"], work.now + timedelta(seconds=5))
        await effects.save(work, due, waiting["cause_id"] + 1)
        await work.flush()
    rows = await shop.rows("SELECT cause_id FROM outbox WHERE state = 'queued' ORDER BY id")
    assert ([row["cause_id"] for row in rows], count) == ([waiting["cause_id"], waiting["cause_id"] + 1], 1)


async def test_nobody_takes_back_what_another_did(shop: Stage) -> None:
    await say(shop, "Ravi", "pack 1001")
    assert "nothing to take back" in await say(shop, "Priya", "undo")
    assert [row["status"] for row in await shop.rows("SELECT status FROM orders")] == ["packed"]


async def test_what_somebody_has_built_on_stays(shop: Stage) -> None:
    await say(shop, "Priya", "pack 1001")
    await say(shop, "Ravi", "note 1001 heavy")
    assert "too late" in await say(shop, "Priya", "undo")
    assert [row["status"] for row in await shop.rows("SELECT status FROM orders")] == ["packed"]


async def test_what_the_customer_knows_already_stays(shop: Stage) -> None:
    await say(shop, "Priya", "ship 1001 TRK1")
    await shop.run("UPDATE outbox SET state = 'sending' WHERE state = 'queued'")
    await shop.run("UPDATE outbox SET lease_until = due_at")
    await shop.say("Priya", "undo")
    await shop.app.dispatcher.run_once()
    assert [row["status"] for row in await shop.rows("SELECT status FROM orders")] == ["shipped"]
