"""The owner's word on an approval that was above somebody's limit."""

from flows import approval, card, policy, replies
from flows.approval import ALLOW, REFUSE
from flows.commands import BY_WORD
from flows.inbound import Tap
from flows.lifecycle import AlreadySo, Move, Refused
from flows.news import News
from flows.order import STAFF, Action, Order
from flows.phrases import say
from handlers.turn import Turn
from models import orders


async def on_tap(turn: Turn) -> bool:
    """Whether this was Allow or Refuse below a question to the owner."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[2] not in (ALLOW, REFUSE):
        return False
    if not turn.permits(BY_WORD["approve"]):
        return True
    order = await orders.find(turn.work, tap[0])
    if order is None or not policy.may(turn.staff.role, ALLOW):
        turn.record(tap[2], "refused")
        turn.say(
            replies.no_order(tap[0], turn.store.language) if order is None else replies.not_owner(order, turn.counter)
        )
        return True
    await _settle(turn, order, is_allowed=tap[2] == ALLOW)
    return True


async def _settle(turn: Turn, order: Order, *, is_allowed: bool) -> None:
    changes = await orders.changes_of(turn.work, order)
    asked = next((change for change in reversed(changes) if change.action in (approval.ASKED, REFUSE, "approve")), None)
    if asked is None or asked.action != approval.ASKED:
        turn.record(ALLOW if is_allowed else REFUSE, "stale")
        turn.say(replies.unclear(order, "approval.closed", turn.counter), about=order)
        return
    if is_allowed:
        after, outcome = await orders.advance(turn.work, order, Action("approve", STAFF), turn.actor, turn.settings)
        if isinstance(outcome, Refused):
            turn.say(replies.refused(order, "approve", outcome, turn.counter), about=order)
        elif isinstance(outcome, AlreadySo):
            turn.say(replies.already(order, "approve", changes, turn.counter), about=order)
        turn.record(ALLOW, "done" if isinstance(outcome, Move) else "refused")
        if not isinstance(outcome, Move):
            return
    else:
        after = orders.amend(turn.work, order, Action(REFUSE, STAFF), turn.actor)
        turn.record(REFUSE, "done")
    turn.say(replies.owner_decided(after, is_allowed=is_allowed, counter=turn.counter), about=after)
    if asked.contact_id not in (None, turn.contact.id):
        assert turn.staff is not None
        key = "approval.allowed" if is_allowed else "approval.refused"
        told = say(key, turn.store.language, head=card.head(after, turn.store), who=turn.staff.name)
        turn.work.tell(asked.contact_id, News(told, (), after.id))
