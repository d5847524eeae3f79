"""The usual request, answered without a web framework: a whole, plain `POST /webhook`, which is what Meta sends all day.

Everything else (another route, a refusal, chunks, a request right behind a request) goes to aiohttp as it came, with the
connection, for good. So this part need not know HTTP; it only has to be sure of what it takes, and in doubt it takes nothing.
"""

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast

from bot.clock import Clock
from bot.web.webhook import Refused, Webhook
from flows.limits import BODY_BYTES

START = b"POST /webhook HTTP/1.1\r\n"
HEAD_BYTES = 8_000
"""Below what aiohttp takes as one line; Meta's heads have some 500."""
GATHERED_BYTES = 64 * 1024
"""A body that comes in pieces is put together here up to this; longer ones are aiohttp's."""
REST_S = 1.0
"""So long the rest is waited for here; then aiohttp waits, and knows what to say when it does not come."""
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e]*)")
_UNUSUAL = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"te", b"trailer"})
"""Fields that change how a body is to be read, or what is to be said before it."""
_STRANGE = (b"te", b"")
"""In place of a line of another form: as good as an unusual field."""


class Plain(NamedTuple):
    """What the head of a usual request says: who signed, and where its body begins and ends."""

    signature: str
    begin: int
    end: int


def read(data: bytes) -> Plain | None:
    """None unless `data` begins with the head of a usual request, on whose meaning no two servers can differ."""
    end = data.find(b"\r\n\r\n", 0, HEAD_BYTES)
    if end < 0 or not data.startswith(START):
        return None
    lines = data[len(START) : end].split(b"\r\n")
    fields = dict(map(_field, lines))
    length, signature = fields.get(b"content-length", b""), fields.get(b"x-hub-signature-256")
    is_plain = (
        len(fields) == len(lines)  # no field twice
        and _UNUSUAL.isdisjoint(fields)
        and fields.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    )
    if not is_plain or signature is None or not length.isdigit() or len(length) > 7 or int(length) > BODY_BYTES:
        return None
    return Plain(signature.decode("ascii"), end + 4, end + 4 + int(length))


@lru_cache(maxsize=512)
def _field(line: bytes) -> tuple[bytes, bytes]:
    """Name and value of a line of printable ASCII. Kept, because all of a head but two lines is the same each time."""
    found = _FIELD.fullmatch(line)
    return (found[1].lower(), found[2]) if found else _STRANGE


class Front(asyncio.Protocol):
    """A connection until something unusual comes: then `hand_over` makes the protocol that has it from there."""

    def __init__(
        self,
        webhook: Webhook,
        *,
        hand_over: Callable[[], asyncio.Protocol],
        on_begin: Callable[["Front"], None],
        on_end: Callable[["Front"], None],
        keep_alive_s: float,
    ) -> None:
        self._webhook, self._hand_over = webhook, hand_over
        self._on_begin, self._on_end = on_begin, on_end
        self._loop = asyncio.get_running_loop()
        self._keep_alive_s = keep_alive_s
        self._unread = b""
        """What came and is not taken: a request that is not whole yet, or what stands behind the one at hand."""
        self._began = self._idle_since = 0.0
        self._is_stopping = False
        self.is_known = False
        """Whether a signature of the app's secret was seen here: only Meta's calls bear one."""
        self.is_left = False
        """Whether the other protocol has the connection."""
        self._idle_alarm: asyncio.TimerHandle | None = None
        self._rest_alarm: asyncio.TimerHandle | None = None
        self.stored: asyncio.Future[None] | None = None
        """Done when the request at hand is on disk; None between requests."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._idle_since = self._loop.time()
        self._idle_alarm = self._loop.call_later(self._keep_alive_s, self._look)
        self._on_begin(self)

    @property
    def is_closed(self) -> bool:
        return self._transport.is_closing()

    def connection_lost(self, _error: Exception | None) -> None:
        """What is on its way to the disk gets there; who sent it sends it again, and it is recognised."""
        self._silence()
        self._on_end(self)

    def data_received(self, data: bytes) -> None:
        if self.stored is None:
            self._take(self._unread + data if self._unread else data)
            return
        if not self._unread:
            self._transport.pause_reading()  # one request at a time: nobody fills our memory
        self._unread += data

    def stop(self) -> None:
        """Close when the request at hand is answered."""
        self._is_stopping = True
        if self.stored is None:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _take(self, data: bytes) -> None:
        request = read(data)
        if request is None or len(data) > request.end:
            self._leave(data)
        elif len(data) < request.end:
            self._gather(data, request)
        else:
            self._unread = b""
            self._began = Clock.monotonic()
            try:
                self.stored = self._webhook.take_in(data[request.begin :], request.signature)
            except Refused:
                self._leave(data)  # aiohttp comes to the same result, and has the words for it
            else:
                self.is_known = True
                self.stored.add_done_callback(self._answer)

    def _gather(self, data: bytes, request: Plain) -> None:
        if request.end - request.begin > GATHERED_BYTES:
            self._leave(data)
            return
        self._unread = data
        if self._rest_alarm is None:
            self._rest_alarm = self._loop.call_later(REST_S, self._stop_gathering)

    def _stop_gathering(self) -> None:
        self._rest_alarm = None
        if self._unread and self.stored is None:
            self._leave(self._unread)

    def _answer(self, stored: asyncio.Future[None]) -> None:
        self.stored = None
        answer = self._webhook.answer(503 if stored.exception() else 200, self._began)
        if self._transport.is_closing():
            return
        self._transport.write(answer)
        self._idle_since = self._loop.time()
        if self._is_stopping:
            self._transport.close()
        elif self._unread:
            self._transport.resume_reading()
            self._take(self._unread)

    def _look(self) -> None:
        """One alarm for as long as the connection lasts: it rings early when there was a request, and is set again."""
        left = self._keep_alive_s if self.stored else self._idle_since + self._keep_alive_s - self._loop.time()
        if left > 0:
            self._idle_alarm = self._loop.call_later(left, self._look)
        else:
            self._transport.close()

    def _leave(self, data: bytes) -> None:
        """Let the other protocol have the connection, and what came and is not answered."""
        self._silence()
        self.is_left = True
        protocol = self._hand_over()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(data)

    def _silence(self) -> None:
        for alarm in (self._idle_alarm, self._rest_alarm):
            if alarm is not None:
                alarm.cancel()
