"""Money that is due, at the desk: customers are asked for it and reminded; what is authorized is taken, or let go."""

from collections.abc import Mapping, Sequence
from typing import Any

from flows import card, dues, replies
from flows.commands import BY_WORD, Row
from flows.desk import Request
from flows.dues import CAPTURE, PAY, REMIND, VOID, Dues
from flows.inbound import Tap
from flows.ledger import Payment
from flows.lifecycle import Reason, Refused
from flows.money import parse_amount
from flows.order import STAFF, Action, Order
from flows.payments import REMIND_TO_PAY, TELL
from handlers.turn import Turn
from models import ledger, orders, payments, timers


async def on_pay(turn: Turn, row: Row, argument: str) -> None:
    """Ask the customer for all that is due, or a part of it; what was asked for before is withdrawn."""
    if (named := await turn.target(row, argument)) is None:
        return
    order, said = named
    wanted = dues.read(said.words, order.currency)
    if wanted.fault is not None:
        turn.answer(order, row.action, "unclear", Dues(order, turn.store).bad_words(wanted.fault))
        return
    found, _ = await ledger.money_of(turn.work, order)
    if (reason := dues.why_not_pay(order, found, wanted, turn.settings)) is not None:
        _refuse(turn, order, row, reason)
        return
    method = wanted.method or dues.method_to_ask(order, turn.settings)
    assert method is not None
    after, asked = await payments.ask(
        turn.work, order, amount=wanted.amount or order.balance_due, method=method, actor=turn.actor, by=STAFF
    )
    if asked.asked_at is not None:
        timers.ring(turn.work, kind=TELL, subject=str(asked.id), cause=turn.event.id)
    turn.answer(after, row.action, "done", Dues(after, turn.store).asked(asked, await turn.customer_of(after)))


async def on_remind(turn: Turn, row: Row, argument: str) -> None:
    """The next reminder, now."""
    if (named := await turn.target(row, argument)) is None:
        return
    order, _ = named
    found, _ = await ledger.money_of(turn.work, order)
    asked = dues.unpaid(found)
    if (reason := dues.why_not_remind(order, found)) is not None or asked is None:
        _refuse(turn, order, row, reason or Reason("dues.not_asked"))
        return
    timers.start(turn.work, kind=REMIND_TO_PAY, subject=str(asked.id), due_at=turn.work.now)
    turn.answer(order, row.action, "done", Dues(order, turn.store).reminded(asked, await turn.customer_of(order)))


async def on_capture(turn: Turn, row: Row, argument: str) -> None:
    """Take what is authorized, or a part of it (then the rest is let go). Asks once."""
    if (named := await turn.target(row, argument)) is None:
        return
    order, said = named
    words, (found, _) = Dues(order, turn.store), await ledger.money_of(turn.work, order)
    asked, is_under_way = dues.authorized(found), await _is_under_way(turn, order, found)
    if (reason := dues.why_not_capture(order, found, is_under_way=is_under_way)) is not None or asked is None:
        _refuse(turn, order, row, reason or Reason("dues.not_authorized"))
        return
    try:
        amount = parse_amount(said.words[0], order.currency) if said.words else asked.amount
    except ValueError:
        amount = 0
    if not amount:
        turn.answer(order, row.action, "unclear", words.bad_amount(said.words[0]))
    elif amount > asked.amount:
        turn.answer(order, row.action, "refused", words.more_than_authorized(asked))
    else:
        data = {"order": order.id, "payment": asked.id, "amount": amount}
        turn.ask_sure(row, words.sure_capture(amount, asked, await turn.customer_of(order)), data, about=order)


async def capture(turn: Turn, row: Row, data: Mapping[str, Any]) -> None:
    """The second word on it; the provider says what came of it."""
    order = await orders.get(turn.work, data["order"])
    found, _ = await ledger.money_of(turn.work, order)
    asked, is_under_way = dues.authorized(found), await _is_under_way(turn, order, found)
    reason = dues.why_not_capture(order, found, is_under_way=is_under_way)
    if reason is not None or asked is None or asked.id != data["payment"]:
        _refuse(turn, order, row, reason or Reason("dues.not_authorized"))
        return
    after = payments.capture(turn.work, order, asked, amount=data["amount"], actor=turn.actor, by=STAFF)
    turn.answer(after, row.action, "done", Dues(after, turn.store).captures(data["amount"]))


async def on_void(turn: Turn, row: Row, argument: str) -> None:
    """Let go what is authorized, or take back what was asked for. Asks once."""
    if (named := await turn.target(row, argument)) is None:
        return
    order, _ = named
    found, _ = await ledger.money_of(turn.work, order)
    asked, is_under_way = dues.payable(found), await _is_under_way(turn, order, found)
    if (reason := dues.why_not_void(found, is_under_way=is_under_way)) is not None or asked is None:
        _refuse(turn, order, row, reason or Reason("dues.nothing_open"))
        return
    text = Dues(order, turn.store).sure_void(asked, await turn.customer_of(order))
    turn.ask_sure(row, text, {"order": order.id, "payment": asked.id}, about=order)


async def void(turn: Turn, row: Row, data: Mapping[str, Any]) -> None:
    order = await orders.get(turn.work, data["order"])
    found, _ = await ledger.money_of(turn.work, order)
    asked, is_under_way = dues.payable(found), await _is_under_way(turn, order, found)
    reason = dues.why_not_void(found, is_under_way=is_under_way)
    if reason is not None or asked is None or asked.id != data["payment"]:
        _refuse(turn, order, row, reason or Reason("dues.nothing_open"))
        return
    await payments.withdraw(turn.work, order, turn.actor)
    note = ledger.noted(order.currency, asked.amount, asked.reference)
    after = await ledger.settle(turn.work, order, Action(VOID, STAFF, note=note), turn.actor, turn.settings)
    turn.answer(after, row.action, "done", Dues(after, turn.store).voided(asked.amount))


OBEY = {PAY: on_pay, REMIND: on_remind, CAPTURE: on_capture, VOID: on_void}
SURE = {CAPTURE: capture, VOID: void}


async def on_tap(turn: Turn) -> bool:
    """Whether this was a button below money that is authorized."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[2] not in OBEY:
        return False
    row = BY_WORD[tap[2]]
    if turn.permits(row):
        await OBEY[row.word](turn, row, f"#{tap[0]}")
    return True


async def on_why(turn: Turn, request: Request, order: Order) -> None:
    """*why 1042 pay*: what stands in its way."""
    word, (found, _) = request.about or PAY, await ledger.money_of(turn.work, order)
    is_under_way = await _is_under_way(turn, order, found)
    reason = {
        PAY: dues.why_not_pay(order, found, dues.Wanted(), turn.settings),
        REMIND: dues.why_not_remind(order, found),
        CAPTURE: dues.why_not_capture(order, found, is_under_way=is_under_way),
        VOID: dues.why_not_void(found, is_under_way=is_under_way),
    }[word]
    if reason is not None:
        turn.answer(order, "why", "done", replies.refused(order, word, Refused((reason,)), turn.counter))
        return
    turn.answer(
        order, "why", "done",
        replies.unclear(order, "why.possible", turn.counter, word=word, command=replies.command(word, order)),
    )  # fmt: skip


async def _is_under_way(turn: Turn, order: Order, found: Sequence[Payment]) -> bool:
    """Whether the provider was told to take it, and has not answered."""
    if (asked := dues.authorized(found)) is None:
        return False
    tried = [
        change.action
        for change in await orders.changes_of(turn.work, order)
        if change.action in (CAPTURE, dues.CAPTURE_FAILED) and change.note.endswith(asked.reference)
    ]
    return bool(tried) and tried[-1] == CAPTURE


def _refuse(turn: Turn, order: Order, row: Row, reason: Reason) -> None:
    turn.answer(order, row.action, "refused", replies.refused(order, row.word, Refused((reason,)), turn.counter))
