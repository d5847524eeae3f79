"""A booking's life at the desk: what staff do with it, what becomes of its place and its timers, and who hears of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.clock import Ids
from flows import booking, services
from flows.appointment import Service, Slot
from flows.lifecycle import Move, Outcome, Refused
from flows.order import BOOKING, CUSTOMER, SYSTEM, TIMER, Action, Line, Order, Step
from flows.settings import Settings
from models import bookings, catalog, orders, outbox, staff
from models.orders import Actor
from models.work import Work
from tests.world import Stage, stage

SETTINGS = "vocabulary=socialone;quiet_hours=00:00-00:01;order_flow="
WAIT = timedelta(days=3)
"""So far ahead is the appointment."""
VISIT = "Tailoring Fitting · {day}, {start}–{end} · with Priya"
Result = TypeVar("Result")


class Shop(Stage):
    """The demo shop with a booking of Asha's, #1001, made as a conversation makes it: the time is hers, then the order."""

    start: datetime
    event: int

    async def doing(self, what: Callable[[Work, Settings], Awaitable[Result]]) -> Result:
        async with self.app.database.transaction() as connection:
            work = Work(connection, store=self.store, now=self.app.clock.now(), ids=Ids(self.app.clock))
            [members] = await connection.fetch(staff.LIST(store_id=self.store.id))
            staff.loaded(work, members)
            done = await what(work, Settings(self.store.settings))
            await outbox.write_alerts(work)
            await work.flush()
        await self.settle()
        return done

    async def book(self, step: Step = Step.COMPLETE, **changes: object) -> Order:
        async def do(work: Work, settings: Settings) -> Order:
            service = await fitting(work, settings)
            [asha] = await self.rows("SELECT id FROM contact WHERE name = 'Asha Rao'")
            order = Order(
                id=work.ids.new(), store_id=work.store.id, contact_id=asha["id"], number=await orders.take_number(work),
                kind=BOOKING, status="pending", checkout_step=step, payment_method="cod", delivery_method="visit",
                currency="INR", subtotal=30000, discount=0, tax=0, shipping=0, total=30000, placed_at=work.now,
                changed_at=work.now,
            )  # fmt: skip
            order = replace(order, **changes)  # type: ignore[arg-type]
            slot = await self.slot(work, service, self.start)
            assert await bookings.take(work, order.contact_id, service, slot, places=1, order=order) is not None
            line = Line(service.sku, service.title, 1, service.price)
            placed = await orders.place(work, order, [line], event_id=self.event, settings=settings)
            return await orders.submit(work, placed, self.event, settings)

        return await self.doing(do)

    async def slot(self, work: Work, service: Service, start: datetime) -> Slot:
        [priya, _] = await bookings.calendars_for(work, service)
        return Slot(priya.id, start, start + service.duration)

    async def act(self, action: Action, *, by: int | None = None) -> Outcome:
        async def do(work: Work, settings: Settings) -> Outcome:
            order = await orders.find(work, 1001)
            assert order is not None
            _, outcome = await orders.advance(work, order, action, Actor(by, self.event), settings)
            return outcome

        return await self.doing(do)

    async def ask(self, text: str) -> str:
        """What Priya is answered."""
        before = len(await self.said())
        await self.say("Priya", text)
        await self.settle()
        return "\n".join(words for name, words in (await self.said())[before:] if name == "Priya")

    async def heard(self) -> list[str]:
        return [words for name, words in await self.said() if name == "Asha"]

    async def status(self) -> str:
        [row] = await self.rows("SELECT status FROM orders")
        return str(row["status"])

    async def taken(self) -> list[int]:
        return [row["taken"] for row in await self.rows("SELECT taken FROM session ORDER BY starts_at")]

    async def timers(self) -> list[tuple[str, timedelta]]:
        """Those of the booking that are set, and how long before its start they ring."""
        found = await self.rows("SELECT kind, due_at FROM timer WHERE state = 'set' AND subject IN"
                                " (SELECT CAST(id AS TEXT) FROM orders) ORDER BY due_at, kind")  # fmt: skip
        return [(row["kind"], self.start - moment(row["due_at"])) for row in found]

    async def pass_to(self, at: datetime) -> None:
        """Nobody is reminded on the way: that is tried elsewhere."""
        kinds = ", ".join(f"'{kind}'" for kind in booking.TIMERS)
        await self.run(f"UPDATE timer SET state = 'stopped' WHERE kind IN ({kinds})")
        await self.later(at - self.app.clock.now())
        await self.settle()

    async def tap_cancel(self) -> None:
        await self.say("Asha", "cancel 1001")
        await self.settle()
        await self.tap("Asha", "Yes, cancel it")
        await self.settle()


def moment(at: Any) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


async def fitting(work: Work, settings: Settings) -> Service:
    products, _ = await catalog.find_products(work, ["FITTING-30"])
    service = services.read(products["FITTING-30"], settings)
    assert service is not None
    return service


@asynccontextmanager
async def shop(url: str, files: Path, flow: str = "manual", more: str = ";undo_window=0s") -> AsyncIterator[Shop]:
    async with stage(url, files, STORE_SETTINGS=SETTINGS + flow + more) as opened:
        found = Shop(opened.app)
        await found.say("Asha", "hello")
        await found.settle()
        [found.event] = [row["id"] for row in await found.rows("SELECT MAX(id) AS id FROM inbox")]
        found.start = (found.app.clock.now() + WAIT).replace(minute=0, second=0, microsecond=0)
        yield found
        assert await found.broken() == []


def visit(found: Shop, start: datetime | None = None) -> str:
    begins = (start or found.start).astimezone(found.store.zone)
    ends = begins + timedelta(minutes=30)
    day = begins.strftime("%a %-d %b")
    return VISIT.format(day=day, start=begins.strftime("%H:%M"), end=ends.strftime("%H:%M"))


HOUR = timedelta(hours=1)


async def test_staff_confirm_a_booking_and_say_afterwards_that_it_took_place(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path) as found:
        order = await found.book()
        assert await found.status() == "pending"
        asked = found.start - order.placed_at
        assert await found.timers() == [("booking_unanswered", asked - 2 * HOUR), ("booking_lapse", asked - 4 * HOUR)]
        card = await found.ask("1001")
        assert "#1001 · Pending" in card
        assert "🗓 " in card
        assert "Shipping" not in card
        assert "📦" not in card
        assert "#1001 · Scheduled" in await found.ask("confirm 1001")
        assert (await found.heard())[-1] == f"#1001 is booked: {visit(found)}."
        assert await found.timers() == [
            ("appointment_reminder", 24 * HOUR), ("appointment_reminder", 2 * HOUR), ("follow_up", -HOUR / 2),
        ]  # fmt: skip
        assert "It has not begun: the appointment starts" in await found.ask("complete 1001")
        assert "It has not begun" in await found.ask("why 1001 noshow")
        assert "Priya · Scheduled" in await found.ask("orders scheduled")
        assert "Priya · Scheduled" in await found.ask("find Asha")
        assert "is for goods" in await found.ask("ship 1001 AB1234")
        assert await found.status() == "scheduled"

        await found.pass_to(found.start)
        done = await found.ask("complete 1001")
        assert "#1001 · Completed" in done
        assert "*paid 1001 300.00" in done
        assert (await found.heard())[-1].startswith("#1001 is done. Thank you for coming")
        assert await found.taken() == [1]
        assert "#1001 · Scheduled" in await found.ask("resume 1001")
        assert "#1001 · No Show" in await found.ask("noshow 1001")
        assert (await found.heard())[-1] == f"#1001: we missed you, {visit(found)}. For another time write *book*."
        assert await found.taken() == [1]
        history = await found.ask("history 1001")
        for done in ("placed", "confirmed → Scheduled", "completed", "resumed → Scheduled", "not there → No Show"):
            assert done in history


async def test_a_customer_s_cancel_frees_the_place_and_staff_hear_of_it(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, "confirm_then_pay") as found:
        await found.book()
        assert await found.status() == "scheduled"
        await found.tap_cancel()
        assert await found.status() == "canceled"
        assert await found.taken() == []
        assert await found.timers() == []
        news = f"✖️ #1001: Asha Rao canceled it, {visit(found)}. The time is free again."
        assert any(news in words for name, words in await found.said() if name == "Priya")
        assert "Shop" not in await found.ask("1001")


async def test_a_customer_cannot_cancel_within_the_notice_and_staff_can(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, "confirm_then_pay", ";undo_window=0s;booking_notice=12h") as found:
        await found.book()
        await found.pass_to(found.start - 11 * HOUR)
        refused = await found.act(Action("cancel", CUSTOMER))
        assert isinstance(refused, Refused)
        assert [reason.key for reason in refused.reasons] == ["why.notice"]
        await found.say("Asha", "cancel 1001")
        await found.settle()
        assert (await found.heard())[-1].startswith("#1001, ")
        assert "you could move or cancel it yourself until" in (await found.heard())[-1]
        assert await found.status() == "scheduled"
        await found.ask("cancel 1001 we are ill")
        await found.tap("Priya", "Yes, cancel it")
        await found.settle()
        assert (await found.heard())[-1].endswith("For another time write *book*. Reason: we are ill")
        assert (await found.status(), await found.taken()) == ("canceled", [])


@pytest.mark.parametrize(
    "action", [Action("lapse", TIMER), Action("reject", SYSTEM, note="full")], ids=["lapse", "reject"]
)
async def test_what_the_shop_did_not_take_frees_its_place(ready_url: str, tmp_path: Path, action: Action) -> None:
    async with shop(ready_url, tmp_path) as found:
        await found.book()
        assert await found.taken() == [1]
        assert await found.act(action) == Move("canceled")
        assert (await found.taken(), await found.timers()) == ([], [])
        assert (await found.heard())[-1].startswith("We are sorry: ")


async def test_a_new_time_is_an_event_of_the_same_booking(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, "confirm_then_pay") as found:
        order = await found.book()
        old, new = found.start, found.start + timedelta(days=1)

        async def move(work: Work, settings: Settings) -> Outcome:
            was = await bookings.of_order(work, order.id)
            assert was is not None
            service = await fitting(work, settings)
            now = await bookings.move(work, was, service, await found.slot(work, service, new))
            assert now is not None
            action = booking.rescheduled(was, now, CUSTOMER, work.store)
            current = await orders.get(work, order.id)
            _, outcome = await orders.advance(work, current, action, Actor(order.contact_id, found.event), settings)
            return outcome

        before = await found.timers()
        assert await found.doing(move) == Move("scheduled")
        found.start = new
        assert await found.timers() == before
        assert await found.taken() == [1]
        [change] = await found.rows("SELECT note, status_after FROM order_history WHERE action = 'reschedule'")
        assert change["note"].count(" → ") == 1
        assert change["status_after"] == "scheduled"
        [words] = [words for name, words in await found.said() if name == "Priya" and "🔁" in words]
        assert f"Asha Rao moved it from {old.astimezone(found.store.zone):%-d %b, %H:%M} to {visit(found)}." in words


async def test_the_deposit_is_asked_for_first_and_with_it_the_booking_stands(ready_url: str, tmp_path: Path) -> None:
    more = ";undo_window=0s;payment_methods=transfer;transfer.account=Nukkad 123"
    async with shop(ready_url, tmp_path, "pay_then_confirm", more) as found:
        await found.book(payment_method="transfer", deposit=10000)
        assert await found.status() == "pending"
        [request] = await found.rows("SELECT amount FROM payment")
        assert request["amount"] == 10000
        assert "100.00" in (await found.heard())[-1]
        await found.ask("paid 1001 100 transfer")
        assert await found.status() == "scheduled"
        assert any(f"#1001 is booked: {visit(found)}." in words for words in await found.heard())


async def test_a_tap_on_no_show_can_be_taken_back_with_its_words(ready_url: str, tmp_path: Path) -> None:
    async with shop(ready_url, tmp_path, "confirm_then_pay", ";undo_window=5s") as found:
        await found.book()
        await found.pass_to(found.start)
        found.new("Asha")
        await found.say("Priya", "noshow 1001")
        await found.settle()
        assert await found.status() == "no_show"
        await found.say("Priya", "undo")
        await found.settle()
        await found.pass_to(found.start + HOUR)
        assert await found.status() == "scheduled"
        assert found.new("Asha") == []
        assert [row["state"] for row in await found.rows("SELECT state FROM timer WHERE kind = 'follow_up'")] != []
