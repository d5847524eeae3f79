"""Media: uploads with Meta's size and type limits, and the bytes of what people send (Meta, "Media", read 2026)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import Ids
from bot.sandbox.ledger import Ledger
from bot.sandbox.rules.errors import GraphError

MIB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES: dict[str, tuple[str, int]] = {
    "image/jpeg": ("image", 5 * MIB),
    "image/png": ("image", 5 * MIB),
    "image/webp": ("sticker", 500 * 1024),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), ("audio", 16 * MIB)),
    **dict.fromkeys(("video/mp4", "video/3gpp"), ("video", 16 * MIB)),
    **dict.fromkeys(
        (
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            f"{_OFFICE}wordprocessingml.document",
            f"{_OFFICE}spreadsheetml.sheet",
            f"{_OFFICE}presentationml.presentation",
        ),
        ("document", 100 * MIB),
    ),
}
UPLOADED, RECEIVED = timedelta(days=30), timedelta(days=7)
MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG", "application/pdf": b"%PDF"}


@dataclass(frozen=True, slots=True)
class Medium:
    id: str
    mime_type: str
    size: int
    sha256: str
    expires_at: datetime
    filename: str = ""

    @property
    def sha256_base64(self) -> str:
        """As webhooks carry it (observed); the Graph API answers in hex."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()


class Media:
    """Bytes by id, in a folder beside the ledger, or in memory when there is no ledger file."""

    def __init__(self, *, ledger: Ledger, folder: Path | None) -> None:
        self._ledger, self._folder = ledger, folder
        self._known: dict[str, Medium] = {}
        self._bytes: dict[str, bytes] = {}

    def keep(self, data: bytes, *, mime_type: str, filename: str, now: datetime, life: timedelta) -> Medium:
        found = Medium(
            id=f"7{int(hashlib.sha256(Ids.token().encode()).hexdigest(), 16) % 10**15:015d}",
            mime_type=mime_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            expires_at=now + life,
            filename=filename,
        )
        if self._folder is None:
            self._bytes[found.id] = data
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / found.id).write_bytes(data)
        fields = {"id": found.id, "mime_type": mime_type, "size": found.size, "sha256": found.sha256}
        self._ledger.write("media", **fields, expires_at=found.expires_at.isoformat(), filename=filename)
        self._known[found.id] = found
        return found

    def restore(self, entry: dict[str, Any]) -> None:
        names = ("id", "mime_type", "size", "sha256", "filename")
        expires = datetime.fromisoformat(entry["expires_at"])
        self._known[entry["id"]] = Medium(**{name: entry[name] for name in names}, expires_at=expires)

    def get(self, id: str, now: datetime) -> Medium:  # noqa: A002 - Meta's word
        """Raises GraphError when there is none, or none any more."""
        found = self._known.get(id)
        if found is None or found.expires_at <= now:
            raise GraphError(100, f"Object with ID '{id}' does not exist", subcode=33)
        return found

    def read(self, id: str) -> bytes:  # noqa: A002 - Meta's word
        return self._bytes[id] if self._folder is None else (self._folder / id).read_bytes()

    def check_send(self, kind: str, id: str, now: datetime) -> None:  # noqa: A002 - Meta's word
        """A send that names a medium of another kind, or one that is gone, is refused."""
        found = self._known.get(id)
        if found is None or found.expires_at <= now:
            raise GraphError(131052, f"Media id {id} is unknown or has expired.")
        if TYPES[found.mime_type][0] != kind:
            raise GraphError(131053, f"{found.mime_type} cannot be sent as {kind}.")


def check_upload(data: bytes, mime_type: str) -> None:
    """Meta's type and size limits, and that the bytes are what they are said to be (harder than documented)."""
    if mime_type not in TYPES:
        raise GraphError(100, f"Param file must be a file with one of the following types: {', '.join(sorted(TYPES))}.")
    kind, most = TYPES[mime_type]
    if not data:
        raise GraphError(131053, "The file is empty.")
    if len(data) > most:
        raise GraphError(131053, f"The {kind} has {len(data)} bytes, at most {most} are allowed.")
    if not data.startswith(MAGIC.get(mime_type, b"")):
        raise GraphError(131053, f"The file is not {mime_type}.")
