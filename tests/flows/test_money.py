"""Money is counted in minor units of ISO 4217, whatever a locale likes to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.money import LARGEST, exponent, major, parse_amount, parse_price, show


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("INR", 2), ("BRL", 2), ("JPY", 0), ("UGX", 0), ("ISK", 0), ("KWD", 3), ("IQD", 3), ("AFN", 2), ("CLF", 4)],
)
def test_exponents_are_those_of_payments(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("499.50", "INR", 49950),
        ("499", "INR", 49900),
        (" 499.5 ", "INR", 49950),
        ("1,299.00", "INR", 129900),
        ("1,23,456.00", "INR", 12345600),
        ("500.00", "JPY", 500),
        ("1.250", "KWD", 1250),
        ("0", "INR", 0),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not an amount; write digits and a point, like 499.50"),
        ("499,50", "is not an amount"),
        ("-5", "is not an amount"),
        ("1e5", "is not an amount"),
        ("٤٩٩", "is not an amount"),
        ("NaN", "is not an amount"),
        ("₹499", "is not an amount"),
        ("1.234", "has too many decimals for INR; write it like 499.50"),
        ("99999999999999", "is more than we can count"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_amount(text, "INR")


@pytest.mark.parametrize("text", ["499.50 INR", "INR 499.50", "499.50 inr", "499.50"])
def test_a_price_may_name_its_currency(text: str) -> None:
    assert parse_price(text, "INR") == 49950


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("499.50 USD", "'499.50 USD' is in USD, the store sells in INR; write the INR price"),
        ("INR", "'INR' is not a price; write it like 499.50 INR"),
        ("10 20 INR", "is not a price"),
        ("10 INR INR", "is not a price"),
        ("cheap INR", "'cheap' is not an amount"),
    ],
)
def test_another_price_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_price(text, "INR")


@given(st.integers(0, LARGEST), st.sampled_from(["INR", "JPY", "KWD", "CLF"]))
def test_major_units_are_read_back_as_the_same_minor_units(minor: int, currency: str) -> None:
    assert parse_price(f"{major(minor, currency)} {currency}", currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (12345600, "INR", "en", "₹123,456.00"),
        (12345600, "INR", "en_IN", "₹1,23,456.00"),
        (12345600, "INR", "hi", "₹1,23,456.00"),
        (123456, "BRL", "pt-BR", "R$ 1.234,56"),
        (1500, "JPY", "en", "¥1,500"),
        (1500, "KWD", "en", "KWD 1.500"),
        (1500, "IQD", "en", "IQD 1.500"),
        (-550, "INR", "en", "-₹5.50"),
    ],
)
def test_money_is_shown_as_the_locale_writes_it_with_plain_spaces(
    minor: int, currency: str, locale: str, text: str
) -> None:
    assert show(minor, currency, locale) == text
