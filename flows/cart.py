"""A customer's cart, priced from our catalogue. What the phone said a thing costs is only compared, never charged."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows import limits
from flows.feed import Product
from flows.inbound import Cart, CartLine
from flows.money import major


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`drifted`: the customer's phone showed another price than `unit_price` (minor units). `backordered` pieces are not
    there yet.
    """

    product: Product
    quantity: int
    drifted: bool = False
    backordered: int = 0

    @property
    def unit_price(self) -> int:
        return self.product.unit_price

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such product in our catalogue."""

    sku: str


@dataclass(frozen=True, slots=True)
class SoldOut:
    title: str


@dataclass(frozen=True, slots=True)
class Short:
    """Fewer are left than the cart asks for."""

    title: str
    left: int


@dataclass(frozen=True, slots=True)
class BadQuantity:
    """Not 1 to 99 pieces; `quantity` is None when the phone sent no readable number."""

    title: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class OtherCurrency:
    """Our catalogue has its price in a currency the store does not sell in."""

    title: str
    currency: str


@dataclass(frozen=True, slots=True)
class Service:
    """It is booked for a time, which no cart says."""

    title: str


@dataclass(frozen=True, slots=True)
class Empty:
    """A cart without lines."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """More different products than a cart may hold: nothing of it is taken."""

    lines: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """A cart from a catalogue that is not this store's: nothing of it is taken."""

    catalog_id: str


Refusal = Unknown | SoldOut | Short | BadQuantity | OtherCurrency | Service | Empty | TooMany | Foreign


@dataclass(frozen=True, slots=True)
class PricedCart:
    """What can be sold, in the customer's order, and each thing that cannot, with its reason. No line: there is no order."""

    currency: str
    lines: tuple[PricedLine, ...]
    refusals: tuple[Refusal, ...]

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)


def price(
    cart: Cart,
    products: Mapping[str, Product],
    *,
    currency: str,
    catalog_id: str | None = None,
    reserved: Mapping[str, int] | None = None,
    allow_backorder: bool = False,
) -> PricedCart:
    """`cart` at our prices. `products` by retailer id, `reserved` the pieces promised to others.

    Without a `catalog_id` of our own every catalogue is taken for ours. `allow_backorder` is the store's word where a
    product has none of its own.
    """
    asked: dict[str, list[CartLine]] = {}
    for line in cart.lines:
        asked.setdefault(line.retailer_id, []).append(line)
    if whole := refused_whole(cart, len(asked), catalog_id):
        return PricedCart(currency, (), (whole,))
    results: list[PricedLine | Refusal] = []
    for sku, same in asked.items():
        product = products.get(sku)
        if product is None:
            results.append(Unknown(sku))
            continue
        may_wait = product.may_backorder(allow_backorder)
        results.append(_price_line(same, product, currency, (reserved or {}).get(sku, 0), may_wait=may_wait))
    lines = tuple(result for result in results if isinstance(result, PricedLine))
    return PricedCart(currency, lines, tuple(result for result in results if not isinstance(result, PricedLine)))


def refused_whole(cart: Cart, skus: int, catalog_id: str | None) -> Refusal | None:
    """Why nothing of the cart is looked at, with so many different products in it."""
    if catalog_id and cart.catalog_id and cart.catalog_id != catalog_id:
        return Foreign(cart.catalog_id)
    if skus == 0:
        return Empty()
    return TooMany(skus) if skus > limits.CART_LINES else None


def _price_line(
    same: list[CartLine], product: Product, currency: str, reserved: int, *, may_wait: bool
) -> PricedLine | Refusal:
    """The lines of one product as one line, or why not."""
    title = product.title
    if product.kind == "service":
        return Service(title)
    quantities = [line.quantity or 0 for line in same]
    quantity = sum(quantities)
    if min(quantities) < 1 or quantity > limits.CART_QUANTITY:
        return BadQuantity(title, None if any(line.quantity is None for line in same) else quantity)
    if product.currency != currency:
        return OtherCurrency(title, product.currency)
    left = None if product.on_hand is None else product.on_hand - reserved
    if not product.is_sellable or (left is not None and left <= 0 and not may_wait):
        return SoldOut(title)
    missing = 0 if left is None else max(0, quantity - max(0, left))
    if left is not None and missing and not may_wait:
        return Short(title, left)
    return PricedLine(product, quantity, any(_drifted(line, product) for line in same), missing)


def _drifted(line: CartLine, product: Product) -> bool:
    if line.currency and line.currency != product.currency:
        return True
    return line.price is not None and line.price != major(product.unit_price, product.currency)
