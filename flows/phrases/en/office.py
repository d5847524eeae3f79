"""What the bot says about the shop's people and settings, and what staff keep of an order, in English."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    "command.settings": "how the shop works: all settings, one, or change one",
    "command.staff": "the people of the shop; add, change and remove them",
    "command.undo": "take back what you just did, before the customer is told",
    "action.undo": "Undo",
    "did.undo": "taken back",
    "did.forced": "{did}, against the shop's rules",
    "desk.told_soon": "The customer is told in {window}, unless you take it back.",
    "undo.done": "Taken back: {did}. The customer was not told.",
    "undo.nothing": "There is nothing to take back: that goes for {window} after an action (setting undo_window).",
    "undo.late": "It is too late to take that back: it goes for {window} and until something else happens (setting undo_window).",
    "undo.off": "Nothing is taken back in this shop: the customer is told at once (setting undo_window).",
    "hours.note": "came while the shop was closed",
    "did.stale": "waited too long",
    "news.stale": "⏳ {head}\nIt has waited for {since}. What next?",
    "payment.transfer": "transfer",
    "settings.head": "*Settings of {store}* (bold: set by you)",
    "settings.line": "{name} = {value}",
    "settings.line_set": "*{name} = {value}*",
    "settings.unbuilt": "(no effect yet)",
    "settings.how": "*settings undo_window* explains one, *settings undo_window 10s* changes it.",
    "settings.one": "*{name} = {value}*\n{description}.\nYou may write {accepts}.",
    "settings.one_unbuilt": "*{name} = {value}* (no effect yet)\n{description}.\nYou may write {accepts}.",
    "settings.changed": "*{name}* is *{value}* now.",
    "settings.unbuilt_now": "It has no effect yet.",
    "settings.back": "Back: *settings {name} {value}*",
    "settings.wrong": "I changed nothing:\n{faults}\n*settings* shows them all.",
    "office.members": "*The people of {store}*",
    "office.member": "• {name}: {role}, +{number}",
    "office.no_number": "I need a number with its country code, so I did nothing. For example: *{usage}*",
    "office.no_role": "“{role}” is no role, so I did nothing. There are {roles}. For example: *staff add 919800000014 agent Meena*",
    "office.staff": (
        "I do not know “{word}” after *staff*, so I did nothing. There are *staff list*, *staff add NUMBER ROLE NAME* and "
        "*staff remove NUMBER*. Did you mean *staff {nearest}*?"
    ),
    "office.ask_add": "Make {who} (+{number}) {role} of this shop?",
    "office.ask_change": "{who} (+{number}) is {was}. Make them {role}?",
    "office.ask_remove": "Take {who} (+{number}) off the list? They will be answered like a customer.",
    "office.yes": "Yes",
    "office.no": "No",
    "office.added": "{who} is {role} now. They write *help* to this number and see what they may do.",
    "office.removed": (
        "{who} is no longer of the shop. If the number stands in STAFF_NUMBERS, take it out there too: "
        "the next start would bring it back."
    ),
    "office.nobody": "Nobody of the shop has the number +{number}, so I did nothing. *staff list* shows them.",
    "office.last_owner": (
        "{who} is the only owner, so I did nothing: nobody could change anything any more. "
        "Make somebody else owner first."
    ),
    "office.dropped": "Dropped; I did nothing.",
    "office.closed": "This question is no longer open, so I did nothing. Please write it again.",
}  # fmt: skip
