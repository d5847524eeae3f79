"""Ways to look over all orders: the board, and finding some by a few words."""

from flows import desk, replies
from flows.commands import Row
from handlers.turn import Turn
from models import contacts, listing, visits


async def on_board(turn: Turn, row: Row, _argument: str) -> None:
    found = await listing.standings(turn.work)
    standings = {each.status: (each.count, each.since) for each in found}
    turn.record(row.action, "done")
    turn.say(replies.board(standings, turn.store, turn.work.now))


async def on_find(turn: Turn, row: Row, argument: str) -> None:
    if not argument.strip():
        turn.unclear(row.action, "find.what")
        return
    orders = await listing.find(turn.work, argument, size=desk.PAGE)
    people = [await contacts.get(turn.work, order.contact_id) for order in orders]
    customers = {person.id: person.known_as(turn.store.language) for person in people}
    turn.record(row.action, "done")
    booked = await visits.of_all(turn.work, orders)
    turn.say(replies.found(argument, orders, turn.store, customers=customers, now=turn.work.now, visits=booked))
