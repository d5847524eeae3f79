"""The shop's products as our own rows: prices and stock are ours, Meta's catalogue only shows them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from flows.feed import Product
from flows.fulfilment import MAIN, Plan
from flows.order import Line
from models.engines import Connection
from models.statements import INT, TEXT, Query, Write, insert, kinds, select, statement
from models.work import NewIds, View, Work


# `on_hand` is None when nobody counts; the database keeps `0 <= reserved <= on_hand`. With `is_split` some of it is at other
# places, which have rows of their own.
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
    is_split = fields.BooleanField(default=False, db_default=False)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "product"
        unique_together = (("store_id", "retailer_id"),)


# Of a product's pieces, those at another place than the main one: what is not here is there.
class PlaceRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    retailer_id = fields.CharField(max_length=100)
    location = fields.CharField(max_length=40)
    on_hand = fields.BigIntField()
    reserved = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "stock_place"
        unique_together = (("store_id", "retailer_id", "location"),)


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
_OF_STORE = f"SELECT {', '.join((*_PRODUCT, 'reserved', 'is_split'))} FROM product WHERE store_id = :store_id"
_RESULTS = {name: kinds(ProductRow)[name] for name in (*_PRODUCT, "reserved", "is_split")}
_NAMED = statement(f"{_OF_STORE} AND retailer_id IN :skus", {"store_id": INT, "skus": TEXT}, _RESULTS)
_LIKE = statement(
    f"{_OF_STORE} AND LOWER(retailer_id) = :sku ORDER BY retailer_id", {"store_id": INT, "sku": TEXT}, _RESULTS
)
_SERVICES = statement(f"{_OF_STORE} AND kind = 'service' ORDER BY id", {"store_id": INT}, _RESULTS)
_PLACES = select(PlaceRow, "WHERE t.store_id = :store_id AND t.retailer_id IN :skus", store_id=INT, skus=TEXT)
_BEGIN_PLACE = insert(
    PlaceRow, "store_id", "retailer_id", "location", "on_hand", "reserved",
    conflict="ON CONFLICT (store_id, retailer_id, location) DO UPDATE SET on_hand = stock_place.on_hand + excluded.on_hand,"
    " reserved = stock_place.reserved + excluded.reserved",
)  # fmt: skip
_ONE = {"store_id": INT, "sku": TEXT}
_SPLIT = statement("UPDATE product SET is_split = TRUE WHERE store_id = :store_id AND retailer_id = :sku", _ONE)
_BEGIN_COUNT = statement(
    "UPDATE product SET on_hand = :count WHERE store_id = :store_id AND retailer_id = :sku AND on_hand IS NULL",
    {**_ONE, "count": INT},
)
_BACK_IN_STOCK = statement(
    "UPDATE product SET availability = 'in stock' WHERE store_id = :store_id AND retailer_id = :sku"
    " AND availability = 'out of stock'",
    _ONE,
)
_COUNT = statement("SELECT COUNT(*) FROM product WHERE store_id = :store_id", {"store_id": INT}, {"count": INT})
_THUMBNAIL = statement(
    "SELECT MIN(CASE WHEN image_link <> '' THEN retailer_id END), COALESCE(MAX(CASE WHEN kind = 'service' THEN 1 ELSE 0 END), 0)"
    " FROM product WHERE store_id = :store_id AND availability = 'in stock'",
    {"store_id": INT},
    {"retailer_id": TEXT, "services": INT},
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands under a retailer id: nothing, or a product of which `reserved` pieces are promised to others."""

    store_id: int
    retailer_id: str
    product: Product | None
    reserved: int = 0
    is_split: bool = False

    @property
    def free(self) -> int | None:
        """Pieces that could be promised now; None when nobody counts."""
        if self.product is None or self.product.on_hand is None:
            return None
        return self.product.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Place:
    """A product's pieces at one of its other places."""

    store_id: int
    retailer_id: str
    location: str
    on_hand: int
    reserved: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved

    @property
    def key(self) -> tuple[str, str]:
        return self.retailer_id, self.location


@dataclass(frozen=True, slots=True)
class Front:
    """What is shown of the whole catalogue: the product whose picture heads it, or None when there is no catalogue."""

    store_id: int
    thumbnail: str | None
    has_services: bool = False


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


class _Places(View[Place]):
    """Places change by so many pieces too; a new one adds to what somebody else put there meanwhile."""

    insert = _BEGIN_PLACE
    update = Write(
        "stock_place",
        "UPDATE stock_place SET reserved = reserved + ?, on_hand = on_hand + ?"
        " WHERE store_id = ? AND retailer_id = ? AND location = ?",
        "UPDATE stock_place SET reserved = stock_place.reserved + u.reserved, on_hand = stock_place.on_hand + u.on_hand"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])"
        " AS u(reserved, on_hand, store_id, retailer_id, location) WHERE stock_place.store_id = u.store_id"
        " AND stock_place.retailer_id = u.retailer_id AND stock_place.location = u.location",
        (INT, INT, INT, TEXT, TEXT),
        exact=True,
    )

    def inserted(self, place: Place) -> tuple[Any, ...]:
        return place.store_id, place.retailer_id, place.location, place.on_hand, place.reserved

    def updated(self, was: Place, now: Place) -> tuple[Any, ...]:
        changed = now.reserved - was.reserved, now.on_hand - was.on_hand
        return (*changed, now.store_id, now.retailer_id, now.location)


@dataclass(frozen=True, slots=True)
class _Known:
    """That a product's places were read."""

    retailer_id: str


SHELVES = _Shelves("retailer_id")
PLACES = _Places("key")
_PLACES_READ: View[_Known] = View("retailer_id")
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
    work.loaded(FRONTS, [Front(work.store.id, row["retailer_id"], bool(row["services"])) for row in head])


async def front(work: Work) -> Front:
    """What the shop shows to who comes in."""
    if work.find(FRONTS, work.store.id) is None:
        [head] = await work.load_late(_THUMBNAIL(store_id=work.store.id))
        loaded(work, (), (), head)
    found = work.find(FRONTS, work.store.id)
    assert found is not None
    return found


async def thumbnail(work: Work) -> str | None:
    """The product whose picture heads the catalogue message; None when there is no catalogue."""
    return (await front(work)).thumbnail


async def find_products(work: Work, skus: Collection[str]) -> tuple[dict[str, Product], dict[str, int]]:
    """These products, and the pieces of each that are promised to others, by retailer id."""
    if missing := [sku for sku in skus if work.find(SHELVES, sku) is None]:
        [rows] = await work.load_late(*load(missing, work.store.id, head=False))
        loaded(work, missing, rows)
    shelves = [shelf for sku in skus if (shelf := work.find(SHELVES, sku)) is not None]
    found = {shelf.retailer_id: shelf.product for shelf in shelves if shelf.product is not None}
    return found, {shelf.retailer_id: shelf.reserved for shelf in shelves}


async def services(work: Work) -> list[Product]:
    """What can be booked here, in the order of the feed."""
    [rows] = await work.load_late(_SERVICES(store_id=work.store.id))
    loaded(work, [row["retailer_id"] for row in rows], rows)
    found, _ = await find_products(work, [row["retailer_id"] for row in rows])
    return [product for product in found.values() if product.is_sellable]


@dataclass(frozen=True, slots=True)
class Allotment:
    """What an order would get now: its lines with what of them is there, and the lines of which there is not enough."""

    lines: tuple[Line, ...]
    short: tuple[Line, ...]


async def allot(work: Work, lines: Sequence[Line], *, allow_backorder: bool) -> Allotment:
    """The pieces of `lines`, none of which has left, promised anew; what is missing waits where it may."""
    await find_products(work, {line.retailer_id for line in lines})
    allotted, short = [], []
    for line in lines:
        shelf = work.find(SHELVES, line.retailer_id)
        if shelf is None or shelf.product is None or not shelf.product.is_sellable:
            short.append(line)
            continue
        missing = 0 if shelf.free is None else max(0, line.left - max(0, shelf.free))
        if missing and not shelf.product.may_backorder(allow_backorder):
            short.append(line)
        allotted.append(replace(line, backordered=missing))
    return Allotment(tuple(allotted), tuple(short))


async def plan(work: Work, lines: Sequence[Line]) -> Plan:
    """From where the pieces of `lines` that are there come: from the first place that has them, the main one first."""
    split = [line.retailer_id for line in lines if (shelf := work.find(SHELVES, line.retailer_id)) and shelf.is_split]
    if not split:
        return {}
    await _load_places(work, split)
    found: dict[str, dict[str, int]] = {}
    for line in lines:
        wanted = line.on_hand
        for location, free in _free_at(work, line.retailer_id):
            taken = wanted if free is None else min(wanted, max(0, free))
            if taken:
                found.setdefault(location, {})[line.retailer_id] = taken
            wanted -= taken
    return found


def _free_at(work: Work, retailer_id: str) -> list[tuple[str, int | None]]:
    """Pieces that each place could give, the main place first."""
    shelf = work.find(SHELVES, retailer_id)
    if shelf is None or shelf.free is None:
        return [(MAIN, None)]
    locations = [MAIN, *(place.location for place in places_of(work, retailer_id))]
    return [(location, there(work, retailer_id, location).free) for location in locations]


def there(work: Work, retailer_id: str, location: str) -> Place:
    """What a place has of a product that is counted; the main one has what the others have not."""
    if location != MAIN:
        known = work.find(PLACES, (retailer_id, location))
        return known or Place(work.store.id, retailer_id, location, 0)
    shelf, others = work.find(SHELVES, retailer_id), places_of(work, retailer_id)
    assert shelf is not None
    assert shelf.product is not None
    on_hand = (shelf.product.on_hand or 0) - sum(place.on_hand for place in others)
    return Place(work.store.id, retailer_id, MAIN, on_hand, shelf.reserved - sum(place.reserved for place in others))


def places_of(work: Work, retailer_id: str) -> list[Place]:
    """The other places of a product, as far as they were read."""
    return sorted((p for p in work.all(PLACES) if p.retailer_id == retailer_id), key=lambda place: place.location)


async def _load_places(work: Work, skus: Sequence[str]) -> None:
    if missing := [sku for sku in skus if work.find(_PLACES_READ, sku) is None]:
        [rows] = await work.load_late(_PLACES(store_id=work.store.id, skus=missing))
        columns = Place.__dataclass_fields__
        work.loaded(PLACES, [Place(**{name: row[name] for name in columns}) for row in rows])
        work.loaded(_PLACES_READ, [_Known(sku) for sku in missing])


async def move_stock(
    work: Work, retailer_id: str, *, reserved: int, on_hand: int, location: str = MAIN
) -> Shelf | None:
    """Promise or free pieces, or take them off the shelf; returns the shelf as it was. One that is no longer ours has none.

    A `location` but the main one means the record of that place alone: the shelf has them all.
    """
    await find_products(work, [retailer_id])
    shelf = work.find(SHELVES, retailer_id)
    assert shelf is not None
    if (product := shelf.product) is None:
        return None
    if location != MAIN:
        await _load_places(work, [retailer_id])
        place = work.find(PLACES, (retailer_id, location))
        assert place is not None, "what was promised somewhere has a place"
        work.replace(PLACES, replace(place, on_hand=place.on_hand + on_hand, reserved=place.reserved + reserved))
        return None
    if on_hand and product.on_hand is not None:
        product = replace(product, on_hand=product.on_hand + on_hand)
    work.replace(SHELVES, replace(shelf, product=product, reserved=shelf.reserved + reserved))
    return shelf


async def shelf_of(work: Work, sku: str) -> Shelf | None:
    """The product that people mean by `sku`, whatever its capitals, with its places."""
    [rows] = await work.load_late(_LIKE(store_id=work.store.id, sku=sku.lower()))
    if not rows:
        return None
    row = next((row for row in rows if row["retailer_id"] == sku), rows[0])
    work.loaded(SHELVES, [_shelf(work, row)])
    await _load_places(work, [row["retailer_id"]])
    return work.find(SHELVES, row["retailer_id"])


def receive(work: Work, shelf: Shelf, count: int, location: str = MAIN) -> Shelf:
    """`count` more pieces at a place (fewer, if it is negative). What nobody counted begins with them."""
    assert shelf.product is not None
    sku, store_id = shelf.retailer_id, work.store.id
    if shelf.product.on_hand is None:
        work.afterwards(_BEGIN_COUNT(store_id=store_id, sku=sku, count=count))
        return work.replace(SHELVES, replace(shelf, product=replace(shelf.product, on_hand=count)))
    if location != MAIN:
        place = work.find(PLACES, (sku, location))
        if place is None:
            work.add(PLACES, Place(store_id, sku, location, count))
            work.afterwards(_SPLIT(store_id=store_id, sku=sku))
        else:
            work.replace(PLACES, replace(place, on_hand=place.on_hand + count))
    if count > 0:
        work.afterwards(_BACK_IN_STOCK(store_id=store_id, sku=sku))
    product = replace(shelf.product, on_hand=shelf.product.on_hand + count)
    return work.replace(SHELVES, replace(shelf, product=product, is_split=shelf.is_split or location != MAIN))


def _shelf(work: Work, row: dict[str, Any]) -> Shelf:
    product = Product(**{name: row[name] for name in _PRODUCT})
    return Shelf(work.store.id, row["retailer_id"], product, row["reserved"], row["is_split"])


async def is_empty(connection: Connection, store_id: int) -> bool:
    [[row]] = await connection.fetch(_COUNT(store_id=store_id))
    return bool(row["count"] == 0)


async def put(connection: Connection, store_id: int, found: Iterable[Product], *, ids: NewIds, now: datetime) -> int:
    """Add products and update those known by their retailer id; what is reserved stays. Returns how many."""
    rows = [(ids.new(), store_id, *(getattr(product, name) for name in _PRODUCT), now) for product in found]
    if rows:
        await connection.write([(_PUT, rows)])
    return len(rows)
