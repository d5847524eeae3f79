"""No statement reads a whole table that grows: a shop with a million orders waits no longer than one with a thousand."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType

from models import (
    audit,
    bookings,
    catalog,
    contacts,
    health,
    inbox,
    ledger,
    orders,
    outbox,
    questions,
    returns,
    sending,
    staff,
    stores,
    templates,
    timers,
)
from models.address import Address
from models.statements import Statement, Write
from models.work import Table, View

MODULES = (
    audit, bookings, catalog, contacts, health, inbox, ledger, orders, outbox, questions, returns, sending, staff, stores,
    templates, timers,
)  # fmt: skip
SMALL = {"number", "s", "lane", "head", "CONSTANT ROW"}
"""One row, a few people, or what the statement itself has found."""
GROWING = {"t", "identity", "inbox", "orders", "outbox", "contact"}
"""`t` is what `statements.select` calls its table. By their store alone all rows of it are found: there is one store."""
RARE = {"models.bookings._CALENDARS", "models.contacts._JOINED", "models.orders._COUNTED", "models.orders._PAGES"}
"""A shop has few calendars; two contacts turn out to be one person; staff ask for a page of orders."""


def statements(module: ModuleType) -> Iterator[tuple[str, Statement | Write]]:
    for name, value in vars(module).items():
        for each in members(value):
            yield f"{module.__name__}.{name}", each


def members(value: object) -> Iterator[Statement | Write]:
    if isinstance(value, Statement | Write):
        yield value
    elif isinstance(value, Table):
        yield from (value.insert, value.update)
    elif isinstance(value, View) and isinstance(update := getattr(value, "update", None), Write):
        yield update
    elif isinstance(value, Mapping) and not isinstance(value, str):
        for each in value.values():
            yield from members(each)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from members(each)


def test_no_statement_reads_a_table_from_end_to_end(sqlite_url: str) -> None:
    database = sqlite3.connect(Address(sqlite_url).path)
    found = {}
    for module in MODULES:
        for name, each in statements(module):
            given: object = dict.fromkeys(each.kinds) if isinstance(each, Statement) else [None] * len(each.kinds)
            plan = database.execute(f"EXPLAIN QUERY PLAN {each.sqlite}", given)  # type: ignore[arg-type]
            steps = [step for _, _, _, step in plan]
            scans = {step.removeprefix("SCAN ") for step in steps if step.startswith("SCAN ")}
            scans |= {step for step in steps if step.endswith("(store_id=?)") and step.split()[1] in GROWING}
            whole = {scan for scan in scans - SMALL if "SEARCH" in scan or " USING " not in scan}
            whole = {scan for scan in whole if "json_each" not in scan}
            if whole and name not in RARE:
                found[name] = whole
    database.close()
    assert found == {}
