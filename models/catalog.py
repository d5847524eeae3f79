"""The shop's products as our own rows: prices and stock are ours, Meta's catalogue only shows them."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime

from tortoise import Model, fields

from flows.feed import Product
from models.engines import Connection
from models.statements import INT, TEXT, insert, kinds, statement
from models.work import NewIds, Work


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
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in (*_PRODUCT, "updated_at") if name != "retailer_id")
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


async def thumbnail(work: Work) -> str | None:
    """The product whose picture heads the catalogue message; None when there is no catalogue."""
    [[row]] = await work.connection.fetch(_THUMBNAIL(store_id=work.store.id))
    sku: str | None = row["retailer_id"]
    return sku


async def find_products(work: Work, skus: Collection[str]) -> tuple[dict[str, Product], dict[str, int]]:
    """These products, and the pieces of each that are promised to others, by retailer id."""
    [rows] = await work.connection.fetch(_NAMED(store_id=work.store.id, skus=sorted(skus)))
    found = {row["retailer_id"]: Product(**{name: row[name] for name in _PRODUCT}) for row in rows}
    return found, {row["retailer_id"]: row["reserved"] for row in rows}


async def is_empty(connection: Connection, store_id: int) -> bool:
    [[row]] = await connection.fetch(_COUNT(store_id=store_id))
    return bool(row["count"] == 0)


async def put(connection: Connection, store_id: int, found: Iterable[Product], *, ids: NewIds, now: datetime) -> int:
    """Add products and update those known by their retailer id; what is reserved stays. Returns how many."""
    rows = [(ids.new(), store_id, *(asdict(product)[name] for name in _PRODUCT), now) for product in found]
    if rows:
        await connection.write([(_PUT, rows)])
    return len(rows)
