"""A thousand messages in one body, one of which is poison: everybody else's are handled as if it were not there."""

import random
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.along import Afterwards, Nobody
from bot.dispatcher import Dispatcher
from flows import limits
from tests import budget, payloads
from tests.world import START, Stage, stage

SIZE, PEOPLE = 1000, 400
DICE = random.Random(SIZE)
PLACES = (0, SIZE // 2, SIZE - 1, *DICE.sample(range(1, SIZE - 1), budget.POISONS))
PRICELESS = "xx_YY"
"""No such locale: who adds up a cart raises, and nothing else does."""
POISON = "wamid.poison"
KNOWN = {f"wamid.{n}" for n in range(SIZE - 1)}
Left = dict[str, list[tuple[Any, ...]]]


def body(world: Stage, poison: object = None, at: int = 0) -> bytes:
    """Everybody writes two or three times, at random; `poison` is put in at its place."""
    dice, moment = random.Random(0), str(int(START.timestamp()))
    said: list[Any] = []
    for n in range(SIZE - 1):
        who = dice.randrange(PEOPLE)
        said.append({**payloads.text(f"hello {n}", wamid=f"wamid.{n}", sender=number(who)), "timestamp": moment})
    if poison is not None:
        said.insert(at, poison)
    change = payloads.messages(*said, number=world.sandbox.credentials.phone_number_id)
    return payloads.raw(change, entry=world.sandbox.credentials.business_account_id)


def number(who: int) -> str:
    return f"9170000{who:05}"


def cart(sender: str) -> payloads.Json:
    sold = payloads.line("CHAI-250", 1, 349)
    return {**payloads.cart(sold, wamid=POISON), "from": sender, "timestamp": str(int(START.timestamp()))}


POISONS: dict[str, tuple[object, str]] = {
    "half of it unreadable": ({**payloads.text(wamid=POISON, sender=number(7)), "text": 7, "timestamp": "?"}, "done"),
    "no object": (["a", {"b": None}], "ignored"),
    "nobody's": (payloads.text(wamid=POISON, sender=None), "ignored"),
    "its handler raises": (cart(number(7)), "dead"),
    "of somebody new, its handler raises": (cart(number(PEOPLE)), "dead"),
}
"""What it is, and what becomes of it."""


async def left(url: str, files: Path, poison: object = None, state: str = "", at: int = 0) -> Left:
    """What is in the inbox and in the outbox when nothing is left to do, without the poison, which ends as `state`."""
    async with stage(url, files) as world:
        hire(world)
        assert await world.sandbox.delivery.post_raw(body(world, poison, at)) == 200
        for wait in (timedelta(), *limits.ATTEMPT_DELAYS):
            await world.later(wait)
            while await world.app.dispatcher.run_once():
                pass
        of_poison = [row for row in await events(world) if row["name"] not in KNOWN]
        assert [row["state"] for row in of_poison] == ([] if poison is None else [state])
        return await read(world)


def hire(world: Stage) -> None:
    """A dispatcher that cannot add up; and on a busy machine the door is patient."""
    app = world.app
    app.intake._patience_s = 60
    app.dispatcher = Dispatcher(
        app.database, replace(world.store, locale=PRICELESS), clock=app.clock, ids=app.ids, metrics=app.metrics,
        catalog_id=None, tick=timedelta(seconds=5), incoming=Nobody(), outgoing=Afterwards(app.sender.wake), on_calls=lambda: None,
    )  # fmt: skip


async def events(world: Stage) -> list[dict[str, Any]]:
    rows = await world.rows("SELECT id, kind, state, reason, attempts, payload FROM inbox ORDER BY id")
    return [row | {"name": name(row.pop("payload"))} for row in rows]


async def read(world: Stage) -> Left:
    rows = await events(world)
    names = {row["id"]: row["name"] for row in rows}
    said = await world.rows(
        "SELECT o.cause_id, i.value AS who, o.message, o.state FROM outbox o"
        " JOIN identity i ON i.contact_id = o.contact_id AND i.kind = 'wa_id' WHERE o.purpose = 'reply'"
    )
    return {
        "inbox": sorted(
            (row["name"], row["kind"], row["state"], row["reason"], row["attempts"])
            for row in rows
            if row["name"] in KNOWN
        ),
        "outbox": sorted(
            (names[row["cause_id"]], row["who"], told(row["message"]), row["state"])
            for row in said
            if names[row["cause_id"]] in KNOWN
        ),
    }


def told(message: Any) -> str:
    return str(sorted((orjson.loads(message) if isinstance(message, str) else message).items()))


def name(payload: bytes) -> str:
    item = orjson.loads(payload).get("item")
    return str(item.get("id", "")) if isinstance(item, dict) else ""


@pytest.fixture(scope="module")
def kept() -> dict[str, Left]:
    return {}


@pytest.fixture
async def undisturbed(kept: dict[str, Left], migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What is left where there is no poison; found once."""
    if not kept:
        folder = tmp_path_factory.mktemp("undisturbed")
        kept["left"] = await left(f"sqlite://{shutil.copy(migrated_file, folder / 'waybill.sqlite3')}", folder)
        assert len(kept["left"]["outbox"]) == SIZE - 1
    return kept["left"]


@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize("poison", POISONS)
async def test_poison_in_a_body_harms_nobody_else(
    undisturbed: Left, sqlite_url: str, tmp_path: Path, poison: str, at: int
) -> None:
    assert await left(sqlite_url, tmp_path, *POISONS[poison], at) == undisturbed


@pytest.mark.postgres
@pytest.mark.parametrize("poison", POISONS)
async def test_poison_harms_nobody_on_postgres_either(
    undisturbed: Left, postgres_url: str, tmp_path: Path, poison: str
) -> None:
    assert await left(postgres_url, tmp_path, *POISONS[poison], SIZE // 3) == undisturbed


@pytest.mark.parametrize("at", PLACES)
async def test_what_the_database_will_not_take_is_refused_and_the_rest_is_not_lost(
    undisturbed: Left, sqlite_url: str, tmp_path: Path, at: int
) -> None:
    """Meta hears 503 and keeps the whole; what could be stored is handled all the same, once, however often it comes."""
    async with stage(sqlite_url, tmp_path) as world:
        hire(world)
        await world.run(
            "CREATE TRIGGER full BEFORE INSERT ON inbox WHEN NEW.ordering_key = 'c:nobody'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        raw = body(world, payloads.text(wamid=POISON, sender="nobody"), at)
        for _ in range(2):
            assert await world.sandbox.delivery.post_raw(raw) == 503
            while await world.app.dispatcher.run_once():
                pass
        assert await read(world) == undisturbed
        await world.run("DROP TRIGGER full")
        assert await world.sandbox.delivery.post_raw(raw) == 200
