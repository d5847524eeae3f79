"""HTTP to a payment provider's API: one request, and how it ended without guessing. Logs nothing."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from bot.payments.provider import Unavailable
from bot.whatsapp.fields import mapping, text

TOTAL_S, CONNECT_S = 20.0, 5.0
KEYS = "keys"
"""The fault of keys that are not taken."""
REASON = 100
_AGAIN = frozenset({408, 409, 425, 429})
"""Not now: too many at once, or the first request of this key still runs."""


class Refused(Exception):
    """The provider understood and said no; `fault` is a few words for staff."""

    def __init__(self, status: int, fault: str) -> None:
        super().__init__(f"HTTP {status}: {fault}")
        self.status, self.fault = status, fault


class Api:
    """A pool of connections that carries our keys and talks to one address only. Started once, before the first call."""

    def __init__(self, url: str, *, headers: Mapping[str, str], total_s: float = TOTAL_S) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._timeout = aiohttp.ClientTimeout(total=total_s, connect=CONNECT_S)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON object that a 2xx brings. Refused for a no; Unavailable for everything that may still become a yes."""
        if self._session is None:
            raise RuntimeError("the provider has not been started")
        body: Mapping[str, str] | aiohttp.BytesPayload | None = form
        if json is not None:
            body = aiohttp.BytesPayload(orjson.dumps(json), content_type="application/json")
        url = f"{self._url}/{path.lstrip('/')}"
        try:
            # A redirect would carry the keys elsewhere.
            async with self._session.request(
                method, url, data=body, params=query, headers=headers, allow_redirects=False
            ) as answer:
                return _told(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(type(error).__name__) from error


def _told(status: int, raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = None
    if 200 <= status < 300 and isinstance(found, dict):
        return found
    if status in (401, 403):
        raise Refused(status, KEYS)
    if 400 <= status < 500 and status not in _AGAIN:
        raise Refused(status, _reason(mapping(found)) or f"HTTP {status}")
    raise Unavailable(f"HTTP {status}")


def _reason(told: Mapping[str, Any]) -> str | None:
    """Most providers say `{"error": {…}}`, some put the words beside the status."""
    error = mapping(told.get("error"))
    words = (error.get("description"), error.get("message"), error.get("code"), told.get("message"))
    return next((found for word in words if (found := text(word, REASON))), None)
