"""Requests to pay, what providers report of them, and what waits for a decision, as rows on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from flows.feed import Product
from flows.order import STAFF, SYSTEM, Action, Order
from flows.payments import AUTHORIZED, CANCELED, CAPTURED, EXPIRED, PROCESSED, REFUSED, Report
from flows.settings import Settings
from models import catalog, ledger, orders, payments
from models.database import Database
from models.orders import Actor
from models.payments import Taken
from tests.models.test_ledger import give_back, pay, place, refused
from tests.models.units import IDS, NOW, STORE, rows, run, unit

ACTOR = Actor(None, 5)
DONE = "SELECT state, amount, is_held, transaction_id FROM payment WHERE state = 'completed' ORDER BY id"


@pytest.fixture(autouse=True)
async def with_links(database: Database) -> None:
    await run(database, """UPDATE store SET settings = '{"pay.links": "stripe", "payment_reminders": "1h,2h"}'""")


async def ask(database: Database, number: int, amount: int = 4000, method: str = "link") -> str:
    """A new request; its reference."""
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        _, asked = await payments.ask(work, order, amount=amount, method=method, actor=ACTOR, by=STAFF)
    return asked.reference


async def take(database: Database, report: Report, event: int = 9) -> Taken:
    async with unit(database, NOW + timedelta(hours=1)) as work:
        return await payments.take(work, report, event)


async def standing(database: Database, number: int) -> Order:
    async with unit(database) as work:
        order = await orders.find(work, number)
        assert order is not None
        return order


def came(reference: str, transaction: str | None = "tx1", **changes: Any) -> Report:
    return replace(Report("stripe", reference, CAPTURED, 4000, "INR", transaction, "link"), **changes)


async def calls(database: Database) -> list[str]:
    return [row["kind"] for row in await rows(database, "SELECT kind FROM provider_call ORDER BY id")]


async def asked_of_shop(database: Database) -> list[tuple[str, int, str | None, str]]:
    found = await rows(database, "SELECT kind, amount, transaction_id, outcome FROM discrepancy ORDER BY id")
    return [(row["kind"], row["amount"], row["transaction_id"], row["outcome"]) for row in found]


async def test_a_request_is_a_row_a_call_and_timers(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)

    [row] = await rows(database, "SELECT * FROM payment")
    assert (row["state"], row["amount"], row["provider"], row["asked_at"]) == ("checkout", 4000, "stripe", None)
    assert reference == payments.reference_of(row["id"])
    assert len(reference) <= 35
    assert reference.isalnum()
    [call] = await rows(database, "SELECT kind, payment_id, state, attempts FROM provider_call")
    assert call == {"kind": "create", "payment_id": row["id"], "state": "due", "attempts": 0}
    kinds = [
        r["kind"]
        for r in await rows(database, "SELECT kind FROM timer WHERE state = 'set' AND kind <> 'stale' ORDER BY kind")
    ]
    assert kinds == ["lapse_payment", *["look_payment"] * 5, "remind_payment", "remind_payment", "unpaid"]
    assert (await standing(database, number)).payment_status == "unpaid"


async def test_one_request_of_an_order_is_open_and_the_database_sees_to_it(database: Database) -> None:
    number = await place(database)
    first = await ask(database, number)
    async with unit(database) as work:
        [asked] = (await ledger.money_of(work, await _found(work, number)))[0]
        payments.means(work, asked, url="https://pay.example/1", provider_id="page1")
    second = await ask(database, number, 100)

    states = [
        (r["reference"], r["state"], r["ended"]) for r in await rows(database, "SELECT * FROM payment ORDER BY id")
    ]
    assert states == [(first, "void", "canceled"), (second, "checkout", "")]
    assert await calls(database) == ["create", "withdraw", "create"]
    with pytest.raises(IntegrityError):
        await run(database, "UPDATE payment SET state = 'pending' WHERE state = 'void'")
    for state in ("checkout", "processing", "pending"):
        await refused(
            database,
            "INSERT INTO payment (id, store_id, order_id, method, amount, currency, state, created_at, provider,"
            f" reference) SELECT 9, 1, order_id, 'link', 1, 'INR', '{state}', created_at, '', 'w' FROM payment LIMIT 1",
        )


async def _found(work: Any, number: int) -> Order:
    order = await orders.find(work, number)
    assert order is not None
    return order


async def test_an_attempt_that_failed_is_withdrawn_with_its_request(database: Database) -> None:
    """Even when the provider has not said yet how it is paid: or a newer one would be open beside it."""
    number = await place(database)
    first = await ask(database, number)
    await take(database, came(first, says=REFUSED))
    assert (await standing(database, number)).payment_status == "failed"
    await ask(database, number)

    assert (await standing(database, number)).payment_status == "unpaid"
    assert (await take(database, came(first, says=PROCESSED))).event is None
    async with unit(database) as work:
        ended = await payments.withdraw(work, await _found(work, number), ACTOR)
    assert [payment.state for payment in ended] == ["void"]
    assert {r["state"] for r in await rows(database, "SELECT state FROM payment")} == {"void"}
    assert (
        await rows(database, "SELECT id FROM timer WHERE state = 'set' AND kind IN ('lapse_payment', 'remind_payment')")
        == []
    )


async def test_what_could_not_be_asked_is_said_by_the_status(database: Database) -> None:
    number = await place(database)
    await ask(database, number)
    async with unit(database) as work:
        order = await _found(work, number)
        [asked] = (await ledger.money_of(work, order))[0]
        await payments.could_not_ask(work, order, asked, ACTOR)
    assert (await standing(database, number)).payment_status == "failed"


async def test_money_that_came_is_counted_once_however_often_it_is_told(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    taken = [await take(database, report) for report in (came(reference), came(reference), came(reference, None))]

    assert [one.event for one in taken] == [CAPTURED, None, None]
    order = await standing(database, number)
    assert (order.captured, order.payment_status, order.balance_due) == (4000, "paid", 0)
    assert await rows(database, DONE) == [{"state": "completed", "amount": 4000, "is_held": 0, "transaction_id": "tx1"}]
    assert await asked_of_shop(database) == []
    assert await rows(database, "SELECT kind FROM timer WHERE state = 'set' AND kind <> 'stale'") == [
        {"kind": "digest"}
    ]


async def test_what_is_told_of_an_attempt_moves_the_request_and_the_status(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    told = [(PROCESSED, "pending"), (AUTHORIZED, "pending"), (REFUSED, "failed"), (PROCESSED, "failed")]
    for says, status in told:
        await take(database, came(reference, says=says))
        assert (await standing(database, number)).payment_status == status
    assert (await take(database, came(reference, "tx2", says=PROCESSED))).event == PROCESSED
    assert (await take(database, came(reference, "tx1", says=REFUSED))).event is None
    assert (await take(database, came(reference, "tx2"))).event == CAPTURED
    for says in (REFUSED, EXPIRED, CANCELED, PROCESSED, AUTHORIZED):
        assert (await take(database, came(reference, "tx2", says=says))).event is None
    assert (await standing(database, number)).payment_status == "paid"


@pytest.mark.parametrize("says", [EXPIRED, CANCELED])
async def test_a_request_that_the_provider_ended_is_over_and_money_for_it_still_comes(
    database: Database, says: str
) -> None:
    number = await place(database)
    reference = await ask(database, number)
    assert (await take(database, came(reference, None, says=says))).event == says
    assert (await take(database, came(reference, None, says=says))).event is None
    [row] = await rows(database, "SELECT state, ended FROM payment")
    assert row == {"state": "void", "ended": says}
    assert (await take(database, came(reference))).event == CAPTURED


async def test_a_hint_is_looked_up_before_it_counts(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    for says in (CAPTURED, AUTHORIZED):
        assert (await take(database, came(reference, says=says, is_sure=False))).event is None
    assert await calls(database) == ["create", "look_up", "look_up"]
    assert (await standing(database, number)).captured == 0


async def kinds(database: Database, reference: str, number: int, kind: str) -> list[Report]:
    """Brings about what makes money of this kind come."""
    match kind:
        case "late":
            async with unit(database) as work:
                order = await _found(work, number)
                await orders.advance(work, order, Action("cancel", STAFF, note="no"), ACTOR, Settings({}))
        case "overtaken":
            await ask(database, number, 100)
        case "double":
            await take(database, came(reference, "tx0"))
    return {
        "unknown": [came("w0")], "amount": [came(reference, amount=4001)], "currency": [came(reference, currency="USD")],
    }.get(kind, [came(reference)])  # fmt: skip


@pytest.mark.parametrize("kind", ["late", "unknown", "double", "overtaken", "amount", "currency"])
async def test_money_that_fits_nothing_is_held_and_the_shop_is_asked_once(database: Database, kind: str) -> None:
    number = await place(database)
    reference = await ask(database, number)
    [report] = await kinds(database, reference, number, kind)
    before = await standing(database, number)
    taken = [await take(database, report), await take(database, report)]

    assert [one.event for one in taken] == ["held", None]
    assert await asked_of_shop(database) == [(kind, report.amount, "tx1", "")]
    [held] = [row for row in await rows(database, DONE) if row["transaction_id"] == "tx1"]
    assert (held["amount"], bool(held["is_held"])) == (report.amount, True)
    after = await standing(database, number)
    assert (after.captured, after.payment_status, after.status) == (
        before.captured,
        before.payment_status,
        before.status,
    )


@pytest.mark.parametrize("amount", [None, 0, -4000, 10**15, 10**30])
async def test_an_amount_that_is_none_holds_nothing_and_the_shop_is_asked_once(
    database: Database, amount: int | None
) -> None:
    number = await place(database)
    reference = await ask(database, number)
    for report in (came(reference, amount=amount), came("w0", amount=amount)):
        assert [(await take(database, report)).event for _ in range(3)] == ["held", None, None]
    assert await asked_of_shop(database) == [("amount", 0, "tx1", ""), ("unknown", 0, "tx1", "")]
    assert await rows(database, DONE) == []
    assert (await take(database, came(reference))).event == CAPTURED


async def test_what_is_longer_than_any_providers_is_kept_all_the_same(database: Database) -> None:
    report = came("w" * 300, "t" * 300, currency="RUPEES")
    assert [(await take(database, report)).event for _ in range(2)] == ["held", None]
    assert await asked_of_shop(database) == [("unknown", 4000, "t" * 100, "")]


async def test_a_report_of_another_provider_is_no_answer_to_a_request(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    assert (await take(database, came(reference, provider="razorpay"))).event == "held"
    assert (await standing(database, number)).captured == 0


async def test_a_transaction_belongs_to_one_request_whatever_reference_is_told(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    await take(database, came(reference, says=AUTHORIZED))
    assert (await take(database, came("w0"))).event == CAPTURED
    assert (await take(database, came("w0"))).event is None
    assert (await standing(database, number)).payment_status == "paid"


async def test_money_paid_otherwise_has_the_open_request_looked_at_again(database: Database) -> None:
    number = await place(database)
    await ask(database, number)
    await pay(database, number, 1000)
    [ring] = await rows(database, "SELECT kind FROM inbox")
    assert ring["kind"] == "timer.ask_payment"
    await run(database, "DELETE FROM inbox")
    await give_back(database, number, 1000)
    assert await rows(database, "SELECT kind FROM inbox") == []


async def paid(database: Database) -> tuple[int, str]:
    number = await place(database)
    reference = await ask(database, number)
    await take(database, came(reference))
    return number, reference


def back(reference: str, says: str, refund: str = "re1", amount: int = 1000) -> Report:
    return Report("stripe", reference, says, amount, "INR", "tx1", refund=refund)


async def refunds(database: Database) -> list[tuple[int, str, str | None]]:
    found = await rows(database, "SELECT amount, state, transaction_id FROM refund ORDER BY id")
    return [(row["amount"], row["state"], row["transaction_id"]) for row in found]


async def test_a_refund_is_on_its_way_until_the_provider_says_more_and_cannot_be_given_twice(
    database: Database,
) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 1000)
    assert (await calls(database))[-1] == "refund"
    assert await refunds(database) == [(1000, "pending", None)]
    with pytest.raises(ledger.NotSoMuch):
        await give_back(database, number, 3001)
    for _ in range(2):
        await take(database, back(reference, "settle"))
    assert await refunds(database) == [(1000, "settled", "re1")]
    assert (await standing(database, number)).refunded == 1000


async def test_a_refund_that_failed_is_the_shops_again_and_asks_it(database: Database) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 1000)
    taken = [await take(database, back(reference, says)) for says in ("fail", "settle", "fail")]
    assert [one.event for one in taken] == ["refund_failed", None, None]
    assert (await standing(database, number)).refunded == 0
    assert await asked_of_shop(database) == [("refund_failed", 1000, "re1", "")]
    assert await refunds(database) == [(1000, "failed", "re1")]


async def test_what_went_through_and_comes_back_from_the_bank_has_failed(database: Database) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 1000)
    assert [(await take(database, back(reference, says))).event for says in ("settle", "fail")] == [
        "settle",
        "refund_failed",
    ]
    assert (await standing(database, number)).refunded == 0
    assert (await take(database, back(reference, "settle"))).event is None


async def give_up(database: Database) -> None:
    async with unit(database) as work:
        [row] = await rows_in(work, "SELECT id, payment_id FROM refund WHERE state = 'pending'")
        payment = await payments.get(work, row["payment_id"])
        refund = await payments.refund_of(work, payment, row["id"])
        report = Report("stripe", payment.reference, "fail", reason="silent")
        await payments.settle_refund(work, payment, refund, report, 9)


async def rows_in(work: Any, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await work.connection.execute_query_dict(sql)
    return found


async def test_what_we_gave_up_may_have_gone_through_all_the_same(database: Database) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 1000)
    await give_up(database)
    assert await asked_of_shop(database) == [("refund_failed", 1000, None, "")]
    assert (await take(database, back(reference, "settle"))).event == "settle"
    assert await asked_of_shop(database) == [("refund_failed", 1000, None, "known")]
    assert (await standing(database, number)).refunded == 1000


async def test_what_went_back_twice_is_a_question_of_its_own(database: Database) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 4000)
    await give_up(database)
    await give_back(database, number, 4000)
    await take(database, back(reference, "settle", "re2", 4000))
    assert [(await take(database, back(reference, "settle", "re1", 4000))).event for _ in range(2)] == ["held", None]
    assert await asked_of_shop(database) == [("refund_failed", 4000, None, ""), ("over_refunded", 4000, "re1", "")]
    assert (await standing(database, number)).refunded == 4000
    await take(database, back(reference, "fail", "re1", 4000))
    assert (await asked_of_shop(database))[1] == ("over_refunded", 4000, "re1", "known")


async def test_what_somebody_gave_back_at_the_provider_is_gone_all_the_same(database: Database) -> None:
    number, reference = await paid(database)
    assert [(await take(database, back(reference, "settle", "re9", 1500))).event for _ in range(2)] == [
        "refunded",
        None,
    ]
    order = await standing(database, number)
    assert (order.refunded, order.payment_status) == (1500, "partially_refunded")
    assert (await take(database, back(reference, "settle", "re8", 2501))).event == "held"
    assert await asked_of_shop(database) == [("over_refunded", 2501, "re8", "")]
    assert (await take(database, back(reference, "fail", "re7", 500))).event is None
    assert (await take(database, back(reference, "settle", "re7", 500))).event is None
    assert (await standing(database, number)).refunded == 1500


async def test_what_went_back_of_money_that_nobody_told_us_of_is_a_question_until_they_do(database: Database) -> None:
    number, reference = await paid(database)
    await give_back(database, number, 4000)
    other = replace(back(reference, "settle", "re2", 4000), transaction_id="tx2")
    assert [(await take(database, other)).event for _ in range(2)] == ["held", None]
    assert await asked_of_shop(database) == [("over_refunded", 4000, "re2", "")]
    assert await refunds(database) == [(4000, "pending", None)]
    await take(database, replace(other, says="fail"))
    assert await asked_of_shop(database) == [("over_refunded", 4000, "re2", "known")]

    await take(database, replace(other, refund="re3"))
    assert (await take(database, came(reference, "tx2"))).event == "held"
    assert [(await take(database, replace(other, refund="re3"))).event for _ in range(2)] == ["refunded", None]
    assert (await asked_of_shop(database))[1:] == [("over_refunded", 4000, "re3", "known"), ("double", 4000, "tx2", "")]
    assert await refunds(database) == [(4000, "pending", None), (4000, "settled", "re3")]
    assert (await standing(database, number)).refunded == 4000


async def test_what_went_back_before_it_came_is_a_question(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    assert (await take(database, back(reference, "settle"))).event == "held"
    assert await asked_of_shop(database) == [("over_refunded", 1000, "re1", "")]
    await take(database, came(reference))
    await take(database, back(reference, "settle"))
    assert await asked_of_shop(database) == [("over_refunded", 1000, "re1", "known")]
    assert (await standing(database, number)).refunded == 1000


async def test_what_we_could_not_give_back_because_somebody_had_is_no_question_any_more(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    await take(database, back(reference, "settle", amount=4000))
    await take(database, came(reference))
    await give_back(database, number, 4000)
    await give_up(database)
    assert [kind for kind, _, _, outcome in await asked_of_shop(database) if not outcome] == [
        "over_refunded", "refund_failed"
    ]  # fmt: skip
    assert (await take(database, back(reference, "settle", amount=4000))).event == "settle"
    assert {outcome for _, _, _, outcome in await asked_of_shop(database)} == {"known"}
    assert await refunds(database) == [(4000, "settled", "re1")]
    assert (await standing(database, number)).refunded == 4000


async def test_an_order_that_is_taken_up_again_says_what_its_payments_had_come_to(database: Database) -> None:
    async with database.transaction() as connection:
        chai = Product("CHAI", "Chai", 4000, "INR", on_hand=5)
        await catalog.put(connection, STORE.id, [chai], ids=IDS, now=NOW)
    number = await place(database)
    await ask(database, number)
    said = []
    for event, by in (("expire", SYSTEM), ("resume", STAFF)):
        async with unit(database) as work:
            order = await _found(work, number)
            if event == "expire":
                [asked] = (await ledger.money_of(work, order))[0]
                await payments.could_not_ask(work, order, asked, ACTOR)
                order = await _found(work, number)
            after, _ = await orders.advance(work, order, Action(event, by), ACTOR, Settings({}))
        said.append((after.status, after.payment_status))
    assert said == [("expired", "voided"), ("placed", "failed")]


async def test_two_refunds_of_one_amount_are_told_apart_by_their_transactions(database: Database) -> None:
    number, reference = await paid(database)
    for _ in range(2):
        await give_back(database, number, 1000)
    ids = [row["id"] for row in await rows(database, "SELECT id FROM refund ORDER BY id")]
    for name in ("re2", "re1"):
        await take(database, back(reference, "settle", name))
    async with unit(database) as work:
        payment = await payments.get(work, (await rows_in(work, "SELECT id FROM payment"))[0]["id"])
        first = await payments.refund_of(work, payment, ids[0])
        assert (await payments.settle_refund(work, payment, first, back(reference, "settle", "re1"), 9)).event is None
    assert await refunds(database) == [(1000, "settled", "re2"), (1000, "settled", "re1")]
    assert (await standing(database, number)).refunded == 2000


async def test_held_money_counts_when_the_shop_says_so(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    await take(database, came(reference, amount=4100))
    async with unit(database) as work:
        [found] = await payments.open_discrepancies(work)
        assert await payments.discrepancies_of(work, await _found(work, number)) == [found]
        assert await payments.find_discrepancy(work, found.id) == found
        payments.close(work, found, "count", Actor(7, 5))
        after = await payments.count(work, found, Actor(7, 5), by=STAFF)
    assert (after.captured, after.payment_status) == (4100, "overpaid")
    async with unit(database) as work:
        assert await payments.open_discrepancies(work) == []
    [row] = await rows(database, "SELECT outcome, settled_by FROM discrepancy")
    assert row == {"outcome": "count", "settled_by": 7}


async def test_money_of_another_currency_never_counts(database: Database) -> None:
    number = await place(database)
    reference = await ask(database, number)
    await take(database, came(reference, currency="USD"))
    with pytest.raises(AssertionError):
        async with unit(database) as work:
            [found] = await payments.open_discrepancies(work)
            await payments.count(work, found, ACTOR, by=SYSTEM)
    assert (await standing(database, number)).captured == 0


async def test_the_database_refuses_what_no_money_is(database: Database) -> None:
    number, _ = await paid(database)
    reference = await ask(database, number, 5)
    await refused(database, "UPDATE payment SET order_id = NULL WHERE state = 'completed'")
    await run(database, "UPDATE payment SET order_id = NULL, is_held = TRUE WHERE state = 'completed'")
    await refused(database, "UPDATE payment SET amount = 0")
    await take(database, came(reference, "tx2"))
    await refused(database, "UPDATE discrepancy SET outcome = 'count'")
    await refused(database, "UPDATE discrepancy SET settled_at = opened_at")
    columns = "store_id, kind, order_id, payment_id, provider, reference, amount, currency, opened_at"
    await refused(database, f"INSERT INTO discrepancy (id, {columns}) SELECT 9, {columns} FROM discrepancy")
    await run(database, f"INSERT INTO discrepancy (id, refund_id, {columns}) SELECT 9, 3, {columns} FROM discrepancy")
