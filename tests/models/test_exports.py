"""Orders handed out to other programs: each once, whoever asks at the same moment, and again to whoever lost them.

S4-10 S4-11: what is handed out awaits its invoice, so that the next one who asks does not get it again.
"""

import asyncio
from pathlib import Path

from bot.clock import Ids
from models import exports
from models.work import Work
from tests.journeys.script import Line
from tests.world import Stage, stage

SETTINGS = "auto_collect_address=off;delivery_methods=pickup;invoices=on"


async def claim(shop: Stage, event_id: int, *, by: str = "erp", limit: int = 100) -> list[int]:
    async with shop.app.database.transaction() as connection:
        work = Work(connection, store=shop.store, now=shop.app.clock.now(), ids=Ids(shop.app.clock))
        found = await exports.claim(work, event_id, by=by, limit=limit)
        await asyncio.sleep(0.05)  # the other one looks meanwhile
        await work.flush()
    return [order["number"] for order in found]


async def again(shop: Stage, claim_id: int | None, *, by: str = "erp") -> list[tuple[int, str]]:
    async with shop.app.database.transaction() as connection:
        work = Work(connection, store=shop.store, now=shop.app.clock.now(), ids=Ids(shop.app.clock))
        _, found = await exports.again(work, claim_id, by=by)
    return [(order["number"], order["status"]) for order in found]


async def order(shop: Stage, count: int) -> None:
    for _ in range(count):
        await shop.cart("Asha", [Line(1, "TOWEL-BLOCK")], "")
        await shop.settle()


async def test_two_who_ask_at_once_never_get_the_same_order(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS) as shop:
        await order(shop, 6)
        first, second = await asyncio.gather(claim(shop, 901, limit=4), claim(shop, 902, by="books", limit=4))
        late = await claim(shop, 903)
        assert sorted([*first, *second, *late]) == [1001, 1002, 1003, 1004, 1005, 1006]
        assert await claim(shop, 904) == []
        assert [number for number, _ in await again(shop, 901)] == first
        assert [number for number, _ in await again(shop, None, by="books")] == second
        assert {status for _, status in await again(shop, 902, by="books")} <= {"awaiting_invoice"}


async def test_without_the_step_for_invoices_the_status_stays(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS.replace("=on", "=off")) as shop:
        await order(shop, 1)
        assert await claim(shop, 901) == [1001]
        assert await again(shop, 901) == [(1001, "confirmed")]
        assert await claim(shop, 902) == []


async def test_what_is_not_paid_waits_for_its_money_before_it_is_invoiced(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=f"{SETTINGS};payment_methods=transfer") as shop:
        await order(shop, 1)
        assert await claim(shop, 901) == []
        await shop.run("UPDATE orders SET captured = total, payment_status = 'paid'")
        assert await claim(shop, 902) == [1001]


async def test_what_the_shop_has_not_accepted_is_not_handed_out(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=f"{SETTINGS};order_flow=manual") as shop:
        await order(shop, 1)
        assert await claim(shop, 901) == []
