"""Money goes back through whoever took it, once, and above somebody's limit when the owner allows it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.payments import REFUND
from tests.handlers.bank import Shop, shop

MONEY = "SELECT status, payment_status, captured, refunded FROM orders"


@pytest.fixture
async def till(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """#1001 is paid by a link."""
    async with shop(ready_url, tmp_path, monkeypatch, "refund_limit=300") as opened:
        await opened.report(await opened.order(), 45000)
        await opened.hush()
        yield opened
        assert await opened.world.broken() == []


async def money(till: Shop) -> tuple[object, ...]:
    return tuple((await till.one(MONEY)).values())


async def test_what_a_provider_took_goes_back_through_it_and_is_on_its_way(till: Shop) -> None:
    till.bank.refunds = ""
    await till.write("Ravi", "refund 1001 100 it broke")

    [answer] = await till.tap("Ravi", "Yes, do it")

    assert answer == (
        "#1001 · Confirmed, partly refunded\n↩️ ₹100.00 is on its way back: ₹100.00 by payment link.\n"
        "Paid ₹350.00 of ₹450.00, ₹100.00 is due."
    )
    assert await till.hear("Asha") == [
        "We have sent ₹100.00 back to you for #1001. Your bank may take some days to show it."
    ]
    [call] = till.bank.of(REFUND)
    assert (call.details["refund_amount"], call.details["transaction_id"]) == (10000, f"ch_{call.details['reference']}")
    [card] = await till.write("Ravi", "1001")
    assert "• ₹100.00 back, on its way, 2 Mar, 10:00" in card

    await till.report(str(call.details["reference"]), 10000, says="settle", refund="re_1")
    [card] = await till.write("Ravi", "1001")
    assert "• ₹100.00 back, settled, 2 Mar, 10:00" in card
    assert await till.hear("Asha") == []
    assert await money(till) == ("confirmed", "partially_refunded", 45000, 10000)


async def test_cash_and_a_link_go_back_each_its_own_way(till: Shop) -> None:
    await till.write("Priya", "add 1001 1xTOTE-HATHI")
    await till.write("Priya", "paid 1001 450 cash")
    await till.hush()
    till.bank.refunds = ""

    await till.write("Priya", "refund 1001 600")
    [answer] = await till.tap("Priya", "Yes, do it")

    assert answer.split("\n")[1:3] == [
        "↩️ ₹450.00 given back: ₹450.00 by cash.",
        "↩️ ₹150.00 is on its way back: ₹150.00 by payment link.",
    ]
    assert await till.hear("Asha") == [
        (
            "We have given ₹450.00 back to you for #1001."
            " We have sent ₹150.00 back to you for #1001. Your bank may take some days to show it."
        )
    ]


async def test_cash_for_what_was_asked_for_by_link_withdraws_the_request(
    ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(ready_url, tmp_path, monkeypatch) as till:
        await till.order()
        await till.write("Priya", "paid 1001 200 cash")
        open_ = "SELECT amount, state FROM payment WHERE method = 'link' ORDER BY id"
        assert [tuple(row.values()) for row in await till.world.rows(open_)] == [(45000, "void"), (25000, "checkout")]
        await till.write("Priya", "paid 1001 250 cash")
        assert [tuple(row.values()) for row in await till.world.rows(open_)] == [(45000, "void"), (25000, "void")]


async def test_above_the_limit_the_owner_is_asked_and_allows_it_once(till: Shop) -> None:
    [asks] = await till.write("Ravi", "refund 1001 400 it broke")
    assert asks == (
        "#1001 · Confirmed\nGive ₹400.00 back to Asha Rao? ₹400.00 by payment link.\nReason: “it broke”\n"
        "From ₹300.00 on the owner decides."
    )
    assert await till.tap("Ravi", "Ask the owner") == ["#1001 · Confirmed\nI asked Priya. You hear what they say."]
    assert await till.hear("Asha") == []
    assert till.bank.of(REFUND) == []
    [question] = await till.hear("Priya")
    assert question == (
        "#1001 · Confirmed\nGive ₹400.00 back to Asha Rao? ₹400.00 by payment link.\nReason: “it broke”\n"
        "Ravi asks you to allow it."
    )

    await till.world.tap("Priya", "Allow")
    await till.world.tap("Priya", "Allow")
    await till.world.tap("Priya", "Refuse")
    done, again, refuse = await till.hear("Priya")

    assert "↩️ ₹400.00 is on its way back" in done
    assert "answered already" in again
    assert "answered already" in refuse
    assert await till.hear("Ravi") == ["👍 #1001 · Confirmed, partly refunded\nPriya allowed it: ₹400.00 goes back."]
    assert await till.hear("Asha") == [
        "We have sent ₹400.00 back to you for #1001. Your bank may take some days to show it."
    ]
    assert len(till.bank.of(REFUND)) == 1
    assert await till.one("SELECT amount, reason, state FROM refund") == {
        "amount": 40000, "reason": "it broke", "state": "settled",
    }  # fmt: skip


async def test_what_the_owner_refuses_stays(till: Shop) -> None:
    await till.write("Ravi", "refund 1001 to credit")
    await till.tap("Ravi", "Ask the owner")
    await till.hear("Priya")

    await till.tap("Priya", "Refuse")

    assert await till.hear("Ravi") == ["✋ #1001 · Confirmed\nPriya does not allow it: ₹450.00 stays."]
    assert await money(till) == ("confirmed", "paid", 45000, 0)
    assert "refund refused" in (await till.write("Ravi", "history 1001"))[0]


async def test_what_was_allowed_of_other_money_is_not_done(till: Shop) -> None:
    """The owner's card is old: somebody has given money back since."""
    await till.write("Ravi", "refund 1001 300")
    await till.tap("Ravi", "Ask the owner")
    await till.hear("Priya")
    await till.write("Ravi", "refund 1001 100")
    await till.tap("Ravi", "Yes, do it")

    [answer] = await till.tap("Priya", "Allow")

    assert "answered already" in answer
    assert await money(till) == ("confirmed", "partially_refunded", 45000, 10000)


async def test_below_the_limit_and_by_the_owner_nobody_else_is_asked(till: Shop) -> None:
    [below] = await till.write("Ravi", "refund 1001 299.99")
    [owner] = await till.write("Priya", "refund 1001")
    assert "owner" not in below + owner


async def test_a_tap_that_nobody_was_shown_gives_nothing_back(till: Shop) -> None:
    """The button's id is trusted for nothing: it names what the history does not know."""
    phone = till.world.sandbox.person("priya")
    await till.write("Ravi", "refund 1001 400")
    await till.tap("Ravi", "Ask the owner")
    await till.hush()
    history = await till.world.rows("SELECT action, version FROM order_history")
    versions = {row["action"]: row["version"] for row in history}
    for id_ in (
        f"o1001.{versions['ask_refund']}.refundyes-30000-0",
        f"o1001.{versions['paid']}.refundyes-45000-0",
        "o1001.99.refundyes-1-0",
    ):
        phone.forge_tap(id_, "Allow")
        [answer] = await till.hear("Priya")
        assert "answered already" in answer
    assert till.bank.of(REFUND) == []
