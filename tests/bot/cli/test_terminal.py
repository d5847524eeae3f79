"""Commands as processes at a terminal: the progress bar, a reader that leaves, a database somebody else holds."""

import os
import pty
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import output
from models.address import SQLITE_PRAGMAS
from tests.bot.cli.office import Office, Ran
from tests.bot.program import surroundings

BOT = (sys.executable, "-m", "bot")


def feed(folder: Path, products: int) -> str:
    lines = (f"TEA-{n},Tea number {n},{n + 1} INR" for n in range(products))
    (folder / "feed.csv").write_text("\n".join(["id,title,price", *lines]), encoding="utf-8")
    return "feed.csv"


def test_a_long_import_shows_how_far_it_is_when_somebody_looks_on(shop: Office) -> None:
    ours, theirs = pty.openpty()
    command = [*BOT, "catalog", "import", feed(shop.folder, 2_000)]
    told = {"DATABASE_URL": shop.url, "TERM": "xterm", "COLUMNS": "100", "LOG_FORMAT": "json"}
    with subprocess.Popen(
        command, cwd=shop.folder, env=surroundings(**told), stdout=subprocess.PIPE, stderr=theirs
    ) as ran:
        os.close(theirs)
        out, _ = ran.communicate()
        seen = os.read(ours, 100_000).decode()
        os.close(ours)
    assert (ran.returncode, out.decode()) == (0, "2000 products were imported; 0 faults were found.\n")
    assert ("Importing products" in seen, "100%" in seen) == (True, True)
    assert shop.count("product") == 2_012


def test_nobody_looks_on_and_nothing_is_shown(shop: Office) -> None:
    ran = shop("catalog", "import", feed(shop.folder, 1_001))
    assert ran == Ran(0, "1001 products were imported; 0 faults were found.\n", "")


def test_what_is_one_step_has_no_progress() -> None:
    assert output.watched([1], "label") == [1]


def test_a_reader_that_leaves_early_is_no_error(shop: Office) -> None:
    command = " ".join([*BOT, "store", "show"])
    ran = subprocess.run(
        ["bash", "-c", f"{command} | true; echo ${{PIPESTATUS[0]}}"],
        cwd=shop.folder, env=surroundings(DATABASE_URL=shop.url), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("1\n", "")


def test_a_database_that_somebody_else_holds_is_said_in_one_line(bare: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.open_shop()
    monkeypatch.setitem(SQLITE_PRAGMAS, "busy_timeout", 20)
    other = sqlite3.connect(bare.url.removeprefix("sqlite://"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        line = "The database does not answer (OperationalError: database is locked). Check DATABASE_URL.\n"
        assert bare("staff", "list") == Ran(1, "", line)
    finally:
        other.rollback()
        other.close()
    assert bare("staff", "list").status == 0


def test_a_sandbox_whose_port_is_taken_says_so(bare: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*BOT, "sandbox", "--port", port, "--webhook", "http://127.0.0.1:1/webhook"]
        ran = subprocess.run(command, cwd=bare.folder, env=surroundings(), check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"The sandbox cannot start on port {port} with var: Address already in use.\n"


@pytest.mark.parametrize("command", [["staff", "list"], ["doctor"], ["replay", "--list"], ["store", "show"]])
def test_reading_leaves_no_trace(shop: Office, command: list[str]) -> None:
    assert shop(*command).status == 0
    assert (shop.count("inbox"), shop.count("audit")) == (0, 0)
