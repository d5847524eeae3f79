"""How things stand, as the doctor tells it: what waits, and why nothing goes out."""

from datetime import timedelta

import pytest

from flows.doctor import Token
from models import health, sending
from models.database import Database
from tests.models.units import NOW, STORE, unit


@pytest.mark.parametrize(
    ("code", "token", "stopped"),
    [
        (190, Token.REFUSED, ""),
        (0, Token.REFUSED, ""),
        (131042, Token.UNTRIED, "WhatsApp cannot charge our account. Nothing is lost, messages wait."),
        (None, Token.UNTRIED, "What answers is not WhatsApp's API, or not this version of it."),
    ],
)
async def test_a_pause_has_its_reason_until_something_is_accepted(
    database: Database, code: int | None, token: Token, stopped: str
) -> None:
    async with unit(database) as work:
        assert (await health.of(work)).stopped == ""
        await sending.pause(work.connection, STORE.id, until=NOW + timedelta(minutes=1), code=code)
        ill = await health.of(work)

    assert ill.token is token
    assert ill.stopped[: len(stopped)] == stopped
    assert bool(ill.stopped) is bool(stopped)
