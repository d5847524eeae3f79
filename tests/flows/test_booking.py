"""The booking's table: every status with every event and actor, before, during and after the appointment."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import getsource
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from flows import booking, card, labels, notices, order_table, replies, told, undo, vocabulary
from flows.appointment import Appointment, Service, Visit
from flows.booking import FOLLOW_UP, LAPSE, REMINDER, TABLE, UNANSWERED
from flows.effects import FreeSlot, MoveStock, Say, StartTimer, StopTimer, TellStaff
from flows.lifecycle import AlreadySo, Move, Outcome, Reason, Refused, edges
from flows.messages import BODY, Buttons, Link, Rows, Text
from flows.order import (
    BOOKING,
    BOOKING_STATUSES,
    CUSTOMER,
    PRODUCT,
    STAFF,
    SYSTEM,
    TIMER,
    Action,
    Line,
    Order,
    Sale,
    Step,
)
from flows.order_table import COMMANDS, EVENTS, TABLES, decide, in_full, next_actions, open_until, possible, table_of
from flows.payments import due_first, wants_money
from flows.phrases import say
from flows.replies import Counter
from flows.settings import NOTICES, Settings
from flows.store import Store
from flows.vocabulary import SHIPPED

START = datetime(2026, 3, 6, 9, 30, tzinfo=UTC)
"""15:00 in Kolkata."""
NOW = START - timedelta(days=3)
HOUR = timedelta(hours=1)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
CUT = Service(
    "CUT", "Haircut", 50000, "INR", timedelta(minutes=45), timedelta(), timedelta(), 1, 0, ("Ravi",), timedelta(),
    timedelta(days=30), timedelta(hours=4), "12 MG Road",
)  # fmt: skip
APPOINTMENT = Appointment(3, 1, 7, "CUT", 5, "Ravi", 1, START, START + timedelta(minutes=45), 9, order_id=1)
VISIT = Visit(APPOINTMENT, CUT)
PENDING = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind=BOOKING, status="pending", checkout_step=Step.COMPLETE,
    payment_method="cod", delivery_method="visit", currency="INR", subtotal=50000, discount=0, tax=0, shipping=0,
    total=50000, placed_at=NOW, changed_at=NOW,
)  # fmt: skip
LINE = Line("CUT", "Haircut", 1, 50000)
MANUAL = Settings({"order_flow": "manual"})
PAY_FIRST = Settings({"order_flow": "pay_then_confirm"})


def at(status: str, **changes: object) -> Order:
    return replace(PENDING, status=status, **changes)  # type: ignore[arg-type]


def outcome(
    event: str, status: str, *, by: str = STAFF, now: datetime = NOW, settings: Settings = MANUAL, **changes: object
) -> Outcome:
    order = at(status, **{"changed_at": now, **changes})
    return decide(order, in_full(event, by), settings, [LINE], now=now, visit=VISIT)


def why(event: str, status: str, **how: object) -> list[str]:
    refused = outcome(event, status, **how)  # type: ignore[arg-type]
    assert isinstance(refused, Refused), refused
    return [reason.key for reason in refused.reasons]


def test_the_grid_is_complete() -> None:
    assert TABLE.holes() == []
    assert set(TABLE.statuses) == set(TABLE.reachable()) == set(BOOKING_STATUSES)
    assert TABLE.dead_ends() == []


def test_the_moves_are_those_of_the_seed_and_those_that_take_them_back() -> None:
    assert {(a, event, b) for a, event, b in edges(TABLE) if event in booking.COMMANDS} == {
        ("pending", "confirm", "scheduled"),
        ("pending", "cancel", "canceled"),
        ("pending", "reject", "canceled"),
        ("scheduled", "complete", "completed"),
        ("scheduled", "noshow", "no_show"),
        ("scheduled", "cancel", "canceled"),
        ("completed", "resume", "scheduled"),
        ("no_show", "resume", "scheduled"),
    }
    assert {(a, event, b) for a, event, b in edges(TABLE) if event in booking.FACTS} == {
        ("pending", "submit", "scheduled"), ("pending", "captured", "scheduled"), ("pending", "lapse", "canceled"),
    }  # fmt: skip


MOMENTS = (NOW, START - timedelta(hours=1), START, START + timedelta(minutes=20), START + timedelta(days=2))
ACTORS = (STAFF, CUSTOMER, TIMER, SYSTEM)
SETTINGS = (MANUAL, PAY_FIRST, Settings({}), *(Settings({"vocabulary": name}) for name in SHIPPED))


def everything() -> Iterator[tuple[Order, Action, datetime, Settings, Outcome]]:
    for status, event, by, now, settings in product(BOOKING_STATUSES, sorted(EVENTS), ACTORS, MOMENTS, SETTINGS):
        for action in (in_full(event, by), Action(event, by)):
            order = at(status, changed_at=min(now, NOW + HOUR))
            yield order, action, now, settings, decide(order, action, settings, [LINE], now=now, visit=VISIT)


def test_whatever_is_asked_of_a_booking_is_done_is_so_or_has_a_reason_with_words() -> None:
    keys: set[str] = set()
    for order, action, now, settings, found in everything():
        if action.event not in COMMANDS:
            assert isinstance(found, Move)
        if isinstance(found, Move):
            assert found.status in {order.status, *TABLE.targets(order.status, action.event)}
            assert action.event not in ("complete", "noshow") or now >= START
            assert action.event not in COMMANDS or action.by != CUSTOMER or now <= START - CUT.notice
        elif isinstance(found, Refused):
            assert found.reasons
            counter = Counter(STORE, settings, frozenset(COMMANDS), now, {1: VISIT})
            for reason in found.reasons:
                keys.add(reason.key)
                assert re.search(r"\*\w+ 1042|shop to do|day only", replies.explain(reason, order, counter)), reason
    written = set(re.findall(r'"(why\.\w+)"', getsource(booking))) | {"why.is_booking"}
    assert written <= keys


@pytest.mark.parametrize("kind", TABLES)
def test_what_belongs_to_the_other_kind_is_refused_with_what_works_and_reported_without_harm(kind: str) -> None:
    order = replace(PENDING, kind=kind, status=TABLES[kind].lifecycle.starts[0])
    counter = Counter(STORE, MANUAL, frozenset(COMMANDS), NOW, {1: VISIT})
    others = EVENTS - set(TABLES[kind].lifecycle.events)
    assert others
    for event in others:
        found = decide(order, Action(event, STAFF), MANUAL, now=NOW)
        if event not in COMMANDS:
            assert found == Move(order.status)
            continue
        assert isinstance(found, Refused)
        assert found.is_elsewhere
        text = replies.explain(found.reasons[0], order, counter)
        assert f"*{event}*" in text
        assert "*confirm 1042*" in text
    with pytest.raises(KeyError):
        decide(order, Action("teleport", STAFF), MANUAL)


def test_nobody_has_been_there_or_has_not_before_it_begins() -> None:
    early, late = START - timedelta(seconds=1), START
    assert [why(event, "scheduled", now=early) for event in ("complete", "noshow")] == [["why.not_begun"]] * 2
    assert outcome("complete", "scheduled", now=late) == Move("completed")
    assert outcome("noshow", "scheduled", now=late) == Move("no_show")
    forced = replace(in_full("noshow"), is_forced=True)
    assert isinstance(decide(at("scheduled"), forced, MANUAL, now=early, visit=VISIT), Refused)


def test_why_names_the_start_by_the_clock_of_the_store() -> None:
    counter = Counter(STORE, MANUAL, frozenset(COMMANDS), NOW, {1: VISIT})
    told_why = replies.why(at("scheduled"), "complete", (), counter)

    assert isinstance(told_why, Buttons)
    assert "It has not begun: the appointment starts 6 Mar, 15:00. To move it: *reschedule 1042 WHEN*" in told_why.body


@pytest.mark.parametrize("event", ["cancel", "reschedule"])
def test_customers_move_and_cancel_until_the_notice_and_staff_for_longer(event: str) -> None:
    last = START - CUT.notice
    for status in ("pending", "scheduled"):
        assert isinstance(outcome(event, status, by=CUSTOMER, now=last), Move)
        assert why(event, status, by=CUSTOMER, now=last + timedelta(seconds=1)) == ["why.notice"]
        assert isinstance(outcome(event, status, now=last + timedelta(seconds=1)), Move)
    assert why("confirm", "pending", by=CUSTOMER) == ["why.not_yours"]


def test_a_move_is_judged_by_the_time_that_it_moves_from() -> None:
    later = replace(APPOINTMENT, starts_at=START + timedelta(days=7), ends_at=START + timedelta(days=7, minutes=45))
    moved = booking.rescheduled(APPOINTMENT, later, CUSTOMER, STORE)
    late = START - HOUR

    assert moved.note == "6 Mar, 15:00 → 13 Mar, 15:00"
    found = decide(at("scheduled"), moved, MANUAL, now=late, visit=Visit(later, CUT))
    assert found == Refused((Reason("why.notice", {"until": START - CUT.notice, "word": "reschedule"}),))
    assert decide(at("scheduled"), moved, MANUAL, now=NOW, visit=Visit(later, CUT)) == Move("scheduled")
    assert why("reschedule", "scheduled", now=START) == ["why.begun"]
    assert decide(at("scheduled"), Action("reschedule", STAFF), MANUAL, now=NOW, visit=VISIT) == Refused(
        (Reason("why.no_time"),)
    )
    other = replace(later, calendar_id=6, calendar="Mira")
    assert booking.rescheduled(APPOINTMENT, other, STAFF, STORE).note == "6 Mar, 15:00 Ravi → 13 Mar, 15:00 Mira"


def test_what_was_noted_can_be_put_right_for_a_day_unless_the_money_went_back() -> None:
    for status in ("completed", "no_show"):
        order = at(status, changed_at=START)
        assert decide(order, Action("resume", STAFF), MANUAL, now=START + timedelta(days=1)) == Move("scheduled")
        late = decide(order, Action("resume", STAFF), MANUAL, now=START + timedelta(days=1, seconds=1))
        assert late == Refused((Reason("why.reopen_window"),))
        assert why("resume", status, refunded=50000) == ["why.refunded"]
    assert why("resume", "canceled") == ["why.not_from_here"]


@pytest.mark.parametrize(
    ("flow", "method", "captured", "submit", "capture"),
    [
        ("manual", "cod", 0, "pending", "pending"),
        ("manual", "link", 50000, "pending", "pending"),
        ("confirm_then_pay", "link", 0, "scheduled", "pending"),
        ("pay_then_confirm", "link", 0, "pending", "pending"),
        ("pay_then_confirm", "link", 10000, "scheduled", "scheduled"),
        ("pay_then_confirm", "cod", 0, "scheduled", "pending"),
    ],
)
def test_the_order_flow_says_what_a_complete_booking_waits_for(
    flow: str, method: str, captured: int, submit: str, capture: str
) -> None:
    settings = Settings({"order_flow": flow})
    order = at("pending", payment_method=method, captured=captured, deposit=10000)
    assert decide(order, Action("submit", SYSTEM), settings, now=NOW, visit=VISIT) == Move(submit)
    assert decide(order, Action("captured", SYSTEM), settings, now=NOW, visit=VISIT) == Move(capture)
    asked = replace(order, checkout_step=Step.PAYMENT)
    assert decide(asked, Action("submit", SYSTEM), settings, now=NOW) == Move("pending")
    free = replace(order, total=0, subtotal=0, captured=0, deposit=None)
    assert decide(free, Action("submit", SYSTEM), settings, now=NOW) == Move(
        "pending" if flow == "manual" else "scheduled"
    )


def test_a_deposit_of_its_own_is_asked_for_first_and_counts_what_was_paid() -> None:
    order = at("pending", payment_method="link", deposit=10000)
    assert due_first(order, Settings({"deposit": "50"})) == 10000
    assert due_first(replace(order, captured=4000), PAY_FIRST) == 6000
    assert due_first(replace(order, captured=10000), PAY_FIRST) == 0
    assert due_first(replace(order, deposit=90000), PAY_FIRST) == 50000
    assert due_first(replace(order, deposit=None), Settings({"deposit": "50"})) == 25000
    assert [wants_money(order, settings) for settings in (MANUAL, Settings({}), PAY_FIRST)] == [False, False, True]
    assert wants_money(replace(order, status="scheduled"), Settings({}))


@pytest.mark.parametrize(
    ("status", "now", "offered"),
    [
        ("pending", NOW, ["confirm", "reschedule", "cancel"]),
        ("scheduled", NOW, ["reschedule", "cancel"]),
        ("scheduled", START, ["complete", "noshow", "cancel"]),
        ("completed", START, []),
        ("no_show", START, []),
        ("canceled", NOW, []),
    ],
)
def test_staff_are_offered_what_is_valid_now(status: str, now: datetime, offered: list[str]) -> None:
    order = at(status, changed_at=now)
    assert next_actions(order, MANUAL, now=now, visit=VISIT) == offered
    works = possible(order, MANUAL, now=now, visit=VISIT)
    assert works[: len(offered)] == offered
    assert {event for event in works if event in ("resume", "reject", "archive")} <= {
        event for event in COMMANDS if isinstance(outcome(event, status, now=now), Move)
    }


def test_an_order_for_goods_is_decided_by_its_own_table() -> None:
    assert table_of(PENDING).lifecycle is TABLE
    assert table_of(replace(PENDING, kind=PRODUCT)).lifecycle is order_table.ORDER


# What people read


@pytest.mark.parametrize("name", SHIPPED)
def test_every_vocabulary_has_a_word_for_every_status(name: str) -> None:
    store = replace(STORE, settings={"vocabulary": name})
    for status in BOOKING_STATUSES:
        head = card.head(at(status), store)
        assert head.startswith("#1042 · ")
        assert "ready to ship" not in head.lower()
        assert labels.state(at(status), store) != ""
        assert labels.customer(at(status), "en")


def test_socialone_calls_the_statuses_as_it_writes_them() -> None:
    store = replace(STORE, settings={"vocabulary": "socialone"})
    assert [labels.staff(at(status), store) for status in ("pending", "scheduled", "completed", "no_show", "canceled")] == [
        "Pending", "Scheduled", "Completed", "No Show", "Cancelled",
    ]  # fmt: skip
    assert labels.staff(at("pending", payment_status="unpaid"), replace(STORE, settings={"vocabulary": "chord"})) == (
        "Balance_due · To be confirmed"
    )
    assert vocabulary.parse("shop", '[status]\nplaced = true\ncanceled = "Off"\n[booking]\nno_show = "Gone"').labels_of(
        at("canceled")
    ) == {"placed": "", "canceled": "Off", "no_show": "Gone"}


def shown(order: Order, visit: Visit | None = VISIT, *, now: datetime = NOW) -> str:
    message = card.card(order, [LINE], STORE, MANUAL, customer="Asha", chat=None, now=now, visit=visit)
    assert isinstance(message, Text | Buttons | Rows)
    return message.body


def test_the_card_has_the_appointment_and_nothing_of_shipping() -> None:
    """And whether the customer was reminded."""
    text = shown(at("scheduled"))
    assert "🗓 Fri 6 Mar, 15:00–15:45\n📍 with Ravi · 12 MG Road\nNo reminder sent yet." in text
    assert "Shipping" not in text
    told_so = replace(APPOINTMENT, reminded_at=START - HOUR * 24, coming_at=START - HOUR * 20)
    assert "Reminded: 5 Mar, 15:00\n✓ Will be there, said 5 Mar, 19:00" in shown(at("scheduled"), Visit(told_so, CUT))
    assert "🗓" not in shown(replace(PENDING, kind=PRODUCT, status="placed"), None)


def test_a_list_tells_the_time_and_a_tick_whether_they_will_be_there() -> None:
    coming = Visit(replace(APPOINTMENT, coming_at=NOW), CUT)
    line = card.in_a_list(at("scheduled"), STORE, customer="Asha", now=NOW + HOUR, visit=coming)
    assert line == "#1042 · Fri 6 Mar, 15:00 Ravi ✓ · Scheduled · ₹500.00 · Asha · 1h"


def test_nobody_is_named_where_nobody_in_particular_does_it() -> None:
    assert "Ravi" not in shown(at("scheduled"), Visit(APPOINTMENT, replace(CUT, people=())))


WHERE = notices.Setting(STORE, MANUAL, "Asha", "en", 99, NOW, VISIT)


def follow(before: str, after: Order, action: Action, where: notices.Setting = WHERE) -> list[object]:
    return list(notices.follow(Sale(at(before), [LINE]), Sale(after, [LINE]), action, where))


def said(effects: list[object]) -> list[str]:
    texts = [effect for effect in effects if isinstance(effect, Say)]
    for effect in texts:
        assert effect.fallback is not None
        assert "\n" not in effect.fallback.parameters[1]
    bodies = [effect.message.body for effect in texts if isinstance(effect.message, Text | Buttons | Link)]
    assert len(bodies) == len(texts)
    assert all(len(body) < BODY for body in bodies)
    return bodies


VISITED = "Haircut · Fri 6 Mar, 15:00–15:45 · with Ravi · 12 MG Road"
TOLD = [
    ("pending", "scheduled", Action("confirm", STAFF), f"#1042 is booked: {VISITED}."),
    ("pending", "scheduled", Action("captured", TIMER), f"#1042 is booked: {VISITED}."),
    ("scheduled", "canceled", Action("cancel", STAFF, note="ill"),
     f"#1042 is canceled: {VISITED}. For another time write *book*. Reason: ill"),
    ("pending", "canceled", Action("reject", STAFF, note="full"),
     f"We are sorry: we cannot take #1042, {VISITED}. For another time write *book*. Reason: full"),
    ("pending", "canceled", Action("lapse", TIMER),
     f"We are sorry: nobody could confirm #1042 in time, so {VISITED} is not booked. For another time write *book*."),
    ("scheduled", "no_show", Action("noshow", STAFF), f"#1042: we missed you, {VISITED}. For another time write *book*."),
    ("no_show", "scheduled", Action("resume", STAFF),
     f"#1042: what we wrote last was a mistake of ours, please forget it. It stands: {VISITED}."),
    ("scheduled", "scheduled", booking.rescheduled(replace(APPOINTMENT, starts_at=START - HOUR), APPOINTMENT, STAFF, STORE),
     f"#1042 is moved from 6 Mar, 14:00 to {VISITED}."),
    ("pending", "pending", booking.rescheduled(replace(APPOINTMENT, starts_at=START - HOUR), APPOINTMENT, STAFF, STORE),
     f"#1042 is moved from 6 Mar, 14:00 to {VISITED}. Nukkad still confirms it here."),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "action", "text"), TOLD, ids=lambda value: getattr(value, "event", value))
def test_the_customer_is_told_what_became_of_it_unless_that_is_switched_off(
    before: str, after: str, action: Action, text: str
) -> None:
    assert said(follow(before, at(after), action)) == [text]
    name = told.occasion(at(after), action)
    assert name in NOTICES
    off = replace(WHERE, settings=Settings({"order_flow": "manual", "notify.off": str(name)}))
    assert said(follow(before, at(after), action, off)) == []
    assert said(follow(before, at(after), replace(action, is_quiet=True))) == []


def test_an_unpaid_booking_that_lapses_is_said_to_be_unpaid() -> None:
    unpaid = at("canceled", payment_method="link")
    effects = follow("pending", unpaid, Action("lapse", TIMER), replace(WHERE, settings=PAY_FIRST))
    assert said(effects) == [f"#1042 was not paid in time, so {VISITED} is not booked. For another time write *book*."]
    paid = follow("pending", at("canceled", captured=10000), Action("lapse", TIMER))
    assert said(paid)[0].endswith("₹100.00 of what you paid is yours again.")


def test_whoever_was_there_is_asked_how_it_was() -> None:
    [text] = said(follow("scheduled", at("completed"), Action("complete", STAFF)))
    assert text == f"#1042 is done. Thank you for coming to Nukkad!\n\n{say('feedback.ask', 'en')}"


def test_staff_hear_of_what_the_customer_does_with_the_time() -> None:
    moved = booking.rescheduled(replace(APPOINTMENT, starts_at=START - HOUR), APPOINTMENT, CUSTOMER, STORE)
    by_customer = replace(WHERE, actor_id=7)
    for action, after, text in (
        (Action("cancel", CUSTOMER), "canceled", f"✖️ #1042: Asha canceled it, {VISITED}. The time is free again."),
        (moved, "scheduled", f"🔁 #1042: Asha moved it from 6 Mar, 14:00 to {VISITED}."),
    ):
        effects = follow("scheduled", at(after), action, by_customer)
        assert [effect.news.text for effect in effects if isinstance(effect, TellStaff)] == [text]
        assert said(effects) == []
    news = notices.submitted(at("pending"), [LINE], WHERE).news
    assert news.text.endswith("\n🗓 Fri 6 Mar, 15:00–15:45\n📍 with Ravi · 12 MG Road")
    assert [button.title for button in news.buttons] == ["Confirm", "Move", "Cancel"]


@pytest.mark.parametrize(
    ("status", "settings", "changes", "text"),
    [
        ("pending", MANUAL, {}, (f"#1042 is noted: {VISITED}. Nukkad looks at it now and confirms it here. "
         "You pay ₹500.00 when you are here.")),
        ("scheduled", Settings({}), {}, f"#1042 is booked: {VISITED}. You pay ₹500.00 when you are here."),
        ("scheduled", Settings({}), {"subtotal": 0, "total": 0}, f"#1042 is booked: {VISITED}."),
        ("pending", PAY_FIRST, {"payment_method": "link", "deposit": 10000},
         (f"{VISITED} is kept for you as #1042. Nukkad writes here how to pay ₹100.00; with the payment it is booked. "
         "The other ₹400.00 you pay when you are here.")),
        ("scheduled", Settings({}), {"payment_method": "link"},
         f"#1042 is booked: {VISITED}. Nukkad writes here how to pay ₹500.00."),
    ],
)  # fmt: skip
def test_a_customer_for_whom_somebody_books_reads_who_moves_next(
    status: str, settings: Settings, changes: dict[str, object], text: str
) -> None:
    where = replace(WHERE, settings=settings)
    sale = Sale(at(status, **changes), [LINE])
    assert said(list(notices.booked(sale, where))) == [text]
    assert notices.booked(sale, replace(where, actor_id=7)) == []
    assert notices.booked(sale, replace(where, settings=Settings({"notify.off": told.BOOKED[status]}))) == []


# What follows


@pytest.mark.parametrize(("before", "event", "after"), [(a, e, b) for a, e, b in edges(TABLE)])
def test_a_place_is_given_back_when_nothing_comes_of_it_and_no_stock_moves(before: str, event: str, after: str) -> None:
    effects = follow(before, at(after), Action(event, STAFF))
    assert [effect for effect in effects if isinstance(effect, FreeSlot)] == (
        [FreeSlot(1)] if after == "canceled" else []
    )
    assert [effect for effect in effects if isinstance(effect, MoveStock)] == []


def test_what_was_canceled_is_not_freed_twice() -> None:
    assert not [e for e in follow("canceled", at("canceled"), Action("archive", STAFF)) if isinstance(e, FreeSlot)]


def timers(order: Order, now: datetime = NOW, settings: Settings = MANUAL) -> tuple[tuple[str, datetime], ...]:
    return open_until(order, settings, visit=VISIT, now=now, zone=ZoneInfo(STORE.timezone))


def test_a_booking_that_waits_for_the_shop_lapses_and_staff_are_reminded_halfway() -> None:
    assert timers(PENDING) == ((UNANSWERED, NOW + 2 * HOUR), (LAPSE, NOW + 4 * HOUR))
    assert timers(PENDING, NOW + 3 * HOUR) == ((LAPSE, NOW + 4 * HOUR),)
    near = replace(PENDING, changed_at=START - 2 * HOUR)
    assert timers(near, START - 2 * HOUR) == ((UNANSWERED, START - HOUR), (LAPSE, START))
    asked = replace(PENDING, checkout_step=Step.PAYMENT)
    assert timers(asked) == ((LAPSE, NOW + 4 * HOUR),)
    unpaid = replace(PENDING, payment_method="link")
    assert timers(unpaid, settings=PAY_FIRST) == ((LAPSE, NOW + 4 * HOUR),)


def test_staff_are_asked_after_the_end_what_became_of_it() -> None:
    end = APPOINTMENT.ends_at
    assert (FOLLOW_UP, end) in timers(at("scheduled"))
    assert timers(at("scheduled"), end) == ()
    assert timers(at("completed"), end) == timers(at("canceled")) == ()
    kept = Settings({"auto_archive_after": "1d"})
    assert timers(at("no_show"), settings=kept) == (("archive", NOW + timedelta(days=1)),)


def test_a_scheduled_booking_reminds_its_customer_before_it_begins_and_never_late() -> None:
    scheduled, ends = at("scheduled"), (FOLLOW_UP, APPOINTMENT.ends_at)
    day, near = (REMINDER, START - 24 * HOUR), (REMINDER, START - 2 * HOUR)
    assert timers(scheduled) == (day, near, ends)
    assert timers(scheduled, START - 24 * HOUR) == (near, ends)
    assert timers(scheduled, START - HOUR) == (ends,)
    assert timers(scheduled, settings=Settings({"reminders": "none"})) == (ends,)
    assert [kind for kind, _ in timers(PENDING)] == [UNANSWERED, LAPSE]


def test_every_kind_of_timer_that_does_not_stand_any_more_is_stopped() -> None:
    for status in BOOKING_STATUSES:
        effects = notices.timers(at(status), WHERE)
        stopped = [kind for effect in effects if isinstance(effect, StopTimer) for kind in effect.kinds]
        assert sorted(stopped) == sorted(TABLES[BOOKING].timers)
        set_at: dict[str, set[datetime]] = {}
        for effect in effects:
            if isinstance(effect, StartTimer):
                set_at.setdefault(effect.kind, set()).add(effect.due_at)
        kept = {kind: set(e.but) for e in effects if isinstance(e, StopTimer) and e.but for kind in e.kinds}
        assert kept == set_at


def test_a_move_is_never_taken_back_by_a_tap_for_its_old_time_may_be_gone() -> None:
    windows = {event: bool(undo.window(Action(event, STAFF), Settings({}))) for event in booking.COMMANDS}
    assert {event for event, can_be in windows.items() if not can_be} == {"reschedule", "cancel", "reject"}


def test_an_answer_on_a_booking_already_so_says_when() -> None:
    assert decide(at("scheduled"), Action("confirm", STAFF), MANUAL, now=NOW) == AlreadySo("scheduled")
