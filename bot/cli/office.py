"""Commands for whoever looks after the shop: the doctor, staff, settings, catalogue, templates and dead letters."""

import argparse
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from bot.cli.output import Failure, load_settings, say, to_the_end, watched

IMPORT_ROWS = 500
"""Products in one statement; between two of them the progress bar moves."""


def add(commands: Any) -> None:
    _command(commands, "doctor", "how things stand: queues, windows, token, templates", _doctor)

    office = _group(commands, "catalog", "the shop's products")
    put = _command(office, "import", "add and update products from a feed (CSV)", _import)
    put.add_argument("file", type=Path)

    office = _group(commands, "templates", "the templates for closed windows")
    _command(office, "push", "create or reword ours at Meta", _templates_push)
    _command(office, "check", "what Meta thinks of ours", _templates_check)

    office = _group(commands, "staff", "people of the shop")
    _command(office, "list", "everybody with their role", _staff_list)
    appoint = _command(office, "add", "give a number a role, or another role", _staff_add)
    appoint.add_argument("number", help="with country code, like 911234567890")
    appoint.add_argument("role", choices=("owner", "manager", "agent", "viewer"))
    appoint.add_argument("name", nargs="?")
    dismiss = _command(office, "remove", "take the role away", _staff_remove)
    dismiss.add_argument("number")

    office = _group(commands, "store", "the store's settings")
    _command(office, "show", "every setting, its value and what may be written", _store_show)
    change = _command(office, "set", "change a setting, like: store set retention 90d", _store_set)
    change.add_argument("name")
    change.add_argument("value")

    replay = _command(commands, "replay", "try dead letters again: all of them, or those with these ids", _replay)
    replay.add_argument("ids", nargs="*", type=int)
    replay.add_argument("--list", action="store_true", help="only show them")


def _group(commands: Any, name: str, text: str) -> Any:
    group = commands.add_parser(name, help=text, description=text)
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _command(
    commands: Any, name: str, text: str, work: Callable[[argparse.Namespace], Coroutine[Any, Any, None]]
) -> Any:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=lambda given: to_the_end(lambda: work(given)))
    return command


async def _doctor(_given: argparse.Namespace) -> None:
    from bot.cli.desk import unit_of_work
    from bot.whatsapp import account
    from flows import doctor
    from models import health, invariants

    settings = load_settings()
    async with unit_of_work(settings) as work:
        report = doctor.report(await health.of(work), work.store)
        broken = await invariants.violations(work.connection, now=work.now)
    say(report.body)
    if settings.whatsapp is not None:
        for complaint in await account.complaints(settings.whatsapp):
            say(complaint)
    if broken:
        raise Failure("What must always hold does not:\n" + "\n".join(str(each) for each in broken))


async def _import(given: argparse.Namespace) -> None:
    from bot.cli.desk import give, unit_of_work
    from flows import feed
    from models import audit, catalog
    from models.work import Work

    try:
        text = given.file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(f"{given.file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Failure(f"{given.file} is not UTF-8 text. Save it as CSV in UTF-8.") from None
    settings = load_settings()
    async with unit_of_work(settings) as work:
        currency = work.store.currency
    found = feed.read(text, currency=currency)
    for fault in found.faults:
        say(str(fault))
    if not found.products:
        raise Failure(f"No product was imported: {given.file} has none that can be sold. Mend the lines and try again.")
    parts = [found.products[n : n + IMPORT_ROWS] for n in range(0, len(found.products), IMPORT_ROWS)]

    async def put(work: Work, event_id: int) -> str:
        for part in watched(parts, "Importing products"):
            await catalog.put(work.connection, work.store.id, part, ids=work.ids, now=work.now)
        audit.record(work, event_id=event_id, contact_id=None, role="desk", action="catalog import", outcome="done")
        return f"{len(found.products)} products were imported; {len(found.faults)} faults were found."

    say(await give(settings, "catalog import", put))


async def _staff_list(_given: argparse.Namespace) -> None:
    from bot.cli.desk import unit_of_work
    from models import contacts, staff

    async with unit_of_work(load_settings()) as work:
        people = [(await contacts.number_of(work, person.contact_id), person) for person in staff.list_all(work)]
    for number, person in people:
        say(f"{number:<18}{person.role:<10}{person.name}")
    if not people:
        say("Nobody yet: `staff add NUMBER owner NAME`.")


async def _staff_add(given: argparse.Namespace) -> None:
    from bot.cli.desk import give
    from models import audit, staff
    from models.work import Work

    number = _digits(given.number)

    async def appoint(work: Work, event_id: int) -> str:
        person = await staff.appoint(work, wa_id=number, role=given.role, name=given.name)
        audit.record(
            work, event_id=event_id, contact_id=person.contact_id, role="desk", action="staff add", outcome=given.role
        )
        return f"{person.name} is {person.role} now."

    say(await give(load_settings(), "staff add", appoint))


async def _staff_remove(given: argparse.Namespace) -> None:
    from bot.cli.desk import give
    from models import audit, staff
    from models.work import Work

    number = _digits(given.number)

    async def dismiss(work: Work, event_id: int) -> str:
        person = await staff.dismiss(work, wa_id=number)
        if person is None:
            raise Failure("Nobody of the staff has this number. `staff list` shows them.")
        audit.record(
            work, event_id=event_id, contact_id=person.contact_id, role="desk", action="staff remove", outcome="done"
        )
        return (
            f"{person.name} is no longer of the staff. "
            "Take the number out of STAFF_NUMBERS too, or the next start brings it back."
        )

    say(await give(load_settings(), "staff remove", dismiss))


async def _store_show(_given: argparse.Namespace) -> None:
    from bot.cli.desk import unit_of_work
    from flows.settings import Settings

    async with unit_of_work(load_settings()) as work:
        rows = list(Settings(work.store.settings).show())
    for row in rows:
        marks = ("" if row.is_default else " (set)") + ("" if row.built else " (not built yet: changes nothing)")
        say(f"{row.name} = {row.value}{marks}\n    {row.description}; {row.accepts}")


async def _store_set(given: argparse.Namespace) -> None:
    from bot.cli.desk import give
    from flows import settings as store_settings
    from models import audit, stores
    from models.work import Work

    try:
        value = store_settings.check(given.name, given.value)
    except store_settings.SettingsError as error:
        raise Failure(str(error)) from None

    async def change(work: Work, event_id: int) -> str:
        await stores.configure(work, {given.name: value})
        audit.record(work, event_id=event_id, contact_id=None, role="desk", action="store set", outcome=given.name[:40])
        return f"{given.name} is {value} now."

    say(await give(load_settings(), "store set", change))


async def _replay(given: argparse.Namespace) -> None:
    from bot.cli.desk import give, unit_of_work
    from models import audit, inbox
    from models.work import Work

    settings = load_settings()
    async with unit_of_work(settings) as work:
        dead, count = await inbox.list_dead(work.connection), await inbox.count_dead(work.connection)
    if given.list:
        for event in dead:
            say(f"{event.id:<10}{event.kind:<12}{event.received_at:%Y-%m-%d %H:%M}  {event.reason}")
    if given.list or not (dead or given.ids):
        more = f", of which the oldest {len(dead)} are shown" if count > len(dead) else ""
        say(f"{_letters(count)}{more}." if count else "There are no dead letters.")
        return

    async def again(work: Work, event_id: int) -> str:
        replayed = await _revive(work, sorted(set(given.ids)))
        audit.record(work, event_id=event_id, contact_id=None, role="desk", action="replay", outcome=str(replayed))
        wait = "waits" if replayed == 1 else "wait"
        return f"{_letters(replayed)} {wait} for another try; a running Waybill takes them within seconds."

    say(await give(settings, "replay", again))


async def _revive(work: Any, ids: Sequence[int]) -> int:
    """These dead letters, or all."""
    from models import inbox

    if ids:
        if (replayed := await inbox.replay(work.connection, ids, work.now)) < len(ids):
            raise Failure("Not every one of these ids is a dead letter; nothing was done. `replay --list` shows them.")
        return replayed
    replayed = 0
    while dead := await inbox.list_dead(work.connection):
        replayed += await inbox.replay(work.connection, [event.id for event in dead], work.now)
    return replayed


def _letters(count: int) -> str:
    return f"{count} dead letter" + ("" if count == 1 else "s")


async def _templates_push(_given: argparse.Namespace) -> None:
    from bot.whatsapp import templates

    async def push(client: Any, account: str, wanted: Any) -> tuple[list[str], Any]:
        return await templates.push(client, account, wanted), await templates.listing(client, account)

    for line in await _at_meta("templates push", push):
        say(line)


async def _templates_check(_given: argparse.Namespace) -> None:
    from bot.whatsapp import templates

    async def check(client: Any, account: str, wanted: Any) -> tuple[list[str], Any]:
        found = await templates.listing(client, account)
        return templates.differences(found, wanted), found

    if wrong := await _at_meta("templates check", check):
        raise Failure("\n".join(wrong))
    say("All templates are approved.")


async def _at_meta(command: str, work: Callable[[Any, str, Any], Awaitable[tuple[list[str], Any]]]) -> list[str]:
    """Something with the Graph API, which needs credentials; what Meta has of our templates is kept for `doctor`."""
    from bot.cli.desk import give, unit_of_work
    from bot.whatsapp.client import Client, GraphError
    from flows.templates import definitions
    from models import audit, templates
    from models.work import Work

    settings = load_settings()
    if (whatsapp := settings.whatsapp) is None:
        raise Failure(
            "There are no WhatsApp credentials; in the sandbox templates are pushed and approved by themselves."
        )
    async with unit_of_work(settings) as opened:
        wanted = definitions(opened.store)
    client = Client(
        api_url=whatsapp.api_url, version=whatsapp.api_version,
        phone_number_id=whatsapp.phone_number_id, token=whatsapp.access_token,
    )  # fmt: skip
    await client.start()
    try:
        lines, found = await work(client, whatsapp.business_account_id, wanted)
    except GraphError as error:
        if not error.http_status:
            raise Failure(f"Meta does not answer ({error.details}). Check the network and WHATSAPP_API_URL.") from None
        raise Failure(f"Meta refused: {error.title} (error {error.code}). {error.details}".strip()) from None
    finally:
        await client.stop()

    async def keep(work: Work, event_id: int) -> str:
        states = [(state.name, state.language, state.status) for state in found]
        await templates.keep_all(work.connection, work.store.id, states, work.now)
        audit.record(work, event_id=event_id, contact_id=None, role="desk", action=command, outcome="done")
        return ""

    await give(settings, command, keep)
    return lines


def _digits(number: str) -> str:
    digits = re.sub(r"[\s+()-]", "", number)
    if not re.fullmatch(r"[0-9]{6,15}", digits):
        raise Failure("Write the number with its country code, like 911234567890.")
    return digits
