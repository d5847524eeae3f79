"""Nothing but a table's gate writes its status: the column decides what may happen next, so every write is looked at."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

import pytest

from tests.rules.tree import dotted, modules

GATES = {
    "inbox": {"models/inbox.py"},  # new, done, ignored, dead: `finish`, `ignore`, `bury`, `replay`
    "outbox": {
        "models/outbox.py",
        "models/sending.py",
    },  # what Meta reports; what the sender does: both by flows/outbound
    "template": {"models/templates.py"},  # Meta's word on its review
    "timer": {"models/timers.py"},  # set, rung, stopped
    "provider_call": {"models/calls.py"},  # due, done, failed
}
"""Table → the modules that may write its `status` or `state`."""

COLUMNS = {"status", "state"}
ORM_WRITES = {"update", "create", "get_or_create", "update_or_create", "bulk_update"}
_UPDATE = re.compile(
    r"\bUPDATE\s+(\w+)\s+(?:AS\s+\w+\s+)?SET\b(.*?)(?=\bWHERE\b|\bFROM\b|$)", re.IGNORECASE | re.DOTALL
)
_INSERT = re.compile(r"\bINSERT\s+INTO\s+(\w+)\s*\(([^)]*)\)(.*)", re.IGNORECASE | re.DOTALL)
_SETS = re.compile(r"\b(?:status|state)\s*=", re.IGNORECASE)


def tables_written(module: ast.Module, rows: set[str]) -> set[str]:
    """Tables whose status the module writes; `?` where an ORM object hides which. `rows`: the row classes that have one."""
    constants = _constants(module)
    return {table for node in ast.walk(module) for table in _written(node, rows, constants)}


def rows_with_status(found: Iterable[ast.Module]) -> set[str]:
    classes = (node for module in found for node in ast.walk(module) if isinstance(node, ast.ClassDef))
    return {row.name for row in classes if row.name.endswith("Row") and COLUMNS & _constants(row).keys()}


def _written(node: ast.AST, rows: set[str], constants: dict[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Call():
            yield from _written_by_call(node, rows, constants)
        case ast.Constant(value=str(text)):
            yield from _written_by_sql(text)
        case ast.JoinedStr(values=values):
            yield from _written_by_sql("".join(str(v.value) if isinstance(v, ast.Constant) else "x" for v in values))
        case ast.Assign(targets=targets) if any(map(_is_status_of_another, targets)):
            yield "?"
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target) if _is_status_of_another(target):
            yield "?"


def _is_status_of_another(target: ast.expr) -> bool:
    """`row.status = …`, not `self.status = …`, which is an object's own affair."""
    return isinstance(target, ast.Attribute) and target.attr in COLUMNS and dotted(target.value) != "self"


def _constants(scope: ast.Module | ast.ClassDef) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in scope.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _written_by_call(call: ast.Call, rows: set[str], constants: dict[str, ast.expr]) -> Iterator[str]:
    verb = dotted(call.func).rpartition(".")[2]
    row = dotted(call.args[0]).rpartition(".")[2] if call.args else ""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if verb in {"update", "insert"} and row in rows:
        columns = _names(call.args[2:3] if verb == "update" else call.args[1:], constants)
        also = ast.unparse(keywords["also"]) if "also" in keywords else ""
        if not columns or columns & COLUMNS or _SETS.search(also):
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", row.removesuffix("Row")).lower()
    saved = _names([keywords["update_fields"]], constants) if "update_fields" in keywords else set()
    if (verb in ORM_WRITES and COLUMNS & keywords.keys()) or COLUMNS & saved:
        yield "?"


def _names(nodes: Sequence[ast.expr], constants: dict[str, ast.expr]) -> set[str]:
    """The strings in lists, tuples and module constants; empty when they cannot be read, which counts as all columns."""
    found: set[str] = set()
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)):
                found.add(text)
            case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner):
                found |= _names(inner, constants)
            case ast.Starred(value=value):
                found |= _names([value], constants)
            case ast.Name(id=name) if name in constants:
                found |= _names([constants[name]], constants)
    return found


def _written_by_sql(text: str) -> Iterator[str]:
    yield from (table for table, sets in _UPDATE.findall(text) if _SETS.search(sets))
    for table, columns, rest in _INSERT.findall(text):
        if COLUMNS & set(re.findall(r"\w+", columns)) or _SETS.search(rest):
            yield table


def test_each_status_is_written_by_its_gate_only() -> None:
    written = {path: module for path, module in modules("handlers", "models").items() if "/migrations/" not in path}
    rows = rows_with_status(written.values())
    found: dict[str, set[str]] = {}
    for path, module in written.items():
        for table in tables_written(module, rows):
            found.setdefault(table, set()).add(path)
    assert found == GATES


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("update(OrderRow, ['id'], ['status', 'note'])", "order"),
        ("COLUMNS = ('note', 'status')\nupdate(orders.OrderRow, ['id'], COLUMNS)", "order"),
        ("update(OrderRow, ['id'], ['note'], also='status = 7')", "order"),
        ("update(OrderRow, ['id'], columns_from_elsewhere())", "order"),
        ("insert(OrderRow)", "order"),
        ("C = ('id', 'state')\ninsert(OrderRow, *C)", "order"),
        ("'UPDATE orders SET note = 1, status = 2 WHERE id = 3'", "orders"),
        ("f'UPDATE orders SET status = {x}'", "orders"),
        ("'INSERT INTO orders (id, status) VALUES (1, 2)'", "orders"),
        ("'INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET status = 2'", "orders"),
        ("order.status = 'paid'", "?"),
        ("OrderRow.filter(id=1).update(status='paid')", "?"),
        ("order.save(update_fields=['status'])", "?"),
    ],
)
def test_the_rule_sees_every_way_to_write_a_status(text: str, table: str) -> None:
    assert tables_written(ast.parse(text), rows={"OrderRow"}) == {table}


@pytest.mark.parametrize(
    "text",
    [
        "update(OrderRow, ['id', 'status'], ['note'])",
        "insert(OrderRow, 'id', 'note')",
        "'UPDATE orders SET note = 1 WHERE status = 2'",
        "'SELECT id FROM orders WHERE state = 1 FOR UPDATE OF t SKIP LOCKED'",
        "insert(LineRow)",
        "self.status = 500",
        "OrderRow.filter(status='paid').update(note='x')",
    ],
)
def test_the_rule_lets_reading_and_other_columns_through(text: str) -> None:
    assert tables_written(ast.parse(text), rows={"OrderRow"}) == set()


def test_a_row_with_a_status_is_known_by_its_class() -> None:
    text = "class OrderRow(Model):\n  status = CharField()\nclass LineRow(Model):\n  sku = CharField()"
    assert rows_with_status([ast.parse(text)]) == {"OrderRow"}
