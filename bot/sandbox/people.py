"""The people who own the phones: customers and staff, with a number, a business-scoped user id (BSUID), or both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Role = Literal["customer", "staff"]


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    wa_id: str | None = None
    bsuid: str | None = None
    role: Role = "customer"

    def __post_init__(self) -> None:
        if not (self.wa_id or self.bsuid):
            raise ValueError(f"{self.id} has neither a number nor a BSUID")
        if self.wa_id is not None and not (self.wa_id.isdecimal() and self.wa_id.isascii()):
            raise ValueError(f"a number is digits: {self.wa_id!r}")


class People:
    """Everyone the sandbox knows; a number or BSUID belongs to one person at a time."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._by_id = {person.id: person for person in people}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_id.values())

    def __contains__(self, id: str) -> bool:  # noqa: A002 - the field's own word
        return id in self._by_id

    def get(self, id: str) -> Person:  # noqa: A002 - the field's own word
        """Raises LookupError naming the id."""
        if id not in self._by_id:
            raise LookupError(f"nobody here is called {id!r}")
        return self._by_id[id]

    def find(self, *, wa_id: str | None = None, bsuid: str | None = None) -> Person | None:
        """Whom Meta would reach: with both, the number wins."""
        for person in self:
            if wa_id is not None and person.wa_id == wa_id:
                return person
            if wa_id is None and bsuid is not None and person.bsuid == bsuid:
                return person
        return None

    def put(self, person: Person) -> None:
        """Add or replace; whoever held the same number or BSUID must be that person."""
        for other in self:
            if other.id != person.id and (
                (person.wa_id and other.wa_id == person.wa_id) or (person.bsuid and other.bsuid == person.bsuid)
            ):
                raise ValueError(f"{other.id} already has that number or BSUID")
        self._by_id[person.id] = person

    def new_id(self, name: str) -> str:
        """A slug of `name` that nobody has yet."""
        slug = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-") or "person"
        taken = [f"{slug}-{n}" for n in range(2, len(self._by_id) + 3)]
        return next(id for id in [slug, *taken] if id not in self._by_id)  # noqa: A001 - the field's own word


def changed(person: Person, *, wa_id: str | None, bsuid: str | None) -> Person:
    return replace(person, wa_id=wa_id or person.wa_id, bsuid=bsuid or person.bsuid)
