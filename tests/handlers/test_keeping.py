"""What staff keep of a customer stands on the order and in what the books get, and in no record that is kept for ever."""

import json
from pathlib import Path

from bot.clock import Ids
from models import exports
from models.work import Work
from tests.journeys.script import Line
from tests.world import stage

SETTINGS = "auto_collect_address=off;delivery_methods=pickup"


async def test_email_and_bill_are_on_the_order_and_in_no_lasting_record(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SETTINGS) as shop:
        await shop.cart("Asha", [Line(1, "TOWEL-BLOCK")], "")
        await shop.settle()
        for text in (
            "email 1001",
            "canary@example.com",
            "bill 1001 canary traders\n4 Mint Street",
            "email 1001 canary@",
        ):
            await shop.say("Priya", text)
            await shop.settle()

        for table in ("order_history", "audit", "question"):
            assert "canary" not in str(await shop.rows(f"SELECT * FROM {table}"))

        async with shop.app.database.transaction() as connection:
            work = Work(connection, store=shop.store, now=shop.app.clock.now(), ids=Ids(shop.app.clock))
            [order] = json.loads(json.dumps(list(await exports.everything(work))))
        assert order["customer"]["email"] == "canary@example.com"
        assert order["billing_address"] == {"text": "canary traders\n4 Mint Street"}
        assert await shop.broken() == []
