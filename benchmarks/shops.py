"""The programs that answer carts and send, each a process of its own: `python -m benchmarks.shops KIND PORT ADDRESS
GRAPH CATALOGUE`.

`bot` is ours, whole; `worker` another one of it on the same Postgres. `pywa` does the same work for each cart as somebody
would write it with pywa and Tortoise. `sends` and `pywa_sends` only send, when they are asked to.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web
from tortoise import Model, Tortoise, fields
from tortoise.expressions import F
from tortoise.transactions import in_transaction

from benchmarks import SECRET
from benchmarks.servers import environment

PRODUCTS = 50
PRICE = 49_950
CONNECTIONS = 16
Send = Callable[[int], Awaitable[None]]
Stop = Callable[[], Awaitable[None]]


class Event(Model):
    id = fields.IntField(primary_key=True)
    wamid = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=40)


class Customer(Model):
    id = fields.IntField(primary_key=True)
    wa_id = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=100)


class Product(Model):
    id = fields.IntField(primary_key=True)
    sku = fields.CharField(max_length=100, unique=True)
    price = fields.IntField()
    reserved = fields.IntField(default=0)


class Order(Model):
    id = fields.IntField(primary_key=True)
    customer: Any = fields.ForeignKeyField("models.Customer")
    wamid = fields.CharField(max_length=200, unique=True)
    status = fields.CharField(max_length=20)
    total = fields.IntField()
    placed_at = fields.DatetimeField(auto_now_add=True)


class Item(Model):
    id = fields.IntField(primary_key=True)
    order: Any = fields.ForeignKeyField("models.Order")
    product: Any = fields.ForeignKeyField("models.Product")
    quantity = fields.IntField()
    price = fields.IntField()


class Change(Model):
    id = fields.IntField(primary_key=True)
    order: Any = fields.ForeignKeyField("models.Order")
    status = fields.CharField(max_length=20)
    at = fields.DatetimeField(auto_now_add=True)


def feed(folder: str) -> str:
    """The path of a catalogue of which nothing runs out."""
    lines = ["id,title,description,availability,price,sale_price,image_link,link,brand,quantity_to_sell_on_facebook"]
    lines += [
        f"SKU-{n},Thing number {n},A thing.,in stock,{PRICE / 100:.2f} INR,,https://shop.example/{n}.png,"
        f"https://shop.example/{n},Brand,10000000"
        for n in range(PRODUCTS)
    ]
    path = Path(folder, "feed.csv")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def settings(port: int, address: str, graph: str, catalogue: str) -> dict[str, str]:
    return environment(port, address) | {
        "WHATSAPP_API_URL": f"http://127.0.0.1:{graph}",
        "CATALOG_FILE": catalogue,
        "WORKER_PORT": str(port),
    }


async def bot(port: int, address: str, graph: str, catalogue: str, role: str = "run") -> Stop:
    """Ours, as `python -m bot run` starts it."""
    from bot import interpreter, logs
    from bot.app import App
    from bot.settings import load

    logs.configure(level="error", style=None)
    app = App(load(settings(port, address, graph, catalogue)), role=role)
    await app.start()
    interpreter.settle()
    return app.stop


async def worker(port: int, address: str, graph: str, catalogue: str) -> Stop:
    return await bot(port, address, graph, catalogue, role="worker")


def _client(graph: str) -> Any:
    client = import_module("pywa_async").WhatsApp(
        phone_id="100200300400500", token="bench-token", app_secret=SECRET, verify_token="bench", server=None,
        skip_duplicate_updates=True,
    )  # fmt: skip
    client.api._session.base_url = f"http://127.0.0.1:{graph}"  # noqa: SLF001 - it has no setting for another address
    return client


async def _open(address: str) -> None:
    """Tortoise's own SQLite with the same durability as ours."""
    await Tortoise.init(
        db_url=f"{address}?journal_mode=WAL&synchronous=FULL&journal_size_limit=67108864",
        modules={"models": [__name__]},
    )
    await Tortoise.generate_schemas()


async def pywa_inserts(port: int, address: str, graph: str, _catalogue: str) -> Stop:
    """One insert for each message or status, by a handler of pywa's. An answer follows it, as uvicorn reads no further before."""
    await _open(address)
    client = _client(graph)

    async def keep(_client: Any, update: Any) -> None:
        await Event.create(wamid=update.id, kind=type(update).__name__)

    client.on_message()(keep)
    client.on_message_status()(keep)

    async def receive(request: web.Request) -> web.Response:
        raw = await request.read()
        if refused := await client.webhook_update_validator(raw, request.headers.get("X-Hub-Signature-256")):
            return web.Response(text=refused[0], status=refused[1])
        await client.webhook_update_handler(raw)
        return web.Response()

    stop = await _listen(port, [web.post("/webhook", receive)])

    async def end() -> None:
        await stop()
        await Tortoise.close_connections()

    return end


async def pywa(port: int, address: str, graph: str, _catalogue: str) -> Stop:
    """Signature, duplicates, parsing, handlers and replies are pywa's. Answered first, handled afterwards, as its own server does.

    pywa's server is starlette on uvicorn; here aiohttp, which is no slower, hands its webhook methods the same bytes.
    """
    await _open(address)
    await Product.bulk_create([Product(sku=f"SKU-{n}", price=PRICE) for n in range(PRODUCTS)])
    client = _client(graph)
    running: set[asyncio.Task[Any]] = set()

    async def on_order(_client: Any, message: Any) -> None:
        async with in_transaction():
            customer, _new = await Customer.get_or_create(
                wa_id=message.from_user.wa_id, defaults={"name": message.from_user.name}
            )
            wanted = {line.sku: line.quantity for line in message.order.products}
            products = await Product.filter(sku__in=list(wanted))
            total = sum(product.price * wanted[product.sku] for product in products)
            order = await Order.create(customer=customer, wamid=message.id, status="placed", total=total)
            await Item.bulk_create(
                [Item(order=order, product=p, quantity=wanted[p.sku], price=p.price) for p in products]
            )
            for product in products:
                await Product.filter(id=product.id).update(reserved=F("reserved") + wanted[product.sku])
            await Change.create(order=order, status="placed")
        await message.reply_text(f"Thank you! This is your order #{order.id}. Total: ₹{total / 100:.2f}")

    client.on_message(import_module("pywa_async").filters.order)(on_order)

    async def receive(request: web.Request) -> web.Response:
        raw = await request.read()
        if refused := await client.webhook_update_validator(raw, request.headers.get("X-Hub-Signature-256")):
            return web.Response(text=refused[0], status=refused[1])
        task = asyncio.create_task(client.webhook_update_handler(raw))
        running.add(task)
        task.add_done_callback(running.discard)
        return web.Response(text="ok")

    stop = await _listen(port, [web.post("/webhook", receive)])

    async def end() -> None:
        await stop()
        await Tortoise.close_connections()

    return end


async def sends(port: int, address: str, graph: str, catalogue: str) -> Stop:
    """Our sender alone: every attempt on disk before its first byte, what came of it on disk too."""
    from bot import interpreter, logs
    from bot import sender as senders
    from bot.app import App
    from bot.settings import load
    from flows.messages import Text
    from models import contacts, outbox
    from models.work import Work

    logs.configure(level="error", style=None)
    senders.IN_FLIGHT = CONNECTIONS
    app = App(load(settings(port, address, graph, catalogue) | {"PORT": "0"}))
    await app.start(loops=False)
    interpreter.settle()
    people: list[int] = []

    def work(connection: Any) -> Work:
        return Work(connection, store=app.store, now=app.clock.now(), ids=app.ids)

    async def prepare(count: int) -> None:
        async with app.database.transaction() as connection:
            unit = work(connection)
            while len(people) < count:
                person = contacts.create(unit, wa_id=f"9198{len(people):08d}", bsuid=None)
                people.append(contacts.heard_from(unit, person, unit.now).id)
            for person_id in people[:count]:
                outbox.say(unit, person_id, Text("Your order is confirmed."), cause=None)
            await unit.flush()

    async def send(_count: int) -> None:
        app.sender.is_dry = False
        app.sender.wake()
        while not (app.sender.is_dry and app.sender.is_idle):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.002)

    app.sender.start()
    await _listen(port, _timed(prepare, send))

    async def end() -> None:
        await app.sender.stop()
        await app.stop()

    return end


async def pywa_sends(port: int, _address: str, graph: str, _catalogue: str) -> Stop:
    """pywa's client alone: nothing is written anywhere."""
    client = _client(graph)

    async def prepare(_count: int) -> None:
        pass

    async def send(count: int) -> None:
        numbers = iter(range(count))

        async def one_by_one() -> None:
            for n in numbers:
                await client.send_message(to=f"9198{n:08d}", text="Your order is confirmed.")

        await asyncio.gather(*(one_by_one() for _ in range(CONNECTIONS)))

    return await _listen(port, _timed(prepare, send))


def _timed(prepare: Send, send: Send) -> list[web.RouteDef]:
    """`GET /send?count=N` answers in how many seconds so many were sent."""

    async def handle(request: web.Request) -> web.Response:
        count = int(request.query["count"])
        await prepare(count)
        began = time.perf_counter()
        await send(count)
        return web.json_response(time.perf_counter() - began)

    return [web.get("/send", handle)]


async def _listen(port: int, routes: list[web.RouteDef]) -> Stop:
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner.cleanup


KINDS: dict[str, Callable[..., Awaitable[Stop]]] = {
    "bot": bot, "worker": worker, "pywa": pywa, "sends": sends, "pywa_sends": pywa_sends,
    "pywa_inserts": pywa_inserts,
}  # fmt: skip


async def serve(kind: str, port: int, *more: str) -> None:
    stop = await KINDS[kind](port, *more)
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    await done.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(timedelta(seconds=8).total_seconds()):
            await stop()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
