"""Tricks below HTTP and in it, over real sockets: no 5xx, no row without a signature, and the next one is served."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.web.server import Server
from flows.limits import BODY_BYTES
from tests import payloads
from tests.bot.web.door import Door, status
from tests.bot.web.test_front import request as usual
from tests.bot.web.test_kept import another

MIB = 1024 * 1024
SIGNATURE = b"X-Hub-Signature-256: "


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([line, b"Host: waybill", b"Connection: close", *headers]) + b"\r\n\r\n" + body


def statuses(answers: bytes) -> list[int]:
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


METHODS = ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FROB", "get", "A" * 9000)
TARGETS = (
    "/webhook/", "/webhook/..", "/webhook/../healthz", "//webhook", "/%77ebhook/x", "/webhook%00", "/webhook;a=1",
    "/webhook%2f..%2f..%2fetc/passwd", "/../../etc/passwd", "/..%5c..%5cwindows", "http://example.com/webhook", "*", "",
    "webhook", "/webhook?" + "a=1&" * 1500, "/" + "a" * 20_000, "/é", "/\udcff", "/webhook#x", "/?%zz=%", "/healthz?token=%00",
    "/metrics/../webhook", "/sandbox/../webhook", "/.well-known/x", "/%e2%80%ae",
)  # fmt: skip


async def test_no_method_and_no_target_is_anybody_s_5xx(shut: Door) -> None:
    hits = shut.listen()
    lines = [
        f"{method} {target} HTTP/1.1" for method in METHODS for target in ("/webhook", "/healthz", "/nowhere", "/")
    ]
    lines += [f"{method} {target} HTTP/1.1" for method in ("GET", "POST") for target in TARGETS]
    lines += [
        "",
        " ",
        "GET",
        "GET /",
        "GET / HTTP/9.9",
        "GET / HTTP/1",
        "GET / HTP/1.1",
        "\0",
        "GET\t/\tHTTP/1.1",
        "PRI * HTTP/2.0",
    ]
    for line in lines:
        answer = await shut.knock(request(line.encode("utf-8", "surrogateescape")))
        assert status(answer) < 500, line[:80]
    assert hits["database.commit"] == 0
    await _serves(shut)


async def test_http_1_0_is_served(shut: Door) -> None:
    raw = shut.body(payloads.text())
    line = SIGNATURE + shut.sign(raw).encode()
    head = b"\r\n".join([b"POST /webhook HTTP/1.0", line, b"Content-Length: %d" % len(raw)]) + b"\r\n\r\n"
    answer = await shut.knock(head + raw)
    assert (answer[:12], await shut.count()) == (b"HTTP/1.0 200", 1)


async def test_lengths_that_lie_are_refused_or_not_waited_for(shut: Door) -> None:
    """Nothing of them is stored: neither a part of the body nor what follows it."""
    raw = shut.body(payloads.text())
    sign = SIGNATURE + shut.sign(raw).encode()
    post = b"POST /webhook HTTP/1.1"
    n = len(raw)
    lies = [
        [b"Content-Length: %d" % (n - 1)], [b"Content-Length: 0"], [], [b"Content-Length: -1"], [b"Content-Length: +%d" % n],
        [b"Content-Length: 0x%x" % n], [b"Content-Length: %d, %d" % (n, n)], [b"Content-Length: %d " % n + b"1"],
        [b"Content-Length: %d" % n, b"Content-Length: %d" % (n - 1)], [b"Content-Length: \xb2"], [b"Content-Length: " + b"9" * 30],
        [b"Content-Length: %d" % n, b"Transfer-Encoding: chunked"], [b"Transfer-Encoding: chunked, identity"],
        [b"Transfer-Encoding: xchunked"], [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
        [b"Transfer-Encoding:\x0bchunked"], [b"Content-Length : %d" % n], [b" Content-Length: %d" % n],
        [b"Content_Length: %d" % n],
    ]  # fmt: skip
    for headers in lies:
        answer = await shut.knock(request(post, sign, *headers, body=raw))
        assert status(answer) in (0, 400, 401, 413), headers
    assert await shut.count() == 0
    await _serves(shut)


async def test_a_request_hidden_in_a_body_is_never_one(shut: Door) -> None:
    """Every way known of making two servers disagree about where a request ends."""
    hidden = shut.body(payloads.text(wamid="wamid.hidden"))
    inner = request(
        b"POST /webhook HTTP/1.1",
        SIGNATURE + shut.sign(hidden).encode(),
        b"Content-Length: %d" % len(hidden),
        body=hidden,
    )
    chunk = b"0\r\n\r\n" + inner
    post = b"POST /nowhere HTTP/1.1"
    smuggled = [
        request(post, b"Content-Length: %d" % len(chunk), b"Transfer-Encoding: chunked", body=chunk),
        request(post, b"Transfer-Encoding: chunked", b"Content-Length: 5", body=chunk),
        request(post, b"Transfer-Encoding : chunked", b"Content-Length: 5", body=chunk),
        request(post, b"Transfer-Encoding: \x00chunked", body=chunk),
        request(post, b"Transfer-Encoding: chunked", body=b"5;\n\r\nhello\r\n" + chunk),
        request(post, b"Transfer-Encoding: chunked", body=b"-1\r\n" + inner),
        request(post, b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n" + inner),
        request(post, b"Transfer-Encoding: chunked", body=b"0_0\r\n\r\n" + inner),
        request(post, b"X: a\n" + b"Content-Length: 0", body=inner),
        request(post, b"X: a\r\n folded: " + inner.replace(b"\r\n", b"\r\n "), body=b""),
    ]
    for trick in smuggled:
        answers = statuses(await shut.knock(trick))
        assert all(answer < 500 for answer in answers), trick[:200]
        assert 200 not in answers, trick[:200]
    assert await shut.count() == 0
    await _serves(shut)


async def test_requests_in_a_row_are_each_judged_by_their_own_signature(shut: Door) -> None:
    parts, expected = [], []
    for n in range(60):
        raw = shut.body(payloads.text(wamid=f"wamid.{n}"))
        right = shut.sign(raw) if n % 3 else shut.sign(raw + b" ")
        head = [b"POST /webhook HTTP/1.1", b"Host: w", SIGNATURE + right.encode(), b"Content-Length: %d" % len(raw)]
        last = [b"Connection: close"] if n == 59 else []
        parts.append(b"\r\n".join([*head, *last]) + b"\r\n\r\n" + raw)
        expected.append(200 if n % 3 else 401)
    assert statuses(await shut.knock(b"".join(parts))) == expected
    assert await shut.count() == expected.count(200)


async def test_headers_too_many_too_long_or_no_headers_are_refused(shut: Door) -> None:
    hits = shut.listen()
    post = b"POST /webhook HTTP/1.1"
    for headers in (
        [b"X-%d: a" % n for n in range(1_000)], [b"X: a" for _ in range(100_000)], [b"X: " + b"a" * MIB],
        [b"a" * 20_000 + b": 1"], [b": empty"], [b"no colon"], [b"X: \x00"], [b"X\xe9: 1"], [b"X: \r\n\t folded"],
        [SIGNATURE + b"sha256=" + bytes(range(0x80, 0xC0))], [SIGNATURE + bytes(range(0xC0, 0x100))],
        [SIGNATURE + "sha256=²".encode()], [SIGNATURE + b"sha256=" + b"f" * 8000], [b"Expect: 100-continue"],
        [b"Expect: 200-nonsense"], [b"Upgrade: websocket", b"Connection: Upgrade"], [b"Upgrade: h2c"],
        [b"Content-Type: \xff/\xfe"], [b"Range: bytes=0-1"], [b"Cookie: " + b"a=1; " * 1000], [b"Host: a", b"Host: b"],
    ):  # fmt: skip
        answer = await shut.knock(request(post, *headers, b"Content-Length: 2", body=b"{}"))
        assert status(answer) < 500, headers[0][:60]
        assert status(answer) != 200, headers[0][:60]
    assert hits == {}
    await _serves(shut)


async def test_bodies_up_to_four_mebibytes_are_taken_and_not_a_byte_more(shut: Door) -> None:
    for size, answer in ((3 * MIB, 200), (BODY_BYTES, 200), (BODY_BYTES + 1, 413)):
        raw = shut.body(payloads.text("", wamid=f"wamid.{size}"))
        raw = raw.replace(b'"body": ""', b'"body": "%s"' % (b"x" * (size - len(raw))))
        assert len(raw) == size
        sign = SIGNATURE + shut.sign(raw).encode()
        plain = await shut.knock(shut.head(sign, length=size) + raw)
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (size, raw)
        chunked = await shut.knock(shut.head(sign, b"Transfer-Encoding: chunked") + chunks)
        assert (status(plain), status(chunked)) == (answer, answer), size
    assert await shut.count() == 2
    await _serves(shut)


async def test_a_bomb_is_not_opened(shut: Door) -> None:
    bomb = gzip.compress(bytes(50 * MIB))
    for coding, raw in (("gzip", bomb + bomb), ("deflate", zlib.compress(bytes(MIB))), ("br, gzip", bomb), ("", bomb)):
        sign = SIGNATURE + shut.sign(raw).encode()
        head = shut.head(sign, b"Content-Encoding: " + coding.encode(), length=len(raw))
        assert status(await shut.knock(head + raw)) == 415
        both = shut.head(sign, b"Transfer-Encoding: gzip, chunked")
        assert status(await shut.knock(both + b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw), raw))) == 400
    assert await shut.count() == 0
    await _serves(shut)


@asynccontextmanager
async def small(*, connections: int, keep_alive_s: float) -> AsyncIterator[int]:
    """A server with little patience; its port."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/", hello)])
    server = Server(app, connections=connections, keep_alive_s=keep_alive_s)
    try:
        yield await server.start("127.0.0.1", 0)
    finally:
        await server.stop()


async def test_who_sends_a_head_byte_by_byte_is_cut_off(shut: Door) -> None:
    async with small(connections=10, keep_alive_s=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in b"GET / HTTP/1.1\r\nHost: waybill\r\nX-Slow: " + b"a" * 1000:
            writer.write(bytes([byte]))
            try:
                async with asyncio.timeout(0.05):
                    assert await reader.read() == b""
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("it was listened to for ever")
        writer.close()
        assert status(await shut.knock(request(b"GET / HTTP/1.1"), port=port)) == 200


async def test_one_connection_too_many_is_closed_and_the_others_are_served() -> None:
    async with small(connections=10, keep_alive_s=75) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]
        await _ask(held[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(ConnectionError):
            writer.write(request(b"GET / HTTP/1.1"))
            await writer.drain()
            assert await reader.read() == b""
            raise ConnectionResetError
        for pair in held:
            await _ask(pair)
        writers = [writer for _, writer in held]
        writers[0].close()
        await writers[0].wait_closed()
        while True:  # until the server has noticed
            pair = await asyncio.open_connection("127.0.0.1", port)
            writers.append(pair[1])
            try:
                await _ask(pair)
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                continue
        for each in [writer, *writers]:
            each.close()


SAID = {
    "nothing": b"",
    "half a head": b"POST /webhook HTTP/1.1\r\nX-Slow: ",
    "hello": b"GET / HTTP/1.1\r\nHost: waybill\r\n\r\n",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
async def test_who_holds_every_connection_keeps_nobody_else_out(shut: Door, said: bytes) -> None:
    async with another(shut, shut.app.intake, connections=10) as port:
        meta = await asyncio.open_connection("127.0.0.1", port)
        assert await _tell(shut, meta, "wamid.0") == 200
        held = [meta]
        for n in range(1, 6):
            for _ in range(10):
                held.append(await asyncio.open_connection("127.0.0.1", port))
                held[-1][1].write(said)
            newcomer = await asyncio.open_connection("127.0.0.1", port)
            held.append(newcomer)
            assert await _tell(shut, newcomer, f"wamid.new{n}") == 200
            assert await _tell(shut, meta, f"wamid.{n}") == 200
        for _, writer in held:
            writer.close()
    assert await shut.count() == 11


async def test_who_has_proved_to_be_meta_makes_room_for_nobody(shut: Door) -> None:
    async with another(shut, shut.app.intake, connections=3) as port:
        known = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for n, pair in enumerate(known):
            assert await _tell(shut, pair, f"wamid.{n}") == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await _ends(reader)
        assert [await _tell(shut, pair, f"wamid.again{n}") for n, pair in enumerate(known)] == [200] * 3
        for each in [writer, *(writer for _, writer in known)]:
            each.close()


async def _tell(door: Door, pair: tuple[asyncio.StreamReader, asyncio.StreamWriter], wamid: str) -> int:
    reader, writer = pair
    raw = door.body(payloads.text(wamid=wamid))
    writer.write(usual(door, raw))
    return status(await reader.readuntil(b"\r\n\r\n"))


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def _ask(pair: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    reader, writer = pair
    writer.write(b"GET / HTTP/1.1\r\nHost: waybill\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def _serves(door: Door) -> None:
    before = await door.count()
    assert await door.post(door.body(payloads.text(wamid="wamid.neighbour"))) == 200
    assert await door.count() == before + 1
