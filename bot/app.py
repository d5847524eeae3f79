"""The only place where the parts are joined: started in order, stopped in reverse, watched in between."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot import faults as fault_points
from bot import interpreter, logs
from bot.along import Afterwards, Neighbour, Nobody
from bot.clock import Clock, Ids
from bot.dispatcher import Dispatcher
from bot.intake import Intake
from bot.jobs import Jobs
from bot.loop import Loop
from bot.metrics import Metrics
from bot.notices import INBOX, OUTBOX, Notices
from bot.payments import registry
from bot.payments.caller import Caller
from bot.payments.provider import Provider
from bot.payments.whatsapp import WhatsAppPay
from bot.scheduler import Scheduler
from bot.sender import Sender
from bot.settings import CREDENTIALS, Account, FirstStore, Settings, SettingsError, WhatsApp
from bot.web.calendar import Calendars
from bot.web.health import Health
from bot.web.payments import PaymentHooks
from bot.web.server import CannotListen, Server
from bot.web.webhook import Webhook
from bot.whatsapp.client import Client
from flows import days_off, feed, vocabulary
from flows.limits import BODY_BYTES
from flows.payments import WHATSAPP
from flows.settings import Settings as StoreSettings
from flows.store import Store
from models import catalog, sending, staff, stores
from models.database import Database
from models.engines import Connection, Hook, no_fault
from models.work import Work

if TYPE_CHECKING:
    from bot.sandbox.server import Sandbox

log = structlog.get_logger()

WATCH_S = 1.0
SANDBOX_FILES = Path("var")


class CannotStart(Exception):
    """Why the program does not start, in one line for whoever started it."""


class App:
    """One process: `web` takes events in, `worker` handles and sends, `run` is both (and the sandbox, without credentials)."""

    def __init__(
        self, settings: Settings, *, role: str = "run", clock: Clock | None = None, files: Path = SANDBOX_FILES
    ) -> None:
        self.settings = settings
        self.role = role
        self.files = files
        self.clock = clock or Clock()
        self.ids = Ids(self.clock)
        self.metrics = Metrics()
        self.database = Database(settings.address)
        self.faults = fault_points.from_environment()
        self.sandbox: Sandbox | None = None
        self.providers: dict[str, Provider] = {}
        self.port = settings.port
        self._stack = AsyncExitStack()
        self._check_role()

    async def start(self, *, loops: bool = True) -> None:
        """Start everything; with `loops=False` (tests) nothing runs by itself and `drain` does the work."""
        try:
            await self._start(loops=loops)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Take nothing more in, finish what is in hand, close; within nine seconds."""
        await self._stack.aclose()
        Hook.point = staticmethod(no_fault)

    async def drain(self) -> None:
        """Run every loop until none has anything to do: how tests pass time without sleeping."""
        while True:
            busy = await self.dispatcher.run_once()
            busy |= await self.sender.run_once()
            await self.sender.idle()
            busy |= not self.sender.is_idle
            if self.sandbox is not None:
                busy |= await self.sandbox.run_once()
            busy |= await self.caller.run_once()
            busy |= await self.scheduler.run_once()
            if not busy:
                return

    def dead_loops(self) -> list[str]:
        """Which of the tasks that this process lives for have ended by themselves."""
        watched: list[Intake | Loop | Notices] = [self.intake] if self.role != "worker" else []
        watched += [self.dispatcher, self.sender, self.caller] if self.role != "web" else []
        watched += [] if self.settings.address.is_sqlite else [self.notices]
        return [loop.name for loop in watched if not loop.is_running]

    async def _start(self, *, loops: bool) -> None:
        Hook.point = self.faults or staticmethod(no_fault)
        self._lock_file()
        await self.database.open()
        self._stack.push_async_callback(self.database.close)
        await self._migrate()
        self._prepare_sandbox()
        self.whatsapp = self._credentials()
        self.store = await self._open_store()
        if faults := vocabulary.faults(StoreSettings(self.store.settings).get("vocabulary")):
            log.error("vocabulary_unusable", faults=faults, hint="the standard words are used until it is mended")
        await asyncio.to_thread(self._load_holidays)
        self._join()
        await self._serve()
        await self._meet_whatsapp(loops=loops)
        if loops and self.role != "web":
            self._start_loops()
        log.info("app_started", role=self.role, port=self.port, sandbox=self.sandbox is not None)

    def _join(self) -> None:
        """Make the parts; each knows only how to wake the next."""
        clock, database, store, settings = self.clock, self.database, self.store, self.settings
        fault = self.faults or no_fault
        self._connect(settings.payments)
        self.client = Client(
            api_url=self.whatsapp.api_url,
            version=self.whatsapp.api_version,
            phone_number_id=self.whatsapp.phone_number_id,
            token=self.whatsapp.access_token,
            faults=fault,
        )
        self.providers[WHATSAPP] = WhatsAppPay(self.client)
        self.sender = Sender(
            database, store, client=self.client, clock=clock, ids=self.ids, metrics=self.metrics, tick=settings.tick
        )
        is_alone = settings.address.is_sqlite
        self.intake = Intake(
            database, store, clock=clock, metrics=self.metrics,
            on_stored=lambda: on_events(),  # noqa: PLW0108 - it is made below
            summon=lambda: is_alone and self.dispatcher.summon(),
        )  # fmt: skip
        self.incoming: Neighbour = self.intake if is_alone else Nobody()
        self.outgoing: Neighbour = self.sender if is_alone else Afterwards(self._wakes(OUTBOX, self.sender))
        self.dispatcher = Dispatcher(
            database, store, clock=clock, ids=self.ids, metrics=self.metrics, tick=settings.tick,
            catalog_id=self.whatsapp.catalog_id, incoming=self.incoming, outgoing=self.outgoing,
            on_calls=lambda: self.caller.wake(),  # noqa: PLW0108 - it is made below
        )  # fmt: skip
        on_events = self._wakes(INBOX, self.dispatcher)
        self.caller = Caller(
            database,
            store,
            providers=self.providers,
            clock=clock,
            ids=self.ids,
            tick=settings.tick,
            on_answers=on_events,
        )
        self.notices = Notices(database, {OUTBOX: self.sender.wake, INBOX: self.dispatcher.wake})
        self.jobs = Jobs(
            database, store, clock=clock, ids=self.ids, client=self.client,
            account=self.whatsapp.business_account_id, push=self.sandbox is not None,
        )  # fmt: skip
        self.scheduler = Scheduler(self.jobs, clock=clock, tick=settings.tick, on_ring=on_events, faults=self.faults)

    def _connect(self, accounts: Iterable[Account]) -> None:
        """More payment providers, which are called from now on."""
        back = f"{self.settings.public_url}/payments/return"
        self.providers.update(registry.connect(accounts, clock=self.clock, return_url=back))

    def _wakes(self, topic: str, loop: Loop) -> Callable[[], None]:
        """Whom to call when there is more of `topic`: our own loop, and on Postgres those of other processes."""
        if self.settings.address.is_sqlite:
            return loop.wake

        def wake() -> None:
            loop.wake()
            self.notices.tell(topic)

        return wake

    async def _serve(self) -> None:
        app, webhook = web.Application(client_max_size=BODY_BYTES), None
        if self.role != "worker":
            self.intake.start()
            self._stack.push_async_callback(self.intake.stop)
            webhook = Webhook(
                app_secret=self.whatsapp.app_secret, verify_token=self.whatsapp.verify_token,
                phone_number_id=self.whatsapp.phone_number_id, intake=self.intake, metrics=self.metrics,
                faults=self.faults,
            )  # fmt: skip
            app.add_routes([web.get("/webhook", webhook.verify), web.post("/webhook", webhook.receive)])
            hooks = PaymentHooks(self.providers, intake=self.intake, metrics=self.metrics)
            app.add_routes(
                [web.get("/payments/return", hooks.returned), web.post("/payments/{provider}", hooks.receive)]
            )
            app.add_routes(Calendars(self.database, self.store, clock=self.clock, ids=self.ids).routes())
        health = Health(
            self.database, self.store.id, clock=self.clock, metrics=self.metrics,
            token=self.settings.metrics_token, is_loopback=self.settings.is_loopback,
        )  # fmt: skip
        app.add_routes(health.routes())
        if self.sandbox is not None:
            app.add_subapp("/sandbox", self.sandbox.app())
        port = self.settings.worker_port if self.role == "worker" else self.settings.port
        if port is not None:
            server = Server(app, webhook)
            self._stack.push_async_callback(server.stop)
            try:
                self.port = await server.start(self.settings.host, port)
            except CannotListen as error:
                raise CannotStart(str(error)) from error

    async def _meet_whatsapp(self, *, loops: bool) -> None:
        """Our own port may be known only now: the sandbox lives behind it."""
        if self.sandbox is not None:
            here = self.settings.here(self.port)
            self.client.api_url = f"{here}/sandbox/graph"
            self.sandbox.webhook = f"{here}/webhook"
            self._connect(account for account in self.sandbox.accounts(here) if account.name not in self.providers)
            self._stack.push_async_callback(self.sandbox.stop)
            if loops:
                await self.sandbox.start()
        await self.client.start()
        self._stack.push_async_callback(self.client.stop)
        for provider in self.providers.values():
            await provider.start()
            self._stack.push_async_callback(provider.stop)
        if loops and not self.settings.address.is_sqlite:
            self.notices.start()
            self._stack.push_async_callback(self.notices.stop)

    def _start_loops(self) -> None:
        self.sender.start()
        self._stack.push_async_callback(self.sender.stop)
        self.dispatcher.start()
        self._stack.push_async_callback(self.dispatcher.stop)
        self.caller.start()
        self._stack.push_async_callback(self.caller.stop)
        self.scheduler.start()
        self._stack.push_async_callback(self.scheduler.stop)

    def _check_role(self) -> None:
        if self.role in ("web", "worker") and self.settings.address.is_sqlite:
            raise CannotStart(
                f"`{self.role}` needs Postgres: on SQLite the bot is one process, `python -m bot run`. Set DATABASE_URL."
            )
        if self.settings.whatsapp is None and (self.role != "run" or not self.settings.is_loopback):
            raise SettingsError(
                [
                    f"{name}: is missing; without credentials only `run` on a loopback HOST starts, as a sandbox"
                    for name in CREDENTIALS
                ]
            )

    def _lock_file(self) -> None:
        """On SQLite one process handles and sends; a second `run` on the same file would send what the first is sending."""
        if not self.settings.address.is_sqlite:
            return
        path = self.settings.address.path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        self._stack.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Another Waybill runs on {path}. Stop it first, or set another DATABASE_URL.") from error

    async def _migrate(self) -> None:
        if self.role == "run":
            if applied := await self.database.migrate():
                log.info("migrations_applied", migrations=applied)
        elif pending := await self.database.pending_migrations():
            raise CannotStart(f"The database needs `python -m bot migrate` first ({', '.join(pending)}).")

    def _prepare_sandbox(self) -> None:
        if self.settings.whatsapp is not None:
            return
        from bot.sandbox import demo
        from bot.sandbox.credentials import Credentials
        from bot.sandbox.server import Sandbox

        credentials = Credentials.load(self.files / "sandbox.json")
        self.clock.offset = max(self.clock.offset, credentials.offset)
        self.sandbox = Sandbox(
            credentials=credentials, clock=self.clock, people=demo.PEOPLE,
            products=demo.products(self.settings.public_url, self.settings.store.currency), webhook=None,
            ledger=self.files / "sandbox.jsonl", public_url=self.settings.public_url,
        )  # fmt: skip
        self._stack.push_async_callback(self.sandbox.stop)

    def _credentials(self) -> WhatsApp:
        if self.settings.whatsapp is not None:
            return self.settings.whatsapp
        assert self.sandbox is not None
        c = self.sandbox.credentials
        return WhatsApp(
            c.phone_number_id,
            c.business_account_id,
            c.access_token,
            c.app_secret,
            c.verify_token,
            catalog_id=c.catalog_id,
        )

    async def _open_store(self) -> Store:
        """The store, created at the first start; with its number, its staff, and a catalogue if it has none yet."""
        first = self.settings.store
        now = self.clock.now()
        async with self.database.transaction() as connection:
            await stores.hold(connection)
            store = await stores.find_first(connection)
            if store is None:
                store = Store(
                    id=self.ids.new(), name=first.name, country=first.country, currency=first.currency,
                    timezone=first.timezone, locale=first.locale, settings=dict(first.settings), salt=self.ids.salt(),
                )  # fmt: skip
                await stores.create(connection, store, now)
            else:
                _warn_of_difference(store, first)
            await stores.own_number(connection, store, self.whatsapp.phone_number_id, self.ids.new())
            await sending.start_again(connection, store.id, now, alone=self.settings.address.is_sqlite)
            work = Work(connection, store=store, now=now, ids=self.ids)
            for person in self._staff():
                await staff.appoint(work, wa_id=person[0], role=person[1], name=person[2])
            await work.flush()
            await self._fill_catalogue(connection, store)
        return replace(store, public_url=self.settings.public_url)

    def _load_holidays(self) -> None:
        """Before anybody waits for an answer: the library takes a second to load."""
        if self.role != "web" and (code := StoreSettings(self.store.settings).get("holidays")) is not None:
            days_off.days(code, [self.clock.now().year])

    def _staff(self) -> list[tuple[str, str, str | None]]:
        if self.settings.staff or self.sandbox is None:
            return [(person.wa_id, person.role, person.name) for person in self.settings.staff]
        from bot.sandbox import demo

        return [(number, role, name) for number, role, name in (e.split(":") for e in demo.STAFF_NUMBERS.split(","))]

    async def _fill_catalogue(self, connection: Connection, store: Store) -> None:
        if not await catalog.is_empty(connection, store.id) or (text := self._feed()) is None:
            return
        found = feed.read(text, currency=store.currency)
        for fault in found.faults:
            log.warning("feed_fault", line=fault.line, column=fault.column, fault=fault.message)
        count = await catalog.put(connection, store.id, found.products, ids=self.ids, now=self.clock.now())
        log.info("catalogue_filled", products=count, faults=len(found.faults))

    def _feed(self) -> str | None:
        if (file := self.settings.catalog_file) is not None:
            try:
                return file.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise CannotStart(
                    f"CATALOG_FILE cannot be read as UTF-8 text ({type(error).__name__}). Save it as CSV in UTF-8."
                ) from error
        if self.sandbox is None:
            return None
        from bot.sandbox import demo

        return demo.feed(self.settings.public_url, self.settings.store.currency)


def _warn_of_difference(store: Store, first: FirstStore) -> None:
    """The environment makes the store once; whoever changes it there later should know that nothing happens."""
    names = [
        name
        for name in ("name", "country", "currency", "timezone", "locale")
        if getattr(store, name) != getattr(first, name)
    ]
    if any(store.settings.get(name) != value for name, value in first.settings.items()):
        names.append("settings")
    if names:
        log.warning("store_differs_from_environment", names=names, hint="change it with `python -m bot store set`")


async def run(settings: Settings, *, role: str, on_ready: Callable[[App], None]) -> int:
    """Run until SIGTERM or SIGINT; the exit status. A loop that dies ends the process: something outside starts it again."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.unheard)
    app = App(settings, role=role)
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, done.set)
    await app.start()
    interpreter.settle()
    try:
        on_ready(app)
        while not done.is_set():
            if dead := app.dead_loops():
                log.critical("loop_died", loops=dead)
                return 1
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_S):
                    await done.wait()
    finally:
        log.info("app_stopping")
        await app.stop()
    return 0
