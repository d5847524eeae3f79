"""A shop with a million orders beside one with few: timers that are due, and the next order."""

import asyncio
import itertools
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.customers import Cart, carts
from benchmarks.frame import Figure, interleaved, ratios
from benchmarks.load import NUMBER
from benchmarks.shops import feed, settings

TITLE = "Growth: 1,000,000 orders"
LARGE, SMALL = 1_000_000, 1_000
TIMERS, TICKS, CARTS, BATCH = 200, 5, 200, 20
OPEN = 20_000
"""The newest orders are still under way; what is older has ended."""
FIVE_ORDERS = 5
"""Orders that each customer has placed."""


async def measure(say: Callable[[str], None]) -> list[Figure]:
    """In this process, on the first core: nothing of it goes over a network."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {0})
    runs = itertools.count(5000)
    try:
        with tempfile.TemporaryDirectory() as folder:
            shops = {}
            for orders in (0, SMALL, LARGE):
                shops[orders] = await Shop.open(folder, orders)
                say(f"a shop with {orders:,} orders is open")
            due = await interleaved("due timers", {str(n): shops[n].ring for n in (SMALL, LARGE)}, say)

            def placing(orders: int) -> Callable[[], Awaitable[float]]:
                return lambda: shops[orders].place(carts(CARTS, next(runs)))

            placed = await interleaved("orders", {str(n): placing(n) for n in (0, LARGE)}, say)
            for shop in shops.values():
                await shop.close()
    finally:
        if cores is not None:
            os.sched_setaffinity(0, cores)
    few, many = due[str(SMALL)], due[str(LARGE)]
    empty, full = placed["0"], placed[str(LARGE)]
    median = statistics.median
    return [
        Figure(
            "due timers ÷ with 1,000 orders", ratios(many, few), 1.5, 1.1, at_most=True,
            beside=f"{median(many) * 1000:.1f} ms ÷ {median(few) * 1000:.1f} ms for {TIMERS} timers",
        ),
        Figure(
            "placing orders ÷ in an empty shop", ratios(full, empty), 0.45, 0.8,
            beside=f"{median(full):,.0f}/s ÷ {median(empty):,.0f}/s in batches of {BATCH}",
        ),
    ]  # fmt: skip


class Shop:
    """A bot on a file of its own, whose loops run when they are told to."""

    def __init__(self, app: Any, people: int) -> None:
        self._app, self._people = app, people
        self._turn = 0

    @classmethod
    async def open(cls, folder: str, orders: int) -> "Shop":
        from bot import logs
        from bot.app import App
        from bot.settings import load

        logs.configure(level="error", style=None)
        path = Path(folder, f"{orders}.sqlite3")
        given = settings(0, f"sqlite://{path}", "9", feed(folder))
        app = App(load(given))
        await app.start(loops=False)
        if orders:
            await app.stop()
            await asyncio.to_thread(_fill, path, orders)
            app = App(load(given))
            await app.start(loops=False)
        return cls(app, orders // FIVE_ORDERS)

    async def ring(self) -> float:
        """How long a tick takes with so many timers due: the median of a few, for one alone is over in milliseconds."""
        return statistics.median([await self._tick() for _ in range(TICKS)])

    async def _tick(self) -> float:
        from models import timers
        from models.work import Work

        self._turn += 1
        async with self._app.database.transaction() as connection:
            work = Work(connection, store=self._app.store, now=self._app.clock.now(), ids=self._app.ids)
            for n in range(TIMERS):
                due_at = work.now - timedelta(seconds=self._turn)
                timers.start(work, kind="bench", subject=f"b{n}", due_at=due_at)
            await work.flush()
        began = time.perf_counter()
        while await self._app.jobs.ring_timers():
            pass
        took = time.perf_counter() - began
        async with self._app.database.transaction() as connection:  # they are about nothing
            await connection.execute_query("UPDATE inbox SET state = 'done' WHERE state = 'new'")
        return took

    async def place(self, work: Sequence[Cart]) -> float:
        """Orders a second, from the inbox to the commit of the answer. Half of them are from people known for long."""
        from bot.whatsapp.parse import explode
        from models.inbox import Arrival

        took = 0.0
        for start in range(0, len(work), BATCH):
            for cart in work[start : start + BATCH]:
                body = cart.request.partition(b"\r\n\r\n")[2]
                if self._people and random.random() < 0.5:
                    body = body.replace(cart.person.encode(), b"9199%08d" % random.randrange(self._people))
                items = explode(body, phone_number_id=NUMBER)
                await self._app.intake.put([Arrival(i.source_id, i.kind, i.ordering_key, i.payload) for i in items])
            began = time.perf_counter()
            while await self._app.dispatcher.run_once() and not self._app.dispatcher.is_dry:
                pass
            took += time.perf_counter() - began
        return len(work) / took

    async def close(self) -> None:
        await self._app.stop()


def _fill(path: Path, orders: int) -> None:
    """Rows of every kind that an order leaves behind, written past the bot: it would take an hour."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    database.execute("BEGIN")
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    began = datetime.now(UTC) - timedelta(days=400)
    given = {
        "orders": orders, "ended": orders - min(OPEN, orders // 50), "people": orders // FIVE_ORDERS,
        "then": began.isoformat(" ", "microseconds"), "later": (began + timedelta(days=1)).isoformat(" ", "microseconds"),
    }  # fmt: skip
    for rows in _ROWS.split(";"):
        database.execute(f"WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each) {rows}", given)
    for _, sql in triggers:
        database.execute(sql)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with path.open("rb+") as file:
        os.fsync(file)  # or the disk would still be at it while the first rounds wait for theirs


_ROWS = """
INSERT INTO contact (id, store_id, name, last_inbound_at, created_at)
    SELECT n + 1, (SELECT id FROM store), 'Customer', :then, :then FROM (SELECT n FROM each LIMIT :people);
INSERT INTO identity (id, store_id, contact_id, kind, value, active, created_at)
    SELECT n + 1, (SELECT id FROM store), n + 1, 'wa_id', '9199' || printf('%08d', n), 1, :then
    FROM (SELECT n FROM each LIMIT :people);
INSERT INTO inbox (store_id, source, kind, ordering_key, payload, state, due_at, received_at, settled_at)
    SELECT (SELECT id FROM store), randomblob(16), 'message', 'c:9199' || printf('%08d', n % :people), zeroblob(500), 'done',
    :then, :then, :then FROM (SELECT n FROM each LIMIT :orders);
INSERT INTO orders (id, store_id, contact_id, number, kind, status, checkout_step, payment_method, delivery_method, currency,
    subtotal, discount, tax, shipping, total, placed_at, changed_at, customer_note, needs_review, version)
    SELECT n + 1, (SELECT id FROM store), abs(random()) % :people + 1, 100000 + n, 'product',
    CASE WHEN n < :ended THEN 'delivered' ELSE 'placed' END, 'complete', 'cod', 'courier', 'INR',
    299700, 0, 0, 0, 299700, :then, :then, '', 0, 1 FROM (SELECT n FROM each LIMIT :orders);
INSERT INTO order_line (order_id, position, retailer_id, title, brand, image_link, quantity, unit_price, total)
    SELECT n + 1, p.value, 'SKU-' || ((n + p.value) % 50), 'Thing', 'Brand', 'https://shop.example/0.png', 2, 49950, 99900
    FROM (SELECT n FROM each LIMIT :orders), json_each('[1, 2, 3]') p;
INSERT INTO order_history (order_id, version, event_id, action, "by", contact_id, status_after, note, at)
    SELECT n + 1, 1, n + 1, 'place', 'customer', 1, 'placed', '', :then FROM (SELECT n FROM each LIMIT :orders);
INSERT INTO outbox (store_id, contact_id, cause_id, order_id, purpose, arrival, message, state, token, due_at, wamid, created_at)
    SELECT (SELECT id FROM store), abs(random()) % :people + 1, n + 1, n + 1, 'reply', 'must_arrive',
    '{"kind":"text","body":"Thank you! This is your order."}', 'read', hex(randomblob(12)), :then,
    'wamid.' || hex(randomblob(20)), :then FROM (SELECT n FROM each LIMIT :orders);
INSERT INTO timer (store_id, kind, subject, due_at, state)
    SELECT (SELECT id FROM store), 'remind', n + 1, :later, 'rung' FROM (SELECT n FROM each LIMIT :orders);
UPDATE store SET last_number = 100000 + :orders"""
