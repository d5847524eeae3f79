"""Migrations by several processes at once, under traffic, behind a long lock, and on a table that takes its time."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import tasks
from models import database as module
from models.address import Address
from models.database import UNAVAILABLE, Database
from tests.bot.program import surroundings
from tests.cluster.processes import cluster
from tests.cluster.test_cluster import HEAL_S, UNPACED, talking
from tests.cluster.traffic import Crowd, broken
from tests.models.units import rows
from tests.postgres import Cluster as Server

pytestmark = pytest.mark.postgres

COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'outbox' AND column_name = 'future'"


class Next(Database):
    """The next version, with one migration more."""

    def _config(self) -> dict[str, Any]:
        config = super()._config()
        config["apps"]["models"]["migrations"] = "tests.cluster.future"
        return config


@asynccontextmanager
async def opened(url: str, version: type[Database] = Database) -> AsyncIterator[Database]:
    database = version(Address(url))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def migrate(url: str, folder: Path) -> tuple[int, str]:
    """`python -m bot migrate` in a process; its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "migrate", cwd=folder, env=surroundings(DATABASE_URL=url),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_three_that_migrate_at_once_agree(cluster: Server, tmp_path: Path) -> None:
    url = await cluster.create("three_at_once")
    ended = await asyncio.gather(*(migrate(url, tmp_path) for _ in range(3)))
    assert [status for status, _ in ended] == [0, 0, 0], ended
    applied = sorted(said.startswith("Applied 0001_spine") for _, said in ended)
    assert (applied, sum("The database is up to date." in said for _, said in ended)) == ([False, False, True], 2), (
        ended
    )
    async with opened(url) as database:
        assert await database.pending_migrations() == []
    await cluster.drop("three_at_once")


async def test_whoever_comes_while_another_migrates_waits_longer_than_for_any_lock(postgres_url: str) -> None:
    """A migration of a large table takes longer than a statement may."""
    async with opened(postgres_url) as first, opened(postgres_url) as second:
        async with first.transaction() as connection:
            await connection.execute_query(f"SELECT pg_advisory_xact_lock({module.ONE_MIGRATION_AT_A_TIME})")  # type: ignore[attr-defined]
            other = tasks.spawn(second.migrate(), name="other")
            _, waiting = await asyncio.wait([other], timeout=6)
            assert waiting == {other}
        assert await other == []


async def test_a_table_in_use_is_waited_for_again_and_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(postgres_url) as busy, opened(postgres_url, Next) as following:
        monkeypatch.setattr(module, "Database", Next)
        async with busy.transaction() as connection:
            await connection.execute_query("LOCK TABLE outbox IN ACCESS SHARE MODE")  # type: ignore[attr-defined]
            other = tasks.spawn(following.migrate(), name="other")
            _, waiting = await asyncio.wait([other], timeout=4)
            assert waiting == {other}
            assert await rows(busy, COLUMNS) == []
        assert await other == ["9999_future"]
        assert len(await rows(busy, COLUMNS)) == 1


async def test_a_migration_that_never_gets_its_lock_says_so_and_changes_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Database", Next)
    monkeypatch.setattr(module, "MIGRATION_TRIES", 2)
    async with opened(postgres_url) as busy, opened(postgres_url, Next) as following:
        async with busy.transaction() as connection:
            await connection.execute_query("LOCK TABLE outbox IN ACCESS SHARE MODE")  # type: ignore[attr-defined]
            with pytest.raises(UNAVAILABLE, match="lock timeout"):
                await following.migrate()
        assert await following.pending_migrations() == ["9999_future"]


async def test_migrations_have_no_limit_but_for_locks(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        patient = Database(database.address, patient=True)
        assert patient.address.connection(patient=True)["credentials"]["command_timeout"] is None
        await patient.open()
        try:
            [found] = await rows(
                patient, "SELECT current_setting('statement_timeout') AS s, current_setting('lock_timeout') AS l"
            )
        finally:
            await patient.close()
    assert (found["s"], found["l"]) == ("0", "2s")


@pytest.mark.kill
@pytest.mark.timeout(300)
async def test_migrated_under_traffic_nobody_notices(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old version goes on while the next one migrates; nothing is refused, lost or repeated."""
    monkeypatch.setattr(module, "Database", Next)
    async with cluster(tmp_path, postgres_url, STORE_SETTINGS=UNPACED) as world:
        crowd = Crowd(world.meta, random.Random(1), at_once=8)
        async with talking(crowd), opened(postgres_url, Next) as following:
            await asyncio.sleep(2)
            assert await following.migrate() == ["9999_future"]
            await asyncio.sleep(2)
        await world.heal(HEAL_S)
        assert await broken(world.database, crowd, world.meta.taken) == []
        assert set(world.meta.answers) == {200}
        assert len(await rows(world.database, COLUMNS)) == 1
