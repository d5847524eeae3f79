"""Effects become rows, in the transaction that caused them."""

from collections.abc import Iterable

from flows import alerts
from flows.effects import Effect, FreeSlot, MoveStock, Ring, Say, StartTimer, StopTimer, TellStaff
from flows.news import News
from flows.policy import may
from flows.settings import Settings
from models import bookings, catalog, outbox, staff, timers
from models.work import Work


async def save(work: Work, effects: Iterable[Effect], cause: int | None) -> None:
    """Write what a decision wants to happen; `cause` is the event that led to it."""
    for effect in effects:
        match effect:
            case Say():
                outbox.notify(
                    work, effect.contact_id, effect.message,
                    cause=cause, fallback=effect.fallback, arrival=effect.arrival, order_id=effect.order_id,
                    due_at=effect.due_at,
                )  # fmt: skip
            case TellStaff():
                tell_staff(work, effect)
            case StartTimer():
                timers.start(work, kind=effect.kind, subject=effect.subject, due_at=effect.due_at)
            case Ring():
                timers.ring(work, kind=effect.kind, subject=effect.subject, cause=cause)
            case StopTimer():
                timers.stop(work, kinds=effect.kinds, subject=effect.subject, but=effect.but)
            case MoveStock():
                await _move_stock(work, effect)
            case FreeSlot():
                await _free_slot(work, effect.order_id)


async def _free_slot(work: Work, order_id: int) -> None:
    if (appointment := await bookings.of_order(work, order_id)) is not None:
        await bookings.release(work, appointment)


async def _move_stock(work: Work, move: MoveStock) -> None:
    """Staff hear of it when fewer than the store likes are left to sell."""
    was = await catalog.move_stock(
        work, move.retailer_id, reserved=move.reserved, on_hand=move.on_hand, location=move.location
    )
    low: int = Settings(work.store.settings).get("low_stock")
    if not move.is_sold or was is None or was.product is None or was.free is None:
        return
    left = was.free + move.on_hand - move.reserved
    if left <= low < was.free:
        tell_staff(work, TellStaff(News(alerts.low_stock(work.store, was.product, left=left))))


def tell_staff(work: Work, told: TellStaff) -> None:
    """News for everyone of the shop whose role gets alerts, or for one of them."""
    people = [person.contact_id for person in staff.list_all(work) if may(person.role, "alerts")]
    for contact_id in [told.to] if told.to in people else people:
        if told.only in (None, contact_id) and contact_id != told.but:
            work.tell(contact_id, told.news)
