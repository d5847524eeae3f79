"""HTTP/1.1 to one address, over connections that stay open.

What the bytes of an answer mean is llhttp's matter (httptools), which of several addresses to take that of
aiohappyeyeballs. Here is only what the protocol for sends asks: whether a request has left, and whether its answer came whole.
"""

import asyncio
import socket
import ssl
from collections import deque
from typing import cast

import httptools
from aiohappyeyeballs import start_connection
from yarl import URL

REST_S = 15.0
"""A connection that nobody used for so long may be closing at the other end: what is said on it could be in doubt."""
SECOND_ADDRESS_S = 0.25
"""The head start of each of several addresses over the next (RFC 8305, section 5)."""
Answer = tuple[int, bytes]
"""Its status and its body."""


class NoLine(Exception):
    """No connection can be had: nothing has left."""


class NoAnswer(Exception):
    """A request has left, and no answer came that is whole, in time and HTTP."""


class Line(asyncio.Protocol):
    """One connection, and one request at a time on it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._body: list[bytes] = []
        self._has_end = self._ends_with_line = False
        self.is_free = True
        """Whether the next request may go here."""
        self.free_since = 0.0

    def ask(self, request: bytes, within_s: float) -> asyncio.Future[Answer]:
        """Let the whole request leave; its answer, or NoAnswer."""
        self.is_free = False
        self._answer = self._loop.create_future()
        self._alarm = self._loop.call_later(within_s, self._fail, "the answer did not come in time")
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self.is_free = False
        if self._answer is not None:
            self._answer.cancel()
        self._transport.abort()

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NoAnswer(reason))
        self.close()

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self.free_since = self._loop.time()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail("the answer is no HTTP")

    def connection_lost(self, error: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._ends_with_line and error is None:
            self._finish()
        self._fail("the connection ended before the answer did")

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done():
            raise NoAnswer("nobody asked for this")
        self._body.clear()
        self._has_end = self._ends_with_line = False

    def on_header(self, name: bytes, _value: bytes) -> None:
        if name.lower() in {b"content-length", b"transfer-encoding"}:
            self._has_end = True

    def on_headers_complete(self) -> None:
        self._ends_with_line = not self._has_end

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._ends_with_line = False
        if self._parser.get_status_code() < 200:  # only on its way (RFC 9110, section 15.2)
            return
        assert self._alarm is not None
        self._alarm.cancel()
        self.is_free = self._parser.should_keep_alive()
        self.free_since = self._loop.time()
        self._finish()


class Lines:
    """The connections to one address, as many as are in use at a time; the last one given back is the next one taken."""

    def __init__(self, url: URL, *, connect_s: float) -> None:
        self._url, self._connect_s = url, connect_s
        self._free = deque[Line]()
        self._is_closed = False
        self._ssl: ssl.SSLContext | None = None
        if url.scheme != "http":
            self._ssl = ssl.create_default_context()
            self._ssl.set_alpn_protocols(["http/1.1"])

    async def take(self) -> Line:
        """One that is nobody else's until it is given back, or NoLine."""
        now = asyncio.get_running_loop().time()
        while self._free:
            line = self._free.pop()
            if line.is_free and now - line.free_since < REST_S:
                return line
            line.close()
        try:
            return await self._connect()
        except (OSError, UnicodeError) as error:  # the latter of a name that none may have
            raise NoLine(_reason(error)) from error

    def give_back(self, line: Line) -> None:
        if self._is_closed or not line.is_free:
            line.close()
            return
        self._free.append(line)
        while line.free_since - self._free[0].free_since > REST_S:
            self._free.popleft().close()

    def close(self) -> None:
        """What is in use is closed as soon as it is given back."""
        self._is_closed = True
        while self._free:
            self._free.pop().close()

    async def _connect(self) -> Line:
        loop, host, context = asyncio.get_running_loop(), self._url.raw_host, self._ssl
        async with asyncio.timeout(self._connect_s):
            addresses = await loop.getaddrinfo(host, self._url.port, type=socket.SOCK_STREAM)
            connection = await start_connection(addresses, happy_eyeballs_delay=SECOND_ADDRESS_S)
            try:
                name = None if context is None else host
                _, line = await loop.create_connection(Line, sock=connection, ssl=context, server_hostname=name)
            except BaseException:
                connection.close()
                raise
        return line


def _reason(error: OSError | UnicodeError) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return "the name was not found"
        case ssl.SSLCertVerificationError():
            return "the certificate is not to be trusted"
        case ssl.SSLError():
            return "no TLS"
        case TimeoutError():
            return "no connection in time"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return type(error).__name__
