"""People say when in many ways: each is read as they mean it, what is no day or time is refused in words, the rest is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.appointment import Interval
from flows.hours import Span, parse_hours
from flows.meaning import When, moment, stretch
from flows.when import read
from flows.working import working

KOLKATA = ZoneInfo("Asia/Kolkata")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 11, 10, 20, tzinfo=KOLKATA)
"""A Wednesday."""
TODAY, TOMORROW, SATURDAY = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 28)
HOUR = timedelta(hours=1)
MORNING, AFTERNOON, EVENING = (Span(a * HOUR, b * HOUR) for a, b in ((5, 12), (12, 17), (17, 22)))
TONIGHT = Span(17 * HOUR, 24 * HOUR)


def vague(day: date | None, hour: int, minute: int = 0) -> When:
    return When(day, time(hour, minute), is_vague_hour=True)


READ = {
    # a day and a time
    "tomorrow 3:30pm": When(TOMORROW, time(15, 30)),
    "Tomorrow at 3.30 PM": When(TOMORROW, time(15, 30)),
    "tmrw 15:30": When(TOMORROW, time(15, 30)),
    "today 5": vague(TODAY, 5),
    "tomorrow 4": vague(TOMORROW, 4),
    "tomorrow 4 o'clock": vague(TOMORROW, 4),
    "tomorrow 4:15": vague(TOMORROW, 4, 15),
    "tomorrow 04:15": When(TOMORROW, time(4, 15)),
    "tomorrow 12": vague(TOMORROW, 12),
    "tomorrow 12am": When(TOMORROW, time(0)),
    "tomorrow 12 p.m.": When(TOMORROW, time(12)),
    "tomorrow 16": When(TOMORROW, time(16)),
    "tomorrow noon": When(TOMORROW, time(12)),
    "day after tomorrow, 9am": When(date(2026, 11, 27), time(9)),
    "sat 10": vague(SATURDAY, 10),
    "on Saturday at 10!": vague(SATURDAY, 10),
    "4pm tomorrow": When(TOMORROW, time(16)),
    "4 tomorrow": vague(TOMORROW, 4),
    "at 4 on sat": vague(SATURDAY, 4),
    "1 dec 15:30": When(date(2026, 12, 1), time(15, 30)),
    "dec 1 15": When(date(2026, 12, 1), time(15)),
    "1st of December 2026, 3pm": When(date(2026, 12, 1), time(15)),
    "2026-12-01 15:30": When(date(2026, 12, 1), time(15, 30)),
    "2026-12-01T15:30": When(date(2026, 12, 1), time(15, 30)),
    "2026-12-01T15:30:59": When(date(2026, 12, 1), time(15, 30)),
    "2026-12-01T22:30Z": When(date(2026, 12, 2), time(4)),
    "2026-12-01T15:30+01:00": When(date(2026, 12, 1), time(20)),
    # from now
    "in 2 hours": When(TODAY, time(13, 11)),
    "in an hour": When(TODAY, time(12, 11)),
    "in 14 hours": When(TOMORROW, time(1, 11)),
    "in 45 min": When(TODAY, time(11, 56)),
    "now": When(TODAY, time(11, 11)),
    "in 3 days": When(SATURDAY),
    "in a week": When(date(2026, 12, 2)),
    "in two weeks at 4pm": When(date(2026, 12, 9), time(16)),
    # a day alone
    "tomorrow": When(TOMORROW),
    "dec 1": When(date(2026, 12, 1)),
    "1 dec": When(date(2026, 12, 1)),
    "25 nov": When(TODAY),
    "24 nov": When(date(2027, 11, 24)),
    "29 feb": When(date(2028, 2, 29)),
    "1 dec 2025": When(date(2025, 12, 1)),
    "the 5th": When(date(2026, 12, 5)),
    "31st": When(date(2026, 12, 31)),
    "sunday": When(date(2026, 11, 29)),
    "next monday": When(date(2026, 11, 30)),
    "next wednesday": When(date(2026, 12, 2)),
    "next friday": When(date(2026, 12, 4)),
    "this friday": When(date(2026, 11, 27)),
    "wednesday": When(TODAY),
    # a weekday that is today, at a time that is over
    "wed 10am": When(date(2026, 12, 2), time(10)),
    "wed 10": vague(TODAY, 10),
    "wed 11:30am": When(TODAY, time(11, 30)),
    "wed morning": When(TODAY, part=MORNING),
    "today 10am": When(TODAY, time(10)),
    # parts of a day
    "saturday morning": When(SATURDAY, part=MORNING),
    "morning": When(part=MORNING),
    "in the evening": When(part=EVENING),
    "this evening": When(TODAY, part=EVENING),
    "tonight": When(TODAY, part=TONIGHT),
    "tonight at 8": When(TODAY, time(20)),
    "saturday evening 6": When(SATURDAY, time(18)),
    "tomorrow morning 9": When(TOMORROW, time(9)),
    "4 in the afternoon": When(at=time(16)),
    "tomorrow morning 4pm": When(TOMORROW, time(16)),
    # a time alone
    "4": vague(None, 4),
    "4pm": When(at=time(16)),
    "at 4": vague(None, 4),
    "16:00": When(at=time(16)),
    # spans
    "tomorrow 13:00-15:00": When(TOMORROW, time(13), until=time(15)),
    "tomorrow 13:00 – 15:00": When(TOMORROW, time(13), until=time(15)),
    "tomorrow from 1 to 3pm": When(TOMORROW, time(13), until=time(15)),
    "tomorrow 11-1pm": When(TOMORROW, time(11), until=time(13)),
    "tomorrow 9am-5": When(TOMORROW, time(9), until=time(17)),
    "tomorrow 9-17": When(TOMORROW, time(9), until=time(17)),
    "tomorrow 22:00-02:00": When(TOMORROW, time(22), until=time(2)),
    "tomorrow 20:00-24:00": When(TOMORROW, time(20), until=time(0)),
    "tomorrow 1-3": When(TOMORROW, time(1), until=time(3), is_vague_hour=True),
    "tomorrow afternoon 1-3": When(TOMORROW, time(13), until=time(15)),
    "tomorrow morning 8am-1am": When(TOMORROW, time(8), until=time(1)),
    "tomorrow's": When(TOMORROW),
    "13:00-15:00": When(at=time(13), until=time(15)),
}


@pytest.mark.parametrize("text", READ)
def test_it_is_read_as_people_mean_it(text: str) -> None:
    assert read(text, now=NOW, zone=KOLKATA) == READ[text]


def test_a_weekday_whose_part_is_over_is_meant_in_a_week() -> None:
    assert read("wed morning", now=NOW + HOUR, zone=KOLKATA) == When(date(2026, 12, 2), part=MORNING)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "2 haircuts", "HAIRCUT 4", "+919876543210", "2xTEA", "it costs 12.50", "25.50", "may I come", "99", "in hours",
     "march", "CUT-10", "next", "at", "order 1042", "10000-12-12", "1 of them"],
)  # fmt: skip
def test_what_says_nothing_about_when_is_not_read(text: str) -> None:
    assert read(text, now=NOW, zone=KOLKATA) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("31 feb", "there is no 31 in that month; write the day like 1 dec or 2026-12-01"),
        ("0 dec", "there is no 0 in that month"),
        ("32nd", "there is no 32 in that month"),
        ("29 feb 2027", "there is no day 2027-02-29"),
        ("2026-13-01", "there is no day 2026-13-01"),
        ("2026-13-01T10:00", "there is no 2026-13-01T10:00"),
        ("tomorrow 25:00", "'25:00' is no time of the day; write it like 15:30 or 3:30pm"),
        ("tomorrow 24:00", "'24:00' is no time of the day"),
        ("tomorrow 3:75", "'3:75' is no time of the day"),
        ("tomorrow 13 pm", "'13 pm' is no time of the day"),
        ("0am", "'0am' is no time of the day"),
        ("tomorrow 4-4", "04:00 to 04:00 is no span; it ends when it begins"),
        ("1/12", "'1/12' can be read in two ways; write the day like 1 dec or 2026-12-01"),
        ("1.12.2026 10:00", "'1.12.2026' can be read in two ways"),
    ],
)
def test_what_there_is_not_is_refused_in_words(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("(", "\\(")):
        read(text, now=NOW, zone=KOLKATA)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("+919876543210 HAIRCUT tomorrow 4 Priya", replace(vague(TOMORROW, 4), before="+919876543210 HAIRCUT", after="Priya")),
        ("1042 sat 10", replace(vague(SATURDAY, 10), before="1042")),
        ("CUT 12 tomorrow 4", replace(vague(TOMORROW, 4), before="CUT 12")),
        ("Sunday Brunch tomorrow 4pm", When(TOMORROW, time(16), before="Sunday Brunch")),
        ("Morning Yoga sat 10am", When(SATURDAY, time(10), before="Morning Yoga")),
        (
            "Can I come tomorrow for a haircut, please, at 4pm? Thanks!",
            When(TOMORROW, time(16), before="Can I come", after="for a haircut, please Thanks!"),
        ),
        ("at 4pm with Priya tomorrow", When(TOMORROW, time(16), after="with Priya")),
        ("tomorrow or friday", When(TOMORROW, after="or friday")),
        ("haircut 2-3pm", When(at=time(14), until=time(15), before="haircut")),
        ("tomorrow 13:00-15:00 dentist", When(TOMORROW, time(13), until=time(15), after="dentist")),
    ],
)  # fmt: skip
def test_the_words_around_it_are_kept(text: str, when: When) -> None:
    assert read(text, now=NOW, zone=KOLKATA) == when


def test_a_leap_day_may_be_eight_years_away() -> None:
    now = datetime(2096, 3, 1, 12, tzinfo=UTC)
    assert read("29 feb", now=now, zone=KOLKATA) == When(date(2104, 2, 29))


def test_days_are_those_of_the_zone() -> None:
    late = datetime(2026, 11, 25, 20, tzinfo=UTC)  # in Kolkata it is already tomorrow
    assert read("today", now=late, zone=KOLKATA) == When(TOMORROW)
    assert read("today", now=late, zone=BERLIN) == When(TODAY)


SHOP = working(parse_hours("mon-sat 09:00-13:00, mon-sat 14:00-20:00"), TODAY, SATURDAY, KOLKATA)
NIGHT = working(parse_hours("mon-sat 22:00-06:00"), TODAY, SATURDAY, KOLKATA)


@pytest.mark.parametrize(
    ("text", "shop", "means"),
    [
        ("tomorrow 4", SHOP, "26 16:00"),
        ("tomorrow 10", SHOP, "26 10:00"),
        ("tomorrow 4", NIGHT, "26 04:00"),
        ("tomorrow 11", NIGHT, "26 23:00"),
        ("tomorrow 4", (), "26 16:00"),
        ("tomorrow 9", (), "26 09:00"),
        ("tomorrow 12", (), "26 12:00"),
        ("tomorrow 4am", SHOP, "26 04:00"),
        ("today 10", SHOP, "25 10:00"),
        ("today 9", NIGHT + SHOP, "25 09:00"),
        ("4", SHOP, "25 16:00"),
        ("10", SHOP, "26 10:00"),
        ("10:30", SHOP, "26 10:30"),
        ("4pm", SHOP, "25 16:00"),
        ("9am", SHOP, "26 09:00"),
        ("9am", (), "26 09:00"),
    ],
)
def test_a_vague_hour_is_the_one_at_which_the_shop_works(text: str, shop: tuple[Interval, ...], means: str) -> None:
    when = read(text, now=NOW, zone=KOLKATA)
    assert when
    meant = moment(when, shop, now=NOW, zone=KOLKATA)
    assert meant
    assert f"{meant.astimezone(KOLKATA):%d %H:%M}" == means


def test_a_time_without_a_day_is_ahead_even_if_nothing_works_then() -> None:
    only_today = working(parse_hours("wed 09:00-13:00"), TODAY, TODAY, KOLKATA)
    meant = moment(vague(None, 10), only_today, now=NOW, zone=KOLKATA)
    assert meant == datetime(2026, 11, 26, 10, tzinfo=KOLKATA)


@pytest.mark.parametrize("text", ["tomorrow", "tomorrow morning", "evening"])
def test_without_a_time_there_is_no_moment(text: str) -> None:
    when = read(text, now=NOW, zone=KOLKATA)
    assert when
    assert moment(when, SHOP, now=NOW, zone=KOLKATA) is None


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("tomorrow 13:00-15:00", "26 13:00-26 15:00"),
        ("tomorrow 1-3", "26 13:00-26 15:00"),
        ("tomorrow 10-2", "26 10:00-26 14:00"),
        ("tomorrow 22:00-02:00", "26 22:00-27 02:00"),
        ("tomorrow 20:00-24:00", "26 20:00-27 00:00"),
        ("tomorrow", "26 00:00-27 00:00"),
        ("sat morning", "28 05:00-28 12:00"),
        ("morning", "25 05:00-25 12:00"),
        ("tonight", "25 17:00-26 00:00"),
        ("16:00-17:00", "25 16:00-25 17:00"),
    ],
)
def test_a_stretch_is_a_span_a_part_of_a_day_or_a_day(text: str, means: str) -> None:
    when = read(text, now=NOW, zone=KOLKATA)
    assert when
    found = stretch(when, SHOP, now=NOW, zone=KOLKATA)
    assert found
    assert "-".join(f"{at.astimezone(KOLKATA):%d %H:%M}" for at in found) == means


def test_a_time_alone_is_no_stretch_and_a_part_that_is_over_is_tomorrows() -> None:
    assert stretch(vague(TOMORROW, 4), SHOP, now=NOW, zone=KOLKATA) is None
    found = stretch(When(part=MORNING), SHOP, now=NOW + HOUR, zone=KOLKATA)
    assert found
    assert found.start == datetime(2026, 11, 26, 5, tzinfo=KOLKATA)


def test_a_span_that_a_leap_of_the_clock_swallows_is_none() -> None:
    spring = date(2026, 3, 29)
    now = datetime(2026, 3, 20, tzinfo=UTC)
    assert stretch(When(spring, time(2, 45), until=time(3, 15)), (), now=now, zone=BERLIN) is None


def test_in_an_hour_is_an_hour_later_also_when_the_clock_shows_it_twice() -> None:
    for now in (datetime(2026, 10, 25, n, tzinfo=UTC) for n in range(4)):
        when = read("in an hour", now=now, zone=BERLIN)
        assert when
        assert moment(when, (), now=now, zone=BERLIN) == now + HOUR


VOCABULARY = """
    next this in at on of the to - from a 2 hours days am pm o'clock mon saturday today tomorrow tonight morning evening noon
    now dec feb 1 4 12 13 24 29 31 31st 2026 2026-02-29 2026-12-01T10:00Z 4pm 15:30 00:30 3.30 9-17 10-2 1-1 1/2 24:00 25:00
    Priya +919876543210
"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=7).map(" ".join)))
def test_anything_is_read_or_refused_in_words_and_comes_to_a_moment(text: str) -> None:
    try:
        when = read(text, now=NOW, zone=KOLKATA)
    except ValueError as refused:
        assert " is no " in str(refused) or "there is no " in str(refused) or " two ways" in str(refused)
        return
    if when is None:
        return
    assert when.day or when.at is not None or when.part
    assert when.at is None or when.part is None
    assert when.before in text
    assert all(word in text for word in when.after.split())
    meant, over = moment(when, SHOP, now=NOW, zone=KOLKATA), stretch(when, SHOP, now=NOW, zone=KOLKATA)
    assert (meant is None) == (when.at is None)
    assert (over is None) == (when.at is not None and when.until is None)
