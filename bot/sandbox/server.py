"""The sandbox put together: what the lead program mounts, what tests hold, and the stand-alone server."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from aiohttp import web
from yarl import URL

from bot import tasks
from bot.clock import Clock
from bot.sandbox import demo
from bot.sandbox.business import add_graph
from bot.sandbox.control import add_control, add_headers, only_here
from bot.sandbox.credentials import Credentials
from bot.sandbox.delivery import Delivery
from bot.sandbox.faults import Faults
from bot.sandbox.graph import Sends
from bot.sandbox.ledger import Ledger
from bot.sandbox.media import MIB
from bot.sandbox.people import Person
from bot.sandbox.phone import Phone
from bot.sandbox.templates import Templates
from bot.sandbox.world import World
from bot.settings import Account

log = structlog.get_logger()
BODY_MOST = 101 * MIB
"""A document of 100 MB and its form."""


class Sandbox:
    """Serve `app()`; then `start` it, or call `run_once` to deliver webhooks by hand. `stop` in both cases."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        clock: Clock,
        people: Sequence[Person],
        products: Sequence[Mapping[str, str]],
        webhook: str | None,
        ledger: Path | None = None,
        public_url: str = "",
    ) -> None:
        self.world = World(credentials=credentials, clock=clock, people=people, products=products, ledger=ledger)
        self.webhook = webhook
        self._public_url = public_url
        self._phones: dict[str, Phone] = {}
        self._sends = Sends(self.world)
        self._tasks: list[asyncio.Task[None]] = []
        self.world.providers.origin = public_url

    @property
    def webhook(self) -> str | None:
        return self.world.delivery.address

    @webhook.setter
    def webhook(self, address: str | None) -> None:
        """Payment providers reach the bot beside it, at /payments."""
        hooks = self.world.providers.hooks
        self.world.delivery.address = address
        self.world.delivery.wake()
        hooks.address = str(URL(address).with_path("/payments")) if address else None
        hooks.wake()

    @property
    def credentials(self) -> Credentials:
        return self.world.credentials

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    @property
    def templates(self) -> Templates:
        return self.world.templates

    @property
    def delivery(self) -> Delivery:
        return self.world.delivery

    def app(self) -> web.Application:
        """To be mounted at /sandbox. Its pages end when the application that holds it shuts down."""
        app = web.Application(middlewares=[only_here], client_max_size=BODY_MOST)
        app.on_response_prepare.append(add_headers)
        app.on_shutdown.append(self._end_streams)
        add_graph(app, self.world, self._sends, self._public_url)
        add_control(app, self.world)
        return app

    async def start(self) -> None:
        self._tasks = [
            tasks.spawn(self.delivery.run(), name="sandbox-delivery"),
            tasks.spawn(self.world.providers.run(), name="sandbox-payments"),
        ]

    async def stop(self) -> None:
        """Idempotent. What was not delivered is in the ledger and goes out after the next start."""
        await self._end_streams(None)
        for task in self._tasks:
            await tasks.stop(task)
        self._tasks = []
        await self.delivery.close()
        await self.world.providers.hooks.close()
        self.world.close()

    async def run_once(self) -> bool:
        """Deliver everything due now; True if the bot acknowledged any of it."""
        delivered = await self.delivery.run_once()
        return await self.world.providers.run_once() or delivered

    def accounts(self, here: str) -> list[Account]:
        """The payment providers as the bot is to call them; `here` is this sandbox's own address."""
        keys = self.world.providers.keys
        return [Account(name, f"{here}/sandbox/{name}", keys[name]) for name in keys]

    def person(self, id: str) -> Phone:  # noqa: A002 - the field's own word
        if id not in self._phones:
            self._phones[id] = Phone(self.world, id)
        return self._phones[id]

    def redeliver(self, wamid: str | None = None) -> int:
        """Queue what was acknowledged once more; returns how many updates."""
        return self.delivery.again(wamid)

    async def _end_streams(self, _: web.Application | None) -> None:
        self._sends.stopping.set()
        self.world.events.close()


async def serve(*, port: int, webhook: str, folder: Path) -> None:
    """The stand-in for Meta alone, on this machine only, until SIGTERM or SIGINT."""
    credentials = Credentials.load(folder / "sandbox.json")
    origin = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(
        credentials=credentials,
        clock=Clock(credentials.offset),
        people=demo.PEOPLE,
        products=demo.products(origin),
        webhook=webhook,
        ledger=folder / "sandbox.jsonl",
        public_url=origin,
    )
    outer = web.Application(client_max_size=BODY_MOST)
    outer.add_subapp("/sandbox", sandbox.app())
    runner = web.AppRunner(outer, access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await sandbox.start()
    print(f"Sandbox: {origin}/sandbox/  (credentials in {credentials.path})", flush=True)  # noqa: T201 - the address is what people wait for
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, done.set)
    await done.wait()
    await runner.cleanup()
    await sandbox.stop()
