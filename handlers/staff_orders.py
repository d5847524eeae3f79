"""Orders that the shop takes for its customers, with or without a conversation."""

from flows import address as addresses
from flows import cart, checkout, replies, staff_order
from flows.commands import Row
from flows.lifecycle import Reason
from flows.order import STAFF, Line, Order, Step
from handlers.turn import Turn
from models import catalog, choices, orders, outbox, questions
from models.contacts import Contact


async def on_new(turn: Turn, row: Row, argument: str) -> None:
    wanted = staff_order.read(argument)
    if isinstance(wanted, Reason):
        turn.unclear(row.action, wanted.key, **wanted.fields)
        return
    products, reserved = await catalog.find_products(turn.work, {line.retailer_id for line in wanted.cart.lines})
    priced = cart.price(
        wanted.cart, products, currency=turn.store.currency, reserved=reserved,
        allow_backorder=turn.settings.get("allow_backorder"),
    )  # fmt: skip
    if priced.refusals:
        turn.record(row.action, "refused")
        turn.say(staff_order.nothing(priced, turn.store))
        return
    customer = await turn.customer_for(wanted)
    if customer is None:
        assert wanted.order is not None
        turn.record(row.action, "unknown")
        turn.say(replies.no_order(wanted.order, turn.store.language))
        return
    order = checkout.new_order(
        priced, order_id=turn.work.ids.new(), number=await orders.take_number(turn.work), contact_id=customer.id,
        store=turn.store, settings=turn.settings, now=turn.work.now, note=wanted.cart.note, needs_review=False,
        credit=await choices.balance(turn.work, customer.id, turn.store.currency),
    )  # fmt: skip
    order = staff_order.of_the_shop(order, has_chat=wanted.has_chat)
    lines = checkout.lines_of(priced)
    await orders.place(
        turn.work, order, lines, event_id=turn.event.id, settings=turn.settings, note=order.customer_note,
        by=STAFF, actor_id=turn.contact.id,
    )  # fmt: skip
    order = await orders.arrived(turn.work, order, lines, turn.event.id, turn.settings, by=turn.contact.id)
    if order.has_chat:
        await _tell(turn, order, tuple(lines), customer)
    turn.record(row.action, "done")
    turn.say(replies.made(order, lines, turn.counter), about=order)


async def _tell(turn: Turn, order: Order, lines: tuple[Line, ...], customer: Contact) -> None:
    """The customer reads what was ordered for them, and is asked what is still missing."""
    language = customer.language or turn.store.language
    is_asked = order.checkout_step == Step.ADDRESS
    saved = customer.address if is_asked else None
    words = staff_order.for_customer(
        order, lines, settings=turn.settings, store=turn.store, language=language, saved=saved, has_form=False,
        offered=await choices.ways(turn.work, order) if order.checkout_step == Step.PAYMENT else (),
    )  # fmt: skip
    short = staff_order.short(order, turn.store, language)
    outbox.say(
        turn.work, customer.id, words, cause=turn.event.id, order_id=order.id, purpose=outbox.NOTICE,
        fallback=checkout.fallback(order, turn.store, short, language),
    )  # fmt: skip
    if is_asked:
        await questions.fetch(turn.work, customer.id)
        data = {"address": dict(saved), "source": addresses.SAVED} if saved else {}
        kind = checkout.CONFIRM_ADDRESS if saved else checkout.ADDRESS
        questions.ask(turn.work, customer.id, questions.CUSTOMER, kind=kind, order_id=order.id, data=data)
