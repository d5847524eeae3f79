"""The commands about orders, as somebody or some program runs them."""

import asyncio

import orjson

from tests.bot.cli.office import Office
from tests.journeys.script import Line
from tests.world import stage


def fill(shop: Office, settings: str = "") -> None:
    async def order() -> None:
        async with stage(shop.url, shop.folder, STORE_SETTINGS=f"auto_collect_address=off;{settings}") as world:
            await world.cart("Asha", [Line(2, "TOWEL-BLOCK")], "blue, please")
            await world.settle()

    asyncio.run(order())


def test_orders_are_listed_and_shown(bare: Office) -> None:
    fill(bare)
    listed = bare("orders", "list")
    assert (listed.status, listed.err) == (0, "")
    assert listed.out.startswith("#1001 · Confirmed · ₹598.00 · Asha Rao · ")
    assert bare("orders", "list", "packed").out == "There is no such order.\n"
    shown = bare("orders", "show", "#1001").out
    assert shown.startswith("#1001 · Confirmed\n")
    assert "2 × Block-print Tea Towel: ₹598.00" in shown
    assert shown.count("confirmed") == 1
    missing = bare("orders", "show", "1002")
    assert (missing.status, missing.out) == (1, "")
    assert missing.err == "There is no order #1002. `orders list` shows those there are.\n"


def test_an_order_is_handed_out_once_and_again_to_whoever_lost_it(bare: Office) -> None:
    fill(bare, "invoices=on")
    claimed = bare("orders", "export", "--claim", "--by", "books")
    order = orjson.loads(claimed.out)
    assert (order["number"], order["status"], order["claimed_by"]) == (1001, "awaiting_invoice", "books")
    assert (order["total"], order["currency"], order["customer"]["wa_id"]) == (59800, "INR", "919800000001")
    assert (order["placed_at"][-6:], order["lines"][0]["unit_price"]) == ("+00:00", 29900)
    assert f"claim {order['claim']};" in claimed.err
    assert bare("orders", "export", "--claim").out == ""
    assert bare("orders", "export", "--again", str(order["claim"])).out == claimed.out
    assert bare("orders", "export", "--again", "--by", "books").out == claimed.out
    assert bare("orders", "export", "--again", "--by", "others").status == 1
    assert orjson.loads(bare("orders", "export").out) == {**order, "claim": None}
    assert ("desk", "orders export", "1") in bare.trail()


def test_the_ledger_is_printed_in_double_entries_that_sum_to_nothing(bare: Office) -> None:
    fill(bare)
    printed = bare("orders", "ledger")
    head, *lines = printed.out.splitlines()
    assert head == "entry,at,order,kind,account,amount,currency,method,state,reference,transaction_id"
    assert [line.split(",")[2:7] for line in lines] == [
        ["1001", "charge", "customer", "59800", "INR"], ["1001", "charge", "sales", "-59800", "INR"],
    ]  # fmt: skip
    assert printed.err == "2 lines; they sum to 0.\n"
