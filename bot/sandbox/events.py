"""What happens, told live to every open page: one queue for each, ended when the sandbox stops."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
News = asyncio.Queue[Json | None]
"""Events in order; None is the end."""

QUIET_S = 15.0
"""After so long without news a comment goes out, or proxies would cut the line."""
MOST = 1000
"""News that a page may lag behind; then it is cut off, and reads the whole state again when it comes back."""


class Events:
    def __init__(self) -> None:
        self.quiet_s = QUIET_S
        self._readers: set[News] = set()
        self._closed = False

    def tell(self, kind: str, **fields: Any) -> None:
        for reader in list(self._readers):
            if reader.qsize() >= MOST:
                self._end(reader)
            else:
                reader.put_nowait({"kind": kind, **fields})

    @contextlib.contextmanager
    def listen(self) -> Iterator[News]:
        """All news from the moment of entering."""
        reader: News = asyncio.Queue()
        self._readers.add(reader)
        if self._closed:
            self._end(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def close(self) -> None:
        self._closed = True
        for reader in list(self._readers):
            self._end(reader)

    def _end(self, reader: News) -> None:
        self._readers.discard(reader)
        reader.put_nowait(None)
