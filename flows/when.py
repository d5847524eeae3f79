"""When somebody means: a day, a time, a part of the day or a span in free words. `tomorrow 3:30pm`, `sat 10`, `1 dec 15:30`.

The words stand in `flows/calendar_words.py`; numbers are read alike in all languages. What is meant: `flows/meaning.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.calendar_words import ENGLISH, HOUR, MINUTE, Words
from flows.hours import DAY
from flows.meaning import When, both, readings, until_after

_WORD = re.compile(r"[^\s,;()]+")
_RANGE = re.compile(r"(\d{1,2}(?:[:.]\d\d)?[a-z.]*)([-–—])(\d{1,2}(?:[:.]\d\d)?[a-z.]*)")
_CLOCK = re.compile(r"(\d{1,2})(?:([:.])(\d\d)(?::\d\d)?)?([a-z.]*)")
_ISO_DAY = re.compile(r"20\d\d-\d\d-\d\d")
_ISO_MOMENT = re.compile(rf"{_ISO_DAY.pattern}t\d\d:\d\d(:\d\d(\.\d+)?)?(z|[+-]\d\d:?\d\d)?")
_DAY_OF_MONTH = re.compile(r"(\d{1,2})(st|nd|rd|th)?")
_YEAR = re.compile(r"20\d\d")
_TWO_WAYS = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2,4}|\d{1,2}/\d{1,2}")


def read(text: str, *, now: datetime, zone: ZoneInfo, words: Words = ENGLISH) -> When | None:
    """What `text` says about when, by the clock of `zone`; None if it does not. The words before and after are kept.

    A day without a year is the next such day, a weekday the next one, today with them unless its time is over. What is
    over is read all the same. ValueError says in words which day or time there is not.
    """
    return _Reader(text, now.astimezone(zone), words).read()


@dataclass(frozen=True, slots=True)
class _Token:
    """A word in small letters, and where it stands in the text."""

    word: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time as it was written: `is_vague` when it may be twelve hours later, `is_bare` when it may be another number."""

    at: time
    is_vague: bool
    is_bare: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """What words say together, up to the one that `ends` counts. `is_weekday`: the day was named by its weekday alone."""

    when: When
    ends: int
    is_weekday: bool = False
    begins: int = 0


class _Reader:
    def __init__(self, text: str, now: datetime, words: Words) -> None:
        self._text, self._now, self._words = text, now, words
        self._tokens = tuple(_tokens(text))

    def read(self) -> When | None:
        pieces = list(self._pieces())
        if not pieces:
            return None
        best = max(pieces, key=lambda piece: (piece.when.day is not None, _says_time(piece.when)))
        used = [best]
        if not _says_time(best.when) or best.when.day is None:
            # The other half may stand apart: tomorrow for a haircut at 4pm.
            other = next((p for p in pieces if p is not best and _completes(best.when, p.when)), None)
            used = sorted([best, other], key=lambda piece: piece.begins) if other else used
        when = used[0].when if len(used) == 1 else _together(used[0].when, used[1].when)
        if any(piece.is_weekday for piece in used):
            when = self._not_over(when)
        return replace(when, before=self._words_of(0, used[0].begins), after=self._around(used))

    def _around(self, used: Sequence[_Piece]) -> str:
        """The words behind the first piece that no other one has."""
        edges = [*(piece.begins for piece in used[1:]), len(self._tokens)]
        gaps = (self._words_of(piece.ends, edge) for piece, edge in zip(used, edges, strict=True))
        return " ".join(filter(None, gaps))

    def _words_of(self, begins: int, ends: int) -> str:
        """As they were written; what parts them from their neighbours is left out."""
        if begins >= ends:
            return ""
        return self._text[self._tokens[begins].begins : self._tokens[ends - 1].ends]

    def _pieces(self) -> Iterator[_Piece]:
        here = 0
        while here < len(self._tokens):
            piece = self._piece(here)
            if piece:
                yield piece
            here = piece.ends if piece else here + 1

    def _piece(self, begins: int) -> _Piece | None:
        """Day, part and time in any order, as far as they follow each other."""
        piece = _Piece(When(), begins, begins=begins)
        while more := self._more(piece):
            when = _together(piece.when, more.when)
            piece = replace(more, when=when, is_weekday=piece.is_weekday or more.is_weekday, begins=begins)
        return piece if piece.ends > begins else None

    def _more(self, piece: _Piece) -> _Piece | None:
        """What follows and has not been said yet."""
        when, here = piece.when, piece.ends
        more = None
        if when.day is None and when.at is None:
            more = self._relative(here)
        if more is None and when.day is None:
            more = self._day(here)
        if more is None and when.part is None:
            more = self._part(here, has_day=when.day is not None)
        if more is None and when.at is None:
            more = self._time(here, alone=here == piece.begins)
        return more

    def _word(self, here: int) -> str:
        return self._tokens[here].word if here < len(self._tokens) else ""

    def _skip(self, here: int, words: frozenset[str]) -> int:
        while self._word(here) in words:
            here += 1
        return here

    def _relative(self, here: int) -> _Piece | None:
        """`in 2 hours`, `in a week`, `now`, `2026-12-01T15:30`."""
        if self._word(here) in self._words.now:
            return _Piece(self._at_once(timedelta()), here + 1)
        if _ISO_MOMENT.fullmatch(self._word(here)):
            return _Piece(self._iso(self._word(here).upper()), here + 1)
        if self._word(here) not in self._words.within:
            return None
        number, unit = self._word(here + 1), self._words.units.get(self._word(here + 2))
        count = int(number) if re.fullmatch(r"[0-9]{1,3}", number) else self._words.numbers.get(number)
        if unit is None or count is None:
            return None
        if unit >= DAY:
            return _Piece(When(day=self._now.date() + count * unit), here + 3)
        return _Piece(self._at_once(count * unit), here + 3)

    def _iso(self, written: str) -> When:
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            raise ValueError(f"there is no {written}; write it like 2026-12-01 15:30") from None
        moment = moment.astimezone(self._now.tzinfo) if moment.tzinfo else moment
        return When(day=moment.date(), at=moment.time().replace(second=0, microsecond=0))

    def _at_once(self, ahead: timedelta) -> When:
        """To the minute, rounded up: what is said now shall not be over."""
        moment = (self._now.astimezone(UTC) + ahead + MINUTE - datetime.resolution).astimezone(self._now.tzinfo)
        return When(day=moment.date(), at=moment.time().replace(second=0, microsecond=0))

    def _day(self, here: int) -> _Piece | None:
        here = self._skip(here, self._words.before_day)
        for count in (3, 2, 1):
            phrase = " ".join(self._word(here + n) for n in range(count))
            if phrase in self._words.days:
                return _Piece(When(day=self._now.date() + self._words.days[phrase] * DAY), here + count)
        return self._weekday(here) or self._date(here)

    def _weekday(self, here: int) -> _Piece | None:
        today = self._now.date()
        is_following = self._word(here) in self._words.following
        here = here + 1 if is_following else self._skip(here, self._words.this)
        weekday = self._words.weekdays.get(self._word(here))
        if weekday is None:
            return None
        ahead = 7 - today.weekday() + weekday if is_following else (weekday - today.weekday()) % 7
        return _Piece(When(day=today + ahead * DAY), here + 1, is_weekday=not is_following)

    def _date(self, here: int) -> _Piece | None:
        word = self._word(here)
        if _ISO_DAY.fullmatch(word):
            return _Piece(When(day=_date_of(*map(int, word.split("-")))), here + 1)
        if _TWO_WAYS.fullmatch(word):
            raise ValueError(f"{word!r} can be read in two ways; write the day like 1 dec or 2026-12-01")
        if word in self._words.months:
            month, day, after = word, _DAY_OF_MONTH.fullmatch(self._word(here + 1)), here + 2
        elif day := _DAY_OF_MONTH.fullmatch(word):
            after = self._skip(here + 1, self._words.between)
            month, after = self._word(after), after + 1
        if not day:
            return None
        number, today = int(day[1]), self._now.date()
        if month in self._words.months:
            year = self._word(after)
            if _YEAR.fullmatch(year):
                return _Piece(When(day=_date_of(int(year), self._words.months[month], number)), after + 1)
            return _Piece(When(day=_next_date(today, self._words.months[month], number)), after)
        return _Piece(When(day=_next_day_of_month(today, number)), here + 1) if day[2] else None

    def _part(self, here: int, *, has_day: bool) -> _Piece | None:
        word = self._word(here)
        if word in self._words.todays and not has_day:
            return _Piece(When(day=self._now.date(), part=self._words.todays[word]), here + 1)
        if word in self._words.this and (part := self._words.parts.get(self._word(here + 1))):
            return _Piece(When(day=None if has_day else self._now.date(), part=part), here + 2)
        here = self._skip(here, self._words.before_part)
        part = self._words.parts.get(self._word(here))
        return _Piece(When(part=part), here + 1) if part else None

    def _time(self, here: int, *, alone: bool) -> _Piece | None:
        """A time or a span of times. What may be any number is one behind a day, after *at*, or where the text begins."""
        begins = self._skip(here, self._words.at)
        first = self._clock(begins)
        if first is None:
            return None
        clock, after = first
        second = self._clock(after + 1, is_end=True) if self._word(after) in self._words.to else None
        if alone and begins == here and clock.is_bare and (second is None or second[0].is_bare):
            rest = second[1] if second else after
            if here or not (rest == len(self._tokens) or self._day(rest) or self._part(rest, has_day=False)):
                return None
        if second is None:
            return _Piece(When(at=clock.at, is_vague_hour=clock.is_vague), after)
        return _Piece(_span_of(clock, second[0]), second[1])

    def _clock(self, here: int, *, is_end: bool = False) -> tuple[_Clock, int] | None:
        word = self._word(here)
        if word in self._words.clocks:
            return _Clock(self._words.clocks[word], is_vague=False, is_bare=False), here + 1
        written = _CLOCK.fullmatch(word)
        if not written or (written[4] and written[4].rstrip(".") not in self._words.halves):
            return None
        here += 1
        half = self._words.halves.get(written[4].rstrip("."))
        if half is None and self._word(here) in self._words.halves:
            half, here, word = self._words.halves[self._word(here)], here + 1, f"{word} {self._word(here)}"
        after = self._skip(here, self._words.clock)
        hour, minute = int(written[1]), int(written[3] or 0)
        exists = minute < 60 and (hour < 24 or (is_end and hour == 24 and not minute))
        # 12.50 may be a price, and 60 anything.
        is_bare = half is None and written[2] != ":" and after == here
        if is_bare and not exists:
            return None
        if not exists or (half is not None and not 1 <= hour <= 12):
            raise ValueError(f"{word!r} is no time of the day; write it like 15:30 or 3:30pm")
        is_vague = half is None and 1 <= hour <= 12 and not written[1].startswith("0")
        if half is not None:
            hour = hour % 12 + half // HOUR
        return _Clock(time(hour % 24, minute), is_vague, is_bare), after

    def _not_over(self, when: When) -> When:
        """A weekday that is today, at a time that is over, is meant in a week."""
        if when.day != self._now.date():
            return when
        now = self._now.replace(tzinfo=None, fold=0)
        if when.at is not None:
            latest = max(datetime.combine(when.day, at) for at in readings(when))
        elif when.part is not None:
            latest = datetime.combine(when.day, time()) + when.part.closes
        else:
            return when
        return when if latest > now else replace(when, day=when.day + 7 * DAY)


def _tokens(text: str) -> Iterator[_Token]:
    for found in _WORD.finditer(text):
        word = found[0].lower().rstrip(".!?:").removesuffix("'s").removesuffix("’s")
        if span := _RANGE.fullmatch(word):
            yield from (_Token(span[n], found.start() + span.start(n), found.start() + span.end(n)) for n in (1, 2, 3))
        elif word:
            yield _Token(word, found.start(), found.end())


def _says_time(when: When) -> bool:
    return when.at is not None or when.part is not None


def _completes(when: When, other: When) -> bool:
    """Whether `other` says just what `when` leaves open."""
    return (when.day is None) != (other.day is None) and _says_time(when) != _says_time(other)


def _together(when: When, other: When) -> When:
    """Both as one. A time beside a part of the day lies in it, if it can."""
    day, part = when.day or other.day, when.part or other.part
    timed = when if when.at is not None else other
    together = replace(timed, day=day, part=part)
    if timed.at is None or part is None:
        return together
    inside = [at for at in readings(timed) if part.opens <= _since_midnight(at) < part.closes]
    if len(inside) != 1 or not timed.is_vague_hour:
        return replace(together, part=None)
    until = None if timed.until is None else until_after(inside[0], timed.until)
    return replace(together, at=inside[0], part=None, until=until, is_vague_hour=False)


def _span_of(first: _Clock, second: _Clock) -> When:
    """From one time to the other. What one of them says about the half of the day goes for both."""
    if first.at == second.at and first.is_vague == second.is_vague:
        raise ValueError(f"{first.at:%H:%M} to {second.at:%H:%M} is no span; it ends when it begins")
    if first.is_vague and second.is_vague:
        return When(at=first.at, until=second.at, is_vague_hour=True)
    if first.is_vague:
        # 1-3pm is from 13:00, 11-1pm from 11:00: the shorter one.
        at = max(
            (at for at in both(first.at) if at < second.at),
            default=max(both(first.at)),
        )
        return When(at=at, until=second.at)
    until = until_after(first.at, second.at) if second.is_vague else second.at
    return When(at=first.at, until=until)


def _since_midnight(at: time) -> timedelta:
    return at.hour * HOUR + at.minute * MINUTE


def _date_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no day {year:04}-{month:02}-{day:02}; look at the month and the number") from None


def _next_date(today: date, month: int, day: int) -> date:
    """The next one: 29 February may be years away."""
    return _first_of((date(today.year + n, month, 1) for n in range(9)), today, day)


def _next_day_of_month(today: date, day: int) -> date:
    months = (today.year * 12 + today.month - 1 + n for n in range(13))
    return _first_of((date(n // 12, n % 12 + 1, 1) for n in months), today, day)


def _first_of(months: Iterator[date], today: date, number: int) -> date:
    """The first `number`th of these months that is not over."""
    for first in months:
        day = first + (number - 1) * DAY
        if number >= 1 and day.month == first.month and day >= today:
            return day
    raise ValueError(f"there is no {number} in that month; write the day like 1 dec or 2026-12-01")
