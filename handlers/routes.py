"""The table of contents of the bot: what somebody sends, and who handles it."""

from collections.abc import Awaitable, Callable, Mapping

from flows import order
from flows.inbound import (
    Cart,
    Form,
    IdentityChange,
    Location,
    Media,
    Message,
    Other,
    Reaction,
    Revision,
    Tap,
    Words,
)
from handlers import commands, identities, order_timers, orders, timers, welcome
from handlers.turn import Turn
from models.inbox import Event
from models.staff import Staff
from models.work import Work

Handler = Callable[[Turn], Awaitable[None]]

Try = Callable[[Turn], Awaitable[bool]]
"""Handles what is its own, and says whether it did."""


def _first(own: Try, other: Handler) -> Handler:
    async def handle(turn: Turn) -> None:
        if not await own(turn):
            await other(turn)

    return handle


CUSTOMER: Mapping[type, Handler] = {
    Words: _first(orders.on_words, welcome.on_words),
    Cart: orders.on_cart,
    Tap: _first(orders.on_tap, welcome.on_tap),
    Location: _first(orders.on_place, welcome.on_unread),
    Form: _first(orders.on_form, welcome.on_unread),
    Media: welcome.on_unread,
    Reaction: welcome.on_unread,
    Revision: welcome.on_unread,
    Other: welcome.on_unread,
    IdentityChange: identities.on_identity_change,
}

STAFF: Mapping[type, Handler] = {Words: commands.on_command}
"""Where staff differ; a cart or a tap of theirs is a customer's."""

TIMERS: Mapping[str, Callable[[Work, Event, str], Awaitable[None]]] = {
    timers.BURIED: timers.on_buried,
    order.REMIND: order_timers.on_remind,
    order.ABANDON: order_timers.on_abandon,
    order.EXPIRE: order_timers.on_expire,
}


def find(message: Message, staff: Staff | None) -> Handler:
    kind = type(message.content)
    return (STAFF.get(kind) if staff else None) or CUSTOMER[kind]
