"""A cart from the chat: priced from our catalogue and answered line by line."""

from flows import alerts, cart, quote
from flows.durations import parse
from flows.inbound import Cart
from handlers.turn import Turn
from models import catalog

LATE = parse("15m")
"""From here on staff are told how late a cart came: a customer who waits longer has noticed."""


async def on_cart(turn: Turn) -> None:
    sent = turn.message.content
    assert isinstance(sent, Cart)
    products, reserved = await catalog.find_products(turn.work, {line.retailer_id for line in sent.lines})
    priced = cart.price(sent, products, currency=turn.store.currency, catalog_id=turn.catalog_id, reserved=reserved)
    turn.say(
        quote.answer(priced, turn.store, turn.language), fallback=quote.fallback(priced, turn.store, turn.language)
    )
    late = turn.age if turn.age > LATE else None
    turn.tell_staff(alerts.new_cart(turn.store, priced, who=turn.who, note=sent.note, late=late))
