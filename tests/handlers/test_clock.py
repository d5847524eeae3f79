"""What the clock does to orders that have arrived: it completes and archives them when nobody owes anything."""

from datetime import timedelta
from pathlib import Path

from tests.journeys.script import Line
from tests.world import Stage, stage

SETTINGS = "auto_collect_address=off;delivery_methods=pickup;auto_complete_after=2d;auto_archive_after=1d"
DAY = timedelta(days=1, minutes=1)


async def status(shop: Stage) -> tuple[str, bool]:
    [row] = await shop.rows("SELECT status, archived_at FROM orders")
    return row["status"], row["archived_at"] is not None


async def after_days(shop: Stage, days: int) -> None:
    for _ in range(days):
        await shop.later(DAY)
        await shop.settle()


async def delivered(shop: Stage) -> None:
    await shop.cart("Asha", [Line(1, "TOWEL-BLOCK")], "")
    await shop.settle()
    for command in ("pack 1001", "deliver 1001"):
        await shop.say("Priya", command)
        await shop.settle()


async def test_a_delivered_order_completes_and_goes_into_the_archive(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS) as shop:
        await delivered(shop)
        await shop.run("UPDATE orders SET captured = total, payment_status = 'paid'")
        await after_days(shop, 1)
        assert await status(shop) == ("delivery_confirmed", False)
        await after_days(shop, 1)
        assert await status(shop) == ("completed", False)
        await after_days(shop, 1)
        assert await status(shop) == ("completed", True)


async def test_one_that_is_not_paid_waits_for_its_money_and_completes_then(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS) as shop:
        await delivered(shop)
        await after_days(shop, 3)
        assert await status(shop) == ("delivery_confirmed", False)
        await shop.run("UPDATE orders SET captured = total, payment_status = 'paid'")
        await after_days(shop, 1)
        assert await status(shop) == ("completed", False)
        assert await shop.broken() == []
