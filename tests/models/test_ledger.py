"""Money as the database keeps it: what no row may say, whoever writes it; and what follows from the records."""

from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError

from flows import ledger as rules
from flows.ledger import COMPLETED, Payment
from flows.order import CUSTOMER, STAFF, Line, Order, Step
from flows.payments import LOOKS, Report
from flows.settings import Settings
from models import contacts, ledger, orders, payments
from models.database import Database
from models.ledger import NotSoMuch
from models.orders import Actor
from tests.models.units import IDS, NOW, STORE, rows, run, unit

PAYMENT = (
    "INSERT INTO payment (id, store_id, order_id, method, amount, currency, state, created_at, provider, reference,"
    " transaction_id, refunded) VALUES ({id}, 1, {order}, 'link', {amount}, 'INR', '{state}', '2026-03-02', '{provider}',"
    " '', {transaction}, {refunded})"
)
SETTINGS = Settings({})


async def place(database: Database, total: int = 4000) -> int:
    """A confirmed order; returns its number."""
    async with unit(database) as work:
        asha = contacts.create(work, wa_id="919800000001", bsuid=None, name="Asha")
        number = await orders.take_number(work)
        order = Order(
            id=IDS.new(), store_id=STORE.id, contact_id=asha.id, number=number, kind="product", status="placed",
            checkout_step=Step.COMPLETE, payment_method="link", delivery_method="pickup", currency="INR", subtotal=total,
            discount=0, tax=0, shipping=0, total=total, placed_at=NOW, changed_at=NOW,
        )  # fmt: skip
        line = Line("CHAI", "Chai", 1, total)
        await orders.place(work, order, [line], event_id=1, settings=SETTINGS, by=CUSTOMER)
    return number


async def pay(database: Database, number: int, amount: int, method: str = "cash") -> Order:
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        return await ledger.record(
            work, order, method=method, amount=amount, reference="", actor=Actor(None, 2), settings=SETTINGS, by=STAFF
        )


async def give_back(database: Database, number: int, amount: int, *, to_credit: bool = False) -> Order:
    async with unit(database, NOW + timedelta(seconds=1)) as work:
        order = await orders.find(work, number)
        assert order is not None
        return await ledger.refund(
            work,
            order,
            amount=amount,
            reason="",
            to_credit=to_credit,
            actor=Actor(None, 3),
            settings=SETTINGS,
            by=STAFF,
        )


async def refused(database: Database, sql: str) -> None:
    before = await rows(database, "SELECT id, amount, state, refunded FROM payment ORDER BY id")
    with pytest.raises(IntegrityError):
        await run(database, sql)
    assert await rows(database, "SELECT id, amount, state, refunded FROM payment ORDER BY id") == before


async def test_no_row_says_that_more_went_back_than_came_in(database: Database) -> None:
    number = await place(database)
    await pay(database, number, 4000)

    for change in ("refunded = 4001", "refunded = -1", "amount = 0", "amount = 3999, refunded = 4000"):
        await refused(database, f"UPDATE payment SET {change}")
    await run(database, "UPDATE payment SET refunded = 4000")
    for state in ("pending", "failed", "void", "checkout", "processing", "invalid"):
        await refused(database, f"UPDATE payment SET state = '{state}'")
    for change in ("refunded = 4001", "captured = -1", "captured = 100, refunded = 101"):
        await refused(database, f"UPDATE orders SET {change}")
    await refused(
        database, PAYMENT.format(id=9, order=1, amount=5, state="failed", provider="", transaction="NULL", refunded=1)
    )
    await refused(
        database,
        "INSERT INTO refund (id, store_id, order_id, payment_id, amount, state, reason, to_credit, created_at)"
        " VALUES (9, 1, 1, 1, 0, 'settled', '', FALSE, '2026-03-02')",
    )


async def test_a_transaction_of_a_provider_counts_once(database: Database) -> None:
    first = PAYMENT.format(
        id=1, order=1, amount=10, state="completed", provider="razorpay", transaction="'T1'", refunded=0
    )
    await run(database, first)

    await refused(database, first.replace("VALUES (1, 1, 1", "VALUES (2, 1, 2"))
    await run(database, first.replace("VALUES (1,", "VALUES (3,").replace("razorpay", "payu"))
    await run(database, first.replace("VALUES (1,", "VALUES (4,").replace("'T1'", "NULL"))
    await run(database, first.replace("VALUES (1,", "VALUES (5,").replace("'T1'", "NULL"))
    await refused(database, "UPDATE payment SET transaction_id = 'T1' WHERE id = 4")


async def test_store_credit_is_never_less_than_nothing_and_its_entries_stay(database: Database) -> None:
    number = await place(database)
    await pay(database, number, 4000)
    await give_back(database, number, 1500, to_credit=True)

    await refused(database, "UPDATE credit_account SET balance = -1")
    await refused(database, "UPDATE credit_entry SET amount = 9")
    await refused(database, "DELETE FROM credit_entry")
    assert await rows(database, "SELECT a.balance, e.amount FROM credit_account a JOIN credit_entry e ON TRUE") == [
        {"balance": 1500, "amount": 1500}
    ]


async def test_the_sums_and_the_status_follow_from_the_records(database: Database) -> None:
    number = await place(database)

    def stands(order: Order) -> tuple[str, int, int, int, int]:
        return order.payment_status, order.captured, order.refunded, order.balance_due, order.credit_owed

    assert stands(await pay(database, number, 1000)) == ("partially_paid", 1000, 0, 3000, 0)
    assert stands(await pay(database, number, 3000)) == ("paid", 4000, 0, 0, 0)
    assert stands(await pay(database, number, 500)) == ("overpaid", 4500, 0, 0, 500)
    assert stands(await give_back(database, number, 500)) == ("paid", 4500, 500, 0, 0)
    assert stands(await give_back(database, number, 1)) == ("partially_refunded", 4500, 501, 1, 0)
    with pytest.raises(NotSoMuch) as most:
        await give_back(database, number, 4000)
    assert most.value.most == 3999
    all_back = await give_back(database, number, 3999)
    assert (*stands(all_back), all_back.asks_cancel) == ("refunded", 4500, 4500, 4000, 0, True)
    assert sorted(row["refunded"] for row in await rows(database, "SELECT refunded FROM payment")) == [500, 1000, 3000]


async def test_what_is_paid_by_credit_comes_out_of_it_and_goes_back_into_it(database: Database) -> None:
    number = await place(database)
    with pytest.raises(NotSoMuch):
        await pay(database, number, 2000, "credit")
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        await ledger.give_credit(work, order.contact_id, "INR", 2500, reason="sorry", actor=Actor(None, 4))

    assert (await pay(database, number, 2000, "credit")).captured == 2000
    await give_back(database, number, 1200)
    [account] = await rows(database, "SELECT balance FROM credit_account")
    entries = await rows(database, "SELECT amount FROM credit_entry ORDER BY id")
    assert (account["balance"], [row["amount"] for row in entries]) == (1700, [2500, -2000, 1200])


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((), "unpaid"),
        (("checkout",), "unpaid"),
        (("processing",), "pending"),
        (("pending", "failed"), "pending"),
        (("failed",), "failed"),
        (("invalid", "void"), "failed"),
        (("void",), "unpaid"),
    ],
)
def test_before_money_comes_its_payments_tell(states: tuple[str, ...], status: str) -> None:
    order = Order(
        id=1, store_id=1, contact_id=1, number=1, kind="product", status="placed", checkout_step=Step.COMPLETE,
        payment_method="link", delivery_method="pickup", currency="INR", subtotal=100, discount=0, tax=0, shipping=0,
        total=100, placed_at=NOW, changed_at=NOW,
    )  # fmt: skip
    assert rules.status(order, states) == status
    assert COMPLETED in rules.PAYMENT.statuses
    assert rules.PAYMENT.holes() == rules.REFUND.holes() == []
    assert set(rules.PAYMENT.reachable()) == set(rules.PAYMENT.statuses)


async def test_a_provider_is_asked_as_long_as_it_has_something_to_say(database: Database) -> None:
    number = await place(database)
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        paid = Payment(
            IDS.new(), STORE.id, order.id, "link", 4000, "INR", COMPLETED, NOW, "stripe", "w1", "t-1", asked_at=NOW
        )
        work.add(ledger.PAYMENTS, paid)
        assert not await payments.waits_for_provider(work, paid)
        waiting = await ledger.give_back(
            work, paid, 4000, to_credit=False, contact_id=None, reason="", actor=Actor(None, 2)
        )
        assert await payments.waits_for_provider(work, paid)

    rung = await rows(database, "SELECT subject FROM timer WHERE kind = 'look_payment'")
    assert [row["subject"] for row in rung] == [str(paid.id)] * len(LOOKS)

    async with unit(database) as work:
        paid = await payments.get(work, paid.id)
        refund = await payments.refund_of(work, paid, waiting.id)
        await payments.settle_refund(work, paid, refund, Report("stripe", "w1", "settle", refund="r-1"), 3)
        assert not await payments.waits_for_provider(work, paid)
