"""What people outside wrote, made safe to stand inside a sentence of ours."""

import unicodedata

from flows.messages import fit

# Overrides, embeddings and isolates can turn the rest of our line around; the one isolate that is needed we put around it.
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"
_BREAKS = {"Cc", "Zl", "Zp", "Cs"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def plain(text: str, limit: int = 60) -> str:
    """`text` on one line, in at most `limit` characters: no break or control by which it could pass for a line of ours.

    Right-to-left text keeps its direction to itself. Empty text stays empty.
    """
    if text.isascii() and text.isprintable():
        return fit(" ".join(text.split()), limit)
    visible = (" " if unicodedata.category(c) in _BREAKS else c for c in text.translate(_TURNS))
    line = fit(" ".join("".join(visible).split()), limit)
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line):
        return f"{_FIRST_STRONG_ISOLATE}{line}{_POP}"
    return line
