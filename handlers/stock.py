"""The shelf at the desk: what is there and promised, what comes in, and who has waited for it."""

import re

from flows.commands import Row
from flows.fulfilment import MAIN
from flows.messages import Text
from flows.phrases import say
from flows.plain import plain
from handlers.turn import Turn
from models import catalog, orders
from models.catalog import Shelf

_ARGUMENT = re.compile(r'(?:"([^"]+)"|(\S+))\s*(.*)', re.DOTALL)
_CHANGE = re.compile(r"([+-]|=)\s*(\d{1,7})")
_PLACE = re.compile(r"@\s*([\w-]{1,40})")


async def obey(turn: Turn, row: Row, argument: str) -> None:
    """`SKU [+5|-2|=10] [@PLACE]`. Whatever is free then goes to the orders that wait, the oldest first."""
    match = _ARGUMENT.fullmatch(argument.strip())
    if match is None:
        turn.ask_rest(row, "", Text(say("stock.which", turn.store.language)))
        return
    sku, written = match[1] or match[2], match[3].strip()
    if (shelf := await catalog.shelf_of(turn.work, sku)) is None:
        _refuse(turn, row, "unknown", say("stock.unknown", turn.store.language, sku=plain(sku, 40), hint=""))
        return
    place = _PLACE.search(written)
    change = _CHANGE.fullmatch(_PLACE.sub("", written).strip())
    if written and (change is None or (place and place[1].lower() == "main" and not change)):
        _refuse(turn, row, "unclear", say("stock.bad", turn.store.language, text=plain(written, 30)))
        return
    location = place[1].lower() if place and place[1].lower() != "main" else MAIN
    if change is not None:
        changed = _change(turn, row, shelf, (change[1], int(change[2])), location)
        if changed is None:
            return
        shelf = changed
    got = await orders.fill(turn.work, shelf.retailer_id, turn.actor, turn.settings)
    shelf = turn.work.find(catalog.SHELVES, shelf.retailer_id) or shelf
    turn.record(row.action, "done")
    turn.say(Text("\n".join([*await _stands(turn, shelf), *(_filled(turn, order.label) for order in got)])))


def _change(turn: Turn, row: Row, shelf: Shelf, change: tuple[str, int], location: str) -> Shelf | None:
    """The shelf after it; None when it was refused, in words."""
    sign, count = change
    assert shelf.product is not None
    title, sku = plain(shelf.product.title, 60), shelf.retailer_id
    if shelf.product.on_hand is None:
        if sign != "=" or location != MAIN:
            _refuse(turn, row, "refused", say("stock.uncounted", turn.store.language, title=title, sku=sku))
            return None
        if count < shelf.reserved:
            _refuse(turn, row, "refused", say("stock.too_few", turn.store.language, title=title, free=0))
            return None
        return catalog.receive(turn.work, shelf, count)
    there = catalog.there(turn.work, sku, location)
    more = count - there.on_hand if sign == "=" else -count if sign == "-" else count
    if more < 0 and -more > min(there.free, shelf.free or 0):
        _refuse(turn, row, "refused", say("stock.too_few", turn.store.language, title=title, free=max(0, there.free)))
        return None
    return catalog.receive(turn.work, shelf, more, location)


async def _stands(turn: Turn, shelf: Shelf) -> list[str]:
    language, product = turn.store.language, shelf.product
    assert product is not None
    named = {"title": plain(product.title, 60), "sku": shelf.retailer_id}
    if product.on_hand is None:
        return [say("stock.uncounted", language, **named)]
    free = product.on_hand - shelf.reserved
    lines = [say("stock.stands", language, on_hand=product.on_hand, reserved=shelf.reserved, free=free, **named)]
    others = catalog.places_of(turn.work, shelf.retailer_id)
    for location in [MAIN, *(place.location for place in others)] if others else []:
        there = catalog.there(turn.work, shelf.retailer_id, location)
        name = location or say("stock.main", language)
        lines.append(say("stock.at", language, location=name, on_hand=there.on_hand, free=there.free))
    for order, line in await orders.waiting_for(turn.work, shelf.retailer_id):
        lines.append(say("stock.waits", language, label=order.label, count=line.backordered))
    return lines


def _filled(turn: Turn, label: str) -> str:
    return say("stock.filled", turn.store.language, label=label)


def _refuse(turn: Turn, row: Row, outcome: str, words: str) -> None:
    turn.record(row.action, outcome)
    turn.say(Text(words))
