"""English: short, warm, plain. What happened, why, and what to do now."""

from collections.abc import Mapping

from flows.phrases.en import (
    booking,
    booking_desk,
    calendar,
    chat,
    desk,
    goods,
    labels,
    money,
    notices,
    office,
    orders,
    payments,
    reminders,
    till,
    visits,
)

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    **chat.PHRASES, **orders.PHRASES, **labels.PHRASES, **notices.PHRASES, **desk.PHRASES, **money.PHRASES, **goods.PHRASES,
    **office.PHRASES, **payments.PHRASES, **till.PHRASES, **calendar.PHRASES, **visits.PHRASES, **booking.PHRASES,
    **reminders.PHRASES,
    **booking_desk.PHRASES,
}  # fmt: skip
