"""JSON from outside, one field at a time: every reader takes anything at all, and what it cannot read is None."""

import json
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeGuard

import orjson

_DIGITS = re.compile(r"[0-9]{1,10}")
_PRICE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_DEPTH = 16
"""Levels of a form's answer that are kept; Meta's forms have two or three."""


def loads(raw: bytes) -> Any:
    """`raw` as JSON that can be stored. ValueError when it is not JSON, RecursionError when it is too deep to tell.

    orjson refuses a whole batch for one broken emoji, a NaN or a number without end; such places become `?`, null and a
    float, and the rest stays as it was sent.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _repaired(raw.decode("utf-8", "replace"))


def _repaired(text: str) -> Any:
    value = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None)
    storable = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    try:
        return orjson.loads(storable)
    except orjson.JSONDecodeError as error:
        raise RecursionError("nested deeper than orjson goes") from error


def _integer(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= 18 else _finite(digits)


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def mapping(value: object) -> dict[str, Any]:
    """The object, or an empty one: so that a path of fields can be followed whatever it leads through."""
    return value if isinstance(value, dict) else {}


def array(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object, limit: int) -> str | None:
    """Text without NUL (Postgres stores none), cut to `limit` characters; None when nothing is left."""
    return (value.replace("\0", "")[:limit] or None) if isinstance(value, str) else None


def name(value: object, limit: int = 200) -> str | None:
    """An id that somebody minted: printable ASCII and whole, for a cut id is another id."""
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        return None
    return value if value.isascii() and value.isprintable() else None


def matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def integer(value: object, largest: int) -> int | None:
    """0 to `largest`, as a number or in ASCII digits."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    return value if type(value) is int and 0 <= value <= largest else None


def number(value: object, bound: float) -> float | None:
    """A float from -`bound` to `bound`."""
    return float(value) if _is_number(value) and abs(value) <= bound else None


def price(value: object) -> Decimal | None:
    """An amount in major units: the digits as they were sent, not the float's binary neighbour."""
    if _is_number(value):
        return Decimal(str(value)) if 0 <= value < 10**12 else None
    return Decimal(value) if isinstance(value, str) and _PRICE.fullmatch(value) else None


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment(value: object) -> datetime | None:
    """Meta's timestamps: seconds since 1970, as a string (or a number, in some fields)."""
    seconds = integer(value, 10**10 - 1)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def plain(value: object, limit: int, *, depth: int = _DEPTH) -> object:
    """JSON with every text in it made safe as by `text`; what is nested too deep is left out."""
    match value:
        case str():
            return text(value, limit) or ""
        case dict() if depth:
            return {key.replace("\0", "")[:limit]: plain(item, limit, depth=depth - 1) for key, item in value.items()}
        case list() if depth:
            return [plain(item, limit, depth=depth - 1) for item in value]
        case dict() | list():
            return None
    return value
