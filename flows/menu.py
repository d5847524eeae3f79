"""What customers read before there is an order: the greeting, the catalogue, how it works, and what we cannot read."""

from flows.inbound import Form, IdentityChange, Location, Media, Other, Reaction, Revision
from flows.messages import BUTTONS, Button, Buttons, Catalogue, Message, Text
from flows.phrases import say
from flows.store import Store

CATALOGUE, HELP, ORDERS, BOOK = "menu.catalogue", "menu.help", "menu.orders", "menu.book"
"""Ids of our buttons."""

Unread = Media | Location | Form | Reaction | Revision | IdentityChange | Other

_KINDS = {
    "audio": "unread.audio",
    "image": "unread.image",
    "video": "unread.video",
    "document": "unread.document",
    "sticker": "unread.sticker",
    "contacts": "unread.contacts",
}


def greeting(
    store: Store, language: str, *, has_catalogue: bool, has_orders: bool = False, has_services: bool = False
) -> Message:
    """Who has an open order is probably here for that."""
    offered = {ORDERS: has_orders, CATALOGUE: has_catalogue, BOOK: has_services, HELP: has_catalogue}
    buttons = tuple(Button(id_, say(id_, language)) for id_, is_offered in offered.items() if is_offered)
    if not buttons:
        return Text(say("menu.empty", language, store=store.name))
    key = "menu.body_book" if has_services else "menu.body"
    return Buttons(say(key, language, store=store.name), buttons[:BUTTONS])


def catalogue(store: Store, language: str, *, thumbnail: str | None) -> Message:
    """The way into the catalogue, headed by the picture of the product `thumbnail` (None: the catalogue is empty)."""
    if thumbnail is None:
        return greeting(store, language, has_catalogue=False)
    return Catalogue(say("catalogue.body", language, store=store.name), thumbnail)


def how_it_works(store: Store, language: str, *, has_catalogue: bool) -> Message:
    return to_catalogue(say("help.body", language, store=store.name), language, has_catalogue=has_catalogue)


def unread(content: Unread, language: str, *, has_catalogue: bool) -> Message | None:
    """What we can do instead; None where an answer would only disturb (a reaction, a deleted message, a new number)."""
    match content:
        case Reaction() | IdentityChange():
            return None
        case Revision(kind=kind):
            if kind != "edit":
                return None
            key = "unread.edit"
        case Location():
            key = "unread.location"
        case Form():
            key = "unread.form"
        case Media(kind=kind) | Other(kind=kind):
            key = _KINDS.get(kind, "unread.other")
    return to_catalogue(say(key, language), language, has_catalogue=has_catalogue)


def sorry(language: str) -> Message:
    """For somebody whose message we could not handle, once; the shop has been told."""
    return Text(say("sorry.body", language))


def slower(language: str) -> Message:
    """For somebody who writes faster than can be answered."""
    return Text(say("slower.body", language))


def to_catalogue(body: str, language: str, *, has_catalogue: bool) -> Message:
    """`body` with the way on, if there is one."""
    return Buttons(body, (Button(CATALOGUE, say("menu.catalogue", language)),)) if has_catalogue else Text(body)
