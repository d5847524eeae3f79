"""A fresh, migrated database, once of each kind."""

from collections.abc import AsyncIterator

import pytest

from models.address import Address
from models.database import Database
from tests.models.units import STORE, open_store


@pytest.fixture
async def database(ready_url: str) -> AsyncIterator[Database]:
    """Open, with one store in it."""
    opened = Database(Address(ready_url))
    await opened.open()
    try:
        await open_store(opened, STORE)
        yield opened
    finally:
        await opened.close()
