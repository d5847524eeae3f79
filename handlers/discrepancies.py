"""The exception desk: money that fits nothing is listed, and settled by whoever decides first."""

from collections.abc import Mapping
from typing import Any

from flows import approval, discrepancy, policy, replies
from flows.commands import BY_WORD, Row
from flows.discrepancy import AGAIN, ASKED_ABOUT, BY_HAND, COUNT, CREDIT, KNOWN, PERMITS, REFUND, REOPEN, SHOW
from flows.effects import TellStaff
from flows.inbound import Tap
from flows.ledger import PENDING
from flows.lifecycle import Move, Refused
from flows.messages import Message, Text
from flows.money import show
from flows.order import STAFF, Action, Order
from flows.payments import AMOUNT, TELL, Discrepancy
from flows.phrases import say
from flows.till import Till, Way
from handlers.turn import Turn
from models import contacts, effects, ledger, orders, payments, staff, timers
from models.contacts import Contact

EXCEPTIONS = "exceptions"


async def on_list(turn: Turn, row: Row, argument: str) -> None:
    """What is open, the oldest first. `exceptions 2` is the next page; `ID credit NAME` goes on with what was asked."""
    words = argument.split()
    if len(words) > 1 and words[0].isdecimal() and words[1] == CREDIT:
        await _credit_to(turn, row, int(words[0][:19]), " ".join(words[2:]))
        return
    page = int(words[0]) if words and words[0].isdecimal() and len(words[0]) < 4 else 1
    found = await payments.open_discrepancies(turn.work, limit=500)
    shown = found[discrepancy.PAGE * (page - 1) : discrepancy.PAGE * page] or found[: discrepancy.PAGE]
    page = page if shown and shown[0] is not found[0] else 1
    known = {one.order_id: await orders.get(turn.work, one.order_id) for one in shown if one.order_id}
    turn.record(row.action, "done")
    about = known.get(shown[0].order_id or 0) if len(found) == 1 else None
    turn.say(discrepancy.listing(shown, known, turn.store, page=page, count=len(found)), about=about)


async def on_tap(turn: Turn) -> bool:
    """Whether this was a button below such money."""
    content = turn.message.content
    tap = discrepancy.read_tap(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[1] not in (*PERMITS, SHOW):
        return False
    row = BY_WORD[PERMITS.get(tap[1], EXCEPTIONS)]
    if not turn.permits(row):
        return True
    if (open_ := await _open(turn, tap[0])) is None:
        return True
    found, order = open_
    if tap[1] == SHOW:
        turn.record(EXCEPTIONS, "done")
        turn.say(discrepancy.shown(found, order, turn.store), about=order)
    elif tap[1] not in discrepancy.choices(found, order, turn.store):
        _say(turn, order, "stale", discrepancy.shown(found, order, turn.store))
    elif tap[1] in ASKED_ABOUT:
        await _ask(turn, found, order, tap[1])
    else:
        await _decide(turn, found, order, tap[1])
    return True


async def _open(turn: Turn, id_: int) -> tuple[Discrepancy, Order | None] | None:
    """What is still open; else whoever asks reads what was decided."""
    found = await payments.find_discrepancy(turn.work, id_)
    order = await orders.get(turn.work, found.order_id) if found and found.order_id else None
    if found is None:
        _say(turn, None, "unknown", Text(say("till.gone", turn.store.language)))
    elif found.outcome:
        _say(turn, order, "already", discrepancy.decided(found, _name_of(turn, found.settled_by), turn.store))
    else:
        return found, order
    return None


async def _ask(turn: Turn, found: Discrepancy, order: Order | None, choice: str) -> None:
    """Once before money moves; who may not move so much asks the owner."""
    assert turn.staff is not None
    if choice == CREDIT and order is None:
        row, words = BY_WORD[EXCEPTIONS], Text(say("exceptions.whose", turn.store.language))
        turn.ask_rest(row, f"{found.id} {CREDIT}", words)
    elif choice != CREDIT and approval.refund_is_for_owner(
        found.amount, found.currency, turn.settings, role=turn.staff.role
    ):
        owners = [person for person in staff.list_all(turn.work) if policy.may(person.role, approval.ALLOW)]
        for owner in owners:
            turn.work.tell(owner.contact_id, discrepancy.news(found, order, turn.store, who=turn.staff.name))
        names = ", ".join(owner.name for owner in owners)
        _say(turn, order, "asked", Text(say("exceptions.owner_asked", turn.store.language, owners=names)))
    else:
        customer = await contacts.get(turn.work, order.contact_id) if order else None
        _ask_sure(turn, found, order, choice, customer)


def _ask_sure(turn: Turn, found: Discrepancy, order: Order | None, choice: str, customer: Contact | None) -> None:
    language = turn.store.language
    name = customer.known_as(language) if customer else say("exceptions.whoever", language)
    text = discrepancy.sure(found, choice, order, turn.store, customer=name)
    data = {"id": found.id, "choice": choice, "customer": customer.id if customer else None}
    turn.ask_sure(BY_WORD[EXCEPTIONS], text, data, about=order)


async def _credit_to(turn: Turn, row: Row, id_: int, name: str) -> None:
    """Whose store credit it becomes: somebody's number, or one of their orders."""
    if not turn.permits(BY_WORD[PERMITS[CREDIT]]) or (open_ := await _open(turn, id_)) is None:
        return
    if (customer := await turn.customer_called(name)) is None:
        turn.ask_rest(row, f"{id_} {CREDIT}", Text(say("till.nobody", turn.store.language, name=name[:40])))
    else:
        _ask_sure(turn, *open_, CREDIT, customer)


async def settle(turn: Turn, _row: Row, data: Mapping[str, Any]) -> None:
    """The second word on it."""
    assert turn.staff is not None
    choice = data["choice"]
    if not turn.permits(BY_WORD[PERMITS[choice]]) or (open_ := await _open(turn, data["id"])) is None:
        return
    found, order = open_
    if choice != CREDIT and choice not in discrepancy.choices(found, order, turn.store):
        _say(turn, order, "stale", discrepancy.shown(found, order, turn.store))
        return
    await _decide(turn, found, order, choice, contact_id=data["customer"])


async def _decide(
    turn: Turn, found: Discrepancy, order: Order | None, choice: str, *, contact_id: int | None = None
) -> None:
    if choice in (REFUND, CREDIT, AGAIN, BY_HAND):
        answer, after = await _move_money(turn, found, order, choice, contact_id)
    elif choice in (COUNT, REOPEN):
        assert order is not None
        counted = await _count(turn, found, order, choice)
        if counted is None:
            return
        answer, after = counted
    else:
        answer, after = Text(say("exceptions.known", turn.store.language)), order
    outcome = KNOWN if answer is None else choice
    closed = payments.close(turn.work, found, outcome, turn.actor)
    _say(turn, after, "done", answer or Text(say("exceptions.gone_back", turn.store.language)))
    assert turn.staff is not None
    told = discrepancy.told(closed, turn.staff.name, after, turn.store)
    effects.tell_staff(turn.work, TellStaff(told, but=turn.contact.id))


async def _move_money(
    turn: Turn, found: Discrepancy, order: Order | None, choice: str, contact_id: int | None
) -> tuple[Message | None, Order | None]:
    """Back to where it came from, or to the customer's credit. No answer: it has gone back meanwhile."""
    assert found.payment_id is not None
    came = await payments.get(turn.work, found.payment_id)
    if came.left < found.amount or not found.amount:
        return None, order
    to_credit = choice == CREDIT
    whose = contact_id or (order.contact_id if order else None)
    back = await ledger.give_back(
        turn.work, came, found.amount, to_credit=to_credit, by_hand=choice == BY_HAND, contact_id=whose,
        reason=found.kind, actor=turn.actor,
    )  # fmt: skip
    way = Way(
        "hand" if choice == BY_HAND else came.method,
        found.amount,
        is_credit=to_credit,
        is_under_way=back.state == PENDING,
    )
    if order is None:
        amount = show(found.amount, found.currency, turn.store.locale)
        return Text(say(f"exceptions.did_{choice}", turn.store.language, amount=amount)), None
    note = ledger.noted(came.currency, found.amount, found.reference)
    after = await ledger.settle(turn.work, order, Action("refund", STAFF, note=note), turn.actor, turn.settings)
    language = await turn.language_of(order)
    if choice != AGAIN:
        await turn.tell_customer(after, Till(after, turn.store).notices_refunded([way], language), language)
    return Till(after, turn.store).refunded([way]), after


async def _count(turn: Turn, found: Discrepancy, order: Order, choice: str) -> tuple[Message, Order] | None:
    """It counts from now on; what had ended goes on first, if it may."""
    if choice == REOPEN:
        order, outcome = await orders.advance(turn.work, order, Action("resume", STAFF), turn.actor, turn.settings)
        if not isinstance(outcome, Move):
            assert isinstance(outcome, Refused)
            _say(turn, order, "refused", replies.refused(order, "resume", outcome, turn.counter))
            return None
    after = await payments.count(turn.work, found, turn.actor, by=STAFF)
    after, asked = await payments.fit_request(turn.work, after, turn.actor, by=STAFF)
    rest = min(after.balance_due, (found.expected or 0) - found.amount)
    if found.kind == AMOUNT and rest > 0 and after.has_chat and await payments.open_of(turn.work, after) is None:
        came = await payments.get(turn.work, found.payment_id or 0)
        after, asked = await payments.ask(turn.work, after, amount=rest, method=came.method, actor=turn.actor, by=STAFF)
    if asked is not None and asked.asked_at is not None:
        timers.ring(turn.work, kind=TELL, subject=str(asked.id), cause=turn.event.id)
    language = await turn.language_of(after)
    await turn.tell_customer(after, Till(after, turn.store).notice_paid(found.amount, language), language)
    return Till(after, turn.store).counted(found.amount), after


def _say(turn: Turn, order: Order | None, outcome: str, words: Message) -> None:
    turn.record(EXCEPTIONS, outcome)
    turn.say(words, about=order)


def _name_of(turn: Turn, contact_id: int | None) -> str:
    people = {person.contact_id: person.name for person in staff.list_all(turn.work)}
    return people.get(contact_id or 0) or say("by.staff", turn.store.language)
