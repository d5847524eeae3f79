"""The outbox: words as they were said, one waiting alert for each of the staff, and what Meta reports of them."""

from datetime import timedelta
from typing import Any

import pytest

from flows.effects import TellStaff
from flows.messages import AddressForm, Button, Buttons, Catalogue, Message, Row, Rows, Template, Text
from flows.news import News
from models import effects, outbox, staff
from models.database import Database
from models.work import Conflict
from tests.models.units import NOW, rows, run, unit

PRIYA, RAVI = 11, 12


async def kept(database: Database, what: str = "*") -> list[dict[str, Any]]:
    return await rows(database, f"SELECT {what} FROM outbox ORDER BY id")


@pytest.mark.parametrize(
    "message",
    [
        Text("one\ntwo “three” 👋"),
        Buttons("Which?", (Button("a", "A"), Button("b", "B"))),
        Rows("Which?", "Choose", (Row("a", "A", "the first"), Row("b", "B"))),
        Catalogue("All we have", "CHAI-250"),
        AddressForm("Where to?", "Where to, in words?", {"city": "Pune"}),
        Template("order_update", "en", ("Nukkad", "news")),
    ],
)
async def test_words_come_back_as_they_were_said(database: Database, message: Message) -> None:
    short = Template("order_update", "en", ("Nukkad", "short"))
    async with unit(database) as work:
        outbox.say(work, 1, message, cause=7, fallback=short, order_id=3, expires_at=NOW + timedelta(hours=1))
    [row] = await kept(database, "token")
    async with database.transaction() as connection:
        [found] = await outbox.find_reported(connection, [row["token"]], [])

    assert (found.message, found.fallback, found.cause_id, found.order_id) == (message, short, 7, 3)
    assert (found.state, found.attempts, found.expires_at) == ("queued", 0, NOW + timedelta(hours=1))
    assert (found.purpose, found.arrival) == ("reply", "must_arrive")


async def tell(database: Database, *news: tuple[int, str]) -> None:
    async with unit(database) as work:
        for contact_id, text in news:
            work.tell(contact_id, News(text))


async def values(database: Database) -> list[outbox.Outbound]:
    found = await kept(database, "token")
    async with database.transaction() as connection:
        return sorted(
            await outbox.find_reported(connection, [row["token"] for row in found], []), key=lambda value: value.id
        )


async def words(database: Database) -> list[tuple[int, str, str]]:
    """To whom, the words, and the words for a closed window."""
    said = []
    for value in await values(database):
        assert isinstance(value.message, Text)
        assert value.fallback is not None
        said.append((value.contact_id, value.message.body, value.fallback.parameters[1]))
    return said


async def test_news_joins_the_alert_that_waits(database: Database) -> None:
    await tell(database, (PRIYA, "one"), (RAVI, "one"), (PRIYA, "two"))
    await tell(database, (PRIYA, "three"))

    assert await words(database) == [
        (PRIYA, "3 pieces of news:\n\none\n\ntwo\n\nthree", "one (and more, 3 in all)"),
        (RAVI, "one", "one"),
    ]


@pytest.mark.parametrize(
    "change", ["state = 'sending', attempts = 1", "state = 'queued', attempts = 1", "state = 'sent'"]
)
async def test_news_joins_no_alert_that_was_tried(database: Database, change: str) -> None:
    await tell(database, (PRIYA, "one"))
    await run(database, f"UPDATE outbox SET {change}")
    await tell(database, (PRIYA, "two"))
    await tell(database, (PRIYA, "three"))

    assert [body for _, body, _ in await words(database)] == ["one", "2 pieces of news:\n\ntwo\n\nthree"]


async def test_news_joins_an_alert_that_is_held(database: Database) -> None:
    await tell(database, (PRIYA, "one"))
    await run(database, "UPDATE outbox SET held = 'window'")
    await tell(database, (PRIYA, "two"))

    assert await kept(database, "held") == [{"held": "window"}]


async def test_an_alert_that_the_sender_takes_meanwhile_is_a_conflict(database: Database) -> None:
    await tell(database, (PRIYA, "one"))
    with pytest.raises(Conflict):
        async with unit(database) as work:
            work.tell(PRIYA, News("two"))
            await outbox.write_alerts(work)
            work.news.clear()
            await work.connection.execute_query("UPDATE outbox SET state = 'sending', attempts = 1")  # type: ignore[attr-defined]

    assert [body for _, body, _ in await words(database)] == ["one"]


async def test_a_report_on_a_row_that_has_moved_is_a_conflict(database: Database) -> None:
    async with unit(database) as work:
        outbox.say(work, 1, Text("one"), cause=None)
    await run(database, "UPDATE outbox SET state = 'sending', token = 't', lease_until = due_at")
    async with unit(database) as work:
        [row] = await outbox.find_reported(work.connection, ["t"], [])
        outbox.report(work, row, state="sent", wamid="w", error_code=None)
    with pytest.raises(Conflict):
        async with unit(database) as work:
            outbox.report(work, row, state="delivered", wamid="w", error_code=None)

    assert await kept(database, "state, wamid, lease_until") == [{"state": "sent", "wamid": "w", "lease_until": None}]


async def test_an_alert_said_again_stands_beside_one_that_waits_and_alerts_nobody(database: Database) -> None:
    await tell(database, (PRIYA, "one"))
    await run(database, "UPDATE outbox SET state = 'failed', attempts = 1, token = 't'")
    await tell(database, (PRIYA, "two"))
    async with unit(database) as work:
        [row] = await outbox.find_reported(work.connection, ["t"], [])
        outbox.say_again(work, row, row.message, closed=True)

    found = await kept(database, "purpose, arrival, state, closed")
    assert [(r["purpose"], r["arrival"], r["state"], bool(r["closed"])) for r in found] == [
        ("alert", "must_arrive", "failed", False),
        ("alert", "must_arrive", "queued", False),
        ("notice", "ephemeral", "queued", True),
    ]


async def test_words_are_forgotten_once_they_are_out(database: Database) -> None:
    async with unit(database) as work:
        for body in ("one", "two"):
            outbox.say(work, 1, Text(body), cause=None)
    await run(database, "UPDATE outbox SET state = 'read' WHERE id = 1")
    async with database.transaction() as connection:
        later = NOW + timedelta(days=1)
        assert [await outbox.forget(connection, before, 500) for before in (NOW, later, later)] == [0, 1, 0]

    assert [value.message for value in await values(database)] == [Text("…"), Text("two")]


async def test_of_a_flood_the_first_news_are_kept_and_the_rest_counted(database: Database) -> None:
    for batch in range(30):
        await tell(database, *((PRIYA, f"news {batch * 10 + n}") for n in range(10)))

    [(_, body, short)] = await words(database)
    assert body.split("\n\n") == [
        "300 pieces of news:", *(f"news {n}" for n in range(10)),
        "… and 290 more. Write *doctor* to see how things stand.",
    ]  # fmt: skip
    assert short == "news 0 (and more, 300 in all)"
    [row] = await kept(database, "LENGTH(CAST(parts AS VARCHAR)) AS size")
    assert row["size"] < 1000


async def test_two_notices_of_one_event_about_one_order_make_one_message(database: Database) -> None:
    def short(news: str) -> Template:
        return Template("order_update", "en", ("Nukkad", news))

    async with unit(database) as work:
        outbox.say(work, 1, Text("an answer"), cause=7, order_id=5)
        outbox.notify(work, 1, Text("It is paid."), cause=7, order_id=5, fallback=short("It is paid."))
        outbox.notify(work, 1, Text("Of another."), cause=7, order_id=6)
        outbox.notify(work, 2, Text("To another."), cause=7, order_id=5)
        outbox.notify(
            work,
            1,
            Buttons("It is yours.", (Button("b", "Fine"),)),
            cause=7,
            order_id=5,
            fallback=short("It is yours."),
        )
        outbox.notify(work, 1, Text("Later."), cause=8, order_id=5)

    found = [(row.contact_id, row.message, row.fallback) for row in await values(database)]
    assert found == [
        (1, Text("an answer"), None),
        (1, Buttons("It is paid.\n\nIt is yours.", (Button("b", "Fine"),)), short("It is paid. It is yours.")),
        (1, Text("Of another."), None),
        (2, Text("To another."), None),
        (1, Text("Later."), None),
    ]


async def test_of_two_questions_in_one_message_neither_keeps_its_buttons(database: Database) -> None:
    async with unit(database) as work:
        for body in ("one", "two"):
            outbox.notify(work, 1, Buttons(body, (Button("b", "Fine"),)), cause=7, order_id=5)

    assert [row.message for row in await values(database)] == [Text("one\n\ntwo")]


async def test_news_for_one_member_of_staff_reaches_nobody_else(database: Database) -> None:
    async with unit(database) as work:
        people = [await staff.appoint(work, wa_id=f"91980000001{n}", role="agent", name=f"R{n}") for n in range(3)]
        first, second, _ = (person.contact_id for person in people)
        effects.tell_staff(work, TellStaff(News("yours"), only=second))
        effects.tell_staff(work, TellStaff(News("your own doing"), but=second, only=second))
        effects.tell_staff(work, TellStaff(News("of the others"), but=first))
        told = list(work.news)

    assert [(to, news.text) for to, news in told] == [
        (second, "yours"),
        *((person.contact_id, "of the others") for person in people[1:]),
    ]
