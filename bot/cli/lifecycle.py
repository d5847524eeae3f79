"""The lifecycles, looked through for gaps and drawn for people: both from the tables that decide."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import vocabularies
from bot.cli.output import Failure, say
from flows import booking, settings, told, vocabulary
from flows.drawing import svg
from flows.ledger import PAYMENT, REFUND
from flows.lifecycle import ALREADY, BACK, HAPPENS, NOT_FROM_HERE, Lifecycle, mermaid, within
from flows.order import DERIVED
from flows.order_table import ORDER, TABLES, Table
from flows.phrases import LANGUAGES, has
from flows.phrases import say as phrase
from flows.policy import roles_for
from flows.returns import RETURN
from flows.settings import NOTICES, SettingsError
from flows.vocabulary import FETCH, SHIPPED, Vocabulary

FOLDER = Path(__file__).parents[2] / "docs" / "lifecycles"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A lifecycle with the keys of the phrases for its statuses, and the module of its table."""

    lifecycle: Lifecycle[Any]
    key: Callable[[str], str]
    module: str

    def label(self, status: str) -> str:
        return phrase(self.key(status), LANGUAGES[0])


LIFECYCLES = (
    Drawn(ORDER, lambda status: f"status.{status}", "order_table"),
    Drawn(booking.TABLE, lambda status: f"status.{status}", "booking"),
    Drawn(PAYMENT, lambda state: f"paystate.{state}", "ledger"),
    Drawn(REFUND, lambda state: f"paystate.{state}", "ledger"),
    Drawn(RETURN, lambda state: f"returned.{state}", "returns"),
)
_UNDER = {"cancel_lines": "cancel", "add": "add"}
"""Actions of the order's table that are permitted under another name."""


_PAGE = """\
# The lifecycle of the {name}

Drawn from the table in `flows/{module}.py` by `python -m bot lifecycle draw`; a test keeps it fresh.

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
    text = "look through lifecycles and vocabularies for gaps, dead ends and what nobody may do"
    check = each.add_parser("check", help=text, description=text)
    check.add_argument("--vocabulary", help="one of ours or the path of your own; without it all of ours")
    check.set_defaults(run=_check)
    text = "write the diagrams and tables into docs/lifecycles; with --vocabulary print that one's"
    draw = each.add_parser("draw", help=text, description=text)
    draw.add_argument("--folder", type=Path, default=FOLDER, help="where to (docs/lifecycles)")
    draw.add_argument("--vocabulary", help="one of ours or the path of your own: printed as Mermaid, written as SVG")
    draw.set_defaults(run=_draw)


def _check(given: argparse.Namespace) -> int:
    vocabularies.install()
    found = check(LIFECYCLES) + check_vocabularies([given.vocabulary] if given.vocabulary else SHIPPED)
    for line in found:
        say(line)
    return 0


def _draw(given: argparse.Namespace) -> int:
    vocabularies.install()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.vocabulary:
        words = _read(given.vocabulary)
        say(mermaid(used(words), labels(words)).rstrip())
        _write(given.folder / f"{Path(words.name).stem}.svg", picture(words))
        return 0
    for drawn in LIFECYCLES:
        _write(given.folder / f"{drawn.lifecycle.name}.md", page(drawn))
    for name in SHIPPED:
        _write(given.folder / f"{name}.svg", picture(_read(name)))
    return 0


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    say(f"{path.name} is drawn.")


def _read(name: str) -> Vocabulary:
    try:
        settings.check("vocabulary", name)
    except SettingsError as error:
        raise Failure(str(error)) from None
    return vocabulary.find(name)


def check(drawn: Iterable[Drawn]) -> list[str]:
    """A line for each lifecycle; Failure with every fault when there is one."""
    all_of_them = list(drawn)
    if found := [fault for each in all_of_them for fault in faults(each)]:
        raise Failure("\n".join(found))
    return [
        f"{each.name}: {len(each.statuses)} statuses, {len(each.events)} events; "
        "every cell is filled, every status is reached and every one can end."
        for each in (one.lifecycle for one in all_of_them)
    ]


def check_vocabularies(names: Iterable[str]) -> list[str]:
    """A line for each vocabulary; Failure with every fault when there is one."""
    found: list[str] = []
    lines = []
    for name in names:
        try:
            settings.check("vocabulary", name)
        except SettingsError as error:
            found += error.faults
            continue
        words = vocabulary.find(name)
        found += [f"{name}: {fault}" for fault in vocabulary_faults(words)]
        lines.append(f"{name}: {len(used(words).statuses)} statuses; every one is reached, has a label and can end.")
    if found:
        raise Failure("\n".join(found))
    return lines


def faults(drawn: Drawn) -> list[str]:
    """What is wrong with a lifecycle's table, a sentence each."""
    lifecycle = drawn.lifecycle
    name, reached = lifecycle.name, lifecycle.reachable()
    holes = [f"{name}: the cell {status} × {event} says nothing that can be." for status, event in lifecycle.holes()]
    lost = [f"{name}: nothing leads to {status}." for status in lifecycle.statuses if status not in reached]
    dead = [f"{name}: from {status} there is no way to an end." for status in lifecycle.dead_ends()]
    bare = [
        f"{name}: {status} has no label in {language}."
        for status in lifecycle.statuses
        for language in LANGUAGES
        if not has(drawn.key(status), language)
    ]
    told_of = [fault for table in TABLES.values() if table.lifecycle.name == name for fault in _order_faults(table)]
    return [*holes, *lost, *dead, *bare, *told_of]


def _order_faults(table: Table) -> list[str]:
    """Statuses that customers are never told of, and actions that nobody may take."""
    name, statuses = table.lifecycle.name, [s for s in table.lifecycle.statuses if s not in table.lifecycle.starts]
    of_statuses = [told.BOOKED[status] if name == booking.TABLE.name else status for status in statuses]
    silent = [
        f"{name}: {occasion} has no notice."
        for occasion in dict.fromkeys([*of_statuses, *NOTICES])
        if occasion not in NOTICES or not has(f"notice.{occasion}", LANGUAGES[0])
    ]
    idle = [
        f"{name}: nobody may {event}."
        for event in table.lifecycle.commands
        if event not in table.customers and not roles_for(_UNDER.get(event, event))
    ]
    return [*silent, *idle]


def vocabulary_faults(words: Vocabulary) -> list[str]:
    """What is wrong with the order's lifecycle as a vocabulary uses it, a sentence each."""
    left = used(words)
    lost = [f"nothing leads to {status}." for status in words.statuses if status not in left.statuses]
    return lost + [f"from {status} there is no way to an end." for status in left.dead_ends()]


def used(words: Vocabulary) -> Lifecycle[Any]:
    """The order's lifecycle as a shop with this vocabulary goes through it."""
    return within(ORDER, lambda status: words.uses(status, is_pickup=True), derived=DERIVED)


def labels(words: Vocabulary) -> Callable[[str], str]:
    """What staff read for each status; one that the vocabulary does not name has the standard label."""

    def label(status: str) -> str:
        fetched = words.occasions.get(FETCH) if status == "packed" and not words.uses("packed") else None
        return fetched or words.statuses.get(status) or phrase(f"status.{status}", LANGUAGES[0])

    return label


def picture(words: Vocabulary) -> str:
    return svg(used(words), f"Orders in the words of {words.title}", labels(words))


def page(drawn: Drawn) -> str:
    """A lifecycle as Markdown: its diagram, its grid and the conditions that stand before its events."""
    lifecycle = drawn.lifecycle
    conditions = [
        f"| {event} | {', '.join(guard.__name__.strip('_').replace('_', ' ') for guard in guards)} |"
        for event, guards in lifecycle.guards.items()
    ]
    return _PAGE.format(
        name=lifecycle.name, module=drawn.module,
        diagram=mermaid(lifecycle, drawn.label).rstrip(), commands=", ".join(lifecycle.commands),
        facts=", ".join(lifecycle.facts), grid="\n".join(_grid(drawn)), conditions="\n".join(conditions),
    )  # fmt: skip


def _grid(drawn: Drawn) -> list[str]:
    lifecycle = drawn.lifecycle
    rows = [f"| status | {' | '.join(lifecycle.events)} |", "|---" * (len(lifecycle.events) + 1) + "|"]
    for status in lifecycle.statuses:
        cells = " | ".join(_cell(drawn, status, event) for event in lifecycle.events)
        rows.append(f"| **{drawn.label(status)}** `{status}` | {cells} |")
    return rows


def _cell(drawn: Drawn, status: str, event: str) -> str:
    said = drawn.lifecycle.cell(status, event) or "?"
    words = {ALREADY: "already", NOT_FROM_HERE: "–", BACK: "back to where it was held", HAPPENS: "happens"}
    return words.get(said) or " or ".join(
        drawn.label(way) for way in said.split("|") if way in drawn.lifecycle.statuses
    )
