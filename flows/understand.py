"""What somebody means by a few free words, where the bot asked nothing: functions, not tables, for language is no grid."""

import re
from enum import StrEnum

SHORT = 60
"""A wish is said in a few words; a longer text is a message to people."""


class Wish(StrEnum):
    WHERE = "where"
    CANCEL = "cancel"
    YES = "yes"
    NO = "no"
    RETURN = "return"
    HAVE = "have"
    PAY = "pay"


_WISHES: tuple[tuple[Wish, re.Pattern[str]], ...] = (
    (Wish.YES, re.compile(r"(yes|yes please|y|ok|okay|correct|right|sure|haan|ha)")),
    (Wish.NO, re.compile(r"(no|no thanks|n|change|wrong|nahi)")),
    (
        Wish.CANCEL,
        re.compile(
            r"(please )?(cancel)( (my|the|this) (order|booking|appointment)| order| it| #?[0-9]{1,12})?( please)?"
        ),
    ),
    (
        Wish.RETURN,
        re.compile(
            r"(i want to |i would like to |please )?(return|send back|send it back)"
            r"( (my|the|this) order| order| it| #?[0-9]{1,12})?( please)?"
        ),
    ),
    (
        Wish.PAY,
        re.compile(
            r"(i want to |i would like to |how (do|can) i |let me |please )?pay"
            r"( now| again| it)?( for)?( (my|the|this) order| it)?( #?[0-9]{1,12})?( please)?"
            r"|(send (me )?)?((the|a|a new|new) )?(payment|pay) ?link( again| please)?"
        ),
    ),
    (Wish.HAVE, re.compile(r"(i have it|i got it|it (has )?arrived|received|i (have )?received it)")),
    (
        Wish.WHERE,
        re.compile(
            r"((where|when)( is|'s|s)?( my| the)? (order|parcel|package|delivery|booking|appointment)( #?[0-9]{1,12})?"
            r"|(my|order|track|tracking|status|my orders?|my (bookings?|appointments?)|order status|track( my)? order)"
            r"( #?[0-9]{1,12})?)"
        ),
    ),
)


def wish(text: str) -> Wish | None:
    """The wish that a short text states, in English; None when it says something else."""
    said = re.sub(r"[\s.!?,]+", " ", text[: SHORT + 1].lower()).strip()
    if not said or len(said) > SHORT:
        return None
    return next((each for each, pattern in _WISHES if pattern.fullmatch(said)), None)


def number(text: str) -> int | None:
    """The order number that a short text names."""
    found = re.search(r"#?\b([0-9]{1,12})\b", text[:SHORT])
    return int(found[1]) if found else None
