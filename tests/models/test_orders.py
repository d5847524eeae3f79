"""Order numbers grow by one, whatever becomes of the turns that took them."""

from models import orders
from models.database import Database
from tests.models.units import rows, unit


async def test_a_turn_that_is_taken_back_gives_its_number_back(database: Database) -> None:
    async with unit(database) as work:
        first = await orders.take_number(work)
        mark = work.mark()
        await orders.take_number(work)
        work.take_back(mark)
        assert [first, await orders.take_number(work)] == [1001, 1002]
    async with unit(database) as work:
        assert await orders.take_number(work) == 1003
    assert await rows(database, "SELECT last_number FROM store") == [{"last_number": 1003}]
