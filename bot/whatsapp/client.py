"""HTTP to Meta's Graph API: one send is one request, and its outcome is told without guessing. Logs nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from yarl import URL

from bot.whatsapp.fields import array, integer, mapping, name, text
from bot.whatsapp.lines import Answer, Lines, NoAnswer, NoLine
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
        self.total_s = total_s
        """How long an answer may take once the request has left."""
        self._version, self._token, self._connect_s, self._faults = version, token, connect_s, faults
        self._lines: Lines | None = None
        self.api_url = api_url

    @property
    def api_url(self) -> str:
        """Where requests go, from the next one on."""
        return self._api_url

    @api_url.setter
    def api_url(self, url: str) -> None:
        self._api_url, self._base = url, URL(url) / self._version
        self._headers = (
            f" HTTP/1.1\r\nHost: {self._base.host_port_subcomponent}\r\nUser-Agent: Waybill\r\n"
            f"Authorization: Bearer {self._token}\r\n"
        )
        self._sending = self._head("POST", f"{self.phone_number_id}/messages")
        if self._lines is not None:
            self._lines.close()
            self._lines = Lines(self._base, connect_s=self._connect_s)

    async def start(self) -> None:
        self._lines = Lines(self._base, connect_s=self._connect_s)

    async def stop(self) -> None:
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    async def send(self, body: Mapping[str, Any], *, may_begin: Callable[[], bool] = lambda: True) -> Outcome:
        """POST one message, once. Never raises for anything the network or Meta does.

        `may_begin` is asked right before the first byte of the message; a no is `NotSent`.
        """
        try:
            status, answer = await self._exchange(self._sending, body, may_begin)
        except (NoLine, TooLate) as error:
            return NotSent(str(error))
        except NoAnswer as error:
            return Unknown(str(error))
        return _outcome(status, _json(answer))

    async def call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Mapping[str, Any] | None = None
    ) -> Any:
        """What Graph answers, as JSON; GraphError for every other end. For what may be repeated, and for reading."""
        try:
            status, answer = await self._exchange(self._head(method, path, params), json)
        except (NoLine, NoAnswer) as error:
            raise GraphError(None, 0, title="no answer from the Graph API", details=str(error)) from error
        told = _json(answer)
        if 200 <= status < 300 and told is not None:
            return told
        refused = _refused(status, told)
        raise GraphError(refused.code, status, title=refused.title, details=refused.details)

    def _head(self, method: str, path: str, params: Mapping[str, str] | None = None) -> bytes:
        url = self._base.joinpath(path.lstrip("/")).with_query(params)
        return f"{method} {url.raw_path_qs}{self._headers}".encode()

    async def _exchange(
        self, head: bytes, json: Mapping[str, Any] | None, may_begin: Callable[[], bool] = lambda: True
    ) -> Answer:
        """One request. No redirect is followed: it would carry the token elsewhere."""
        if (lines := self._lines) is None:
            raise RuntimeError("the client has not been started")
        self._faults("graph.request")
        line = await lines.take()
        try:
            if not may_begin():
                raise TooLate("whoever wanted to send may not any more")
            answer = line.ask(head + _content(json), self.total_s)
            self._faults("graph.first_byte")
            found = await answer
        finally:
            lines.give_back(line)
        self._faults("graph.response")
        return found


class TooLate(Exception):
    """Time passed until there was a connection, and somebody else may have sent the message by now."""


def _content(json: Mapping[str, Any] | None) -> bytes:
    """What follows the headers that all requests share."""
    if json is None:
        return b"\r\n"
    body = orjson.dumps(json)
    return b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


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
