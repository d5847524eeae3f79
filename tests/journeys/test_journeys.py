"""Every written conversation, on both databases, from the sandbox's phones through the whole bot and back."""

from pathlib import Path

import pytest

from tests.journeys.play import difference, play
from tests.journeys.script import parse
from tests.world import world

HERE = Path(__file__).parent
CHATS = sorted(str(path.relative_to(HERE)) for path in HERE.rglob("*.chat"))

COUNTRIES: dict[str, dict[str, str]] = {
    "IN": {},
    "BR": {"STORE_COUNTRY": "BR", "STORE_CURRENCY": "BRL", "STORE_TIMEZONE": "America/Sao_Paulo"},
}
RINGS_IN_VAIN = """SELECT o.number, t.kind FROM timer t JOIN orders o ON CAST(o.id AS VARCHAR(40)) = t.subject
    WHERE t.state = 'set' AND t.kind IN ('remind', 'abandon', 'expire')
    AND NOT (o.status = 'abandoned' OR (o.status = 'placed' AND o.checkout_step <> 'complete'))"""
"""Timers of orders that wait for nothing from their customer."""


@pytest.mark.parametrize("chat", CHATS)
async def test_conversation(chat: str, ready_url: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    accepting = pytestconfig.getoption("accept")
    if accepting and not ready_url.startswith("sqlite"):
        pytest.skip("accepted from what happens on SQLite; run without --accept to see whether Postgres agrees")
    file = HERE / chat
    script = parse(chat, file.read_text())
    everything = []
    try:
        about = {"STORE_SETTINGS": script.settings, **COUNTRIES[script.country]}
        async with world(ready_url, tmp_path, faults=None, **about) as stage:
            async for step, happened in play(script, stage):
                if not accepting and not step.fits(happened):
                    pytest.fail(difference(script, step, happened), pytrace=False)
                everything.append(happened)
                assert await stage.rows(RINGS_IN_VAIN) == []
            assert await stage.broken() == []
    finally:
        if accepting:
            file.write_text(script.accept(everything))
