"""The payment providers put together: their keys, APIs, pages and webhooks, as the sandbox serves them."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.credentials import Credentials
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.payments.hooks import Hooks
from bot.sandbox.payments.mercadopago import MercadoPago, pix_code
from bot.sandbox.payments.pages import Happened, Page, Pages
from bot.sandbox.payments.razorpay import Razorpay
from bot.sandbox.payments.stripe import Stripe

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Providers:
    """`origin` is where a phone reaches the sandbox, without a slash at its end."""

    def __init__(self, *, credentials: Credentials, clock: Clock, ledger: Ledger, faults: Faults) -> None:
        self.origin = ""
        self._clock, self._faults = clock, faults
        self.keys = {
            "stripe": {
                "STRIPE_SECRET_KEY": f"sk_test_{credentials.key('stripe')}",
                "STRIPE_WEBHOOK_SECRET": f"whsec_{credentials.key('stripe webhook')}",
            },
            "razorpay": {
                "RAZORPAY_KEY_ID": f"rzp_test_{credentials.key('razorpay')[:14]}",
                "RAZORPAY_KEY_SECRET": credentials.key("razorpay secret")[:24],
                "RAZORPAY_WEBHOOK_SECRET": credentials.key("razorpay webhook"),
            },
            "mercadopago": {
                "MERCADOPAGO_ACCESS_TOKEN": f"TEST-{credentials.key('mercadopago')}",
                "MERCADOPAGO_WEBHOOK_SECRET": credentials.key("mercadopago webhook"),
            },
        }
        self.pages = Pages(clock=clock, ledger=ledger, faults=faults, tell=self._tell)
        self._apis = {
            name: api(self.pages, keys=self.keys[name], page_url=self.page_url, now=clock.now)
            for name, api in (("stripe", Stripe), ("razorpay", Razorpay), ("mercadopago", MercadoPago))
        }
        self.hooks = Hooks(
            clock=clock, ledger=ledger, faults=faults, sign=lambda name, raw: self._apis[name].sign(raw), query=self._query
        )  # fmt: skip

    def restore(self, entry: Json) -> None:
        """Replay one line of the ledger."""
        if entry["kind"] == "page":
            self.pages.restore(entry["page"])
        else:
            self.hooks.restore(entry)

    def page_url(self, id_: str) -> str:
        return f"{self.origin}/sandbox/pay/{id_}"

    def page_at(self, url: str) -> Page | None:
        """The page that a link opens, or the code that was copied; None when it is somebody else's."""
        return next((page for page in self.pages if url in (self.page_url(page.id), pix_code(page))), None)

    def routes(self) -> list[web.RouteDef]:
        """The APIs, with the faults that are on."""
        return [
            web.RouteDef(route.method, route.path, self._troubled(route.handler), route.kwargs)
            for api in self._apis.values()
            for route in api.routes()
        ]

    async def run_once(self) -> bool:
        """Deliver every webhook that is due; True if the bot took any."""
        self.pages.look()
        return await self.hooks.run_once()

    async def run(self) -> None:
        while True:
            await self.run_once()
            await self.hooks.rest(self.pages.next_end())

    def state(self) -> Json:
        """For the control JSON."""
        return {"keys": self.keys, "pages": [self.shown(page) for page in self.pages]}

    def shown(self, page: Page) -> Json:
        return {**page.json(), "url": self.page_url(page.id)}

    def _query(self, name: str, body: Json) -> str:
        api = self._apis[name]
        return api.query(body) if isinstance(api, MercadoPago) else ""

    def _tell(self, told: Happened) -> None:
        for body in self._apis[told.page.provider].events(told):
            self.hooks.put(told.page.provider, body)

    def _troubled(self, answer: Any) -> Handler:
        async def inner(request: web.Request) -> web.StreamResponse:
            if self._faults.take("pay_error_next"):
                return web.Response(status=500, text="Internal Server Error")
            told: web.StreamResponse = await answer(request)
            if self._faults.take("pay_reset_next") and request.transport is not None:
                request.transport.abort()
            return told

        return inner
