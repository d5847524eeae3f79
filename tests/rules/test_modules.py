"""Every module says what lives in it, has a name that means something, and logs constant events."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.tree import PROGRAM, ROOT, calls, dotted, modules, texts

MEANINGLESS = {"utils", "helpers", "common", "manager", "base", "misc", "util", "helper"}
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X{3})\b")
EVENT = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def unclear_events(module: ast.Module) -> Iterator[str]:
    """Log calls whose one positional argument is not a literal `noun_verbed`: what varies goes into fields."""
    for call in calls(module):
        *owners, level = dotted(call.func).split(".")
        if level in LEVELS and owners and owners[-1].strip("_") in {"log", "logger"}:
            match call.args:
                case [ast.Constant(value=str(event))] if EVENT.fullmatch(event):
                    continue
            yield f"{call.lineno}: {ast.unparse(call)}"


def test_every_module_says_what_lives_in_it() -> None:
    everything = modules(*PROGRAM, "tests", "benchmarks")
    assert [path for path, module in everything.items() if module.body and not ast.get_docstring(module)] == []


def test_no_module_or_folder_has_a_name_that_means_nothing() -> None:
    parts = {
        (part, path) for path in modules(*PROGRAM, "tests", "benchmarks") for part in Path(path).with_suffix("").parts
    }
    assert sorted((part, path) for part, path in parts if set(part.split("_")) & MEANINGLESS) == []


def test_nothing_is_marked_as_unfinished() -> None:
    found = [f"{name}: {match[0]}" for name, text in texts().items() for match in UNFINISHED.finditer(text)]
    assert found == []


def test_every_folder_of_tests_is_a_package_so_that_two_tests_may_share_a_name() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert sorted(str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_log_events_are_constant_words() -> None:
    assert [f"{path}:{call}" for path, module in modules(*PROGRAM).items() for call in unclear_events(module)] == []


@pytest.mark.parametrize(
    ("call", "is_clear"),
    [
        ("log.info('event_accepted', event=1)", True),
        ("self._log.error('send_failed_2', code=1)", True),
        ("math.log.info", True),
        ("log.info(f'event_{x}')", False),
        ("log.info('event %s accepted', x)", False),
        ("log.info('Event accepted')", False),
        ("log.info('accepted')", False),
        ("structlog.get_logger().warning", True),
        ("log.exception(event)", False),
    ],
)
def test_the_rule_tells_clear_events_from_unclear_ones(call: str, is_clear: bool) -> None:
    assert (list(unclear_events(ast.parse(call))) == []) is is_clear
