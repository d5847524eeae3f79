"""The shop's products as our own rows: prices and stock are ours, Meta's catalogue only shows them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows.feed import Product
from flows.order import Line
from models.engines import Connection
from models.statements import INT, TEXT, Query, Write, insert, kinds, statement
from models.work import NewIds, View, Work


# `on_hand` is None when nobody counts; the database keeps `0 <= reserved <= on_hand`.
class ProductRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    retailer_id = fields.CharField(max_length=100)
    title = fields.CharField(max_length=200)
    price = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    sale_price = fields.BigIntField(null=True)
    description = fields.TextField(default="")
    brand = fields.CharField(max_length=100, default="")
    availability = fields.CharField(max_length=40)
    image_link = fields.TextField(default="")
    link = fields.TextField(default="")
    item_group_id = fields.CharField(max_length=100, default="")
    on_hand = fields.BigIntField(null=True)
    kind = fields.CharField(max_length=10)
    extras: dict[str, str] = fields.JSONField()
    reserved = fields.BigIntField(default=0, db_default=0)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "product"
        unique_together = (("store_id", "retailer_id"),)


_PRODUCT = tuple(Product.__dataclass_fields__)
# A feed that counts fewer than are promised to customers already leaves none to sell.
_ON_HAND = "CASE WHEN excluded.on_hand < product.reserved THEN product.reserved ELSE excluded.on_hand END"
_CHANGED = ", ".join(
    f"{name} = {_ON_HAND if name == 'on_hand' else f'excluded.{name}'}"
    for name in (*_PRODUCT, "updated_at")
    if name != "retailer_id"
)
_PUT = insert(
    ProductRow, "id", "store_id", *_PRODUCT, "updated_at",
    conflict=f"ON CONFLICT (store_id, retailer_id) DO UPDATE SET {_CHANGED}",
)  # fmt: skip
_OF_STORE = f"SELECT {', '.join((*_PRODUCT, 'reserved'))} FROM product WHERE store_id = :store_id"
_RESULTS = {name: kinds(ProductRow)[name] for name in (*_PRODUCT, "reserved")}
_NAMED = statement(f"{_OF_STORE} AND retailer_id IN :skus", {"store_id": INT, "skus": TEXT}, _RESULTS)
_COUNT = statement("SELECT COUNT(*) FROM product WHERE store_id = :store_id", {"store_id": INT}, {"count": INT})
_THUMBNAIL = statement(
    "SELECT MIN(retailer_id) FROM product WHERE store_id = :store_id AND image_link <> '' AND availability = 'in stock'",
    {"store_id": INT},
    {"retailer_id": TEXT},
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands under a retailer id: nothing, or a product of which `reserved` pieces are promised to others."""

    store_id: int
    retailer_id: str
    product: Product | None
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Front:
    """What is shown of the whole catalogue: the product whose picture heads it, or None when there is no catalogue."""

    store_id: int
    thumbnail: str | None


class _Shelves(View[Shelf]):
    """Shelves change by so many pieces, not to a number: two orders that take of one product do not conflict over it.

    Postgres takes the rows in the order of their ids, whatever the order in the carts, or two carts would wait for each other.
    """

    update = Write(
        "product",
        "UPDATE product SET reserved = reserved + ?, on_hand = on_hand + ? WHERE store_id = ? AND retailer_id = ?",
        "WITH held AS MATERIALIZED (SELECT p.id, u.reserved, u.on_hand"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS u(reserved, on_hand, store_id, retailer_id)"
        " JOIN product p ON p.store_id = u.store_id AND p.retailer_id = u.retailer_id ORDER BY p.id FOR UPDATE OF p)"
        " UPDATE product SET reserved = product.reserved + held.reserved, on_hand = product.on_hand + held.on_hand"
        " FROM held WHERE product.id = held.id",
        (INT, INT, INT, TEXT),
        exact=True,
    )

    def updated(self, was: Shelf, now: Shelf) -> tuple[Any, ...]:
        assert was.product is not None
        assert now.product is not None
        taken = (now.product.on_hand or 0) - (was.product.on_hand or 0)
        return (now.reserved - was.reserved, taken, now.store_id, now.retailer_id)


SHELVES = _Shelves("retailer_id")
FRONTS: View[Front] = View("store_id")


def load(skus: Collection[str], store_id: int, *, head: bool) -> list[Query]:
    """Queries for these products and, if asked for, the head of the catalogue."""
    return [_NAMED(store_id=store_id, skus=sorted(skus)), *([_THUMBNAIL(store_id=store_id)] if head else [])]


def loaded(
    work: Work, skus: Collection[str], products: Sequence[dict[str, Any]], head: Sequence[dict[str, Any]] = ()
) -> None:
    """Remember what the queries of `load` answered, also which of `skus` do not exist."""
    shelves = {row["retailer_id"]: _shelf(work, row) for row in products}
    work.loaded(SHELVES, [shelves.get(sku) or Shelf(work.store.id, sku, None) for sku in skus])
    work.loaded(FRONTS, [Front(work.store.id, row["retailer_id"]) for row in head])


async def thumbnail(work: Work) -> str | None:
    """The product whose picture heads the catalogue message; None when there is no catalogue."""
    if (front := work.find(FRONTS, work.store.id)) is None:
        [[row]] = await work.load_late(_THUMBNAIL(store_id=work.store.id))
        work.loaded(FRONTS, [front := Front(work.store.id, row["retailer_id"])])
    return front.thumbnail


async def find_products(work: Work, skus: Collection[str]) -> tuple[dict[str, Product], dict[str, int]]:
    """These products, and the pieces of each that are promised to others, by retailer id."""
    if missing := [sku for sku in skus if work.find(SHELVES, sku) is None]:
        [rows] = await work.load_late(*load(missing, work.store.id, head=False))
        loaded(work, missing, rows)
    shelves = [shelf for sku in skus if (shelf := work.find(SHELVES, sku)) is not None]
    found = {shelf.retailer_id: shelf.product for shelf in shelves if shelf.product is not None}
    return found, {shelf.retailer_id: shelf.reserved for shelf in shelves}


async def short_of(work: Work, lines: Sequence[Line]) -> list[Line]:
    """Those of `lines` that could not be promised to anybody now."""
    products, reserved = await find_products(work, {line.retailer_id for line in lines})

    def is_there(line: Line) -> bool:
        product = products.get(line.retailer_id)
        if product is None or not product.is_sellable:
            return False
        return product.on_hand is None or product.on_hand - reserved[line.retailer_id] >= line.quantity

    return [line for line in lines if not is_there(line)]


async def move_stock(work: Work, retailer_id: str, *, reserved: int, on_hand: int) -> None:
    """Promise or free pieces, or take them off the shelf. A product that is no longer ours has none to move."""
    await find_products(work, [retailer_id])
    shelf = work.find(SHELVES, retailer_id)
    assert shelf is not None
    if (product := shelf.product) is None:
        return
    if on_hand and product.on_hand is not None:
        product = replace(product, on_hand=product.on_hand + on_hand)
    work.replace(SHELVES, replace(shelf, product=product, reserved=shelf.reserved + reserved))


def _shelf(work: Work, row: dict[str, Any]) -> Shelf:
    product = Product(**{name: row[name] for name in _PRODUCT})
    return Shelf(work.store.id, row["retailer_id"], product, row["reserved"])


async def is_empty(connection: Connection, store_id: int) -> bool:
    [[row]] = await connection.fetch(_COUNT(store_id=store_id))
    return bool(row["count"] == 0)


async def put(connection: Connection, store_id: int, found: Iterable[Product], *, ids: NewIds, now: datetime) -> int:
    """Add products and update those known by their retailer id; what is reserved stays. Returns how many."""
    rows = [(ids.new(), store_id, *(getattr(product, name) for name in _PRODUCT), now) for product in found]
    if rows:
        await connection.write([(_PUT, rows)])
    return len(rows)
