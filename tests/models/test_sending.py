"""What the sender does to outbox rows, on both databases: order, pace, pauses, and answers that come late or twice."""

from datetime import timedelta
from typing import Any

import pytest

from flows import limits
from flows.messages import Template, Text
from flows.pacing import Pace
from models import contacts, outbox, sending
from models.database import Database
from models.outbox import EPHEMERAL, MUST_ARRIVE, ONCE, Outbound
from models.sending import Claim, Recipient, Settlement, Unsent
from models.templates import States
from tests.models.units import NOW, STORE, rows, run, unit

FAST = Pace(timedelta(milliseconds=10), 100)
"""A number that holds nobody up."""
SECOND = timedelta(seconds=1)


def send_all(_row: Outbound, _recipient: Recipient, _states: States) -> Unsent | None:
    return None


async def people(database: Database, count: int) -> list[int]:
    async with unit(database) as work:
        return [contacts.create(work, wa_id=f"9198{n}", bsuid=None).id for n in range(count)]


async def say(database: Database, *to: int, arrival: str = MUST_ARRIVE, fallback: Template | None = None) -> None:
    """One message after the other, numbered from 1."""
    async with unit(database) as work:
        for contact in to:
            outbox.say(work, contact, Text("words"), cause=None, arrival=arrival, fallback=fallback)


async def claim(
    database: Database,
    *,
    at: timedelta = timedelta(),
    limit: int = 64,
    pace: Pace | None = FAST,
    choose: sending.Choose = send_all,
) -> Claim:
    async with database.transaction() as connection:
        return await sending.claim(
            connection, store_id=STORE.id, now=NOW + at, limit=limit, pace=lambda _: pace, choose=choose
        )


def sent(claim: Claim) -> list[int]:
    return [row.id for row, _ in claim.sends]


async def settle(database: Database, row: Outbound, event: str, **more: Any) -> None:
    async with database.transaction() as connection:
        await sending.settle(connection, STORE.id, [Settlement(row, event, NOW, **more)], now=NOW)


async def states(database: Database) -> list[str]:
    return [row["state"] for row in await rows(database, "SELECT state FROM outbox ORDER BY id")]


async def due_next(database: Database, *, after: timedelta = timedelta(), pace: Pace | None = FAST) -> timedelta | None:
    async with database.transaction() as connection:
        due = await sending.next_due(connection, STORE.id, lambda _: pace, after=NOW + after)
    return due - NOW if due else None


async def test_each_contacts_oldest_is_taken_and_marked_as_attempted(database: Database) -> None:
    a, b = await people(database, 2)
    await say(database, a, a, b, a)
    taken = await claim(database)

    assert sent(taken) == [1, 3]
    assert [recipient.wa_id for _, recipient in taken.sends] == ["91980", "91981"]
    found = await rows(database, "SELECT state, attempts, lease_until IS NOT NULL AS leased FROM outbox ORDER BY id")
    assert [(row["state"], row["attempts"], bool(row["leased"])) for row in found] == [
        ("sending", 1, True), ("queued", 0, False), ("sending", 1, True), ("queued", 0, False),
    ]  # fmt: skip
    assert sent(await claim(database)) == []


@pytest.mark.parametrize(
    ("change", "goes"),
    [
        ("state = 'sending'", []),
        ("state = 'unknown', due_at = '2027-01-01 00:00:00.000000+00:00'", []),
        ("due_at = '2027-01-01 00:00:00.000000+00:00'", []),
        ("held = 'window'", [2]),
        ("state = 'failed'", [2]),
        ("state = 'expired'", [2]),
        ("state = 'read'", [2]),
    ],
)
async def test_what_stands_before_a_message_holds_it_back_or_not(
    database: Database, change: str, goes: list[int]
) -> None:
    [a] = await people(database, 1)
    await say(database, a, a)
    await run(database, f"UPDATE outbox SET {change} WHERE id = 1")

    assert sent(await claim(database)) == goes


async def test_no_more_are_taken_than_there_is_room_for(database: Database) -> None:
    await say(database, *await people(database, 5))

    assert [sent(await claim(database, limit=2)) for _ in range(3)] == [[1, 2], [3, 4], [5]]


async def test_one_person_gets_a_burst_and_then_one_message_in_six_seconds(database: Database) -> None:
    [a] = await people(database, 1)
    await say(database, *[a] * (limits.PAIR_BUCKET + 3))
    moments = []
    at = timedelta()
    while await states(database) != ["accepted"] * (limits.PAIR_BUCKET + 3):
        taken = await claim(database, at=at)
        for row, _ in taken.sends:
            moments.append(at)
            await settle(database, row, "accepted", wamid=f"w{row.id}")
        if not taken.sends:
            due = await due_next(database, after=at)
            assert due is not None
            at = due

    assert moments == [timedelta()] * limits.PAIR_BUCKET + [limits.PAIR_INTERVAL * n for n in (1, 2, 3)]


async def test_the_number_takes_as_many_as_its_pace_allows_in_the_order_of_the_outbox(database: Database) -> None:
    await say(database, *await people(database, 8))
    pace = Pace(SECOND, 3)

    assert [sent(await claim(database, at=SECOND * n, pace=pace)) for n in range(4)] == [[1, 2, 3], [4], [5], [6]]
    assert await due_next(database, after=SECOND * 3, pace=pace) == SECOND * 4
    assert sent(await claim(database, at=SECOND * 3, pace=None)) == [7, 8], "a pace of 0 is none"


async def test_what_does_not_go_now_is_held_or_ended(database: Database) -> None:
    await say(database, *await people(database, 3))
    verdicts = {1: Unsent(held="window"), 2: Unsent(ended="expired"), 3: Unsent(ended="suppressed")}
    taken = await claim(database, choose=lambda row, *_: verdicts[row.id])

    assert (sent(taken), taken.moved) == ([], 3)
    assert [(ended.row.id, ended.state) for ended in taken.ended] == [(2, "expired"), (3, "suppressed")]
    assert await rows(database, "SELECT state, held FROM outbox ORDER BY id") == [
        {"state": "queued", "held": "window"}, {"state": "expired", "held": None}, {"state": "suppressed", "held": None},
    ]  # fmt: skip
    assert (await claim(database)).moved == 0


@pytest.mark.parametrize(
    ("arrival", "resends", "unsent", "state"),
    [
        (MUST_ARRIVE, 0, None, "sending"),
        (MUST_ARRIVE, 1, None, "failed"),
        (ONCE, 0, None, "failed"),
        (EPHEMERAL, 0, None, "failed"),
        (MUST_ARRIVE, 0, Unsent(held="window"), "failed"),
        (MUST_ARRIVE, 0, Unsent(held="template"), "failed"),
        (MUST_ARRIVE, 0, Unsent(ended="expired"), "failed"),
    ],
)
async def test_a_silence_is_judged_by_what_the_message_is(
    database: Database, arrival: str, resends: int, unsent: Unsent | None, state: str
) -> None:
    [a] = await people(database, 1)
    await say(database, a, arrival=arrival)
    await run(database, f"UPDATE outbox SET state = 'unknown', attempts = 1, resends = {resends}")
    taken = await claim(database, choose=lambda *_: unsent)

    assert await states(database) == [state]
    assert [ended.state for ended in taken.ended] == ([] if state == "sending" else ["failed"])
    assert [row.resends for row, _ in taken.sends] == ([0] if state == "sending" else [])


async def sent_once(database: Database) -> Outbound:
    [a] = await people(database, 1)
    await say(database, a)
    [(row, _)] = (await claim(database)).sends
    return row


@pytest.mark.parametrize(
    ("event", "once", "twice"),
    [
        ("accepted", "accepted", "accepted"),
        ("returned", "queued", "queued"),
        ("refused", "failed", "failed"),
        ("lost", "unknown", "unknown"),
    ],
)
async def test_an_answer_that_is_written_twice_is_written_once(
    database: Database, event: str, once: str, twice: str
) -> None:
    """Nobody knows whether a commit that was cut off has happened."""
    row = await sent_once(database)
    await settle(database, row, event, wamid="w")
    first = await states(database)
    await settle(database, row, event, wamid="w")

    assert (first, await states(database)) == ([once], [twice])


@pytest.mark.parametrize(
    ("event", "state"), [("accepted", "accepted"), ("returned", "sending"), ("refused", "sending"), ("lost", "sending")]
)
async def test_a_late_answer_counts_for_its_own_attempt_only_unless_meta_took_it(
    database: Database, event: str, state: str
) -> None:
    row = await sent_once(database)
    await run(database, "UPDATE outbox SET attempts = 2, resends = 1")
    await settle(database, row, event, wamid="w")

    assert await states(database) == [state]


@pytest.mark.parametrize("state", ["queued", "expired"])
async def test_that_meta_took_it_is_news_wherever_the_row_stands(database: Database, state: str) -> None:
    row = await sent_once(database)
    await run(database, f"UPDATE outbox SET state = '{state}'")
    await settle(database, row, "refused")
    assert await states(database) == [state]

    await settle(database, row, "accepted", wamid="w")
    assert await states(database) == ["accepted"]


@pytest.mark.parametrize("event", ["accepted", "returned", "refused", "lost"])
async def test_that_meta_called_the_window_closed_is_not_forgotten(database: Database, event: str) -> None:
    row = await sent_once(database)
    await settle(database, row, "returned", closes=True)
    [(again, _)] = (await claim(database)).sends
    await settle(database, again, event)

    assert again.closed
    assert [bool(found["closed"]) for found in await rows(database, "SELECT closed FROM outbox")] == [True]


@pytest.mark.parametrize("event", ["accepted", "returned", "refused", "lost"])
async def test_a_status_that_overtook_the_answer_stands(database: Database, event: str) -> None:
    row = await sent_once(database)
    await run(database, "UPDATE outbox SET state = 'delivered', wamid = 'by status'")
    await settle(database, row, event, wamid="w")

    assert await rows(database, "SELECT state, wamid FROM outbox") == [{"state": "delivered", "wamid": "by status"}]


async def test_a_person_who_got_too_much_waits_alone_and_recovers(database: Database) -> None:
    a, b = await people(database, 2)
    await say(database, a, a, b)
    (row, _), (other, _) = (await claim(database)).sends
    await settle(database, row, "returned", back_off_until=NOW + SECOND * 4)
    await settle(database, other, "accepted", wamid="w")

    assert sent(await claim(database, at=SECOND * 3)) == []
    assert await due_next(database, after=SECOND * 3) == SECOND * 4
    [(again, recipient)] = (await claim(database, at=SECOND * 4)).sends
    assert (again.id, again.attempts, recipient.backoffs) == (1, 1, 1)
    await settle(database, again, "accepted", wamid="w2", calms=recipient.backoffs > 0)
    assert await rows(database, "SELECT DISTINCT backoffs FROM contact") == [{"backoffs": 0}]


async def pause(database: Database, seconds: int) -> None:
    async with database.transaction() as connection:
        await sending.pause(connection, STORE.id, until=NOW + SECOND * seconds, code=190)


async def test_after_a_pause_a_single_message_finds_out(database: Database) -> None:
    await say(database, *await people(database, 3))
    await pause(database, 60)
    assert [sent(await claim(database, at=SECOND * s)) for s in (0, 59)] == [[], []]
    assert await due_next(database) == SECOND * 60

    [(probe, _)] = (await claim(database, at=SECOND * 60)).sends
    assert sent(await claim(database, at=SECOND * 61)) == [], "not before its answer"
    await settle(database, probe, "accepted", wamid="w")
    assert sent(await claim(database, at=SECOND * 62)) == [2, 3]
    async with database.transaction() as connection:
        number = await sending.get_number(connection, STORE.id)
    assert (number.pauses, number.paused_until, number.pause_code) == (0, None, None)


async def test_pauses_are_counted_until_something_is_accepted(database: Database) -> None:
    for n in (1, 2, 3):
        await pause(database, 60)
        async with database.transaction() as connection:
            assert (await sending.get_number(connection, STORE.id)).pauses == n


async def test_an_attempt_whose_worker_is_gone_becomes_unknown_when_its_lease_ends(database: Database) -> None:
    await sent_once(database)
    lapsed = []
    for after in (sending.LEASE - SECOND, sending.LEASE):
        async with database.transaction() as connection:
            lapsed.append(await sending.expire_leases(connection, NOW + after))

    assert lapsed == [0, 1]
    assert await states(database) == ["unknown"]
    assert await due_next(database) == sending.LEASE + limits.AMBIGUOUS_WAIT


async def test_what_may_have_gone_out_as_a_template_waits_as_long_as_one(database: Database) -> None:
    """Nobody knows in which form: 20 seconds would send a template again whose status Meta may take 60 for."""
    [a, b] = await people(database, 2)
    async with unit(database) as work:
        outbox.say(work, a, Text("words"), cause=None, fallback=Template("order_update", "en", ("words",)))
        outbox.say(work, b, Text("words"), cause=None)
    await claim(database)
    async with database.transaction() as connection:
        assert await sending.expire_leases(connection, NOW, alone=True) == 2

    later = limits.AMBIGUOUS_TEMPLATE_WAIT - timedelta(microseconds=1)
    assert [sent(await claim(database, at=at)) for at in (limits.AMBIGUOUS_WAIT, later)] == [[2], []]
    assert sent(await claim(database, at=limits.AMBIGUOUS_TEMPLATE_WAIT)) == [1]


@pytest.mark.parametrize(("alone", "state"), [(True, "unknown"), (False, "sending")])
async def test_a_start_ends_every_pause_and_if_alone_every_attempt(database: Database, alone: bool, state: str) -> None:
    await sent_once(database)
    await pause(database, 60)
    async with database.transaction() as connection:
        await sending.start_again(connection, STORE.id, NOW, alone=alone)
        number = await sending.get_number(connection, STORE.id)

    assert (await states(database), number.pauses) == ([state], 0)


async def test_what_was_held_goes_on_when_the_person_has_written_since_the_attempt(database: Database) -> None:
    """Whoever never wrote, wrote before it, or wrote so long ago that the window has closed again has to write first."""
    everybody = await people(database, 4)
    await say(database, *everybody)
    await run(
        database, "UPDATE outbox SET held = 'window', closed = TRUE, attempted_at = '2026-03-01 12:00:00.000000+00:00'"
    )
    for contact, wrote in zip(
        everybody[1:], ("2026-03-01 11:59:59", "2026-03-01 12:00:01", "2026-02-20 12:00:00"), strict=True
    ):
        await run(database, f"UPDATE contact SET last_inbound_at = '{wrote}.000000+00:00' WHERE id = {contact}")
    async with database.transaction() as connection:
        assert await sending.release(connection, NOW) == 1

    assert await rows(database, "SELECT contact_id FROM outbox WHERE held IS NULL") == [{"contact_id": everybody[2]}]


@pytest.mark.parametrize("fallback", [None, Template("staff_alert", "en", ())])
async def test_when_an_alert_last_went_out_is_known_where_a_template_may_go(
    database: Database, fallback: Template | None
) -> None:
    [a] = await people(database, 1)
    await say(database, a, a, fallback=fallback)
    await run(
        database,
        "UPDATE outbox SET purpose = 'alert', state = 'sent', attempts = 1,"
        " attempted_at = '2026-03-01 10:00:00.000000+00:00' WHERE id = 1",
    )
    [(_, recipient)] = (await claim(database)).sends

    assert recipient.alerted_at == recipient.nudged_at
    assert recipient.alerted_at == (NOW.replace(day=1, hour=10, minute=0) if fallback else None)


async def test_nothing_is_due_when_nothing_waits_or_all_wait_for_an_answer(database: Database) -> None:
    assert await due_next(database) is None
    [a] = await people(database, 1)
    await say(database, a, a)
    await claim(database)
    assert await due_next(database) is None
