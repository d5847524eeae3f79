"""What every test may ask for (an empty database, a browser) and what none may do (reach another machine)."""

import itertools
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests import network
from tests.browser import chromium, find
from tests.postgres import Cluster

_given_server = os.environ.get("TEST_DATABASE_URL", "")
_numbers = itertools.count(1)

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
