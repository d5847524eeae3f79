"""Two customers write of one time at the same moment: one has it, the other is offered what is near."""

from pathlib import Path

import pytest

from tests.races.track import Track, track

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
SHOP = "business_hours=always;booking_step=30m"
TIMES = [f"{day} mar {hour}:00" for day in range(10, 15) for hour in (11, 13, 15, 17)]
"""Of so many each two want one."""


def senders(first: str) -> list[str]:
    return [f"91{first}{n:07}" for n in range(len(TIMES))]


async def wish(races: Track, *, of: str, before: str) -> list[tuple[str, str]]:
    """Everybody's answer, by their time."""
    pairs = [list(zip(senders(first), TIMES, strict=True)) for first in (before, of)]
    words = [[races.words(who, f"book a fitting with priya {when}") for who, when in pair] for pair in pairs]
    await races.clash(*words)
    return [
        ((await races.said(first))[-1], (await races.said(second))[-1])
        for (first, _), (second, _) in zip(*pairs, strict=True)
    ]


async def test_of_two_in_two_workers_one_has_the_time(postgres_url: str, tmp_path: Path) -> None:
    async with track(postgres_url, tmp_path, STORE_SETTINGS=SHOP) as races:
        # Both calendars are made by then: whoever books first in a shop makes them.
        await races.alone(races.words("919999999999", "book a fitting tomorrow 10"))
        answers = await wish(races, before="700", of="701")

        for both in answers:
            kept = [answer.startswith("I keep this for you") for answer in both]
            assert sorted(kept) == [False, True], both
            lost = both[kept.index(False)]
            assert lost.startswith("*Tailoring Fitting* is not free on"), lost
        assert races.escaped == []
        assert await races.unsettled() == []
        assert races.conflicts > 0, "they never met"
        rows = await races.world.rows("SELECT SUM(taken) AS taken, COUNT(*) AS sessions FROM session")
        assert [(int(row["taken"]), row["sessions"]) for row in rows] == [(len(TIMES) + 1, len(TIMES) + 1)]
        assert await races.world.broken() == []
