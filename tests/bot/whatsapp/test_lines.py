"""A line to Graph: answers come whole however they are cut, and nothing is said on a line that may be in doubt."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp import lines
from bot.whatsapp.client import Accepted, Client, NotSent, Unknown
from bot.whatsapp.lines import Line, NoAnswer
from tests.bot.whatsapp.test_client import BODY, TAKEN, answer, say, serving, started

SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH: 4\r\n\r\nwhat"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nw\r\n3;x=y\r\nhat\r\n0\r\nTrailer: z\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nwhat"
ENDING = SIZED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
WAIT = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


class Wire(asyncio.Transport):
    """Where a line writes to, without a socket."""

    is_open = True

    def write(self, data: object) -> None:
        pass

    def abort(self) -> None:
        self.is_open = False


def line() -> tuple[Line, Wire]:
    made, wire = Line(), Wire()
    made.connection_made(wire)
    return made, wire


@given(st.sampled_from([SIZED, CHUNKED, ENDLESS, ENDING, WAIT + SIZED, WAIT + CHUNKED]), st.data())
def test_an_answer_is_the_same_however_it_is_cut(whole: bytes, data: st.DataObject) -> None:
    async def ask() -> tuple[tuple[int, bytes], bool, bool]:
        asked, wire = line()
        found = asked.ask(b"", 60)
        for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
            asked.data_received(whole[start:end])
        if whole is ENDLESS:
            assert not found.done()
            asked.connection_lost(None)
        return await found, asked.is_free, wire.is_open

    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    is_over = whole in {ENDLESS, ENDING}
    assert asyncio.run(ask()) == ((200, b"what"), not is_over, whole is not ENDLESS)


@pytest.mark.parametrize("whole", [SIZED, CHUNKED, ENDING, WAIT + SIZED, WAIT], ids=range(5))
async def test_what_ends_early_is_no_answer(whole: bytes) -> None:
    for end in range(len(whole) + (whole is WAIT)):
        asked, wire = line()
        found = asked.ask(b"", 60)
        asked.data_received(whole[:end])
        asked.connection_lost(None)
        with pytest.raises(NoAnswer):
            await found
        assert not (asked.is_free or wire.is_open)


async def test_what_a_reset_ends_is_no_answer_even_where_the_end_is_all_there_is() -> None:
    asked, _ = line()
    found = asked.ask(b"", 60)
    asked.data_received(ENDLESS)
    asked.connection_lost(ConnectionResetError())
    with pytest.raises(NoAnswer):
        await found


@pytest.mark.parametrize("more", [b"x", b"\0", SIZED, b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_nobody_asked_for_ends_the_line(more: bytes, at_once: bool) -> None:
    asked, wire = line()
    found = asked.ask(b"", 60)
    for piece in [SIZED + more] if at_once else [SIZED, more]:
        asked.data_received(piece)
    assert await found == (200, b"what")
    assert not (asked.is_free or wire.is_open)


async def test_what_comes_before_anybody_asked_ends_the_line() -> None:
    idle, wire = line()
    idle.data_received(SIZED)
    assert not (idle.is_free or wire.is_open)


async def test_one_line_carries_many_answers_each_with_its_own_end() -> None:
    asked, _ = line()
    for whole in (SIZED, CHUNKED, WAIT + SIZED, SIZED, CHUNKED):
        found = asked.ask(b"", 60)
        asked.data_received(whole)
        assert await found == (200, b"what")
        assert asked.is_free


@dataclass
class Exchange:
    """A server that answers every request on every connection, and the connections it has seen."""

    says: list[bytes] = field(default_factory=list)
    """What it says to the next requests; then that the message was taken."""
    port: int = 0
    seen: list[asyncio.StreamReader] = field(default_factory=list)
    asked: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(reader)
        while head := await reader.readline():
            while (header := await reader.readline()) != b"\r\n":
                head += header
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            self.asked += 1
            said = self.says.pop(0) if self.says else answer(200, TAKEN)
            await self.go.wait()
            writer.write(said)
            if not said:
                break
        writer.close()

    @property
    def open(self) -> int:
        return sum(not reader.at_eof() for reader in self.seen)


@asynccontextmanager
async def exchange(*says: bytes) -> AsyncIterator[tuple[Exchange, Client]]:
    made = Exchange(list(says))
    made.go.set()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    async with listening, started(made.port, total_s=0.5) as client:
        yield made, client
    await _until(lambda: made.open == 0)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def _taken(client: Client) -> bool:
    return isinstance(await client.send(BODY), Accepted)


async def test_one_connection_carries_many_messages() -> None:
    async with exchange() as (server, client):
        assert [await _taken(client) for _ in range(20)] == [True] * 20
        assert len(server.seen) == 1


async def test_as_many_connections_as_messages_at_a_time_and_no_more() -> None:
    async with exchange() as (server, client):
        for _ in range(3):
            assert await asyncio.gather(*(_taken(client) for _ in range(5))) == [True] * 5
        assert len(server.seen) == 5


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(answer(200, TAKEN, headers="Connection: close\r\n"), id="says that it closes"),
        pytest.param(answer(200, TAKEN).replace(b"HTTP/1.1", b"HTTP/1.0"), id="keeps none open"),
        pytest.param(answer(200, TAKEN) + b"HTTP/1.1 200 OK\r\n", id="says more"),
    ],
)
async def test_a_connection_in_doubt_is_not_used_again(said: bytes) -> None:
    async with exchange(said) as (server, client):
        assert [await _taken(client), await _taken(client)] == [True, True]
        assert len(server.seen) == 2


async def test_a_connection_that_the_other_side_closed_is_not_used_again() -> None:
    async with exchange(b"") as (server, client):
        assert isinstance(await client.send(BODY), Unknown)
        assert await _taken(client)
        assert len(server.seen) == 2


async def test_an_answer_that_comes_too_late_is_nobodys() -> None:
    async with exchange(answer(200, {"messages": [{"id": "wamid.late"}]})) as (server, client):
        server.go.clear()
        assert await client.send(BODY) == Unknown("the answer did not come in time")
        server.go.set()
        assert cast("Accepted", await client.send(BODY)).wamid == "wamid.B"
        assert len(server.seen) == 2


async def test_whoever_stops_waiting_takes_the_connection_along() -> None:
    async with exchange() as (server, client):
        server.go.clear()
        sending = asyncio.create_task(client.send(BODY))
        await _until(lambda: server.asked == 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await _until(lambda: server.open == 0)
        server.go.set()
        assert await _taken(client)


async def test_what_is_under_way_when_the_client_stops_gets_its_answer() -> None:
    async with exchange() as (server, client):
        server.go.clear()
        sending = asyncio.create_task(_taken(client))
        await _until(lambda: server.asked == 1)
        await client.stop()
        server.go.set()
        assert await sending
        await _until(lambda: server.open == 0)


async def test_the_next_address_is_taken_where_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(_host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("127.0.0.2", "127.0.0.1")]

    async with exchange() as (server, client):
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        assert await _taken(client)
        assert len(server.seen) == 1


async def test_connections_that_rest_too_long_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with exchange() as (server, client):
        assert await asyncio.gather(*(_taken(client) for _ in range(3))) == [True] * 3
        monkeypatch.setattr(lines, "REST_S", 0.05)
        await asyncio.sleep(0.1)
        assert await _taken(client)
        assert len(server.seen) == 4
        await _until(lambda: server.open == 1)


@pytest.mark.parametrize(("name", "is_taken"), [("127.0.0.1", True), ("elsewhere.example", False)])
async def test_only_who_can_show_a_certificate_for_the_name_is_told_anything(
    name: str, is_taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert(name).configure_cert(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with serving(say(answer(200, TAKEN)), tls=context) as server, started(server.port, scheme="https") as client:
        found = await client.send(BODY)
    assert isinstance(found, Accepted) if is_taken else found == NotSent("the certificate is not to be trusted")
    assert len(server.requests) == is_taken
