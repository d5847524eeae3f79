"""What every test may ask for (an empty database, a browser) and what none may do (reach another machine)."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot import vocabularies
from models.address import Address
from models.database import Database
from tests import network
from tests.browser import chromium, find
from tests.postgres import Cluster

_given_server = os.environ.get("TEST_DATABASE_URL", "")
_numbers = itertools.count(1)

vocabularies.install()
network.allow_only_loopback(also=_given_server)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="rewrite what the written conversations expect; review the diff"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """A test that tried to reach another machine fails, whatever became of the attempt."""
    try:
        return (yield)
    finally:
        attempts, network.attempts[:] = list(network.attempts), []
        if attempts:
            pytest.fail(f"the test tried to reach other machines: {attempts}")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The Postgres server of this session, started by the first test that needs it."""
    cluster = Cluster(_given_server)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh, empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/waybill.sqlite3"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = f"waybill_{os.getpid()}_{next(_numbers)}"
    yield await cluster.create(name)
    await cluster.drop(name)


async def migrate(url: str) -> None:
    database = Database(Address(url))
    await database.open()
    try:
        await database.migrate()
    finally:
        await database.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; copy it."""
    file = tmp_path_factory.mktemp("migrated") / "waybill.sqlite3"
    asyncio.run(migrate(f"sqlite://{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_database(cluster: Cluster) -> str:
    """The name of a migrated Postgres database, to be used as a template."""
    name = f"waybill_migrated_{os.getpid()}"
    asyncio.run(migrate(asyncio.run(cluster.create(name))))
    return name


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite://{shutil.copy(migrated_file, tmp_path / 'waybill.sqlite3')}"


@pytest.fixture
async def postgres_url(cluster: Cluster, migrated_database: str) -> AsyncIterator[str]:
    """A fresh, migrated Postgres database; mark tests that use it `postgres`."""
    name = f"waybill_ready_{os.getpid()}_{next(_numbers)}"
    yield await cluster.create(name, template=migrated_database)
    await cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ready_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def chromium_path(pytestconfig: pytest.Config) -> str:
    """Where Chromium is; that it is being installed is said at once, not kept with the test's output."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        return find()


@pytest.fixture
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """A fresh headless Chromium; mark tests that use it `browser`."""
    async with chromium(chromium_path) as browser:
        yield browser
