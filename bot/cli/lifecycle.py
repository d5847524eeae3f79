"""The lifecycles, looked through for gaps and drawn for people: both from the tables that decide."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.cli.output import Failure, say
from flows.lifecycle import ALREADY, BACK, HAPPENS, NOT_FROM_HERE, Lifecycle, mermaid
from flows.order_table import ORDER
from flows.phrases import LANGUAGES
from flows.phrases import say as phrase

LIFECYCLES: tuple[Lifecycle[Any], ...] = (ORDER,)
FOLDER = Path(__file__).parents[2] / "docs" / "lifecycles"


_PAGE = """\
# The lifecycle of the {name}

Drawn from the table in `flows/{name}_table.py` by `python -m bot lifecycle draw`; a test keeps it fresh.

```mermaid
{diagram}
```

## What follows

A status names where the event leads (one of two as things stand), “already” means that nothing happens, “happens” that the
status stays, – that it is refused with a reason; where a cell is empty, the event is a report that changes nothing.

Commands, which people give: {commands}. Facts, which are never refused: {facts}.

{grid}

## Conditions

An event happens only if all of its conditions hold. A command that fails one is refused and told why; a fact then changes
nothing.

| event | conditions |
|---|---|
{conditions}
"""


def add(commands: Any) -> None:
    text = "the lifecycles of orders and what belongs to them"
    group = commands.add_parser("lifecycle", help=text, description=text)
    each = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "look for cells that say nothing, and statuses nobody reaches or leaves"
    each.add_parser("check", help=text, description=text).set_defaults(run=_check)
    text = "write the diagrams and tables into docs/lifecycles"
    draw = each.add_parser("draw", help=text, description=text)
    draw.add_argument("--folder", type=Path, default=FOLDER, help="where to (docs/lifecycles)")
    draw.set_defaults(run=_draw)


def _check(_given: argparse.Namespace) -> int:
    for line in check(LIFECYCLES):
        say(line)
    return 0


def _draw(given: argparse.Namespace) -> int:
    given.folder.mkdir(parents=True, exist_ok=True)
    for lifecycle in LIFECYCLES:
        path = given.folder / f"{lifecycle.name}.md"
        path.write_text(page(lifecycle), encoding="utf-8")
        say(f"{path.name} is drawn.")
    return 0


def check(lifecycles: Iterable[Lifecycle[Any]]) -> list[str]:
    """A line for each lifecycle; Failure with every fault when there is one."""
    if found := [fault for lifecycle in lifecycles for fault in faults(lifecycle)]:
        raise Failure("\n".join(found))
    return [
        f"{lifecycle.name}: {len(lifecycle.statuses)} statuses, {len(lifecycle.events)} events; "
        "every cell is filled, every status is reached and every one can end."
        for lifecycle in lifecycles
    ]


def faults(lifecycle: Lifecycle[Any]) -> list[str]:
    """What is wrong with a lifecycle's table, a sentence each."""
    name, reached = lifecycle.name, lifecycle.reachable()
    holes = [f"{name}: the cell {status} × {event} says nothing that can be." for status, event in lifecycle.holes()]
    lost = [f"{name}: nothing leads to {status}." for status in lifecycle.statuses if status not in reached]
    return [*holes, *lost, *(f"{name}: from {status} there is no way to an end." for status in lifecycle.dead_ends())]


def page(lifecycle: Lifecycle[Any]) -> str:
    """A lifecycle as Markdown: its diagram, its grid and the conditions that stand before its events."""
    conditions = [
        f"| {event} | {', '.join(guard.__name__.strip('_').replace('_', ' ') for guard in guards)} |"
        for event, guards in lifecycle.guards.items()
    ]
    return _PAGE.format(
        name=lifecycle.name, diagram=mermaid(lifecycle, _label).rstrip(), commands=", ".join(lifecycle.commands),
        facts=", ".join(lifecycle.facts), grid="\n".join(_grid(lifecycle)), conditions="\n".join(conditions),
    )  # fmt: skip


def _grid(lifecycle: Lifecycle[Any]) -> list[str]:
    rows = [f"| status | {' | '.join(lifecycle.events)} |", "|---" * (len(lifecycle.events) + 1) + "|"]
    for status in lifecycle.statuses:
        cells = " | ".join(_cell(lifecycle, status, event) for event in lifecycle.events)
        rows.append(f"| **{_label(status)}** `{status}` | {cells} |")
    return rows


def _cell(lifecycle: Lifecycle[Any], status: str, event: str) -> str:
    said = lifecycle.cell(status, event) or "?"
    words = {ALREADY: "already", NOT_FROM_HERE: "–", BACK: "back to where it was held", HAPPENS: "happens"}
    return words.get(said) or " or ".join(_label(way) for way in said.split("|") if way in lifecycle.statuses)


def _label(status: str) -> str:
    return phrase(f"status.{status}", LANGUAGES[0])
