"""Razorpay: Payment Links (razorpay.com/docs/api/payments/payment-links, read 2026).

Our reference is the link's `reference_id`, and stands in the notes of the link and of refunds. Whether a payment carries
its link's notes is not documented: an event that names no reference is nothing to us, and a look-up tells the same later.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import orjson

from bot.clock import Clock
from bot.payments.api import Api, Refused
from bot.payments.provider import Forged, Unreadable, lane, minor
from bot.settings import Account
from bot.whatsapp.fields import array, loads, mapping, moment, name, text
from flows.payments import (
    AUTHORIZED,
    CANCELED,
    CAPTURE,
    CAPTURED,
    CREATE,
    EXPIRED,
    LOOK_UP,
    PROCESSED,
    REFUND,
    REFUSED,
    WITHDRAW,
    Answer,
    Call,
    Report,
)
from models.inbox import Arrival

NAME = "razorpay"
KIND = f"payment.{NAME}"
LEAST, MOST = timedelta(minutes=20), timedelta(days=180)
"""How long a link lives. Razorpay: 15 minutes to six months from now."""
BY_STAFF = "by_staff"
_SHAPE = re.compile(r"[0-9a-f]{64}")

Json = Mapping[str, Any]


class Razorpay:
    name = NAME

    def __init__(self, account: Account, *, clock: Clock, return_url: str) -> None:
        key = aiohttp.encode_basic_auth(account.keys["RAZORPAY_KEY_ID"], account.keys["RAZORPAY_KEY_SECRET"])
        self._api = Api(account.api_url, headers={"Authorization": key})
        self._secret = account.keys["RAZORPAY_WEBHOOK_SECRET"].encode()
        self._clock, self._return_url = clock, return_url

    async def start(self) -> None:
        await self._api.start()

    async def stop(self) -> None:
        await self._api.stop()

    async def perform(self, call: Call) -> Answer:
        verbs = {
            CREATE: self._create, LOOK_UP: self._look_up, WITHDRAW: self._withdraw, CAPTURE: self._capture,
            REFUND: self._refund,
        }  # fmt: skip
        try:
            return await verbs[call.kind](call)
        except Refused as refusal:
            return Answer(fault=refusal.fault)

    async def _create(self, call: Call) -> Answer:
        """There is no idempotency key: whoever tries again looks first whether the link is there."""
        link = await self._find(str(call.details["reference"])) if call.attempts > 1 else None
        if link is None:
            link = await self._api.call("POST", "v1/payment_links", json=self._wanted(call.details))
        url, provider_id = text(link.get("short_url"), 2000), name(link.get("id"), 100)
        if not url or not provider_id:
            return Answer(fault="no page in the answer")
        return Answer(url=url, provider_id=provider_id, expires_at=moment(link.get("expire_by")))

    def _wanted(self, told: Mapping[str, str | int | None]) -> Json:
        now, reference = self._clock.now(), str(told["reference"])
        wanted = datetime.fromisoformat(str(told["expires_at"])) if told["expires_at"] else now + MOST
        expires_at = min(max(wanted, now + LEAST), now + MOST)
        return {
            "amount": told["amount"],
            "currency": told["currency"],
            "accept_partial": False,
            "reference_id": reference,
            "description": str(told["description"] or reference),
            "expire_by": int(expires_at.timestamp()),
            "notify": {"sms": False, "email": False},
            "reminder_enable": False,
            "notes": {"reference": reference, "capture": str(told.get("capture") or "")},
            "callback_url": self._return_url,
            "callback_method": "get",
        }

    async def _find(self, reference: str) -> Json | None:
        told = await self._api.call("GET", "v1/payment_links", query={"reference_id": reference})
        links = [mapping(link) for link in array(told.get("payment_links"))]
        return next((link for link in links if link.get("reference_id") == reference), None)

    async def _look_up(self, call: Call) -> Answer:
        """The link, what was paid by it (that stands with its order, from the first attempt on), and what went back."""
        reports: list[Report] = []
        if id_ := call.details["provider_id"]:
            link = await self._api.call("GET", f"v1/payment_links/{id_}")
            if order := name(link.get("order_id"), 100):
                for payment in await self._items(f"v1/orders/{order}/payments"):
                    reports += _of_payment(link, payment)
            if not any(report.says in (CAPTURED, AUTHORIZED) for report in reports):
                reports += _of_link(link)
        if payment_id := call.details["transaction_id"]:
            for refund in await self._items(f"v1/payments/{payment_id}/refunds"):
                reports += _of_refund(refund)
        return Answer(reports=tuple(reports))

    async def _items(self, path: str) -> list[Json]:
        told = await self._api.call("GET", path)
        return [mapping(item) for item in array(told.get("items"))]

    async def _withdraw(self, call: Call) -> Answer:
        """A link that cannot be canceled has been paid or has ended: what it is now is the answer.

        Money that is only authorized goes back by itself: Razorpay has no call for it.
        """
        try:
            await self._api.call("POST", f"v1/payment_links/{call.details['provider_id']}/cancel", json={})
        except Refused:
            return await self._look_up(call)
        return Answer()

    async def _capture(self, call: Call) -> Answer:
        told = call.details
        path = f"v1/payments/{told['transaction_id']}"
        try:
            payment = await self._api.call(
                "POST", f"{path}/capture", json={"amount": told["amount"], "currency": told["currency"]}
            )
        except Refused as refusal:
            payment = await self._api.call("GET", path)
            if payment.get("status") != "captured":
                return Answer(fault=refusal.fault)
        return Answer(reports=tuple(_of_payment({"reference_id": told["reference"]}, payment)))

    async def _refund(self, call: Call) -> Answer:
        told = call.details
        wanted = {
            "amount": told["refund_amount"],
            "speed": "normal",
            "receipt": str(call.refund_id),
            "notes": {"reference": told["reference"]},
        }
        key = {"X-Refund-Idempotency": f"waybill-{call.id}"}
        path = f"v1/payments/{told['transaction_id']}/refund"
        return Answer(reports=tuple(_of_refund(await self._api.call("POST", path, json=wanted, headers=key))))

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        """The event's id stands in a header that nobody signed, so an event is known by what it says."""
        del query
        given = headers.get("X-Razorpay-Signature", "")
        expected = hmac.digest(self._secret, raw, sha256).hex()
        if _SHAPE.fullmatch(given) is None or not hmac.compare_digest(given.encode(), expected.encode()):
            raise Forged
        try:
            event = loads(raw)
        except (ValueError, RecursionError) as error:
            raise Unreadable from error
        if (kind := name(mapping(event).get("event"))) is None:
            raise Unreadable
        link, payment, refund = _entities(event)
        reference = _reference(refund) or _reference(link) or _reference(payment)
        if kind not in EVENTS or reference is None:
            return []
        about = ":".join(str(entity.get("id", "")) for entity in (link, payment, refund))
        return [Arrival(f"{NAME}:{kind}:{about}", KIND, lane(reference), orjson.dumps(event))]


EVENTS = (
    "payment_link.paid", "payment_link.partially_paid", "payment_link.expired", "payment_link.cancelled",
    "payment.authorized", "payment.captured", "payment.failed", "refund.processed", "refund.failed",
)  # fmt: skip
"""The events that are about money."""


def read(payload: bytes) -> list[Report]:
    """What an event says."""
    event = loads(payload)
    kind, at = str(mapping(event).get("event")), moment(mapping(event).get("created_at"))
    if kind not in EVENTS:
        return []
    link, payment, refund = _entities(event)
    if kind.startswith("refund."):
        return _of_refund(refund, at)
    if kind.startswith("payment.") or payment:
        return _of_payment(link or payment, payment, at)
    return _of_link(link, at)


def _entities(event: Any) -> tuple[Json, Json, Json]:
    payload = mapping(mapping(event).get("payload"))
    link, payment, refund = (
        mapping(mapping(payload.get(kind)).get("entity")) for kind in ("payment_link", "payment", "refund")
    )
    return link, payment, refund


_LINK = {"expired": EXPIRED, "cancelled": CANCELED}


def _of_link(link: Json, at: datetime | None = None) -> list[Report]:
    reference, says = _reference(link), _LINK.get(str(link.get("status")))
    return [Report(NAME, reference, says, at=at)] if reference and says else []


def _of_payment(asked: Json, payment: Json, at: datetime | None = None) -> list[Report]:
    """`asked` names our reference: the link, or the payment itself."""
    reference, transaction = _reference(asked), name(payment.get("id"), 100)
    match payment.get("status"):
        case "captured" | "refunded":
            says = CAPTURED
        case "authorized":
            # Where money is taken at once, it says this as well on its way there.
            says = AUTHORIZED if _notes(asked).get("capture") == BY_STAFF else PROCESSED
        case "failed":
            says = REFUSED
        case _:
            return []
    if reference is None:
        return []
    return [
        Report(
            NAME,
            reference,
            says,
            amount=minor(payment.get("amount")),
            currency=name(payment.get("currency"), 3) or "",
            transaction_id=transaction,
            method="link",
            at=at,
            reason=text(payment.get("error_description"), 200) or "",
        )
    ]


_REFUND = {"processed": "settle", "failed": "fail"}


def _of_refund(refund: Json, at: datetime | None = None) -> list[Report]:
    """One that is on its way only says what it is called."""
    reference, id_ = _reference(refund), name(refund.get("id"), 100)
    if reference is None or id_ is None:
        return []
    says = _REFUND.get(str(refund.get("status")), PROCESSED)
    return [
        Report(
            NAME,
            reference,
            says,
            amount=minor(refund.get("amount")),
            currency=name(refund.get("currency"), 3) or "",
            transaction_id=name(refund.get("payment_id"), 100),
            method="link",
            at=at,
            refund=id_,
        )
    ]


def _reference(told: Json) -> str | None:
    return name(told.get("reference_id"), 60) or name(_notes(told).get("reference"), 60)


def _notes(told: Json) -> Json:
    """An empty array where there are none."""
    return mapping(told.get("notes"))
