"""A provider that only says that something has changed: it is asked, and nothing counts before it has answered."""

from dataclasses import replace

from flows.order import STAFF
from flows.payments import CHANGED, LOOK_UP, Report
from models import orders, payments
from models.database import Database
from models.orders import Actor
from tests.models.test_ledger import place
from tests.models.units import rows, run, unit

HINT = Report("mercadopago", "", CHANGED, transaction_id="987", is_sure=False)


async def test_a_hint_makes_us_ask_about_that_very_transaction(database: Database) -> None:
    await run(database, """UPDATE store SET settings = '{"pay.links": "mercadopago"}'""")
    number = await place(database)
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        _, asked = await payments.ask(work, order, amount=4000, method="link", actor=Actor(None, 2), by=STAFF)

    async with unit(database) as work:
        taken = await payments.take(work, replace(HINT, reference=asked.reference), 7)

    assert (taken.event, taken.discrepancy) == (None, None)
    [call] = await rows(
        database, "SELECT kind, payment_id, cause_id, details FROM provider_call WHERE kind = 'look_up'"
    )
    assert (call["kind"], call["payment_id"], call["cause_id"]) == (LOOK_UP, asked.id, 7)
    assert '"987"' in str(call["details"]).replace("'", '"')
    assert await rows(database, "SELECT state, transaction_id FROM payment") == [
        {"state": "checkout", "transaction_id": None}
    ]


async def test_a_hint_about_nothing_of_ours_is_no_money(database: Database) -> None:
    async with unit(database) as work:
        taken = await payments.take(work, replace(HINT, reference="wnever"), 7)

    assert (taken.event, taken.discrepancy) == (None, None)
    assert (
        await rows(database, "SELECT id FROM provider_call") == await rows(database, "SELECT id FROM discrepancy") == []
    )
