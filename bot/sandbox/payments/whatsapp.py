"""WhatsApp Pay in India: what is asked for in a chat, how people pay it there, and what Meta tells, looks up and gives back.

Meta, "Payments API" for India, read 2026. Only a gateway's payments are told by webhook, looked up and refunded: of UPI links
and of pages Meta knows nothing.
"""

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.rules.fields import one_of, table, text

Json = dict[str, Any]
PAY, FAIL, WAIT = "pay", "fail", "wait"
"""What a person may do with what is asked for; who waits has a payment under way, to be paid or to fail later."""
FINAL = ("completed", "canceled")


class PaymentsError(GraphError):
    """The payments' own edges answer with a list of errors (documented)."""

    def body(self) -> Json:
        return {"errors": [{"code": self.code, "title": self.title, "details": self.details}]}


@dataclass(slots=True)
class Asked:
    """One order_details message: what the person can pay, how often they tried, and what became of it."""

    reference: str
    person: str
    wamid: str
    way: str
    gateway: str
    configuration: str
    amount: int
    currency: str
    expires_at: int
    order: str = "pending"
    attempts: list[Json] = field(default_factory=list)
    refunds: list[Json] = field(default_factory=list)

    @property
    def status(self) -> str:
        return "captured" if any(attempt["status"] == "success" for attempt in self.attempts) else "pending"

    @property
    def state(self) -> str:
        """As its bubble shows it."""
        if self.status == "captured":
            return "paid"
        if self.order == "canceled":
            return self.order
        return {"pending": "pending", "failed": "failed"}.get(
            self.attempts[-1]["status"] if self.attempts else "", "open"
        )


class InChat:
    """Every message that asks for money; what happens to it is a line of the ledger."""

    def __init__(self, *, clock: Clock, ledger: Ledger, faults: Faults) -> None:
        self._clock, self._ledger, self._faults = clock, ledger, faults
        self._asked: dict[str, Asked] = {}

    def __contains__(self, reference: str) -> bool:
        return reference in self._asked

    def restore(self, entry: Json) -> None:
        asked = Asked(**entry["asked"])
        self._asked[asked.reference] = asked

    def ask(self, person: str, wamid: str, details: Json) -> Asked:
        [way, *_] = details.get("payment_settings") or [{"type": "payment_gateway", "payment_gateway": {}}]
        told = way[way["type"]]
        return self._keep(
            Asked(
                details["reference_id"], person, wamid, way["type"], told.get("type", ""),
                told.get("configuration_name") or details.get("payment_configuration", ""),
                details["total_amount"]["value"], details["currency"],
                int(details["order"].get("expiration", {}).get("timestamp", 0)),
            )
        )  # fmt: skip

    def get(self, reference: str) -> Asked:
        return self._asked[reference]

    def of_message(self, wamid: str) -> Asked | None:
        return next((asked for asked in self._asked.values() if asked.wamid == wamid), None)

    def act(self, asked: Asked, how: str, *, amount: int | None = None, currency: str = "") -> Asked:
        """A person pays, lets it fail, or waits; `amount` and `currency` are what a gateway should never change."""
        if asked.order in FINAL or asked.status == "captured":
            raise ValueError("this can no longer be paid")
        if asked.expires_at and asked.expires_at <= self._clock.now().timestamp():
            raise ValueError("the time to pay this is over")
        now = str(int(self._clock.now().timestamp()))
        became = {PAY: "success", FAIL: "failed", WAIT: "pending"}[how]
        under_way = next((attempt for attempt in asked.attempts if attempt["status"] == "pending"), None)
        if under_way is None:
            under_way = {
                "id": f"order_{asked.reference}_{len(asked.attempts) + 1}",
                "type": asked.gateway,
                "created_timestamp": now,
            }
            asked.attempts.append(under_way)
        under_way |= {
            "status": became, "updated_timestamp": now, "method": {"type": "upi"},
            **({"error": {"code": "BAD_REQUEST_ERROR", "reason": "payment_failed"}} if how == FAIL else {}),
        }  # fmt: skip
        asked.amount, asked.currency = amount or asked.amount, currency or asked.currency
        return self._keep(asked)

    def progress(self, given: Json) -> GraphError | None:
        """An order_status message: the order's new status there, or why Meta refuses it afterwards, by a status."""
        asked = self._asked.get(given["reference_id"])
        if asked is None:
            return GraphError(131009, "reference_id: no order details were sent with it")
        status = given["order"]["status"]
        is_paid = asked.status == "captured" or any(attempt["status"] == "pending" for attempt in asked.attempts)
        if asked.order in FINAL or status in ("pending", asked.order):
            return GraphError(2046, f"{asked.order} cannot become {status}")
        if status == "canceled" and is_paid:
            return GraphError(2047, "The payment is done, or under way")
        asked.order = status
        self._keep(asked)
        return None

    def look_up(self, configuration: str, reference: str) -> Json:
        asked = self._found(configuration, reference)
        return {
            "payments": [
                {
                    "reference_id": asked.reference, "status": asked.status, "currency": asked.currency,
                    "total_amount": {"value": asked.amount, "offset": 100}, "transactions": asked.attempts,
                    **({"refunds": asked.refunds} if asked.refunds else {}),
                }
            ]
        }  # fmt: skip

    def refund(self, given: Any) -> tuple[Json, Asked]:
        """The answer to a refund, and what it is of."""
        table(given, "refund", needs=("reference_id", "payment_config_id", "amount"), may=("speed",))
        one_of(given.get("speed", "normal"), "speed", ("instant", "normal"))
        amount = table(given["amount"], "amount", needs=("currency", "value", "offset"))
        value = text(amount["value"], "amount.value", most=12)
        asked = self._found(str(given["payment_config_id"]), str(given["reference_id"]))
        left = asked.amount - sum(r["amount"]["value"] for r in asked.refunds if r["status"] != "failed")
        if asked.status != "captured" or not value.isdecimal() or not 0 < int(value) <= left:
            raise PaymentsError(131009, "amount: more than was paid and not given back yet")
        became = {"at_once": "success", "pending": "pending", "fail": "failed"}[self._faults.pay_refunds]
        now = str(int(self._clock.now().timestamp()))
        refund = {
            "id": f"rfnd_{asked.reference}_{len(asked.refunds) + 1}", "status": became,
            "amount": {"value": int(value), "offset": 100}, "speed_processed": "normal",
            "created_timestamp": now, "updated_timestamp": now,
        }  # fmt: skip
        asked.refunds.append(refund)
        self._keep(asked)
        told = "completed" if became == "success" else became  # the two spellings are Meta's
        return {"id": refund["id"], "status": told, "speed_processed": "normal"}, asked

    def settle_refunds(self, asked: Asked) -> None:
        """What was on its way back is there."""
        for refund in asked.refunds:
            refund["status"] = "success" if refund["status"] == "pending" else refund["status"]
        self._keep(asked)

    def payment(self, asked: Asked) -> Json:
        """The `payment` of a webhook."""
        told: Json = {
            "reference_id": asked.reference, "amount": {"value": asked.amount, "offset": 100},
            "currency": asked.currency, "transaction": asked.attempts[-1],
        }  # fmt: skip
        return deepcopy(told | ({"refunds": asked.refunds} if asked.refunds else {}))

    def _found(self, configuration: str, reference: str) -> Asked:
        asked = self._asked.get(reference)
        if asked is None or asked.way != "payment_gateway" or asked.configuration != configuration:
            raise PaymentsError(100, f"Payment {reference!r} of {configuration!r} does not exist", status=404)
        return asked

    def _keep(self, asked: Asked) -> Asked:
        self._asked[asked.reference] = asked
        self._ledger.write("asked", asked=asdict(asked))
        return asked


def status(asked: Asked, payment: Json, *, id_: str, recipient: str | None, at: datetime) -> Json:
    """One entry of `statuses`: a failed attempt shows in its transaction, while the order can still be paid (documented)."""
    return {
        "id": id_, **({"recipient_id": recipient} if recipient else {}), "type": "payment", "status": asked.status,
        "timestamp": str(int(at.timestamp())), "payment": payment,
    }  # fmt: skip
