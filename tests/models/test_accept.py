"""Money that somebody of the shop has found on the shop's own account, for a request that is open or was."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.ledger import COMPLETED, Payment
from flows.order import STAFF, SYSTEM, Action
from flows.payments import LAPSE, REMIND_TO_PAY, UNPAID, Report
from flows.settings import Settings
from models import ledger, orders, payments
from models.database import Database
from models.orders import Actor
from models.payments import Taken
from tests.models.test_ledger import place
from tests.models.units import NOW, rows, unit

PRIYA = Actor(7, 3)


async def ask(database: Database, number: int, amount: int = 4000) -> Payment:
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        _, asked = await payments.ask(work, order, amount=amount, method="transfer", actor=PRIYA, by=STAFF)
    return asked


async def accept(database: Database, asked: Payment) -> Taken:
    async with unit(database, NOW + timedelta(minutes=5)) as work:
        return await payments.accept(work, await payments.get(work, asked.id), PRIYA, by=STAFF)


async def test_accepted_money_is_captured_by_who_saw_it_and_nothing_reminds_of_it(database: Database) -> None:
    asked = await ask(database, await place(database))

    taken = await accept(database, asked)

    assert taken.event == "capture"
    assert taken.order is not None
    assert (taken.order.payment_status, taken.order.captured, taken.order.status) == ("paid", 4000, "placed")
    [row] = await rows(database, "SELECT state, is_held, provider, transaction_id FROM payment")
    assert row == {"state": COMPLETED, "is_held": False, "provider": "", "transaction_id": None}
    [said] = await rows(database, "SELECT by, contact_id, note FROM order_history WHERE action = 'paid'")
    assert said == {"by": STAFF, "contact_id": 7, "note": f"40.00 transfer {asked.reference}"}
    kinds = ", ".join(f"'{kind}'" for kind in (LAPSE, REMIND_TO_PAY, UNPAID))
    assert await rows(database, f"SELECT kind FROM timer WHERE state = 'set' AND kind IN ({kinds})") == []


async def test_accepting_again_changes_nothing(database: Database) -> None:
    asked = await ask(database, await place(database))
    await accept(database, asked)
    before = await rows(database, "SELECT * FROM order_history")

    taken = await accept(database, asked)

    assert (taken.event, taken.discrepancy) == (None, None)
    assert await rows(database, "SELECT * FROM order_history") == before
    assert await rows(database, "SELECT count(*) AS n FROM payment") == [{"n": 1}]


async def test_money_of_a_withdrawn_request_counts_while_it_is_due(database: Database) -> None:
    number = await place(database)
    asked = await ask(database, number)
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        await payments.withdraw(work, order, PRIYA)

    assert (await accept(database, asked)).event == "capture"


async def test_money_that_is_not_due_any_more_is_held(database: Database) -> None:
    number = await place(database)
    asked = await ask(database, number)
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        await ledger.record(
            work, order, method="cash", amount=1000, reference="", actor=PRIYA, settings=Settings({}), by=STAFF
        )

    taken = await accept(database, asked)

    assert (taken.event, taken.order and taken.order.captured) == ("held", 1000)
    assert taken.discrepancy is not None
    assert (taken.discrepancy.kind, taken.discrepancy.amount) == ("double", 4000)


async def test_money_for_an_order_that_has_ended_is_held(database: Database) -> None:
    number = await place(database)
    asked = await ask(database, number)
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        after, _ = await orders.advance(work, order, Action("cancel", STAFF, note="x"), PRIYA, Settings({}))
        assert after.status == "canceled"

    taken = await accept(database, asked)

    assert taken.discrepancy is not None
    assert (taken.event, taken.discrepancy.kind) == ("held", "late")


@pytest.mark.parametrize(("by", "status"), [(STAFF, "placed"), (SYSTEM, "payment_review")])
async def test_only_what_a_provider_tells_is_reviewed_afterwards(database: Database, by: str, status: str) -> None:
    asked = await ask(database, await place(database))

    async with unit(database) as work:
        work.store = replace(work.store, settings={"review_payments_from": "transfer"})
        if by == STAFF:
            taken = await payments.accept(work, asked, PRIYA, by=by)
        else:
            taken = await payments.take(work, Report("", asked.reference, "capture", 4000, "INR", "T1"), 9)

    assert taken.order is not None
    assert (taken.order.captured, taken.order.status) == (4000, status)
