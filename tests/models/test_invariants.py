"""Every invariant can fail: on a healthy database, beside a healthy ledger, one fault at a time is planted and found."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise import Model

from models import invariants
from models.address import Address
from models.audit import AuditRow
from models.bookings import AppointmentRow, SessionRow
from models.catalog import ProductRow
from models.contacts import ContactRow
from models.database import Database
from models.inbox import InboxRow, source_hash
from models.invariants import Line, Sent, Stored, Violation
from models.orders import OrderRow
from models.outbox import OutboxRow
from models.statements import insert
from models.stores import StoreRow
from models.timers import TimerRow
from tests.journeys.script import Line as CartLine
from tests.world import stage

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
EARLIER, LONG_AGO = "'2026-03-02 09:55:00.000000+00:00'", "'2026-03-02 09:00:00.000000+00:00'"
WORDS = {"type": "text", "body": "Hello"}
SALT = b"salt"


def event(number: int, **given: Any) -> dict[str, Any]:
    """Done a second after it came."""
    at = NOW - timedelta(seconds=60 - number)
    moments = {"due_at": at, "received_at": at, "settled_at": at + timedelta(seconds=1)}
    keys = {"id": number, "store_id": 1, "source": source_hash(f"m:wamid.{number}", SALT), "ordering_key": "c:asha"}
    return keys | {"kind": "message", "payload": b"{}", "state": "done", "reason": None} | moments | given


def words(number: int, **given: Any) -> dict[str, Any]:
    keys = {"id": number, "store_id": 1, "contact_id": 1, "cause_id": number, "token": f"token-{number}"}
    state = {"purpose": "reply", "arrival": "must_arrive", "message": WORDS, "state": "delivered", "held": None}
    moments = {"due_at": NOW, "created_at": NOW, "attempted_at": NOW, "expires_at": None, "lease_until": None}
    return keys | state | moments | {"wamid": f"wamid.out{number}"} | given


def session(number: int, hour: int, **given: int) -> dict[str, Any]:
    begins, ends = NOW.replace(hour=hour), NOW.replace(hour=hour + 1)
    times = {"starts_at": begins, "ends_at": ends, "busy_from": begins, "busy_until": ends}
    return {"id": number, "store_id": 1, "calendar_id": 1, "sku": "CUT"} | times | given


def appointment(number: int, hour: int, session_id: int | None, **given: Any) -> dict[str, Any]:
    times = {"starts_at": NOW.replace(hour=hour), "ends_at": NOW.replace(hour=hour + 1)}
    whose = {"id": number, "store_id": 1, "contact_id": 1, "sku": "CUT", "calendar_id": 1, "calendar": "Asha"}
    return whose | {"places": 1, "session_id": session_id, "version": 1} | times | given


def booking(number: int, status: str) -> dict[str, Any]:
    money = dict.fromkeys(("subtotal", "discount", "tax", "shipping", "total"), 0)
    how = {"checkout_step": "complete", "payment_method": "cash", "delivery_method": "visit", "currency": "INR"}
    keys = {"id": number, "store_id": 1, "contact_id": 1, "number": number, "kind": "booking", "status": status}
    rest = {"placed_at": NOW, "changed_at": NOW, "customer_note": "", "needs_review": False, "version": 1}
    return keys | how | money | rest


HEALTHY: Sequence[tuple[type[Model], dict[str, Any]]] = (
    (StoreRow, {"id": 1, "name": "Shop", "country": "IN", "currency": "INR", "timezone": "Asia/Kolkata", "locale": "en",
                "settings": {}, "salt": SALT, "created_at": NOW}),
    (ContactRow, {"id": 1, "store_id": 1, "created_at": NOW}),
    (InboxRow, event(1)),
    (InboxRow, event(2)),
    (InboxRow, event(3, kind="status", ordering_key="status")),
    (InboxRow, event(4, ordering_key="c:rahul", state="dead", reason="ValueError")),
    (InboxRow, event(5, ordering_key="c:meera")),
    (OutboxRow, words(1)),
    (OutboxRow, words(2, state="queued", held="window", wamid=None)),
    (TimerRow, {"id": 1, "store_id": 1, "kind": "buried", "subject": "4", "due_at": NOW + timedelta(days=1)}),
    (AuditRow, {"store_id": 1, "event_id": 1, "action": "help", "outcome": "done", "at": NOW}),
    (ProductRow, {"id": 1, "store_id": 1, "retailer_id": "TEA", "title": "Tea", "price": 100, "currency": "INR",
                  "description": "", "brand": "", "availability": "in stock", "image_link": "", "link": "",
                  "item_group_id": "", "on_hand": 2, "kind": "product", "extras": {}, "reserved": 2, "updated_at": NOW}),
    (OrderRow, booking(1, "scheduled")),
    (OrderRow, booking(2, "no_show")),
    (OrderRow, booking(3, "canceled")),
    (SessionRow, session(1, 12, capacity=3, taken=3)),
    (SessionRow, session(2, 13, capacity=1, taken=1)),
    (AppointmentRow, appointment(1, 12, 1, order_id=1, places=2)),
    (AppointmentRow, appointment(2, 12, 1, order_id=2)),
    (AppointmentRow, appointment(3, 12, None, order_id=3)),
    (AppointmentRow, appointment(4, 13, 2, held_until=NOW)),
)  # fmt: skip

AGAIN = "store_id, source, kind, ordering_key, payload, state, due_at, received_at, settled_at"
SAID = "store_id, contact_id, cause_id, purpose, arrival, message, state, due_at, created_at, wamid"
UNGUARDED = {
    "UNGUARDED": ("DROP TRIGGER product_stock_update", "ALTER TABLE product DROP CONSTRAINT product_stock"),
    "CROWDED": ("DROP TRIGGER session_places_update", "ALTER TABLE session DROP CONSTRAINT session_places"),
    "OVERLAPPING": ("DROP TRIGGER session_apart_update", "ALTER TABLE session DROP CONSTRAINT session_apart"),
}
"""What the database itself would refuse: how to let it through, on SQLite and on Postgres."""

PLANTED: Sequence[tuple[str, int, tuple[str, ...]]] = (
    ("I2", 5, (f"UPDATE inbox SET state = 'new', settled_at = NULL, due_at = {LONG_AGO} WHERE id = 5",)),
    ("I2", 5, ("UPDATE inbox SET settled_at = NULL WHERE id = 5",)),
    ("I2", 4, ("UPDATE inbox SET reason = NULL WHERE id = 4",)),
    ("I2", 5, ("UPDATE inbox SET state = 'lost' WHERE id = 5",)),
    ("I3", 9, ("DROP INDEX inbox_source", f"INSERT INTO inbox (id, {AGAIN}) SELECT 9, {AGAIN} FROM inbox WHERE id = 3")),
    ("I3", 9, (f"INSERT INTO outbox (id, token, {SAID}) SELECT 9, 'other', {SAID} FROM outbox WHERE id = 1",)),
    ("I4", 1, ("UPDATE outbox SET contact_id = 99 WHERE id = 1",)),
    ("I4", 1, ("UPDATE outbox SET cause_id = 99 WHERE id = 1",)),
    ("I4", 1, ("UPDATE outbox SET cause_id = NULL WHERE id = 1",)),
    ("I4", 9, (f"INSERT INTO audit (id, store_id, event_id, action, outcome, at) VALUES (9, 1, 99, 'a', 'b', {EARLIER})",)),
    ("I6", 1, (f"UPDATE inbox SET state = 'new', settled_at = NULL, due_at = {EARLIER} WHERE id = 1",)),
    ("I6", 1, ("UPDATE inbox SET state = 'ignored', reason = 'echo' WHERE id = 1",)),
    ("I17", 1, ("UNGUARDED", "UPDATE product SET reserved = 3 WHERE id = 1")),
    ("I17", 1, ("UNGUARDED", "UPDATE product SET reserved = -1 WHERE id = 1")),
    ("I19", 2, ("OVERLAPPING", "UPDATE session SET busy_from = '2026-03-02 12:59:00.000000+00:00' WHERE id = 2")),
    ("I19", 1, ("CROWDED", "UPDATE session SET capacity = 2 WHERE id = 1")),
    ("I19", 1, ("UPDATE session SET taken = 2 WHERE id = 1",)),
    ("I19", 1, ("UPDATE appointment SET places = 1 WHERE id = 1",)),
    ("I19", 2, ("DELETE FROM appointment WHERE id = 4", "UPDATE session SET taken = 0 WHERE id = 2")),
    ("I19", 4, ("DELETE FROM session WHERE id = 2",)),
    ("I19", 4, ("UPDATE session SET calendar_id = 2 WHERE id = 2",)),
    ("I19", 4, (f"UPDATE appointment SET starts_at = {EARLIER} WHERE id = 4",)),
    ("I19", 1, ("UPDATE orders SET status = 'canceled' WHERE id = 1",)),
    ("I19", 3, ("UPDATE orders SET status = 'pending' WHERE id = 3",)),
    ("I19", 4, (f"UPDATE appointment SET held_until = {LONG_AGO} WHERE id = 4",)),
    ("I21", 4, ("DELETE FROM timer WHERE id = 1",)),
    ("I22", 1, (f"UPDATE outbox SET state = 'sending', lease_until = {LONG_AGO} WHERE id = 1",)),
    ("I22", 1, ("UPDATE outbox SET state = 'sending' WHERE id = 1",)),
    ("I26", 2, (f"UPDATE inbox SET settled_at = {EARLIER} WHERE id = 2",)),
    ("I26", 2, ("UPDATE outbox SET state = 'unknown' WHERE id IN (1, 2)",)),
    ("I28", 1, (f"UPDATE outbox SET expires_at = {EARLIER} WHERE id = 1",)),
    ("I29", 1, ("UPDATE outbox SET state = 'lost' WHERE id = 1",)),
    ("I29", 1, ("UPDATE outbox SET wamid = NULL WHERE id = 1",)),
    ("I39", 1, ("UPDATE timer SET state = 'rung' WHERE id = 1",)),
    ("I39", 1, ("UPDATE inbox SET kind = 'timer.buried' WHERE id = 5",)),
    ("I39", 1, (f"UPDATE timer SET due_at = {LONG_AGO} WHERE id = 1",)),
)  # fmt: skip
"""What is broken, the row that shows it, and how."""

UNFINISHED: Sequence[tuple[str, int, str]] = (
    ("I2", 5, f"UPDATE inbox SET state = 'new', settled_at = NULL, due_at = {EARLIER} WHERE id = 5"),
    ("I19", 4, f"UPDATE appointment SET held_until = {EARLIER} WHERE id = 4"),
    ("I22", 2, "UPDATE outbox SET held = NULL WHERE id = 2"),
    ("I22", 1, "UPDATE outbox SET state = 'unknown' WHERE id = 1"),
    ("I39", 1, f"UPDATE timer SET due_at = {EARLIER} WHERE id = 1"),
)
"""What may be for a while, but not when everything has come to rest."""


class Undo(Exception):
    """Rolls a transaction back."""


@pytest.fixture
async def healthy(ready_url: str) -> AsyncIterator[Database]:
    """An open database in which nothing is broken."""
    database = Database(Address(ready_url))
    await database.open()
    try:
        await database.write([(insert(row, *values), [tuple(values.values())]) for row, values in HEALTHY])
        yield database
    finally:
        await database.close()


async def broken(healthy: Database, *changes: str, settled: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    """What is found after `changes`, which are then taken back."""
    violations: list[Violation] = []
    with contextlib.suppress(Undo):
        async with healthy.transaction() as connection:
            for change in changes:
                on_sqlite, on_postgres = UNGUARDED.get(change, (change, change))
                sql = on_sqlite if healthy.address.is_sqlite else on_postgres
                await connection.execute_query(sql)  # type: ignore[attr-defined]
            violations = await invariants.violations(connection, now=NOW, settled=settled)
            raise Undo
    return found(violations)


def found(violations: Sequence[Violation]) -> list[tuple[str, tuple[int, ...]]]:
    return [(violation.id, violation.ids) for violation in violations]


async def test_a_healthy_database_breaks_nothing(healthy: Database) -> None:
    assert await broken(healthy) == await broken(healthy, settled=True) == []


async def test_a_planted_fault_is_found_and_nothing_else(healthy: Database) -> None:
    assert {changes: await broken(healthy, *changes) for _, _, changes in PLANTED} == {
        changes: [(name, (row,))] for name, row, changes in PLANTED
    }


async def test_what_may_wait_may_not_when_all_is_settled(healthy: Database) -> None:
    for name, row, change in UNFINISHED:
        assert await broken(healthy, change) == []
        assert await broken(healthy, change, settled=True) == [(name, (row,))]


async def test_a_dead_letter_may_be_handled_again_after_those_behind_it(healthy: Database) -> None:
    assert not await broken(
        healthy,
        "UPDATE timer SET subject = '1' WHERE id = 1",
        "UPDATE inbox SET state = 'done' WHERE id = 4",
        f"UPDATE inbox SET state = 'new', settled_at = NULL, due_at = {EARLIER} WHERE id = 1",
    )


def test_a_violation_says_what_is_broken_and_where() -> None:
    assert str(Violation("I3", "What happened once is in the inbox once.", (4, 9))) == (
        "I3 is broken: What happened once is in the inbox once. See 4, 9."
    )


STORED = Stored(
    (b"another store's", SALT),
    {source_hash("m:wamid.1", SALT): (1, "done"), source_hash("s:wamid.out1:delivered", SALT): (2, "done")},
    {"token-1": Sent(11, 1, "reply", "delivered", 0, None), "token-2": Sent(12, None, "alert", "queued", 0, None)},
)


def line(kind: str, *, second: int = 0, **fields: Any) -> Line:
    return {"n": second, "at": (NOW + timedelta(seconds=second)).isoformat(), "kind": kind, **fields}


def wrote(second: int = 1) -> Line:
    return line("wrote", second=second, person="asha", wamid="wamid.1")


def taken(token: str | None = "token-1", second: int = 4, template: str | None = None) -> Line:
    return line("accepted", second=second, token=token, person="asha", wamid="wamid.out1", template=template)


QUEUED = line("queued", second=2, value={"messages": [{"id": "wamid.1", "type": "text"}]})
HEARD = line("acknowledged", second=3, sources=["wamid.1"])
DELIVERED = line("acknowledged", second=5, sources=["wamid.out1:delivered", "template:order_update:en:APPROVED:1"])
LEDGER = (wrote(), QUEUED, HEARD, taken(), DELIVERED)


def sent(token: str = "token-1", **changes: Any) -> Stored:
    """The same, with that message changed."""
    return replace(STORED, messages={**STORED.messages, token: replace(STORED.messages[token], **changes)})


BURST = [taken(f"token-{n}", second=4) for n in range(46)]
BESIDE: Sequence[tuple[str, int, Stored, Sequence[Line]]] = (
    ("I1", 3, replace(STORED, salts=(b"another salt",)), [HEARD]),
    ("I1", 5, replace(STORED, events={}), [DELIVERED]),
    ("I4", 4, STORED, [wrote(), taken("token-3")]),
    ("I4", 4, STORED, [wrote(), taken(None)]),
    ("I23", 11, STORED, [wrote(), taken(), taken()]),
    ("I23", 11, sent(resends=1), [wrote(), taken(), taken()]),
    ("I24", 4, STORED, [taken()]),
    ("I24", 4, STORED, [wrote(4 - 86_400), taken()]),
    ("I24", 4, STORED, [wrote(5), taken()]),
    ("I25", 4, replace(STORED, messages={f"token-{n}": Sent(n, None, "alert", "sent", 0, None) for n in range(46)}),
     [wrote(), *BURST]),
    ("I26", 11, STORED, [wrote(), taken("token-2"), taken()]),
    ("I28", 4, sent(expires_at=NOW), LEDGER),
)  # fmt: skip


@pytest.mark.parametrize("settled", [False, True])
def test_a_healthy_ledger_breaks_nothing(settled: bool) -> None:
    assert invariants.judge(STORED, LEDGER, settled=settled) == []


@pytest.mark.parametrize(("name", "where", "stored", "ledger"), BESIDE)
def test_what_meta_saw_is_compared_with_what_is_stored(
    name: str, where: int, stored: Stored, ledger: Sequence[Line]
) -> None:
    assert found(invariants.judge(stored, ledger)) == [(name, (where,))]


@pytest.mark.parametrize(
    ("name", "where", "stored", "ledger"),
    [
        ("I6", 1, sent(cause_id=7), LEDGER),
        ("I6", 1, replace(STORED, messages={f"{n}": Sent(n, 1, "reply", "sent", 0, None) for n in range(4)}), LEDGER[:3]),
        ("I22", 11, STORED, LEDGER[:3]),
        ("I29", 11, sent(state="sent"), LEDGER),
    ],
)  # fmt: skip
def test_when_all_is_settled_more_is_asked(name: str, where: int, stored: Stored, ledger: Sequence[Line]) -> None:
    assert (name, (where,)) not in found(invariants.judge(stored, ledger))
    assert (name, (where,)) in found(invariants.judge(stored, ledger, settled=True))


@pytest.mark.parametrize(
    ("stored", "ledger"),
    [
        (STORED, [taken(template="utility")]),
        (STORED, [wrote(), taken("token-2", template="utility"), taken()]),
        (STORED, [wrote(), line("refused", token="token-1"), taken("token-2"), taken()]),
        (STORED, [wrote(), *[taken("token-1", second=4 + 6 * n) for n in range(60)]]),
    ],
    ids=["a template needs no window", "and overtakes", "what was refused is overtaken", "one in six seconds"],
)
def test_what_is_allowed_is_not_found(stored: Stored, ledger: Sequence[Line]) -> None:
    assert [v for v in invariants.judge(stored, ledger) if v.id in {"I24", "I25", "I26"}] == []


@pytest.mark.parametrize(
    ("stored", "ledger", "expected"),
    [
        (sent(resends=1), [wrote(), taken(), taken(second=24)], []),
        (sent(resends=1), [wrote(), taken(), taken(second=23)], [("I23", (11,))]),
        (sent(resends=1), [wrote(), taken(), taken(second=24), taken(second=44)], [("I23", (11,))]),
        (STORED, [wrote(), taken(), taken(second=24)], [("I23", (11,))]),
        (sent(resends=1), [wrote(), taken(), DELIVERED, taken(second=24)], [("I23", (11,))]),
        (sent(resends=1), [wrote(), taken(second=-15), DELIVERED, taken(second=6)], []),
    ],
    ids=["late statuses", "too soon", "twice again", "by nobody", "a status was read", "a status came meanwhile"],
)
def test_a_message_goes_again_only_when_no_status_came_in_time(
    stored: Stored, ledger: Sequence[Line], expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert [v for v in found(invariants.judge(stored, ledger)) if v[0] != "I24"] == expected


async def test_a_conversation_breaks_nothing(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path) as world:
        await world.say("Asha", "hi")
        await world.settle()
        sku = next(iter(world.sandbox.world.catalogue))
        await world.cart("Asha", [CartLine(2, sku)], "")
        await world.say("Priya", "doctor")
        await world.settle()
        async with world.app.database.transaction() as connection:
            broken = await invariants.violations(connection, now=world.app.clock.now(), settled=True)
            stored = await invariants.read(connection)
        ledger = world.sandbox.ledger
        assert broken + invariants.judge(stored, ledger.entries, settled=True) == []
        assert len(stored.messages) == len(ledger.accepted()) > 0
