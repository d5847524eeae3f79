"""Words about time, a table for each language: what `flows/when.py` understands of what people type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from flows.hours import DAY, Span

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = 12 * HOUR


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a language, in small letters."""

    days: Mapping[str, int]
    """Days from today; up to three words."""
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    parts: Mapping[str, Span]
    todays: Mapping[str, Span]
    """Words that mean a part of today."""
    clocks: Mapping[str, time]
    units: Mapping[str, timedelta]
    numbers: Mapping[str, int]
    halves: Mapping[str, timedelta]
    """What stands behind an hour of twelve, and how far its 12 o'clock is from midnight."""
    now: frozenset[str]
    within: frozenset[str]
    """Before a number and a unit."""
    this: frozenset[str]
    following: frozenset[str]
    """Before a weekday: that of the next week, which begins on Monday."""
    to: frozenset[str]
    at: frozenset[str]
    """Before a time. A number alone is a time behind them."""
    before_day: frozenset[str]
    before_part: frozenset[str]
    between: frozenset[str]
    """Between the number of a day and its month."""
    clock: frozenset[str]


def _span(opens: int, closes: int) -> Span:
    return Span(opens * HOUR, closes * HOUR)


def _each(names: str, *, first: int) -> dict[str, int]:
    """Several spellings of each, parted by `/`, counted from `first`."""
    return {name: number for number, spellings in enumerate(names.split(), first) for name in spellings.split("/")}


ENGLISH = Words(
    days={"today": 0, "tomorrow": 1, "tomorow": 1, "tommorow": 1, "tommorrow": 1, "tmrw": 1, "tmr": 1, "tmw": 1}
    | {"day after tomorrow": 2, "overmorrow": 2},
    weekdays=_each(
        "mon/monday/mondays tue/tues/tuesday/tuesdays wed/weds/wednesday/wednesdays thu/thur/thurs/thursday/thursdays "
        "fri/friday/fridays sat/saturday/saturdays sun/sunday/sundays",
        first=0,
    ),
    months=_each(
        "jan/january feb/february mar/march apr/april may jun/june jul/july aug/august sep/sept/september oct/october "
        "nov/november dec/december",
        first=1,
    ),
    parts={"morning": _span(5, 12), "afternoon": _span(12, 17), "evening": _span(17, 22), "night": _span(19, 24)},
    todays={"tonight": _span(17, 24)},
    clocks={"noon": time(12), "midday": time(12)},
    units={"minute": MINUTE, "minutes": MINUTE, "min": MINUTE, "mins": MINUTE, "hour": HOUR, "hours": HOUR}
    | {"hr": HOUR, "hrs": HOUR, "day": DAY, "days": DAY, "week": 7 * DAY, "weeks": 7 * DAY},
    numbers={"a": 1, "an": 1, "one": 1, "two": 2, "three": 3},
    halves={"am": timedelta(), "a.m": timedelta(), "pm": NOON, "p.m": NOON},
    now=frozenset({"now"}),
    within=frozenset({"in"}),
    this=frozenset({"this", "coming"}),
    following=frozenset({"next"}),
    to=frozenset({"-", "–", "—", "to", "till", "until"}),
    at=frozenset({"at", "around", "about", "@", "from"}),
    before_day=frozenset({"on", "the"}),
    before_part=frozenset({"in", "the", "at"}),
    between=frozenset({"of"}),
    clock=frozenset({"o'clock", "oclock"}),
)
