"""Commands about orders: a list, one of them, and the hand-out to other programs as JSON lines."""

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from bot.cli.output import Failure, load_settings, say, to_the_end
from flows.order_table import EVERY_STATUS

SHOWN = 50
"""Orders in a list, unless more are asked for."""
CLAIMED = 500
"""Orders in one hand-out, unless more are asked for."""


def add(commands: Any) -> None:
    text = "orders: a list, one of them, or handed out to other programs"
    group = commands.add_parser("orders", help=text, description=text)
    office = group.add_subparsers(title="commands", metavar="COMMAND", required=True)

    text = "orders, the newest first"
    shown = office.add_parser("list", help=text, description=text)
    shown.add_argument("status", nargs="?", choices=EVERY_STATUS, metavar="STATUS", help="only those in this status")
    shown.add_argument("--archived", action="store_true", help="those in the archive")
    shown.add_argument("--limit", type=int, default=SHOWN, help=f"how many, {SHOWN} by default")
    shown.set_defaults(run=lambda given: to_the_end(lambda: _list(given)))

    text = "one order with its history"
    one = office.add_parser("show", help=text, description=text)
    one.add_argument("number", type=_number, help="like 1042")
    one.set_defaults(run=lambda given: to_the_end(lambda: _show(given)))

    text = "orders as JSON, one a line: all, or with --claim those that were not handed out before"
    out = office.add_parser("export", help=text, description=text)
    which = out.add_mutually_exclusive_group()
    which.add_argument("--claim", action="store_true", help="hand out each order once; tells the claim's id on stderr")
    which.add_argument(
        "--again", nargs="?", type=int, const=0, metavar="CLAIM", help="the orders of that claim, or of the last one"
    )
    out.add_argument("--by", default="erp", metavar="NAME", help="who takes them, erp by default")
    out.add_argument("--limit", type=int, default=CLAIMED, help=f"at most so many in a claim, {CLAIMED} by default")
    out.set_defaults(run=lambda given: to_the_end(lambda: _export(given)))

    text = "all money as CSV, in double entries that sum to nothing"
    books = office.add_parser("ledger", help=text, description=text)
    books.set_defaults(run=lambda _given: to_the_end(_ledger))


def _number(text: str) -> int:
    return int(text.removeprefix("#"))


async def _list(given: argparse.Namespace) -> None:
    from bot.cli.desk import unit_of_work
    from flows import card
    from models import contacts, listing, visits

    async with unit_of_work(load_settings()) as work:
        page = await listing.page(
            work, statuses=[given.status] if given.status else EVERY_STATUS, since=datetime(2000, 1, 1, tzinfo=UTC),
            is_archived=given.archived, ascending=False, number=1, size=max(1, given.limit),
        )  # fmt: skip
        people = [await contacts.get(work, order.contact_id) for order in page.orders]
        booked = await visits.of_all(work, page.orders)
    for order, person in zip(page.orders, people, strict=True):
        customer = person.known_as(work.store.language)
        say(card.in_a_list(order, work.store, customer=customer, now=work.now, visit=booked.get(order.id)))
    if page.count > len(page.orders):
        say(f"{len(page.orders)} of {page.count}; more with --limit.")
    if not page.count:
        say("There is no such order.")


async def _show(given: argparse.Namespace) -> None:
    from bot.cli.desk import unit_of_work
    from flows import card
    from flows.settings import Settings
    from models import contacts, orders, visits

    async with unit_of_work(load_settings()) as work:
        if (order := await orders.find(work, given.number)) is None:
            raise Failure(f"There is no order #{given.number}. `orders list` shows those there are.")
        person = await contacts.get(work, order.contact_id)
        shown = card.card(
            order, await orders.lines_of(work, order), work.store, Settings(work.store.settings),
            customer=person.known_as(work.store.language), chat=None, now=work.now, actions=(),
            visit=await visits.of(work, order),
        )  # fmt: skip
        history = card.history(order, await orders.changes_of(work, order), work.store)
    say(str(getattr(shown, "body", "")))
    say(str(getattr(history, "body", "")).partition("\n")[2])


async def _export(given: argparse.Namespace) -> None:
    from bot.cli.desk import give, unit_of_work
    from models import audit, exports
    from models.work import Work

    settings = load_settings()
    if given.claim:
        handed_out: list[dict[str, Any]] = []

        async def claim(work: Work, event_id: int) -> str:
            handed_out.extend(await exports.claim(work, event_id, by=given.by[:60], limit=max(1, given.limit)))
            audit.record(
                work,
                event_id=event_id,
                contact_id=None,
                role="desk",
                action="orders export",
                outcome=str(len(handed_out)),
            )
            return str(event_id)

        told = await give(settings, "orders export", claim)
        _tell(handed_out, int(told) if handed_out else None)
        return
    async with unit_of_work(settings) as work:
        if given.again is None:
            found, claim_id = list(await exports.everything(work)), None
        else:
            claim_id, found = await exports.again(work, given.again or None, by=given.by[:60])
            if not found:
                raise Failure("There is no such claim; `orders export --claim` makes one.")
    _tell(found, claim_id)


async def _ledger() -> None:
    import csv

    from bot.cli.desk import unit_of_work
    from flows.books import COLUMNS
    from models import books

    async with unit_of_work(load_settings()) as work:
        lines = await books.lines(work)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    out.writerows(line.row() for line in lines)
    sys.stderr.write(f"{len(lines)} lines; they sum to {sum(line.amount for line in lines)}.\n")


def _tell(found: list[dict[str, Any]], claim_id: int | None) -> None:
    """The orders for the program that reads them, the claim for whoever runs it."""
    for order in found:
        say(orjson.dumps(order).decode())
    claim = f" in claim {claim_id}; the same again: orders export --again {claim_id}" if claim_id else ""
    sys.stderr.write(f"{len(found)} order{'' if len(found) == 1 else 's'}{claim}.\n")
