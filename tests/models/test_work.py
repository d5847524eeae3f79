"""A unit of work: what a turn did can be taken back whole, and what is written is the last word."""

from dataclasses import replace

import pytest

from flows.inbound import Sender
from flows.messages import Text
from flows.news import News
from models import contacts, outbox, templates, timers
from models.contacts import CONTACTS, IDENTITIES
from models.database import Database
from models.work import Conflict
from tests.models.units import NOW, rows, run, unit


async def test_a_turn_that_is_taken_back_leaves_nothing_of_itself(database: Database) -> None:
    async with unit(database) as work:
        asha = contacts.recognise(work, Sender("9198", None, "Asha"))
        outbox.say(work, asha.id, Text("one"), cause=None)
        mark = work.mark()
        contacts.recognise(work, Sender("9198", "IN.1", "Another name"))
        rahul = contacts.recognise(work, Sender("9199", None, "Rahul"))
        outbox.say(work, rahul.id, Text("two"), cause=None)
        timers.start(work, kind="a", subject="1", due_at=NOW)
        timers.stop(work, kinds=["a"], subject="2")
        work.tell(rahul.id, News("three"))
        work.take_back(mark)
        assert (work.find(CONTACTS, asha.id), work.find(CONTACTS, rahul.id), work.news) == (asha, None, [])
        assert [identity.value for identity in work.all(IDENTITIES)] == ["9198"]

    assert await rows(database, "SELECT name FROM contact") == [{"name": "Asha"}]
    assert len(await rows(database, "SELECT id FROM outbox")) == 1
    assert await rows(database, "SELECT id FROM timer") == []


async def test_the_last_of_several_changes_is_written(database: Database) -> None:
    async with unit(database) as work:
        new = contacts.create(work, wa_id="9198", bsuid=None)
        work.replace(CONTACTS, replace(new, name="one"))
        work.replace(CONTACTS, replace(new, name="two"))
    assert await rows(database, "SELECT name FROM contact") == [{"name": "two"}]


async def test_what_was_read_again_does_not_undo_a_change(database: Database) -> None:
    async with unit(database) as work:
        new = contacts.create(work, wa_id="9198", bsuid=None)
    async with unit(database) as work:
        read = await contacts.get(work, new.id)
        work.replace(CONTACTS, replace(read, name="changed"))
        work.loaded(CONTACTS, [read])
        assert (await contacts.get(work, new.id)).name == "changed"
        assert work.late_loads == 1


async def test_a_row_that_is_gone_is_a_conflict_and_nothing_of_the_unit_is_written(database: Database) -> None:
    async with unit(database) as work:
        new = contacts.create(work, wa_id="9198", bsuid=None)
    with pytest.raises(Conflict):
        async with unit(database) as work:
            outbox.say(work, new.id, Text("one"), cause=None)
            work.replace(CONTACTS, replace(await contacts.get(work, new.id), name="changed"))
            await run_inside(work, f"DELETE FROM contact WHERE id = {new.id}")

    assert await rows(database, "SELECT id FROM outbox") == []
    assert len(await rows(database, "SELECT id FROM contact")) == 1


async def run_inside(work: object, sql: str) -> None:
    await work.connection.execute_query(sql)  # type: ignore[attr-defined]


async def test_an_unchanged_value_is_not_written(database: Database) -> None:
    async with unit(database) as work:
        new = contacts.create(work, wa_id="9198", bsuid=None, name="Asha")
    await run(database, "UPDATE contact SET name = 'by somebody else'")
    async with unit(database) as work:
        read = await contacts.get(work, new.id)
        work.replace(CONTACTS, read)
    assert await rows(database, "SELECT name FROM contact") == [{"name": "by somebody else"}]


async def test_of_two_rows_with_one_key_the_last_is_written(database: Database) -> None:
    async with unit(database) as work:
        for status in ("PAUSED", "APPROVED"):
            templates.keep(work, name="order_update", language="en", status=status, reason=None)
        mark = work.mark()
        templates.keep(work, name="order_update", language="en", status="REJECTED", reason=None)
        work.take_back(mark)

    assert await rows(database, "SELECT status FROM template") == [{"status": "APPROVED"}]


async def test_after_a_conflict_nothing_more_is_written(database: Database) -> None:
    async with unit(database) as work:
        start = work.mark()
        gone, new = (contacts.create(work, wa_id=wa_id, bsuid=None) for wa_id in ("9198", "9199"))
        changed = CONTACTS.updated(gone, replace(gone, name="one"))
        counts = await work.connection.write(
            [(CONTACTS.update, [changed]), (CONTACTS.insert, [CONTACTS.inserted(new)])]
        )
        assert counts == [0]
        work.take_back(start)

    assert await rows(database, "SELECT id FROM contact") == []
