"""A calendar link names its booking, stays the same, and cannot be made or changed by a stranger."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.calendar_link import button, order_of, token, url
from flows.messages import Link
from flows.store import Store

SALT = b"salt"
IDS = st.integers(0, 2**63 - 1)


@given(IDS)
def test_a_token_leads_to_its_order_and_is_part_of_an_address(order_id: int) -> None:
    made = token(order_id, SALT)

    assert order_of(made, SALT) == order_id
    assert (made, len(made), set(made) & set("+/=?&#. ")) == (token(order_id, SALT), 32, set())


@given(IDS, st.integers(0, 24 * 8 - 1))
def test_a_token_with_one_bit_changed_leads_nowhere(order_id: int, bit: int) -> None:
    raw = bytearray(urlsafe_b64decode(token(order_id, SALT)))
    raw[bit // 8] ^= 1 << bit % 8

    assert order_of(urlsafe_b64encode(raw).decode(), SALT) is None


def test_another_store_knows_nothing_of_it() -> None:
    assert order_of(token(7, SALT), b"other") is None


@pytest.mark.parametrize(
    "text", ["", "7", "A" * 31, "A" * 32, "A" * 33, "ä" * 32, "=" * 32, "!" * 32, "A" * 28 + "===="]
)
def test_what_is_no_token_leads_nowhere(text: str) -> None:
    assert order_of(text, SALT) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert order_of(text, SALT) is None


def test_the_address_is_below_the_public_one() -> None:
    store = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, SALT, public_url="https://shop.example/bot/")
    address = f"https://shop.example/bot/calendar/{token(7, SALT)}.ics"

    assert url(store, 7) == address
    assert button("Booked.", store, 7, "en") == Link("Booked.", "Add to calendar", address)
