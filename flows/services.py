"""Services: products of the feed that are booked, with what the store says where their line says nothing."""

from datetime import timedelta

from flows import service_columns as columns
from flows.appointment import Service
from flows.feed import Product
from flows.settings import Settings


def read(product: Product, settings: Settings) -> Service | None:
    """What is booked under this id. None for what is sold in pieces, and for a line that was imported when nobody looked at
    what a service needs: it cannot be booked until the feed is imported again.
    """
    if product.kind != "service" or "duration" not in product.extras:
        return None
    cells = {name: parse(product.extras[name]) for name, parse in columns.COLUMNS.items() if name in product.extras}
    before, after = cells.get("buffer", (timedelta(), timedelta()))
    first = product.extras.get("deposit", f"{settings.get('deposit')}%")
    return Service(
        sku=product.retailer_id,
        title=product.title,
        price=product.unit_price,
        currency=product.currency,
        duration=cells["duration"],
        before=before,
        after=after,
        capacity=cells.get("capacity", 1),
        deposit=min(product.unit_price, columns.deposit(first, product.unit_price, product.currency)),
        people=cells.get("staff", ()),
        lead=cells.get("lead", settings.get("booking_lead")),
        horizon=cells.get("horizon", settings.get("booking_horizon")),
        notice=cells.get("notice", settings.get("booking_notice")),
        location=cells.get("location", settings.get("booking_location") or ""),
    )
