"""What follows when Meta reports on a message of ours: its rank, and for a failure the template, the alert, or silence."""

from typing import Any

import pytest

from flows.inbound import StatusReport
from flows.messages import Template, Text
from flows.news import News
from handlers.reports import on_reports
from models import contacts, inbox, outbox, staff
from models.database import Database
from models.inbox import STATUS_LANE, Arrival
from models.outbox import ALERT, EPHEMERAL, MUST_ARRIVE, NOTICE, ONCE
from tests.models.units import NOW, STORE, rows, run, unit

SHORT = Template("order_update", "en", ("Nukkad", "short"))
UNREACHABLE = (
    "⚠️ A message to Asha could not be delivered. WhatsApp cannot deliver to this person: no WhatsApp on this number, "
    "an old app, terms not accepted, or they blocked us. Reach them another way."
)


async def people(database: Database) -> None:
    """Asha, a customer, and two of the shop."""
    async with unit(database) as work:
        contacts.create(work, wa_id="9198", bsuid=None, name="Asha")
    for number, name in (("9191", "Priya"), ("9192", "Ravi")):
        async with unit(database) as work:
            await staff.appoint(work, wa_id=number, role="owner", name=name)


async def to(database: Database, name: str) -> int:
    found = await rows(
        database,
        "SELECT c.id FROM contact c LEFT JOIN staff s ON s.contact_id = c.id"
        f" WHERE COALESCE(s.name, c.name) = '{name}'",
    )
    return int(found[0]["id"])


async def accepted(database: Database, who: str, *, purpose: str = NOTICE, arrival: str = MUST_ARRIVE) -> None:
    """A message that Meta took, with the wamid `w`."""
    contact_id = await to(database, who)
    async with unit(database) as work:
        outbox.say(
            work, contact_id, Text("words"), cause=None, fallback=SHORT, purpose=purpose, arrival=arrival, order_id=7
        )
    await run(
        database, "UPDATE outbox SET state = 'accepted', attempts = 1, wamid = 'w', token = 't' WHERE state = 'queued'"
    )


async def again_accepted(database: Database) -> None:
    """Meta took what was said again, and nothing else is told of it yet."""
    await run(database, "UPDATE outbox SET wamid = NULL WHERE token = 't'")
    await run(
        database,
        "UPDATE outbox SET state = 'accepted', attempts = 1, wamid = 'w' WHERE state = 'queued' AND purpose = 'notice'",
    )
    await run(database, "DELETE FROM inbox")


async def report(database: Database, *words: str, code: int | None = None) -> None:
    """Meta's words on the message `w`, all at once."""
    arrivals = [Arrival(f"s:{word}", "status", STATUS_LANE, b"") for word in words]
    await database.write([(inbox.ACCEPT, inbox.rows(arrivals, store_id=STORE.id, salt=STORE.salt, now=NOW))])
    async with unit(database) as work:
        events = await inbox.claim_statuses(work.connection, NOW)
        told = [(event, StatusReport("w", word, None, NOW, code)) for event, word in zip(events, words, strict=True)]
        assert [outcome for _, outcome in await on_reports(work, told)] == ["done"] * len(words)


async def said(database: Database) -> list[tuple[Any, ...]]:
    """All that waits: to whom, as what, and how it must go."""
    found = await rows(
        database,
        "SELECT COALESCE(s.name, c.name) AS name, o.purpose, o.arrival, o.closed FROM outbox o"
        " JOIN contact c ON c.id = o.contact_id LEFT JOIN staff s ON s.contact_id = c.id WHERE o.state = 'queued' ORDER BY o.id",
    )
    return [(row["name"], row["purpose"], row["arrival"], bool(row["closed"])) for row in found]


async def news(database: Database) -> list[str]:
    found = await rows(database, "SELECT token FROM outbox WHERE purpose = 'alert' AND state = 'queued' ORDER BY id")
    async with database.transaction() as connection:
        values = await outbox.find_reported(connection, [row["token"] for row in found], [])
    return [value.message.body for value in values if isinstance(value.message, Text)]


@pytest.fixture(autouse=True)
async def everybody(database: Database) -> None:
    await people(database)


@pytest.mark.parametrize("arrival", [MUST_ARRIVE, ONCE])
async def test_staff_hear_of_what_did_not_arrive(database: Database, arrival: str) -> None:
    await accepted(database, "Asha", arrival=arrival)
    await report(database, "sent", "failed", code=131026)

    assert await rows(database, "SELECT state, error_code FROM outbox WHERE token = 't'") == [
        {"state": "failed", "error_code": 131026}
    ]
    assert await news(database) == [UNREACHABLE, UNREACHABLE]


async def test_one_of_the_staff_is_not_told_what_did_not_reach_them(database: Database) -> None:
    await accepted(database, "Priya")
    await report(database, "failed", code=131026)

    assert [who for who, *_ in await said(database)] == ["Ravi"]


async def test_what_may_be_let_go_is_let_go(database: Database) -> None:
    await accepted(database, "Asha", arrival=EPHEMERAL)
    await report(database, "failed", code=131026)

    assert await said(database) == []


@pytest.mark.parametrize("words", [("delivered", "failed"), ("failed", "read"), ("sent", "delivered")])
async def test_a_failure_of_what_was_delivered_is_none(database: Database, words: tuple[str, ...]) -> None:
    await accepted(database, "Asha")
    await report(database, *words, code=131026)

    assert await said(database) == []


async def test_for_a_closed_window_it_is_said_again_as_a_template_once(database: Database) -> None:
    await accepted(database, "Asha")
    await report(database, "failed", code=131047)
    assert await said(database) == [("Asha", NOTICE, MUST_ARRIVE, True)]
    [again] = await rows(database, "SELECT order_id, cause_id FROM outbox WHERE state = 'queued'")
    assert again == {"order_id": 7, "cause_id": None}

    await again_accepted(database)
    await report(database, "failed", code=131047)
    assert [who for who, *_ in await said(database)] == ["Priya", "Ravi"]


async def test_a_failed_alert_alerts_nobody(database: Database) -> None:
    await accepted(database, "Priya", purpose=ALERT)
    await report(database, "failed", code=131026)

    assert await said(database) == []


async def test_an_alert_said_again_ends_there(database: Database) -> None:
    """Another alert waits beside it, and its own failure is nobody's news: two would tell each other for ever."""
    await accepted(database, "Priya", purpose=ALERT)
    priya = await to(database, "Priya")
    async with unit(database) as work:
        work.tell(priya, News("other news"))
    await report(database, "failed", code=131047)
    assert await said(database) == [("Priya", ALERT, MUST_ARRIVE, False), ("Priya", NOTICE, EPHEMERAL, True)]

    await again_accepted(database)
    await report(database, "failed", code=131047)
    assert await said(database) == [("Priya", ALERT, MUST_ARRIVE, False)]


async def test_a_failure_without_a_code_is_told_too(database: Database) -> None:
    await accepted(database, "Asha")
    await report(database, "failed")

    told = "⚠️ A message to Asha could not be delivered. WhatsApp did not deliver a message for a reason we do not know."
    assert [words[: len(told)] for words in await news(database)] == [told, told]
