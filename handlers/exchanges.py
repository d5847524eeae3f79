"""Exchanges at the desk: pieces come back, an order of its own goes out for them, and the one pays for the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows import cart, checkout, exchange, notices, replies, returns
from flows.commands import Row
from flows.desk import Request, matched, written
from flows.exchange import Exchange, Wanted
from flows.inbound import Cart, CartLine
from flows.lifecycle import AlreadySo, Move, Reason, Refused
from flows.messages import Message, Text
from flows.notices import Setting
from flows.order import STAFF, Action, Line, Order, Part
from flows.plain import plain
from handlers.turn import Turn
from models import catalog, effects, orders, outbox
from models import ledger as money
from models import returns as coming_back


async def on_exchange(turn: Turn, row: Row, argument: str) -> None:
    """What is not said is asked for; then it is asked once whether it is meant."""
    if (found := await turn.target(row, argument)) is None:
        return
    order, said = found
    wanted = exchange.read(said)
    if wanted.fault is not None:
        unclear = replies.unclear(order, "exchange.usage", turn.counter, text=plain(wanted.fault, 30))
        turn.answer(order, row.action, "unclear", unclear)
    elif not wanted.back or not wanted.out:
        asked = replies.unclear(order, "exchange.ask_out" if wanted.back else "exchange.ask", turn.counter)
        turn.ask_rest(row, " ".join([str(order.number), *_so_far(wanted)]), asked, about=order)
    elif not isinstance(case := await _look_at(turn, order, wanted), Exchange):
        turn.answer(order, row.action, "refused", case)
    elif not wanted.reason:
        asked = replies.unclear(order, "return.ask_reason", turn.counter)
        turn.ask_rest(row, " ".join([str(order.number), *_so_far(wanted)]), asked, about=order)
    else:
        data = {"order": order.id, "sums": _sums(case), **case.wanted.remember()}
        turn.ask_sure(row, case.sure(await turn.customer_of(order)), data, about=order)


def _so_far(wanted: Wanted) -> list[str]:
    return [text for text in (written(wanted.back), "for" if wanted.back else "", written(wanted.out)) if text]


def _sums(case: Exchange) -> list[int]:
    return [case.sums.price, case.sums.covered, case.sums.owed]


async def _look_at(turn: Turn, order: Order, wanted: Wanted) -> Exchange | Message:
    """The exchange as it would be now, or why it cannot be."""
    lines = await orders.lines_of(turn.work, order)
    request = matched(Request("return", (order.number,), parts=wanted.back), lines)
    # A return that its customer asked for gives way to the exchange.
    is_asked = order.return_status == returns.REQUESTED
    as_if = replace(order, return_status="none") if is_asked else order
    action = Action("return", STAFF, parts=request.parts)
    outcome = await orders.judge(turn.work, as_if, action, turn.settings)
    if isinstance(outcome, AlreadySo):
        outcome = Refused((Reason("why.not_from_here"),))
    elif isinstance(outcome, Move) and order.balance_due:
        outcome = Refused((Reason("why.exchange_unpaid"),))
    if isinstance(outcome, Refused):
        return replies.refused(order, "exchange", outcome, turn.counter)
    out, priced = await _price(turn, order, wanted.out)
    if priced.refusals:
        return replies.not_added(order, priced, turn.counter, key="exchange.nothing")
    payments, _ = await money.money_of(turn.work, order)
    sums = exchange.sums(request.parts, lines, priced.subtotal, most=money.refundable(payments))
    return Exchange(order, replace(wanted, back=request.parts, out=out), lines, priced, sums, turn.store)


async def _price(turn: Turn, order: Order, parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], cart.PricedCart]:
    """What goes out, as the catalogue calls it and prices it."""
    found = [(part, await catalog.shelf_of(turn.work, part.retailer_id)) for part in parts]
    out = tuple(replace(part, retailer_id=shelf.retailer_id if shelf else part.retailer_id) for part, shelf in found)
    products, reserved = await catalog.find_products(turn.work, [part.retailer_id for part in out])
    wanted = Cart(None, "", tuple(CartLine(part.retailer_id, part.quantity, None, None) for part in out))
    return out, cart.price(
        wanted, products, currency=order.currency, reserved=reserved,
        allow_backorder=turn.settings.get("allow_backorder"),
    )  # fmt: skip


async def settle(turn: Turn, row: Row, data: Mapping[str, Any]) -> None:
    """The second word on an exchange. What was asked about other sums is not what is answered now."""
    order = await orders.get(turn.work, data["order"])
    case = await _look_at(turn, order, exchange.recall(data))
    if not isinstance(case, Exchange):
        turn.answer(order, row.action, "refused", case)
        return
    if _sums(case) != data["sums"]:
        turn.answer(order, row.action, "stale", replies.unclear(order, "exchange.meanwhile", turn.counter))
        return
    new, lines = await _place(turn, case)
    old = await _take_back(turn, case, new)
    if covered := case.sums.covered:
        actor, settings = turn.actor, turn.settings
        old = await money.refund(
            turn.work, old, amount=covered, reason=new.label, to_credit=True, actor=actor, settings=settings, by=STAFF
        )
        new = await money.record(
            turn.work, new, method="credit", amount=covered, reference=old.label, actor=actor, settings=settings,
            by=STAFF, note=old.label, is_quiet=True,
        )  # fmt: skip
    orders.amend(turn.work, old, Action("exchange", STAFF, note=new.label), turn.actor)
    new = orders.amend(turn.work, new, Action("exchange", STAFF, note=old.label), turn.actor)
    await _announce(turn, new, lines)
    new = await orders.submit(turn.work, new, turn.event.id, turn.settings, by=turn.contact.id)
    turn.answer(new, row.action, "done", replies.kept_so(new, case.done(new), turn.counter, action=None))
    if new.has_chat and not case.wanted.is_quiet and new.contact_id != turn.contact.id:
        language = await turn.language_of(new)
        words = case.for_customer(new, lines, turn.settings, language)
        outbox.say(
            turn.work, new.contact_id, Text(words), cause=turn.event.id, order_id=new.id, purpose=outbox.NOTICE,
            fallback=checkout.fallback(new, turn.store, case.short(new, language), language),
        )  # fmt: skip


async def _place(turn: Turn, case: Exchange) -> tuple[Order, list[Line]]:
    """The order that goes out."""
    new = checkout.new_order(
        case.priced, order_id=turn.work.ids.new(), number=await orders.take_number(turn.work),
        contact_id=case.old.contact_id, store=turn.store, settings=turn.settings, now=turn.work.now, note="",
        needs_review=False,
    )  # fmt: skip
    new, lines = exchange.replacement(new, case.old), checkout.lines_of(case.priced)
    new = await orders.place(
        turn.work, new, lines, event_id=turn.event.id, settings=turn.settings, note=case.wanted.reason, by=STAFF,
        actor_id=turn.contact.id,
    )  # fmt: skip
    return new, lines


async def _take_back(turn: Turn, case: Exchange, new: Order) -> Order:
    """The return of what comes back: agreed to, instead of what the customer may have asked for."""
    old, wanted = case.old, case.wanted
    if old.return_status == returns.REQUESTED:
        asked = await coming_back.open_return(turn.work, old)
        assert asked is not None
        dropped = Action("return_cancel", STAFF)
        old = await coming_back.settle(turn.work, old, asked, "cancel", action=dropped, actor=turn.actor)
    action = Action("return", STAFF, note=wanted.reason, parts=wanted.back)
    old, _ = await orders.advance(turn.work, old, action, turn.actor, turn.settings)
    await coming_back.begin(
        turn.work, old, parts={part.retailer_id: part.quantity for part in wanted.back}, reason=wanted.reason,
        replacement=new.number, covered=case.sums.covered,
    )  # fmt: skip
    return old


async def _announce(turn: Turn, new: Order, lines: list[Line]) -> None:
    """Where staff hear of an order when it comes they hear of this one too; else when it is complete, which is next."""
    if turn.settings.get("notify.arrival") and new.address is not None:
        customer = await turn.customer_of(new)
        where = Setting(turn.store, turn.settings, customer, turn.language, turn.contact.id)
        news = notices.submitted(new, lines, where)
        await effects.save(turn.work, [replace(news, but=turn.contact.id)], turn.event.id)
