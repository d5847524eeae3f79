"""Money goes back at the desk: after one question, through whoever took it; above somebody's limit the owner decides."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows import approval, card, policy, replies, returns
from flows.approval import REFUND_ASKED, REFUND_REFUSED
from flows.commands import BY_WORD, Row
from flows.inbound import Tap
from flows.messages import Button
from flows.money import exponent
from flows.news import News
from flows.order import STAFF, Action, Order
from flows.phrases import say
from flows.plain import plain
from flows.till import Till, read_refund, ways
from handlers.turn import Turn
from models import ledger, orders, staff
from models import returns as coming_back

_VERDICT = re.compile(r"refund(yes|no)-([0-9]{1,16})-([01])")
"""What the owner's buttons ask for: the amount, and whether it becomes store credit."""


async def on_refund(turn: Turn, row: Row, argument: str) -> None:
    """Money back: what a return is worth, else all that is left, unless an amount is given. Asks once."""
    if (found := await turn.target(row, argument)) is None:
        return
    order, said = found
    till, given = Till(order, turn.store), read_refund(said.words, order.currency)
    payments, _ = await ledger.money_of(turn.work, order)
    most = ledger.refundable(payments)
    if given.fault is not None:
        turn.answer(order, row.action, "unclear", till.bad_amount(given.fault))
        return
    if not most:
        turn.answer(order, row.action, "refused", till.nothing_left())
        return
    amount = given.amount or await _default(turn, order, most)
    if amount > most:
        turn.answer(order, row.action, "refused", till.too_much(most))
        return
    reason = replace(said, words=tuple(given.rest.split())).note
    parts = ledger.ways_back(payments, amount, to_credit=given.to_credit)
    data = {
        "order": order.id, "amount": amount, "reason": reason, "to_credit": given.to_credit, "is_quiet": said.is_quiet,
        "net": order.net,
    }  # fmt: skip
    customer = await turn.customer_of(order)
    if _is_for_owner(turn, order, amount):
        limit = till.money(int(turn.settings.get("refund_limit").scaleb(exponent(order.currency))))
        text = till.sure(amount, ways(parts), reason, customer, limit=limit)
        turn.ask_sure(row, text, data, about=order, yes="till.ask_owner")
    else:
        turn.ask_sure(row, till.sure(amount, ways(parts), reason, customer), data, about=order)


def _is_for_owner(turn: Turn, order: Order, amount: int) -> bool:
    role = turn.staff.role if turn.staff else ""
    return approval.refund_is_for_owner(amount, order.currency, turn.settings, role=role)


async def _default(turn: Turn, order: Order, most: int) -> int:
    found = await coming_back.returns_of(turn.work, order)
    lines = await orders.lines_of(turn.work, order)
    worth = sum(returns.worth_left(one, lines) for one in found if one.state == returns.RECEIVED)
    return min(worth, most) or most


async def refund(turn: Turn, row: Row, data: Mapping[str, Any]) -> None:
    """The second word on a refund. What was asked about other money is not what is answered now."""
    order = await orders.get(turn.work, data["order"])
    if order.net != data["net"]:
        turn.answer(order, row.action, "stale", Till(order, turn.store).meanwhile())
    elif _is_for_owner(turn, order, data["amount"]):
        await _ask_owner(turn, row, order, data)
    else:
        await _give_back(
            turn, row, order, data["amount"], data["reason"], to_credit=data["to_credit"], is_quiet=data["is_quiet"]
        )


async def _give_back(
    turn: Turn, row: Row, order: Order, amount: int, reason: str, *, to_credit: bool, is_quiet: bool
) -> Order:
    payments, _ = await ledger.money_of(turn.work, order)
    back = ways(ledger.ways_back(payments, amount, to_credit=to_credit))
    after = await ledger.refund(
        turn.work, order, amount=amount, reason=reason, to_credit=to_credit, actor=turn.actor, settings=turn.settings,
        by=STAFF,
    )  # fmt: skip
    after = await coming_back.refunded(turn.work, after, Action("return_refund", STAFF), turn.actor)
    turn.answer(after, row.action, "done", Till(after, turn.store).refunded(back))
    if not is_quiet:
        language = await turn.language_of(order)
        await turn.tell_customer(after, Till(after, turn.store).notices_refunded(back, language), language)
    return after


async def _ask_owner(turn: Turn, row: Row, order: Order, data: Mapping[str, Any]) -> None:
    """The owners get the question with Allow and Refuse. The history keeps what was asked for, the buttons how much."""
    assert turn.staff is not None
    amount, reason, to_credit = data["amount"], data["reason"], data["to_credit"]
    note = ledger.noted(order.currency, amount, reason)
    order = orders.amend(turn.work, order, Action(REFUND_ASKED, STAFF, note=note), turn.actor)
    payments, _ = await ledger.money_of(turn.work, order)
    till = Till(order, turn.store)
    asked = till.sure(
        amount, ways(ledger.ways_back(payments, amount, to_credit=to_credit)), reason, await turn.customer_of(order)
    )
    text = asked + "\n" + say("approval.refund", turn.store.language, who=plain(turn.staff.name))
    verdicts = ((approval.ALLOW, "yes"), (approval.REFUSE, "no"))
    buttons = tuple(
        Button(
            card.action_id(order, f"refund{verdict}-{amount}-{int(to_credit)}"),
            say(f"approval.{name}", turn.store.language),
        )
        for name, verdict in verdicts
    )
    owners = [person for person in staff.list_all(turn.work) if policy.may(person.role, approval.ALLOW)]
    for owner in owners:
        turn.work.tell(owner.contact_id, News(text, buttons, order.id))
    names = ", ".join(owner.name for owner in owners)
    turn.answer(order, row.action, "asked", replies.unclear(order, "approval.refund_asked", turn.counter, owners=names))


async def on_tap(turn: Turn) -> bool:
    """Whether this was the owner's Allow or Refuse."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    verdict = _VERDICT.fullmatch(tap[2]) if tap else None
    if turn.staff is None or tap is None or verdict is None:
        return False
    row = BY_WORD["refund"]
    if not turn.permits(row):
        return True
    order = await orders.find(turn.work, tap[0])
    if order is None or not policy.may(turn.staff.role, approval.ALLOW):
        turn.record(row.action, "refused")
        turn.say(
            replies.no_order(tap[0], turn.store.language) if order is None else replies.not_owner(order, turn.counter)
        )
        return True
    amount, to_credit = int(verdict[2]), verdict[3] == "1"
    await _settle(turn, row, order, tap[1], amount=amount, to_credit=to_credit, is_allowed=verdict[1] == "yes")
    return True


async def _settle(
    turn: Turn, row: Row, order: Order, version: int, *, amount: int, to_credit: bool, is_allowed: bool
) -> None:
    """Once: what was asked for is still open while nothing has been said of it and no money has moved since."""
    changes = await orders.changes_of(turn.work, order)
    asked = changes[version - 1] if 0 < version <= len(changes) else None
    prefix = ledger.noted(order.currency, amount, "")
    if asked is None or asked.action != REFUND_ASKED or asked.note.partition(" ")[0] != prefix:
        turn.answer(order, row.action, "stale", replies.unclear(order, "approval.closed", turn.counter))
        return
    since = changes[version:]
    payments, _ = await ledger.money_of(turn.work, order)
    if any(change.action in (REFUND_ASKED, REFUND_REFUSED, "refund") for change in since) or amount > ledger.refundable(
        payments
    ):
        turn.answer(order, row.action, "stale", replies.unclear(order, "approval.closed", turn.counter))
        return
    reason = asked.note.partition(" ")[2]
    if is_allowed:
        after = await _give_back(turn, row, order, amount, reason, to_credit=to_credit, is_quiet=False)
    else:
        after = orders.amend(turn.work, order, Action(REFUND_REFUSED, STAFF), turn.actor)
        turn.answer(after, row.action, "refused", replies.unclear(after, "approval.refused_it", turn.counter))
    if asked.contact_id not in (None, turn.contact.id):
        assert turn.staff is not None
        key = "approval.refund_allowed" if is_allowed else "approval.refund_refused"
        told = say(
            key, turn.store.language, head=card.head(after, turn.store), who=plain(turn.staff.name),
            amount=Till(after, turn.store).money(amount),
        )  # fmt: skip
        turn.work.tell(asked.contact_id, News(told, (), after.id))
