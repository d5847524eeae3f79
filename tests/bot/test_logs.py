"""Nothing in a log names a person or opens a door: canaries in every place an event, an error or a library may speak."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from bot import logs, settings
from bot.app import App
from bot.logs import redact
from bot.whatsapp.signature import Signature
from handlers import routes
from handlers.turn import Turn
from tests import payloads
from tests.world import StillClock, environment

PHONE = "919812345678"
BSUID = "IN.9812345678ABCDEF"
WAMID = "wamid.HBgMOTE5ODEyMzQ1Njc4FQIAEhggQTk4NDNFNkI5RTcyMzE5RjlDNEQ5RkYyQTVFN0I5QzcA"
TOKEN = "EAAGcanary0123456789ZCZBQ"
SECRET = "5f4dcc3b5aa765d61d8327deb882cf99"
NAME = "Quirinius Zebulon"
WORDS = "two kilos of saffron to the back door"
CANARIES = (PHONE, BSUID, WAMID, TOKEN, SECRET, NAME, WORDS, "Quirinius", "saffron", WAMID[6:])
LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


@dataclass
class Customer:
    """Something whose repr would tell all."""

    name: str = NAME
    phone: str = PHONE


def canaries(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def logged(write: Callable[[Any], None], *, style: str = "json", level: str = "debug", name: str = "bot.test") -> str:
    """What `write` leaves in the log of that style."""
    stream = StringIO()
    logs.configure(level=level, style=style, stream=stream, secrets=[SECRET])
    write(structlog.get_logger(name))
    return stream.getvalue()


def fail(error: BaseException) -> None:
    """An error with its words in locals, arguments, cause and context."""
    told = f"{NAME} {PHONE} {WORDS} {SECRET}"
    try:
        try:
            raise KeyError(told)  # noqa: TRY301 - raised to be the cause
        except KeyError as cause:
            raise LookupError(told, Customer()) from cause
    except LookupError:
        raise error  # noqa: B904 - the context is part of the test


ERRORS = (
    ValueError(WORDS),
    KeyError(NAME),
    UnicodeEncodeError("utf-8", f"{WORDS}\ud83d", 0, 1, NAME),
    ExceptionGroup(WORDS, [ValueError(NAME), TypeError(PHONE)]),
    SystemError(Customer()),
    type(NAME.replace(" ", ""), (Exception,), {"__str__": lambda _: WORDS})(),
)


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("level", LEVELS)
def test_no_canary_survives_in_the_fields_of_an_event(style: str, level: str) -> None:
    values: dict[str, Any] = {
        "number": PHONE, "plus": f"+{PHONE}", "spaced": "+91 98123-45678", "link": f"https://wa.me/{PHONE}?x={PHONE}.",
        "key": f"c:{PHONE}", "lane": f"c:{BSUID}", "bsuid": BSUID, "wamid": WAMID, "status": f"s:{WAMID}:read",
        "access": f"Bearer {TOKEN}", "header": TOKEN, "app_secret": "any", "Authorization": "any", "plain": SECRET,
        "address": "postgres://waybill:Quirinius@db/waybill", "raw": WORDS.encode(), "who": Customer(),
        "many": [PHONE, {"deep": (BSUID, {WAMID})}, {PHONE: {TOKEN}}], "broken": f"\ud83d{PHONE}", "huge": 10**200,
    }  # fmt: skip
    text = logged(lambda log: getattr(log, level)("canaries_planted", **values), style=style)
    assert (canaries(text), "canaries_planted" in text) == ([], True)


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__mro__[1].__name__)
def test_no_canary_survives_in_an_exception(style: str, error: Exception) -> None:
    def write(log: Any) -> None:
        try:
            fail(error)
        except Exception as caught:
            log.exception("event_failed", event_id=7)
            log.warning("event_failed", event_id=8, exc_info=caught)
            logging.getLogger("a.library").exception("it failed")

    text = logged(write, style=style)
    assert [canary for canary in canaries(text) if canary != "Quirinius"] == []
    assert text.count("test_logs.py") >= 6
    assert text.count("KeyError") >= 3


@pytest.mark.parametrize("style", ["json", "console"])
def test_libraries_are_heard_from_warnings_on_and_redacted(style: str) -> None:
    def write(_log: Any) -> None:
        for name in (
            "aiosqlite",
            "tortoise.db_client",
            "asyncio",
            "apscheduler",
            "aiohttp.access",
            "pywa",
            "unheard.of",
        ):
            library = logging.getLogger(name)
            library.debug("executing %s with %s", WORDS, PHONE)
            library.info("%s from %s", WORDS, NAME)
            library.warning("slow answer for +%s in %s by %s", PHONE, WAMID, TOKEN)
            library.error("gave up on %s", BSUID, extra={"who": Customer()})

    text = logged(write, style=style)
    assert (canaries(text), text.count("slow answer"), text.count("gave up")) == ([], 7, 7)


def test_what_asyncio_has_to_say_is_told_without_the_task() -> None:
    async def forgotten() -> None:
        raise ValueError(f"{NAME}: {WORDS}")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(logs.unheard)
        asyncio.get_running_loop().call_soon(fail, ValueError(WORDS))
        task = asyncio.ensure_future(forgotten())
        await asyncio.wait([task])
        del task

    text = logged(lambda _: asyncio.run(main()))
    assert (canaries(text), text.count('"event":"loop_error"')) == ([], 2)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T04:30:00.123456+00:00",
        "took 0.123456789 s, since 1767225600.123456",
        "order #1042 of 12345678 in store 243519872345678901",
        "port 8080, 404 of 10000000",
        "http://127.0.0.1:8080/sandbox/",
        "models/engines/sqlite.py:144 whole",
        "sha256 e3b0c44298fc1c149afbf4c8996fb924",
        "OK. Done. A.B",
    ],
)
def test_what_is_no_number_of_a_person_stays_readable(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"call {PHONE}.", "call [number]."),
        (f"call +{PHONE}, now", "call [number], now"),
        (f"m:{WAMID}", "m:[wamid]"),
        (f"key c:{BSUID}!", "key c:[bsuid]!"),
        (f"token {TOKEN};", "token [token];"),
        ("postgres://user:pass@host/db", "postgres://[password]@host/db"),
    ],
)
def test_what_is_redacted_says_what_it_was(text: str, redacted: str) -> None:
    assert redact(text) == redacted


def test_the_machine_s_own_words_are_told() -> None:
    def write(log: Any) -> None:
        for error in (sqlite3.OperationalError("database is locked"), OSError(28, "No space left on device")):
            log.error("disk_failed", exc_info=error)

    first, second = (json.loads(line)["exception"] for line in logged(write).splitlines())
    assert first == ["sqlite3.OperationalError: database is locked"]
    assert second == ["builtins.OSError: [Errno 28] No space left on device"]


def test_json_is_one_object_a_line_with_ids_as_they_are() -> None:
    def write(log: Any) -> None:
        log.info("event_stored", event_id=243519872345678901, ratio=0.5, ok=True, none=None)
        try:
            fail(ValueError(WORDS))
        except ValueError:
            log.exception("event_failed")

    first, second = map(json.loads, logged(write).splitlines())
    assert first.pop("timestamp")
    assert first == {
        "event": "event_stored", "level": "info", "event_id": 243519872345678901, "ratio": 0.5, "ok": True, "none": None,
    }  # fmt: skip
    assert [line for line in second["exception"] if not line.startswith(" ")] == [
        "builtins.ValueError",
        "builtins.LookupError",
        "builtins.KeyError",
    ]


def test_the_level_is_ours_to_choose() -> None:
    def write(log: Any) -> None:
        for level in LEVELS[:-1]:
            getattr(log, level)("something_happened")

    counts = [logged(write, level=level).count("\n") for level in ("debug", "info", "warning", "error")]
    assert counts == [5, 4, 3, 2]


async def on_failure(turn: Turn) -> None:
    """A handler with everything in its hands when it fails."""
    fail(ValueError(f"{turn.message} {turn.contact}"))


@pytest.mark.parametrize("style", ["json", "console"])
async def test_real_events_and_failing_handlers_leave_no_canary(
    sqlite_url: str, tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = StringIO()
    given = environment(sqlite_url, STAFF_NUMBERS=f"{PHONE}:owner:{NAME}")
    app = App(settings.load(given), clock=StillClock(), files=tmp_path)
    logs.configure(level="debug", style=style, stream=stream, secrets=[SECRET])
    monkeypatch.setattr(routes, "find", lambda _message, _member: on_failure)
    await app.start(loops=False)
    try:
        signature = Signature(app.whatsapp.app_secret)
        said = payloads.text(WORDS, wamid=WAMID, sender=PHONE, from_user_id=BSUID)
        report = payloads.failed(131026, wamid=WAMID, message=WORDS, error_data={"details": f"{NAME} {PHONE}"})
        person = payloads.contact(PHONE, BSUID, NAME)
        value = payloads.messages(said, contacts=[person], number=app.whatsapp.phone_number_id, statuses=[report])
        async with aiohttp.ClientSession() as http:
            for raw in (payloads.raw(value), f'{{"{NAME}": "{WORDS}"'.encode()):
                headers = {"X-Hub-Signature-256": signature.sign(raw), "User-Agent": NAME}
                await (await http.post(f"http://127.0.0.1:{app.port}/webhook", data=raw, headers=headers)).read()
        for _ in range(3):
            await app.drain()
            app.clock.move(timedelta(minutes=1))
        reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
        writer.write(f"GET /{PHONE}?{TOKEN} HTTP/1.1\r\nHost: {NAME}\r\nX: {WORDS}\x01\r\n\r\n".encode())
        await reader.read()
        writer.close()
    finally:
        await app.stop()
    text = stream.getvalue()
    assert canaries(text) == []
    assert text.count("event_failed") == 3
    assert text.count("event_buried") == 1
