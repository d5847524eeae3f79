"""Money at the desk: what came in is written down, goes back after one question, and store credit is given."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows import card
from flows.commands import BY_WORD, Row
from flows.desk import Request
from flows.effects import Say
from flows.inbound import Tap
from flows.lifecycle import Move
from flows.messages import Text
from flows.money import parse_amount, show
from flows.order import STAFF, Action, Order
from flows.payments import TELL
from flows.phrases import say
from flows.plain import plain
from flows.replies import CANCEL_TOO, GO_ON, done
from flows.templates import order_update
from flows.till import Till, read_paid
from handlers.turn import Turn
from models import contacts, effects, ledger, orders, payments, timers
from models.ledger import NotSoMuch


async def on_paid(turn: Turn, row: Row, argument: str) -> None:
    """Money that came in. What is not said is asked for."""
    if (found := await turn.target(row, argument)) is None:
        return
    order, said = found
    till, given = Till(order, turn.store), read_paid(said.words, order.currency)
    if given.fault is not None:
        turn.ask_rest(row, str(order.number), till.bad_amount(given.fault), about=order)
    elif given.amount is None:
        turn.ask_rest(row, str(order.number), till.ask_amount(), about=order)
    elif given.method is None:
        turn.ask_rest(row, f"{order.number} {said.words[0]}", till.ask_method(), about=order)
    else:
        customer = await turn.customer_of(order)
        try:
            after = await ledger.record(
                turn.work, order, method=given.method, amount=given.amount, reference=given.rest, actor=turn.actor,
                settings=turn.settings, by=STAFF, note=said.below or given.rest, is_quiet=said.is_quiet,
            )  # fmt: skip
        except NotSoMuch as few:
            words = till.no_credit(customer, balance=few.most, amount=given.amount)
            turn.answer(order, row.action, "refused", words)
            return
        after, asked = await payments.fit_request(turn.work, after, turn.actor, by=STAFF)
        if asked is not None and asked.asked_at is not None:
            timers.ring(turn.work, kind=TELL, subject=str(asked.id), cause=turn.event.id)
        turn.answer(after, row.action, "done", Till(after, turn.store).paid(given))
        if not said.is_quiet:
            language = await turn.language_of(order)
            await turn.tell_customer(after, Till(after, turn.store).notice_paid(given.amount, language), language)


async def on_tap(turn: Turn) -> bool:
    """Whether this was the answer to *Cancel the order too?*; anybody who may cancel may give it."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[2] not in (CANCEL_TOO, GO_ON):
        return False
    row = BY_WORD["cancel"]
    if turn.permits(row):
        order = await orders.find(turn.work, tap[0])
        if order is None or not order.asks_cancel:
            turn.record(row.action, "stale")
            turn.say(Text(say("till.gone", turn.store.language)), about=order)
        elif tap[2] == GO_ON:
            _go_on(turn, order)
        else:
            request = Request("cancel", (order.number,))
            after, outcome = await orders.advance(turn.work, order, request.action, turn.actor, turn.settings)
            assert isinstance(outcome, Move)
            is_own = order.contact_id == turn.contact.id
            turn.answer(after, row.action, "done", done(after, request, turn.counter, is_own=is_own))
    return True


async def on_release(turn: Turn, argument: str) -> bool:
    """Whether `release` meant an order that waits for the word that it goes on without its money."""
    order, _ = await turn.named(argument)
    if order is None or not order.asks_cancel or order.status == "on_hold":
        return False
    _go_on(turn, order)
    return True


def _go_on(turn: Turn, order: Order) -> None:
    after = orders.amend(turn.work, replace(order, asks_cancel=False), Action("go_on", STAFF), turn.actor)
    turn.answer(after, "release", "done", Till(after, turn.store).goes_on())


async def on_credit(turn: Turn, row: Row, argument: str) -> None:
    """Store credit for a customer, named by number or by one of their orders. Asks once."""
    language, currency = turn.store.language, turn.store.currency
    name, _, written = argument.strip().partition(" ")
    if not name or not written.strip():
        turn.unclear(row.action, "till.credit_usage")
        return
    sign, digits = (-1, written.strip()[1:]) if written.strip().startswith("-") else (1, written.strip())
    try:
        amount = sign * parse_amount(digits.split()[0] if digits.split() else "", currency)
    except ValueError:
        amount = 0
    if not amount:
        turn.unclear(row.action, "till.bad_amount", text=plain(written, 30), example="100.00")
        return
    if (customer := await turn.customer_called(name)) is None:
        turn.record(row.action, "unknown")
        turn.say(Text(say("till.nobody", language, name=plain(name, 40))))
        return
    account = await ledger.credit_of(turn.work, customer.id, currency)
    balance = account.balance if account else 0
    shown = {"customer": plain(customer.known_as(turn.store.language)), "amount": _money(turn, abs(amount))}
    if balance + amount < 0:
        turn.record(row.action, "refused")
        turn.say(Text(say("till.no_credit", language, balance=_money(turn, balance), **shown)))
        return
    key = "till.sure_credit" if amount > 0 else "till.sure_credit_back"
    text = say(key, language, balance=_money(turn, balance + amount), **shown)
    turn.ask_sure(row, text, {"contact": customer.id, "amount": amount, "balance": balance})


async def credit(turn: Turn, row: Row, data: Mapping[str, Any]) -> None:
    """The second word on store credit."""
    customer = await contacts.get(turn.work, data["contact"])
    account = await ledger.credit_of(turn.work, customer.id, turn.store.currency)
    if (account.balance if account else 0) != data["balance"]:
        turn.record(row.action, "stale")
        turn.say(Text(say("till.gone", turn.store.language)))
        return
    account = await ledger.give_credit(
        turn.work, customer.id, turn.store.currency, data["amount"], reason="credit", actor=turn.actor
    )
    turn.record(row.action, "done")
    balance = _money(turn, account.balance)
    turn.say(
        Text(
            say(
                "till.credited",
                turn.store.language,
                customer=plain(customer.known_as(turn.store.language)),
                balance=balance,
            )
        )
    )
    language = customer.language or turn.store.language
    words = say("notice.credit", language, balance=balance, store=turn.store.name)
    is_reached = bool(await contacts.names_of(turn.work, customer.id))  # whoever has no chat has no name there
    if customer.id != turn.contact.id and is_reached:
        await effects.save(
            turn.work, [Say(customer.id, Text(words), order_update(turn.store, words, language))], turn.event.id
        )


def _money(turn: Turn, minor: int) -> str:
    return show(minor, turn.store.currency, turn.store.locale)
