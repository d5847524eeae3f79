"""The table of contents of the bot: what somebody sends, and who handles it."""

from collections.abc import Awaitable, Callable, Mapping

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
from handlers import carts, commands, identities, timers, welcome
from handlers.turn import Turn
from models.staff import Staff
from models.work import Work

Handler = Callable[[Turn], Awaitable[None]]

CUSTOMER: Mapping[type, Handler] = {
    Words: welcome.on_words,
    Cart: carts.on_cart,
    Tap: welcome.on_tap,
    Location: welcome.on_unread,
    Form: welcome.on_unread,
    Media: welcome.on_unread,
    Reaction: welcome.on_unread,
    Revision: welcome.on_unread,
    Other: welcome.on_unread,
    IdentityChange: identities.on_identity_change,
}

STAFF: Mapping[type, Handler] = {Words: commands.on_command}
"""Where staff differ; a cart or a tap of theirs is a customer's."""

TIMERS: Mapping[str, Callable[[Work, str], Awaitable[None]]] = {timers.BURIED: timers.on_buried}


def find(message: Message, staff: Staff | None) -> Handler:
    kind = type(message.content)
    return (STAFF.get(kind) if staff else None) or CUSTOMER[kind]
