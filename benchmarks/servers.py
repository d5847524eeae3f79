"""The servers that are measured, each a process of its own on the first core: `python -m benchmarks.servers KIND PORT ADDRESS`."""

import asyncio
import os
import sys

import uvloop
from aiohttp import web

from benchmarks import SECRET
from bot.settings import load
from bot.whatsapp.signature import Signature


async def bare(port: int, _address: str) -> None:
    """A routed aiohttp handler that checks the same signature over the same bytes and keeps nothing: the ceiling."""
    signature = Signature(SECRET)

    async def receive(request: web.Request) -> web.Response:
        raw = await request.read()
        return web.Response(status=200 if signature.fits(raw, request.headers.get("X-Hub-Signature-256")) else 401)

    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.add_routes([web.post("/webhook", receive)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()


async def durable(port: int, address: str) -> None:
    """Our door: every event on disk (fsync) and known by its source id before its 200. Nobody handles what it takes in."""
    from bot import interpreter
    from bot.app import App

    app = App(load(environment(port, address)))
    await app.start(loops=False)
    interpreter.settle()


def environment(port: int, address: str) -> dict[str, str]:
    """Settings of a bot whose Graph API is a stand-in beside it."""
    return {
        "PORT": str(port),
        "DATABASE_URL": address,
        "WHATSAPP_PHONE_NUMBER_ID": "100200300400500",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "500400300200100",
        "WHATSAPP_ACCESS_TOKEN": "bench-token",
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": "bench",
        "WHATSAPP_API_URL": f"http://127.0.0.1:{port}",
        "STORE_SETTINGS": "pace.number=0",
        "LOG_LEVEL": "error",
    }


KINDS = {"bare": bare, "durable": durable}


async def serve(kind: str, port: int, address: str) -> None:
    await KINDS[kind](port, address)
    await asyncio.Event().wait()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
