"""The terminal's look at the lifecycles, and the drawings of them that people read."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.cli import lifecycle
from bot.cli.output import Failure
from flows.order import ORDER


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    lifecycle.add(parser.add_subparsers())
    given = parser.parse_args(["lifecycle", *words])
    return int(given.run(given))


@pytest.mark.parametrize("each", lifecycle.LIFECYCLES, ids=lambda each: each.name)
def test_the_drawing_in_the_documents_is_that_of_the_table(each: Any) -> None:
    assert (lifecycle.FOLDER / f"{each.name}.md").read_text(encoding="utf-8") == lifecycle.page(each)


def test_every_drawing_in_the_documents_is_of_a_lifecycle() -> None:
    assert {path.stem for path in lifecycle.FOLDER.glob("*.md")} == {each.name for each in lifecycle.LIFECYCLES}


def test_draw_writes_a_page_for_each_lifecycle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draw", "--folder", str(tmp_path / "new")) == 0

    assert capsys.readouterr().out == "order.md is drawn.\n"
    assert (tmp_path / "new" / "order.md").read_text(encoding="utf-8") == lifecycle.page(ORDER)


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0

    assert capsys.readouterr().out == (
        "order: 11 statuses, 13 events; every cell is filled, every status is reached and every one can end.\n"
    )


def test_check_fails_with_every_fault() -> None:
    grid = {cell: said for cell, said in ORDER.grid.items() if cell != ("packed", "ship")}
    broken = replace(
        ORDER,
        grid=grid | {("processing", "ship"): "sent", ("canceled", "abandon"): "-", ("cart", "expire"): "="},
        ends=frozenset({"delivered"}),
    )

    with pytest.raises(Failure) as failure:
        lifecycle.check([ORDER, broken])
    assert str(failure.value).splitlines() == [
        "order: the cell processing × ship says nothing that can be.",
        "order: the cell packed × ship says nothing that can be.",
        "order: the cell canceled × abandon says nothing that can be.",
        "order: the cell expired × abandon says nothing that can be.",
        "order: nothing leads to expired.",
        "order: from canceled there is no way to an end.",
        "order: from expired there is no way to an end.",
    ]


def test_a_cell_reads_as_what_it_means() -> None:
    page = lifecycle.page(ORDER)

    assert "    placed --> confirmed: confirm, submit" in page
    assert (
        "| **On hold** `on_hold` | – | – | – | – | – | – | already | back to where it was held | Canceled |  |  |  |  |"
    ) in page.splitlines()
    assert "| ship | address is known, tracking is given |" in page.splitlines()
