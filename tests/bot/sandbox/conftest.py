"""A sandbox in memory for each test of this folder."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.sandbox.stage import Stage, stage


@pytest.fixture
async def play() -> AsyncIterator[Stage]:
    async with stage() as made:
        yield made
