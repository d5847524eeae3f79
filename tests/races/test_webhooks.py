"""The same webhook at two doors in the same moment, a thousand times: each message is stored, handled and answered once."""

import asyncio
from pathlib import Path

import pytest

from bot.intake import Intake
from tests import payloads
from tests.bot.web.door import open_door
from tests.bot.web.test_kept import another
from tests.budget import RACES

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1200)]
BLOCK = 20


async def test_a_body_at_two_doors_at_once_is_kept_once(postgres_url: str, tmp_path: Path) -> None:
    """Once in the same order, once rebatched: both doors insert the same events, the second perhaps the other way round."""
    async with open_door(postgres_url, tmp_path) as door:
        app = door.app
        intake = Intake(app.database, app.store, clock=app.clock, metrics=app.metrics, on_stored=app.dispatcher.wake)
        intake.start()
        async with another(door, intake) as port:

            async def knock(raw: bytes, at: int) -> int:
                signed = {"X-Hub-Signature-256": door.sign(raw)}
                async with door.http.post(f"http://127.0.0.1:{at}/webhook", data=raw, headers=signed) as answer:
                    return answer.status

            for start in range(0, RACES, BLOCK):
                items = [payloads.text(wamid=f"wamid.{n}", sender=f"9177{n:08}") for n in range(start, start + BLOCK)]
                one, other = door.body(*items), door.body(*(items if start // BLOCK % 2 else items[::-1]))
                answers = await asyncio.gather(knock(one, door.port), knock(other, port))
                assert set(answers) == {200}, start
        await intake.stop()
        while await app.dispatcher.run_once():
            pass
        async with app.database.transaction() as connection:
            rows = await connection.execute_query_dict(  # type: ignore[attr-defined]
                "SELECT i.state, COUNT(DISTINCT i.id) AS events, COUNT(o.id) AS answers"
                " FROM inbox i LEFT JOIN outbox o ON o.cause_id = i.id GROUP BY i.state"
            )
        assert [dict(row) for row in rows] == [{"state": "done", "events": RACES, "answers": RACES}]
        assert app.metrics.repeated._value.get() == RACES
