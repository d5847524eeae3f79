"""The sandbox's diary and, in tests, the judge: what was asked, accepted, refused, delivered and acknowledged, in order.

Append-only; a line is handed to the operating system before the sandbox acts on it, so that a killed process forgets nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from bot.clock import Clock

Json = dict[str, Any]


class Ledger:
    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self.entries: list[Json] = []
        self._file: BinaryIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = _whole_lines(path)
            self.entries = [orjson.loads(line) for line in whole.splitlines()]
            self._file = path.open("ab", buffering=0)
            self._file.truncate(len(whole))  # a kill may have left half a line: nothing was done on its account

    @classmethod
    def read(cls, path: Path, clock: Clock) -> "Ledger":
        """What a sandbox has written so far, perhaps still running in another process: for looking, not for writing."""
        ledger = cls(None, clock)
        ledger.entries = [orjson.loads(line) for line in _whole_lines(path).splitlines()]
        return ledger

    def write(self, kind: str, **fields: Any) -> Json:
        entry = {"n": len(self.entries) + 1, "at": self._clock.now().isoformat(), "kind": kind, **fields}
        if self._file is not None:
            self._file.write(orjson.dumps(entry) + b"\n")
        self.entries.append(entry)
        return entry

    def of(self, *kinds: str) -> Iterator[Json]:
        return (entry for entry in self.entries if entry["kind"] in kinds)

    def accepted(self, token: str | None = None) -> list[Json]:
        """Sends that Meta took, oldest first; those carrying `token` when one is given."""
        return [entry for entry in self.of("accepted") if token is None or entry["token"] == token]

    def refused(self) -> list[Json]:
        return list(self.of("refused"))

    def acknowledged(self) -> dict[str, int]:
        """Source id (a message's wamid, or `wamid:status`) → how many times the bot said 2xx to it."""
        counts: dict[str, int] = {}
        for entry in self.of("acknowledged"):
            for source in entry["sources"]:
                counts[source] = counts.get(source, 0) + 1
        return counts

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _whole_lines(path: Path) -> bytes:
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]
