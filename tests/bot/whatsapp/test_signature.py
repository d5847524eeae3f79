"""The signature check against hmac itself and against every byte a header can hold."""

import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.signature import Signature

SECRET = "5f4dcc3b5aa765d61d8327deb882cf99"
BODY = b'{"object":"whatsapp_business_account","entry":[]}'


@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), body=st.binary())
def test_it_signs_as_the_standard_library_does(secret: str, body: bytes) -> None:
    expected = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    assert Signature(secret).sign(body) == expected
    assert Signature(secret).fits(body, expected)


@given(body=st.binary(min_size=1, max_size=300), data=st.data())
def test_a_changed_bit_of_the_body_does_not_fit(body: bytes, data: st.DataObject) -> None:
    signature = Signature(SECRET)
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8
    assert not signature.fits(bytes(changed), signature.sign(body))


def test_every_byte_at_every_position_of_the_header_is_refused_but_the_right_one() -> None:
    signature = Signature(SECRET)
    right = signature.sign(BODY).encode()
    for position in range(len(right)):
        for byte in range(256):
            tried = right[:position] + bytes([byte]) + right[position + 1 :]
            # As aiohttp hands a header over.
            header = tried.decode("utf-8", "surrogateescape")
            assert signature.fits(BODY, header) is (byte == right[position])


@given(st.one_of(st.none(), st.text(st.characters())))
def test_no_header_at_all_makes_it_raise(header: str | None) -> None:
    assert Signature(SECRET).fits(BODY, header) is False


@pytest.mark.parametrize(
    "spoil",
    [
        lambda right: right.upper(),
        lambda right: right.replace("sha256=", "sha1="),
        lambda right: right.removeprefix("sha256="),
        lambda right: " " + right,
        lambda right: right + "\n",
        lambda right: right[:-1],
        lambda right: right + "0",
        lambda right: f"{right}, {right}",
        lambda _: "",
    ],
    ids=["upper case", "sha1", "bare", "leading blank", "line break", "short", "long", "twice", "empty"],
)
def test_what_is_not_exactly_the_header_is_refused(spoil: Callable[[str], str]) -> None:
    signature = Signature(SECRET)
    assert not signature.fits(BODY, spoil(signature.sign(BODY)))


def test_trailing_blanks_are_no_part_of_a_header() -> None:
    signature = Signature(SECRET)
    assert signature.fits(BODY, signature.sign(BODY) + " \t")


def test_without_a_secret_there_is_no_signature() -> None:
    with pytest.raises(ValueError, match="anybody could sign"):
        Signature("")
