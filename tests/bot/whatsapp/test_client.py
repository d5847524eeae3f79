"""One request to a server of raw sockets, which answers, stops, resets and lies wherever we want it to."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.client import Accepted, Client, GraphError, NotSent, Outcome, Refused, Unknown
from tests.payloads import ASHA, ASHA_ID, NUMBER

BODY = {"messaging_product": "whatsapp", "to": ASHA, "type": "text", "text": {"body": "Grüße 🎉"}}
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": ASHA, "wa_id": ASHA, "user_id": ASHA_ID}],
    "messages": [{"id": "wamid.B", "message_status": "accepted"}],
}


def answer(status: int, body: object, *, headers: str = "") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
    return head.encode() + content


def graph_error(code: int, **more: object) -> dict[str, object]:
    return {"error": {"message": f"(#{code}) Refused", "type": "OAuthException", "code": code, **more}}


Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def say(data: bytes, *, reset: bool = False) -> Reply:
    """Send `data`, then close: politely, or with a reset."""

    async def reply(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if reset:
            # With no time to linger the kernel answers RST.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    return reply


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Until the other side gives up."""
    await reader.read()


@dataclass
class Server:
    """Reads whole requests, keeps them, and leaves each to `reply`."""

    reply: Reply
    port: int = 0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self.serve(reader, writer))
        self.serving.add(task)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append((head[0], headers, body))
            await self.reply(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def serving(reply: Reply, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(reply)
    listening = await asyncio.start_server(server.begin, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*server.serving)


@asynccontextmanager
async def started(port: int, *, scheme: str = "http", **more: Any) -> AsyncIterator[Client]:
    url = f"{scheme}://127.0.0.1:{port}/graph/"
    client = Client(api_url=url, version="v24.0", phone_number_id=NUMBER, token="secret", **more)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def outcome(reply: Reply, **more: Any) -> Outcome:
    async with serving(reply) as server, started(server.port, **more) as client:
        return await client.send(BODY)


async def test_a_message_is_one_request_with_everything_in_it() -> None:
    points: list[str] = []
    async with serving(say(answer(200, TAKEN))) as server, started(server.port, faults=points.append) as client:
        assert await client.send(BODY) == Accepted("wamid.B", ASHA, ASHA_ID)
    ((line, headers, body),) = server.requests
    assert line == f"POST /graph/v24.0/{NUMBER}/messages HTTP/1.1"
    assert headers["authorization"] == "bearer secret"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == BODY
    assert points == ["graph.request", "graph.first_byte", "graph.response"]


@pytest.mark.parametrize("contacts", [None, [], [{}], [{"wa_id": None, "user_id": 7}], "x"])
async def test_what_meta_took_is_taken_whatever_else_it_says(contacts: object) -> None:
    told = {"messages": [{"id": "wamid.B"}], "contacts": contacts}
    assert await outcome(say(answer(200, told))) == Accepted("wamid.B", None, None)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, graph_error(131047), Refused(131047, 400, "(#131047) Refused", "")),
        (
            400,
            graph_error(131009, error_data={"details": "no such product"}),
            Refused(131009, 400, "(#131009) Refused", "no such product"),
        ),
        (401, graph_error(190), Refused(190, 401, "(#190) Refused", "")),
        (400, graph_error(100, error_subcode=33), Refused(33, 400, "(#100) Refused", "")),
        (500, graph_error(131056), Refused(131056, 500, "(#131056) Refused", "")),
        (503, graph_error(2), Refused(2, 503, "(#2) Refused", "")),
        (
            400,
            {"errors": [{"code": 2046, "title": "Illegal", "details": "completed"}]},
            Refused(2046, 400, "Illegal", "completed"),
        ),
        (400, b"<html>", Refused(None, 400, "HTTP 400", "")),
        (429, b"", Refused(None, 429, "HTTP 429", "")),
        (404, {"error": "gone"}, Refused(None, 404, "HTTP 404", "")),
        (400, {"error": {"code": "x", "message": 7}}, Refused(None, 400, "HTTP 400", "")),
        (500, graph_error(131000), Unknown("HTTP 500, code 131000")),
        (500, graph_error(1), Unknown("HTTP 500, code 1")),
        (500, graph_error(999999), Unknown("HTTP 500, code 999999")),
        (502, b"<html>Bad Gateway</html>", Unknown("HTTP 502, code None")),
        (503, b"", Unknown("HTTP 503, code None")),
        (500, b"null", Unknown("HTTP 500, code None")),
        (101, b"", Unknown("the answer is no HTTP")),
        (200, b"", Unknown("no message id in the answer")),
        (200, b"<html>", Unknown("no message id in the answer")),
        (200, {}, Unknown("no message id in the answer")),
        (200, {"messages": [{"id": ""}]}, Unknown("no message id in the answer")),
        (200, {"messages": {}}, Unknown("no message id in the answer")),
    ],
)
async def test_each_answer_has_one_outcome(status: int, body: object, expected: Outcome) -> None:
    assert await outcome(say(answer(status, body))) == expected


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = answer(307, b"", headers="Location: /elsewhere\r\n")
    async with serving(say(elsewhere)) as server, started(server.port) as client:
        assert await client.send(BODY) == Refused(None, 307, "HTTP 307", "")
    assert len(server.requests) == 1


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_an_answer_cut_at_any_byte_leaves_open_what_happened(reset: bool) -> None:
    whole = answer(200, {"messages": [{"id": "wamid.B"}]})
    for length in range(len(whole)):
        found = await outcome(say(whole[:length], reset=reset))
        assert isinstance(found, Unknown), f"cut after {length} bytes: {found}"
    assert await outcome(say(whole)) == Accepted("wamid.B", None, None)


async def test_a_connection_that_breaks_while_we_write_leaves_open_what_happened() -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.transport.abort()

    listening = await asyncio.start_server(break_off, "127.0.0.1", 0)
    async with listening, started(listening.sockets[0].getsockname()[1]) as client:
        assert isinstance(await client.send({"x": "y" * 900_000}), Unknown)


async def test_no_answer_in_time_leaves_open_what_happened() -> None:
    assert isinstance(await outcome(hang, total_s=0.2), Unknown)


async def test_an_answer_that_trickles_is_not_waited_for() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, TAKEN)[:40])
        await hang(reader, writer)

    assert isinstance(await outcome(trickle, total_s=0.2), Unknown)


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with started(unused.getsockname()[1]) as client:
            assert await client.send(BODY) == NotSent("the connection was refused")


@pytest.mark.parametrize("name", ["nowhere.invalid", "a" * 70 + ".invalid"], ids=["unknown", "impossible"])
async def test_a_name_that_nobody_has_sent_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    if name.startswith("nowhere"):
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
    async with started(1) as client:
        client.api_url = f"http://{name}"
        assert await client.send(BODY) == NotSent("the name was not found")


async def test_a_failed_handshake_sent_nothing() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 no TLS here\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with listening, started(listening.sockets[0].getsockname()[1], scheme="https") as client:
        assert await client.send(BODY) == NotSent("no TLS")


async def test_a_connection_that_never_stands_sent_nothing() -> None:
    points: list[str] = []
    slow: dict[str, Any] = {"scheme": "https", "connect_s": 0.2, "faults": points.append}
    async with serving(hang) as server, started(server.port, **slow) as client:
        assert await client.send(BODY) == NotSent("no connection in time")
    assert (server.requests, points) == ([], ["graph.request"])


async def test_an_address_that_is_none_sent_nothing() -> None:
    client = Client(api_url="ftp://127.0.0.1", version="v24.0", phone_number_id=NUMBER, token="secret")
    await client.start()
    assert isinstance(await client.send(BODY), NotSent)
    await client.stop()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]))
def test_no_answer_makes_it_raise(noise: bytes, start: bytes) -> None:
    found = asyncio.run(outcome(say(start + noise)))
    assert isinstance(found, Accepted | Refused | Unknown)


async def test_a_call_gives_the_answer() -> None:
    async with serving(say(answer(200, {"data": [1]}))) as server, started(server.port) as client:
        assert await client.call("GET", "/77/products", params={"limit": "5", "after": "a b"}) == {"data": [1]}
    ((line, headers, body),) = server.requests
    assert (line, body) == ("GET /graph/v24.0/77/products?limit=5&after=a+b HTTP/1.1", b"")
    assert headers["authorization"] == "bearer secret"


async def test_a_call_carries_json() -> None:
    async with serving(say(answer(200, {"success": True}))) as server, started(server.port) as client:
        assert await client.call("POST", "77/message_templates", json={"name": "x"}) == {"success": True}
    assert json.loads(server.requests[0][2]) == {"name": "x"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (say(answer(400, graph_error(100, error_data={"details": "no"}))), (100, 400, "(#100) Refused", "no")),
        (say(answer(200, b"<html>")), (None, 200, "HTTP 200", "")),
        (say(answer(502, b"<html>")), (None, 502, "HTTP 502", "")),
        (say(b""), (None, 0, "no answer from the Graph API", "the connection ended before the answer did")),
    ],
)
async def test_a_failed_call_says_why(reply: Reply, expected: tuple[int | None, int, str, str]) -> None:
    async with serving(reply) as server, started(server.port) as client:
        with pytest.raises(GraphError) as failure:
            await client.call("GET", "77")
    error = failure.value
    assert (error.code, error.http_status, error.title, error.details) == expected


async def test_nothing_is_sent_before_the_start_or_after_the_stop() -> None:
    client = Client(api_url="http://127.0.0.1:1", version="v24.0", phone_number_id=NUMBER, token="secret")
    with pytest.raises(RuntimeError, match="not been started"):
        await client.send(BODY)
    await client.start()
    await client.stop()
    await client.stop()
    with pytest.raises(RuntimeError, match="not been started"):
        await client.send(BODY)
