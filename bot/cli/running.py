"""Commands that run until they are told to stop, and the migration that comes before."""

import argparse
import os
from pathlib import Path
from typing import Any

import structlog

from bot import interpreter
from bot.cli.output import Failure, describe, load_settings, no_answer, say, to_the_end

log = structlog.get_logger()


def add(commands: Any) -> None:
    for role, text in (
        ("run", "everything in one process; without WhatsApp credentials a sandbox to play in"),
        ("web", "HTTP only: takes events in (Postgres)"),
        ("worker", "handles events, sends, rings timers; any number of them (Postgres)"),
    ):
        command = commands.add_parser(role, help=text, description=text)
        command.set_defaults(run=_run, role=role)
    migrate = commands.add_parser(
        "migrate", help="bring the database up to date", description="Apply pending migrations."
    )
    migrate.set_defaults(run=_migrate)
    text = "the stand-in for Meta alone, for a bot in another process"
    sandbox = commands.add_parser("sandbox", help=text, description=text)
    sandbox.add_argument("--port", type=int, default=8090, help="where it listens on 127.0.0.1 (8090)")
    sandbox.add_argument(
        "--webhook", required=True, help="the bot's webhook address, like http://127.0.0.1:8080/webhook"
    )
    sandbox.add_argument(
        "--folder", type=Path, default=Path("var"), help="where its credentials and ledger are kept (var)"
    )
    sandbox.set_defaults(run=_sandbox)


def _run(given: argparse.Namespace) -> int:
    with interpreter.importing():
        from bot import app
        from bot.settings import SettingsError
        from models.database import UNAVAILABLE

    settings = load_settings(default_host="0.0.0.0" if given.role == "web" else "127.0.0.1")  # noqa: S104 - Procfile's web
    try:
        return to_the_end(lambda: app.run(settings, role=given.role, on_ready=_greet))
    except SettingsError as error:
        raise Failure(describe(error)) from None
    except app.CannotStart as error:
        raise Failure(str(error)) from None
    except UNAVAILABLE as error:
        raise Failure(no_answer(error)) from None
    except Exception as error:
        log.critical("app_failed", role=given.role, exc_info=error)
        raise Failure(f"Waybill stopped because of a fault of its own ({type(error).__name__}); see the log.") from None


def _greet(app: Any) -> None:
    """What whoever typed `make run` needs to know next."""
    if app.role == "worker":
        return
    here = app.settings.here(app.port)
    if app.sandbox is not None:
        say(f"\n  Waybill is running. Open {here}/sandbox/ and place an order as the customer.\n")
    else:
        say(f"\n  Waybill is running on {here}. Meta's webhook address is {app.settings.public_url}/webhook\n")


def _migrate(_given: argparse.Namespace) -> int:
    from bot.cli.desk import database

    async def migrate() -> None:
        async with database(load_settings(), migrated=False) as opened:
            applied = await opened.migrate()
        say(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")

    to_the_end(migrate)
    return 0


def _sandbox(given: argparse.Namespace) -> int:
    from bot import logs
    from bot.sandbox import server

    logs.configure(level="info", style=None)
    try:
        to_the_end(lambda: server.serve(port=given.port, webhook=given.webhook, folder=given.folder))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise Failure(f"The sandbox cannot start on port {given.port} with {given.folder}: {why}.") from None
    return 0
