"""What the bot says to staff about orders, in English."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    # The commands, as help explains them
    "command.orders": "the orders, ten to a page; all, or those in a status",
    "command.order": "one order with its next actions; just *1042* does the same",
    "command.history": "what happened to an order: who, what, when",
    "command.why": "why an action is not possible now",
    "command.confirm": "accept the order",
    "command.start": "somebody works on it now",
    "command.pack": "it is packed",
    "command.ship": "it is handed to the carrier",
    "command.out": "it is on its way to the door",
    "command.deliver": "the customer has it",
    "command.hold": "it waits; the customer is told the reason",
    "command.release": "it goes on where it was",
    "command.cancel": "end it and free the stock; I ask once before",
    "command.note": "a note for the shop, in the order's history",
    # What became of an action
    "desk.shipped_by": "🚚 {tracking} ({carrier})",
    "desk.shipped": "🚚 {tracking}",
    "desk.told": "The customer is told.",
    "desk.quiet": "The customer is not told, as you wished.",
    "desk.ended": "There is nothing more to do.",
    "desk.noted": "Noted for the shop: “{note}”",
    "desk.refused": "*{word}* cannot be done now:",
    "desk.reason": "• {reason}",
    "desk.already": "That is done already: {did} ({who}, {at}).",
    "desk.further": "It is further than that already: {did} ({who}, {at}).",
    "desk.already_so": "That is done already.",
    "desk.meanwhile": "Meanwhile something happened: {did} ({who}, {at}). So I did not do *{word}*.",
    "desk.line_done": "✅ {label} · {status}",
    "desk.line_already": "▫️ {label} · {status}: done already",
    "desk.line_refused": "✖️ {label} · {status}: {reason}",
    "desk.line_unknown": "✖️ {label}: there is no such order.",
    # Why not, each with what would help
    "why.not_from_here": "An order that is “{status}” does not go that way. Possible now: {possible}.",
    "why.ended": "It has ended as “{status}”, so nothing changes it any more. *history {number}* tells how it came to that.",
    "why.address": "The delivery address is missing. Ask the customer for it: *order {number}* shows their chat.",
    "why.tracking": "The tracking number is missing: *ship {number} TRACKING*",
    "why.reason": "The reason is missing: *hold {number} reason*",
    "why.not_own_rider": "Only your own rider takes a packed order straight out. Hand this one over: *ship {number} TRACKING*",
    "why.too_late_to_cancel": "It is too far for the customer to cancel it. Somebody of the shop can: *cancel {number}*",
    "why.no_cancel_after_ship": (
        "It is on its way, and this shop does not cancel what has left (setting cancel_after_ship). "
        "Once it has arrived: *deliver {number}*"
    ),
    "why.waits_for_shop": "It waits for the shop and not for its customer: *confirm {number}*",
    "why.manual": "In this shop somebody confirms every order: *confirm {number}*",
    "why.possible": "Nothing stands in the way of *{word}*: write *{command}*",
    "why.all_possible": "Everything that can come next is possible: {possible}.",
    "why.line": "• *{word}*: {reason}",
    # Questions
    "ask.number": "Which order do you mean? Write its number, like *1042*, or *cancel* to drop *{word}*.",
    "ask.tracking": "What is the tracking number? Write it, and the carrier if you like, or *cancel* to drop it.",
    "ask.reason": "Why does it have to wait? The customer reads the reason. Write it, or *cancel* to drop it.",
    "ask.text": "What shall I note? Only the shop reads it. Write it, or *cancel* to drop it.",
    "ask.cancel": "Cancel this order of {customer} for {amount}? The customer is told, and it cannot be undone.",
    "ask.cancel_quiet": "Cancel this order of {customer} for {amount}? The customer is not told. It cannot be undone.",
    "ask.cancel_reason": "Reason: “{reason}”",
    "ask.dropped": "Dropped; I did nothing.",
    "ask.closed": "{label}: this question is no longer open, so I did nothing. If you still mean it: *cancel {number}*",
    # What cannot be read as a request
    "desk.no_order": "There is no order {label}, so I did nothing. *orders* shows those there are.",
    "desk.too_many": "I take at most {most} orders at once, so I did nothing. Please send them in parts.",
    "desk.one_at_a_time": "*{word}* takes one order at a time, so I did nothing. Please send one message for each.",
    "desk.whole_only": "I can *{word}* whole orders only, so I did nothing. Leave the lines out, or write to the customer.",
    "desk.no_action": "I do not know the action “{word}”. There are {list}. For example: *why 1042 {nearest}*",
    "desk.not_understood": (
        "I do not know “{word}” after *orders*.{hint} I understand a status ({statuses}), today, sort date, asc, desc "
        "and the number of a page. For example: *orders packed today* or *orders 2*"
    ),
    "desk.did_you_mean": "Did you mean “{nearest}”?",
    "desk.no_number": "“{text}” is no order number, so I did nothing. For example: *{word} 1042*",
    "desk.no_tracking": "I found no tracking number in “{text}”: one is a single word with digits.",
    # Lists
    "list.head": {
        "one": "*{count} order*, page {page} of {pages}",
        "other": "*{count} orders*, page {page} of {pages}",
    },
    "list.next": "Next page: *{command}*",
    "list.none": "There is no such order. *orders* shows all.",
    "list.empty": "There is no order yet. A customer makes the first by sending a cart.",
    "list.no_page": "There are only {pages} pages. The last: *{command}*",
    "list.open": "Open one",
    "list.row": "{amount} · {customer}",
}  # fmt: skip
