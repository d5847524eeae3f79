"""The demo shop agrees with itself: a feed that can be sold from, small pictures that exist, staff that are known."""

import re
import struct
from datetime import timedelta

from bot.sandbox import demo
from bot.sandbox.catalogue import Product
from flows import feed, services
from flows.settings import Settings

PICTURE_BYTES = 25 * 1024
PUBLIC_URL = "http://127.0.0.1:8080"


def test_feed_has_metas_columns_and_ours_with_ten_products_and_two_services_of_their_own() -> None:
    rows = demo.products(PUBLIC_URL)

    assert len({row["id"] for row in rows}) == len({row["title"] for row in rows}) == len(rows) == 12
    assert {",".join(row) for row in rows} == {
        (
            "id,title,description,availability,price,sale_price,image_link,link,brand,quantity_to_sell_on_facebook,"
            "kind,duration,buffer,capacity,staff"
        )
    }
    assert all(row[column] for row in rows for column in ("id", "title", "description", "price", "link", "brand"))


def test_prices_are_rupees_with_two_decimals() -> None:
    rows = demo.products(PUBLIC_URL)
    prices = [row["price"] for row in rows] + [row["sale_price"] for row in rows if row["sale_price"]]

    assert [price for price in prices if not re.fullmatch(r"[1-9]\d*\.\d\d INR", price)] == []


def test_one_is_on_sale_one_is_sold_out_one_is_nearly_gone_and_one_is_not_counted() -> None:
    rows = demo.products(PUBLIC_URL)

    assert {row["id"]: (row["price"], row["sale_price"]) for row in rows if row["sale_price"]} == {
        "DIYA-BRASS": ("1299.00 INR", "1099.00 INR")
    }
    assert {row["id"] for row in rows if row["availability"] != "in stock"} == {"INCENSE-40"}
    assert {
        row["id"]: row["quantity_to_sell_on_facebook"]
        for row in rows
        if row["kind"] != "service" and row["quantity_to_sell_on_facebook"] in {"", *"0123456789"}
    } == {"JAGGERY-1KG": "", "KULHAD-3": "3", "INCENSE-40": "0"}


def test_a_workshop_is_for_six_at_a_time_and_a_fitting_is_done_by_the_people_of_the_shop() -> None:
    found = feed.read(demo.feed(PUBLIC_URL), currency="INR")
    booked = [services.read(product, Settings({})) for product in found.products if product.kind == "service"]

    assert found.faults == ()
    assert [(s.sku, s.duration, s.after, s.capacity, s.people) for s in booked if s] == [
        ("WORKSHOP-BLOCK", timedelta(minutes=90), timedelta(), 6, ()),
        ("FITTING-30", timedelta(minutes=30), timedelta(minutes=10), 1, ("Priya", "Ravi")),
    ]
    assert {"Priya", "Ravi"} <= {person.name for person in demo.PEOPLE if person.role == "staff"}


def test_the_phones_show_how_long_a_service_takes_and_of_no_product() -> None:
    shown = [Product.read(row).json() for row in demo.products(PUBLIC_URL)]

    assert {each["id"]: each["duration"] for each in shown if each["duration"]} == {
        "WORKSHOP-BLOCK": "90m",
        "FITTING-30": "30m",
    }


def test_each_product_has_its_own_small_square_picture_and_no_picture_is_left_over() -> None:
    links = [row["image_link"] for row in demo.products(PUBLIC_URL + "/")]
    folder = f"{PUBLIC_URL}/sandbox/pictures/"
    pictures = {path.name: path.read_bytes() for path in demo.PICTURES.iterdir()}

    assert sorted(links) == sorted(folder + name for name in pictures)
    assert {struct.unpack(">8s4x4sII", data[:24]) for data in pictures.values()} == {
        (b"\x89PNG\r\n\x1a\n", b"IHDR", 320, 320)
    }
    assert {name: len(data) for name, data in pictures.items() if len(data) > PICTURE_BYTES} == {}


def test_people_have_identities_of_their_own_and_one_shows_no_number() -> None:
    numbers = [person.wa_id for person in demo.PEOPLE if person.wa_id]

    assert len({p.id for p in demo.PEOPLE}) == len({p.bsuid for p in demo.PEOPLE}) == len(demo.PEOPLE) == 5
    assert len(set(numbers)) == len(numbers) == 4
    assert [person.name for person in demo.PEOPLE if person.wa_id is None] == ["Meera"]


def test_staff_are_written_as_the_setting_wants_them() -> None:
    assert demo.STAFF_NUMBERS == "919800000011:owner:Priya,919800000012:agent:Ravi"
