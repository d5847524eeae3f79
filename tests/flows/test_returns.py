"""What comes back, and what its worth is still good for."""

from dataclasses import replace

import pytest

from flows.order import Line, Order
from flows.returns import waived
from tests.flows.test_replies import PLACED

LINES = [Line("CUP", "Cup", 2, 10000, shipped=2)]
DELIVERED = replace(
    PLACED, status="delivered", fulfillment_status="delivered", subtotal=20000, shipping=5000, total=25000
)


@pytest.mark.parametrize(
    ("order", "back", "expected"),
    [
        (DELIVERED, 1, 10000),
        (DELIVERED, 2, 25000),
        (replace(DELIVERED, captured=18000), 1, 7000),
        (replace(DELIVERED, captured=25000), 2, 0),
        (replace(DELIVERED, captured=25000, refunded=5000), 2, 0),
        (replace(DELIVERED, waived=10000, captured=6000), 1, 9000),
    ],
)
def test_only_what_is_still_due_is_waived_and_all_of_it_when_all_is_back(
    order: Order, back: int, expected: int
) -> None:
    returned = 1 if order.waived else 0
    assert waived(order, {"CUP": back}, [replace(LINES[0], returned=returned)]) == expected
