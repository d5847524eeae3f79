"""A door for every test that asks for one: on SQLite, or on both databases where the database decides what happens."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.web.door import Door, open_door


@pytest.fixture
async def shut(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    """On SQLite: for what is decided before the database."""
    async with open_door(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def stored(ready_url: str, tmp_path: Path) -> AsyncIterator[Door]:
    """On either database: for what is kept."""
    async with open_door(ready_url, tmp_path) as opened:
        yield opened
