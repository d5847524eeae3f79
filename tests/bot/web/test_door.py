"""Who may come in: Meta's handshake, the signature, the size and the encoding. Nobody else touches the database."""

import gzip
from functools import reduce
from urllib.parse import quote

import pytest

from bot.whatsapp.signature import Signature
from flows.limits import BODY_BYTES
from tests import payloads
from tests.bot.web.door import Door, status

BODY = payloads.raw(payloads.messages(payloads.text()))
XSS = "<script>alert(1)</script>"
BOMB = gzip.compress(bytes(100 * 1024 * 1024))
HEADER = b"X-Hub-Signature-256: "


def handshake(mode: str | None, token: str | None, challenge: str | None) -> str:
    given = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": challenge}
    return "&".join(f"{name}={quote(value)}" for name, value in given.items() if value is not None)


@pytest.mark.parametrize("challenge", ["1158201444", XSS, "é ✓ 日本", "a b\n&=%", "1" * 256])
async def test_the_challenge_comes_back_as_plain_text(shut: Door, challenge: str) -> None:
    query = handshake("subscribe", shut.app.whatsapp.verify_token, challenge)
    async with shut.http.get(shut.url(f"/webhook?{query}")) as answer:
        told = (answer.status, await answer.text(), answer.content_type, answer.headers["X-Content-Type-Options"])
    assert told == (200, challenge, "text/plain", "nosniff")


@pytest.mark.parametrize(
    ("mode", "token", "challenge"),
    [
        (None, None, None),
        ("subscribe", None, "1"),
        ("subscribe", "", "1"),
        ("subscribe", "wrong", "1"),
        ("subscribe", "é", "1"),
        ("subscribe", "{token} ", "1"),
        ("subscribe", "{token}\0", "1"),
        ("unsubscribe", "{token}", "1"),
        ("SUBSCRIBE", "{token}", "1"),
        ("", "{token}", "1"),
        (None, "{token}", "1"),
        ("subscribe", "{token}", None),
        ("subscribe", "{token}", ""),
        ("subscribe", "{token}", "1" * 257),
    ],
)
async def test_any_other_handshake_is_refused(
    shut: Door, mode: str | None, token: str | None, challenge: str | None
) -> None:
    token = token and token.replace("{token}", shut.app.whatsapp.verify_token)
    hits = shut.listen()
    async with shut.http.get(shut.url(f"/webhook?{handshake(mode, token, challenge)}")) as answer:
        assert (answer.status, XSS in await answer.text()) == (403, False)
    assert hits == {}


@pytest.mark.parametrize("query", [b"hub.verify_token=%ff%fe", b"%zz=%", b"hub.verify_token=%ED%A0%80", b"&&&==", b"a"])
async def test_a_query_that_is_no_text_is_refused_too(shut: Door, query: bytes) -> None:
    line = b"GET /webhook?hub.mode=subscribe&hub.challenge=1&" + query + b" HTTP/1.1\r\n"
    answer = await shut.knock(line + b"Host: waybill\r\nConnection: close\r\n\r\n")
    assert status(answer) == 403


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("missing", []),
        ("empty", [b""]),
        ("sha1", [b"sha1=" + b"0" * 40]),
        ("sha1 by name only", [b"sha1={right}"]),
        ("bare", [b"{right}"]),
        ("upper case", [b"sha256={RIGHT}"]),
        ("upper case name", [b"SHA256={right}"]),
        ("short", [b"sha256={short}"]),
        ("long", [b"sha256={right}0"]),
        ("quoted", [b'"sha256={right}"']),
        ("zeros", [b"sha256=" + b"0" * 64]),
        ("twice", [b"sha256={right}", b"sha256={right}"]),
        ("wrong, then right", [b"sha256=" + b"0" * 64, b"sha256={right}"]),
        ("two in one", [b"sha256={right}, sha256={right}"]),
        ("arabic digits", [b"sha256=" + "٠".encode() * 64]),
        ("of another secret", [Signature("another secret of an app").sign(BODY).encode()]),
        ("of other bytes", [b"{other}"]),
    ],
)
async def test_a_body_that_is_not_signed_by_our_app_touches_nothing(
    shut: Door, name: str, headers: list[bytes]
) -> None:
    right = shut.sign(BODY).removeprefix("sha256=").encode()
    blanks = {
        b"{right}": right,
        b"{RIGHT}": right.upper(),
        b"{short}": right[:-1],
        b"{other}": shut.sign(BODY + b" ").encode(),
    }
    lines = [HEADER + reduce(lambda text, blank: text.replace(blank, blanks[blank]), blanks, line) for line in headers]
    hits = shut.listen()
    answer = await shut.knock(shut.head(*lines, length=len(BODY)) + BODY)
    assert (status(answer), dict(hits)) == (401, {})
    assert await shut.count() == 0


@pytest.mark.parametrize("position", [0, 6, 7, 40, 70])
async def test_no_byte_in_the_header_but_the_right_one_comes_through(shut: Door, position: int) -> None:
    right = shut.sign(BODY).encode()
    hits = shut.listen()
    for byte in range(256):
        if byte == right[position]:
            continue
        tried = right[:position] + bytes([byte]) + right[position + 1 :]
        answer = await shut.knock(shut.head(HEADER + tried, length=len(BODY)) + BODY)
        is_control = (byte < 0x20 and byte != 0x09) or byte == 0x7F
        # aiohttp refuses control characters itself, and takes blanks around a value away.
        assert status(answer) == (400 if is_control else 401), byte
    assert hits == {}
    assert await shut.count() == 0


async def test_blanks_around_the_header_are_gone_before_we_look(shut: Door) -> None:
    line = HEADER + b" \t" + shut.sign(BODY).encode() + b" \t"
    assert status(await shut.knock(shut.head(line, length=len(BODY)) + BODY)) == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity", "nonsense"])
async def test_a_compressed_body_is_refused_unopened(shut: Door, coding: str) -> None:
    hits = shut.listen()
    assert await shut.post(BOMB, Content_Encoding=coding) == 415
    assert hits == {}


@pytest.mark.parametrize("size", [0, 1, 2, 1024 * 1024 + 1, 3 * 1024 * 1024, BODY_BYTES, BODY_BYTES + 1])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_may_have_four_mebibytes(shut: Door, size: int, is_chunked: bool) -> None:
    raw = (b"[" + b" " * (size - 2) + b"]")[:size] if size > 1 else b"["[:size]
    line = HEADER + shut.sign(raw).encode()
    if is_chunked:
        chunks = (raw[n : n + 100_000] for n in range(0, size, 100_000))
        parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
        answer = await shut.knock(shut.head(line, b"Transfer-Encoding: chunked"), *parts, b"0\r\n\r\n")
    else:
        answer = await shut.knock(shut.head(line, length=size), raw)
    expected = 400 if size < 2 else 200 if size <= BODY_BYTES else 413
    assert (status(answer), await shut.count()) == (expected, int(expected == 200))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_for_this_door(shut: Door, method: str) -> None:
    async with shut.http.request(method, shut.url("/webhook")) as answer:
        assert answer.status == 405
