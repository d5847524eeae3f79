"""A stand-in for Razorpay: Payment Links, payments, refunds, their events and signatures, as its API pages say (2026)."""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from bot.sandbox.payments.pages import (
    CANCELED,
    EXPIRED,
    FAILED,
    HELD,
    OPEN,
    PAID,
    RELEASED,
    TAKEN,
    Back,
    CannotPay,
    Happened,
    Page,
    Pages,
    Paid,
)
from bot.sandbox.reply import reply

Json = dict[str, Any]
NAME = "razorpay"
LEAST = timedelta(minutes=15)


class Wrong(Exception):
    def __init__(self, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": {"code": "BAD_REQUEST_ERROR", "description": description, "source": "business"}}


class Razorpay:
    """The API. `page_url` makes the address of a page from its id."""

    def __init__(self, pages: Pages, *, keys: dict[str, str], page_url: Any, now: Any) -> None:
        self._pages, self._keys, self._page_url, self._now = pages, keys, page_url, now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/razorpay/v1/payment_links", self._guarded(self.create)),
            web.get("/razorpay/v1/payment_links", self._guarded(self.find)),
            web.get("/razorpay/v1/payment_links/{id}", self._guarded(self.link)),
            web.post("/razorpay/v1/payment_links/{id}/cancel", self._guarded(self.cancel)),
            web.get("/razorpay/v1/orders/{id}/payments", self._guarded(self.payments)),
            web.get("/razorpay/v1/payments/{id}", self._guarded(self.payment)),
            web.post("/razorpay/v1/payments/{id}/capture", self._guarded(self.capture)),
            web.get("/razorpay/v1/payments/{id}/refunds", self._guarded(self.refunds)),
            web.post("/razorpay/v1/payments/{id}/refund", self._guarded(self.refund)),
        ]

    def sign(self, raw: bytes) -> dict[str, str]:
        return {"X-Razorpay-Signature": signature(self._keys["RAZORPAY_WEBHOOK_SECRET"], raw)}

    def events(self, told: Happened) -> list[Json]:
        """Every event that Razorpay sends of it, in no order that it promises."""
        page, paid, back = told.page, told.paid, told.back
        about: Json = {"payment": _payment(page, paid)} if paid else {}
        if back is not None:
            kind = {"done": "refund.processed", "failed": "refund.failed"}.get(back.state, "refund.created")
            return [_event(told.at, kind, {"refund": _refund(page, back), **about})]
        whole = {**about, "payment_link": self._shown(page)}
        kinds: dict[str, list[tuple[str, Json]]] = {
            "paid": [("payment.authorized", about), ("payment.captured", about), ("payment_link.paid", whole)],
            "held": [("payment.authorized", about)],
            "taken": [("payment.captured", about), ("payment_link.paid", whole)],
            "failed": [("payment.failed", about)],
            "released": [],
            "expired": [("payment_link.expired", whole)],
            "canceled": [("payment_link.cancelled", whole)],
        }
        return [_event(told.at, kind, entities) for kind, entities in kinds[told.what]]

    async def create(self, request: web.Request) -> Json:
        asked = orjson.loads(await request.read())
        amount, reference, now = asked.get("amount"), str(asked.get("reference_id", "none")), self._now()
        if type(amount) is not int or amount < (100 if asked.get("currency", "INR") == "INR" else 1):
            raise Wrong("The amount must be at least INR 1.00")
        if len(reference) > 40:
            raise Wrong("The reference id may not be greater than 40 characters.")
        if any(page.state != CANCELED for page in self._pages.of_reference(NAME, reference)):
            raise Wrong(f"payment link with given reference_id ({reference}) already exists")
        expires_at = datetime.fromtimestamp(asked["expire_by"], UTC) if asked.get("expire_by") else None
        if expires_at is not None and expires_at < now + LEAST:
            raise Wrong("expire_by should be at least 15 minutes after current time")
        page = self._pages.make(
            NAME, reference, amount=amount, currency=asked.get("currency", "INR"),
            description=asked.get("description", ""), expires_at=expires_at, back_url=asked.get("callback_url", ""),
            asked=asked, is_held=asked.get("notes", {}).get("capture") == "by_staff",
        )  # fmt: skip
        return self._shown(page)

    async def find(self, request: web.Request) -> Json:
        found = self._pages.of_reference(NAME, request.query.get("reference_id", ""))
        return {"payment_links": [self._shown(page) for page in found]}

    async def link(self, request: web.Request) -> Json:
        return self._shown(self._pages.get(request.match_info["id"]))

    async def cancel(self, request: web.Request) -> Json:
        page = self._pages.get(request.match_info["id"])
        if page.state != OPEN:
            raise Wrong("Payment Link cannot be cancelled as it is not in issued state")
        self._pages.end(page, CANCELED)
        return self._shown(page)

    async def payments(self, request: web.Request) -> Json:
        page = self._pages.get(request.match_info["id"].replace("order_", "plink_", 1))
        items = [_payment(page, paid) for paid in page.paid]
        return {"entity": "collection", "count": len(items), "items": items}

    async def payment(self, request: web.Request) -> Json:
        return _payment(*self._pages.of_paid(request.match_info["id"]))

    async def capture(self, request: web.Request) -> Json:
        page, paid = self._pages.of_paid(request.match_info["id"])
        return _payment(page, self._pages.take(page, paid))

    async def refunds(self, request: web.Request) -> Json:
        page, paid = self._pages.of_paid(request.match_info["id"])
        return {"entity": "collection", "items": [_refund(page, back) for back in page.back if back.paid == paid.id]}

    async def refund(self, request: web.Request) -> Json:
        asked = orjson.loads(await request.read())
        page, paid = self._pages.of_paid(request.match_info["id"])
        key = request.headers.get("X-Refund-Idempotency", "")
        return _refund(page, self._pages.give_back(page, paid, asked.get("amount", page.left(paid)), key))

    def _shown(self, page: Page) -> Json:
        taken = [paid for paid in page.paid if paid.state == TAKEN]
        status = "created" if page.state == PAID and not taken else _LINK[page.state]
        return {
            "id": page.id, "entity": "payment_link", "accept_partial": False, "amount": page.amount,
            "amount_paid": sum(paid.amount for paid in taken), "currency": page.currency, "description": page.description,
            "created_at": int(page.created_at.timestamp()),
            "expire_by": int(page.expires_at.timestamp()) if page.expires_at else 0,
            "reference_id": page.reference, "notes": page.asked.get("notes") or [], "short_url": self._page_url(page.id),
            "status": status, "order_id": page.id.replace("plink_", "order_", 1) if page.paid else None,
            "callback_url": page.back_url, "callback_method": "get",
        }  # fmt: skip

    def _authorise(self, request: web.Request) -> None:
        key = aiohttp.encode_basic_auth(self._keys["RAZORPAY_KEY_ID"], self._keys["RAZORPAY_KEY_SECRET"])
        if request.headers.get("Authorization") != key:
            raise Wrong("Authentication failed", status=401)

    def _guarded(self, answer: Any) -> Any:
        async def inner(request: web.Request) -> web.StreamResponse:
            try:
                self._authorise(request)
                return reply(await answer(request))
            except Wrong as wrong:
                return reply(wrong.body, status=wrong.status)
            except (LookupError, CannotPay) as error:
                return reply(Wrong(str(error.args[0])).body, status=400)

        return inner


def signature(secret: str, raw: bytes) -> str:
    return hmac.digest(secret.encode(), raw, sha256).hex()


def _event(at: datetime, kind: str, entities: Json) -> Json:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    return {
        "entity": "event", "account_id": "acc_sandbox", "event": kind, "contains": list(payload), "payload": payload,
        "created_at": int(at.timestamp()),
    }  # fmt: skip


_LINK = {OPEN: "created", PAID: "paid", EXPIRED: "expired", CANCELED: "cancelled"}
_STATE = {HELD: "authorized", TAKEN: "captured", FAILED: "failed", RELEASED: "refunded"}
_BACK = {"done": "processed", "pending": "pending", "failed": "failed"}


def _payment(page: Page, paid: Paid) -> Json:
    """Without the link's notes, as Razorpay's own examples have it."""
    return {
        "id": paid.id, "entity": "payment", "amount": paid.amount, "currency": paid.currency, "status": _STATE[paid.state],
        "order_id": page.id.replace("plink_", "order_", 1), "method": "card", "captured": paid.state == TAKEN,
        "description": page.description, "notes": [], "created_at": int(paid.at.timestamp()),
        "error_description": paid.reason or None,
    }  # fmt: skip


def _refund(page: Page, back: Back) -> Json:
    return {
        "id": back.id, "entity": "refund", "amount": back.amount, "currency": page.currency, "payment_id": back.paid,
        "notes": {"reference": page.reference}, "status": _BACK[back.state], "created_at": int(back.at.timestamp()),
    }  # fmt: skip
