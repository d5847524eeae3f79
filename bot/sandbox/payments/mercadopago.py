"""A stand-in for Mercado Pago: Pix codes, Checkout Pro, payments, refunds and its notifications, as its pages say (2026).

A payment by Pix is there, and pending, from the moment that its code is made; one on a page when somebody pays there.
Amounts are decimals of major units, ids are numbers.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from bot.sandbox.payments.pages import (
    CANCELED,
    EXPIRED,
    FAILED,
    HELD,
    OPEN,
    RELEASED,
    TAKEN,
    Back,
    CannotPay,
    Happened,
    Page,
    Pages,
)
from bot.sandbox.reply import reply
from flows.money import exponent, major, parse_amount
from flows.pix import static_code

Json = dict[str, Any]
NAME = "mercadopago"
PIX = "pix"
LEAST, MOST = timedelta(minutes=30), timedelta(days=30)


class Wrong(Exception):
    def __init__(self, message: str, *, status: int = 400, error: str = "bad_request") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "error": error, "status": status, "cause": []}


class MercadoPago:
    """The API. `page_url` makes the address of a page from its id."""

    def __init__(self, pages: Pages, *, keys: dict[str, str], page_url: Any, now: Any) -> None:
        self._pages, self._keys, self._page_url, self._now = pages, keys, page_url, now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/mercadopago/v1/payments", self._guarded(self.create)),
            web.get("/mercadopago/v1/payments/search", self._guarded(self.search)),
            web.get("/mercadopago/v1/payments/{id}", self._guarded(self.payment)),
            web.put("/mercadopago/v1/payments/{id}", self._guarded(self.update)),
            web.post("/mercadopago/v1/payments/{id}/refunds", self._guarded(self.refund)),
            web.post("/mercadopago/checkout/preferences", self._guarded(self.prefer)),
            web.put("/mercadopago/checkout/preferences/{id}", self._guarded(self.end)),
        ]

    def sign(self, raw: bytes) -> dict[str, str]:
        """Not the body is signed, but which payment it is about, and when."""
        id_, request_id = orjson.loads(raw)["data"]["id"], f"r-{sha256(raw).hexdigest()[:16]}"
        stamp = int(self._now().timestamp())
        signed = f"id:{id_};request-id:{request_id};ts:{stamp};"
        v1 = hmac.digest(self._keys["MERCADOPAGO_WEBHOOK_SECRET"].encode(), signed.encode(), sha256).hex()
        return {"x-signature": f"ts={stamp},v1={v1}", "x-request-id": request_id}

    def query(self, body: Json) -> str:
        """What stands behind the address that was given for the payment's notifications, and what they add to it."""
        page, _ = self._find(body["data"]["id"])
        given = urlsplit(str(page.asked.get("notification_url", ""))).query
        return "&".join(part for part in (given, f"data.id={body['data']['id']}&type=payment") if part)

    def events(self, told: Happened) -> list[Json]:
        """A notification says that a payment has changed, and nothing else."""
        if told.paid is None and told.page.asked.get("payment_method_id") != PIX:
            return []
        number = _number(told.page, told.page.paid.index(told.paid) if told.paid in told.page.paid else 0)
        stamp = int(told.at.timestamp() * 1_000_000) + len(told.page.paid) + len(told.page.back)
        return [
            {
                "id": stamp, "live_mode": False, "type": "payment", "date_created": told.at.isoformat(),
                "user_id": 1, "api_version": "v1", "action": "payment.updated", "data": {"id": str(number)},
            }
        ]  # fmt: skip

    async def create(self, request: web.Request) -> Json:
        asked = orjson.loads(await request.read())
        key = request.headers.get("X-Idempotency-Key", "")
        if not key:
            raise Wrong("Header X-Idempotency-Key can't be null")
        if (known := self._pages.made_with(NAME, key)) is not None:
            return self._shown(known)
        if asked.get("payment_method_id") != PIX:
            raise Wrong("payment_method_id attribute can't be another than pix here")
        if "@" not in str(asked.get("payer", {}).get("email", "")):
            raise Wrong("payer.email must be a valid email")
        now, until = self._now(), asked.get("date_of_expiration")
        expires_at = datetime.fromisoformat(until) if until else now + timedelta(hours=24)
        if not now + LEAST <= expires_at <= now + MOST:
            raise Wrong("The parameter date_of_expiration is not valid")
        return self._shown(
            self._make(
                asked, asked, currency="BRL", amount=asked.get("transaction_amount"), expires_at=expires_at, key=key
            )
        )

    async def prefer(self, request: web.Request) -> Json:
        asked = orjson.loads(await request.read())
        [item] = asked.get("items") or [{}]
        until = asked.get("expiration_date_to") if asked.get("expires") else None
        expires_at = datetime.fromisoformat(until) if until else None
        page = self._make(
            asked, item, currency=str(item.get("currency_id")), amount=item.get("unit_price"), expires_at=expires_at
        )
        return {
            "id": page.id, "init_point": self._page_url(page.id), "external_reference": page.reference,
            "items": asked["items"], "date_created": page.created_at.isoformat(),
        }  # fmt: skip

    def _make(
        self, asked: Json, named: Json, *, currency: str, amount: Any, expires_at: datetime | None, key: str = ""
    ) -> Page:
        try:
            minor = parse_amount(
                str(amount if isinstance(amount, int) else f"{amount:.{exponent(currency)}f}"), currency
            )
        except (ValueError, TypeError) as error:
            raise Wrong("transaction_amount must be numeric") from error
        if not minor or minor != round(float(amount) * 10 ** exponent(currency), 6):
            raise Wrong("transaction_amount must be positive, with two decimals")
        back_url = str(asked.get("back_urls", {}).get("success", ""))
        return self._pages.make(
            NAME, str(asked.get("external_reference", "none")), amount=minor, currency=currency,
            description=str(named.get("description") or named.get("title") or ""), expires_at=expires_at, back_url=back_url,
            asked=asked, key=key,
        )  # fmt: skip

    async def search(self, request: web.Request) -> Json:
        found = [
            payment
            for page in self._pages.of_reference(NAME, request.query.get("external_reference", ""))
            for payment in self._payments(page)
        ]
        return {"paging": {"total": len(found), "limit": 30, "offset": 0}, "results": found}

    async def payment(self, request: web.Request) -> Json:
        page, number = self._find(request.match_info["id"])
        return next(payment for payment in self._payments(page) if payment["id"] == number)

    async def update(self, request: web.Request) -> Json:
        page, number = self._find(request.match_info["id"])
        if orjson.loads(await request.read()) != {"status": "cancelled"} or page.state != OPEN:
            raise Wrong("The action requested is not valid for the current payment state")
        self._pages.end(page, CANCELED)
        return next(payment for payment in self._payments(page) if payment["id"] == number)

    async def end(self, request: web.Request) -> Json:
        page = self._pages.get(request.match_info["id"])
        if page.state == OPEN:
            self._pages.end(page, CANCELED)
        return {"id": page.id, "expires": True}

    async def refund(self, request: web.Request) -> Json:
        page, number = self._find(request.match_info["id"])
        paid = next((paid for n, paid in enumerate(page.paid) if _number(page, n) == number), None)
        if paid is None:
            raise Wrong("The action requested is not valid for the current payment state")
        asked = orjson.loads(await request.read() or b"{}")
        amount = parse_amount(str(asked["amount"]), page.currency) if "amount" in asked else page.left(paid)
        back = self._pages.give_back(page, paid, amount, request.headers.get("X-Idempotency-Key", ""))
        return _refund(page, back, number)

    def _find(self, id_: str) -> tuple[Page, int]:
        self._pages.look()
        for page in self._pages:
            if page.provider == NAME and id_ in {str(payment["id"]) for payment in self._payments(page)}:
                return page, int(id_)
        raise Wrong("Payment not found", status=404, error="not_found")

    def _shown(self, page: Page) -> Json:
        return next(self._payments(page))

    def _payments(self, page: Page) -> Iterator[Json]:
        is_pix = page.asked.get("payment_method_id") == PIX
        if is_pix and not page.paid:
            yield self._payment(page, 0, _WAITING[page.state], amount=page.amount, currency=page.currency)
        for n, paid in enumerate(page.paid):
            status = (_STATE[paid.state], "accredited" if paid.state == TAKEN else paid.reason)
            backs = [_refund(page, back, _number(page, n)) for back in page.back if back.paid == paid.id]
            told = {"refunds": backs, "date_approved": paid.at.isoformat() if paid.state == TAKEN else None}
            if paid.state == TAKEN and not page.left(paid) and all(back["status"] == "approved" for back in backs):
                status = ("refunded", "refunded")
            yield self._payment(page, n, status, amount=paid.amount, currency=paid.currency) | told

    def _payment(self, page: Page, n: int, status: tuple[str, str], *, amount: int, currency: str) -> Json:
        is_pix = page.asked.get("payment_method_id") == PIX
        data = {"qr_code": pix_code(page), "ticket_url": self._page_url(page.id)} if is_pix else {}
        return {
            "id": _number(page, n), "status": status[0], "status_detail": status[1], "currency_id": currency,
            "transaction_amount": float(major(amount, currency)), "external_reference": page.reference,
            "payment_method_id": PIX if is_pix else "visa", "description": page.description,
            "date_created": page.created_at.isoformat(), "date_approved": None, "refunds": [],
            "date_of_expiration": page.expires_at.isoformat() if page.expires_at else None,
            "point_of_interaction": {"type": "PIX" if is_pix else "CHECKOUT", "transaction_data": data},
        }  # fmt: skip

    def _authorise(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._keys['MERCADOPAGO_ACCESS_TOKEN']}":
            raise Wrong("invalid access token", status=401, error="unauthorized")

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


def pix_code(page: Page) -> str:
    """What is copied: in truth a provider's code leads to an address of its own, and looks much the same."""
    return static_code(
        "12345678-1234-4234-8234-123456789012", name="Mercado Pago", city="Osasco", amount=page.amount,
        txid=f"{page.provider}{page.id}".replace("_", "")[-25:],
    )  # fmt: skip


def _number(page: Page, n: int) -> int:
    """The id of a page's payment."""
    return int(sha256(f"{page.id}:{n}".encode()).hexdigest()[:9], 16) + 10**10


_WAITING = {
    OPEN: ("pending", "pending_waiting_transfer"), EXPIRED: ("cancelled", "expired"),
    CANCELED: ("cancelled", "by_collector"),
}  # fmt: skip
_STATE = {HELD: "authorized", TAKEN: "approved", FAILED: "rejected", RELEASED: "cancelled"}
_BACK = {"done": "approved", "pending": "in_process", "failed": "rejected"}


def _refund(page: Page, back: Back, payment: int) -> Json:
    number = int(sha256(back.id.encode()).hexdigest()[:9], 16) + 10**10
    return {
        "id": number, "payment_id": payment, "amount": float(major(back.amount, page.currency)),
        "status": _BACK[back.state], "date_created": back.at.isoformat(),
    }  # fmt: skip
