"""The books: everything that happened to money, in two accounts each, sums to nothing, and says what the rows say."""

from collections import defaultdict
from pathlib import Path

import pytest

from bot.clock import Ids
from flows.books import Line
from models import books
from models.work import Work
from tests.handlers.bank import Shop, shop


async def lines(till: Shop) -> list[Line]:
    app = till.world.app
    async with app.database.transaction() as connection:
        return await books.lines(Work(connection, store=till.world.store, now=app.clock.now(), ids=Ids(app.clock)))


async def busy_day(till: Shop) -> None:
    """Paid in full and in part, given back, on its way, kept as credit and spent, late, unknown, ended, given away."""
    await till.report(await till.order(), 45000)  # 1001
    await till.order("CHAI-250")  # 1002
    await till.write("Priya", "paid 1002 100 cash")
    await till.write("Priya", "refund 1001 50 sorry")
    await till.tap("Priya", "Yes, do it")
    till.bank.refunds = ""
    await till.write("Priya", "refund 1001 60")
    await till.tap("Priya", "Yes, do it")
    await till.write("Priya", "refund 1001 40 to credit")
    await till.tap("Priya", "Yes, do it")
    await till.write("Priya", "paid 1002 30 credit")
    reference = await till.order()  # 1003
    await till.write("Priya", "cancel 1003")
    await till.tap("Priya", "Yes, cancel it")
    await till.report(reference, 45000)
    await till.hush()
    await till.write("Priya", "exceptions")
    await till.tap("Priya", "Keep as credit")
    await till.tap("Priya", "Yes, do it")
    await till.report("wnobody", 12300, transaction="ch_x")
    await till.write("Priya", "credit 1001 10")
    await till.tap("Priya", "Yes, do it")
    await till.order()  # 1004
    await till.write("Priya", "paid 1004 450 upi")
    await till.write("Priya", "pack 1004")
    await till.write("Priya", "deliver 1004")
    await till.write("Priya", "refund 1004 20 a scratch")
    await till.tap("Priya", "Yes, do it")


async def test_every_entry_sums_to_nothing_and_the_accounts_are_what_the_rows_say(
    ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(ready_url, tmp_path, monkeypatch) as till:
        await busy_day(till)
        found = await lines(till)
        owes: dict[int | None, int] = defaultdict(int)
        entries: dict[int, int] = defaultdict(int)
        accounts: dict[str, int] = defaultdict(int)
        of_orders: dict[int | None, int] = defaultdict(int)
        for line in found:
            entries[line.entry] += line.amount
            accounts[line.account] += line.amount
            of_orders[line.order] += line.amount
            owes[line.order] += line.amount if line.account == "customer" else 0

        assert set(entries.values()) == set(of_orders.values()) == {0}
        assert len(entries) == len(found) / 2 == 16
        assert {1001: 15000, 1002: 21900, 1004: 0}.items() <= owes.items()
        rows = await till.world.rows("SELECT number, status, total, captured, refunded FROM orders ORDER BY number")
        assert [(row["number"], row["status"]) for row in rows if row["number"] in (1003, 1004)] == [
            (1003, "canceled"), (1004, "delivery_confirmed"),
        ]  # fmt: skip
        balance = await till.one("SELECT SUM(balance) AS balance FROM credit_account")
        assert accounts["credit"] == -int(str(balance["balance"])) == -(4000 - 3000 + 45000 + 1000)
        took = await till.one("SELECT SUM(amount) AS amount FROM payment WHERE provider <> '' AND state = 'completed'")
        back = await till.one(
            "SELECT SUM(amount) AS amount FROM refund WHERE NOT to_credit AND payment_id IN"
            " (SELECT id FROM payment WHERE provider <> '')"
        )
        assert (
            accounts["stripe"] == int(str(took["amount"])) - int(str(back["amount"])) == 45000 + 45000 + 12300 - 11000
        )
        assert (accounts["held"], accounts["cash"], accounts["upi"]) == (-12300, 10000, 43000)
