"""The order path, crashed at every fault point and started again: what is then on disk is what an undisturbed run leaves.

A crash is a program that from one hit of a fault point on does no I/O any more. Meta, the files and the clock outlive it.
"""

import asyncio
import itertools
import os
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot import settings
from bot.app import App
from bot.faults import POINTS, FaultPoints
from bot.tasks import spawn, stop
from models import invariants
from tests import budget
from tests.crowd import address
from tests.journeys.script import Line
from tests.postgres import Cluster
from tests.world import Stage, StillClock, environment, stage

Rows = list[tuple[Any, ...]]
Act = Callable[[Stage], Awaitable[None]]

PATIENCE = timedelta(seconds=110)
"""Longer than an attempt whose worker is gone waits for its status, the lease included."""
ROUNDS = 6
_numbers = itertools.count(1)

PATH: tuple[Act, ...] = (
    lambda world: world.cart("Asha", [Line(2, "CHAI-250"), Line(1, "KULHAD-3")], "ring twice"),
    lambda world: world.do("Asha", "fills in", "Asha Rao, 12 Lake Road, Pune, 411001"),
    lambda world: world.say("Ravi", "pack 1001"),
    lambda world: world.say("Ravi", "ship 1001"),
    lambda world: world.say("Ravi", "TRK123456 BlueDart"),
    lambda world: world.say("Priya", "out 1001"),
    lambda world: world.say("Priya", "deliver 1001"),
    lambda world: world.cart("Meera", [Line(2, "KULHAD-3")], ""),
    lambda world: world.say("Meera", "Meera Nair, 4 Temple Street, Kochi 682001"),
    lambda world: world.tap("Meera", "Yes"),
    lambda world: world.say("Meera", "cancel my order"),
    lambda world: world.tap("Meera", "Yes, cancel it"),
    lambda world: world.cart("Rahul", [Line(1, "CHAI-250")], ""),
    lambda world: world.later(timedelta(hours=12, minutes=30)),
    lambda world: world.later(timedelta(hours=12, minutes=30)),
)
"""One order is delivered, one canceled; of the third nobody says where it goes: timers ring, and the last words are a template."""


class Crash(BaseException):
    """The program is gone."""


class Deadly(FaultPoints):
    """Counts hits, from `arm` on; at hit `at` of the point `name` the program ends, and no later hit lets any I/O pass."""

    def __init__(self, name: str = "", at: int = 0) -> None:
        super().__init__(record=self._strike)
        self._deadly = name, at
        self._is_armed = False
        self.struck = asyncio.Event()

    def arm(self) -> None:
        if not self._is_armed:
            self.hits.clear()
            self._is_armed = True

    def _strike(self, name: str) -> None:
        if self._is_armed and (name, self.hits[name]) == self._deadly:
            self.struck.set()
        if self.struck.is_set():
            raise Crash


@dataclass(frozen=True, slots=True)
class Shop:
    """Where programs find a shop."""

    url: str
    files: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is on disk in the end; `crashes` of the programs ended early."""

    left: dict[str, Rows]
    crashes: int


async def walk(shop: Shop, deaths: Sequence[Deadly], *, from_start: bool = False) -> Outcome:
    """The whole path by as many programs as it takes: the next one takes up what the one before did not survive.

    `from_start`: a program may die before it is ready, too.
    """
    done = crashes = 0
    coming = [*deaths, Deadly()]
    while True:
        faults = coming.pop(0)
        if from_start or crashes:
            faults.arm()
        try:
            async with _program(shop.url, shop.files, faults) as world:
                await _while_alive(_come_to_rest(world), faults)
                faults.arm()
                while done < len(PATH):
                    await PATH[done](world)
                    done += 1
                    await _while_alive(_come_to_rest(world), faults)
                await _judge(world)
                return Outcome(await _left(world), crashes)
        except Crash:
            crashes += 1


class _Rides:
    """Has every other request come with a transaction of the dispatcher, as while its loop runs."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._turns = itertools.cycle((True, False))
        self._passes: list[asyncio.Task[bool]] = []

    def summon(self) -> bool:
        comes = next(self._turns)
        if comes:
            self._passes.append(spawn(self._app.dispatcher.run_once(), name="ride"))
        return comes

    async def stop(self) -> None:
        for each in self._passes:
            await stop(each)


@asynccontextmanager
async def _program(url: str, files: Path, faults: Deadly) -> AsyncIterator[Stage]:
    """The bot on files that may have been used; after its death nothing of it is left but what is on disk."""
    app = App(settings.load(environment(url)), clock=StillClock(), files=files)
    app.faults = faults
    rides = _Rides(app)
    try:
        await app.start(loops=False)
        if app.database.address.is_sqlite:
            app.intake._summon = rides.summon
        await _while_alive(app.jobs.look_at_templates(), faults)
        yield Stage(app)
    finally:
        await rides.stop()
        with suppress(Crash):
            await app.stop()


async def _while_alive(work: Coroutine[Any, Any, Any], faults: Deadly) -> None:
    """`work`, as long as the program lives: whichever of its tasks dies, all of them do."""
    working, dying = spawn(work, name="working"), spawn(faults.struck.wait(), name="dying")
    await asyncio.wait([working, dying], return_when=asyncio.FIRST_COMPLETED)
    await stop(working)
    await stop(dying)
    if faults.struck.is_set():
        raise Crash
    working.result()


async def _come_to_rest(world: Stage) -> None:
    """Everything is done that there is to do, after as long a wait as it takes."""
    for _ in range(ROUNDS):
        await world.settle()
        if await _is_at_rest(world):
            return
        await world.later(PATIENCE)
    raise AssertionError("something is never done")


async def _is_at_rest(world: Stage) -> bool:
    open_rows = await world.rows(
        "SELECT id FROM outbox WHERE state IN ('sending', 'unknown') OR (state = 'queued' AND held IS NULL)"
        " UNION ALL SELECT id FROM inbox WHERE state = 'new'"
    )
    return not (open_rows or world.sandbox.delivery._pending)


async def _judge(world: Stage) -> None:
    """By the invariants of the design; and nothing was sent twice, since every status arrived."""
    ledger = world.sandbox.ledger
    async with world.app.database.transaction() as connection:
        stored = await invariants.read(connection)
        broken = await invariants.violations(connection, now=world.app.clock.now(), settled=True)
    assert broken + invariants.judge(stored, ledger.entries, settled=True) == []
    assert set(Counter(line["token"] for line in ledger.accepted()).values()) == {1}


_WHO = "(SELECT COALESCE(s.name, c.name) FROM contact c LEFT JOIN staff s ON s.contact_id = c.id WHERE c.id = {}.contact_id)"
_NUMBER = "(SELECT number FROM orders WHERE id = {}.order_id)"
_LEFT = {
    "orders": f"SELECT number, {_WHO}, kind, status, checkout_step, payment_method, delivery_method, currency, subtotal,"
    " discount, tax, shipping, total, held_from, address, address_source, customer_note, tracking, carrier, needs_review,"
    " version FROM orders t ORDER BY number",
    "order_line": f"SELECT {_NUMBER}, position, retailer_id, title, brand, image_link, quantity, unit_price, total"
    " FROM order_line t ORDER BY 1, position",
    "order_history": f"SELECT {_NUMBER}, version, action, t.by, {_WHO}, status_before, status_after, note, tracking,"
    " (SELECT kind FROM inbox WHERE id = t.event_id) FROM order_history t ORDER BY 1, version",
    "product": "SELECT retailer_id, on_hand, reserved FROM product ORDER BY retailer_id",
    "question": f"SELECT {_WHO}, side, kind, {_NUMBER}, data FROM question t ORDER BY 1, side",
    "timer": "SELECT o.number, t.kind, t.state FROM timer t JOIN orders o ON CAST(o.id AS VARCHAR(40)) = t.subject"
    " ORDER BY o.number, t.kind, t.due_at",
    "outbox": f"SELECT {_WHO}, purpose, state, held, closed, {_NUMBER}, message, fallback,"
    " (SELECT kind FROM inbox WHERE id = t.cause_id) FROM outbox t ORDER BY 1, id",
    "audit": f"SELECT {_WHO}, role, action, outcome FROM audit t ORDER BY id",
    "inbox": "SELECT kind, state, reason, COUNT(*) FROM inbox GROUP BY kind, state, reason ORDER BY kind, state, reason",
    "contact": "SELECT name, language, address FROM contact ORDER BY name, created_at",
    "template": "SELECT name, language, status FROM template ORDER BY name, language",
    "store": "SELECT name, last_number, settings FROM store",
}
"""The rows of every table but for surrogate ids, tokens and moments; JSON as what it says."""


async def _left(world: Stage) -> dict[str, Rows]:
    return {
        table: [tuple(map(_said, row.values())) for row in await world.rows(_named(sql))]
        for table, sql in _LEFT.items()
    }


def _named(sql: str) -> str:
    return sql.replace("{}", "t")


def _said(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) and value.startswith("{") else value


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A shop that has been opened once, the rows that the path leaves, and how often each fault point was passed.

    `cluster` holds its database, `template`, unless that is one of its files.
    """

    cluster: Cluster | None
    template: str
    files: Path
    left: dict[str, Rows]
    opening: Counter[str]
    hits: Counter[str]

    def at(self, point: str, when: str) -> int:
        return {"first": 1, "second": 2, "last": self.hits[point]}[when]


async def undisturbed_run(folder: Path, cluster: Cluster | None) -> Undisturbed:
    files, template, opening, faults = folder / "opened", f"waybill_opened_{os.getpid()}", FaultPoints(), Deadly()
    files.mkdir()
    async with stage(await cluster.create(template) if cluster else address(files), files, faults=opening):
        pass
    async with copied(cluster, template, files, folder / "golden") as shop:
        outcome = await walk(shop, [faults])
    return Undisturbed(cluster, template, files, outcome.left, opening.hits, faults.hits)


@asynccontextmanager
async def copied(cluster: Cluster | None, template: str, files: Path, to: Path) -> AsyncIterator[Shop]:
    shutil.copytree(files, to)
    if cluster is None:
        yield Shop(address(to), to)
        return
    name = f"waybill_crash_{os.getpid()}_{next(_numbers)}"
    yield Shop(await cluster.create(name, template or None), to)
    await cluster.drop(name)


@pytest.fixture(scope="module")
def runs() -> dict[str, Undisturbed]:
    """One for each kind of database, made when it is first asked for."""
    return {}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def undisturbed(
    request: pytest.FixtureRequest, runs: dict[str, Undisturbed], tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    if request.param not in runs:
        cluster = request.getfixturevalue("cluster") if request.param == "postgres" else None
        runs[request.param] = await undisturbed_run(tmp_path_factory.mktemp(request.param), cluster)
    return runs[request.param]


@pytest.fixture
async def shop(undisturbed: Undisturbed, tmp_path: Path) -> AsyncIterator[Shop]:
    async with copied(undisturbed.cluster, undisturbed.template, undisturbed.files, tmp_path / "shop") as made:
        yield made


@pytest.fixture
async def nothing(undisturbed: Undisturbed, tmp_path: Path) -> AsyncIterator[Shop]:
    """Where a shop may be opened."""
    (tmp_path / "empty").mkdir()
    async with copied(undisturbed.cluster, "", tmp_path / "empty", tmp_path / "shop") as made:
        yield made


def differences(outcome: Outcome, undisturbed: Undisturbed) -> list[str]:
    """Row by row, with the table before it."""
    return [
        f"{sign} {table} {row}"
        for table, expected in undisturbed.left.items()
        if (rows := outcome.left[table]) != expected
        for sign, these, others in (("-", expected, rows), ("+", rows, expected))
        for row in these
        if row not in others or sorted(map(str, rows)) == sorted(map(str, expected))
    ]


async def test_the_path_leaves_three_orders_and_passes_every_point(undisturbed: Undisturbed) -> None:
    assert [(row[0], row[1], row[3]) for row in undisturbed.left["orders"]] == [
        (1001, "Asha Rao", "delivered"),
        (1002, "Meera", "canceled"),
        (1003, "Rahul Mehta", "abandoned"),
    ]
    assert [row[1:4:2] for row in undisturbed.left["order_history"]] == [
        (1, "customer"), (2, "customer"), (3, "system"), (4, "staff"), (5, "staff"), (6, "staff"), (7, "staff"),
        (1, "customer"), (2, "customer"), (3, "system"), (4, "customer"),
        (1, "customer"), (2, "timer"),
    ]  # fmt: skip
    assert [row for row in undisturbed.left["product"] if row[0] in ("CHAI-250", "KULHAD-3")] == [
        ("CHAI-250", 58, 0),
        ("KULHAD-3", 2, 0),
    ]
    assert {point: hits for point, hits in undisturbed.hits.items() if hits < len(PATH)} == {}
    assert set(undisturbed.hits) == set(POINTS)


@pytest.mark.postgres
async def test_both_databases_are_left_alike(
    runs: dict[str, Undisturbed], tmp_path_factory: pytest.TempPathFactory, cluster: Cluster
) -> None:
    for kind, server in (("sqlite", None), ("postgres", cluster)):
        if kind not in runs:
            runs[kind] = await undisturbed_run(tmp_path_factory.mktemp(kind), server)
    assert runs["postgres"].left == runs["sqlite"].left


@pytest.mark.parametrize("when", ["first", "second", "last"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_on_the_path_leaves_what_an_undisturbed_run_leaves(
    undisturbed: Undisturbed, tmp_path: Path, point: str, when: str
) -> None:
    at = undisturbed.at(point, when)
    for folder in ("one", "two", "three"):
        async with copied(undisturbed.cluster, undisturbed.template, undisturbed.files, tmp_path / folder) as shop:
            outcome = await walk(shop, [deadly := Deadly(point, at)])
        assert differences(outcome, undisturbed) == []
        if outcome.crashes == 1:
            return
        at = deadly.hits[point]  # answers that come together share a transaction: this run had one fewer
    pytest.fail(f"{at} hits were never reached")


@pytest.mark.parametrize("when", ["first", "last"])
@pytest.mark.parametrize("point", ["database.begin", "database.commit", "database.committed"])
async def test_a_crash_while_the_shop_opens_for_the_first_time(
    undisturbed: Undisturbed, nothing: Shop, point: str, when: str
) -> None:
    at = {"first": 1, "last": undisturbed.opening[point]}[when]
    outcome = await walk(nothing, [Deadly(point, at)], from_start=True)
    assert differences(outcome, undisturbed) == []
    assert outcome.crashes == 1


@pytest.mark.parametrize("seed", range(budget.CRASHES))
async def test_a_crash_anywhere_and_another_while_it_is_mended(undisturbed: Undisturbed, shop: Shop, seed: int) -> None:
    """The second comes at one of the first hits of the program that takes up what the first one left."""
    dice = random.Random(seed)
    point = dice.choice(POINTS)
    deaths = [
        Deadly(point, dice.randint(1, undisturbed.hits[point] * 2 // 3)),
        Deadly(dice.choice(POINTS), dice.randint(1, 3)),
    ]
    outcome = await walk(shop, deaths)
    assert differences(outcome, undisturbed) == []
    assert outcome.crashes == len(deaths)
