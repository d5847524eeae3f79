"""Whatever a customer sends that is no cart: the menu, the way to the catalogue, and what we cannot read."""

from flows import menu
from flows.inbound import Tap
from handlers.turn import Turn
from models.outbox import EPHEMERAL


async def on_words(turn: Turn) -> None:
    await turn.show_menu()


async def on_tap(turn: Turn) -> None:
    """A button of ours, perhaps of long ago; one we do not know shows what is possible now."""
    assert isinstance(turn.message.content, Tap)
    thumbnail = await turn.thumbnail()
    match turn.message.content.id:
        case menu.CATALOGUE:
            turn.say(menu.catalogue(turn.store, turn.language, thumbnail=thumbnail))
        case menu.HELP:
            turn.say(menu.how_it_works(turn.store, turn.language, has_catalogue=thumbnail is not None))
        case _:
            await turn.show_menu()


async def on_unread(turn: Turn) -> None:
    content = turn.message.content
    assert isinstance(content, menu.Unread)
    has_catalogue = await turn.thumbnail() is not None
    if (answer := menu.unread(content, turn.language, has_catalogue=has_catalogue)) is not None:
        turn.say(answer, arrival=EPHEMERAL)
