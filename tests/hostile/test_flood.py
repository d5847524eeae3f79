"""One customer writes ten thousand messages: neighbours do not notice, answers stay few, nothing about orders is lost."""

import gc
import time
import tracemalloc
from datetime import timedelta
from statistics import median
from typing import Any

from bot.sandbox.demo import PEOPLE
from flows import limits
from tests import payloads
from tests.bot.web.door import Door
from tests.world import Stage

ASHA = PEOPLE[0].wa_id
FLOOD = 10_000
BODY = 1_000
FEW = 4
SLOWER = "You write faster than I can answer"


class Flood:
    """What Asha sends, with the moment of the bot's clock."""

    def __init__(self, door: Door) -> None:
        self.door, self.world = door, Stage(door.app)
        self._count = 0

    async def send(self, *contents: payloads.Json, sender: str | None = ASHA) -> None:
        at = str(int(self.door.app.clock.now().timestamp()))
        made = []
        for content in contents:
            self._count += 1
            made.append({"from": sender, "id": f"wamid.flood.{self._count}", "timestamp": at, **content})
        for start in range(0, len(made), BODY):
            assert await self.door.post(self.door.body(*made[start : start + BODY])) == 200

    async def words(self, count: int, body: str = "hello") -> None:
        await self.send(*({"type": "text", "text": {"body": f"{body} {n}"}} for n in range(count)))

    async def handle(self) -> None:
        while await self.door.app.dispatcher.run_once():
            pass

    async def said(self, where: str = "TRUE") -> list[dict[str, Any]]:
        return await self.world.rows(
            "SELECT o.purpose, o.state, o.order_id, o.message FROM outbox o JOIN identity i ON i.contact_id = o.contact_id"
            f" WHERE i.value = '{ASHA}' AND {where} ORDER BY o.id"
        )

    async def ended(self) -> dict[tuple[str, str | None], int]:
        rows = await self.world.rows("SELECT state, reason, COUNT(*) AS n FROM inbox GROUP BY state, reason")
        return {(row["state"], row["reason"]): row["n"] for row in rows}


def cart(sku: str = "CHAI-250") -> payloads.Json:
    return {"type": "order", "order": {"catalog_id": "", "text": "", "product_items": [payloads.line(sku, 1)]}}


async def test_chatter_is_answered_thirty_times_and_once_more(stored: Door) -> None:
    flood = Flood(stored)
    await flood.words(2_000)
    await flood.handle()
    said = [str(row["message"]) for row in await flood.said()]
    assert len(said) == limits.CHATTER + 1
    assert [SLOWER in words for words in said] == [False] * limits.CHATTER + [True]
    skipped = 2_000 - limits.CHATTER - 1
    assert await flood.ended() == {("done", None): limits.CHATTER, ("done", "flood"): 1, ("ignored", "flood"): skipped}


async def test_a_message_that_comes_late_is_no_flood(shut: Door) -> None:
    flood = Flood(shut)
    await flood.words(1)
    hour_ago = str(int((shut.app.clock.now() - timedelta(hours=1)).timestamp()))
    await flood.send({"type": "text", "text": {"body": "hello"}, "timestamp": hour_ago})
    await flood.handle()
    assert len(await flood.said()) == 2


async def test_carts_addresses_and_staff_come_through_a_flood(stored: Door) -> None:
    """Of what is to be said about an order the latest word waits; the order, its address and its news are all there."""
    flood = Flood(stored)
    await flood.words(100)
    await flood.send(cart())
    await flood.words(1_000, body="12 Lake Road, Pune 411001, floor")
    await flood.send(cart("KULHAD-3"), cart("NO-SUCH"), cart("NO-SUCH"))
    await flood.words(100, body="Hill Street 7, Pune 411002, door")
    await flood.send({"type": "text", "text": {"body": "yes"}}, {"type": "text", "text": {"body": "thanks"}})
    await flood.send({"type": "text", "text": {"body": "orders"}}, sender=PEOPLE[3].wa_id)
    await flood.handle()

    orders = await flood.world.rows("SELECT number, status, address IS NOT NULL AS told FROM orders ORDER BY number")
    assert [(o["number"], o["status"], bool(o["told"])) for o in orders] == [
        (1001, "placed", False), (1002, "confirmed", True),
    ]  # fmt: skip
    waiting = await flood.said("purpose = 'latest'")
    assert len(waiting) == 3, "the latest about each order, and about the carts that made none"
    assert len(await flood.said()) == limits.CHATTER + 1 + len(waiting)
    assert ("dead", None) not in await flood.ended()
    staff = await flood.world.rows("SELECT o.id FROM outbox o JOIN staff s ON s.contact_id = o.contact_id")
    assert len(staff) == 3, "the answer to one, and an alert to each of two"


async def test_answers_to_a_flood_go_out_at_meta_s_pace(shut: Door) -> None:
    flood = Flood(shut)
    minutes = 4
    await flood.world.say("Asha", "hello")
    await flood.words(1_000)
    for _ in range(minutes * 10):
        await flood.world.settle()
        await flood.world.later(limits.PAIR_INTERVAL)
        await flood.words(50)
    await flood.world.settle()
    went = await flood.said("state <> 'queued'")
    assert len(went) <= limits.CHATTER + 1 + minutes * 10
    assert await flood.said("state = 'queued'") == []
    assert len(went) <= limits.CHATTER + 2 + minutes, "told once a minute"
    assert await flood.world.broken() == []


async def test_neighbours_of_a_flood_are_answered_as_fast_as_without(shut: Door) -> None:
    """As a rule in the very next pass; a pass beside a flood may take some times as long as one that has nothing else to do.

    Where the machine pauses within a pass, it is cut short and the next one is smaller: then it may be one of the next few.
    """
    flood, dispatcher = Flood(shut), shut.app.dispatcher

    async def wait_of(n: int) -> float:
        await flood.send({"type": "text", "text": {"body": "hello"}}, sender=f"9177{n:08}")
        began = time.perf_counter()
        for _ in range(FEW):
            assert await dispatcher.run_once()
            took = time.perf_counter() - began
            answers = await flood.world.rows(
                f"SELECT o.id FROM outbox o JOIN identity i ON i.contact_id = o.contact_id WHERE i.value = '9177{n:08}'"
            )
            if answers:
                break
        assert len(answers) == 1, n
        return took

    await flood.handle()
    quiet = [await wait_of(n) for n in range(40)]
    await flood.words(FLOOD)
    beside = [await wait_of(n) for n in range(1_000, 1_040)]
    assert (await flood.ended())["new", None] > FLOOD // 2, "the flood was over too soon to prove anything"
    print(f"quiet {median(quiet) * 1e3:.1f} ms, beside a flood {median(beside) * 1e3:.1f} ms")
    assert median(beside) < 12 * median(quiet)


async def test_a_flood_leaves_nothing_in_memory(shut: Door) -> None:
    flood = Flood(shut)
    used = []
    tracemalloc.start()
    try:
        for _ in range(4):
            await flood.words(1_000)
            await flood.handle()
            await flood.world.later(timedelta(minutes=5))
            gc.collect()
            used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    print([f"{size / 1024:.0f} KiB" for size in used])
    assert used[3] - used[1] < 100 * 1024, "less than a tenth of what the events of two floods hold"
