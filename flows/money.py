"""Money: an integer of minor units beside its ISO 4217 currency. People read and write major units."""

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

_MINOR_UNITS = """
0 BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
3 BHD IQD JOD KWD LYD OMR TND
4 CLF UYW
"""
"""ISO 4217's minor units where they are not 2. Not babel's: those are the digits a locale likes to show (IQD 0, AFN 0)."""

_EXPONENTS = {
    code: int(digits) for digits, *codes in map(str.split, _MINOR_UNITS.strip().splitlines()) for code in codes
}

LARGEST = 10**15
"""In minor units: a cart full of such lines still fits the database's integers."""

# 1299, 1299.00, 1,299.00 and 1,23,456.00; never 499,50, which may be meant either way.
_AMOUNT = re.compile(r"(?:[0-9]{1,16}|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.[0-9]+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def exponent(currency: str) -> int:
    """How many decimals the minor unit of `currency` has."""
    return _EXPONENTS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """`minor` units as the amount people know."""
    return Decimal(minor).scaleb(-exponent(currency))


def parse_amount(text: str, currency: str) -> int:
    """Major units as people write them (`499.50`, `1,299`), in minor units. ValueError says in words what to write."""
    example = str(major(49950, currency))
    if not _AMOUNT.fullmatch(text.strip()):
        raise ValueError(f"{text.strip()!r} is not an amount; write digits and a point, like {example}")
    minor = Decimal(text.strip().replace(",", "")).scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{text.strip()!r} has too many decimals for {currency}; write it like {example}")
    if minor > LARGEST:
        raise ValueError(f"{text.strip()!r} is more than we can count")
    return int(minor)


def parse_price(text: str, currency: str) -> int:
    """A price as a product feed writes it (`499.50 INR`; the currency may be left out), in minor units. ValueError in words."""
    words = text.split()
    named = [word for word in words if _CURRENCY.fullmatch(word.upper())]
    if any(word.upper() != currency for word in named):
        raise ValueError(
            f"{text.strip()!r} is in {named[0].upper()}, the store sells in {currency}; write the {currency} price"
        )
    amounts = [word for word in words if word not in named]
    if len(amounts) != 1 or len(named) > 1:
        raise ValueError(f"{text.strip()!r} is not a price; write it like {major(49950, currency)} {currency}")
    return parse_amount(amounts[0], currency)


@cache
def _pattern(currency: str, locale: str) -> tuple[Any, Any]:
    """The locale and its pattern for money, with all decimals of `currency`."""
    from copy import copy

    from babel import Locale

    found = Locale.parse(locale.replace("-", "_"))
    pattern = copy(found.currency_formats["standard"])
    pattern.frac_prec = (exponent(currency), exponent(currency))
    return found, pattern


# A shop's few prices and sums come again and again, and babel takes 30 µs for each.
@lru_cache(maxsize=4096)
def show(minor: int, currency: str, locale: str) -> str:
    """`minor` units as `locale` writes them, with plain spaces, so that what people copy can be searched for."""
    found, pattern = _pattern(currency, locale)
    text: str = pattern.apply(major(minor, currency), found, currency=currency, currency_digits=False)
    # CLDR parts a currency's letters from the digits; babel does not.
    return re.sub("(?<=[A-Z])(?=[0-9])", " ", text.replace("\xa0", " ").replace("\u202f", " "))
