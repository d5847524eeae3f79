"""Goods that come back: asked for by customers, agreed to, received and judged by the shop. Also: "I have it"."""

from collections.abc import Mapping

from flows import card, checkout, desk, labels, limits, replies, returns
from flows.commands import BY_WORD, Row
from flows.desk import REASON, Request
from flows.effects import TellStaff
from flows.inbound import Tap, Words
from flows.lifecycle import AlreadySo, Move, Reason, Refused
from flows.messages import Button, Rows, Text
from flows.messages import Row as ListRow
from flows.money import show
from flows.news import News
from flows.order import CUSTOMER, STAFF, Action, Line, Order, Part
from flows.order_table import decide
from flows.phrases import say
from flows.plain import plain
from flows.returns import DISPOSITIONS, Return
from flows.understand import Wish, wish
from flows.understand import number as number_in
from handlers.turn import Turn
from models import effects, orders, questions
from models import returns as coming_back

WHY = "return"
"""The open question to a customer: what is wrong."""
_VERDICTS = ("approve", "reject")


async def on_return(turn: Turn, row: Row, argument: str) -> None:
    """Staff begin a return: it needs no approval."""
    if (found := await turn.target(row, argument)) is None:
        return
    order, said = found
    lines = await orders.lines_of(turn.work, order)
    parts, words = desk.take_parts(said.words)
    request = desk.matched(Request("return", (order.number,), parts=parts), lines)
    note = desk.Target(None, tuple(words), said.below).note
    action = Action("return", STAFF, note=note, parts=request.parts, is_quiet=said.is_quiet)
    outcome = await orders.judge(turn.work, order, action, turn.settings)
    if not isinstance(outcome, Move):
        _refuse(turn, order, row, outcome)
    elif not note:
        turn.ask_rest(
            row,
            f"{order.number} {desk.written(parts)}".strip(),
            _with_head(turn, order, "return.ask_reason"),
            about=order,
        )
    else:
        after, one = await _begin(turn, order, action)
        items = _items(one.parts, lines, turn.store.language)
        turn.answer(
            after,
            row.action,
            "done",
            _lines(turn, after, say("return.done", turn.store.language, items=items, number=order.number)),
        )
        if not said.is_quiet:
            await _tell(turn, after, "notice.return", one, lines)


async def _begin(turn: Turn, order: Order, action: Action) -> tuple[Order, Return]:
    lines = await orders.lines_of(turn.work, order)
    parts = {part.retailer_id: part.quantity for part in action.parts} or returns.returnable(lines)
    after, _ = await orders.advance(turn.work, order, action, turn.actor, turn.settings)
    return after, await coming_back.begin(turn.work, after, parts=parts, reason=action.note)


async def on_verdict(turn: Turn, row: Row, argument: str) -> bool:
    """Whether `approve` or `reject` meant the return that a customer has asked for."""
    order, found = await turn.named(argument)
    if order is None or order.return_status != returns.REQUESTED:
        return False
    await _judge(turn, row, order, found.note, is_quiet=found.is_quiet)
    return True


async def on_tap(turn: Turn) -> bool:
    """Whether this was the button of such a verdict."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None or tap[2] not in _VERDICTS:
        return False
    order = await orders.find(turn.work, tap[0])
    if order is None or order.return_status != returns.REQUESTED:
        return False
    if turn.permits(BY_WORD[tap[2]]):
        await _judge(turn, BY_WORD[tap[2]], order, "", is_quiet=False)
    return True


async def _judge(turn: Turn, row: Row, order: Order, note: str, *, is_quiet: bool) -> None:
    one = await coming_back.open_return(turn.work, order)
    assert one is not None
    if row.word == "reject" and not note:
        turn.ask_rest(row, str(order.number), replies.ask(order, REASON, turn.store), about=order)
        return
    lines = await orders.lines_of(turn.work, order)
    action = Action(f"return_{row.word}", STAFF, note=note)
    after = await coming_back.settle(turn.work, order, one, row.word, action=action, actor=turn.actor)
    items, language = _items(one.parts, lines, turn.store.language), turn.store.language
    if row.word == "approve":
        done, notice = say("return.approved", language, items=items, number=order.number), "notice.return_approved"
    else:
        done, notice = say("return.rejected", language, items=items), "notice.return_rejected"
    turn.answer(after, row.action, "done", _lines(turn, after, done))
    if not is_quiet:
        await _tell(turn, after, notice, one, lines, reason=note)


async def on_received(turn: Turn, row: Row, argument: str) -> None:
    """What was to come back is here: `received 1042 damaged`, `received 1042 1xCUP lost`. What is not said is asked for."""
    if (found := await turn.target(row, argument)) is None:
        return
    order, said = found
    one = await coming_back.open_return(turn.work, order)
    if one is None:
        _refuse(turn, order, row, Refused((Reason("why.no_return"),)))
        return
    read = returns.read_dispositions(said.words, one.parts)
    lines = await orders.lines_of(turn.work, order)
    if read.fault is not None:
        words = say("return.bad_disposition", turn.store.language, text=plain(read.fault, 30))
        turn.answer(order, row.action, "unclear", _lines(turn, order, words))
    elif (open_sku := next((sku for sku in read.parts if sku not in read.dispositions), None)) is not None:
        asked = f"{order.number} {read.text()} {desk.written((Part(open_sku, read.parts[open_sku]),))}"
        turn.ask_rest(
            row,
            " ".join(asked.split()),
            _ask_disposition(turn, order, {open_sku: read.parts[open_sku]}, lines),
            about=order,
        )
    else:
        action = Action("return_receive", STAFF)
        after, came = await coming_back.receive(
            turn.work,
            order,
            one,
            dispositions=read.dispositions,
            parts=read.parts,
            actor=turn.actor,
            settings=turn.settings,
            action=action,
        )
        if not _worth(came, after, lines):
            after = await coming_back.refunded(turn.work, after, Action("return_refund", STAFF), turn.actor)
        turn.answer(after, row.action, "done", _received(turn, after, came, read, lines))
        if not said.is_quiet:
            await _tell(turn, after, "notice.return_received", one, lines)


def _ask_disposition(turn: Turn, order: Order, parts: Mapping[str, int], lines: list[Line]) -> Rows:
    language = turn.store.language
    text = say("return.disposition", language, items=_items(parts, lines, language))
    rows = tuple(
        ListRow(
            f"rest.{turn.event.id}.{one}", say(f"disposition.{one}", language).capitalize(),
            say(f"dispose.{one}", language),
        )
        for one in DISPOSITIONS
    )  # fmt: skip
    return Rows(f"{card.head(order, turn.store)}\n{text}", say("return.choose", language), rows)


def _received(turn: Turn, order: Order, one: Return, read: returns.Dispositions, lines: list[Line]) -> Text:
    language = turn.store.language
    kinds = ", ".join(say(f"disposition.{one}", language) for one in dict.fromkeys(read.dispositions.values()))
    said = [say("return.received", language, items=_items(one.parts, lines, language), dispositions=kinds)]

    def money(minor: int) -> str:
        return show(minor, order.currency, turn.store.locale)

    if one.replacement is not None:
        said.append(say("return.exchanged", language, label=f"#{one.replacement}", amount=money(one.covered)))
    if (missing := one.covered - returns.worth(one.parts, lines)) > 0:
        said.append(say("return.less_than_covered", language, amount=money(missing)))
    if one.waived:
        said.append(say("return.waived", language, amount=money(one.waived)))
    if worth := _worth(one, order, lines):
        said.append(say("return.refund", language, number=order.number, amount=money(worth)))
    elif one.replacement is None and not one.waived:
        said.append(say("return.no_money", language))
    return _lines(turn, order, *said)


def _worth(one: Return, order: Order, lines: list[Line]) -> int:
    """What is to be given back of it: no more than the shop has of the order's money."""
    return min(returns.worth_left(one, lines), order.net)


async def on_customer_tap(turn: Turn) -> bool:
    """Whether this was *I have it* or *Send it back* on the customer's own order."""
    content = turn.message.content
    assert isinstance(content, Tap)
    tapped = checkout.read_tap(content.id)
    if tapped is None or tapped[0] != "r":
        return False
    if (order := await turn.theirs(tapped[1])) is None:
        return False
    if tapped[2] == checkout.HAVE:
        await _confirm_receipt(turn, order)
    else:
        await _ask_why(turn, order)
    return True


async def on_customer_words(turn: Turn) -> bool:
    """Whether these words asked to send something back, said that it has arrived, or said what is wrong with it."""
    content = turn.message.content
    assert isinstance(content, Words)
    said = wish(content.body)
    if said in (Wish.RETURN, Wish.HAVE):
        order = await _meant(turn, said, number_in(content.body))
        if order is None:
            return _answer_none(turn, said)
        await (_ask_why if said is Wish.RETURN else _confirm_receipt)(turn, order)
        return True
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if question is None or question.kind != WHY or question.order_id is None or said is not None:
        return False
    questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
    order = await orders.get(turn.work, question.order_id)
    action = Action("return", CUSTOMER, note=plain(content.body, 300))
    if not isinstance(await orders.judge(turn.work, order, action, turn.settings), Move):
        turn.say(Text(say("return.not_now", turn.language, label=order.label)), about=order)
        return True
    after, _ = await _begin(turn, order, action)
    turn.say(Text(say("return.asked", turn.language, label=order.label, store=turn.store.name)), about=order)
    language = turn.store.language
    news = say("news.return", language, label=order.label, customer=plain(turn.who), reason=action.note)
    buttons = tuple(Button(card.action_id(after, word), say(f"action.{word}", language)) for word in _VERDICTS)
    effects.tell_staff(turn.work, TellStaff(News(news, buttons, order.id), but=turn.contact.id))
    return True


async def _meant(turn: Turn, said: Wish, number: int | None) -> Order | None:
    """The order of theirs that is named, else the newest of which it can be true."""
    if number is not None:
        return await turn.theirs(number)
    event = "return" if said is Wish.RETURN else "receipt"
    for order in await orders.last_of(turn.work, turn.contact.id):
        if isinstance(decide(order, Action(event, CUSTOMER), turn.settings, now=turn.work.now), Move):
            return order
    return None


def _answer_none(turn: Turn, said: Wish | None) -> bool:
    """A word of thanks without an order that waits for it is a word to people."""
    if said is Wish.RETURN:
        turn.say(Text(say("return.no_order", turn.language)))
    return said is Wish.RETURN


async def _ask_why(turn: Turn, order: Order) -> None:
    outcome = await orders.judge(turn.work, order, Action("return", CUSTOMER), turn.settings)
    if not isinstance(outcome, Move):
        turn.say(Text(say("return.not_now", turn.language, label=order.label)), about=order)
        return
    questions.ask(
        turn.work, turn.contact.id, questions.CUSTOMER, kind=WHY, order_id=order.id,
        expires_at=turn.work.now + limits.CONFIRM_WITHIN,
    )  # fmt: skip
    turn.say(Text(say("return.ask_customer", turn.language, label=order.label, store=turn.store.name)), about=order)


async def _confirm_receipt(turn: Turn, order: Order) -> None:
    after, outcome = await orders.advance(turn.work, order, Action("receipt", CUSTOMER), turn.actor, turn.settings)
    if isinstance(outcome, Move):
        words = say("receipt.thanks", turn.language, label=order.label)
    else:
        status = labels.customer(order, turn.language).lower()
        words = say("receipt.not_now", turn.language, label=order.label, status=status)
    turn.say(Text(words), about=after)


def _refuse(turn: Turn, order: Order, row: Row, outcome: object) -> None:
    if isinstance(outcome, AlreadySo):
        outcome = Refused((Reason("why.not_from_here"),))
    assert isinstance(outcome, Refused)
    turn.answer(order, row.action, "refused", replies.refused(order, row.word, outcome, turn.counter))


async def _tell(turn: Turn, order: Order, key: str, one: Return, lines: list[Line], *, reason: str = "") -> None:
    """The customer hears of it."""
    language = await turn.language_of(order)
    words = say(key, language, label=order.label, items=_items(one.parts, lines, language))
    if reason:
        words += " " + say("notice.reason", language, reason=plain(reason, 200))
    await turn.tell_customer(order, words, language)


def _items(parts: Mapping[str, int], lines: list[Line], language: str) -> str:
    return card.items([Part(sku, count) for sku, count in parts.items()], lines, language)


def _with_head(turn: Turn, order: Order, key: str) -> Text:
    return _lines(turn, order, say(key, turn.store.language))


def _lines(turn: Turn, order: Order, *lines: str) -> Text:
    return Text("\n".join([card.head(order, turn.store), *lines]))
