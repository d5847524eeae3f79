"""Databases that are migrated already, copied from one that was migrated once; and logging, which ends with the test."""

import asyncio
import itertools
import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from bot import logs
from models.database import Address, Database
from tests.postgres import Cluster

_numbers = itertools.count(1)


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
    name = f"waybill_bot_{os.getpid()}_{next(_numbers)}"
    yield await cluster.create(name, template=migrated_database)
    await cluster.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ready_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """Where it is logged to, as in production; what a test makes of logging ends with the test."""
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    stream = StringIO()
    logs.configure(level="info", style="json", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
