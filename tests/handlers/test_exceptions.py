"""The exception desk: money that fits nothing counts for nothing until somebody decides, once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from flows.payments import REFUND
from tests.handlers.bank import Shop, shop

OUTCOMES = "SELECT kind, outcome FROM discrepancy ORDER BY id"
MONEY = "SELECT status, payment_status, captured, refunded FROM orders"
NONE = "There is none: all money that came in is where it belongs."


@pytest.fixture
async def till(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    async with shop(ready_url, tmp_path, monkeypatch) as opened:
        yield opened
        assert await opened.world.broken() == []


async def outcomes(till: Shop) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in await till.world.rows(OUTCOMES)]


async def money(till: Shop) -> tuple[object, ...]:
    return tuple((await till.one(MONEY)).values())


async def late(till: Shop) -> str:
    """The money for #1001 comes when it has been canceled. Returns its reference."""
    reference = await till.order()
    await till.write("Priya", "cancel 1001")
    await till.tap("Priya", "Yes, cancel it")
    await till.hush()
    await till.report(reference, 45000)
    return reference


async def test_late_money_asks_the_shop_and_moves_nothing(till: Shop) -> None:
    reference = await late(till)

    assert await till.hear("Ravi") == [
        (
            "⚠️ #1001 · Canceled\n₹450.00 came in by Stripe, 2 Mar, 10:00, and counts for nothing yet: the order had ended before."
            f"\nReference: {reference}"
        )
    ]
    assert await till.hear("Asha") == [
        "₹450.00 for #1001 has reached us. Demo Store looks at it and writes to you here."
    ]
    assert await money(till) == ("canceled", "voided", 0, 0)
    await till.report(reference, 45000)
    assert await outcomes(till) == [("late", "")]
    [doctor] = await till.write("Ravi", "doctor")
    assert "1 payment waits for a decision: *exceptions*" in doctor


async def test_it_goes_back_after_one_question_by_whoever_is_first(till: Shop) -> None:
    await late(till)

    await till.hush()
    assert await till.tap("Ravi", "Refund") == ["#1001 · Canceled\nGive ₹450.00 back to Asha Rao, by Stripe?"]
    await till.tap("Priya", "Refund")
    await till.world.tap("Ravi", "Yes, do it")
    await till.world.tap("Priya", "Yes, do it")
    ravi, priya = await till.hear("Ravi"), await till.hear("Priya")

    assert ravi == [
        (
            "#1001 · Canceled\n↩️ ₹450.00 is on its way back: ₹450.00 by payment link.\n"
            "Paid ₹0.00 of ₹450.00: nothing is due."
        )
    ]
    assert "₹450.00: given back (Ravi, 2 Mar, 10:00). So I did nothing." in priya
    assert await till.hear("Asha") == [
        "We have sent ₹450.00 back to you for #1001. Your bank may take some days to show it."
    ]
    assert len(till.bank.of(REFUND)) == 1
    assert await outcomes(till) == [("late", "refund")]
    assert await money(till) == ("canceled", "voided", 0, 0)
    assert await till.one("SELECT state, amount FROM refund") == {"state": "settled", "amount": 45000}
    assert await till.write("Priya", "exceptions") == [NONE]


async def test_the_order_is_reopened_and_the_money_counts(till: Shop) -> None:
    await late(till)
    await till.hush()

    [answer] = await till.tap("Priya", "Reopen")

    assert answer == "#1001 · Confirmed\n💰 ₹450.00 counts now.\nPaid ₹450.00 of ₹450.00: nothing is due."
    assert await money(till) == ("confirmed", "paid", 45000, 0)
    assert await outcomes(till) == [("late", "reopen")]
    [told] = await till.hear("Asha")
    assert told.endswith("We have received ₹450.00 for #1001. Thank you!")
    await till.hush()
    [again] = await till.tap("Ravi", "Reopen")
    assert again == "₹450.00: the order was reopened, and it counts (Priya, 2 Mar, 10:00). So I did nothing."


async def test_an_order_whose_pieces_are_gone_is_not_reopened_and_says_why(till: Shop) -> None:
    await late(till)
    await till.write("Priya", "stock TOTE-HATHI =0")

    await till.write("Priya", "exceptions")
    [answer] = await till.tap("Priya", "Reopen")

    assert answer.startswith(
        "#1001 · Canceled\n*resume* cannot be done now:\n• Meanwhile others have bought: Cotton Tote."
    )
    assert await outcomes(till) == [("late", "")]
    assert await money(till) == ("canceled", "voided", 0, 0)


async def test_an_expired_order_is_reopened(till: Shop) -> None:
    reference = await till.order()
    for _ in range(8):
        await till.world.later(timedelta(hours=12))
        await till.world.settle()
    assert await money(till) == ("expired", "voided", 0, 0)
    for person in ("Priya", "Ravi", "Asha"):
        await till.write(person, "help")
    await till.hush()
    await till.report(reference, 45000)
    await till.hush()

    await till.write("Priya", "exceptions")
    await till.tap("Priya", "Reopen")

    assert await money(till) == ("confirmed", "paid", 45000, 0)


async def test_it_is_kept_as_store_credit(till: Shop) -> None:
    await late(till)
    await till.hush()

    assert await till.tap("Priya", "Keep as credit") == ["#1001 · Canceled\nKeep ₹450.00 as store credit of Asha Rao?"]
    await till.tap("Priya", "Yes, do it")

    assert await till.hear("Asha") == ["₹450.00 for #1001 is yours as store credit."]
    assert await till.one("SELECT balance FROM credit_account") == {"balance": 45000}
    assert await outcomes(till) == [("late", "credit")]
    assert till.bank.of(REFUND) == []


async def test_another_amount_on_an_open_order_may_be_counted(till: Shop) -> None:
    reference = await till.order()
    await till.report(reference, 40000)
    [asks] = await till.hear("Ravi")
    assert "counts for nothing yet: ₹450.00 was asked for." in asks

    await till.hush()
    await till.write("Ravi", "exceptions")

    [answer] = await till.tap("Ravi", "Count it")

    assert answer == "#1001 · Confirmed\n💰 ₹400.00 counts now.\nPaid ₹400.00 of ₹450.00, ₹50.00 is due."
    assert await till.hear("Asha") == [
        "We have received ₹400.00 for #1001. Still to pay: ₹50.00.",
        "💳 #1001: please pay ₹50.00 to Demo Store. The button opens a secure page.",
    ]
    assert await money(till) == ("confirmed", "partially_paid", 40000, 0)
    assert await outcomes(till) == [("amount", "count")]


async def test_what_is_paid_twice_is_given_back_and_not_counted(till: Shop) -> None:
    reference = await till.order()
    await till.report(reference, 45000)
    await till.hush()
    await till.report(reference, 45000, transaction="ch_second")

    await till.write("Priya", "exceptions")
    await till.tap("Priya", "Refund")
    await till.tap("Priya", "Yes, do it")

    assert await money(till) == ("confirmed", "paid", 45000, 0)
    [call] = till.bank.of(REFUND)
    assert call.details["transaction_id"] == "ch_second"
    assert await outcomes(till) == [("double", "refund")]


async def test_money_in_another_currency_never_counts(till: Shop) -> None:
    reference = await till.order()
    await till.report(reference, 45000, currency="USD")
    await till.hush()
    await till.write("Priya", "exceptions")

    with pytest.raises(LookupError):
        await till.world.tap("Priya", "Count it")
    assert await money(till) == ("confirmed", "unpaid", 0, 0)


async def test_money_that_nothing_was_asked_for_becomes_the_credit_of_whoever_is_named(till: Shop) -> None:
    await till.order()
    await till.report("wnobody", 12300, transaction="ch_x")
    await till.hush()

    assert await till.write("Priya", "exceptions") == [
        (
            "⚠️ Money without an order\n₹123.00 came in by Stripe, 2 Mar, 10:00, and counts for nothing yet: nothing was asked for"
            " under this reference.\nReference: wnobody"
        )
    ]
    [whose] = await till.tap("Priya", "Keep as credit")
    assert whose.startswith("Whose credit is it to be?")
    assert await till.write("Priya", "1001") == ["Keep ₹123.00 as store credit of Asha Rao?"]
    assert await till.tap("Priya", "Yes, do it") == ["₹123.00 is store credit now."]
    assert await till.one("SELECT balance FROM credit_account") == {"balance": 12300}
    assert await outcomes(till) == [("unknown", "credit")]


async def test_several_are_a_list_the_oldest_first(till: Shop) -> None:
    await late(till)
    await till.report("wnobody", 12300, transaction="ch_x")
    await till.hush()

    [listed] = await till.write("Ravi", "exceptions")

    assert listed == (
        "*2 exceptions*, the oldest first, page 1 of 1\n"
        "#1001 · ₹450.00 · came too late · 2 Mar, 10:00\n"
        "wnobody · ₹123.00 · nothing was asked for · 2 Mar, 10:00"
    )
    [opened] = await till.tap("Ravi", "wnobody · ₹123.00")
    assert opened.startswith("⚠️ Money without an order")
    assert await till.tap("Ravi", "Seen to") == [
        "It is off the list, and stays in the books as money that counts for nothing."
    ]
    assert await outcomes(till) == [("late", ""), ("unknown", "known")]


async def test_a_refund_that_failed_is_tried_again_or_made_by_hand(till: Shop) -> None:
    await till.report(await till.order(), 45000)
    await till.hush()
    till.bank.refunds = "fail"
    await till.write("Priya", "refund 1001 100 it broke")
    await till.world.tap("Priya", "Yes, do it")
    answers = await till.hear("Priya")
    assert answers[0] == (
        "#1001 · Confirmed, partly refunded\n↩️ ₹100.00 is on its way back: ₹100.00 by payment link.\n"
        "Paid ₹350.00 of ₹450.00, ₹100.00 is due."
    )
    assert "₹100.00 was to go back by Stripe, 2 Mar, 10:00, and is still with the shop" in answers[1]
    assert "The provider says: no funds" in answers[1]
    assert await money(till) == ("confirmed", "paid", 45000, 0)

    await till.tap("Priya", "Try again")
    await till.world.tap("Priya", "Yes, do it")
    await till.hush()
    assert await outcomes(till) == [("refund_failed", "again"), ("refund_failed", "")]

    await till.write("Priya", "exceptions")
    assert await till.tap("Priya", "Done by hand") == [
        "#1001 · Confirmed\nHave you given ₹100.00 back to Asha Rao yourself?"
    ]
    await till.tap("Priya", "Yes, do it")
    assert await money(till) == ("confirmed", "partially_refunded", 45000, 10000)
    assert await outcomes(till) == [("refund_failed", "again"), ("refund_failed", "by_hand")]
    assert len(till.bank.of(REFUND)) == 2
    assert await till.write("Priya", "exceptions") == [NONE]


async def test_a_refund_that_goes_through_when_it_was_made_by_hand_is_told(till: Shop) -> None:
    reference = await till.order()
    await till.report(reference, 45000)
    till.bank.faults[REFUND] = "silent"
    await till.write("Priya", "refund 1001")
    await till.tap("Priya", "Yes, do it")
    await till.write("Priya", "exceptions")
    await till.tap("Priya", "Done by hand")
    await till.tap("Priya", "Yes, do it")
    await till.hush()

    for _ in range(2):
        await till.report(reference, 45000, says="settle", refund="re_late")

    [told] = await till.hear("Ravi")
    assert "₹450.00 went back by Stripe, 2 Mar, 10:00, and was not there to be given" in told
    assert await outcomes(till) == [("refund_failed", "by_hand"), ("over_refunded", "")]
    assert await money(till) == ("confirmed", "refunded", 45000, 45000)


async def test_above_the_limit_the_owner_decides(till: Shop) -> None:
    await till.write("Priya", "settings refund_limit 400")
    await late(till)
    await till.hush()

    await till.write("Ravi", "exceptions")
    assert await till.tap("Ravi", "Refund") == [
        "That much the owner decides about. I asked Priya; you hear what they say."
    ]
    [asks] = await till.hear("Priya")
    assert asks.endswith("Ravi asks you to decide.")
    await till.tap("Priya", "Refund")
    await till.tap("Priya", "Yes, do it")
    assert await till.hear("Ravi") == ["#1001 · Canceled\nPriya has decided about ₹450.00: given back."]
    assert len(till.bank.of(REFUND)) == 1


async def test_an_agent_looks_and_does_not_decide(
    ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(ready_url, tmp_path, monkeypatch, ravi="agent") as till:
        await late(till)
        await till.hush()
        [shown] = await till.write("Ravi", "exceptions")
        assert shown.startswith("⚠️ #1001")
        for title in ("Refund", "Reopen", "Keep as credit"):
            [answer] = await till.tap("Ravi", title)
            assert "owner, manager" in answer
        assert await outcomes(till) == [("late", "")]
        assert till.bank.of(REFUND) == []
