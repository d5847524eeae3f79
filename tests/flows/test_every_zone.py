"""Working hours, mornings and reminders at every leap of every clock from 2024 to 2030, against an oracle of our own."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import combinations, product
from zoneinfo import ZoneInfo, available_timezones

from flows.appointment import Interval
from flows.hours import Opening, Span
from flows.reminders import moments, morning
from flows.working import local, working
from tests.flows import tzif

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
LONG_AGO = datetime(2023, 6, 1, tzinfo=UTC)
OFFSETS = (2 * DAY, 36 * HOUR, DAY, 2 * HOUR)


@cache
def groups() -> dict[tzif.Zone, list[str]]:
    """Zones whose clocks show the same from 2023 to 2031, of all there are."""
    found: dict[tzif.Zone, list[str]] = defaultdict(list)
    for name in sorted(available_timezones()):
        found[tzif.read(name)].append(name)
    return found


def cases() -> Iterator[tuple[tzif.Zone, ZoneInfo, datetime, timedelta, timedelta]]:
    """Each leap of one zone of each group, with the offset before and after."""
    for zone, names in groups().items():
        for leap, before, after in zone.leaps():
            yield zone, ZoneInfo(names[0]), leap, before, after


def walls(leap: datetime, before: timedelta, after: timedelta) -> list[datetime]:
    """What clocks show a minute before, at and a minute after both edges of what is left out or shown twice, and amid it."""
    edges = [(leap + offset).replace(tzinfo=None) for offset in sorted((before, after))]
    middle = edges[0] + (edges[1] - edges[0]) / 2
    return sorted({edge + n * MINUTE for edge in (*edges, middle) for n in (-1, 0, 1)})


def test_every_clock_there_is_leaps_as_the_oracle_says() -> None:
    assert len(available_timezones()) > 400
    for zone, names in groups().items():
        edges = [leap + n * tzif.SECOND for leap, _, _ in zone.leaps() for n in (-1, 0)]
        for name, moment in product(
            names, [*edges, datetime(2024, 1, 1, tzinfo=UTC), datetime(2030, 7, 1, tzinfo=UTC)]
        ):
            assert moment.astimezone(ZoneInfo(name)).utcoffset() == zone.offset(moment), (name, moment)


def test_the_odd_ones_are_among_them() -> None:
    steps = {after - before for _, _, _, before, after in cases()}
    assert {HOUR, -HOUR, HOUR / 2, -HOUR / 2, 2 * HOUR, -2 * HOUR} <= steps
    assert len(list(cases())) > 300


def test_a_time_by_the_clock_is_the_moment_the_oracle_finds() -> None:
    for zone, real, leap, before, after in cases():
        for wall in walls(leap, before, after):
            assert local(wall.date(), wall.time(), real) == zone.utc(wall), (real, wall)


def test_working_intervals_begin_and_end_where_the_oracle_says() -> None:
    for zone, real, leap, before, after in cases():
        around = walls(leap, before, after)
        for opens, closes in combinations([around[0] - 5 * HOUR, *around, around[-1] + 5 * HOUR], 2):
            day = opens.date()
            midnight = datetime.combine(day, time())
            opening = Opening(day.weekday(), Span(opens - midnight, closes - midnight))
            begins, ends = zone.utc(opens), zone.utc(closes)
            expected = (Interval(begins, ends),) if begins < ends else ()
            assert working([opening], day, day, real) == expected, (real, opens, closes)
            if closes - midnight > DAY:
                assert working([opening], day + DAY, day + DAY, real) == expected, (real, opens, closes)


def test_days_around_the_clock_leave_no_gap_at_any_leap() -> None:
    for zone, real, leap, before, _ in cases():
        day = (leap + before).date()
        always = [Opening(weekday, Span(timedelta(), DAY)) for weekday in range(7)]
        begins, ends = (zone.utc(datetime.combine(day + n * DAY, time())) for n in (-1, 2))
        assert working(always, day - DAY, day + DAY, real) == (Interval(begins, ends),), (real, leap)


def expected(zone: tzif.Zone, starts: datetime, offset: timedelta) -> datetime:
    return starts - offset if offset % DAY else zone.utc(zone.wall(starts) - offset)


def test_reminders_are_due_when_the_oracle_says() -> None:
    for zone, real, leap, before, after in cases():
        for wall, offset in product(walls(leap, before, after), OFFSETS):
            for starts in {zone.utc(wall + offset), zone.utc(wall) + offset}:
                found = moments(starts, OFFSETS, now=LONG_AGO, zone=real, quiet=None)
                assert dict(found) == {each: expected(zone, starts, each) for each in OFFSETS}, (real, starts)
                late = moments(starts, OFFSETS, now=starts - offset, zone=real, quiet=None)
                assert late == [(each, due) for each, due in found if due > starts - offset], (real, starts)


def test_quiet_hours_begin_and_end_by_the_clock_at_every_leap() -> None:
    for zone, real, leap, before, after in cases():
        for opens, closes in combinations(walls(leap, before, after)[::2], 2):
            midnight = datetime.combine(opens.date(), time())
            quiet = Span(opens - midnight, closes - midnight)
            edges = (zone.utc(opens), zone.utc(closes))
            for edge, beside in product(edges, (-MINUTE, timedelta(), MINUTE)):
                starts = edge + beside + 2 * HOUR
                found = dict(moments(starts, [2 * HOUR], now=LONG_AGO, zone=real, quiet=quiet))
                nights = (edges, *((zone.utc(opens + n * DAY), zone.utc(closes + n * DAY)) for n in (-1, 1)))
                night = next((each for each in nights if each[0] <= edge + beside < each[1]), None)
                due = edge + beside if night is None else night[0] - MINUTE
                assert found == {2 * HOUR: due}, (real, opens, closes, edge + beside)


def test_the_morning_of_staff_is_at_seven_on_every_day_of_a_leap() -> None:
    for zone, real, leap, before, _ in cases():
        for day in ((leap + before).date() + n * DAY for n in (-1, 0, 1)):
            assert morning(day, real) == zone.utc(datetime.combine(day, time(7))), (real, day)
