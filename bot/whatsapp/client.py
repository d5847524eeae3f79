"""HTTP to Meta's Graph API: one send is one request, and its outcome is told without guessing. Logs nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter

from bot.whatsapp.fields import array, integer, mapping, name, text
from flows import errors

TOTAL_S, CONNECT_S = 15.0, 5.0
DETAILS = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta took the message: not yet that it arrived. The ids are those Meta knows the recipient by, if it said."""

    wamid: str
    wa_id: str | None
    bsuid: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Meta said no; `errors.classify(code, http_status)` says what follows."""

    code: int | None
    http_status: int
    title: str
    details: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the message has left: trying again repeats nothing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Meta may have taken the message: only a status that carries its token can tell."""

    reason: str


Outcome = Accepted | Refused | NotSent | Unknown


class GraphError(Exception):
    """A call failed. `http_status` 0 means that no answer came; otherwise as in `Refused`."""

    def __init__(self, code: int | None, http_status: int, *, title: str, details: str) -> None:
        super().__init__(f"{title} (code {code}, HTTP {http_status}) {details}".strip())
        self.code, self.http_status, self.title, self.details = code, http_status, title, details


def _no_faults(_point: str) -> None:
    pass


class Client:
    """A pool of connections that carries our token and talks to one address only. Started once, before the first call.

    `faults` is called at "graph.request" (nothing sent), "graph.first_byte" (the request is out) and "graph.response"
    (the answer is read).
    """

    def __init__(
        self,
        *,
        api_url: str,
        version: str,
        phone_number_id: str,
        token: str,
        faults: Callable[[str], None] = _no_faults,
        total_s: float = TOTAL_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        self.phone_number_id = phone_number_id
        self.api_url = api_url
        self._version = version
        self._headers = {"Authorization": f"Bearer {token}"}
        self._faults = faults
        self._timeout = aiohttp.ClientTimeout(total=total_s, connect=connect_s)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, body: Mapping[str, Any], *, may_begin: Callable[[], bool] = lambda: True) -> Outcome:
        """POST one message, once. Never raises for anything the network or Meta does.

        `may_begin` is asked right before the first byte of the message; a no is `NotSent`.
        """
        request = _Body(body, self._faults, may_begin)
        try:
            status, answer = await self._exchange("POST", f"{self.phone_number_id}/messages", data=request)
        except (aiohttp.ClientError, OSError) as error:
            return (Unknown if request.begun else NotSent)(type(error).__name__)
        return _outcome(status, _json(answer))

    async def call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Mapping[str, Any] | None = None
    ) -> Any:
        """What Graph answers, as JSON; GraphError for every other end. For what may be repeated, and for reading."""
        request = None if json is None else _Body(json, self._faults, lambda: True)
        try:
            status, answer = await self._exchange(method, path.lstrip("/"), params=params, data=request)
        except (aiohttp.ClientError, OSError) as error:
            raise GraphError(None, 0, title="no answer from the Graph API", details=type(error).__name__) from error
        told = _json(answer)
        if 200 <= status < 300 and told is not None:
            return told
        refused = _refused(status, told)
        raise GraphError(refused.code, status, title=refused.title, details=refused.details)

    async def _exchange(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, data: "_Body | None" = None
    ) -> tuple[int, bytes]:
        """One request, no redirect followed: it would carry the token elsewhere."""
        if self._session is None:
            raise RuntimeError("the client has not been started")
        self._faults("graph.request")
        url = f"{self.api_url.rstrip('/')}/{self._version}/{path}"
        async with self._session.request(method, url, params=params, data=data, allow_redirects=False) as response:
            answer = await response.read()
        self._faults("graph.response")
        return response.status, answer


class TooLate(aiohttp.ClientError):
    """Whoever wanted to send may not any more."""


class _Body(aiohttp.BytesPayload):
    """A JSON body that knows whether any of it may have left: without one, Meta cannot have acted on the request."""

    def __init__(self, body: Mapping[str, Any], faults: Callable[[str], None], may_begin: Callable[[], bool]) -> None:
        super().__init__(orjson.dumps(body), content_type="application/json")
        self.begun = False
        self._faults, self._may_begin = faults, may_begin

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if not self._may_begin():
            raise TooLate
        self.begun = True
        await super().write_with_length(writer, content_length)
        self._faults("graph.first_byte")


def _json(answer: bytes) -> Any:
    """The answer as JSON; None when it is none."""
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None


def _outcome(status: int, answer: Any) -> Outcome:
    if 200 <= status < 300:
        told = mapping(answer)
        wamid = name(mapping(next(iter(array(told.get("messages"))), None)).get("id"))
        contact = mapping(next(iter(array(told.get("contacts"))), None))
        if wamid is None:
            return Unknown("no message id in the answer")
        return Accepted(wamid, name(contact.get("wa_id")), name(contact.get("user_id")))
    refused = _refused(status, answer)
    if errors.classify(refused.code, status).ambiguous:
        return Unknown(f"HTTP {status}, code {refused.code}")
    return refused


def _refused(status: int, answer: Any) -> Refused:
    """Most edges answer {"error": {…}}, those for payments {"errors": [{…}]}, a proxy in between anything at all."""
    told = mapping(answer)
    error = mapping(told.get("error")) or mapping(next(iter(array(told.get("errors"))), None))
    code = integer(error.get("code"), 10**9)
    if code == 100 and error.get("error_subcode") == 33:
        # Graph's way to say that the object in the path is not ours, which no other message would survive either.
        code = 33
    title = text(error.get("title"), DETAILS) or text(error.get("message"), DETAILS) or f"HTTP {status}"
    details = text(mapping(error.get("error_data")).get("details"), DETAILS) or text(error.get("details"), DETAILS)
    return Refused(code, status, title, details or "")
