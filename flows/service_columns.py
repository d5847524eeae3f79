"""The columns of the feed that make a service, each with what its cell means. ValueError says in words what to write."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from flows import durations
from flows.money import parse_price

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FAR = timedelta(days=730)
CAPACITY = 999
NAME, PLACE = 60, 200


def duration(text: str) -> timedelta:
    return _time(text, least=MINUTE, most=DAY)


def buffer(text: str) -> tuple[timedelta, timedelta]:
    """Time before and after; one alone stands after."""
    times = [_time(part, least=timedelta(), most=DAY) for part in _parts(text)]
    match times:
        case [after]:
            return timedelta(), after
        case [before, after]:
            return before, after
    raise ValueError(f"{text!r} are {len(times)} times; write the one after it, like 10m, or before and after: 5m,10m")


def capacity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and int(text)):
        raise ValueError(f"{text!r} is not a number of places from 1 to {CAPACITY}")
    return int(text)


def staff(text: str) -> tuple[str, ...]:
    """Names, each once whatever its capitals."""
    names: dict[str, str] = {}
    for name in _parts(text):
        if not name.isprintable() or len(name) > NAME:
            raise ValueError(f"{name!r} is not a name; write names of up to {NAME} characters, parted by commas")
        names.setdefault(name.casefold(), name)
    return tuple(names.values())


def deposit(text: str, price: int, currency: str) -> int:
    """What is asked for first of one place: an amount, or a part of `price`, which is rounded up."""
    if text.endswith("%"):
        percent = text[:-1].strip()
        if not (percent.isascii() and percent.isdecimal() and len(percent) <= 3 and int(percent) <= 100):
            raise ValueError(f"{text!r} is not a part of the price; write it like 20%, at most 100%")
        return -(-price * int(percent) // 100)
    return parse_price(text, currency)


def lead(text: str) -> timedelta:
    return _time(text, least=timedelta(), most=FAR)


def horizon(text: str) -> timedelta:
    return _time(text, least=timedelta(hours=1), most=FAR)


def notice(text: str) -> timedelta:
    return _time(text, least=timedelta(), most=FAR)


def location(text: str) -> str:
    if not text.isprintable() or len(text) > PLACE:
        raise ValueError(f"{text!r} is not a place; write up to {PLACE} characters on one line")
    return text


COLUMNS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {each.__name__: each for each in (duration, buffer, capacity, staff, lead, horizon, notice, location)}
)
"""All but `deposit`, which has a price beside it."""


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.replace(";", ",").split(",")]
    if "" in parts:
        raise ValueError(f"{text!r} leaves one out; take the comma away, or write what is missing")
    return parts


def _time(text: str, *, least: timedelta, most: timedelta) -> timedelta:
    value = durations.parse(text)
    if value % MINUTE or not least <= value <= most:
        bounds = f"from {durations.show(least) if least else 0} to {durations.show(most)}"
        raise ValueError(f"{text!r} cannot be; write whole minutes, {bounds}, like 45m, 2h or 1d")
    return value
