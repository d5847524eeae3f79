"""Settings that somebody changed count at once in every process; what two change at the same moment both stays."""

from pathlib import Path

import pytest

from bot.clock import Ids
from flows.pacing import number_pace
from flows.settings import Settings
from models import sending, stores
from models.work import Work
from tests.world import Stage, stage


async def change(shop: Stage, name: str, value: str) -> None:
    """In another process, which knows the store as it was at its start."""
    async with shop.app.database.transaction() as connection:
        work = Work(connection, store=shop.store, now=shop.app.clock.now(), ids=Ids(shop.app.clock))
        await stores.configure(work, {name: value})
        await work.flush()


async def test_the_next_message_is_handled_by_the_new_settings(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path) as shop:
        await change(shop, "order_flow", "manual")
        await change(shop, "auto_collect_address", "off")
        await shop.say("Priya", "settings order_flow")
        await shop.settle()
        assert shop.new("Priya")[-1].body.startswith("*order_flow = manual*")


async def test_the_sender_goes_as_fast_as_the_settings_say_now(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path) as shop:
        await change(shop, "pace.number", "7")
        async with shop.app.database.transaction() as connection:
            number = await sending.get_number(connection, shop.store.id)
        assert number_pace(Settings(number.settings).get("pace.number")) == number_pace(7)


@pytest.mark.parametrize(
    "command", ["settings", "settings retention=9d;undo_window=9s", "settings retention", "staff add 9 owner"]
)
async def test_nobody_but_the_owner_changes_anything_and_every_try_is_kept(
    ready_url: str, tmp_path: Path, command: str
) -> None:
    async with stage(ready_url, tmp_path) as shop:
        await shop.say("Ravi", command)
        await shop.settle()
        assert "may not use" in shop.new("Ravi")[-1].body
        assert await shop.rows("SELECT role, action, outcome FROM audit") == [
            {"role": "agent", "action": command.split(maxsplit=1)[0], "outcome": "refused"}
        ]
