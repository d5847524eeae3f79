"""Effects become rows, in the transaction that caused them."""

from collections.abc import Iterable

from flows.effects import Effect, MoveStock, Say, StartTimer, StopTimer, TellStaff
from flows.policy import may
from models import catalog, outbox, staff, timers
from models.work import Work


async def save(work: Work, effects: Iterable[Effect], cause: int | None) -> None:
    """Write what a decision wants to happen; `cause` is the event that led to it."""
    for effect in effects:
        match effect:
            case Say():
                outbox.say(
                    work, effect.contact_id, effect.message,
                    cause=cause, fallback=effect.fallback, arrival=effect.arrival, order_id=effect.order_id,
                    due_at=effect.due_at,
                )  # fmt: skip
            case TellStaff():
                tell_staff(work, effect)
            case StartTimer():
                timers.start(work, kind=effect.kind, subject=effect.subject, due_at=effect.due_at)
            case StopTimer():
                timers.stop(work, kind=effect.kind, subject=effect.subject, but=effect.but)
            case MoveStock():
                await catalog.move_stock(work, effect.retailer_id, reserved=effect.reserved, on_hand=effect.on_hand)


def tell_staff(work: Work, told: TellStaff) -> None:
    """News for everyone of the shop whose role gets alerts, or for one of them."""
    people = [person.contact_id for person in staff.list_all(work) if may(person.role, "alerts")]
    for contact_id in [told.to] if told.to in people else people:
        if contact_id != told.but:
            work.tell(contact_id, told.news)
