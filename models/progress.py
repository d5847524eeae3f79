"""What the customer's own page of a payment in WhatsApp says of the order: it changes by messages of ours only."""

from flows import progress
from flows.ledger import Payment
from flows.order import Order
from models import contacts, outbox
from models.ledger import change, money_of
from models.work import Work


async def follow(work: Work, order: Order, cause: int | None) -> None:
    """Say how far the order is, once for each step, on what it was paid by last."""
    found, _ = await money_of(work, order)
    paid = [payment for payment in found if progress.is_followed(payment)]
    status = progress.of_order(order)
    if paid and status and order.has_chat:
        await _tell(work, order, max(paid, key=lambda payment: payment.id), status, cause)


async def ended(work: Work, order: Order, old: Payment, *, cause: int | None) -> Payment:
    """Say that a request is not to be paid any more, or that it has been."""
    if not progress.is_shown(old) or not order.has_chat:
        return old
    return await _tell(work, order, old, progress.of_ended(order, old), cause)


async def paid(work: Work, order: Order, came: Payment, words: str, *, cause: int | None) -> bool:
    """Say on its page that the money is there, in the `words` that the customer reads; False where there is none to say it on."""
    if not progress.is_told(came) or not order.has_chat:
        return False
    customer = await contacts.get(work, order.contact_id)
    told = progress.Telling(order, came, work.store, customer.language or work.store.language)
    outbox.notify(
        work, order.contact_id, told.paid(words), cause=cause, fallback=told.paid_short(words), order_id=order.id
    )
    change(work, came, told=progress.PROCESSING)
    return True


async def _tell(work: Work, order: Order, asked: Payment, status: str, cause: int | None) -> Payment:
    if not progress.may_follow(asked.told, status):
        return asked
    customer = await contacts.get(work, order.contact_id)
    told = progress.Telling(order, asked, work.store, customer.language or work.store.language)
    outbox.say(
        work, order.contact_id, told.message(status), cause=cause, fallback=told.short(status), order_id=order.id,
        purpose=outbox.NOTICE,
    )  # fmt: skip
    return change(work, asked, told=status)
