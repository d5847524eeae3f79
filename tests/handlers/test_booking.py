"""Customers who book: two who want one time, buttons that somebody makes up, a shop that restarts, and prices that change."""

from datetime import timedelta
from pathlib import Path

import pytest

from flows import choosing
from flows.choosing import Choosing, Yes
from tests.crowd import at_once, crowd
from tests.world import Stage, stage

SHOP = "business_hours=mon-sat 10:00-18:00;booking_step=30m"
TEN = 1772512200
"""Tuesday, 3 March 2026, ten in the morning in the demo shop."""
FITTING = Choosing(choosing.code("FITTING-30"))
TAKEN = (
    "SELECT a.places, a.order_id IS NULL AS held, a.session_id IS NULL AS given_back FROM appointment a ORDER BY a.id"
)
SEATS = "SELECT COALESCE(SUM(taken), 0) AS taken FROM session"
ONE_A_DAY = "business_hours=mon-sat 10:00-10:30;booking_step=30m"
FREED = "*Tailoring Fitting* at Demo Store has a free time on Tue 3 Mar again."
SORRY, KEPT = "*Tailoring Fitting* is not free on", "I keep this for you"


async def says(world: Stage, person: str, words: str) -> str:
    await world.say(person, words)
    await world.settle()
    return heard(world, person)


async def taps(world: Stage, person: str, title: str) -> str:
    await world.tap(person, title)
    await world.settle()
    return heard(world, person)


async def forges(world: Stage, person: str, button: str) -> str:
    await world.later(timedelta(seconds=1))
    world.sandbox.person(person.lower()).forge_tap(button, "Yes")
    await world.settle()
    return heard(world, person)


def heard(world: Stage, person: str) -> str:
    return "\n".join(shown.body for shown in world.new(person))


async def test_of_two_who_want_the_same_in_one_batch_the_second_reads_what_is_near(
    ready_url: str, tmp_path: Path
) -> None:
    async with crowd(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        for person in ("Asha", "Rahul"):
            await world.say(person, "book a fitting with priya tomorrow 10")
        await at_once(world)
        answers = {person: heard(world, person) for person in ("Asha", "Rahul")}
        assert sorted(answer[: len(KEPT)] for answer in answers.values()) == sorted([KEPT, SORRY[: len(KEPT)]])
        assert await world.rows(SEATS) == [{"taken": 1}]
        assert await world.broken() == []


async def test_a_customer_holds_one_time(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await says(world, "Asha", "tomorrow 11")
        await says(world, "Asha", "book workshop tomorrow 11")
        assert await world.rows(SEATS) == [{"taken": 1}]
        assert len(await world.rows(TAKEN)) == 1


async def test_what_is_held_is_free_again_after_five_minutes(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await world.later(choosing.HOLD - timedelta(seconds=1))
        await world.settle()
        assert await world.rows(SEATS) == [{"taken": 1}]
        await world.later(timedelta(seconds=1))
        await world.settle()
        assert await world.rows(SEATS) == [{"taken": 0}]
        assert await world.rows(TAKEN) == []
        assert heard(world, "Asha") == ""


async def test_what_is_booked_stays_when_the_hold_would_have_ended(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await taps(world, "Asha", "Book it")
        await world.later(choosing.HOLD)
        await world.settle()
        assert await world.rows(SEATS) == [{"taken": 1}]


async def test_a_hold_outlives_a_restart_and_ends_in_time(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting with priya tomorrow 10")
        await says(world, "Rahul", "book a fitting with ravi tomorrow 10")
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await world.later(timedelta(minutes=1))
        assert "#1001 is booked" in await says(world, "Asha", "yes")
        assert await world.rows("SELECT number, status FROM orders") == [{"number": 1001, "status": "scheduled"}]
        await world.later(choosing.HOLD)
        await world.settle()
        assert await world.rows(SEATS) == [{"taken": 1}]


async def test_somebody_elses_hold_cannot_be_booked(ready_url: str, tmp_path: Path) -> None:
    """Nor learnt of: the answer is the one to a time that is taken."""
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting with priya tomorrow 10")
        [held] = await world.rows("SELECT id, calendar_id FROM appointment")
        forged = FITTING.of(held["calendar_id"]).id(choosing.BOOK, str(Yes(TEN, 30000, held["id"])))
        assert (await forges(world, "Rahul", forged)).startswith("I am sorry, Tue 3 Mar, 10:00 has just been taken.")
        assert await world.rows("SELECT id FROM orders") == []
        assert (await taps(world, "Asha", "Book it")).startswith("#1001 is booked")


async def test_somebody_elses_booking_cannot_be_moved_or_taken_along(ready_url: str, tmp_path: Path) -> None:
    """It is as unknown as one that does not exist."""
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await taps(world, "Asha", "Book it")
        before = await world.rows("SELECT starts_at, version FROM appointment")
        for verb in (choosing.AT, choosing.BOOK, choosing.FIRST, choosing.FORGET):
            ids = [
                Choosing(FITTING.code, moves=number).id(verb, str(Yes(TEN + 3600, 30000))) for number in (1001, 9999)
            ]
            answers = [await forges(world, "Rahul", id_) for id_ in ids]
            assert answers[0] == answers[1] != ""
        assert await says(world, "Rahul", "reschedule 1001") == await says(world, "Rahul", "reschedule 9999")
        assert await world.rows("SELECT starts_at, version FROM appointment") == before

        beside = Choosing(FITTING.code, beside=1001)
        await forges(world, "Rahul", beside.id(choosing.AT, str(TEN + 3600)))
        assert "#1001" not in await taps(world, "Rahul", "Book it")
        assert len(await world.rows("SELECT id FROM order_history WHERE action = 'note'")) == 0


@pytest.mark.parametrize(
    "button",
    [
        FITTING.id(choosing.AT, "99999999999999999"),
        FITTING.id(choosing.AT, "9999999999999"),
        FITTING.id(choosing.AT, "-5"),
        FITTING.id(choosing.AT, str(TEN + 7)),
        FITTING.id(choosing.AT, "0"),
        FITTING.id(choosing.BOOK, "x"),
        FITTING.id(choosing.BOOK, str(TEN)),
        FITTING.id(choosing.DAYS, "253402300000"),
        FITTING.id(choosing.TIMES, "253402300000"),
        FITTING.id(choosing.WHO, "99"),
        FITTING.id(choosing.TELL, "9999-12-31"),
        FITTING.id(choosing.TELL, "yesterday"),
        FITTING.id("dance"),
        FITTING.of(12345).id(choosing.AT, str(TEN)),
        Choosing("00000000").id(choosing.AT, str(TEN)),
        Choosing("-").id(choosing.WHICH, "99"),
        Choosing(FITTING.code, places=2).id(choosing.AT, str(TEN)),
        "b9999.move",
    ],
)
async def test_a_button_that_nobody_offered_is_answered_and_takes_nothing(
    ready_url: str, tmp_path: Path, button: str
) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        assert await forges(world, "Rahul", button) != ""
        assert await world.rows(TAKEN) == []
        assert await world.rows("SELECT id FROM inbox WHERE state NOT IN ('done', 'ignored')") == []


async def test_a_price_that_changed_is_said_before_it_is_booked(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await world.run("UPDATE product SET price = 40000 WHERE retailer_id = 'FITTING-30'")
        assert (await taps(world, "Asha", "Book it")).startswith("The price has changed since I asked")
        assert (await taps(world, "Asha", "Book it")).startswith("#1001 is booked")
        assert await world.rows("SELECT total FROM orders") == [{"total": 40000}]


async def test_a_service_that_is_gone_is_not_booked(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await says(world, "Asha", "book a fitting tomorrow 10")
        await world.run("UPDATE product SET availability = 'out of stock' WHERE retailer_id = 'FITTING-30'")
        assert (await taps(world, "Asha", "Book it")).startswith("This cannot be booked here any more.")
        assert await world.rows("SELECT id FROM orders") == []


async def test_a_question_about_a_service_begins_a_booking(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        world.sandbox.person("asha").ask_about("FITTING-30", "are you free tomorrow at 4?")
        await world.settle()
        assert "Tue 3 Mar, 16:00–16:30" in heard(world, "Asha")


async def test_a_wish_is_kept_once(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        for _ in range(2):
            assert "I write to you here" in await forges(world, "Rahul", FITTING.id(choosing.TELL, "2026-03-03"))
        assert await world.rows("SELECT sku, day FROM slot_wish") == [{"sku": "FITTING-30", "day": "2026-03-03"}]


async def test_who_waits_for_a_day_hears_of_a_time_that_was_held_and_not_booked(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=ONE_A_DAY) as world:
        await says(world, "Priya", "block tomorrow 10:00-10:30 ravi")
        await says(world, "Asha", "book a fitting tomorrow 10")
        assert SORRY in await says(world, "Rahul", "book a fitting tomorrow 10")
        await taps(world, "Rahul", "Tell me if free")
        await taps(world, "Asha", "Forget it")
        assert FREED in heard(world, "Rahul")


async def test_nobody_is_told_at_night_that_a_time_is_free(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=ONE_A_DAY) as world:
        await says(world, "Priya", "block tomorrow 10:00-10:30 ravi")
        await world.later(timedelta(hours=12))
        await says(world, "Asha", "book a fitting tomorrow 10")
        await says(world, "Rahul", "book a fitting tomorrow 10")
        await taps(world, "Rahul", "Tell me if free")
        await world.later(choosing.HOLD)
        await world.settle()
        assert await world.rows(SEATS) == [{"taken": 0}]
        assert heard(world, "Rahul") == ""
        await world.later(timedelta(hours=10))
        await world.settle()
        assert FREED in heard(world, "Rahul")


async def test_a_shop_without_services_has_nothing_to_book(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await world.run("DELETE FROM product WHERE kind = 'service'")
        greeting = await says(world, "Asha", "hello")
        assert await says(world, "Asha", "book") == greeting
        assert "book" not in greeting
