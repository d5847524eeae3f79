"""People by two kinds of names, on both databases: who an event is from, what follows a person, and whose rights those are."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from flows.inbound import Content, IdentityChange, Message, Sender, Words
from flows.messages import Text
from flows.news import News
from models import contacts, outbox, staff
from models.database import Database
from tests.models.units import NOW, rows, run, unit

A, B = "9198", "9199"
ONE, TWO = "IN.1", "IN.2"
"""Two numbers and two ids."""


def said(wa_id: str | None, bsuid: str | None) -> Message:
    return message(Sender(wa_id, bsuid), Words("hello"))


def moved(
    old: tuple[str | None, str | None],
    *,
    wa_id: str | None = None,
    bsuid: str | None = None,
    previous: str | None = None,
) -> Message:
    """WhatsApp says that whoever was known by `old` has new names."""
    return message(Sender(*old), IdentityChange("user_changed_number", wa_id, bsuid, previous))


def message(sender: Sender, content: Content) -> Message:
    return Message(None, sender, NOW, content)


async def meet(database: Database, *events: Message) -> list[int]:
    """Each event in a unit of work of its own; whom it is from, numbered as they appear."""
    met = []
    for event in events:
        async with unit(database) as work:
            [people] = await work.connection.fetch(contacts.load(contacts.named_in(event), work.store.id))
            contacts.loaded(work, people)
            if isinstance(event.content, IdentityChange):
                met.append(contacts.change_identity(work, event.sender, event.content).id)
            else:
                met.append(contacts.recognise(work, event.sender).id)
    return [sorted(set(met)).index(contact) for contact in met]


async def names(database: Database) -> list[set[str]]:
    """The names of each contact that has any, the oldest first."""
    found = await rows(database, "SELECT contact_id, value FROM identity WHERE active ORDER BY contact_id")
    people: dict[int, set[str]] = {}
    for row in found:
        people.setdefault(row["contact_id"], set()).add(row["value"])
    return list(people.values())


@pytest.mark.parametrize(
    ("why", "events", "who", "known"),
    [
        ("a number alone", [said(A, None), said(A, None)], [0, 0], [{A}]),
        ("an id alone", [said(None, ONE), said(None, ONE)], [0, 0], [{ONE}]),
        ("first the number, then both", [said(A, None), said(A, ONE), said(None, ONE)], [0, 0, 0], [{A, ONE}]),
        ("first the id, then both", [said(None, ONE), said(A, ONE), said(A, None)], [0, 0, 0], [{A, ONE}]),
        ("known apart, then together", [said(A, None), said(None, ONE), said(A, ONE), said(None, ONE)], [0, 1, 0, 0],
         [{A, ONE}]),
        ("known apart the other way", [said(None, ONE), said(A, None), said(A, ONE), said(A, None)], [0, 1, 0, 0],
         [{A, ONE}]),
        ("a number with another id has changed hands", [said(A, ONE), said(A, TWO), said(None, ONE), said(A, None)],
         [0, 1, 0, 1], [{ONE}, {A, TWO}]),
        ("an id with another number keeps the person", [said(A, ONE), said(B, ONE), said(B, None)], [0, 0, 0], [{B, ONE}]),
        ("a given-up number is somebody else's", [said(A, ONE), said(B, ONE), said(A, None)], [0, 0, 1], [{B, ONE}, {A}]),
        ("two people swap a number", [said(A, ONE), said(B, TWO), said(A, TWO), said(B, ONE)], [0, 1, 1, 0],
         [{B, ONE}, {A, TWO}]),
        ("a new number is told", [said(A, None), moved((A, None), wa_id=B), said(B, None)], [0, 0, 0], [{B}]),
        ("a new number with its new id", [said(A, ONE), moved((None, ONE), wa_id=B, bsuid=TWO, previous=ONE), said(B, TWO)],
         [0, 0, 0], [{B, TWO}]),
        ("a new number whose id is not told", [said(A, ONE), moved((A, None), wa_id=B), said(B, TWO)], [0, 0, 0], [{B, TWO}]),
        ("a new number with the old id", [said(A, ONE), moved((A, None), wa_id=B), said(B, ONE)], [0, 0, 0], [{B, ONE}]),
        ("a new id is told", [said(A, ONE), moved((None, ONE), bsuid=TWO, previous=ONE), said(A, TWO)], [0, 0, 0], [{A, TWO}]),
        ("they wrote from the new number before it was told",
         [said(A, None), said(B, None), moved((A, None), wa_id=B), said(B, None)], [0, 1, 0, 0], [{B}]),
        ("they wrote with the new id before it was told",
         [said(A, ONE), said(None, TWO), moved((None, ONE), bsuid=TWO, previous=ONE), said(None, TWO)], [0, 1, 0, 0],
         [{A, TWO}]),
        ("they wrote with both before it was told",
         [said(A, ONE), said(B, TWO), moved((None, ONE), wa_id=B, bsuid=TWO, previous=ONE), said(B, TWO)], [0, 1, 0, 0],
         [{B, TWO}]),
        ("the new number was somebody else's, who has an id",
         [said(A, ONE), said(B, TWO), moved((A, ONE), wa_id=B), said(None, TWO), said(B, None)], [0, 1, 0, 1, 0],
         [{B}, {TWO}]),
        ("news about a stranger", [moved((A, None), wa_id=B), said(B, None)], [0, 0], [{B}]),
    ],
)  # fmt: skip
async def test_who_is_who(
    database: Database, why: str, events: Sequence[Message], who: list[int], known: list[set[str]]
) -> None:
    assert await meet(database, *events) == who, why
    assert await names(database) == known, why


async def test_in_one_unit_of_work_it_ends_the_same(database: Database) -> None:
    events = [said(A, None), said(None, ONE), said(A, ONE), said(B, ONE), said(B, TWO)]
    async with unit(database) as work:
        met = [contacts.recognise(work, event.sender).id for event in events]

    assert [sorted(set(met)).index(contact) for contact in met] == [0, 1, 0, 0, 2]
    assert await names(database) == [{ONE}, {B, TWO}]


async def test_what_waits_for_somebody_known_twice_follows_them(database: Database) -> None:
    await meet(database, said(A, None), said(None, ONE))
    [first, second] = [row["id"] for row in await rows(database, "SELECT id FROM contact ORDER BY id")]
    async with unit(database) as work:
        outbox.say(work, first, Text("one"), cause=None)
        outbox.say(work, second, Text("two"), cause=None)
    await meet(database, said(A, ONE))

    assert await rows(database, "SELECT DISTINCT contact_id FROM outbox") == [{"contact_id": first}]
    assert await rows(database, "SELECT id, joined_to FROM contact ORDER BY id") == [
        {"id": first, "joined_to": None}, {"id": second, "joined_to": first},
    ]  # fmt: skip


async def appoint(database: Database, number: str, role: str) -> int:
    async with unit(database) as work:
        return (await staff.appoint(work, wa_id=number, role=role, name=role)).contact_id


async def role_of(database: Database, event: Message) -> str | None:
    """The role that whoever sent this has in the same unit of work."""
    async with unit(database) as work:
        [people] = await work.connection.fetch(contacts.load(contacts.named_in(event), work.store.id))
        contacts.loaded(work, people)
        member = staff.find(work, contacts.recognise(work, event.sender).id)
        return member.role if member else None


@pytest.mark.parametrize("before", [[], [said(None, ONE)]])
async def test_staff_known_by_number_are_staff_by_their_id_too(database: Database, before: list[Message]) -> None:
    """Also when they have written without a number first, as somebody unknown."""
    await meet(database, *before)
    await appoint(database, A, "owner")

    assert [await role_of(database, event) for event in (said(None, ONE), said(A, ONE), said(None, ONE))] == [
        None, "owner", "owner",
    ]  # fmt: skip


async def test_staff_stay_staff_with_a_new_number_and_a_new_id(database: Database) -> None:
    await appoint(database, A, "agent")
    await meet(database, said(A, ONE), moved((None, ONE), wa_id=B, bsuid=TWO, previous=ONE))

    assert [await role_of(database, event) for event in (said(B, TWO), said(None, TWO), said(A, None))] == [
        "agent", "agent", None,
    ]  # fmt: skip


async def test_whoever_gets_the_number_of_one_of_the_staff_has_no_rights(database: Database) -> None:
    await appoint(database, A, "owner")
    await meet(database, said(A, ONE))

    assert await role_of(database, said(A, TWO)) is None
    assert await role_of(database, said(A, None)) is None
    assert await role_of(database, said(None, ONE)) == "owner"


async def test_whoever_loses_a_number_to_one_of_the_staff_gets_no_rights(database: Database) -> None:
    await appoint(database, A, "owner")
    await meet(database, said(A, ONE), said(B, TWO), moved((A, ONE), wa_id=B))

    assert await role_of(database, said(None, TWO)) is None
    assert await role_of(database, said(B, None)) == "owner"


async def test_two_of_the_staff_who_are_one_person_keep_one_role_and_their_news(database: Database) -> None:
    first = await appoint(database, A, "owner")
    second = await appoint(database, B, "agent")
    async with unit(database) as work:
        work.tell(first, News("one"))
        work.tell(second, News("two"))
    await meet(database, moved((A, None), wa_id=B))

    assert await rows(database, "SELECT contact_id, role FROM staff") == [{"contact_id": first, "role": "owner"}]
    assert await rows(database, "SELECT contact_id, purpose FROM outbox ORDER BY id") == [
        {"contact_id": first, "purpose": "alert"}, {"contact_id": first, "purpose": "notice"},
    ]  # fmt: skip


async def test_a_name_on_a_profile_gives_no_rights(database: Database) -> None:
    await appoint(database, A, "owner")

    assert await role_of(database, message(Sender(B, TWO, name="owner"), Words("doctor"))) is None


async def test_a_profile_name_is_kept_and_changes_with_the_profile(database: Database) -> None:
    for name in ("Asha", None, "Asha Rao"):
        await meet(database, message(Sender(A, ONE, name=name), Words("hello")))

    assert await rows(database, "SELECT name FROM contact") == [{"name": "Asha Rao"}]


@pytest.mark.parametrize(
    ("heard_h", "opens"), [([0], [True]), ([0, 1], [True, False]), ([0, 25], [True, True]), ([0, 23.5, 24.5], [True, False, False])]
)  # fmt: skip
async def test_a_message_lets_go_what_was_held_when_it_opens_the_window(
    database: Database, heard_h: list[float], opens: list[bool]
) -> None:
    await meet(database, said(A, ONE))
    [who] = [row["id"] for row in await rows(database, "SELECT id FROM contact")]
    released = []
    for hours in heard_h:
        at = NOW + timedelta(hours=hours)
        async with unit(database, at) as work:
            outbox.say(work, who, Text("held"), cause=None)
        await run(database, "UPDATE outbox SET held = 'window'")
        async with unit(database, at) as work:
            contacts.heard_from(work, await contacts.get(work, who), at)
        released.append(await rows(database, "SELECT id FROM outbox WHERE held IS NOT NULL") == [])

    assert released == opens


@pytest.mark.parametrize(("open_one", "closed_one"), [(A, ONE), (ONE, A)])
async def test_who_joins_somebody_with_an_open_window_gets_what_was_held_for_them(
    database: Database, open_one: str, closed_one: str
) -> None:
    await meet(database, said(A, None), said(None, ONE))
    async with unit(database) as work:
        for name in (open_one, closed_one):
            known = await contacts.called(work, name)
            assert known is not None
            if name == open_one:
                contacts.heard_from(work, known, NOW)
            else:
                outbox.say(work, known.id, Text("held"), cause=None)
    await run(database, "UPDATE outbox SET held = 'window'")
    async with unit(database) as work:
        for name in (A, ONE):
            await contacts.called(work, name)
        contacts.heard_from(work, contacts.recognise(work, Sender(A, ONE)), NOW + timedelta(minutes=1))

    assert await rows(database, "SELECT id FROM outbox WHERE held IS NOT NULL") == []


@pytest.mark.parametrize(
    ("sent", "counts_from"),
    [(timedelta(hours=-3), timedelta(hours=-3)), (timedelta(), timedelta()), (timedelta(hours=5), timedelta())],
)
async def test_a_window_opens_from_the_messages_own_moment_and_never_from_the_future(
    database: Database, sent: timedelta, counts_from: timedelta
) -> None:
    async with unit(database) as work:
        contact = contacts.recognise(work, Sender(A, ONE))
        heard = contacts.heard_from(work, contact, NOW + sent)

    assert heard.last_inbound_at == NOW + counts_from


async def test_an_old_message_that_comes_late_closes_nothing(database: Database) -> None:
    async with unit(database) as work:
        contact = contacts.heard_from(work, contacts.recognise(work, Sender(A, ONE)), NOW)
        assert contacts.heard_from(work, contact, NOW - timedelta(days=1)) == contact
