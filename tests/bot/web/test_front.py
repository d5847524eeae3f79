"""The front takes what is plain and whole, answers it as aiohttp does, and leaves everything else to it untouched."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from bot.intake import Intake
from bot.web.front import GATHERED_BYTES, Front, read
from bot.web.server import Server
from bot.web.webhook import Webhook
from tests import payloads
from tests.bot.web.door import Door, status
from tests.bot.web.test_kept import another, busy, wamids

SHUT = b"Connection: close"


def request(door: Door, raw: bytes, *headers: bytes, line: bytes = b"POST /webhook HTTP/1.1") -> bytes:
    given = [line, b"Host: waybill", b"X-Hub-Signature-256: " + door.sign(raw).encode(), *headers]
    return b"\r\n".join([*given, b"Content-Length: %d" % len(raw)]) + b"\r\n\r\n" + raw


def statuses(answers: bytes) -> list[int]:
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the front left to aiohttp."""
    given = list[bytes]()
    leave = Front._leave

    def kept(front: Front, data: bytes) -> None:
        given.append(data)
        leave(front, data)

    monkeypatch.setattr(Front, "_leave", kept)
    return given


PLAIN = b"POST /webhook HTTP/1.1\r\nX-Hub-Signature-256: s\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "head",
    [
        PLAIN,
        PLAIN.replace(b"Content-Length", b"content-LENGTH"),
        PLAIN.replace(b": s", b":s"),
        PLAIN.replace(b": s", b": s\r\nConnection: Keep-Alive\r\nX: \t a b"),
    ],
)
def test_a_plain_head_is_read(head: bytes) -> None:
    assert tuple(read(head) or ()) == ("s", len(head) - 2, len(head))


@pytest.mark.parametrize(
    "head",
    [
        PLAIN[:-4],
        b"",
        PLAIN.replace(b"POST", b"PUT"),
        PLAIN.replace(b"/webhook", b"/webhook?a=1"),
        PLAIN.replace(b"1.1", b"1.0"),
        PLAIN.replace(b"Content-Length: 2\r\n", b""),
        PLAIN.replace(b": 2", b": -2"),
        PLAIN.replace(b": 2", b": 2 "),
        PLAIN.replace(b": 2", b": 0x2"),
        PLAIN.replace(b": 2", b": 2, 2"),
        PLAIN.replace(b": 2", b": 99999999"),
        PLAIN.replace(b": 2", b": 4194305"),
        PLAIN.replace(b": 2", b": 2\r\nContent-Length: 2"),
        PLAIN.replace(b": s", b": s\r\nx-hub-signature-256: s"),
        PLAIN.replace(b": s", b": s\r\n folded: 1"),
        PLAIN.replace(b": s", b": s\r\nA : 1"),
        PLAIN.replace(b": s", b": s\r\n: 1"),
        PLAIN.replace(b": s", b": s\r\nno colon"),
        PLAIN.replace(b": s", b": s\nA: 1"),
        PLAIN.replace(b": s", b": s\rA: 1"),
        PLAIN.replace(b": s", b": s\r\nA: \x00"),
        PLAIN.replace(b": s", b": s\xe9"),
        PLAIN.replace(b": s", b": s\r\nTransfer-Encoding: chunked"),
        PLAIN.replace(b": s", b": s\r\nContent-Encoding: gzip"),
        PLAIN.replace(b": s", b": s\r\nExpect: 100-continue"),
        PLAIN.replace(b": s", b": s\r\nUpgrade: h2c"),
        PLAIN.replace(b": s", b": s\r\nConnection: close"),
        PLAIN.replace(b": s", b": s\r\nConnection: keep-alive, upgrade"),
        PLAIN.replace(b": s", b": s\r\nA: " + b"a" * 8_000),
        PLAIN.replace(b"X-Hub-Signature-256: s\r\n", b""),
    ],
)
def test_in_doubt_a_head_is_left_alone(head: bytes) -> None:
    assert read(head) is None


async def test_the_usual_request_is_answered_here_again_and_again(shut: Door, left: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
    for n in range(5):
        writer.write(request(shut, shut.body(payloads.text(wamid=f"wamid.{n}"))))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert (len(await shut.rows()), left) == (5, [])


async def test_what_it_refuses_is_told_in_aiohttp_s_words_and_the_connection_goes_on(
    shut: Door, left: list[bytes]
) -> None:
    raw = shut.body(payloads.text())
    forged = request(shut, raw).replace(b"sha256=", b"sha256=0")
    no_json = request(shut, b"{")
    told = await shut.knock(forged, request(shut, raw), no_json, request(shut, raw, SHUT))
    assert statuses(told) == [401, 200, 400, 200]
    assert (left[0][: len(forged)], len(left)) == (forged, 1)
    assert await shut.count() == 1


async def test_a_request_in_pieces_is_put_together(shut: Door, left: list[bytes]) -> None:
    raw = shut.body(payloads.text())
    whole = request(shut, raw)
    reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
    for at in (whole.index(b"\r\n\r\n") + 4, whole.index(raw) + 10, len(whole) - 1):
        for piece in (whole[:at], whole[at:]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert (await shut.count(), left) == (1, [])


async def test_a_head_in_pieces_is_aiohttp_s(shut: Door, left: list[bytes]) -> None:
    whole = request(shut, shut.body(payloads.text()), SHUT)
    assert status(await shut.knock(whole[:40], whole[40:])) == 200
    assert len(left) == 1


async def test_a_long_body_in_pieces_is_aiohttp_s(shut: Door, left: list[bytes]) -> None:
    whole = request(shut, shut.body(payloads.text("x" * GATHERED_BYTES)))
    reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
    for piece in (whole[:1_000], whole[1_000:]):
        writer.write(piece)
        await asyncio.sleep(0.05)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert left
    assert whole.startswith(left[0])


async def test_a_rest_that_does_not_come_is_aiohttp_s_to_tell_of(shut: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.front.REST_S", 0.05)
    whole = request(shut, shut.body(payloads.text()))
    async with another(shut, shut.app.intake, body_time=timedelta(milliseconds=100)) as port:
        assert status(await shut.knock(whole[:-1], port=port)) == 408


async def test_who_speaks_before_the_answer_waits_his_turn(shut: Door) -> None:
    async with busy(shut):
        reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
        for n in range(3):
            writer.write(request(shut, shut.body(payloads.text(wamid=f"wamid.{n}")), *([SHUT] if n == 2 else [])))
            await asyncio.sleep(0.05)
    assert statuses(await reader.read()) == [200, 200, 200]
    writer.close()
    assert wamids(await shut.rows()) == ["wamid.0", "wamid.1", "wamid.2"]


async def test_nobody_fills_our_memory_while_he_waits(shut: Door) -> None:
    flood = b"x" * 32_000_000  # more than the sockets on both ends hold
    async with busy(shut):
        reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
        writer.write(request(shut, shut.body(payloads.text())))
        await asyncio.sleep(0.1)
        writer.write(flood)
        await asyncio.sleep(0.5)
        assert writer.transport.get_write_buffer_size() > len(flood) / 4
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.transport.abort()


async def test_a_disk_that_keeps_us_waiting_is_503_and_the_connection_goes_on(shut: Door, left: list[bytes]) -> None:
    shut.app.intake._patience_s = 0.1
    whole = request(shut, shut.body(payloads.text()))
    reader, writer = await asyncio.open_connection("127.0.0.1", shut.port)
    async with busy(shut):
        writer.write(whole)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"Retry-After: 5\r\n" in head
        assert b"Send them again." in await reader.readline()
    shut.app.intake._patience_s = 3.0
    writer.write(whole)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    assert left == []


async def test_who_leaves_before_the_answer_leaves_the_event(shut: Door) -> None:
    async with busy(shut):
        _, writer = await asyncio.open_connection("127.0.0.1", shut.port)
        writer.write(request(shut, shut.body(payloads.text())))
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
    assert await shut.post(shut.body(payloads.text(wamid="wamid.B"))) == 200
    assert await shut.count() == 2


async def test_who_says_nothing_is_not_kept(shut: Door) -> None:
    webhook = Webhook(
        app_secret="s", verify_token="t", phone_number_id=shut.number, intake=shut.app.intake, metrics=shut.app.metrics
    )
    server = Server(web.Application(), webhook, keep_alive_s=0.2)
    port = await server.start("127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(2):
            assert await reader.read() == b""
        writer.close()
    finally:
        await server.stop()


async def test_a_server_that_stops_answers_what_is_under_way_and_closes_the_rest(shut: Door) -> None:
    app = shut.app
    intake = Intake(
        app.database, app.store, clock=app.clock, metrics=app.metrics, on_stored=app.dispatcher.wake,
        patience=timedelta(milliseconds=300),
    )  # fmt: skip
    intake.start()
    async with busy(shut), another(shut, intake) as port:
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(shut, shut.body(payloads.text())))
        for _ in range(400):
            await asyncio.sleep(0.005)
            if intake._batch:
                break
        ends = [asyncio.create_task(each.read()) for each in (idle, reader)]
        order = list[asyncio.Task[bytes]]()
        for end in ends:
            end.add_done_callback(order.append)
    assert (await ends[0], (await ends[1])[:13]) == (b"", b"HTTP/1.1 503 ")
    assert order == ends  # who is idle does not wait for who is not
    for each in (idle_writer, writer):
        each.close()
    await intake.stop()
