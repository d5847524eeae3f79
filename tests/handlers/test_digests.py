"""The day's money is told to the owner in the evening, once, and only when there was some."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.handlers.bank import Shop, shop

DAY = timedelta(days=1)


@pytest.fixture
async def till(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """It is ten in the morning of 2 March."""
    async with shop(ready_url, tmp_path, monkeypatch, "payment_reminders=none;expire_after=0") as opened:
        yield opened
        assert await opened.world.broken() == []


async def evening(till: Shop) -> list[str]:
    """What Priya reads when eleven hours are over."""
    await till.world.later(timedelta(hours=11))
    return await till.hear("Priya")


async def test_in_the_evening_the_owner_reads_what_the_day_has_brought(till: Shop) -> None:
    await till.report(await till.order(), 45000)
    await till.order("CHAI-250")
    await till.write("Priya", "paid 1002 100 cash")
    await till.write("Priya", "refund 1001 50")
    await till.tap("Priya", "Yes, do it")
    await till.report("wnobody", 12300, transaction="ch_x")
    await till.hush()

    said = (
        "📊 Money from 1 Mar, 20:00 to 2 Mar, 20:00\n"
        "Came in: ₹550.00\n"
        "• ₹450.00 payment link, 1 payment\n"
        "• ₹100.00 cash, 1 payment\n"
        "Went back: ₹50.00\n"
        "Still to be paid: ₹299.00 for 2 orders\n"
        "1 payment waits for a decision: *exceptions*"
    )
    assert await evening(till) == [said]
    assert await till.hear("Ravi") == []
    await till.world.settle()
    assert await till.hear("Priya") == []


async def test_a_day_without_money_is_not_worth_a_message(till: Shop) -> None:
    await till.report(await till.order(), 45000)
    await till.hush()
    assert len(await evening(till)) == 1
    for _ in range(2):
        await till.world.later(DAY)
        assert [said for said in await till.hear("Priya") if "📊" in said] == []


async def test_what_waits_for_a_decision_is_brought_up_every_evening_until_it_is_settled(till: Shop) -> None:
    await till.report("wnobody", 12300, transaction="ch_x")
    await till.hush()
    assert len(await evening(till)) == 1
    await till.write("Priya", "help")
    await till.world.later(timedelta(hours=23))
    [again] = await till.hear("Priya")
    assert "Nothing came in.\n1 payment waits for a decision" in again
    await till.write("Priya", "exceptions")
    await till.tap("Priya", "Seen to")
    await till.world.later(timedelta(hours=23))
    assert await till.hear("Priya") == []


async def test_the_digest_can_be_switched_off(till: Shop) -> None:
    await till.write("Priya", "settings money_digest off")
    await till.report(await till.order(), 45000)
    await till.hush()
    assert await evening(till) == []


async def test_whoever_decides_about_money_may_ask_before(till: Shop) -> None:
    await till.report(await till.order(), 45000)
    await till.hush()
    assert await till.write("Ravi", "digest") == [
        "📊 Money from 1 Mar, 20:00 to 2 Mar, 10:00\nCame in: ₹450.00\n• ₹450.00 payment link, 1 payment"
    ]
