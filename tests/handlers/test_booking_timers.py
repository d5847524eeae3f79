"""The clock and bookings: each reminder once and none late, staff asked in time, and what nobody confirms is free again."""

from datetime import timedelta
from pathlib import Path

import pytest

from flows import booking
from flows.lifecycle import Move, Outcome
from flows.order import CUSTOMER, STAFF, SYSTEM, Action
from flows.settings import Settings
from handlers.routes import TIMERS
from models import bookings, orders
from models.orders import Actor
from models.work import Work
from tests.handlers import test_appointments
from tests.handlers.test_appointments import HOUR, Shop, fitting, shop, visit

FLOW = "confirm_then_pay"
SOON = ";undo_window=0s;booking_notice=1h"
REMINDER = "⏰ A reminder of #1001: {visit}. Will you be there?"


async def pass_to(found: Shop, before: timedelta) -> None:
    """Until so long before it begins; whatever is due on the way rings late."""
    await found.later(found.start - before - found.app.clock.now())
    await found.settle()


async def reminders(found: Shop) -> list[str]:
    return [words for words in await found.heard() if words.startswith("⏰")]


async def alerts(found: Shop, start: str) -> list[str]:
    return [words for name, words in await found.said() if name == "Priya" and start in words]


async def move(found: Shop, by: timedelta) -> None:
    async def do(work: Work, settings: Settings) -> Outcome:
        order = await orders.find(work, 1001)
        assert order is not None
        was = await bookings.of_order(work, order.id)
        assert was is not None
        service = await fitting(work, settings)
        now = await bookings.move(work, was, service, await found.slot(work, service, was.starts_at + by))
        assert now is not None
        action = booking.rescheduled(was, now, STAFF, work.store)
        _, outcome = await orders.advance(work, order, action, Actor(None, found.event), settings)
        return outcome

    assert await found.doing(do) == Move("scheduled")
    found.start += by


def test_each_kind_of_timer_has_somebody_who_hears_it() -> None:
    assert set(booking.TIMERS) <= TIMERS.keys()


async def test_a_customer_is_reminded_at_each_offset_once(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, 24 * HOUR + timedelta(seconds=1))
        assert await reminders(found) == []
        await pass_to(found, 24 * HOUR)
        text = REMINDER.format(visit=visit(found))
        assert await reminders(found) == [text]
        assert_reminded_outside_the_window(found)
        await found.say("Asha", "hello")
        await pass_to(found, 2 * HOUR)
        assert (await reminders(found))[1:] == [text]
        shown = found.new("Asha")[-1]
        assert shown.buttons == ("I'll be there", "Reschedule", "Cancel booking")
        assert await alerts(found, "Asha Rao comes soon") != []
        [row] = await found.rows("SELECT reminded_at FROM appointment")
        assert row["reminded_at"] is not None
        await found.run("UPDATE inbox SET state = 'new' WHERE kind = 'timer.appointment_reminder'")
        await found.settle()
        assert len(await reminders(found)) == 2


def assert_reminded_outside_the_window(found: Shop) -> None:
    shown = found.new("Asha")[-1]
    line = visit(found)
    assert shown.body == f"A reminder of your appointment at Demo Store: #1001, {line}. Will you be there?"
    assert shown.kind == "template booking_reminder"
    assert shown.buttons == ("I'll be there", "Reschedule", "Cancel booking")


async def test_a_button_of_a_reminder_works_outside_the_window_too(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, 24 * HOUR)
        assert_reminded_outside_the_window(found)
        await found.tap("Asha", "Reschedule")
        await found.settle()
        assert (await found.heard())[-1].startswith("Now: #1001")


async def test_who_can_move_it_no_more_is_asked_only_whether_they_come(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, ";reminders=2h") as found:
        await found.book()
        await pass_to(found, 2 * HOUR)
        shown = found.new("Asha")[-1]
        assert (shown.kind, shown.buttons) == ("template booking_soon", ("I'll be there",))
        assert "If you cannot come, please write it here." in shown.body


async def test_who_will_be_there_says_so_and_staff_see_a_tick(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, 3 * HOUR)
        await found.say("Asha", "hello")
        await pass_to(found, 2 * HOUR)
        await found.tap("Asha", "I'll be there")
        await found.settle()
        assert (await found.heard())[-1].startswith("Thank you, see you ")
        assert await found.status() == "scheduled"
        assert "✓ Will be there, said" in await found.ask("1001")
        await pass_to(found, timedelta())
        await found.tap("Asha", "I'll be there")
        await found.settle()
        assert (await found.heard())[-1].startswith("#1001 has begun already")


async def test_a_reminder_of_somebody_else_s_booking_answers_nobody(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, 3 * HOUR)
        await found.say("Asha", "hello")
        await pass_to(found, 2 * HOUR)
        await found.run("UPDATE orders SET contact_id = (SELECT contact_id FROM staff WHERE name = 'Ravi')")
        await found.tap("Asha", "I'll be there")
        await found.settle()
        assert not (await found.heard())[-1].startswith("Thank you")
        assert await found.rows("SELECT id FROM appointment WHERE coming_at IS NOT NULL") == []
        await found.run("UPDATE orders SET contact_id = (SELECT id FROM contact WHERE name = 'Asha Rao')")


async def test_a_canceled_booking_is_not_spoken_of_again(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        assert await found.act(Action("cancel", SYSTEM)) == Move("canceled")
        await found.run("UPDATE timer SET state = 'set' WHERE state = 'stopped'")  # as if each had rung at that moment
        await pass_to(found, 24 * HOUR)
        await pass_to(found, 2 * HOUR)
        await pass_to(found, -HOUR)
        assert await reminders(found) == []
        assert await alerts(found, "is over") == []


async def test_a_booking_that_has_moved_is_spoken_of_at_its_new_time_alone(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, 24 * HOUR)
        await move(found, 5 * HOUR)
        [row] = await found.rows("SELECT reminded_at FROM appointment")
        assert row["reminded_at"] is None
        assert [kind for kind, _ in await found.timers()] == ["appointment_reminder"] * 2 + ["follow_up"]
        await found.run("UPDATE timer SET state = 'set' WHERE state = 'stopped'")
        await pass_to(found, 24 * HOUR + timedelta(seconds=1))
        assert len(await reminders(found)) == 1
        await pass_to(found, 24 * HOUR)
        assert len(await reminders(found)) == 2
        await pass_to(found, 4 * HOUR)
        assert len(await reminders(found)) == 2
        await pass_to(found, 2 * HOUR)
        assert REMINDER.format(visit=visit(found)) in (await reminders(found))[-1]
        assert len(await reminders(found)) == 3


@pytest.mark.parametrize(
    ("down_until", "reminded"),
    [(12 * HOUR, 1), (11 * HOUR, 0), (HOUR, 1), (HOUR - timedelta(seconds=1), 0), (timedelta(), 0), (-24 * HOUR, 0)],
)
async def test_after_an_outage_nothing_late_is_sent(
    ready_url: str, tmp_path: Path, down_until: timedelta, reminded: int
) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, down_until)
        assert len(await reminders(found)) == reminded


async def test_a_reminder_that_could_not_go_out_before_it_begins_never_does(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await found.fault({"fail_next": 1, "fail_code": 190})
        await pass_to(found, 2 * HOUR)
        await pass_to(found, timedelta(seconds=-1))
        rows = await found.rows("SELECT state FROM outbox WHERE expires_at IS NOT NULL AND order_id IS NOT NULL")
        assert {row["state"] for row in rows} == {"expired"}


async def test_two_that_are_due_by_now_are_one(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON + ";reminders=3h,2h") as found:
        await found.book()
        await pass_to(found, 1.8 * HOUR)
        assert len(await reminders(found)) == 1


async def test_nobody_is_woken(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = test_appointments.SETTINGS.replace("00:00-00:01", "00:00-06:00")
    monkeypatch.setattr(test_appointments, "SETTINGS", night)
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        found.start = found.start.astimezone(found.store.zone).replace(hour=7, minute=0)
        await found.book()
        assert [ahead for kind, ahead in await found.timers() if kind == "appointment_reminder"] == [
            24 * HOUR, 7 * HOUR + timedelta(minutes=1),
        ]  # fmt: skip
        await pass_to(found, 6.5 * HOUR)  # we were away when it was due, and it is night now
        assert await reminders(found) == []


async def test_staff_are_reminded_of_what_waits_for_them_and_then_it_lapses(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path) as found:
        await found.ask("help")
        await found.book()
        await found.later(2 * HOUR)
        await found.settle()
        [asked] = await alerts(found, "waits for your word")
        assert visit(found) in asked
        assert found.new("Priya")[-1].buttons == ("Confirm", "Reject")
        assert found.new("Asha") != []
        await found.later(2 * HOUR)
        await found.settle()
        assert (await found.status(), await found.taken(), await found.timers()) == ("canceled", [], [])
        assert (await found.heard())[-1].startswith("We are sorry: nobody could confirm #1001 in time")
        assert await alerts(found, "waits for your word") == [asked]


async def test_what_staff_confirm_in_time_stays(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path) as found:
        await found.ask("help")
        await found.book()
        await found.later(2 * HOUR)
        await found.settle()
        await found.tap("Priya", "Confirm")
        await found.settle()
        await found.run("UPDATE timer SET state = 'set' WHERE state = 'stopped'")
        await found.later(3 * HOUR)
        await found.settle()
        assert (await found.status(), await found.taken()) == ("scheduled", [1])


async def test_after_a_day_nobody_is_asked_to_confirm_what_has_lapsed(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path) as found:
        await found.book()
        await found.later(24 * HOUR)
        await found.settle()
        assert await alerts(found, "waits for your word") == []
        assert await found.status() == "canceled"


async def test_what_is_not_paid_in_time_is_asked_for_no_more(ready_url: str, tmp_path: Path) -> None:
    more = ";undo_window=0s;payment_methods=transfer;transfer.account=Nukkad 123"
    async with shop(ready_url, tmp_path, "pay_then_confirm", more) as found:
        await found.book(payment_method="transfer", deposit=10000)
        await found.later(4 * HOUR)
        await found.settle()
        assert await found.status() == "canceled"
        assert (await found.heard())[-1].startswith("#1001 was not paid in time")
        [request] = await found.rows("SELECT state FROM payment")
        assert request["state"] == "void"
        assert await alerts(found, "waits for your word") == []


async def test_when_it_is_over_staff_say_with_a_tap_what_became_of_it(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, HOUR)
        await found.ask("help")
        await pass_to(found, -HOUR / 2)
        [asked] = await alerts(found, "is over. Was Asha Rao there?")
        assert asked.startswith("#1001 · Scheduled")
        await found.tap("Priya", "No show")
        await found.settle()
        assert await found.status() == "no_show"
        assert "we missed you" in (await found.heard())[-1]


async def test_what_staff_have_said_already_is_not_asked(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, timedelta())
        await found.ask("complete 1001")
        await found.run("UPDATE timer SET state = 'set' WHERE kind = 'follow_up'")
        await pass_to(found, -HOUR)
        assert await alerts(found, "is over") == []
        assert await found.act(Action("cancel", CUSTOMER)) != Move("canceled")


async def morning_of(found: Shop) -> dict[str, str]:
    """What the people of the shop read of the day, by name."""
    return {name: words for name, words in await found.said() if words.startswith("*Today, ")}


async def test_in_the_morning_staff_read_who_comes_today(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        seven = found.start.astimezone(found.store.zone).replace(hour=7, minute=0)
        await pass_to(found, found.start - seven + timedelta(seconds=1))
        assert await morning_of(found) == {}
        await found.run(
            "UPDATE calendar SET contact_id = (SELECT contact_id FROM staff WHERE name = 'Ravi') WHERE name = 'Priya'"
        )
        await found.run("UPDATE appointment SET coming_at = starts_at")
        await pass_to(found, found.start - seven)
        at = found.start.astimezone(found.store.zone).strftime("%H:%M")
        listed = f"*Today, Thu 5 Mar*\n{at} Tailoring Fitting · Asha Rao · Priya · Scheduled · #1001 · ✓"
        assert await morning_of(found) == {"Priya": listed, "Ravi": listed}  # she owns the shop, and it is with him


async def test_who_has_no_appointment_reads_no_list(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, HOUR)
        assert list(await morning_of(found)) == ["Priya"]


async def test_a_morning_without_appointments_is_not_worth_a_message(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await move(found, timedelta(days=1))
        days = await found.rows("SELECT subject FROM timer WHERE kind = 'morning' ORDER BY subject")
        assert [row["subject"] for row in days] == ["2026-03-05", "2026-03-06"]
        await pass_to(found, 24 * HOUR)
        assert await morning_of(found) == {}
        await pass_to(found, HOUR)
        assert list(await morning_of(found)) == ["Priya"]


async def test_the_list_of_a_day_that_is_over_is_not_told(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON) as found:
        await found.book()
        await pass_to(found, timedelta(seconds=-1))
        assert await morning_of(found) == {}


async def test_who_asked_for_a_day_hears_once_that_a_time_of_it_is_free_again(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON + ";business_hours=mon-sun 09:30-10:00;booking_step=30m") as found:
        found.start = found.start.astimezone(found.store.zone).replace(hour=9, minute=30)
        await found.say("Rahul", "hello")
        await found.settle()
        await found.book()
        await ask_for_the_day(found, "Rahul Mehta")
        await move(found, timedelta(days=1))
        [told] = await freed(found)
        assert told == ("Rahul", FREED.format(day="Thu 5 Mar"))
        await found.tap("Rahul", "See times")
        await found.settle()
        assert "on Thu 5 Mar: at what time?" in found.new("Rahul")[-1].body
        await ask_for_the_day(found, "Rahul Mehta")
        assert await found.act(Action("cancel", SYSTEM)) == Move("canceled")
        assert await freed(found) == [told, ("Rahul", FREED.format(day="Fri 6 Mar"))]


FREED = (
    "*Tailoring Fitting* at Demo Store has a free time on {day} again. It is not kept for you: who books first has it."
)


async def freed(found: Shop) -> list[tuple[str, str]]:
    return [(name, words) for name, words in await found.said() if "has a free time" in words]


async def ask_for_the_day(found: Shop, name: str) -> None:
    [person] = await found.rows(f"SELECT id FROM contact WHERE name = '{name}'")

    async def do(work: Work, _settings: Settings) -> None:
        day = found.start.astimezone(found.store.zone).date()
        for _ in range(2):
            bookings.wish(work, person["id"], "FITTING-30", day)

    await found.doing(do)


async def test_nobody_hears_of_a_time_that_is_over(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, FLOW, SOON + ";business_hours=mon-sun 09:30-10:00;booking_step=30m") as found:
        found.start = found.start.astimezone(found.store.zone).replace(hour=9, minute=30)
        await found.book()
        await ask_for_the_day(found, "Asha Rao")
        await pass_to(found, timedelta())
        assert await found.act(Action("cancel", SYSTEM)) == Move("canceled")
        assert await freed(found) == []
