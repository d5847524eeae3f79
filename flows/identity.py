"""Who is who: one person may come with a phone number (wa_id), with a business-scoped id (BSUID), or with both.

A number is given to other people in time, a BSUID never is: where the two disagree the BSUID is right, and a number that comes
with another BSUID than before has changed hands.
"""

from dataclasses import dataclass

WA_ID, BSUID = "wa_id", "bsuid"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name now, and which kinds of name that person has."""

    contact: int
    has_wa_id: bool
    has_bsuid: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`contact` is who it is (None: somebody new); `join` is to become that contact too; `names` are theirs from now on."""

    contact: int | None
    join: int | None = None
    names: tuple[tuple[str, str], ...] = ()


def is_same_person(holder: Holder, kind: str) -> bool:
    """WhatsApp says that somebody has a new name, which `holder` has here: whether both are one person.

    A BSUID is nobody else's. A number may have changed hands: then its holder had another BSUID to be known by.
    """
    return kind == BSUID or not holder.has_bsuid


def decide(*, wa_id: str | None, bsuid: str | None, by_wa_id: Holder | None, by_bsuid: Holder | None) -> Decision:
    """Who an event with these names is from, given who has them."""
    given = tuple((kind, value) for kind, value in ((WA_ID, wa_id), (BSUID, bsuid)) if value is not None)
    if by_bsuid is not None:
        if by_wa_id is None or by_wa_id.contact == by_bsuid.contact:
            return Decision(by_bsuid.contact, names=given)
        if by_wa_id.has_bsuid or by_bsuid.has_wa_id:
            return Decision(by_bsuid.contact, names=given)
        kept, gone = sorted((by_wa_id.contact, by_bsuid.contact))
        return Decision(kept, join=gone, names=given)
    if by_wa_id is None or (bsuid is not None and by_wa_id.has_bsuid):
        return Decision(None, names=given)
    return Decision(by_wa_id.contact, names=given)
