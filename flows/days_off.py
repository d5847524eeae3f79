"""Public holidays of a country, or of a part of it: `IN`, `IN-MH`, `DE-BY`. The library `holidays` knows them.

It is pure reckoning, but takes a second to load, so only a shop that keeps holidays loads it (`bot/app.py` before it serves).
"""

import re
import warnings
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from flows.spelling import nearest

_CODE = re.compile(r"([A-Za-z]{2})(?:-(.+))?")


def days(code: str, years: Iterable[int]) -> Mapping[date, str]:
    """The holidays of these years with their names; `code` as `parse` gives it."""
    return {day: name for year in years for day, name in _of_year(code, year).items()}


def parse(text: str) -> str:
    """The code of a country that has holidays. ValueError says in words what to write."""
    written = _CODE.fullmatch(text.strip())
    parts = _countries().get(written[1].upper()) if written else None
    if written is None or parts is None:
        raise ValueError(f"{text.strip()!r} is not a country's code; write it like IN{_meant(text, _names())}")
    country, part = written[1].upper(), written[2]
    if part is None:
        return country
    codes = {name.lower(): own for own, names in parts.items() for name in (own, *names)}
    if (found := codes.get(part.strip().lower())) is not None:
        return f"{country}-{found}"
    if not parts:
        raise ValueError(f"{text.strip()!r}: holidays are the same in all of {country}; write {country}")
    example = f"{country}-{next(iter(parts))}"
    raise ValueError(f"{country} has no part {part.strip()!r}; write it like {example}{_meant(part, codes, country)}")


def _meant(text: str, codes: Mapping[str, str], country: str = "") -> str:
    hint = nearest(text.strip(), codes) if len(text.strip()) > 2 else None
    return f" (did you mean {country}{'-' if country else ''}{codes[hint]}?)" if hint else ""


@cache
def _of_year(code: str, year: int) -> Mapping[date, str]:
    from holidays import country_holidays

    country, _, part = code.partition("-")
    with warnings.catch_warnings():
        # Of a year for which nobody has reckoned the moon yet, the other holidays count.
        warnings.simplefilter("ignore")
        found = country_holidays(country, subdiv=part or None, years=year, language="en_US")
    return MappingProxyType(dict(sorted(found.items())))


@cache
def _countries() -> Mapping[str, Mapping[str, list[str]]]:
    """Every country's code, with the codes of its parts and their other names."""
    import holidays

    return {
        code: {
            **{part: [] for part in parts},
            **getattr(holidays, code).get_subdivision_aliases(),
        }
        for code, parts in holidays.list_supported_countries(include_aliases=False).items()
    }


@cache
def _names() -> Mapping[str, str]:
    """Names and codes of countries in small letters, for who writes another word than the code."""
    from babel import Locale

    territories = Locale("en").territories
    return {word.lower(): code for code in _countries() for word in (code, territories.get(code, code))}
