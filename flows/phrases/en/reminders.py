"""What is said of bookings when their time comes: reminders, and what staff are asked."""

PHRASES = {
    "remind.visit": "⏰ A reminder of {label}: {visit}. Will you be there?",
    "remind.write": "If you cannot come, please write it here.",
    "remind.there": "I'll be there",
    "remind.move": "Reschedule",
    "remind.cancel": "Cancel booking",
    "remind.thanks": "Thank you, see you {span}.",
    "remind.over": "{label} is {status}: {visit}. For another time write *book*.",
    "remind.past": "{label} has begun already: {visit}. Write here what you need, and {store} answers.",
    "remind.staff": "⏰ {label}: {customer} comes soon, {visit}.",
    "remind.staff_sure": "⏰ {label}: {customer} comes soon, {visit}. ✓ They said that they will be there.",
    "remind.unanswered": (
        "⏳ {head}\n{customer} waits for your word: {visit}. If nobody confirms it by {until}, the time is free again."
    ),
    "remind.follow_up": "{head}\n{visit} is over. Was {customer} there?",
    "remind.freed": "*{title}* at {store} has a free time on {day} again. It is not kept for you: who books first has it.",
    "remind.times": "See times",
}
