"""WhatsApp Pay in India: what Meta's gateway knows of a payment, and money given back through it.

The customer is asked by a message, and Meta tells by the same webhook as everything else; so nothing is made here and nothing
withdrawn. Meta takes no idempotency key: a refund that may have gone through is looked for before it is asked for again
(Meta, "Payments API" for India, read 2026).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bot.payments.provider import Unavailable, Unreadable
from bot.whatsapp.client import Client, GraphError
from bot.whatsapp.fields import array, mapping, moment, name
from bot.whatsapp.reading import payment_reports, refund_reports
from flows.errors import Consequence, classify
from flows.payments import LOOK_UP, REFUND, WHATSAPP, Answer, Call, Report
from models.inbox import Arrival

AGREE = timedelta(minutes=2)
"""Meta's clock and ours may differ by so much."""


class WhatsAppPay:
    """Through the same connections and with the same token as every message."""

    name = WHATSAPP

    def __init__(self, client: Client) -> None:
        self._client = client

    async def perform(self, call: Call) -> Answer:
        try:
            if call.kind == LOOK_UP:
                found = await self._look_up(call)
                return Answer(reports=tuple(report for payment in found for report in _reports(payment)))
            if call.kind == REFUND:
                return await self._refund(call)
        except GraphError as error:
            if error.http_status == 0 or classify(error.code, error.http_status).consequence in _PASSING:
                raise Unavailable(f"HTTP {error.http_status}, code {error.code}") from error
            return Answer(fault=f"{error.title} {error.details}".strip()[:200])
        return Answer(fault="not_offered")

    def arrivals(self, _headers: Mapping[str, str], _query: Mapping[str, str], _raw: bytes) -> list[Arrival]:
        """Meta reports at the door of its messages, and nowhere else."""
        raise Unreadable

    async def start(self) -> None:
        """The client is the application's."""

    async def stop(self) -> None:
        """The client is the application's."""

    async def _look_up(self, call: Call) -> list[dict[str, Any]]:
        configuration, reference = str(call.details["provider_id"]), str(call.details["reference"])
        path = f"{self._client.phone_number_id}/payments/{quote(configuration, safe='')}/{reference}"
        told = mapping(await self._client.call("GET", path))
        return [
            payment for payment in map(mapping, array(told.get("payments"))) if payment.get("reference_id") == reference
        ]

    async def _refund(self, call: Call) -> Answer:
        if call.attempts > 1 and (done := await self._done(call)):
            return Answer(reports=done)
        amount = {"currency": call.details["currency"], "value": str(call.details["refund_amount"]), "offset": "100"}
        asked = {
            "reference_id": call.details["reference"], "speed": "normal",
            "payment_config_id": call.details["provider_id"], "amount": amount,
        }  # fmt: skip
        told = mapping(await self._client.call("POST", f"{self._client.phone_number_id}/payments_refund", json=asked))
        refund = {"id": told.get("id"), "status": told.get("status"), "amount": _number(amount)}
        return Answer(
            reports=refund_reports([refund], str(call.details["reference"]), str(amount["currency"]), is_sure=True)
        )

    async def _done(self, call: Call) -> tuple[Report, ...]:
        """What came of an earlier try that nobody answered: a refund of this amount, no older than the call."""
        since = datetime.fromisoformat(str(call.details["refund_at"])) - AGREE
        ours = [
            refund
            for payment in await self._look_up(call)
            for refund in map(mapping, array(payment.get("refunds")))
            if mapping(refund.get("amount")).get("value") == call.details["refund_amount"]
            and (at := moment(refund.get("created_timestamp"))) is not None
            and at >= since
        ]
        return refund_reports(ours[-1:], str(call.details["reference"]), str(call.details["currency"]), is_sure=True)


_PASSING = (Consequence.RETRY_SOON, Consequence.WAIT, Consequence.PAUSE)


def _number(amount: Mapping[str, Any]) -> dict[str, int]:
    """Of refunds Meta's amounts are strings; of everything else numbers."""
    return {"value": int(amount["value"]), "offset": int(amount["offset"])}


def _reports(payment: dict[str, Any]) -> tuple[Report, ...]:
    """A payment with all its attempts, as the webhook tells of the one that counts: at most one is a success."""
    attempts = [mapping(attempt) for attempt in array(payment.get("transactions"))]
    counts = next((attempt for attempt in attempts if name(attempt.get("status"), 32) == "success"), None)
    latest = max(attempts, key=lambda attempt: str(attempt.get("updated_timestamp") or ""), default={})
    told = {**payment, "amount": payment.get("total_amount"), "transaction": counts or latest}
    return payment_reports(told, payment.get("status"), is_sure=True)
