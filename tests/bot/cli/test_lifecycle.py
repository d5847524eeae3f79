"""The terminal's look at the lifecycles, and the drawings of them that people read."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.cli import lifecycle
from bot.cli.output import Failure
from flows.order_table import ORDER


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
        "order: 22 statuses, 33 events; every cell is filled, every status is reached and every one can end.\n"
    )


def test_check_fails_with_every_fault() -> None:
    cells = {("packed", "ship"): "sent", ("canceled", "abandon"): "-", ("abandoned", "expire"): "="}
    broken = replace(
        ORDER,
        by_status={**ORDER.by_status, **cells, ("placed", "expire"): "=", ("confirmed", "expire"): "="},
        ends=ORDER.ends - {"rejected"},
    )

    with pytest.raises(Failure) as failure:
        lifecycle.check([ORDER, broken])
    assert str(failure.value).splitlines() == [
        "order: the cell packed × ship says nothing that can be.",
        "order: the cell canceled × abandon says nothing that can be.",
        "order: nothing leads to expired.",
        "order: from rejected there is no way to an end.",
    ]


def test_a_cell_reads_as_what_it_means() -> None:
    page = lifecycle.page(ORDER)

    assert "    placed --> confirmed: confirm, submit" in page
    [held] = [line for line in page.splitlines() if "`on_hold`" in line and line.startswith("|")]
    assert held.startswith(
        "| **On hold** `on_hold` | – | – | Rejected | – | – | already | back to where it was held | – |"
    )
    assert "| pack | cancel is answered, is approved, pieces are there |" in page.splitlines()
    [work] = [line for line in page.splitlines() if "`confirmed`" in line and line.startswith("|")]
    assert "| Shipped or Shipped in part |" in work
