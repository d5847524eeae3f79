"""The test session's own Postgres: databases apart, copies, and nothing left behind."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests import postgres
from tests.postgres import Cluster

pytestmark = pytest.mark.postgres

ORPHAN = """
import sys
from tests.postgres import Cluster
cluster = Cluster()
cluster.start()
print(cluster.url("postgres"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.stop()


async def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


def is_open(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


async def folder(url: str) -> Path:
    [(data,)] = await rows(url, "SELECT current_setting('data_directory')")
    return Path(str(data)).parent


async def test_databases_are_apart_and_a_copy_has_what_its_template_had(own: Cluster) -> None:
    first, second = await own.create("first"), await own.create("second")
    await rows(first, "CREATE TABLE chai AS SELECT 7 AS cups")
    copy = await own.create("copy", template="first")
    await rows(copy, "UPDATE chai SET cups = 8")
    assert await rows(first, "SELECT cups FROM chai") == [(7,)]
    assert await rows(copy, "SELECT cups FROM chai") == [(8,)]
    with pytest.raises(asyncpg.UndefinedTableError):
        await rows(second, "SELECT cups FROM chai")


async def test_drop_removes_a_database_that_is_in_use(own: Cluster) -> None:
    connection = await asyncpg.connect(await own.create("busy"))
    await own.drop("busy")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(own.url("busy"))
    connection.terminate()


async def test_it_is_a_current_postgres_that_speaks_utf8(own: Cluster) -> None:
    url = own.url("postgres")
    version = await rows(url, "SELECT current_setting('server_version_num')::int >= 130000, current_setting('fsync')")
    assert version == [(True, "off")]
    assert await rows(url, "SELECT length('चाय')") == [(3,)]


async def test_stop_frees_the_port_and_the_folder() -> None:
    cluster = Cluster()
    cluster.start()
    url = cluster.url("postgres")
    home = await folder(url)
    assert (is_open(url), home.exists()) == (True, True)
    cluster.stop()
    assert (is_open(url), home.exists()) == (False, False)


def test_a_killed_session_leaves_neither_server_nor_folder() -> None:
    session = subprocess.Popen([sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert session.stdin is not None
    assert session.stdout is not None
    with session.stdin, session.stdout as output:
        url = output.readline().strip()
        home = asyncio.run(folder(url))
        session.kill()
        assert output.read() == ""  # ends when the last process that inherited the pipe is gone: the watching shell
    session.wait()
    assert (is_open(url), home.exists()) == (False, False)


async def test_a_given_server_is_used_and_left_running(own: Cluster) -> None:
    guest = Cluster(own.url("postgres"))
    guest.start()
    url = await guest.create("guest")
    guest.stop()
    assert await rows(url, "SELECT 1") == [(1,)]


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only as root does the server run as somebody who may not reach its files"
)
def test_an_installation_in_a_closed_folder_is_copied(tmp_path: Path) -> None:
    install = postgres._binaries(postgres._places()).parent
    closed = tmp_path / "closed"
    for folder in (install, install.parent.with_name(f"{install.parent.name}.libs")):
        shutil.copytree(folder, closed / folder.relative_to(install.parent.parent), symlinks=True)
    closed.chmod(0o700)
    watch, port = postgres._launch(closed / install.parent.name / install.name / "bin")
    assert watch.stdin is not None
    assert is_open(f"postgres://127.0.0.1:{port}")
    watch.stdin.close()
    assert watch.wait(timeout=30) == 0


def test_without_any_postgres_it_says_what_would_help(tmp_path: Path) -> None:
    with pytest.raises(postgres.NoPostgresError, match="set TEST_DATABASE_URL to a server"):
        postgres._binaries([tmp_path])
