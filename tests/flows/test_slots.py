"""Free slots are what a look at every minute of the diaries finds, in order of time, and no more are made than are read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.appointment import Busy, Diary, Interval, Service, Slot
from flows.slots import distinct, first_of_days, fits, free, nearest

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
CUT = Service(
    sku="CUT",
    title="Haircut",
    price=500,
    currency="INR",
    duration=30 * MINUTE,
    before=timedelta(),
    after=timedelta(),
    capacity=1,
    deposit=0,
    people=("Priya",),
    lead=timedelta(),
    horizon=30 * DAY,
    notice=timedelta(),
)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return MONDAY + day * DAY + hour * HOUR + minute * MINUTE


def diary(*busy: Busy, calendar_id: int = 1, days: int = 1, opens: int = 9, closes: int = 11) -> Diary:
    return Diary(calendar_id, "Priya", tuple(Interval(at(opens, day=n), at(closes, day=n)) for n in range(days)), busy)


def starts(service: Service, *diaries: Diary, places: int = 1, step: int = 30, now: datetime = MONDAY) -> list[str]:
    found = free(service, diaries, now=now, step=step * MINUTE, first=MONDAY, last=at(0, day=7), places=places)
    return [f"{slot.calendar_id} {slot.starts_at:%a %H:%M}" for slot in found]


def test_a_day_without_bookings_is_cut_by_the_step() -> None:
    assert starts(CUT, diary()) == ["1 Mon 09:00", "1 Mon 09:30", "1 Mon 10:00", "1 Mon 10:30"]


def test_the_grid_begins_with_the_working_interval_and_a_slot_ends_inside_it() -> None:
    odd = Diary(1, "Priya", (Interval(at(9, 10), at(10, 5)),), ())
    assert starts(CUT, odd, step=20) == ["1 Mon 09:10", "1 Mon 09:30"]


def test_what_is_taken_is_not_offered_and_the_grid_stays() -> None:
    assert starts(CUT, diary(Busy(at(9, 10), at(9, 40)))) == ["1 Mon 10:00", "1 Mon 10:30"]


def test_buffers_keep_their_distance_from_what_is_taken_and_not_from_the_edges_of_work() -> None:
    tidy = replace(CUT, before=5 * MINUTE, after=10 * MINUTE)
    taken = diary(Busy(at(9, 40), at(10)))
    assert starts(tidy, taken, step=5) == ["1 Mon 09:00", *(f"1 Mon 10:{n:02}" for n in range(5, 31, 5))]


def test_two_that_touch_do_not_overlap() -> None:
    assert starts(CUT, diary(Busy(at(9, 30), at(10)))) == ["1 Mon 09:00", "1 Mon 10:00", "1 Mon 10:30"]


def test_a_gap_that_is_just_long_enough_is_a_slot() -> None:
    assert starts(CUT, diary(Busy(at(9), at(9, 30)), Busy(at(10), at(11)))) == ["1 Mon 09:30"]


def test_a_session_is_a_slot_at_its_own_start_while_it_has_places_left() -> None:
    course = replace(CUT, capacity=10, after=5 * MINUTE)
    running = diary(Busy(at(9, 10), at(9, 45), sku="CUT", starts_at=at(9, 10), left=2))
    assert starts(course, running, places=2) == ["1 Mon 09:10", "1 Mon 10:00", "1 Mon 10:30"]
    assert starts(course, running, places=3) == ["1 Mon 10:00", "1 Mon 10:30"]
    assert starts(replace(course, sku="DYE"), running) == ["1 Mon 10:00", "1 Mon 10:30"]


def test_a_session_begun_or_outside_work_is_not_joined() -> None:
    course = replace(CUT, capacity=10)
    running = diary(
        Busy(at(7), at(7, 30), sku="CUT", starts_at=at(7), left=2),
        Busy(at(9), at(9, 30), sku="CUT", starts_at=at(9), left=2),
    )
    assert starts(course, running, now=at(9, 1)) == ["1 Mon 09:30", "1 Mon 10:00", "1 Mon 10:30"]
    assert starts(course, running)[0] == "1 Mon 09:00"


def test_a_party_larger_than_the_service_finds_nothing() -> None:
    assert starts(CUT, diary(), places=2) == []


def test_lead_and_horizon_bound_what_is_offered_and_both_ends_count() -> None:
    early = replace(CUT, lead=90 * MINUTE, horizon=26 * HOUR)
    assert starts(early, diary(days=3), now=at(8)) == [
        "1 Mon 09:30", "1 Mon 10:00", "1 Mon 10:30", "1 Tue 09:00", "1 Tue 09:30", "1 Tue 10:00",
    ]  # fmt: skip


def test_first_counts_and_last_does_not() -> None:
    found = free(CUT, [diary()], now=MONDAY, step=30 * MINUTE, first=at(9, 30), last=at(10, 30))
    assert [slot.starts_at for slot in found] == [at(9, 30), at(10)]


def test_calendars_are_merged_by_time_and_keep_their_order_within_it() -> None:
    second = replace(diary(Busy(at(9), at(9, 30))), calendar_id=2)
    assert starts(CUT, second, diary(), step=60) == ["1 Mon 09:00", "2 Mon 10:00", "1 Mon 10:00"]


def test_the_next_three_are_three_times_and_not_three_people() -> None:
    two = [diary(), replace(diary(), calendar_id=2)]
    found = free(CUT, two, now=MONDAY, step=30 * MINUTE, first=MONDAY, last=at(12))
    assert list(islice(distinct(found), 3)) == [
        Slot(1, at(9), at(9, 30)),
        Slot(1, at(9, 30), at(10)),
        Slot(1, at(10), at(10, 30)),
    ]


def test_days_are_those_of_the_zone_and_a_full_one_is_left_out() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    late = diary(Busy(at(18, day=1), at(20, day=1)), days=4, opens=18, closes=20)  # 23:30 to 01:30 in Kolkata
    found = first_of_days(CUT, [late], now=MONDAY, step=30 * MINUTE, first=MONDAY, last=at(18, 30, day=3), zone=kolkata)
    assert [slot.starts_at.astimezone(kolkata).date() for slot in found] == [
        date(2026, 11, n) for n in (23, 24, 25, 26)
    ]
    early = first_of_days(
        CUT, [diary(Busy(at(9, day=1), at(11, day=1)), days=3)],
        now=MONDAY, step=30 * MINUTE, first=MONDAY, last=at(0, day=7), zone=kolkata,
    )  # fmt: skip
    assert [slot.starts_at.astimezone(kolkata).date() for slot in early] == [date(2026, 11, 23), date(2026, 11, 25)]


@pytest.mark.parametrize(
    ("wanted", "count", "found"),
    [
        (at(10), 2, [at(9, 30), at(10, 30)]),
        (at(10), 3, [at(9), at(9, 30), at(10, 30)]),
        (at(8), 2, [at(9), at(9, 30)]),
        (at(12), 2, [at(9, 30), at(10, 30)]),
        (at(9, 30), 1, [at(9, 30)]),
        (at(10), 9, [at(9), at(9, 30), at(10, 30)]),
    ],
)
def test_alternatives_lie_around_the_lost_time(wanted: datetime, count: int, found: list[datetime]) -> None:
    slots = [Slot(1, start, start + 30 * MINUTE) for start in (at(9), at(9, 30), at(10, 30))]
    assert [slot.starts_at for slot in nearest(slots, wanted, count)] == found


def test_no_more_slots_are_made_than_are_read() -> None:
    def endless() -> Iterator[Slot]:
        for n in range(8):
            assert n < 7, "read too far"
            yield Slot(1, at(n), at(n + 1))

    assert [slot.starts_at for slot in nearest(endless(), at(5), 2)] == [at(4), at(5)]


LONG = 90
MINUTES = st.integers(0, LONG)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    """In order and apart, within an hour and a half: working ones may not touch either."""
    edges = sorted(draw(st.sets(MINUTES, max_size=6)))
    return tuple(Interval(at(9, begins), at(9, ends)) for begins, ends in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def diaries(draw: st.DrawFn) -> Diary:
    busy = []
    for start, end in draw(intervals()):
        minutes = (end - start) // MINUTE
        since = draw(st.none() | st.integers(0, minutes - 1))
        starts_at = None if since is None else start + since * MINUTE
        sku = draw(st.sampled_from(["CUT", "DYE"])) if starts_at else ""
        busy.append(Busy(start, end, sku, starts_at, draw(st.integers(0, 3)) if starts_at else 0))
    touching = draw(st.lists(st.booleans(), min_size=len(busy), max_size=len(busy)))
    for n in range(len(busy) - 1):
        if touching[n]:
            busy[n] = replace(busy[n], end=busy[n + 1].start)
    return Diary(draw(st.integers(1, 9)), "Priya", draw(intervals()), tuple(busy))


SERVICES = st.builds(
    replace,
    st.just(CUT),
    duration=st.integers(1, 15).map(lambda n: n * MINUTE),
    before=st.integers(0, 5).map(lambda n: n * MINUTE),
    after=st.integers(0, 5).map(lambda n: n * MINUTE),
    capacity=st.integers(1, 3),
    lead=st.integers(0, 20).map(lambda n: n * MINUTE),
    horizon=st.integers(40, 120).map(lambda n: n * MINUTE),
)


def can_be_had(service: Service, diary: Diary, minute: datetime, places: int) -> bool:
    """By the rules, said as plainly as possible: work all the time, and nothing else meanwhile, or a session with room."""
    ends = minute + service.duration
    if places > service.capacity or not any(work.start <= minute and ends <= work.end for work in diary.working):
        return False
    sessions = [busy for busy in diary.busy if busy.sku == service.sku and busy.starts_at == minute]
    if sessions:
        return sessions[0].left >= places
    return not any(busy.start < ends + service.after and minute - service.before < busy.end for busy in diary.busy)


def is_offered(service: Service, diary: Diary, minute: datetime, step: timedelta) -> bool:
    runs = any(busy.sku == service.sku and busy.starts_at == minute for busy in diary.busy)
    return runs or any(
        work.start <= minute < work.end and (minute - work.start) % step == 0 * MINUTE for work in diary.working
    )


def oracle(
    service: Service,
    diaries: Sequence[Diary],
    *,
    now: datetime,
    step: timedelta,
    first: datetime,
    last: datetime,
    places: int,
) -> list[Slot]:
    return [
        Slot(diary.calendar_id, minute, minute + service.duration)
        for minute in (at(9, n) for n in range(LONG + 1))
        if first <= minute < last and now + service.lead <= minute <= now + service.horizon
        for diary in diaries
        if is_offered(service, diary, minute, step) and can_be_had(service, diary, minute, places)
    ]


@settings(max_examples=300)
@given(
    service=SERVICES,
    diaries=st.lists(diaries(), min_size=1, max_size=3),
    now=st.integers(-20, 20).map(lambda n: at(9, n)),
    step=st.integers(1, 12).map(lambda n: n * MINUTE),
    first=st.integers(0, 30).map(lambda n: at(9, n)),
    last=st.integers(20, LONG).map(lambda n: at(9, n)),
    places=st.integers(1, 2),
)
def test_free_is_what_an_oracle_finds_minute_by_minute(
    *,
    service: Service,
    diaries: list[Diary],
    now: datetime,
    step: timedelta,
    first: datetime,
    last: datetime,
    places: int,
) -> None:
    found = list(free(service, diaries, now=now, step=step, first=first, last=last, places=places))
    assert found == oracle(service, diaries, now=now, step=step, first=first, last=last, places=places)
    assert [slot.starts_at for slot in distinct(found)] == sorted({slot.starts_at for slot in found})


@settings(max_examples=300)
@given(SERVICES, diaries(), st.integers(1, 2))
def test_a_time_fits_where_the_oracle_says_so_on_the_grid_or_off_it(
    service: Service, diary: Diary, places: int
) -> None:
    for minute in (at(9, n) for n in range(LONG + 1)):
        assert fits(service, diary, minute, places) == can_be_had(service, diary, minute, places), minute
