"""Stripe: a Checkout Session is the page that a link opens (docs.stripe.com/api/checkout/sessions, read 2026).

Our reference travels as `client_reference_id` of the session, and in the metadata of the session, of its PaymentIntent
and of refunds: each of their events names it. Amounts are Stripe's smallest unit, which for three currencies is not ISO's.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from bot.clock import Clock
from bot.payments.api import Api, Refused
from bot.payments.provider import Forged, Unreadable, lane, minor
from bot.settings import Account
from bot.whatsapp.fields import array, loads, mapping, moment, name, text
from flows.money import exponent
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

NAME = "stripe"
KIND = f"payment.{NAME}"
VERSION = "2024-10-28.acacia"
"""Of the API, for what we call; events come in the version of their endpoint, and what we read is the same in all."""
TOLERANCE = timedelta(minutes=5)
"""A webhook signed longer ago may be somebody's recording; Stripe signs again whenever it tries again."""
LEAST, MOST = timedelta(minutes=65), timedelta(hours=23, minutes=55)
"""How long a session lives. Stripe: 30 minutes to 24 hours from its creation, which may be half an hour after the request."""
_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Decimals of Stripe's amounts where they are not those of ISO 4217."""
_STAMP = re.compile(r"t=([0-9]{1,12})")
_SIGNED = re.compile(r"v1=([0-9a-f]{64})")

Json = Mapping[str, Any]


class Stripe:
    name = NAME

    def __init__(self, account: Account, *, clock: Clock, return_url: str) -> None:
        headers = {"Authorization": f"Bearer {account.keys['STRIPE_SECRET_KEY']}", "Stripe-Version": VERSION}
        self._api = Api(account.api_url, headers=headers)
        self._secret = account.keys["STRIPE_WEBHOOK_SECRET"].encode()
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
        told, currency = call.details, str(call.details["currency"])
        amount = _to_stripe(told["amount"], currency)
        if amount is None:
            return Answer(fault="amount")
        reference, wording = str(told["reference"]), str(told["description"] or told["reference"])
        expires_at = _expires_at(told)
        form = {
            "mode": "payment",
            "client_reference_id": reference,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": currency.lower(),
            "line_items[0][price_data][unit_amount]": str(amount),
            "line_items[0][price_data][product_data][name]": wording,
            "metadata[reference]": reference,
            "payment_intent_data[metadata][reference]": reference,
            "payment_intent_data[description]": wording,
            "payment_intent_data[capture_method]": "manual" if told.get("capture") == "by_staff" else "automatic",
            "expires_at": str(int(expires_at.timestamp())),
            "success_url": self._return_url,
            "cancel_url": self._return_url,
        }
        made = await self._post("v1/checkout/sessions", call, form)
        url, provider_id = text(made.get("url"), 2000), name(made.get("id"), 100)
        if not url or not provider_id:
            return Answer(fault="no page in the answer")
        return Answer(url=url, provider_id=provider_id, expires_at=expires_at)

    async def _look_up(self, call: Call) -> Answer:
        """The page, and what went back of its money."""
        reports: list[Report] = []
        if session := call.details["provider_id"]:
            found = await self._api.call("GET", f"v1/checkout/sessions/{session}", query={"expand[]": "payment_intent"})
            reports += _of_session(found)
        if intent := call.details["transaction_id"]:
            told = await self._api.call("GET", "v1/refunds", query={"payment_intent": str(intent), "limit": "100"})
            for refund in array(told.get("data")):
                reports += _of_refund(mapping(refund))
        return Answer(reports=tuple(reports))

    async def _withdraw(self, call: Call) -> Answer:
        """A page that cannot be closed has ended by itself, or has been used: then money that is only held is let go.

        If that cannot be done either, what has become of it is the answer.
        """
        told = call.details
        pages = [f"checkout/sessions/{told['provider_id']}/expire"] if told["provider_id"] else []
        pages += [f"payment_intents/{told['transaction_id']}/cancel"] if told["transaction_id"] else []
        for page in pages:
            try:
                await self._api.call("POST", f"v1/{page}", form={})
            except Refused:
                continue
            return Answer()
        return await self._look_up(call)

    async def _capture(self, call: Call) -> Answer:
        intent = call.details["transaction_id"]
        amount = _to_stripe(call.details["amount"], str(call.details["currency"]))
        try:
            found = await self._post(f"v1/payment_intents/{intent}/capture", call, {"amount_to_capture": str(amount)})
        except Refused as refusal:
            found = await self._api.call("GET", f"v1/payment_intents/{intent}")
            if found.get("status") != "succeeded":
                return Answer(fault=refusal.fault)
        return Answer(reports=tuple(_of_intent(found)))

    async def _refund(self, call: Call) -> Answer:
        told = call.details
        amount = _to_stripe(told["refund_amount"], str(told["currency"]))
        if amount is None:
            return Answer(fault="amount")
        form = {
            "payment_intent": str(told["transaction_id"]),
            "amount": str(amount),
            "metadata[reference]": str(told["reference"]),
            "metadata[refund]": str(call.refund_id),
        }
        return Answer(reports=tuple(_of_refund(await self._post("v1/refunds", call, form))))

    async def _post(self, path: str, call: Call, form: Mapping[str, str]) -> dict[str, Any]:
        key = {"Idempotency-Key": f"waybill-{call.id}"}
        return await self._api.call("POST", path, form=form, headers=key)

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        del query
        if not self._is_theirs(headers.get("Stripe-Signature", ""), raw):
            raise Forged
        try:
            event = loads(raw)
        except (ValueError, RecursionError) as error:
            raise Unreadable from error
        id_, kind = name(mapping(event).get("id")), name(mapping(event).get("type"))
        if id_ is None or kind is None:
            raise Unreadable
        reference = _reference(mapping(mapping(event.get("data")).get("object")))
        if kind not in _EVENTS or reference is None:
            return []
        return [Arrival(f"{NAME}:{id_}", KIND, lane(reference), orjson.dumps(event))]

    def _is_theirs(self, header: str, raw: bytes) -> bool:
        """`t=…,v1=…`, several v1 while the secret is changed; all are compared, whichever fits."""
        parts = [part.strip() for part in header.split(",")]
        stamps = [match[1] for part in parts if (match := _STAMP.fullmatch(part))]
        if len(stamps) != 1:
            return False
        expected = hmac.digest(self._secret, stamps[0].encode() + b"." + raw, sha256).hex().encode()
        given = [match[1].encode() for part in parts if (match := _SIGNED.fullmatch(part))]
        fits = [hmac.compare_digest(expected, signature) for signature in given]
        age = abs(self._clock.now().timestamp() - int(stamps[0]))
        return any(fits) and age <= TOLERANCE.total_seconds()


def read(payload: bytes) -> list[Report]:
    """What an event says."""
    event = mapping(loads(payload))
    find = _EVENTS.get(str(event.get("type")))
    if find is None:
        return []
    return find(mapping(mapping(event.get("data")).get("object")), moment(event.get("created")))


def _of_session(session: Json, at: datetime | None = None) -> list[Report]:
    intent = mapping(session.get("payment_intent"))
    match session.get("status"), session.get("payment_status"), intent.get("status"):
        case _, "paid", _:
            says = CAPTURED
        case _, _, "succeeded" | "requires_capture" | "canceled":
            return _of_intent(intent, at)
        case "expired", _, _:
            says = EXPIRED
        case "complete", _, _:
            says = PROCESSED
        case _:
            return []
    return _session(session, says, at)


def _session(session: Json, says: str, at: datetime | None) -> list[Report]:
    intent = session.get("payment_intent")
    transaction = name(intent if isinstance(intent, str) else mapping(intent).get("id"), 100)
    return _report(session, says, session.get("amount_total"), transaction, at)


_INTENT = {
    "succeeded": (CAPTURED, "amount_received"), "requires_capture": (AUTHORIZED, "amount_capturable"),
    "canceled": (CANCELED, "amount"),
}  # fmt: skip


def _of_intent(intent: Json, at: datetime | None = None) -> list[Report]:
    if (status := str(intent.get("status"))) not in _INTENT:
        return []
    says, amount = _INTENT[status]
    return _report(intent, says, intent.get(amount), name(intent.get("id"), 100), at)


def _of_failure(intent: Json, at: datetime | None) -> list[Report]:
    reason = (text(mapping(intent.get("last_payment_error")).get("message"), 200) or "").rstrip(".")
    return _report(intent, REFUSED, intent.get("amount"), name(intent.get("id"), 100), at, reason=reason)


_REFUND = {"succeeded": "settle", "failed": "fail", "canceled": "fail"}


def _of_refund(refund: Json, at: datetime | None = None) -> list[Report]:
    """One that is on its way only says what it is called."""
    says = _REFUND.get(str(refund.get("status")), PROCESSED)
    reason = text(refund.get("failure_reason"), 200) or ""
    transaction = name(refund.get("payment_intent"), 100)
    if (id_ := name(refund.get("id"), 100)) is None:
        return []
    return _report(refund, says, refund.get("amount"), transaction, at, reason=reason, refund=id_)


def _report(
    told: Json, says: str, amount: Any, transaction: str | None, at: datetime | None, *, reason: str = "", refund: str = ""
) -> list[Report]:  # fmt: skip
    if (reference := _reference(told)) is None:
        return []
    currency = (name(told.get("currency"), 3) or "").upper()
    return [
        Report(
            NAME,
            reference,
            says,
            amount=_from_stripe(amount, currency),
            currency=currency,
            transaction_id=transaction,
            method="link",
            at=at,
            reason=reason,
            refund=refund,
        )
    ]


def _reference(told: Json) -> str | None:
    """Ours; None for what the shop's account does beside us."""
    return name(told.get("client_reference_id"), 60) or name(mapping(told.get("metadata")).get("reference"), 60)


def _expires_at(told: Mapping[str, str | int | None]) -> datetime:
    """From the moment of the request, not of the call: a repeat must say the same."""
    asked_at = datetime.fromisoformat(str(told["created_at"]))
    wanted = datetime.fromisoformat(str(told["expires_at"])) if told["expires_at"] else asked_at + MOST
    return min(max(wanted, asked_at + LEAST), asked_at + MOST)


def _shift(currency: str) -> int:
    return _DIGITS.get(currency, exponent(currency)) - exponent(currency)


def _to_stripe(amount: Any, currency: str) -> int | None:
    return _scaled(amount, _shift(currency))


def _from_stripe(amount: Any, currency: str) -> int | None:
    return _scaled(minor(amount), -_shift(currency))


def _scaled(amount: int | None, digits: int) -> int | None:
    """None for what would not be whole."""
    if amount is None or digits >= 0:
        return None if amount is None else amount * 10**digits
    whole, rest = divmod(amount, 10**-digits)
    return None if rest else whole


_EVENTS: Mapping[str, Callable[[Json, datetime | None], list[Report]]] = {
    "checkout.session.completed": _of_session,
    "checkout.session.async_payment_succeeded": _of_session,
    "checkout.session.async_payment_failed": lambda session, at: _session(session, REFUSED, at),
    "checkout.session.expired": _of_session,
    "payment_intent.amount_capturable_updated": _of_intent,
    "payment_intent.succeeded": _of_intent,
    "payment_intent.canceled": _of_intent,
    "payment_intent.payment_failed": _of_failure,
    "refund.created": _of_refund,
    "refund.updated": _of_refund,
    "refund.failed": _of_refund,
    "charge.refund.updated": _of_refund,
}
"""The events that are about money; the last is how older endpoints call a refund that failed."""
EVENTS = tuple(_EVENTS)
