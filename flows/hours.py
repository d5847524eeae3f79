"""Opening hours and spans of the day as people write them: `mon-fri 09:00-18:00, sat 10:00-14:00`, `21:00-08:00`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows.store import Store

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)

_SPAN = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a day, as time since its midnight by the wall clock. One that runs past midnight closes after 24 hours."""

    opens: timedelta
    closes: timedelta


@dataclass(frozen=True, slots=True)
class Opening:
    """A span on every `weekday` (0 is Monday)."""

    weekday: int
    span: Span


ALWAYS = tuple(Opening(weekday, Span(timedelta(), DAY)) for weekday in range(7))


@dataclass(frozen=True, slots=True)
class Closed:
    """The shop is closed; until a day (it opens that day), or until somebody opens it (None)."""

    until: date | None


def parse_span(text: str) -> Span:
    written = _SPAN.fullmatch(text.strip())
    if written:
        first, second = (timedelta(hours=int(written[h]), minutes=int(written[h + 1])) for h in (1, 3))
        if first < DAY and second <= DAY and first != second:
            return Span(first, second if second > first else second + DAY)
    raise ValueError(f"{text.strip()!r} is not a span of the day; write it like 09:00-18:00")


def parse_hours(text: str) -> tuple[Opening, ...]:
    """Openings in the order of the week. ValueError says in words what to write."""
    if text.strip().lower() == "always":
        return ALWAYS
    openings = [opening for part in text.lower().split(",") for opening in _parse_part(part.strip())]
    return tuple(sorted(openings, key=lambda opening: (opening.weekday, opening.span.opens)))


def _parse_part(part: str) -> list[Opening]:
    days, _, span = part.partition(" ")
    first, _, last = days.partition("-")
    if not {first, last or first} <= set(DAYS) or not span:
        raise ValueError(
            f"{part!r} names no day and hours; write it like mon-fri 09:00-18:00, sat 10:00-14:00, or always"
        )
    start = DAYS.index(first)
    count = (DAYS.index(last or first) - start) % 7 + 1
    return [Opening((start + n) % 7, parse_span(span)) for n in range(count)]


def parse_closed(text: str) -> Closed | None:
    """None while the shop is open (`off`)."""
    match text.lower().split():
        case ["off"]:
            return None
        case ["on"]:
            return Closed(None)
        case ["until", day]:
            try:
                return Closed(date.fromisoformat(day))
            except ValueError:
                raise ValueError(f"{day!r} is not a day; write it like until 2026-12-26") from None
    raise ValueError(f"{text.strip()!r} is not known; write off, on, or until and a day, like until 2026-12-26")


def next_opening(openings: Sequence[Opening], now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the shop opens next, by its own clock on the wall; None while it is open."""
    local = now.astimezone(zone)
    midnight = datetime.combine(local.date(), time(), zone)
    ahead = []
    for days in range(-1, 8):
        day = midnight + days * DAY
        for opening in openings:
            if opening.weekday != day.weekday():
                continue
            opens, closes = day + opening.span.opens, day + opening.span.closes
            if opens <= local < closes:
                return None
            ahead += [opens] if opens > local else []
    return min(ahead).astimezone(UTC)


def moment(at: datetime, store: Store) -> str:
    """Day and time by the store's clock, as its locale writes them."""
    from babel.dates import format_datetime

    return str(format_datetime(at, "d MMM, HH:mm", tzinfo=store.zone, locale=store.locale.replace("-", "_")))
