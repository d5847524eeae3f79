"""The product feed: a CSV file in Meta's columns and ours, read into products. A bad line never costs the others."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from flows import service_columns
from flows.money import parse_price

REQUIRED = ("id", "title", "price")
STOCK_COLUMNS = ("quantity_to_sell_on_facebook", "inventory")
"""Meta's names for the number on hand; neither column, or an empty cell, means that nobody counts."""

SELLABLE = frozenset({"in stock", "available for order", "preorder"})
UNSELLABLE = frozenset({"out of stock", "discontinued", "pending", "mark as sold", "mark as expired"})
KINDS = ("product", "service")
EXTRAS = (*service_columns.COLUMNS, "deposit", "tax_class", "allow_backorder")
"""Our own columns, kept as they are written: bookings (`flows/services.py`), taxes and backorders each read theirs."""

LENGTHS = {"id": 100, "title": 200, "brand": 100, "item_group_id": 100}
"""Meta's limits for short texts."""

_QUOTING = 'text that holds a delimiter or a double quote stands in double quotes, a quote inside it twice: "6"" nail"'


@dataclass(frozen=True, slots=True)
class Product:
    """One product or service. Prices are minor units of `currency`; `on_hand` is None when nobody counts it, as of a service."""

    retailer_id: str
    title: str
    price: int
    currency: str
    sale_price: int | None = None
    description: str = ""
    brand: str = ""
    availability: str = "in stock"
    image_link: str = ""
    link: str = ""
    item_group_id: str = ""
    on_hand: int | None = None
    kind: str = "product"
    extras: dict[str, str] = field(default_factory=dict)

    @property
    def unit_price(self) -> int:
        return self.price if self.sale_price is None else self.sale_price

    def may_backorder(self, default: bool) -> bool:  # noqa: FBT001 - the store's own word on it
        """Whether more may be sold than there is: the product's own word, else the store's."""
        written = self.extras.get("allow_backorder", "").lower()
        return default if not written else written in ("on", "yes", "true", "1")

    @property
    def is_sellable(self) -> bool:
        """Whether the shop offers it at all; how many are left is for the cart to ask."""
        return self.availability in SELLABLE


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a line and column of the file, and what to write instead. `column` is empty when it is the whole line."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}{', ' if self.column else ''}{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Feed:
    products: tuple[Product, ...]
    faults: tuple[Fault, ...]


def read(text: str, *, currency: str) -> Feed:
    """All products of a feed whose prices are in `currency`, and every fault. Of two lines with one id the first counts."""
    rows = _rows(text)
    at, header = next(rows, (1, []))
    if isinstance(header, str):
        return Feed((), (Fault(at, "", header),))
    columns = [name.lower().replace(" ", "_") for name in header]
    faults = _header_faults(at, columns)
    if faults:
        return Feed((), tuple(faults))
    products: dict[str, Product] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        if isinstance(cells, str):
            faults.append(Fault(line, "", cells))
            continue
        if len(cells) > len(columns):
            faults.append(Fault(line, "", f"{len(cells)} cells for {len(columns)} columns; {_QUOTING}"))
            continue
        row = _Row(line, dict(zip(columns, cells, strict=False)), currency)
        product = row.product()
        faults += row.faults
        if product is None:
            continue
        first = lines.setdefault(product.retailer_id, line)
        if first == line:
            products[product.retailer_id] = product
        else:
            faults.append(
                Fault(
                    line, "id", f"{product.retailer_id!r} stands on line {first} already; give each product its own id"
                )
            )
    return Feed(tuple(products.values()), tuple(faults))


def _rows(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each row that says something with the line it begins on, or in words why it cannot be read as a row."""
    lines = list(StringIO(text.removeprefix("\ufeff").replace("\x00", ""), newline=""))
    # Meta's own sheets open with notes after a `#`.
    start = next(
        (n for n, line in enumerate(lines) if line.strip(" \t,;\r\n") and not line.startswith("#")), len(lines)
    )
    delimiter = max(",;\t", key="".join(lines[start : start + 1]).count)
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        read = 0
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield start + read + 1, [cell.strip() for cell in cells]
                read = reader.line_num
        except csv.Error as why:
            # A quote that never closes swallows the lines below: they are read again without it.
            yield start + read + 1, f"{why}; {_QUOTING}"
            start += read + 1
        else:
            return


def _header_faults(line: int, columns: list[str]) -> list[Fault]:
    missing = [name for name in REQUIRED if name not in columns]
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    faults = [Fault(line, name, "there is no such column; the first line names the columns") for name in missing]
    return faults + [Fault(line, name, "the column stands there twice; keep one") for name in twice]


class _Row:
    """One line being read: collects its faults and goes on, so that a person sees all of them at once."""

    def __init__(self, line: int, cells: dict[str, str], currency: str) -> None:
        self.line, self.cells, self.currency = line, cells, currency
        self.faults: list[Fault] = []

    def product(self) -> Product | None:
        """The product, or None when a fault leaves nothing that could be sold."""
        retailer_id = self.required("id")
        title = self.required("title")
        brand = self.short("brand")
        item_group_id = self.short("item_group_id")
        price = self.price("price")
        availability = self.availability()
        on_hand = self.on_hand()
        kind = self.kind()
        if kind == "service":
            self.check_service()
        if self.faults or price is None:
            return None
        self.check_sense(kind, price)
        return Product(
            retailer_id=retailer_id,
            title=title,
            price=price,
            currency=self.currency,
            sale_price=self.sale_price(price),
            description=self.cell("description"),
            brand=brand,
            availability=availability,
            image_link=self.cell("image_link"),
            link=self.cell("link"),
            item_group_id=item_group_id,
            on_hand=None if kind == "service" else on_hand,
            kind=kind,
            extras={name: self.cells[name] for name in EXTRAS if self.cells.get(name)},
        )

    def cell(self, column: str) -> str:
        return self.cells.get(column, "")

    def fault(self, column: str, message: str) -> None:
        self.faults.append(Fault(self.line, column, message))

    def required(self, column: str) -> str:
        if not self.cell(column):
            self.fault(column, "it is empty; every product needs one")
        return self.short(column)

    def short(self, column: str) -> str:
        text = self.cell(column)
        if len(text) > LENGTHS[column]:
            self.fault(column, f"it has {len(text)} characters; WhatsApp takes {LENGTHS[column]}")
        return text

    def price(self, column: str) -> int | None:
        text = self.cell(column)
        if not text:
            self.fault(column, "it is empty; write the price, like 499.50 " + self.currency)
            return None
        try:
            return parse_price(text, self.currency)
        except ValueError as why:
            self.fault(column, str(why))
            return None

    def sale_price(self, price: int) -> int | None:
        """The sale price. One that cannot be honoured is a fault, and the product is sold at its full price."""
        if not self.cell("sale_price"):
            return None
        sale_price = self.price("sale_price")
        if self.cell("sale_price_effective_date"):
            self.fault(
                "sale_price_effective_date", "sales with dates are not read; the full price counts until it is empty"
            )
            return None
        if sale_price is not None and sale_price > price:
            self.fault(
                "sale_price", f"{self.cell('sale_price')} is above the price {self.cell('price')}; the price counts"
            )
            return None
        return sale_price

    def availability(self) -> str:
        availability = " ".join(self.cell("availability").lower().replace("_", " ").split()) or "in stock"
        if availability not in SELLABLE | UNSELLABLE:
            self.fault(
                "availability", f"{self.cell('availability')!r} is not known; write in stock, out of stock or preorder"
            )
        return availability

    def on_hand(self) -> int | None:
        for column in STOCK_COLUMNS:
            if text := self.cell(column):
                if text.isascii() and text.isdecimal() and len(text) <= 9:
                    return int(text)
                self.fault(
                    column, f"{text!r} is not a number of pieces; write 0 or more, or leave it empty if nobody counts"
                )
        return None

    def kind(self) -> str:
        kind = self.cell("kind").lower() or "product"
        if kind not in KINDS:
            self.fault("kind", f"{self.cell('kind')!r} is not known; write product or service")
        return kind

    def check_service(self) -> None:
        read: dict[str, Any] = {}
        for column, parse in (*service_columns.COLUMNS.items(), ("deposit", self.deposit)):
            if text := self.cell(column):
                try:
                    read[column] = parse(text)
                except ValueError as why:
                    self.fault(column, str(why))
        if not self.cell("duration"):
            self.fault("duration", "it is empty; a service needs one, like 45m")
        if "lead" in read and "horizon" in read and read["horizon"] <= read["lead"]:
            self.fault(
                "horizon", f"{self.cell('horizon')} is no further ahead than lead {self.cell('lead')}; write more"
            )

    def deposit(self, text: str, price: int = 0) -> int:
        return service_columns.deposit(text, price, self.currency)

    def check_sense(self, kind: str, price: int) -> None:
        """What was probably not meant, and is sold all the same."""
        if kind == "product" and self.cell("duration"):
            self.fault("duration", "it stands with a product, which nobody books; write service in the column kind")
        deposit = self.cell("deposit")
        if kind == "service" and deposit and self.deposit(deposit, price) > price:
            self.fault("deposit", f"{deposit} is above the price {self.cell('price')}; all of it is asked for first")
