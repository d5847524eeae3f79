"""Mercado Pago: a Pix code for each request, or a page of Checkout Pro (mercadopago.com.br/developers, read 2026).

Our reference travels as `external_reference`, and in the address that notifications of a payment come to: these carry no
more than the payment's id, so each is a hint, and Mercado Pago is asked. Amounts are decimals of major units.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urljoin

import orjson

from bot.clock import Clock
from bot.payments.api import Api, Refused
from bot.payments.provider import Forged, Unreadable, lane, minor
from bot.settings import Account
from bot.whatsapp.fields import array, loads, mapping, name, price, text
from flows.money import exponent, major
from flows.payments import (
    CANCELED,
    CAPTURE,
    CAPTURED,
    CHANGED,
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
from flows.pix import BRL
from models.inbox import Arrival

NAME = "mercadopago"
KIND = f"payment.{NAME}"
PIX = "pix"
LEAST, MOST = timedelta(minutes=31), timedelta(days=29)
"""How long a code lives. Mercado Pago: 30 minutes to 30 days from its creation."""
_STAMP = re.compile(r"ts=([0-9]{1,16})")
_SIGNED = re.compile(r"v1=([0-9a-f]{64})")
_NUMBER = re.compile(r"[0-9]{1,20}")

Json = Mapping[str, Any]


class MercadoPago:
    name = NAME

    def __init__(self, account: Account, *, clock: Clock, return_url: str) -> None:
        token = account.keys["MERCADOPAGO_ACCESS_TOKEN"]
        self._api = Api(account.api_url, headers={"Authorization": f"Bearer {token}"})
        self._secret = account.keys["MERCADOPAGO_WEBHOOK_SECRET"].encode()
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
        return await (self._create_code(call) if call.details.get("method") == PIX else self._create_page(call))

    async def _create_code(self, call: Call) -> Answer:
        told = call.details
        if told["currency"] != BRL:
            return Answer(fault="amount")
        if not told.get("payer"):
            return Answer(fault="no_payer")
        expires_at = _expires_at(told)
        wanted = {
            "transaction_amount": _decimal(told["amount"], BRL),
            "payment_method_id": PIX,
            "description": told["description"] or told["reference"],
            "payer": {"email": told["payer"]},
            "date_of_expiration": expires_at.isoformat(timespec="milliseconds"),
            **self._about(told),
        }
        made = await self._post("v1/payments", call, wanted)
        code = text(mapping(mapping(made.get("point_of_interaction")).get("transaction_data")).get("qr_code"), 600)
        if not code or not (provider_id := _id(made.get("id"))):
            return Answer(fault="no code in the answer")
        return Answer(url=code, provider_id=provider_id, expires_at=expires_at)

    async def _create_page(self, call: Call) -> Answer:
        """There is no idempotency key for a page; one that nobody was shown hurts nobody."""
        told, currency = call.details, str(call.details["currency"])
        item = {
            "id": told["reference"], "title": told["description"] or told["reference"], "quantity": 1,
            "unit_price": _decimal(told["amount"], currency), "currency_id": currency,
        }  # fmt: skip
        expires_at = datetime.fromisoformat(str(told["expires_at"])) if told["expires_at"] else None
        until = (
            {"expires": True, "expiration_date_to": expires_at.isoformat(timespec="milliseconds")} if expires_at else {}
        )
        back = dict.fromkeys(("success", "pending", "failure"), self._return_url)
        made = await self._post(
            "checkout/preferences", call, {"items": [item], "back_urls": back, **until, **self._about(told)}
        )
        url, provider_id = text(made.get("init_point"), 2000), name(made.get("id"), 100)
        if not url or not provider_id:
            return Answer(fault="no page in the answer")
        return Answer(url=url, provider_id=provider_id, expires_at=expires_at)

    def _about(self, told: Mapping[str, str | int | None]) -> Json:
        reference = str(told["reference"])
        query = urlencode({"source_news": "webhooks", "reference": reference})
        return {"external_reference": reference, "notification_url": f"{urljoin(self._return_url, NAME)}?{query}"}

    async def _look_up(self, call: Call) -> Answer:
        """By the payment's own id, if it is known: the search may be some seconds behind."""
        told = call.details
        reference = str(told["reference"])
        known = next(
            (id_ for id_ in (told["transaction_id"], told["provider_id"]) if _NUMBER.fullmatch(str(id_))), None
        )
        if known is None:
            query = {"external_reference": reference, "sort": "date_created", "criteria": "asc"}
            found = await self._api.call("GET", "v1/payments/search", query=query)
            payments = [mapping(payment) for payment in array(found.get("results"))]
        else:
            payments = [await self._api.call("GET", f"v1/payments/{known}")]
        mine = [payment for payment in payments if payment.get("external_reference") == reference]
        return Answer(reports=tuple(_of_payments(mine)))

    async def _withdraw(self, call: Call) -> Answer:
        """What cannot be withdrawn has been paid or has ended: what it is now is the answer."""
        id_ = str(call.details["provider_id"])
        try:
            if _NUMBER.fullmatch(id_):
                await self._api.call("PUT", f"v1/payments/{id_}", json={"status": "cancelled"})
            else:
                now = self._clock.now().isoformat(timespec="milliseconds")
                ended = {"expires": True, "expiration_date_to": now}
                await self._api.call("PUT", f"checkout/preferences/{id_}", json=ended)
        except Refused:
            return await self._look_up(call)
        return Answer()

    async def _capture(self, _: Call) -> Answer:
        """Pix and Checkout Pro take money at once, so nothing is ever authorized."""
        return Answer(fault="amount")

    async def _refund(self, call: Call) -> Answer:
        told, currency = call.details, str(call.details["currency"])
        path = f"v1/payments/{told['transaction_id']}/refunds"
        back = await self._post(path, call, {"amount": _decimal(told["refund_amount"], currency)})
        return Answer(reports=tuple(_of_refund(back, str(told["reference"]), currency)))

    async def _post(self, path: str, call: Call, json: Json) -> dict[str, Any]:
        return await self._api.call("POST", path, json=json, headers={"X-Idempotency-Key": f"waybill-{call.id}"})

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        """Only what was signed makes an event's source: a recording says nothing new, whatever else it says."""
        id_, request_id = query.get("data.id", ""), headers.get("x-request-id", "")
        if (stamp := self._stamp(headers.get("x-signature", ""), id_, request_id)) is None:
            raise Forged
        try:
            told = mapping(loads(raw))
        except (ValueError, RecursionError) as error:
            raise Unreadable from error
        reference = name(query.get("reference"), 60)
        if told.get("type") != "payment" or reference is None or not _NUMBER.fullmatch(id_):
            return []
        source = f"{NAME}:{id_}:{stamp}:{request_id}"
        return [Arrival(source, KIND, lane(reference), orjson.dumps({"reference": reference, "payment": id_}))]

    def _stamp(self, header: str, id_: str, request_id: str) -> str | None:
        """The moment that Mercado Pago has signed beside the payment's id; None when it did not."""
        parts = [part.strip() for part in header.split(",")]
        stamps = [match[1] for part in parts if (match := _STAMP.fullmatch(part))]
        given = [match[1].encode() for part in parts if (match := _SIGNED.fullmatch(part))]
        if (len(stamps), len(given)) != (1, 1):
            return None
        told = (("id", id_.lower()), ("request-id", request_id), ("ts", stamps[0]))
        manifest = "".join(f"{key}:{value};" for key, value in told if value)
        expected = hmac.digest(self._secret, manifest.encode("utf-8", "replace"), sha256).hex().encode()
        return stamps[0] if hmac.compare_digest(expected, given[0]) else None


def read(payload: bytes) -> list[Report]:
    """What an event says: that this payment has changed."""
    event = mapping(loads(payload))
    reference, payment = name(event.get("reference"), 60), name(event.get("payment"), 20)
    return [Report(NAME, reference, CHANGED, transaction_id=payment, is_sure=False)] if reference and payment else []


_PAID = frozenset({"approved", "refunded", "charged_back", "in_mediation"})
"""Money that came, whatever became of it later."""


def _of_payments(payments: list[dict[str, Any]]) -> list[Report]:
    """Every payment that brought money, with what went back of it; if none did, how the newest attempt stands."""
    paid = [payment for payment in payments if payment.get("status") in _PAID]
    if not paid:
        return [report for payment in payments[-1:] for report in _of_attempt(payment)]
    reports = []
    for payment in paid:
        if payment.get("status") == "approved":
            reports.append(_report(payment, CAPTURED))
        for refund in array(payment.get("refunds")):
            reports += _of_refund(mapping(refund), _text(payment, "external_reference"), _text(payment, "currency_id"))
    return reports


def _of_attempt(payment: Json) -> list[Report]:
    match payment.get("status"), payment.get("payment_method_id"):
        case "rejected", _:
            return [_report(payment, REFUSED, reason=_text(payment, "status_detail"))]
        case "cancelled", _:
            is_expired = payment.get("status_detail") == "expired"
            return [_report(payment, EXPIRED if is_expired else CANCELED)]
        case (("in_process" | "authorized"), _):
            return [_report(payment, PROCESSED)]
        case "pending", method if method != PIX:
            return [_report(payment, PROCESSED)]
    return []


def _report(payment: Json, says: str, *, reason: str = "") -> Report:
    currency = _text(payment, "currency_id")
    is_pix = payment.get("payment_method_id") == PIX
    return Report(
        NAME, _text(payment, "external_reference"), says, amount=_minor(payment.get("transaction_amount"), currency),
        currency=currency, transaction_id=_id(payment.get("id")), method="pix" if is_pix else "link",
        at=_moment(payment.get("date_approved")), reason=reason,
    )  # fmt: skip


_REFUND = {"approved": "settle", "rejected": "fail", "cancelled": "fail"}


def _of_refund(refund: Json, reference: str, currency: str) -> list[Report]:
    """One that is on its way only says what it is called."""
    if (id_ := _id(refund.get("id"))) is None:
        return []
    says = _REFUND.get(_text(refund, "status"), PROCESSED)
    amount = _minor(refund.get("amount"), currency)
    payment = _id(refund.get("payment_id"))
    return [Report(NAME, reference, says, amount=amount, currency=currency, transaction_id=payment, refund=id_)]


def _text(told: Json, field: str) -> str:
    return text(told.get(field), 100) or ""


def _id(value: Any) -> str | None:
    """Ids are numbers in the API, and digits in notifications."""
    found = str(value) if type(value) is int else name(value, 20)
    return found if found is not None and _NUMBER.fullmatch(found) else None


def _decimal(amount: Any, currency: str) -> float:
    """JSON has no decimals: a float's shortest form is what the amount was."""
    return float(major(int(amount), currency))


def _minor(value: Any, currency: str) -> int | None:
    found = price(value)
    exact = found.scaleb(exponent(currency)) if found is not None else Decimal(0)
    return minor(int(exact)) if exact == exact.to_integral_value() else None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _expires_at(told: Mapping[str, str | int | None]) -> datetime:
    """From the moment of the request, not of the call: a repeat must say the same."""
    asked_at = datetime.fromisoformat(str(told["created_at"]))
    wanted = datetime.fromisoformat(str(told["expires_at"])) if told["expires_at"] else asked_at + MOST
    return min(max(wanted, asked_at + LEAST), asked_at + MOST)
