"""Undo: what somebody of the shop did last is taken back, with the customer's notice of it."""

from flows import card, replies
from flows.commands import BY_WORD, Row
from flows.inbound import Tap
from flows.order import STAFF, Order
from flows.undo import UNDO
from handlers.turn import Turn
from models import orders, questions, undo, visits
from models.orders import Change
from models.undo import Kept


async def on_undo(turn: Turn, row: Row, _argument: str) -> None:
    """The word alone means whatever its writer did last."""
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    kept = list(await undo.last_by(turn.work, turn.contact.id))
    if kept:
        await _take_back(turn, row, kept)
    else:
        turn.record(row.action, "late")
        turn.say(replies.not_undone(None, turn.counter))


async def on_tap(turn: Turn) -> bool:
    """Whether it was the button below what was done; of several orders in one command it means all of them."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[2] != UNDO:
        return False
    if turn.permits(BY_WORD["undo"]):
        await _take_back_of(turn, BY_WORD["undo"], tap[0], tap[1])
    return True


async def _take_back_of(turn: Turn, row: Row, number: int, version: int) -> None:
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    order = await orders.find(turn.work, number)
    tapped = await undo.find(turn.work, order.id) if order else None
    if tapped is None or tapped.version != version or tapped.contact_id != turn.contact.id:
        if order is not None:
            await visits.of(turn.work, order)
        turn.record(row.action, "late")
        turn.say(replies.not_undone(order, turn.counter), about=order)
        return
    kept = [each for each in await undo.last_by(turn.work, turn.contact.id) if each.event_id == tapped.event_id]
    await _take_back(turn, row, kept or [tapped])


async def _take_back(turn: Turn, row: Row, kept: list[Kept]) -> None:
    done, late = list[tuple[Order, Change]](), None
    for each in kept:
        order = await orders.get(turn.work, each.id)
        await visits.of(turn.work, order)  # what is offered with the answer depends on when it is
        changes = await orders.changes_of(turn.work, order)
        after = await orders.take_back(turn.work, each, turn.actor, turn.settings)
        if after is None:
            late = order
        else:
            did = next(change for change in reversed(changes[: each.version]) if change.by == STAFF)
            done.append((after, did))
    turn.record(row.action, "done" if done else "late")
    words = replies.undone(done, turn.counter) if done else replies.not_undone(late, turn.counter)
    turn.say(words, about=late or done[0][0])
