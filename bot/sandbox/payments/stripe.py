"""A stand-in for Stripe: Checkout Sessions, PaymentIntents, refunds, their events and signatures, as its API pages say (2026)."""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

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
NAME = "stripe"
LEAST, MOST = timedelta(minutes=30), timedelta(hours=24)


class Wrong(Exception):
    def __init__(self, message: str, *, status: int = 400, type_: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": type_, "message": message}}


class Stripe:
    """The API. `page_url` makes the address of a page from its id."""

    def __init__(self, pages: Pages, *, keys: dict[str, str], page_url: Any, now: Any) -> None:
        self._pages, self._keys, self._page_url, self._now = pages, keys, page_url, now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/stripe/v1/checkout/sessions", self._guarded(self.create)),
            web.get("/stripe/v1/checkout/sessions/{id}", self._guarded(self.session)),
            web.post("/stripe/v1/checkout/sessions/{id}/expire", self._guarded(self.expire)),
            web.get("/stripe/v1/payment_intents/{id}", self._guarded(self.intent)),
            web.post("/stripe/v1/payment_intents/{id}/capture", self._guarded(self.capture)),
            web.post("/stripe/v1/payment_intents/{id}/cancel", self._guarded(self.cancel)),
            web.get("/stripe/v1/refunds", self._guarded(self.refunds)),
            web.post("/stripe/v1/refunds", self._guarded(self.refund)),
        ]

    def sign(self, raw: bytes) -> dict[str, str]:
        return {"Stripe-Signature": signature(self._keys["STRIPE_WEBHOOK_SECRET"], raw, self._now())}

    def events(self, told: Happened) -> list[Json]:
        """Every event that Stripe sends of it, in no order that it promises."""
        page, paid, back = told.page, told.paid, told.back
        if back is not None and paid is not None:
            kind = {"failed": "refund.failed", "pending": "refund.created"}.get(back.state, "refund.updated")
            return [_event(told.at, kind, _refund(page, back), back.id)]
        of = paid.id if paid else page.id
        session = _session(page, self._page_url(page.id), paid)
        kinds: dict[str, list[tuple[str, Json | None]]] = {
            "paid": [("payment_intent.succeeded", None), ("checkout.session.completed", session)],
            "held": [
                ("payment_intent.amount_capturable_updated", None),
                ("checkout.session.completed", {**session, "payment_status": "unpaid"}),
            ],
            "taken": [("payment_intent.succeeded", None)],
            "failed": [("payment_intent.payment_failed", None)],
            "released": [("payment_intent.canceled", None)],
            "expired": [("checkout.session.expired", session)],
            "canceled": [("checkout.session.expired", session)],
        }
        intent = _intent(page, paid) if paid else {}
        return [_event(told.at, kind, about or intent, of) for kind, about in kinds[told.what]]

    async def create(self, request: web.Request) -> Json:
        form = {name: str(value) for name, value in (await request.post()).items()}
        key = request.headers.get("Idempotency-Key", "")
        if (known := self._pages.made_with(NAME, key)) is not None:
            if known.asked != form:
                raise Wrong(
                    "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                    type_="idempotency_error",
                )
            return self._shown(known)
        line = "line_items[0][price_data]"
        for name in ("mode", "success_url", f"{line}[currency]", f"{line}[unit_amount]"):
            if not form.get(name):
                raise Wrong(f"Missing required param: {name}.")
        amount, now = form[f"{line}[unit_amount]"], self._now()
        if not amount.isdecimal() or int(amount) < 1:
            raise Wrong("Invalid positive integer")
        expires_at = datetime.fromtimestamp(int(form["expires_at"]), UTC) if "expires_at" in form else now + MOST
        if not now + LEAST <= expires_at <= now + MOST:
            raise Wrong(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
            )
        page = self._pages.make(
            NAME, form.get("client_reference_id", "none"), amount=int(amount), currency=form[f"{line}[currency]"].upper(),
            description=form.get(f"{line}[product_data][name]", ""), expires_at=expires_at, back_url=form["success_url"],
            asked=form, is_held=form.get("payment_intent_data[capture_method]") == "manual", key=key,
        )  # fmt: skip
        return self._shown(page)

    async def session(self, request: web.Request) -> Json:
        page = self._pages.get(request.match_info["id"])
        shown = self._shown(page)
        if request.query.get("expand[]") == "payment_intent" and (paid := _latest(page)) is not None:
            shown["payment_intent"] = _intent(page, paid)
        return shown

    async def expire(self, request: web.Request) -> Json:
        page = self._pages.get(request.match_info["id"])
        if page.state != OPEN:
            raise Wrong("Only Checkout Sessions with a status in [`open`] can be expired.")
        self._pages.end(page, EXPIRED)
        return self._shown(page)

    async def intent(self, request: web.Request) -> Json:
        return _intent(*self._pages.of_paid(request.match_info["id"]))

    async def capture(self, request: web.Request) -> Json:
        page, paid = self._pages.of_paid(request.match_info["id"])
        return _intent(page, self._pages.take(page, paid))

    async def cancel(self, request: web.Request) -> Json:
        page, paid = self._pages.of_paid(request.match_info["id"])
        return _intent(page, self._pages.release(page, paid))

    async def refunds(self, request: web.Request) -> Json:
        page, paid = self._pages.of_paid(request.query.get("payment_intent", ""))
        return {"object": "list", "data": [_refund(page, back) for back in page.back if back.paid == paid.id]}

    async def refund(self, request: web.Request) -> Json:
        form = await request.post()
        page, paid = self._pages.of_paid(str(form.get("payment_intent", "")))
        amount = str(form.get("amount", page.left(paid)))
        key = request.headers.get("Idempotency-Key", "")
        return _refund(page, self._pages.give_back(page, paid, int(amount) if amount.isdecimal() else 0, key))

    def _shown(self, page: Page) -> Json:
        return _session(page, self._page_url(page.id), _latest(page))

    def _authorise(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._keys['STRIPE_SECRET_KEY']}":
            raise Wrong("Invalid API Key provided", status=401)

    def _guarded(self, answer: Any) -> Any:
        async def inner(request: web.Request) -> web.StreamResponse:
            try:
                self._authorise(request)
                return reply(await answer(request))
            except Wrong as wrong:
                return reply(wrong.body, status=wrong.status)
            except LookupError as error:
                return reply(Wrong(f"No such object: {error.args[0]}").body, status=404)
            except CannotPay as error:
                return reply(Wrong(str(error)).body, status=400)

        return inner


def signature(secret: str, raw: bytes, at: datetime) -> str:
    """The header: made anew for every attempt."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={hmac.digest(secret.encode(), stamp.encode() + b'.' + raw, sha256).hex()}"


def _event(at: datetime, kind: str, about: Json, of: str) -> Json:
    stamp = int(at.timestamp())
    return {
        "id": f"evt_{kind.replace('.', '_')}_{of}_{about['status']}", "object": "event", "created": stamp, "type": kind,
        "livemode": False, "data": {"object": about},
    }  # fmt: skip


_SESSION = {OPEN: "open", PAID: "complete", EXPIRED: "expired", CANCELED: "expired"}
_INTENT = {
    HELD: "requires_capture", TAKEN: "succeeded", FAILED: "requires_payment_method", RELEASED: "canceled",
}  # fmt: skip
_BACK = {"done": "succeeded", "pending": "pending", "failed": "failed"}


def _latest(page: Page) -> Paid | None:
    return next(reversed(page.paid), None)


def _session(page: Page, url: str, paid: Paid | None) -> Json:
    is_paid = paid is not None and paid.state == TAKEN
    return {
        "id": page.id, "object": "checkout.session", "mode": "payment", "status": _SESSION[page.state],
        "payment_status": "paid" if is_paid else "unpaid", "client_reference_id": page.reference,
        "amount_total": paid.amount if is_paid and paid else page.amount,
        "currency": (paid.currency if is_paid and paid else page.currency).lower(),
        "payment_intent": paid.id if paid and page.state == PAID else None,
        "created": int(page.created_at.timestamp()),
        "expires_at": int(page.expires_at.timestamp()) if page.expires_at else None,
        "metadata": {"reference": page.reference}, "url": url if page.state == OPEN else None,
    }  # fmt: skip


def _intent(page: Page, paid: Paid) -> Json:
    error = {"code": "card_declined", "message": paid.reason, "type": "card_error"} if paid.state == FAILED else None
    return {
        "id": paid.id, "object": "payment_intent", "amount": paid.amount, "currency": paid.currency.lower(),
        "amount_received": paid.amount if paid.state == TAKEN else 0,
        "amount_capturable": paid.amount if paid.state == HELD else 0, "status": _INTENT[paid.state],
        "created": int(paid.at.timestamp()), "last_payment_error": error, "metadata": {"reference": page.reference},
    }  # fmt: skip


def _refund(page: Page, back: Back) -> Json:
    return {
        "id": back.id, "object": "refund", "amount": back.amount, "currency": page.currency.lower(),
        "payment_intent": back.paid, "status": _BACK[back.state], "created": int(back.at.timestamp()),
        "failure_reason": "unknown" if back.state == "failed" else None, "metadata": {"reference": page.reference},
    }  # fmt: skip
