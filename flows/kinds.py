"""Kinds of settings: how the text that people type becomes a value, and what they are told when it does not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flows import days_off, durations, hours
from flows.payable import Importer
from flows.spelling import nearest, one_of

NONE = "none"
"""How nothing is written where nothing is allowed; an empty text means the same."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` turns text into the value or raises ValueError with a sentence; `accepts` says what may be written."""

    accepts: str
    read: Callable[[str], Any]


def _pick(text: str, words: tuple[str, ...]) -> str:
    if (word := text.lower()) in words:
        return word
    hint = nearest(word, words)
    raise ValueError(f"{text!r} is not known; write {one_of(words)}{f' (did you mean {hint}?)' if hint else ''}")


def choice(*words: str) -> Kind:
    return Kind(one_of(words), lambda text: _pick(text, words))


def choice_or_path(*words: str) -> Kind:
    """One of `words`, or the path of a merchant's own file."""

    def read(text: str) -> str:
        return text if text.endswith(".toml") or "/" in text else _pick(text, words)

    return Kind(f"{one_of(words)}, or the path of a .toml file", read)


def optional(kind: Kind) -> Kind:
    return Kind(f"{kind.accepts}, or {NONE}", lambda text: None if text.lower() in {"", NONE} else kind.read(text))


def many(kind: Kind, *, empty: bool = False) -> Kind:
    """A list of `kind`, parted by commas, each once; it may be `empty` only where that means something."""

    def read(text: str) -> tuple[Any, ...]:
        items = [] if text.lower() in {"", NONE} else [item.strip() for item in text.split(",")]
        if "" in items or not (items or empty):
            raise ValueError(f"{text!r} leaves one out; write a list parted by commas of {kind.accepts}")
        return tuple(dict.fromkeys(kind.read(item) for item in items))

    return Kind(f"list of {kind.accepts}{f', or {NONE}' if empty else ''}", read)


def duration(*, zero: str = "", least: timedelta = timedelta(), most: timedelta = durations.LONGEST) -> Kind:
    """A duration from `least` to `most`; `zero` says what 0 means, where it means something."""
    bounds = f" from {durations.show(least)} to {durations.show(most)}" if least or most < durations.LONGEST else ""

    def read(text: str) -> timedelta:
        value = durations.parse(text)
        if not value and not zero:
            raise ValueError(f"{text!r} is no time at all; write a duration above 0")
        if not least <= value <= most:
            raise ValueError(f"{text!r} is too {'long' if value > most else 'short'}; write a duration{bounds}")
        return value

    return Kind(f"a duration like 90s, 30m, 24h or 2d{bounds and f',{bounds}'}{f', 0 = {zero}' if zero else ''}", read)


def number(least: int, most: int, zero: str = "") -> Kind:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return Kind(f"a whole number from {least} to {most}{f', 0 = {zero}' if zero else ''}", read)


def _read_amount(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,4})?", text):
        raise ValueError(f"{text!r} is not an amount; write digits and a point, like 499.50")
    return Decimal(text)


def _read_words(text: str) -> str:
    if not text or len(text) > 200 or not text.isprintable():
        raise ValueError(f"{text!r} is not a name; write 1 to 200 characters on one line")
    return text


def _read_importer(text: str) -> Importer:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 5 or not all(parts) or not re.fullmatch(r"[1-9][0-9]{5}", parts[-1]):
        raise ValueError(f"{text!r} is no address; write name, street, town, state code and PIN code, parted by commas")
    name, *street, city, zone, pin = parts
    return Importer(name, ", ".join(street), city, zone, pin)


def _read_language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z]{2,4})?", text):
        raise ValueError(f"{text!r} is not a language; write its code, like en or hi")
    return text.replace("-", "_")


ON_OFF = Kind("on or off", lambda text: _pick(text, ("on", "off")) == "on")
AMOUNT = Kind("an amount in the store's currency, like 499.50", _read_amount)
WORDS = Kind("text without ; and line breaks", _read_words)
IMPORTER = Kind("who brings the goods, like Nukkad Stores, 12 MG Road, Pune, MH, 411001", _read_importer)
SPAN = Kind("a span of the day like 21:00-08:00", hours.parse_span)
HOURS = Kind("always, or hours like mon-fri 09:00-18:00, sat 10:00-14:00", hours.parse_hours)
CLOSED = Kind("off, on, or until and a day, like until 2026-12-26", hours.parse_closed)
HOLIDAYS = Kind("a country's code like IN, or a part of it like IN-MH or DE-BY", days_off.parse)
LANGUAGE = Kind("language codes like en or hi", _read_language)
