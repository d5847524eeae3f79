"""The life of one outbound message: which moves our send protocol may make, and what Meta's reports make of it.

Until Meta has the message the protocol moves it, by the grid below. From then on its status is the greatest that Meta
reported, in whatever order the reports come.
"""

RANKS = {
    "queued": 0,  # written, waiting for its turn
    "sending": 1,  # the attempt is on disk, bytes may be on the wire
    "unknown": 2,  # bytes left and no answer came: Meta may have it
    "accepted": 3,  # Meta gave it an id
    "sent": 4,  # Meta passed it on
    "failed": 5,  # Meta refused it or could not deliver it; above `sent`, for it comes after that
    "delivered": 6,  # on a device of the contact
    "read": 7,  # seen, or a voice message heard
    "expired": 0,  # never sent: its time was over first
    "suppressed": 0,  # never sent: the contact must not be written to
}
STATUSES = tuple(RANKS)

REPORTED = {"sent": "sent", "failed": "failed", "delivered": "delivered", "read": "read", "played": "read"}
"""Meta's words for what became of a message, and ours. Other words of hers move nothing."""

EVENTS = (
    "claimed",  # the sender takes it and writes down the attempt
    "accepted",  # Meta answered with an id, or a status with our token came in
    "returned",  # nothing was written, or Meta refused it for now: later again
    "refused",  # Meta refused it for good
    "lost",  # no readable answer after the first byte, or the sender died meanwhile
    "resent",  # the wait for a status is over and the message must arrive
    "given_up",  # the wait is over and the message must not be repeated
    "expired",
    "suppressed",
)

STAYS, IMPOSSIBLE = ".", "-"

# A status can overtake the answer to the request it reports on, and an answer can come after its lease has lapsed: what
# the sender then has to say is late, not wrong. That Meta has accepted the message is a fact wherever the row stands.
_GRID = """
            claimed  accepted  returned  refused  lost     resent   given_up  expired  suppressed
queued      sending  accepted  -         -        -        -        -         expired  suppressed
sending     -        accepted  queued    failed   unknown  -        -         -        -
unknown     -        accepted  queued    failed   .        sending  failed    -        -
accepted    -        .         .         .        .        -        -         -        -
sent        -        .         .         .        .        -        -         -        -
failed      -        .         .         .        .        -        -         -        -
delivered   -        .         .         .        .        -        -         -        -
read        -        .         .         .        .        -        -         -        -
expired     -        accepted  -         -        -        -        -         -        -
suppressed  -        accepted  -         -        -        -        -         -        -
"""


def _read_grid(text: str) -> dict[tuple[str, str], str]:
    header, *rows = (line.split() for line in text.strip().splitlines())
    return {(row[0], event): cell for row in rows for event, cell in zip(header, row[1:], strict=True)}


MOVES = _read_grid(_GRID)


def holes() -> list[tuple[str, str]]:
    """The (status, event) pairs that the grid does not answer with a status, `STAYS` or `IMPOSSIBLE`."""
    answers = {*STATUSES, STAYS, IMPOSSIBLE}
    return [(status, event) for status in STATUSES for event in EVENTS if MOVES.get((status, event)) not in answers]


def move(current: str, event: str) -> str:
    """The status after `event` of our own send protocol. ValueError if the protocol has no such move."""
    after = MOVES[current, event]
    if after == IMPOSSIBLE:
        raise ValueError(f"an outbound message that is {current} cannot be {event}")
    return current if after == STAYS else after


def sources(event: str) -> frozenset[str]:
    """The statuses from which `event` moves a row: the WHERE clause of the verb that writes it."""
    return frozenset(status for status in STATUSES if MOVES[status, event] not in {STAYS, IMPOSSIBLE})


def settle(current: str, reported: str) -> str:
    """The status after Meta reported `reported`: the greatest seen.

    A report is a fact and always counts, even on a row that was sent, handed back and then expired.
    """
    told = REPORTED.get(reported)
    return current if told is None or RANKS[told] <= RANKS[current] else told
