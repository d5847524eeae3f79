"""The catalogue on the phones: rows of a product feed with Meta's columns, and money as a phone shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Json = dict[str, Any]
SIGNS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "BRL": "R$", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    title: str
    description: str
    price: Decimal
    currency: str
    image: str
    brand: str
    availability: str
    duration: str = ""
    """Of a service, as the feed writes it."""

    @classmethod
    def read(cls, row: Mapping[str, str]) -> "Product":
        """A feed row; its price reads `499.00 INR`, and a sale price wins as it does on the phone."""
        amount, _, currency = (row.get("sale_price") or row["price"]).strip().partition(" ")
        return cls(
            id=row["id"],
            title=row["title"],
            description=row.get("description", ""),
            price=Decimal(amount),
            currency=currency.strip(),
            image=row.get("image_link", ""),
            brand=row.get("brand", ""),
            availability=row.get("availability", "in stock"),
            duration=row.get("duration") or "",
        )

    def json(self) -> Json:
        """For the page."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "price": plain(self.price),
            "currency": self.currency,
            "price_text": money(self.price, self.currency),
            "image": self.image,
            "brand": self.brand,
            "availability": self.availability,
            "duration": self.duration,
        }

    def node(self) -> Json:
        """As the Graph API lists it: the price is a formatted string, never to be reckoned with (documented)."""
        return {
            "id": f"9{_number(self.id):014d}",
            "retailer_id": self.id,
            "name": self.title,
            "description": self.description,
            "price": money(self.price, self.currency),
            "currency": self.currency,
            "availability": self.availability,
            "image_url": self.image,
            "brand": self.brand,
            "visibility": "published",
            "review_status": "approved",
        }


def _number(text: str) -> int:
    """A number of up to fourteen digits that stays the same from run to run."""
    return int.from_bytes(text.encode(), "big") % 10**14


def plain(amount: Decimal) -> int | float:
    """A JSON number as Meta writes prices: whole ones without a point (observed)."""
    return int(amount) if amount == int(amount) else float(amount)


def money(amount: Decimal, currency: str) -> str:
    return f"{SIGNS.get(currency, currency + ' ')}{amount:,}"
