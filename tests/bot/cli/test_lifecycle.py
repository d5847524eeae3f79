"""The terminal's look at the lifecycles, and the drawings of them that people read."""

import argparse
import itertools
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bot.cli import lifecycle
from bot.cli.output import Failure
from flows import vocabulary
from flows.lifecycle import edges
from flows.order_table import ORDER
from flows.vocabulary import SHIPPED


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    lifecycle.add(parser.add_subparsers())
    given = parser.parse_args(["lifecycle", *words])
    return int(given.run(given))


@pytest.mark.parametrize("each", lifecycle.LIFECYCLES, ids=lambda each: each.lifecycle.name)
def test_the_page_in_the_documents_is_that_of_the_table(each: lifecycle.Drawn) -> None:
    written = (lifecycle.FOLDER / f"{each.lifecycle.name}.md").read_text(encoding="utf-8")
    assert written == lifecycle.page(each)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_drawing_in_the_documents_is_that_of_the_vocabulary(name: str) -> None:
    drawn = (lifecycle.FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == lifecycle.picture(vocabulary.find(name))


def test_every_page_and_drawing_in_the_documents_is_of_something() -> None:
    names = {f"{each.lifecycle.name}.md" for each in lifecycle.LIFECYCLES} | {f"{name}.svg" for name in SHIPPED}
    assert {path.name for path in lifecycle.FOLDER.iterdir()} == names


def test_draw_writes_every_page_and_drawing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("draw", "--folder", str(tmp_path / "new")) == 0

    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in lifecycle.FOLDER.iterdir()}
    assert capsys.readouterr().out.splitlines()[0] == "order.md is drawn."


def test_draw_prints_the_diagram_of_a_vocabulary_and_writes_its_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("draw", "--vocabulary", "soul", "--folder", str(tmp_path)) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "stateDiagram-v2"
    assert "    shipped: Delivered_to_Carrier" in said
    assert "    shipped --> awaiting_confirmation: deliver" in said
    assert not any("delivered" in line.split() for line in said)
    assert [path.name for path in tmp_path.iterdir()] == ["soul.svg"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_picture_is_well_formed_and_shows_every_status_and_every_way(name: str) -> None:
    words = vocabulary.find(name)
    left = lifecycle.used(words)
    root = ET.fromstring(lifecycle.picture(words))
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text or "" for text in root.iter(f"{space}text")]
    boxes = [box for box in root.iter(f"{space}rect") if box.get("class") == "b"]

    assert len(boxes) == len(left.statuses)
    assert {lifecycle.labels(words)(status) for status in left.statuses} <= set(texts)
    assert {event for _, event, _ in edges(left)} <= {word for text in texts for word in re.split(r"[^a-z_]+", text)}
    corners = [[float(box.get(each, "")) for each in ("x", "y", "width", "height")] for box in boxes]
    for (x, y, width, height), (left_, top, wide, high) in itertools.combinations(corners, 2):
        assert x + width <= left_ or left_ + wide <= x or y + height <= top or top + high <= y


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == (
        f"order: 22 statuses, {len(ORDER.events)} events; every cell is filled, every status is reached and every one can end."
    )
    assert [line.split(":")[0] for line in said] == ["order", "booking", "payment", "refund", "return", *SHIPPED]


def test_check_fails_with_every_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = {("packed", "ship"): "sent", ("canceled", "abandon"): "-", ("abandoned", "expire"): "="}
    broken = replace(
        ORDER,
        by_status={**ORDER.by_status, **cells, ("placed", "expire"): "=", ("confirmed", "expire"): "="},
        ends=ORDER.ends - {"rejected"},
    )
    monkeypatch.setattr(lifecycle, "roles_for", lambda event: () if event == "approve" else ("owner",))
    monkeypatch.setattr(lifecycle, "has", lambda key, _language: key not in ("status.packed", "notice.shipped"))

    with pytest.raises(Failure) as failure:
        lifecycle.check([lifecycle.Drawn(broken, lifecycle.LIFECYCLES[0].key, "order_table")])
    assert str(failure.value).splitlines() == [
        "order: the cell packed × ship says nothing that can be.",
        "order: the cell canceled × abandon says nothing that can be.",
        "order: nothing leads to expired.",
        "order: from rejected there is no way to an end.",
        "order: packed has no label in en.",
        "order: shipped has no notice.",
        "order: nobody may approve.",
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            '[status]\nplaced = true\ncanceled = true\npaked = "Packed"',
            ["status.paked is no name that I know; did you mean packed?"],
        ),
        ("[status]\nplaced = true\ncanceled = true\ndelivered = true", ["nothing leads to delivered."]),
        (
            '[status]\nplaced = true\ncanceled = true\nconfirmed = true\nprocessing = true\n[policy]\norder_flow = "mine"',
            ["policy.order_flow: 'mine' is not known; write manual, confirm_then_pay or pay_then_confirm"],
        ),
    ],
)
def test_check_finds_what_is_wrong_with_a_merchants_vocabulary(text: str, faults: list[str], tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(text)

    with pytest.raises(Failure) as failure:
        run("check", "--vocabulary", str(tmp_path / "shop.toml"))
    assert str(failure.value).splitlines() == [f"{tmp_path}/shop.toml: {fault}" for fault in faults]


def test_a_cell_reads_as_what_it_means() -> None:
    page = lifecycle.page(lifecycle.LIFECYCLES[0])

    assert "    placed --> confirmed: confirm, submit" in page
    [held] = [line for line in page.splitlines() if "`on_hold`" in line and line.startswith("|")]
    assert held.startswith(
        "| **On hold** `on_hold` | – | – | Rejected | – | – | already | back to where it was held | – |"
    )
    assert "| pack | cancel is answered, is approved, pieces are there |" in page.splitlines()
    [work] = [line for line in page.splitlines() if "`confirmed`" in line and line.startswith("|")]
    assert "| Shipped or Shipped in part |" in work
