"""What the clocks of a zone show, read from the same files as the standard library and by nothing of it: RFC 8536, and the
rule behind its table as POSIX writes it (`EET-2EEST,M3.5.0/3,M10.5.0/4`)."""

import re
import struct
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from zoneinfo import TZPATH

YEARS = range(2023, 2032)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

_HEADER = struct.Struct(">4sc15x6l")
_OFFSET = r"([+-]?)(\d+)(?::(\d+))?(?::(\d+))?"
_RULE = re.compile(
    rf"(?:<[^>]+>|[A-Za-z]+){_OFFSET}(?:(?:<[^>]+>|[A-Za-z]+)(?:{_OFFSET})?,([^,/]+)(?:/{_OFFSET})?,([^,/]+)(?:/{_OFFSET})?)?"
)


@dataclass(frozen=True)
class Zone:
    """The offset that holds from each moment on, in order. The first one holds since ever."""

    moments: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]

    def offset(self, moment: datetime) -> timedelta:
        return self.offsets[max(0, bisect_right(self.moments, moment) - 1)]

    def wall(self, moment: datetime) -> datetime:
        """What the clock shows, as a naive moment."""
        return (moment + self.offset(moment)).replace(tzinfo=None)

    def utc(self, wall: datetime) -> datetime:
        """The first moment at which the clock shows this; what it leaves out is later by what is left out."""
        aware = wall.replace(tzinfo=UTC)
        shown = [aware - offset for offset in set(self.offsets) if self.wall(aware - offset) == wall]
        if shown:
            return min(shown)
        return next(
            aware - before
            for (before, after), leap in zip(pairwise(self.offsets), self.moments[1:], strict=True)
            if leap + before <= aware < leap + after
        )

    def leaps(self) -> Iterator[tuple[datetime, timedelta, timedelta]]:
        """When the clock leaps from 2024 to 2030, with the offset before and after."""
        for (before, after), leap in zip(pairwise(self.offsets), self.moments[1:], strict=True):
            if 2024 <= leap.year <= 2030:
                yield leap, before, after


def read(name: str) -> Zone:
    table, rule = _table(_bytes(name))
    last = table[-1][0] if len(table) > 1 else EPOCH
    table += [(moment, offset) for moment, offset in _ruled(rule) if moment > last]
    since = [n for n, (moment, _) in enumerate(table) if moment.year < YEARS[0]][-1]
    recent = [table[since]]
    for moment, offset in table[since + 1 :]:
        if offset != recent[-1][1]:  # else only its name has changed
            recent.append((moment, offset))
    moments, offsets = zip(*recent, strict=True)
    return Zone(moments, offsets)


def _bytes(name: str) -> bytes:
    for folder in TZPATH:
        if (path := Path(folder, name)).is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def _table(content: bytes) -> tuple[list[tuple[datetime, timedelta]], str]:
    """Moments with the offset that holds from each on, and the rule for what comes after the last."""
    _, version, utc_marks, wall_marks, leaps, times, types, names = _HEADER.unpack_from(content)
    assert version >= b"2"
    second = _HEADER.size + times * 5 + types * 6 + names + leaps * 8 + wall_marks + utc_marks
    _, _, utc_marks, wall_marks, leaps, times, types, names = _HEADER.unpack_from(content, second)
    here = second + _HEADER.size
    seconds = struct.unpack_from(f">{times}q", content, here)
    kinds = content[here + times * 8 : here + times * 9]
    here += times * 9
    offsets = [struct.unpack_from(">lBB", content, here + n * 6)[0] * SECOND for n in range(types)]
    footer = here + types * 6 + names + leaps * 12 + wall_marks + utc_marks
    recent = [(at, offsets[kind]) for at, kind in zip(seconds, kinds, strict=True) if at >= 0]
    older = [offsets[kind] for at, kind in zip(seconds, kinds, strict=True) if at < 0]
    first = (EPOCH - SECOND, older[-1] if older else offsets[0])
    return [first, *((EPOCH + at * SECOND, offset) for at, offset in recent)], content[footer:].strip().decode()


def _ruled(rule: str) -> list[tuple[datetime, timedelta]]:
    written = _RULE.fullmatch(rule)
    assert written, rule
    parts = written.groups()
    usual = -_time(parts[0:4])
    if parts[8] is None:
        return [(datetime(YEARS[0] - 1, 12, 1, tzinfo=UTC), usual)]
    summer = -_time(parts[4:8]) if parts[5] else usual + timedelta(hours=1)
    found = []
    for year in range(YEARS[0] - 1, YEARS[-1] + 1):
        found.append((_on(parts[8], year) + (_time(parts[9:13]) if parts[10] else timedelta(hours=2)) - usual, summer))
        found.append(
            (_on(parts[13], year) + (_time(parts[14:18]) if parts[15] else timedelta(hours=2)) - summer, usual)
        )
    return sorted(found)


def _time(parts: tuple[str, ...]) -> timedelta:
    sign, hours, minutes, seconds = parts
    amount = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return -amount if sign == "-" else amount


def _on(day: str, year: int) -> datetime:
    """`M10.5.0` is the last Sunday of October, `J60` always the first of March, `59` the sixtieth day of the year."""
    midnight = datetime(year, 1, 1, tzinfo=UTC)
    if day.startswith("J"):
        number = int(day[1:])
        return midnight + (number - 1 + (number >= 60 and monthrange(year, 2)[1] == 29)) * DAY
    if not day.startswith("M"):
        return midnight + int(day) * DAY
    month, week, weekday = map(int, day[1:].split("."))
    days = [date(year, month, n) for n in range(1, monthrange(year, month)[1] + 1)]
    found = [each for each in days if each.isoweekday() % 7 == weekday]
    chosen = found[min(week, len(found)) - 1]
    return datetime(chosen.year, chosen.month, chosen.day, tzinfo=UTC)
