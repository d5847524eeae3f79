"""The shop as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Store:
    """`settings` maps a setting's name to the text people typed; `salt` keys the hashes of source ids.

    `public_url` is how customers reach this program: the machine's to say, and no part of the row.
    """

    id: int
    name: str
    country: str
    currency: str
    timezone: str
    locale: str
    settings: Mapping[str, str]
    salt: bytes
    public_url: str = "http://127.0.0.1:8080"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def language(self) -> str:
        """`en` of `en_IN`: the language staff and strangers are spoken to in."""
        return self.locale.replace("-", "_").split("_")[0]
