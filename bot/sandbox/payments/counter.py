"""Where people pay: the page behind a payment link, and the same by control JSON."""

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.payments.pages import EXPIRED, OPEN, PAID, CannotPay, Page, Paid
from bot.sandbox.payments.providers import Providers
from bot.sandbox.reply import reply
from flows.money import parse_amount, show

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NAMES = {"stripe": "Stripe", "razorpay": "Razorpay", "mercadopago": "Mercado Pago"}
STATES = {
    "open": "Waiting for your payment", "paid": "Paid", "expired": "This page has expired",
    "canceled": "This page has been withdrawn",
}  # fmt: skip
MONEY = {"held": "authorized, to be taken by the shop", "taken": "paid", "failed": "failed", "released": "released"}

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>Pay {amount}</title>
<link rel="icon" href="../static/favicon.svg" type="image/svg+xml" />
<link rel="stylesheet" href="../static/style.css" />
<link rel="stylesheet" href="../static/pay.css" />
</head>
<body class="pay">
<main>
<p class="who">{provider}, played by the sandbox: no money moves</p>
<h1>{amount}</h1>
<p class="what">{description}</p>
<p class="state {state}" role="status">{words}</p>
{forms}
{history}
<p class="leave">{leave}</p>
</main>
</body>
</html>
"""
FORM = """<form method="post">
<button name="do" value="pay" class="main">Pay {amount}</button>
<button name="do" value="fail">Let the payment fail</button>
</form>
<form method="post">
<label>or pay another amount
<span><input name="amount" inputmode="decimal" placeholder="{example}" aria-label="Another amount" />
<button name="do" value="other">Pay that</button></span></label>
</form>"""
AGAIN = """<form method="post">
<button name="do" value="again">Pay once more, as if on another phone</button>
</form>"""


class Counter:
    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/pay/{id}", _plainly(self.look)), web.post("/pay/{id}", _plainly(self.press))]

    async def look(self, request: web.Request) -> web.Response:
        page = self._providers.pages.get(request.match_info["id"])
        return web.Response(text=_drawn(page), content_type="text/html", headers={"Cache-Control": "no-store"})

    async def press(self, request: web.Request) -> web.StreamResponse:
        """A button of the page; what it did is on the page that follows."""
        form = await request.post()
        page = self._providers.pages.get(request.match_info["id"])
        do, amount = str(form.get("do")), str(form.get("amount") or "")
        act(self._providers, page, do, amount=parse_amount(amount, page.currency) if do == "other" else None)
        raise web.HTTPSeeOther(page.id)

    async def state(self, _: web.Request) -> web.Response:
        return reply(self._providers.state())

    async def do(self, request: web.Request) -> web.Response:
        given = orjson.loads(await request.read() or b"{}")
        page = self._providers.pages.get(request.match_info["id"])
        amount = given.get("amount")
        if amount is not None and type(amount) is not int:
            raise ValueError("amount is a whole number of minor units")
        act(self._providers, page, str(given.get("do")), amount=amount, currency=str(given.get("currency", "")))
        return reply(self._providers.shown(page))


def act(providers: Providers, page: Page, do: str, *, amount: int | None = None, currency: str = "") -> None:
    """What a customer or their bank does. ValueError in words when it cannot be done."""
    pages = providers.pages
    match do:
        case "pay" | "other":
            pages.pay(page, amount=amount, currency=currency)
        case "again":
            pages.pay(page, amount=amount, currency=currency, again=True)
        case "fail":
            pages.fail(page)
        case "expire" if page.state == OPEN:
            pages.end(page, EXPIRED)
        case "settle_refund" | "fail_refund":
            waiting = [back for back in page.back if back.state == "pending"]
            if not waiting:
                raise CannotPay("no refund is on its way")
            pages.settle_refund(page, waiting[0], "done" if do == "settle_refund" else "failed")
        case _:
            raise CannotPay(f"nobody can {do!r} here: pay, again, fail, expire, settle_refund, fail_refund")


def _drawn(page: Page) -> str:
    amount = show(page.amount, page.currency, "en")
    forms = ""
    if page.state == OPEN:
        forms = FORM.format(
            amount=escape(amount), example=escape(show(page.amount - 1, page.currency, "en").lstrip("₹$"))
        )
    elif page.state == PAID:
        forms = AGAIN
    lines = "".join(f"<li>{escape(_line(paid))}</li>" for paid in page.paid)
    leave = f'<a href="{escape(page.back_url)}">{"Back to the shop" if page.paid else "Leave without paying"}</a>'
    return HTML.format(
        amount=escape(amount), provider=NAMES[page.provider], description=escape(page.description), state=page.state,
        words=STATES[page.state], forms=forms, history=f"<ul>{lines}</ul>" if lines else "", leave=leave,
    )  # fmt: skip


def _line(paid: Paid) -> str:
    reason = f" ({paid.reason})" if paid.reason else ""
    return f"{show(paid.amount, paid.currency, 'en')} {MONEY[paid.state]}{reason}"


def _plainly(answer: Handler) -> Handler:
    """What cannot be done is a sentence, and the way back."""

    async def inner(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(request)
        except LookupError as error:
            return web.Response(status=404, text=f"{error.args[0]}\n")
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")

    return inner
