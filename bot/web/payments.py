"""`POST /payments/{provider}`: what a provider reports by itself, on disk before it hears 200."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from aiohttp import web

from bot.intake import Full, Intake
from bot.metrics import Metrics
from bot.payments.provider import Forged, Provider, Unreadable
from bot.web.webhook import BODY_TIME

log = structlog.get_logger()

REFUSALS = {
    400: "This is not what {name} documents. Send the body exactly as {name} made it.",
    401: "The signature is missing, old or wrong. Check the webhook secret of {name} in the environment.",
    408: "The body did not arrive whole within ten seconds. Send it again.",
    404: "Nobody of this name is connected here: set the secrets of the provider in the environment.",
    503: "The event could not be stored just now. Send it again.",
}


BACK = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Back to WhatsApp</title><p style="font: 1.2em sans-serif; margin: 15vh 2em; text-align: center">
You can close this page. The shop tells you in WhatsApp whether your payment has come in.</p></html>
"""


class PaymentHooks:
    """The door for payment providers; each tells its own webhooks from a stranger's."""

    def __init__(self, providers: Mapping[str, Provider], *, intake: Intake, metrics: Metrics) -> None:
        self._providers, self._intake, self._metrics = providers, intake, metrics

    async def returned(self, _: web.Request) -> web.Response:
        """Where a provider's page leads when it has been used; what came of it is told in the chat, not here."""
        return web.Response(text=BACK, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def receive(self, request: web.Request) -> web.Response:
        name = request.match_info["provider"]
        status = await self._receive(request, self._providers.get(name))
        self._metrics.webhooks.labels(str(status)).inc()
        if status == HTTPStatus.OK:
            return web.Response()
        shown = name if name in self._providers else "?"
        return web.Response(status=status, text=REFUSALS[status].format(name=shown) + "\n")

    async def _receive(self, request: web.Request, provider: Provider | None) -> int:
        if provider is None:
            return 404
        try:
            async with asyncio.timeout(BODY_TIME.total_seconds()):
                raw = await request.read()
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            return 408
        try:
            if arrivals := provider.arrivals(request.headers, request.query, raw):
                await self._intake.put(arrivals)
        except Forged:
            return 401
        except Unreadable:
            return 400
        except Full:
            return 503
        except Exception:
            # A bug of ours: whoever sent it keeps it until it is mended.
            log.exception("payment_webhook_failed", provider=provider.name, size=len(raw))
            return 503
        return 200
