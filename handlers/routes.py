"""The table of contents of the bot: what somebody sends, and who handles it."""

from collections.abc import Awaitable, Callable, Mapping

from flows import choosing, digest, order_table
from flows import payments as asking
from flows.commands import DUES, ORDERS, WORDS, Row
from flows.desk import Request
from flows.inbound import (
    Cart,
    Form,
    IdentityChange,
    Location,
    Media,
    Message,
    Other,
    Reaction,
    Revision,
    Tap,
    Words,
)
from flows.order import Order
from handlers import (
    approving,
    booking,
    booking_desk,
    booking_timers,
    commands,
    desk,
    digests,
    discrepancies,
    dues,
    exchanges,
    feedback,
    identities,
    keeping,
    lists,
    office,
    order_timers,
    orders,
    paying,
    payments,
    refunds,
    returns,
    staff_orders,
    stock,
    till,
    timers,
    undoing,
    welcome,
)
from handlers.turn import Turn
from models import questions
from models.inbox import Event
from models.staff import Staff
from models.work import Work

Handler = Callable[[Turn], Awaitable[None]]

Try = Callable[[Turn], Awaitable[bool]]
"""Handles what is its own, and says whether it did."""


def _in_turn(*tries: Try, last: Handler) -> Handler:
    for own in reversed(tries):
        last = _first(own, last)
    return last


def _first(own: Try, other: Handler) -> Handler:
    async def handle(turn: Turn) -> None:
        if not await own(turn):
            await other(turn)

    return handle


async def _on_cart(turn: Turn) -> None:
    """Goods become an order, and what is booked with them bookings that know of it."""
    goods, booked = await booking.parted(turn)
    order = await orders.on_cart(goods) if goods is not None else None
    if booked:
        await booking.begin(turn, booked, order)


CUSTOMER: Mapping[type, Handler] = {
    Words: _in_turn(
        feedback.on_words,
        returns.on_customer_words,
        paying.on_words,
        booking.on_words,
        orders.on_words,
        last=welcome.on_words,
    ),
    Cart: _on_cart,
    Tap: _in_turn(
        booking_timers.on_tap,
        feedback.on_tap,
        returns.on_customer_tap,
        paying.on_tap,
        booking.on_tap,
        orders.on_tap,
        last=welcome.on_tap,
    ),
    Location: _first(orders.on_place, welcome.on_unread),
    Form: _first(orders.on_form, welcome.on_unread),
    Media: _first(paying.on_picture, welcome.on_unread),
    Reaction: welcome.on_unread,
    Revision: welcome.on_unread,
    Other: welcome.on_unread,
    IdentityChange: identities.on_identity_change,
}


async def _why(turn: Turn, request: Request, order: Order) -> None:
    """Of an action of the order's table, or of money that is asked for."""
    await (dues.on_why if request.about in DUES else desk.on_why)(turn, request, order)


desk.HOW.update({**keeping.HOW, "why": _why, "reschedule": booking_desk.on_reschedule})


async def _verdict_or_action(turn: Turn, row: Row, argument: str) -> None:
    """The same word means the order, or the return that was asked for."""
    if not await returns.on_verdict(turn, row, argument):
        await desk.obey(turn, row, argument)


async def _release(turn: Turn, row: Row, argument: str) -> None:
    if not await till.on_release(turn, argument):
        await desk.obey(turn, row, argument)


OBEY: Mapping[str, commands.Obey] = {
    "help": commands.on_help,
    "doctor": commands.on_doctor,
    **{row.word: desk.obey for row in ORDERS},
    "settings": office.on_settings,
    "staff": office.on_staff,
    "undo": undoing.on_undo,
    "board": lists.on_board,
    "find": lists.on_find,
    "new": staff_orders.on_new,
    "approve": _verdict_or_action,
    "reject": _verdict_or_action,
    "release": _release,
    **dues.OBEY,
    "paid": till.on_paid,
    "refund": refunds.on_refund,
    "exceptions": discrepancies.on_list,
    "digest": digests.on_command,
    "credit": till.on_credit,
    "return": returns.on_return,
    "received": returns.on_received,
    "exchange": exchanges.on_exchange,
    "stock": stock.obey,
    "bookings": booking_desk.on_bookings,
    "book": booking_desk.on_book,
    "block": booking_desk.on_block,
    "unblock": booking_desk.on_unblock,
    "hours": booking_desk.on_hours,
}
"""What each command does; every row of the command table is here."""

SURE: Mapping[str, commands.Settle] = {
    **dues.SURE,
    "refund": refunds.refund,
    "credit": till.credit,
    "exchange": exchanges.settle,
    "exceptions": discrepancies.settle,
}
"""What is asked about once before it is done."""


async def _finishes(turn: Turn) -> bool:
    """What somebody began and was asked about."""
    return await commands.on_rest(turn, OBEY, WORDS) or await commands.on_sure(turn, SURE)


async def _obeys(turn: Turn) -> bool:
    return await commands.on_command(turn, OBEY)


async def _answers_as_customer(turn: Turn) -> bool:
    """Staff who were asked something as customers may answer like customers."""
    asked = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    return asked is not None and (
        await returns.on_customer_words(turn)
        or await paying.on_words(turn)
        or await booking.on_words(turn)
        or await orders.on_words(turn)
    )


STAFF: Mapping[type, Handler] = {
    Words: _first(
        _finishes,
        _first(
            office.on_answer,
            _first(desk.on_answer, _first(_obeys, _first(_answers_as_customer, commands.on_unknown))),
        ),
    ),
    Tap: _in_turn(
        _finishes,
        office.on_tap,
        undoing.on_tap,
        approving.on_tap,
        paying.on_verdict,
        till.on_tap,
        refunds.on_tap,
        dues.on_tap,
        discrepancies.on_tap,
        returns.on_tap,
        desk.on_tap,
        last=CUSTOMER[Tap],
    ),
}
"""Where staff differ; a cart of theirs, or a tap on a customer's button, is a customer's."""

TIMERS: Mapping[str, Callable[[Work, Event, str], Awaitable[None]]] = {
    timers.BURIED: timers.on_buried,
    order_table.REMIND: order_timers.on_remind,
    order_table.ABANDON: order_timers.on_abandon,
    order_table.EXPIRE: order_timers.on_expire,
    order_table.STALE: order_timers.on_stale,
    order_table.OPENING: order_timers.on_opening,
    order_table.COMPLETE: order_timers.on_complete,
    order_table.ARCHIVE: order_timers.on_archive,
    asking.ASK: payments.on_ask,
    asking.RECKON: payments.on_reckon,
    asking.TELL: payments.on_tell,
    asking.REMIND_TO_PAY: payments.on_remind,
    asking.LOOK: payments.on_look,
    asking.LAPSE: payments.on_lapse,
    asking.UNPAID: payments.on_unpaid,
    digest.TIMER: digests.on_evening,
    choosing.UNHOLD: booking.times.on_unhold,
    **booking_timers.TIMERS,
}


def find(message: Message, staff: Staff | None) -> Handler:
    kind = type(message.content)
    return (STAFF.get(kind) if staff else None) or CUSTOMER[kind]
