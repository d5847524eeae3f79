"""The diary at the desk: what staff read when they look at it, fill it, move things in it and keep time free."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    # What the commands do
    "command.bookings": "who comes when: today and tomorrow, or what you name; *mine* are yours",
    # The list
    "diary.wrong": "I do not know “{word}” there, so I did nothing. For example: *bookings week mine*",
    "diary.wrong_near": "I do not know “{word}” there, so I did nothing. Did you mean *{nearest}*?",
    "diary.today": "Today, {day}",
    "diary.tomorrow": "Tomorrow, {day}",
    "diary.line": "{time} {service} · {about}",
    "diary.none": "Nothing is booked {span}. *book NUMBER SERVICE WHEN* makes a booking, *bookings week* looks further.",
    "diary.none_mine": "Nothing of yours is booked {span}. *bookings* shows everybody's.",
    "diary.span_both": "today and tomorrow",
    "diary.span_today": "today",
    "diary.span_tomorrow": "tomorrow",
    "diary.span_week": "within seven days",
    "diary.more": {
        "one": "… and {count} more: *bookings today*, *bookings tomorrow* or *bookings week mine* shows less.",
        "other": "… and {count} more: *bookings today*, *bookings tomorrow* or *bookings week mine* shows less.",
    },
    "diary.open": "Open one",
    # Another time, by staff
    "diary.moved": "🗓 {old} → {new}",
    "diary.no_visit": "It has no appointment, so there is nothing to move.",
    "diary.service_gone": "Its service is not in the feed any more, so I cannot reckon when it is free.",
    "diary.when": "When? Tap one of the next free times, or write it, like *tomorrow 15:30*, or *cancel* to drop it.",
    "diary.when_full": "When? Nothing is free within {horizon}. Write a time, or *cancel* to drop it.",
    "diary.which": "These are free then. Tap one, or write another time, or *cancel* to drop it.",
    "diary.unclear": "I did not get when: {why}.",
    "diary.no_when": "“{text}” says no time.",
    "diary.past": "{moment} is over already.",
    "diary.too_far": "{moment} is too far ahead: it can be booked until {last}.",
    "diary.not_free": "{who} is not free on {moment}.",
    "diary.anyone": "Nobody",
    "diary.nothing_then": "Nothing is free then, on {day}.",
    "diary.nearest": "The nearest free times are these. Tap one, or write another time, or *cancel* to drop it.",
    "diary.near_name": "I know nobody of that name for it. Did you mean {name}?",
    "diary.or_so": "This time is free. Tap it, or write it again with the right name, or *cancel* to drop it.",
    "diary.times": "Choose a time",
}
