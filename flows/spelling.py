"""Words people mistype, and lists as people read them."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` (lower case) that `word` was probably meant to be."""
    close = get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return close[0] if close else None


def one_of(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *rest, last = words
    return f"{', '.join(rest)} or {last}" if rest else last
