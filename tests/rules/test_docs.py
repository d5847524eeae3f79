"""What the documents name exists: links, files and what is in them, commands, make targets, metrics, faults, routes, moves."""

import argparse
import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli import parser
from bot.metrics import Metrics
from bot.sandbox import control, faults
from flows import outbound
from flows.commands import WORDS
from tests.rules.tree import ROOT, texts

RECORDS = "docs/decisions/"
RECORD_LINES = 25
PICTURE_BYTES = 200 * 1024

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
_ELSEWHERE = re.compile(r"[a-z]+:")
_PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
_PLACE = re.compile(r"(?P<path>[\w./-]+\.py): (?P<name>[\w.]+)")
_PLACEHOLDER = re.compile(r"\b[A-Z]+(?=/|\.|$)")
_SUFFIXES = {".py", ".md", ".toml", ".lock", ".csv", ".chat", ".example"}
_MADE_BY_RUNNING = ("var/", ".venv/")
_COMMAND = re.compile(r"python -m bot ([^\n#`]+)")
_TARGET = re.compile(r"^make(?: [A-Z]+=\S*)* ([a-z]+)", re.MULTILINE)
_METRIC = re.compile(r"\bwaybill_[a-z_]+")
_ARROW = re.compile(r"^ +(\w+) --> (\w+)", re.MULTILINE)


def documents() -> dict[str, str]:
    return {name: text for name, text in texts().items() if name.endswith(".md")}


def codes(text: str) -> list[str]:
    """What is set as code: inline spans, and blocks as a whole."""
    return [*_SPAN.findall(_FENCE.sub("", text)), *_FENCE.findall(text)]


def dead_links(text: str, document: Path) -> Iterator[str]:
    for found in _LINK.finditer(_FENCE.sub("", text)):
        link = found[1] or found[2]
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        if not _ELSEWHERE.match(link) and not (target.exists() and (not heading or heading in _headings(target))):
            yield link


def _headings(document: Path) -> set[str]:
    """As anchors: small letters, blanks as hyphens, the rest left out."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def missing_places(text: str) -> Iterator[str]:
    """Files, and `file.py: name`, that are not in the repository. SPELT LIKE THIS is a placeholder for any name."""
    for code in _SPAN.findall(_FENCE.sub("", text)):
        if place := _PLACE.fullmatch(code):
            if place["name"] not in _defined(ROOT / place["path"]):
                yield code
        elif _is_path(code) and not code.startswith(_MADE_BY_RUNNING) and not _exists(code):
            yield code


def _is_path(code: str) -> bool:
    if _PATH.fullmatch(code) is None:
        return False
    first = code.partition("/")[0]
    return ("/" in code and (ROOT / first).exists()) or Path(code).suffix in _SUFFIXES


def _exists(path: str) -> bool:
    return (ROOT / path).exists() or any(ROOT.glob(_PLACEHOLDER.sub("*", path)))


def _defined(path: Path) -> set[str]:
    """Names of a module and of its classes: functions, classes, constants, and `Class.method`."""
    return set(_names(ast.parse(path.read_text()))) if path.is_file() else set()


def _names(scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in scope.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
                yield from (f"{name}.{inner}" for inner in _names(node))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def unknown_commands(text: str) -> Iterator[str]:
    """`python -m bot …` anywhere in code, and spans like `store show` that begin with a group of commands.

    A word that staff write in chat too is looked at only after `python -m bot`.
    """
    top = parser()
    named = _subcommands(top).items()
    groups = tuple(f"{name} " for name, command in named if _subcommands(command) and name not in WORDS)
    for code in codes(text):
        given = _COMMAND.findall(code) or ([code] if code.startswith(groups) else [])
        yield from (words for words in map(str.strip, given) if not _understood(top, words.split()))


def _understood(command: argparse.ArgumentParser, words: list[str]) -> bool:
    """Whether `words` lead to a command that has all the options among them; capitals and dots stand for any."""
    if not words:
        return True
    first, *rest = words
    if choices := _subcommands(command):
        return _understood(choices[first], rest) if first in choices else not first.islower()
    options = {option for action in command._actions for option in action.option_strings}
    return {word for word in words if word.startswith("-")} <= options


def _subcommands(command: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [a.choices for a in command._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0]) if found else {}


def unknown_targets(text: str) -> Iterator[str]:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    yield from (target for code in codes(text) for target in _TARGET.findall(code) if target not in targets)


def unknown_metrics(text: str) -> Iterator[str]:
    yield from (name for name in _METRIC.findall(text) if name not in _metrics())


def _metrics() -> set[str]:
    """As they are scraped, a histogram by the name its parts share."""
    families = Metrics().registry.collect()
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


Rule = Callable[[str], Iterator[str]]
RULES: list[Rule] = [missing_places, unknown_commands, unknown_targets, unknown_metrics]


@pytest.mark.parametrize("rule", RULES)
def test_what_documents_name_exists(rule: Rule) -> None:
    assert [f"{name}: {fault}" for name, text in documents().items() for fault in rule(text)] == []


def test_links_lead_somewhere() -> None:
    found = documents().items()
    assert [f"{name}: {link}" for name, text in found for link in dead_links(text, ROOT / name)] == []


@pytest.mark.parametrize(
    ("rule", "text", "fault"),
    [
        (missing_places, "in `flows/nowhere.py`", "flows/nowhere.py"),
        (missing_places, "in `models/inbox.py: clam`", "models/inbox.py: clam"),
        (missing_places, "in `bot/sender.py: Sender.clam`", "bot/sender.py: Sender.clam"),
        (missing_places, "in `nowhere.toml`", "nowhere.toml"),
        (missing_places, "a file `tests/journeys/SUBJECT/NAME.chatter`", "tests/journeys/SUBJECT/NAME.chatter"),
        (unknown_commands, "`.venv/bin/python -m bot docter`", "docter"),
        (unknown_commands, "```sh\npython -m bot store sit a b  # why\n```", "store sit a b"),
        (unknown_commands, "`python -m bot replay --lost`", "replay --lost"),
        (unknown_commands, "`templates pish`", "templates pish"),
        (unknown_targets, "`make runn`", "runn"),
        (unknown_targets, "```sh\nmake PY=python3.12 runn\n```", "runn"),
        (unknown_metrics, "`waybill_nothing_total`", "waybill_nothing_total"),
    ],
)
def test_the_rules_see_what_does_not_exist(rule: Rule, text: str, fault: str) -> None:
    assert list(rule(text)) == [fault]


@pytest.mark.parametrize(
    "text",
    [
        "`python -m bot COMMAND --help`, `python -m bot staff add NUMBER ROLE`, `python -m bot replay --list`",
        "`tests/journeys/SUBJECT/NAME.chat`, `var/nothing.json`, `docs/decisions/`, `.env.example`, `/webhook`",
        "`bot/sender.py: Sender.run_once`, `bot/intake.py: QUEUE_LIMIT`, `make run PORT=8081`",
        "people make mistakes; `waybill_ack_seconds`",
    ],
)
def test_the_rules_let_through_what_exists(text: str) -> None:
    assert [fault for rule in RULES for fault in rule(text)] == []


def test_a_link_needs_its_file_and_its_heading(tmp_path: Path) -> None:
    (document := tmp_path / "a.md").write_text("# One *thing*, two\n")
    text = '[a](a.md) [b](b.md) [c](#one-thing-two) [d](a.md#three) <img src="e.png"> [f](https://example.com)'
    assert list(dead_links(text, document)) == ["b.md", "a.md#three", "e.png"]


def test_every_metric_is_explained() -> None:
    assert set(_METRIC.findall((ROOT / "docs/operations.md").read_text())) == _metrics()


def test_every_fault_of_the_sandbox_is_explained_with_its_certainty() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\w+) \|$", (ROOT / "docs/sandbox.md").read_text(), re.MULTILINE)
    assert rows == [(fault["name"], fault["certainty"]) for fault in faults.table()]


def test_every_call_of_the_control_json_is_explained() -> None:
    routes = re.findall(r'"(GET|POST|DELETE)", "(/control/[^"]+)"', Path(control.__file__).read_text())
    told = re.findall(
        r"^\| `(GET|POST|DELETE) /sandbox(/\S+)` \|", (ROOT / "docs/sandbox.md").read_text(), re.MULTILINE
    )
    assert told == routes


def test_the_diagram_of_a_send_shows_only_moves_that_exist() -> None:
    arrows = _ARROW.findall((ROOT / "docs/life-of-a-message.md").read_text())
    ours = {(before, after) for (before, _), after in outbound.MOVES.items()}
    meta = {(status, outbound.settle(status, word)) for status in outbound.STATUSES for word in outbound.REPORTED}
    assert len(arrows) > 10
    assert [arrow for arrow in arrows if arrow not in ours | meta] == []


def test_a_decision_record_is_short_and_in_the_list() -> None:
    records = {name.removeprefix(RECORDS): text for name, text in documents().items() if name.startswith(RECORDS)}
    assert [name for name, text in records.items() if text.count("\n") > RECORD_LINES] == []
    assert [
        name
        for name, text in records.items()
        if re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) != ["Context", "Decision", "Consequence"]
    ] == []
    first, *others = sorted(records)
    assert re.findall(r"\((\d{4}-[\w-]+\.md)\)", records[first]) == others


def test_pictures_are_small_and_shown() -> None:
    pictures = sorted((ROOT / "docs/images").iterdir())
    everything = "\n".join(documents().values())
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > PICTURE_BYTES or f"images/{p.name}" not in everything] == []
