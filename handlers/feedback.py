"""What customers say of an order that has arrived: kept in its history, and what went wrong is told to the shop."""

from flows import feedback, limits
from flows.effects import TellStaff
from flows.inbound import Tap, Words
from flows.messages import Text
from flows.news import News
from flows.order import CUSTOMER, DEAD, ENDED, Action
from flows.phrases import say
from flows.plain import plain
from flows.understand import wish
from handlers.turn import Turn
from models import effects, orders, questions
from models.orders import Actor


async def on_tap(turn: Turn) -> bool:
    """Whether this was an answer to how it was; the first one of each customer's own order counts."""
    content = turn.message.content
    tapped = feedback.read(content.id) if isinstance(content, Tap) else None
    order = await turn.theirs(tapped[0]) if tapped else None
    if tapped is None or order is None or order.status not in ENDED - DEAD:
        return False
    changes = await orders.changes_of(turn.work, order)
    if all(change.action != "feedback" for change in changes):
        note = say(f"feedback.{tapped[1]}", turn.store.language)
        orders.amend(turn.work, order, Action("feedback", CUSTOMER, note=note), Actor(turn.contact.id, turn.event.id))
        if tapped[1] == feedback.BAD:
            questions.ask(
                turn.work, turn.contact.id, questions.CUSTOMER,
                kind=feedback.QUESTION, order_id=order.id, expires_at=turn.work.now + feedback.WITHIN,
            )  # fmt: skip
            text = say("news.unhappy", turn.store.language, label=order.label, customer=plain(turn.who))
            effects.tell_staff(turn.work, TellStaff(News(text, (), order.id), but=turn.contact.id))
    turn.say(feedback.thanks(order, tapped[1], turn.language), about=order)
    return True


async def on_words(turn: Turn) -> bool:
    """Whether these words say what went wrong; a wish of another kind, or a greeting, does not."""
    content = turn.message.content
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if (
        question is None
        or question.kind != feedback.QUESTION
        or question.order_id is None
        or not isinstance(content, Words)
    ):
        return False
    if wish(content.body) is not None or len(content.body) <= limits.GREETING:
        return False
    questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
    order = await orders.get(turn.work, question.order_id)
    words = plain(content.body, 300)
    orders.amend(turn.work, order, Action("feedback", CUSTOMER, note=words), Actor(turn.contact.id, turn.event.id))
    text = say("news.words", turn.store.language, label=order.label, customer=plain(turn.who), words=words)
    effects.tell_staff(turn.work, TellStaff(News(text, (), order.id), but=turn.contact.id))
    turn.say(Text(say("feedback.heard", turn.language, store=turn.store.name, label=order.label)), about=order)
    return True
