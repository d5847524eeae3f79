"""What can be booked, of the feed's line and, where it says nothing, of the store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows import feed, services
from flows.appointment import Service
from flows.feed import Product
from flows.settings import Settings

M, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PLAIN = Service(
    sku="CUT",
    title="Cut",
    price=34950,
    currency="INR",
    duration=45 * M,
    before=0 * M,
    after=0 * M,
    capacity=1,
    deposit=0,
    people=(),
    lead=H,
    horizon=60 * D,
    notice=12 * H,
    location="",
)


def product(**cells: str) -> Product:
    columns = {"id": "CUT", "title": "Cut", "price": "349.50 INR", "kind": "service", "duration": "45m", **cells}
    text = "\t".join(columns) + "\n" + "\t".join(columns.values()) + "\n"
    [found] = feed.read(text, currency="INR").products
    return found


def service(settings: dict[str, str] | None = None, **cells: str) -> Service | None:
    return services.read(product(**cells), Settings(settings or {}))


def test_of_a_service_that_says_no_more_the_defaults_count() -> None:
    assert service() == PLAIN


def test_what_the_line_says_beats_the_store() -> None:
    store = {
        "booking_lead": "3h",
        "booking_horizon": "9d",
        "booking_notice": "0",
        "booking_location": "Pune",
        "deposit": "50",
    }

    assert service(store) == replace(PLAIN, lead=3 * H, horizon=9 * D, notice=0 * D, location="Pune", deposit=17475)
    assert service(
        store, buffer="5m,10m", capacity="6", staff="Priya; Ravi,priya", deposit="100", lead="0", horizon="30d", notice="2h",
        location="Room 2",
    ) == replace(
        PLAIN, before=5 * M, after=10 * M, capacity=6, people=("Priya", "Ravi"), deposit=10000, lead=0 * M, horizon=30 * D,
        notice=2 * H, location="Room 2",
    )  # fmt: skip


def test_a_buffer_alone_stands_after() -> None:
    assert service(buffer="10m") == replace(PLAIN, after=10 * M)


@pytest.mark.parametrize(
    ("cells", "asked"),
    [
        ({"deposit": "20%"}, 6990),
        ({"deposit": "33%"}, 11534),  # 115.335: up
        ({"deposit": "0"}, 0),
        ({"deposit": "500"}, 34950),
        ({"deposit": "20%", "sale_price": "100"}, 2000),
        ({"deposit": "300", "sale_price": "100"}, 10000),
        ({"price": "0"}, 0),
    ],
)
def test_the_deposit_is_a_part_of_what_is_to_be_paid(cells: dict[str, str], asked: int) -> None:
    found = service({"deposit": "10"}, **cells)

    assert found is not None
    assert found.deposit == asked


def test_what_is_sold_in_pieces_is_not_booked() -> None:
    assert service(kind="product") is None


def test_a_line_of_an_older_import_without_a_duration_is_not_booked() -> None:
    assert services.read(replace(product(), extras={}), Settings({})) is None
