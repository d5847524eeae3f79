"""Durations as people write them: `90s`, `30m`, `24h`, `2d`."""

import re
from datetime import timedelta

UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}

LONGEST = timedelta(days=3650)
"""Ten years: no shop waits longer, and a moment plus this is still a date."""

_WRITTEN = re.compile(r"([0-9]{1,9})\s*([dhms])", re.IGNORECASE)


def parse(text: str) -> timedelta:
    """`text` as a duration; a bare `0` needs no unit. ValueError says in words what to write."""
    if text.strip() == "0":
        return timedelta()
    written = _WRITTEN.fullmatch(text.strip())
    if not written:
        raise ValueError(f"{text!r} is not a duration; write a number and s, m, h or d, like 90s, 30m, 24h or 2d")
    number, unit = int(written[1]), UNITS[written[2].lower()]
    if number > LONGEST / unit:
        raise ValueError(f"{text!r} is too long; the longest is {show(LONGEST)}")
    return number * unit


def show(duration: timedelta) -> str:
    """`duration` to the second, in the largest unit that says it exactly; `parse` is its inverse."""
    seconds = duration // UNITS["s"]
    for letter, unit in UNITS.items():
        if seconds and seconds % (unit // UNITS["s"]) == 0:
            return f"{seconds // (unit // UNITS['s'])}{letter}"
    return "0s"


def about(duration: timedelta) -> str:
    """`duration` as a person would say it, cut to its largest unit: `2h` for two hours and some minutes."""
    for unit in UNITS.values():
        if duration >= unit:
            return show(duration // unit * unit)
    return "0s"
