"""Every row of the five seed documents is proved by something that names it, or is written down as open."""

import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROWS = (TESTS / "journeys/seeds/rows.txt").read_text().split()
_ID = re.compile(r"\bS[1-5]-\d\d\b")

LATER = {
    "checkout": "S1-77 S2-45 S3-20 S3-21 S3-22 S3-24 S3-25",
    "staff desk": "S2-19 S2-20 S2-21 S2-42 S2-43 S2-44 S5-30",
}
"""Rows that nothing proves yet, by the subject of the issue that will. A row that somebody names is taken out here."""


def test_every_row_is_named() -> None:
    assert sorted(set(ROWS) - named() - later()) == []


def test_what_waits_is_not_named_yet() -> None:
    assert sorted(later() & named()) == []


def test_only_rows_that_exist_are_named() -> None:
    assert sorted((named() | later()) - set(ROWS)) == []


def named() -> set[str]:
    return {row for text in _proofs() for row in _ID.findall(text)}


def later() -> set[str]:
    return {row for rows in LATER.values() for row in rows.split()}


def _proofs() -> Iterator[str]:
    """Conversations and tests; this page is none."""
    for path in [*TESTS.rglob("*.chat"), *TESTS.rglob("test_*.py")]:
        if path != Path(__file__):
            yield path.read_text()
