"""Templates pushed to and checked at a Graph API over HTTP, and what is said when it does not play along."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from aiohttp import web

from bot.clock import Clock
from bot.sandbox import demo
from bot.sandbox.credentials import Credentials
from bot.sandbox.server import Sandbox
from bot.web.server import Server
from flows.phrases import LANGUAGES
from models.statements import TEXT
from tests.bot.cli.office import Office, Ran

TEMPLATES = 4 * len(LANGUAGES)


class Meta:
    """The sandbox on a thread of its own, as commands block the one they run in."""

    def __init__(self, folder: Path) -> None:
        self.credentials = Credentials.load(folder / "sandbox.json")
        self.url = ""
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait_for_review(self) -> None:
        self.sandbox.faults.change({"template_review": True})

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self.sandbox = Sandbox(
            credentials=self.credentials, clock=Clock(), people=demo.PEOPLE,
            products=demo.products("http://127.0.0.1"), webhook=None,
        )  # fmt: skip
        app = web.Application()
        app.add_subapp("/sandbox", self.sandbox.app())
        self._server = Server(app)
        self.url = f"http://127.0.0.1:{await self._server.start('127.0.0.1', 0)}/sandbox/graph"

    async def _stop(self) -> None:
        await self._server.stop()
        await self.sandbox.stop()


@pytest.fixture
def meta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meta]:
    with Meta(tmp_path) as made:
        known = made.credentials
        for name, value in {
            "WHATSAPP_PHONE_NUMBER_ID": known.phone_number_id,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": known.business_account_id,
            "WHATSAPP_ACCESS_TOKEN": known.access_token,
            "WHATSAPP_APP_SECRET": known.app_secret,
            "WHATSAPP_VERIFY_TOKEN": known.verify_token,
            "WHATSAPP_API_URL": made.url + "/",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def statuses(shop: Office) -> list[tuple[str, ...]]:
    return shop.rows("SELECT DISTINCT status FROM template", status=TEXT)


def test_templates_are_pushed_once_and_then_found_approved(shop: Office, meta: Meta) -> None:
    before = shop("templates", "check")
    assert (before.status, before.out, len(before.err.splitlines())) == (1, "", TEMPLATES)
    assert before.err.splitlines()[0] == "order_update (en) is not at Meta: run `templates push`"
    first, second = shop("templates", "push"), shop("templates", "push")
    assert (first.status, first.err, first.out.splitlines()[0]) == (0, "", "order_update (en): created, approved")
    assert (second.status, second.out.count("unchanged, approved\n")) == (0, TEMPLATES)
    assert shop("templates", "check") == Ran(0, "All templates are approved.\n", "")
    assert (shop.count("template"), statuses(shop)) == (TEMPLATES, [("APPROVED",)])
    assert shop.desk() == [("done", "desk", "desk")] * 4
    assert [action for _, action, _ in shop.trail()] == [f"templates {w}" for w in ("check", "push", "push", "check")]


def test_templates_under_review_are_told_and_remembered(shop: Office, meta: Meta) -> None:
    meta.wait_for_review()
    assert shop("templates", "push").out.splitlines()[0] == "order_update (en): created, pending"
    ran = shop("templates", "check")
    assert (ran.status, ran.err.splitlines()[0]) == (1, "order_update (en) is pending")
    assert statuses(shop) == [("PENDING",)]


@pytest.mark.parametrize("command", ["push", "check"])
def test_a_refusal_is_said_in_one_line_and_changes_nothing(
    shop: Office, meta: Meta, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSAPP_ACCESS_TOKEN", "sandbox-wrong")
    ran = shop("templates", command)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith("Meta refused: ")
    assert "(error 190)" in ran.err
    assert (shop.desk(), shop.trail(), shop.count("template")) == ([], [], 0)


@pytest.mark.parametrize("command", ["push", "check"])
def test_nobody_there_is_said_in_one_line(
    shop: Office, meta: Meta, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSAPP_API_URL", "http://127.0.0.1:1/graph")
    line = "Meta does not answer (the connection was refused). Check the network and WHATSAPP_API_URL.\n"
    assert shop("templates", command) == Ran(1, "", line)
    assert shop.desk() == []


@pytest.mark.parametrize("command", ["push", "check"])
def test_in_the_sandbox_there_is_nothing_to_push(shop: Office, command: str) -> None:
    line = "There are no WhatsApp credentials; in the sandbox templates are pushed and approved by themselves.\n"
    assert shop("templates", command) == Ran(1, "", line)
