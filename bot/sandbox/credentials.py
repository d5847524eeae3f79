"""Demo credentials: made at first use and kept, with the clock's offset, in a JSON file that only its owner may read."""

import hashlib
import hmac
import os
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import orjson

from bot.clock import Ids

REAL_TOKEN = "EAA"  # noqa: S105 - how every real access token begins, not a secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Meta would give a business, and the moment from which this sandbox's clock goes on."""

    phone_number_id: str
    business_account_id: str
    catalog_id: str
    access_token: str
    app_secret: str
    verify_token: str
    display_phone_number: str = "910000000100"
    verified_name: str = "Demo Store"
    offset_s: float = 0.0
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.access_token.startswith(REAL_TOKEN):
            raise ValueError("the sandbox does not start with a real access token")

    @property
    def offset(self) -> timedelta:
        return timedelta(seconds=self.offset_s)

    @classmethod
    def invent(cls, path: Path | None = None) -> "Credentials":
        return cls(
            phone_number_id=f"1{_digits(14)}",
            business_account_id=f"2{_digits(14)}",
            catalog_id=f"3{_digits(14)}",
            access_token=f"sandbox-{Ids.token()}",
            app_secret=_hex(32),
            verify_token=Ids.token(),
            path=path,
        )

    @classmethod
    def load(cls, path: Path) -> "Credentials":
        """Read the file at `path`; invent and write it at first use."""
        if not path.exists():
            made = cls.invent(path)
            made.save()
            return made
        return cls(**orjson.loads(path.read_bytes()), path=path)

    def save(self) -> None:
        """Replace the file whole, so that a crash leaves the old one or the new one."""
        if self.path is None:
            return
        fields = {name: value for name, value in asdict(self).items() if name != "path"}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
        draft.replace(self.path)

    def key(self, purpose: str) -> str:
        """A secret for one purpose, the same at every start."""
        return hmac.digest(self.app_secret.encode(), purpose.encode(), "sha256").hex()[:32]

    def keep_offset(self, offset: timedelta) -> None:
        """Remember how far the clock was moved, so that a restart never goes back in time."""
        replace(self, offset_s=offset.total_seconds()).save()


def _hex(length: int) -> str:
    return hashlib.sha256((Ids.token() + Ids.token()).encode()).hexdigest()[:length]


def _digits(length: int) -> str:
    return str(int(_hex(32), 16))[-length:]
