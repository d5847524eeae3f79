"""Staff ask for money, remind of it, take what is authorized and let it go."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.payments import CAPTURE, CREATE, WITHDRAW
from tests.handlers.bank import Shop, shop
from tests.journeys.script import Line


@pytest.fixture
async def till(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    async with shop(ready_url, tmp_path, monkeypatch) as opened:
        yield opened
        assert await opened.world.broken() == []


PAYMENTS = "SELECT state, amount, ended FROM payment ORDER BY id"


async def payments(till: Shop) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in await till.world.rows(PAYMENTS)]


async def test_what_is_asked_for_anew_takes_the_place_of_what_was_asked_for(till: Shop) -> None:
    first = await till.order()

    [answer] = await till.write("Priya", "pay 1001 200")

    second = await till.reference()
    assert answer == (
        "#1001 · Confirmed\n"
        f"I ask Asha Rao for ₹200.00 by payment link as soon as there is a way to pay it. Reference: {second}\n"
        "Paid ₹0.00 of ₹450.00, ₹450.00 is due."
    )
    assert await till.hear("Asha") == ["💳 #1001: please pay ₹200.00 to Demo Store. The button opens a secure page."]
    assert await payments(till) == [("void", 45000, "canceled"), ("checkout", 20000, "")]
    assert [call.details["reference"] for call in till.bank.of(WITHDRAW)] == [first]
    assert len(till.bank.of(CREATE)) == 2

    await till.report(second, 20000)
    assert await till.hear("Asha") == [
        "We have received ₹200.00 for #1001. Still to pay: ₹250.00.",
        "💳 #1001: please pay ₹250.00 to Demo Store. The button opens a secure page.",
    ]
    assert await payments(till) == [("void", 45000, "canceled"), ("completed", 20000, ""), ("checkout", 25000, "")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("pay 1001 500", "• That is more than is due. *pay 1001* asks for all that is."),
        ("pay 1001 pix", "• Pix is not set up. The owner gives the shop's key: *settings pix.key KEY*"),
        (
            "pay 1001 transfer",
            "• Transfers are not set up. The owner gives the account: *settings transfer.account TEXT*",
        ),
        (
            "pay 1001 upi",
            (
                "• WhatsApp Pay is not set up. The owner names who collects, *settings pay.provider razorpay*, and the"
                " configuration at Meta, *settings pay.configuration NAME*"
            ),
        ),
        ("pay 1001 much", "“much” is no amount and no way to pay. For example: *pay 1001 450.00 link*"),
        ("pay 1001 0", "“0” is no amount and no way to pay. For example: *pay 1001 450.00 link*"),
        ("capture 1001", "• Nothing is authorized that could be taken. To ask for money: *pay 1001*"),
        ("refund 1001", "There is nothing to give back: ₹0.00 came in and ₹0.00 went back."),
    ],
)
async def test_what_cannot_be_done_says_why_and_nothing_is_done(till: Shop, words: str, reason: str) -> None:
    await till.order()

    [answer] = await till.write("Priya", words)

    assert answer.split("\n")[-1] == reason
    assert await payments(till) == [("checkout", 45000, "")]
    assert await till.hear("Asha") == []


async def test_who_has_paid_is_not_asked_again_and_why_says_so(till: Shop) -> None:
    await till.report(await till.order(), 45000)
    await till.hush()

    nothing_due = "• It is paid: nothing is due. *order 1001* shows what came in."
    for words in ("pay 1001", "remind 1001", "why 1001 pay"):
        [answer] = await till.write("Priya", words)
        assert answer.split("\n")[-1] == nothing_due
    assert await payments(till) == [("completed", 45000, "")]


async def test_a_reminder_is_sent_at_once_and_only_of_what_can_be_paid(till: Shop) -> None:
    await till.order()

    assert await till.write("Ravi", "remind 1001") == ["#1001 · Confirmed\nAsha Rao is reminded of ₹450.00."]
    assert await till.hear("Asha") == ["⏰ #1001 is not paid yet: ₹450.00 is due."]

    await till.write("Priya", "void 1001")
    assert await till.tap("Priya", "Yes, do it") == ["#1001 · Confirmed\n₹450.00 is not asked for any more."]
    [answer] = await till.write("Ravi", "remind 1001")
    assert answer.split("\n")[-1] == "• Nothing is asked for that could be paid. To ask: *pay 1001*"
    assert await till.hear("Asha") == []


async def test_nobody_pays_for_an_order_that_has_ended_however_it_was_to_be_paid(
    ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(ready_url, tmp_path, monkeypatch) as till:
        await till.write("Priya", "settings payment_methods cod")
        for who in ("Priya", "Asha"):
            await till.world.cart("Asha", [Line(1, "TOTE-HATHI")], "")
            await till.hush()
            number = (await till.one("SELECT MAX(number) AS number FROM orders"))["number"]
            await till.write("Priya", f"pay {number} link")
            await till.write(who, f"cancel {number}")
            await till.tap(who, "Yes, cancel it")
        assert await payments(till) == [("void", 45000, "canceled")] * 2
        assert len(till.bank.of(WITHDRAW)) == 2


async def test_what_is_authorized_is_taken_once(till: Shop) -> None:
    """S3-34."""
    reference = await till.order()
    await till.authorize(reference, 45000)
    assert await till.hear("Ravi") == [
        "💳 #1001 · Confirmed\n₹450.00 is authorized. *capture 1001* takes it, *void 1001* lets it go."
    ]
    assert await payments(till) == [("pending", 45000, "")]

    [asks] = await till.tap("Ravi", "Take it")
    assert asks == "#1001 · Confirmed\nTake ₹450.00 from Asha Rao now? It is authorized."
    await till.write("Priya", "capture 1001")
    await till.world.tap("Ravi", "Yes, do it")
    await till.world.tap("Priya", "Yes, do it")
    answers = [*await till.hear("Ravi"), *await till.hear("Priya")]

    assert [call.details["amount"] for call in till.bank.of(CAPTURE)] == [45000]
    assert sum("I take ₹450.00. You hear when it is there." in answer for answer in answers) == 1
    assert await payments(till) == [("completed", 45000, "")]
    assert await till.hear("Asha") == ["We have received ₹450.00 for #1001. Thank you!"]


async def test_a_page_on_which_a_payment_failed_is_withdrawn_like_any_other(till: Shop) -> None:
    await till.report(await till.order(), 45000, says="fail")
    await till.hush()

    await till.write("Priya", "void 1001")
    await till.tap("Priya", "Yes, do it")

    assert await payments(till) == [("void", 45000, "canceled")]
    assert len(till.bank.of(WITHDRAW)) == 1


async def test_a_part_is_taken_and_counts_as_what_it_is(till: Shop) -> None:
    await till.authorize(await till.order(), 45000)
    await till.hush()

    [answer] = await till.write("Priya", "capture 1001 500")
    assert answer.split("\n")[-1] == "Only ₹450.00 is authorized: *capture 1001* takes it."
    await till.write("Priya", "capture 1001 400")
    await till.tap("Priya", "Yes, do it")

    assert await payments(till) == [("completed", 40000, ""), ("checkout", 5000, "")]
    assert (await till.hear("Asha"))[0] == "We have received ₹400.00 for #1001. Still to pay: ₹50.00."


async def test_what_could_not_be_taken_is_as_authorized_as_before(till: Shop) -> None:
    await till.authorize(await till.order(), 45000)
    await till.hush()
    till.bank.faults[CAPTURE] = "expired card"

    await till.write("Priya", "capture 1001 400")
    await till.world.tap("Priya", "Yes, do it")
    answers = await till.hear("Priya")

    assert answers[-1] == (
        "⚠️ #1001 · Confirmed\n₹450.00 that was authorized could not be taken: the provider refused it"
        " (expired card). To try again: *capture 1001*"
    )
    assert await payments(till) == [("pending", 45000, "")]
    till.bank.faults.clear()
    await till.write("Priya", "capture 1001")
    await till.tap("Priya", "Yes, do it")
    assert await payments(till) == [("completed", 45000, "")]


async def test_what_is_authorized_is_let_go_and_may_be_asked_for_anew(till: Shop) -> None:
    await till.authorize(await till.order(), 45000)
    await till.hush()
    [answer] = await till.write("Priya", "pay 1001")
    assert "Money for it is authorized already." in answer

    await till.write("Priya", "void 1001")
    await till.tap("Priya", "Yes, do it")

    assert await payments(till) == [("void", 45000, "canceled")]
    assert len(till.bank.of(WITHDRAW)) == 1
    assert await till.one("SELECT payment_status FROM orders") == {"payment_status": "unpaid"}
    await till.write("Priya", "pay 1001")
    assert await payments(till) == [("void", 45000, "canceled"), ("checkout", 45000, "")]


async def test_money_is_never_taken_back_by_undo(till: Shop) -> None:
    """What moved money since leaves nothing of what was done before that could be taken back."""
    await till.order()
    await till.write("Priya", "settings undo_window 1h")
    await till.write("Priya", "tag 1001 gift")
    await till.write("Priya", "pay 1001")
    await till.report(await till.reference(), 45000)
    await till.hush()

    [answer] = await till.write("Priya", "undo")

    assert "too late" in answer
    assert await till.one("SELECT status, captured FROM orders") == {"status": "confirmed", "captured": 45000}


async def test_an_agent_asks_and_reminds_but_does_not_take(
    ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(ready_url, tmp_path, monkeypatch, ravi="agent") as till:
        await till.authorize(await till.order(), 45000)
        await till.hush()
        for words in ("capture 1001", "void 1001"):
            [answer] = await till.write("Ravi", words)
            assert "owner, manager" in answer
        assert await payments(till) == [("pending", 45000, "")]


async def test_the_card_says_how_what_was_asked_for_stands(till: Shop) -> None:
    """Begun, under way at the provider, refused, and what has come, with its transaction."""
    reference = await till.order()

    async def line() -> str:
        [card] = await till.write("Priya", "1001")
        return next(line for line in card.split("\n") if "payment link, " in line and line.startswith("•"))

    assert await line() == f"• ₹450.00 payment link, begun, 2 Mar, 10:00, {reference}"
    await till.report(reference, 45000, says="process")
    assert await line() == f"• ₹450.00 payment link, under way, 2 Mar, 10:00, transaction ch_{reference}, {reference}"
    await till.report(reference, 45000, says="fail")
    await till.hush()
    assert await line() == f"• ₹450.00 payment link, failed, 2 Mar, 10:00, transaction ch_{reference}, {reference}"
    await till.report(reference, 45000)
    await till.hush()
    assert await line() == f"• ₹450.00 payment link, received, 2 Mar, 10:00, transaction ch_{reference}, {reference}"


async def test_an_attempt_that_the_provider_does_not_take_is_asked_for_anew(till: Shop) -> None:
    """It is invalid, and the next one has a reference of its own."""
    till.bank.faults[CREATE] = "no such account"
    first = await till.order()
    assert await payments(till) == [("invalid", 45000, "")]

    till.bank.faults.clear()
    await till.write("Priya", "pay 1001")

    assert await payments(till) == [("invalid", 45000, ""), ("checkout", 45000, "")]
    assert await till.reference() != first
    assert await till.hear("Asha") == ["💳 #1001: please pay ₹450.00 to Demo Store. The button opens a secure page."]
