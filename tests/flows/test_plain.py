"""Words from outside stand inside our sentences without turning them around or posing as lines of ours."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Asha Rao", "Asha Rao"),
        ("  Asha\n\nPAID ✅\t1042 ", "Asha PAID ✅ 1042"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("SKU_12*", "SKU_12*"),
        ("👩\u200d🍳 आशा", "👩\u200d🍳 आशा"),
        ("سارة", "\u2068سارة\u2069"),
        ("\u2067x", "x"),
        ("\ud800x\x00", "x"),
        ("", ""),
        ("\n", ""),
    ],
)
def test_text_is_shown_on_one_line(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_text_is_cut() -> None:
    assert plain("x" * 100, 10) == "x" * 9 + "…"


@given(st.text())
def test_nothing_can_break_or_turn_our_line(text: str) -> None:
    shown = plain(text)

    assert len(shown) <= 62
    assert [c for c in shown if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"}] == []
    assert [
        c for c in shown[1:-1] if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    ] == []
    assert plain(shown) == shown
