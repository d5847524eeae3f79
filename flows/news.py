"""A piece of news for staff: a line or two, and perhaps the buttons that answer it when it comes alone."""

from dataclasses import asdict, dataclass
from typing import Any

from flows.messages import Button


@dataclass(frozen=True, slots=True)
class News:
    """`order_id` is what a reply to it is about. What `is_nudge` only reminds: other news never waits because of it."""

    text: str
    buttons: tuple[Button, ...] = ()
    order_id: int | None = None
    is_nudge: bool = False

    def dump(self) -> dict[str, Any]:
        """As plain data, for the alert that other news may still join; `load` is its inverse."""
        return asdict(self)

    @classmethod
    def load(cls, data: dict[str, Any]) -> "News":
        return cls(
            data["text"],
            tuple(Button(**button) for button in data["buttons"]),
            data["order_id"],
            data.get("is_nudge", False),
        )
