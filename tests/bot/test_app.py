"""What a start makes of the environment: the store once, its staff every time, its catalogue when there is none."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.app import App, CannotStart
from flows import days_off
from models import inbox, staff, stores
from models.inbox import Arrival
from models.statements import BYTES, INT, TEXT, Kind, statement
from models.work import Work
from tests import payloads
from tests.world import START, StillClock, environment

FEED = "id,title,price\nTEA-1,Assam,499.50 INR\nTEA-2,Darjeeling,free\n"
META = {
    "WHATSAPP_PHONE_NUMBER_ID": payloads.NUMBER,
    "WHATSAPP_BUSINESS_ACCOUNT_ID": payloads.ACCOUNT,
    "WHATSAPP_ACCESS_TOKEN": "a-token",
    "WHATSAPP_APP_SECRET": "5f4dcc3b5aa765d61d8327deb882cf99",
    "WHATSAPP_VERIFY_TOKEN": "verify",
    "WHATSAPP_API_URL": "http://127.0.0.1:1/graph",
}


@asynccontextmanager
async def started(url: str, files: Path, **more: str) -> AsyncIterator[App]:
    app = App(settings.load(environment(url, **more)), clock=StillClock(), files=files)
    await app.start(loops=False)
    try:
        yield app
    finally:
        await app.stop()


async def rows(app: App, sql: str, **columns: Kind) -> list[tuple[Any, ...]]:
    async with app.database.transaction() as connection:
        [found] = await connection.fetch(statement(sql, {}, columns)())
    return [tuple(row.values()) for row in found]


async def people(app: App) -> list[tuple[Any, ...]]:
    return await rows(app, "SELECT name, role FROM staff ORDER BY name", name=TEXT, role=TEXT)


def events(logged: StringIO, name: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in logged.getvalue().splitlines()]
    return [event for event in told if event["event"] == name]


async def test_the_environment_makes_the_store_once_and_a_difference_is_said(
    ready_url: str, tmp_path: Path, logged: StringIO
) -> None:
    first = {"STORE_NAME": "Chai", "STORE_LOCALE": "hi", "STORE_SETTINGS": "undo_window=9s"}
    async with started(ready_url, tmp_path, **first) as app:
        made = app.store
    assert (made.name, made.country, made.locale, made.settings) == ("Chai", "IN", "hi", {"undo_window": "9s"})
    async with started(ready_url, tmp_path, **first) as app:
        assert app.store == made
    assert events(logged, "store_differs_from_environment") == []
    changed = {"STORE_NAME": "Kaapi", "STORE_CURRENCY": "USD", "STORE_SETTINGS": "undo_window=8s"}
    async with started(ready_url, tmp_path, **changed) as app:
        assert app.store == made
        assert await rows(app, "SELECT COUNT(*) FROM store", count=INT) == [(1,)]
    [told] = events(logged, "store_differs_from_environment")
    assert told["names"] == ["name", "currency", "locale", "settings"]


async def test_a_vocabulary_that_has_become_unreadable_is_said_and_the_bot_starts_all_the_same(
    ready_url: str, tmp_path: Path, logged: StringIO
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("[status]\nplaced = true\ncanceled = true\n")
    async with started(ready_url, tmp_path, STORE_SETTINGS=f"vocabulary={file}"):
        pass
    assert events(logged, "vocabulary_unusable") == []
    file.unlink()
    async with started(ready_url, tmp_path):
        pass
    [told] = events(logged, "vocabulary_unusable")
    assert told["faults"] == [f"{file} cannot be read: No such file or directory"]


async def test_staff_numbers_add_and_set_roles_at_every_start_and_take_nobody_away(
    ready_url: str, tmp_path: Path
) -> None:
    async with started(ready_url, tmp_path, STAFF_NUMBERS="910000001:owner:Priya,910000002:agent") as app:
        assert await people(app) == [("910000002", "agent"), ("Priya", "owner")]
    async with started(ready_url, tmp_path, STAFF_NUMBERS="910000002:manager:Ravi, 910000003:viewer:Meena") as app:
        assert await people(app) == [("Meena", "viewer"), ("Priya", "owner"), ("Ravi", "manager")]
        async with app.database.transaction() as connection:
            work = Work(connection, store=app.store, now=START, ids=app.ids)
            [known] = await connection.fetch(staff.LIST(store_id=app.store.id))
            staff.loaded(work, known)
            gone = await staff.dismiss(work, wa_id="910000003")
            nobody = await staff.dismiss(work, wa_id="910000004")
            await work.flush()
        assert gone is not None
        assert (gone.name, nobody) == ("Meena", None)
        assert await people(app) == [("Priya", "owner"), ("Ravi", "manager")]


async def test_the_catalogue_is_read_only_while_there_is_none(ready_url: str, tmp_path: Path, logged: StringIO) -> None:
    (tmp_path / "empty.csv").write_text("id,title,price\n")
    (tmp_path / "feed.csv").write_text(FEED)
    (tmp_path / "other.csv").write_text("id,title,price\nTEA-9,Late,1 INR\n")
    found = []
    for name in ("empty.csv", "feed.csv", "other.csv"):
        async with started(ready_url, tmp_path, CATALOG_FILE=str(tmp_path / name)) as app:
            found.append(await rows(app, "SELECT retailer_id, price FROM product", retailer_id=TEXT, price=INT))
    assert found == [[], [("TEA-1", 49950)], [("TEA-1", 49950)]]
    assert [(event["products"], event["faults"]) for event in events(logged, "catalogue_filled")] == [(0, 0), (1, 1)]
    assert [(event["line"], event["column"]) for event in events(logged, "feed_fault")] == [(3, "price")]


async def test_other_credentials_move_the_store_s_number(ready_url: str, tmp_path: Path) -> None:
    numbers = []
    for number in (payloads.NUMBER, payloads.NUMBER, "700000000000009"):
        async with started(ready_url, tmp_path, **(META | {"WHATSAPP_PHONE_NUMBER_ID": number})) as app:
            numbers += await rows(app, "SELECT phone_number_id, store_id FROM number", number=TEXT, store_id=INT)
            store = app.store.id
    assert numbers == [(payloads.NUMBER, store), (payloads.NUMBER, store), ("700000000000009", store)]


async def test_templates_that_cannot_be_asked_for_are_asked_for_again_later(
    sqlite_url: str, tmp_path: Path, logged: StringIO
) -> None:
    async with started(sqlite_url, tmp_path, **META) as app:
        assert await app.jobs.look_at_templates() is False
        [told] = events(logged, "templates_not_listed")
        assert (told["code"], told["http_status"]) == (None, 0)
        assert await rows(app, "SELECT COUNT(*) FROM template", count=INT) == [(0,)]


async def test_what_retention_says_is_forgotten_and_what_waits_is_kept(ready_url: str, tmp_path: Path) -> None:
    async with started(ready_url, tmp_path, STORE_SETTINGS="retention=2d") as app:
        arrivals = [Arrival(f"m:{n}", "message", "c:1", b"words") for n in range(1_002)]
        old = START.replace(year=2025)
        values = inbox.rows(arrivals, store_id=app.store.id, salt=b"salt", now=old)
        await app.database.write([(inbox.ACCEPT, values)])
        settle = "UPDATE inbox SET state = 'done', settled_at = received_at WHERE id > (SELECT MIN(id) FROM inbox)"
        async with app.database.transaction() as connection:
            await connection.run(statement(settle)())
        assert [await app.jobs.forget() for _ in range(4)] == [True, True, True, False]
        kept = await rows(
            app, "SELECT state, payload FROM inbox WHERE LENGTH(payload) > 0 ORDER BY id", state=TEXT, payload=BYTES
        )
        assert kept == [("new", b"words")]


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.postgres
async def test_each_role_has_its_own_loops(postgres_url: str, tmp_path: Path, role: str) -> None:
    """`web` only takes in, `worker` only handles and sends; which of their tasks ended is told by name."""
    app = App(settings.load(environment(postgres_url, **META)), role="run", files=tmp_path)
    await app.start(loops=False)
    await app.stop()
    app = App(settings.load(environment(postgres_url, **META)), role=role, files=tmp_path)
    await app.start()
    running = {
        "intake": app.intake.is_running,
        "dispatcher": app.dispatcher.is_running,
        "sender": app.sender.is_running,
        "caller": app.caller.is_running,
    }
    handles = role == "worker"
    assert running == {"intake": not handles, "dispatcher": handles, "sender": handles, "caller": handles}
    assert app.dead_loops() == []
    await app.stop()
    assert app.dead_loops() == [*(name for name, ran in running.items() if ran), "notices"]


async def test_a_feed_that_cannot_be_read_stops_the_start(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_bytes(b"\xff\xfe")
    app = App(settings.load(environment(sqlite_url, CATALOG_FILE=str(tmp_path / "feed.csv"))), files=tmp_path)
    with pytest.raises(CannotStart, match=r"^CATALOG_FILE cannot be read as UTF-8 text"):
        await app.start()
    async with started(sqlite_url, tmp_path) as again, again.database.transaction() as connection:
        assert await stores.find_first(connection) == again.store


@pytest.mark.parametrize(("holidays", "known"), [("IN-MH", 1), ("none", 0)])
async def test_a_shop_that_keeps_holidays_knows_them_before_it_serves(
    ready_url: str, tmp_path: Path, *, holidays: str, known: int
) -> None:
    days_off._of_year.cache_clear()
    async with started(ready_url, tmp_path, STORE_SETTINGS=f"holidays={holidays}"):
        assert days_off._of_year.cache_info().currsize == known


async def test_the_store_knows_under_which_address_customers_reach_this_program(ready_url: str, tmp_path: Path) -> None:
    for address in ("https://one.example", "https://two.example/bot"):
        async with started(ready_url, tmp_path, PUBLIC_URL=address) as app:
            assert app.store.public_url == address
