"""The door: signature over the raw bytes, cut into items, on disk, 200. Nothing else happens on the way.

Meta sends an event again (for days) until it hears 200, and never after: so 200 only after the commit, 503 when the database
cannot take it, and 400 only for what is no JSON. No log line, no look-up, no typed reading on the way to 200.
"""

import asyncio
import hmac
from datetime import timedelta
from email.utils import formatdate
from http import HTTPStatus
from typing import ClassVar

import structlog
from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from bot.clock import Clock
from bot.faults import FaultPoints
from bot.intake import Full, Intake
from bot.metrics import Metrics
from bot.whatsapp.parse import NotJson, explode
from bot.whatsapp.signature import Signature
from flows.limits import BODY_BYTES

log = structlog.get_logger()

SIGNATURE = "X-Hub-Signature-256"
BODY_TIME = timedelta(seconds=10)
"""For Meta's 3 MB on a slow line. Who sends a byte now and then shall not hold a connection for ever."""
CHALLENGE_LIMIT = 256
RETRY_LATER = {"Retry-After": "5"}
REFUSALS = {
    400: "This is not JSON. Send the body exactly as WhatsApp made it.",
    401: "The signature is missing or wrong. WhatsApp signs every webhook with the app's secret: check WHATSAPP_APP_SECRET.",
    403: "The verify token does not match. Type the value of WHATSAPP_VERIFY_TOKEN into Meta's webhook form.",
    408: "The body did not arrive whole within ten seconds. Send it again.",
    413: "The body is larger than 4 MiB; WhatsApp sends at most 3 MB.",
    415: "Send the body as it is: compressed bodies are not taken.",
    503: "The events could not be stored just now. Send them again.",
}


class Refused(Exception):
    """What was sent cannot be taken; `status` says why."""

    def __init__(self, status: int) -> None:
        self.status = status


class _Answers:
    """Answers as bytes, as aiohttp would write them. Every connection hears the same, so each is made once a second."""

    _second = 0
    _made: ClassVar[dict[int, bytes]] = {}

    @classmethod
    def of(cls, status: int) -> bytes:
        second = int(Clock.monotonic())
        if second != cls._second:
            cls._second, cls._made = second, {}
        if status not in cls._made:
            cls._made[status] = cls._make(status)
        return cls._made[status]

    @staticmethod
    def _make(status: int) -> bytes:
        body = REFUSALS[status] + "\n" if status != 200 else ""
        headers = {"Content-Type": "text/plain; charset=utf-8"} if body else {}
        headers |= {"Content-Length": str(len(body)), "Date": formatdate(usegmt=True), "Server": SERVER_SOFTWARE}
        headers |= RETRY_LATER if status == 503 else {}
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class _Accepted(web.StreamResponse):
    """200 without a body, for aiohttp's handlers."""

    keep_alive = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        await request.writer.write(_Answers.of(200))
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing follows the head."""


ACCEPTED = _Accepted()
"""For who speaks HTTP/1.1 and stays: others have to be told that the connection ends, or does not."""


class Webhook:
    """`GET` and `POST /webhook`."""

    def __init__(
        self,
        *,
        app_secret: str,
        verify_token: str,
        phone_number_id: str,
        intake: Intake,
        metrics: Metrics,
        faults: FaultPoints | None = None,
        body_time: timedelta = BODY_TIME,
    ) -> None:
        self._signature = Signature(app_secret)
        self._verify_token = verify_token.encode()
        self._phone_number_id = phone_number_id
        self._intake = intake
        self._faults = faults
        self._body_s = body_time.total_seconds()
        self._ack = metrics.ack
        self._answers = {status: metrics.webhooks.labels(str(status)) for status in (200, *REFUSALS)}

    async def verify(self, request: web.Request) -> web.Response:
        """Meta's handshake: the challenge comes back as plain text when the token is ours."""
        query = request.query
        token = query.get("hub.verify_token", "").encode("utf-8", "surrogatepass")
        challenge = query.get("hub.challenge", "")
        fits = hmac.compare_digest(token, self._verify_token)
        if query.get("hub.mode") != "subscribe" or not fits or not 0 < len(challenge) <= CHALLENGE_LIMIT:
            return self._refuse(403)
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def receive(self, request: web.Request) -> web.StreamResponse:
        began = Clock.monotonic()
        status = await self._receive(request)
        if status != 200:
            return self._refuse(status)
        self._count(200, began)
        is_usual = request.version == HttpVersion11 and request.keep_alive
        return ACCEPTED if is_usual else web.Response()

    async def _receive(self, request: web.Request) -> int:
        if "Content-Encoding" in request.headers:
            return 415
        if request.content_length is not None and request.content_length > BODY_BYTES:
            return 413
        signatures = request.headers.getall(SIGNATURE, [])
        if len(signatures) != 1:
            return 401
        try:
            if request.content.is_eof():  # it came with its head: nothing to wait for
                raw = request.content.read_nowait()
            else:
                async with asyncio.timeout(self._body_s):
                    raw = await request.read()
        except HTTPRequestEntityTooLarge:
            return 413
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return 408
        if len(raw) > BODY_BYTES:
            return 413
        try:
            await self.take_in(raw, signatures[0])
        except Refused as error:
            return error.status
        except Full:
            return 503
        return 200

    def take_in(self, raw: bytes, signature: str) -> asyncio.Future[None]:
        """Done when all of the body is on disk, or refused with `Full`. What is not even queued raises `Refused`."""
        if not self._signature.fits(raw, signature):
            raise Refused(401)
        try:
            return self._intake.put(explode(raw, phone_number_id=self._phone_number_id))
        except NotJson:
            raise Refused(400) from None
        except Full:
            raise Refused(503) from None
        except Exception as error:
            # A bug of ours: Meta keeps the event until it is mended.
            log.exception("webhook_failed", size=len(raw))
            raise Refused(503) from error

    def answer(self, status: int, began: float) -> bytes:
        """The whole answer to a request that was taken in, or could not be stored (503), and its place in the figures."""
        self._count(status, began)
        return _Answers.of(status)

    def _count(self, status: int, began: float) -> None:
        self._answers[status].inc()
        if status == 200:
            if self._faults is not None:
                self._faults("webhook.accepted")
            self._ack.observe(Clock.monotonic() - began)

    def _refuse(self, status: int) -> web.Response:
        self._answers[status].inc()
        headers = RETRY_LATER if status == 503 else None
        return web.Response(status=status, text=REFUSALS[status] + "\n", headers=headers)
