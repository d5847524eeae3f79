"""Is a webhook body Meta's? HMAC-SHA256 of the raw bytes under the app secret, in the header X-Hub-Signature-256."""

import hmac
import re
from hashlib import sha256

_SHAPE = re.compile(r"sha256=[0-9a-f]{64}")


class Signature:
    """The key is worked in once: a signature then costs two copied states, not a key schedule (RFC 2104)."""

    def __init__(self, app_secret: str) -> None:
        if not app_secret:
            raise ValueError("without an app secret anybody could sign")
        key = app_secret.encode()
        block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, body: bytes) -> str:
        """The header Meta would send with `body`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(body)
        outer.update(inner.digest())
        return f"sha256={outer.hexdigest()}"

    def fits(self, body: bytes, header: str | None) -> bool:
        """Whether `header` signs exactly these bytes. Never raises: aiohttp hands over any byte as a surrogate."""
        given = (header or "").rstrip(" \t")
        if _SHAPE.fullmatch(given) is None:
            return False
        return hmac.compare_digest(given.encode(), self.sign(body).encode())
