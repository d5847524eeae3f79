"""The appointments of bookings with their services: what the order's gate, its cards and its lists look at."""

from collections.abc import Iterable, Mapping

from flows import services
from flows.appointment import Visit
from flows.order import Order
from flows.settings import Settings
from models import bookings, catalog
from models.work import Work


async def of(work: Work, order: Order) -> Visit | None:
    """None for an order for goods, and for a booking that has no appointment yet."""
    return (await of_all(work, [order])).get(order.id)


async def of_all(work: Work, orders: Iterable[Order]) -> dict[int, Visit]:
    """Those of the bookings among these orders, by the order's id."""
    booked = [order.id for order in orders if order.is_booking]
    if not booked:
        return {}
    found = await bookings.of_orders(work, booked)
    products, _ = await catalog.find_products(work, sorted({appointment.sku for appointment in found.values()}))
    settings = Settings(work.store.settings)
    offered = {sku: services.read(product, settings) for sku, product in products.items()}
    return {order_id: Visit(each, offered.get(each.sku)) for order_id, each in found.items()}


def known(work: Work) -> Mapping[int, Visit]:
    """Those that were read, by the order's id, without their services: what staff may do is a matter of time alone."""
    read = work.all(bookings.APPOINTMENTS)
    return {each.order_id: Visit(each) for each in read if each.order_id is not None}
