"""The address of a booking's calendar file: whoever has it may read that booking, and nobody can guess another."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from flows.messages import Link
from flows.phrases import say
from flows.store import Store

PATH = "/calendar/"
_ID, _PROOF = 8, 16
"""Bytes of the order's id, and of what proves that we wrote it."""
_LENGTH = (_ID + _PROOF) * 4 // 3


def token(order_id: int, salt: bytes) -> str:
    """The same for a booking for ever, so that a calendar which has the link finds what becomes of it."""
    name = order_id.to_bytes(_ID, "big")
    return urlsafe_b64encode(name + _proof(name, salt)).decode()


def order_of(token: str, salt: bytes) -> int | None:
    """The id of the order whose token this is; None for anything else that somebody may have typed."""
    if len(token) != _LENGTH or not token.isascii():
        return None
    given = urlsafe_b64decode(token)
    name, proof = given[:_ID], given[_ID:]
    return int.from_bytes(name, "big") if hmac.compare_digest(proof, _proof(name, salt)) else None


def url(store: Store, order_id: int) -> str:
    return f"{store.public_url.rstrip('/')}{PATH}{token(order_id, store.salt)}.ics"


def button(body: str, store: Store, order_id: int, language: str) -> Link:
    """What is said of a booking, with the button that puts it into the customer's calendar."""
    return Link(body, say("calendar.button", language), url(store, order_id))


def _proof(name: bytes, salt: bytes) -> bytes:
    return hmac.digest(salt, b"calendar" + name, "sha256")[:_PROOF]
