"""Every number that WhatsApp or our own promises impose, each with the fact behind it. What a shop may choose is a setting."""

from datetime import timedelta

WINDOW = timedelta(hours=23, minutes=55)
"""Meta closes the customer service window 24 hours after the contact's last message; five minutes are for clocks and queues."""

PAIR_INTERVAL = timedelta(seconds=6)
"""Meta's pair rate: one message in six seconds from one number to one person, in the long run (error 131056)."""

PAIR_BUCKET = 40
"""Meta lends 45 messages at once against the quota to come; five are kept for what an unknown send may have used up."""

NUMBER_PER_SECOND = 80
"""Meta's throughput of a number, in and out together, until it is raised by Meta (error 130429). Default of `pace.number`."""

NUMBER_BUCKET = 8
"""A tenth of a second's worth, so that one look at the outbox may take several and no second sees more than a tenth too many."""

AMBIGUOUS_WAIT = timedelta(seconds=20)
"""How long the status of a send with an unknown outcome may take: usually some hundred milliseconds after acceptance."""

AMBIGUOUS_TEMPLATE_WAIT = timedelta(seconds=60)
"""The same for templates, which Meta may hold back for a quality check before it accepts them."""

AMBIGUOUS_RESENDS = 1
"""A second unknown outcome goes to staff: each resend may be a message the customer sees twice."""

BATCH_CONTACTS = 64
"""Contacts in one unit of work: beyond it the saved commits no longer show, and a failed batch costs more to repeat."""

BATCH_EVENTS = 20
"""Events of one contact in one unit of work, so that a flood from one person leaves room for the others."""

BATCH_SIZE = 128
"""Events in one unit of work, over all contacts: more than `BATCH_TIME` allows would be fetched and read for nothing."""

BATCH_STATUSES = 500
"""Message statuses settled at once: they need no order and write one row each."""

BATCH_TIME = timedelta(milliseconds=10)
"""A unit of work closes after this, so that the door's own commits, which share its connection, never wait longer."""

ATTEMPTS = 3
"""Tries of an event whose handler raises, before it is buried: a passing fault is gone by then, a bug is not."""

ATTEMPT_DELAYS = (timedelta(seconds=2), timedelta(seconds=8))
"""Waits between the tries: all three within 20 seconds, while the customer still looks at the chat."""

CONFLICT_RUNS = 5
"""Times a turn runs again at once when another lane changed its order: two lanes meet, so the second run nearly always wins."""

EVENT_STUCK = timedelta(minutes=1)
"""An event that waits longer than this is news for `doctor`: under full load the oldest waits a few seconds."""

BODY_BYTES = 4 * 1024 * 1024
"""A webhook body. Meta sends at most 3 MB; no other route takes a body."""

COMMAND_LENGTH = 512
"""Characters of a staff message that are looked at for a command: the longest one with its note is shorter."""

COMMAND_AGE = timedelta(minutes=15)
"""A staff command older than this is answered, not obeyed: the shop has moved on since."""

CART_LATE = timedelta(minutes=15)
"""From here on staff are told how late a cart came: a customer who waits longer has noticed."""

ALERT_PARTS = 10
"""Pieces of news in one staff message; the rest are counted."""

CART_LINES = 100
"""Different products in a cart we take: WhatsApp itself allows a thousand, no shop picks so many by hand."""

CART_QUANTITY = 99
"""Units of one product, as on the phone's own cart."""

GREETING = 16
"""Characters up to which words are taken for a greeting and answered with the menu; more is a message to people."""

CHATTER = 30
"""Messages of one person at once before their chatter is let go: with their answers ten of `PAIR_BUCKET` stay for orders."""

CHATTER_PAUSE = timedelta(minutes=1)
"""How much longer it then takes until chatter is heard again, and how often somebody who goes on is told."""

CONFIRM_WITHIN = timedelta(minutes=15)
"""How long a "really?" stands: afterwards the yes is asked for again."""

REPLIES = 3
"""Messages that may answer one inbound message."""

ORPHAN_PATIENCE = timedelta(minutes=2)
"""A status can overtake our own note of what it reports on. After this nobody will claim it: it is from another sender."""

ORPHAN_DELAY = timedelta(seconds=5)
"""How often such a status is looked at again."""

BURIED_REMINDER = timedelta(days=1)
"""A dead letter nobody replayed is said to staff once more after a day."""

DRAIN = timedelta(seconds=5)
"""What a request in flight may still take when the program is told to stop: it must be gone within 9 seconds."""

PAUSE = timedelta(minutes=1)
"""How long a number waits when Meta refuses everything and its error says no better."""
