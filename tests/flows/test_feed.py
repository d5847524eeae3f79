"""A product feed is read line by line: every fault is told with its place and remedy, and costs nothing but its line."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.feed import Fault, Feed, Product, read

CHAI = Product(retailer_id="CHAI", title="Masala Chai", price=34900, currency="INR")

QUOTING = 'text that holds a delimiter or a double quote stands in double quotes, a quote inside it twice: "6"" nail"'


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read(text, currency="INR").faults]


def one(columns: str, cells: str) -> Product:
    [product] = read(f"id,title,price,{columns}\nCHAI,Masala Chai,349.00 INR,{cells}\n", currency="INR").products
    return product


def fault_of(columns: str, cells: str) -> list[str]:
    return faults(f"id,title,price,{columns}\nCHAI,Masala Chai,349.00 INR,{cells}\n")


def test_metas_columns_and_ours_become_a_product() -> None:
    text = (
        "id,title,description,availability,price,sale_price,image_link,link,brand,item_group_id,"
        "quantity_to_sell_on_facebook,kind,duration,staff,capacity,buffer,deposit,tax_class,allow_backorder,colour\n"
        'YOGA,Yoga,"Slow, early",in stock,500 INR,450 INR,https://i,https://l,Asha,G1,12,service,45m,Asha,8,10m,100,std,on,red\n'
    )

    assert read(text, currency="INR") == Feed(
        products=(
            Product(
                retailer_id="YOGA",
                title="Yoga",
                price=50000,
                currency="INR",
                sale_price=45000,
                description="Slow, early",
                brand="Asha",
                availability="in stock",
                image_link="https://i",
                link="https://l",
                item_group_id="G1",
                kind="service",
                extras={
                    "duration": "45m",
                    "staff": "Asha",
                    "capacity": "8",
                    "buffer": "10m",
                    "deposit": "100",
                    "tax_class": "std",
                    "allow_backorder": "on",
                },
            ),
        ),
        faults=(),
    )


@pytest.mark.parametrize(
    "text",
    [
        "id,title,price\nCHAI,Masala Chai,349.00 INR\n",
        "\ufeffID,Title,PRICE\r\nCHAI,Masala Chai,349.00 INR\r\n",
        "id;title;price\nCHAI;Masala Chai;349\n",
        "id\ttitle\tprice\nCHAI\tMasala Chai\t349.00 INR",
        "# Required | A unique id\n\n ID , title , price\n\n CHAI , Masala Chai ,349.00 INR\n,,\n",
        "id,title,price,availability,quantity_to_sell_on_facebook,kind\nCHAI,Masala Chai,349.00 INR,,,\n",
        "id,title,price,brand\nCHAI,Masala Chai,349.00 INR\n",
    ],
)
def test_the_same_product_is_read_from_every_dialect(text: str) -> None:
    assert read(text, currency="INR") == Feed((CHAI,), ())


@pytest.mark.parametrize(
    ("cell", "availability", "is_sellable"),
    [
        ("in stock", "in stock", True),
        ("In_Stock", "in stock", True),
        ("preorder", "preorder", True),
        ("available for order", "available for order", True),
        ("out of stock", "out of stock", False),
        ("discontinued", "discontinued", False),
    ],
)
def test_availability_says_whether_it_is_sold(cell: str, availability: str, *, is_sellable: bool) -> None:
    product = one("availability", cell)

    assert (product.availability, product.is_sellable) == (availability, is_sellable)


@pytest.mark.parametrize(("columns", "cells", "price"), [("sale_price", "", 34900), ("sale_price", "300 INR", 30000)])
def test_the_sale_price_counts_where_there_is_one(columns: str, cells: str, price: int) -> None:
    assert one(columns, cells).unit_price == price


@pytest.mark.parametrize(
    ("columns", "cells", "fault"),
    [
        ("sale_price", "400 INR", "line 2, sale_price: 400 INR is above the price 349.00 INR; the price counts"),
        (
            "sale_price,sale_price_effective_date",
            "300,2026-01-01/2026-02-01",
            "line 2, sale_price_effective_date: sales with dates are not read; the full price counts until it is empty",
        ),
        ("sale_price", "soon", "line 2, sale_price: 'soon' is not an amount; write digits and a point, like 499.50"),
    ],
)
def test_a_sale_that_cannot_be_honoured_leaves_the_full_price(columns: str, cells: str, fault: str) -> None:
    assert fault_of(columns, cells) == [fault]
    assert one(columns, cells) == CHAI


@pytest.mark.parametrize(("cell", "on_hand"), [("0", 0), ("12", 12), ("", None)])
def test_stock_is_counted_only_where_it_is_written(cell: str, on_hand: int | None) -> None:
    assert one("quantity_to_sell_on_facebook", cell).on_hand == one("inventory", cell).on_hand == on_hand


@pytest.mark.parametrize(
    ("columns", "cells", "fault"),
    [
        ("availability", "maybe", "availability: 'maybe' is not known; write in stock, out of stock or preorder"),
        ("kind", "thing", "kind: 'thing' is not known; write product or service"),
        (
            "inventory",
            "-1",
            "inventory: '-1' is not a number of pieces; write 0 or more, or leave it empty if nobody counts",
        ),
        (
            "inventory",
            "²",
            "inventory: '²' is not a number of pieces; write 0 or more, or leave it empty if nobody counts",
        ),
        ("brand", "x" * 101, "brand: it has 101 characters; WhatsApp takes 100"),
    ],
)
def test_a_bad_cell_is_told_with_its_line_column_and_remedy(columns: str, cells: str, fault: str) -> None:
    assert fault_of(columns, cells) == [f"line 2, {fault}"]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("buffer", "10m"),
        ("buffer", "5m,10m"),
        ("buffer", "0; 1h"),
        ("capacity", "1"),
        ("capacity", "999"),
        ("staff", "Priya, Ravi"),
        ("deposit", "0"),
        ("deposit", "100.50 INR"),
        ("deposit", "20%"),
        ("lead", "0"),
        ("horizon", "730d"),
        ("notice", "24h"),
        ("location", "12 MG Road, Pune"),
    ],
)
def test_what_a_service_says_of_itself_is_kept_as_it_is_written(column: str, cell: str) -> None:
    text = f'id,title,price,kind,duration,{column}\nCHAI,Masala Chai,349.00 INR,service,45m,"{cell}"\n'

    [product] = read(text, currency="INR").products
    assert (product.extras, product.kind, faults(text)) == ({"duration": "45m", column: cell}, "service", [])


def test_a_service_may_be_free() -> None:
    [product] = read("id,title,price,kind,duration\nTALK,Talk,0,service,15m\n", currency="INR").products

    assert product.price == 0


MINUTES = "write whole minutes, from"


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("duration", "", "it is empty; a service needs one, like 45m"),
        ("duration", "0", f"'0' cannot be; {MINUTES} 1m to 1d, like 45m, 2h or 1d"),
        ("duration", "90s", f"'90s' cannot be; {MINUTES} 1m to 1d, like 45m, 2h or 1d"),
        ("duration", "2d", f"'2d' cannot be; {MINUTES} 1m to 1d, like 45m, 2h or 1d"),
        (
            "duration",
            "long",
            "'long' is not a duration; write a number and s, m, h or d, like 90s, 30m, 24h or 2d",
        ),
        ("buffer", "1m,2m,3m", "'1m,2m,3m' are 3 times; write the one after it, like 10m, or before and after: 5m,10m"),
        ("buffer", "1m,", "'1m,' leaves one out; take the comma away, or write what is missing"),
        ("buffer", "2d", f"'2d' cannot be; {MINUTES} 0 to 1d, like 45m, 2h or 1d"),
        ("capacity", "0", "'0' is not a number of places from 1 to 999"),
        ("capacity", "1000", "'1000' is not a number of places from 1 to 999"),
        ("capacity", "²", "'²' is not a number of places from 1 to 999"),
        ("staff", "Priya,,Ravi", "'Priya,,Ravi' leaves one out; take the comma away, or write what is missing"),
        ("staff", "x" * 61, f"'{'x' * 61}' is not a name; write names of up to 60 characters, parted by commas"),
        ("deposit", "120%", "'120%' is not a part of the price; write it like 20%, at most 100%"),
        ("deposit", "half", "'half' is not an amount; write digits and a point, like 499.50"),
        ("deposit", "5 USD", "'5 USD' is in USD, the store sells in INR; write the INR price"),
        ("lead", "1000d", f"'1000d' cannot be; {MINUTES} 0 to 730d, like 45m, 2h or 1d"),
        ("horizon", "30m", f"'30m' cannot be; {MINUTES} 1h to 730d, like 45m, 2h or 1d"),
        ("notice", "-1h", "'-1h' is not a duration; write a number and s, m, h or d, like 90s, 30m, 24h or 2d"),
        ("location", "x" * 201, f"'{'x' * 201}' is not a place; write up to 200 characters on one line"),
    ],
)
def test_a_service_that_cannot_be_is_told_with_its_column_and_remedy(column: str, cell: str, fault: str) -> None:
    cells = {"duration": "45m", column: cell}
    columns = {"id": "CUT", "title": "Cut", "price": "349", "kind": "service", **cells}
    text = "\t".join(columns) + "\n" + "\t".join(columns.values()) + "\n"

    assert (read(text, currency="INR").products, faults(text)) == ((), [f"line 2, {column}: {fault}"])


def test_a_service_needs_a_time_between_its_lead_and_its_horizon() -> None:
    text = "id,title,price,kind,duration,lead,horizon\nCUT,Cut,349,service,45m,2d,48h\n"

    assert faults(text) == ["line 2, horizon: 48h is no further ahead than lead 2d; write more"]


@pytest.mark.parametrize(
    ("columns", "cells", "fault"),
    [
        ("duration", "45m", "duration: it stands with a product, which nobody books; write service in the column kind"),
        (
            "kind,duration,deposit",
            "service,45m,500",
            "deposit: 500 is above the price 349.00 INR; all of it is asked for first",
        ),
    ],
)
def test_what_was_probably_not_meant_is_told_and_sold(columns: str, cells: str, fault: str) -> None:
    assert fault_of(columns, cells) == [f"line 2, {fault}"]
    assert one(columns, cells).price == 34900


def test_bad_lines_never_cost_the_others_and_are_told_all_at_once() -> None:
    text = (
        "id,title,price\n"
        ",,\n"
        "A,,free\n"
        "CHAI,Masala Chai,349.00 INR\n"
        'B,"6" nail",1\n'
        "C,C,3,4\n"
        "CHAI,Other Chai,1\n"
        "D,D,5 USD\n"
        'E,"Two\nlines",7\n'
        "F,F,\n"
    )

    assert read(text, currency="INR").products == (
        CHAI,
        Product(retailer_id="E", title="Two\nlines", price=700, currency="INR"),
    )
    assert faults(text) == [
        "line 3, title: it is empty; every product needs one",
        "line 3, price: 'free' is not an amount; write digits and a point, like 499.50",
        f"line 5: ',' expected after '\"'; {QUOTING}",
        f"line 6: 4 cells for 3 columns; {QUOTING}",
        "line 7, id: 'CHAI' stands on line 4 already; give each product its own id",
        "line 8, price: '5 USD' is in USD, the store sells in INR; write the INR price",
        "line 11, price: it is empty; write the price, like 499.50 INR",
    ]


def test_a_quote_that_never_closes_costs_only_its_own_line() -> None:
    feed = read('id,title,price\nA,"Tea,1\nCHAI,Masala Chai,349\n', currency="INR")

    assert (feed.products, [fault.line for fault in feed.faults]) == ((CHAI,), [2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "",
            [
                "line 1, id: there is no such column; the first line names the columns",
                "line 1, title: there is no such column; the first line names the columns",
                "line 1, price: there is no such column; the first line names the columns",
            ],
        ),
        ("id,title\nA,B\n", ["line 1, price: there is no such column; the first line names the columns"]),
        ("id,title,price,price\nA,B,1,2\n", ["line 1, price: the column stands there twice; keep one"]),
    ],
)
def test_without_its_columns_nothing_is_read(text: str, expected: list[str]) -> None:
    assert (read(text, currency="INR").products, faults(text)) == ((), expected)


def test_a_header_that_is_no_row_is_told() -> None:
    assert read('"id"x,title\n', currency="INR").faults[0].line == 1


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    read(text, currency="INR")
    read("id,title,price\n" + text, currency="INR")


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@given(st.dictionaries(CELL, st.tuples(CELL, st.integers(0, 10**9)), max_size=8))
def test_every_good_line_is_read_whole(rows: dict[str, tuple[str, int]]) -> None:
    file = StringIO()
    csv.writer(file).writerows(
        [("id", "title", "price"), *((sku, title, price) for sku, (title, price) in rows.items())]
    )

    assert read(file.getvalue(), currency="INR") == Feed(
        tuple(
            Product(retailer_id=sku, title=title, price=price * 100, currency="INR")
            for sku, (title, price) in rows.items()
        ),
        (),
    )


def test_a_fault_of_a_whole_line_names_no_column() -> None:
    assert str(Fault(3, "", "it is odd")) == "line 3: it is odd"
