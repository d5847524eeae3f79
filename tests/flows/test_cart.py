"""A cart is priced from our catalogue alone, and everything that cannot be sold is said with its reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cart import (
    BadQuantity,
    Empty,
    Foreign,
    OtherCurrency,
    PricedCart,
    PricedLine,
    Refusal,
    Service,
    Short,
    SoldOut,
    TooMany,
    Unknown,
    price,
)
from flows.feed import Product
from flows.inbound import Cart, CartLine

CHAI = Product(retailer_id="CHAI", title="Chai", price=34900, currency="INR")
DIYA = Product(retailer_id="DIYA", title="Diya", price=129900, currency="INR", sale_price=109900, on_hand=3)
GONE = Product(retailer_id="GONE", title="Incense", price=15000, currency="INR", availability="out of stock")
DOLLAR = Product(retailer_id="DOLLAR", title="Import", price=500, currency="USD")
FITTING = Product(retailer_id="FIT", title="Fitting", price=30000, currency="INR", kind="service")
PRODUCTS = {product.retailer_id: product for product in (CHAI, DIYA, GONE, DOLLAR, FITTING)}


def line(sku: str, quantity: int | None = 1, seen: str | None = None, currency: str | None = "INR") -> CartLine:
    return CartLine(sku, quantity, None if seen is None else Decimal(seen), currency)


def priced(*lines: CartLine, catalog_id: str | None = None, reserved: dict[str, int] | None = None) -> PricedCart:
    return price(Cart("77", "", lines), PRODUCTS, currency="INR", catalog_id=catalog_id, reserved=reserved)


def refused(*lines: CartLine, reserved: dict[str, int] | None = None) -> Refusal:
    cart = priced(*lines, reserved=reserved)
    assert cart.lines == ()
    [refusal] = cart.refusals
    return refusal


def test_what_is_booked_for_a_time_is_not_sold_by_the_piece() -> None:
    assert refused(line("FIT")) == Service("Fitting")


def test_our_prices_count_and_the_phones_are_only_compared() -> None:
    cart = priced(line("CHAI", 2, "1.00"), line("DIYA", 1, "1099"))

    assert cart == PricedCart("INR", (PricedLine(CHAI, 2, drifted=True), PricedLine(DIYA, 1)), ())
    assert ([row.total for row in cart.lines], cart.subtotal) == ([69800, 109900], 179700)


@pytest.mark.parametrize(
    ("seen", "currency", "drifted"),
    [
        ("349", "INR", False),
        ("349.00", None, False),
        (None, "INR", False),
        ("349.01", "INR", True),
        ("349", "USD", True),
        ("1e400", "INR", True),
        ("NaN", "INR", True),
    ],
)
def test_drift_is_another_amount_or_another_currency(seen: str | None, currency: str | None, *, drifted: bool) -> None:
    assert priced(line("CHAI", 1, seen, currency)).lines == (PricedLine(CHAI, 1, drifted=drifted),)


def test_equal_products_become_one_line_at_their_first_place() -> None:
    cart = priced(line("DIYA"), line("CHAI", 2), line("DIYA", 2))

    assert cart.lines == (PricedLine(DIYA, 3), PricedLine(CHAI, 2))


def test_each_thing_that_cannot_be_sold_is_refused_and_the_rest_is_sold() -> None:
    cart = priced(line("NOPE"), line("GONE"), line("CHAI"), line("DIYA", 4), line("DOLLAR"))

    assert cart == PricedCart(
        "INR",
        (PricedLine(CHAI, 1),),
        (Unknown("NOPE"), SoldOut("Incense"), Short("Diya", 3), OtherCurrency("Import", "USD")),
    )


@pytest.mark.parametrize(("quantity", "told"), [(0, 0), (-1, -1), (None, None), (100, 100), (10**30, 10**30)])
def test_a_quantity_is_one_to_ninety_nine(quantity: int | None, told: int | None) -> None:
    assert refused(line("CHAI", quantity)) == BadQuantity("Chai", told)


def test_quantities_are_judged_after_merging() -> None:
    assert refused(line("CHAI", 50), line("CHAI", 50)) == BadQuantity("Chai", 100)
    assert refused(line("CHAI", 5), line("CHAI", 0)) == BadQuantity("Chai", 5)
    assert refused(line("CHAI", 5), line("CHAI", None)) == BadQuantity("Chai", None)


@pytest.mark.parametrize(
    ("reserved", "refusal"), [(1, Short("Diya", 2)), (2, Short("Diya", 1)), (3, SoldOut("Diya")), (9, SoldOut("Diya"))]
)
def test_pieces_promised_to_others_are_not_sold_again(reserved: int, refusal: Refusal) -> None:
    assert refused(line("DIYA", 3), reserved={"DIYA": reserved}) == refusal


def test_an_empty_cart_is_refused() -> None:
    assert refused() == Empty()


def test_a_hundred_products_are_taken_and_one_more_is_not() -> None:
    products = {str(n): Product(retailer_id=str(n), title=str(n), price=n, currency="INR") for n in range(101)}
    lines = tuple(line(sku) for sku in products)

    taken = price(Cart(None, "", lines[:100]), products, currency="INR")
    assert (len(taken.lines), taken.refusals) == (100, ())
    assert price(Cart(None, "", lines), products, currency="INR") == PricedCart("INR", (), (TooMany(101),))


@pytest.mark.parametrize(
    ("ours", "refusals"), [("77", ()), (None, ()), ("78", (Foreign("77"),))], ids=["ours", "none set", "another"]
)
def test_a_cart_from_another_catalogue_is_foreign(ours: str | None, refusals: tuple[Refusal, ...]) -> None:
    assert priced(line("CHAI"), catalog_id=ours).refusals == refusals


LINES = st.lists(
    st.builds(
        CartLine,
        st.sampled_from([*PRODUCTS, "NOPE"]),
        st.none() | st.integers(-5, 120),
        st.none() | st.decimals(allow_nan=False),
        st.sampled_from(["INR", "USD", None]),
    ),
    max_size=12,
)


@given(LINES, st.integers(0, 4))
def test_every_product_is_sold_or_refused_once_and_never_beyond_stock(lines: list[CartLine], reserved: int) -> None:
    cart = priced(*lines, reserved={"DIYA": reserved})

    assert len(cart.lines) + len(cart.refusals) == max(1, len({row.retailer_id for row in lines}))
    assert all(1 <= row.quantity <= 99 for row in cart.lines)
    assert all(row.quantity <= 3 - reserved for row in cart.lines if row.product is DIYA)
    assert cart.subtotal == sum(PRODUCTS[row.product.retailer_id].unit_price * row.quantity for row in cart.lines)
