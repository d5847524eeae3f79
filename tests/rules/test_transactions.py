"""Inside a transaction nothing waits but the database, and nothing starts that outlives it.

On SQLite everybody else's write waits for ours; a task started inside inherits the transaction's connection and loses its
writes with it. Handlers run inside the dispatcher's transaction; import contracts keep network and asyncio out of them.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.rules.tree import calls, dotted, modules

STARTS_OR_SLEEPS = {"sleep", "spawn", "create_task", "ensure_future", "TaskGroup", "to_thread", "run_in_executor"}
NETWORK_MODULES = {"aiohttp", "httpx", "socket", "pywa"}
NETWORK_CLIENTS = ("client", "graph", "http")
"""How an object that does HTTP is called in this house: `client.send(…)`, `self._graph.get(…)`."""


def waits_in_transactions(module: ast.Module) -> Iterator[str]:
    for block in ast.walk(module):
        if isinstance(block, ast.AsyncWith) and any(_is_transaction(item.context_expr) for item in block.items):
            for call in (call for statement in block.body for call in calls(statement)):
                name = dotted(call.func)
                if _waits(name):
                    yield f"{call.lineno}: {name}"


def _is_transaction(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).endswith("transaction")


def _waits(name: str) -> bool:
    *owners, last = name.replace("()", "").split(".")
    reaches_out = bool(owners) and (owners[0] in NETWORK_MODULES or owners[-1].endswith(NETWORK_CLIENTS))
    return reaches_out or last in STARTS_OR_SLEEPS


def test_nothing_in_a_transaction_waits_for_more_than_the_database() -> None:
    found = modules("bot", "handlers", "models").items()
    assert [f"{path}:{wait}" for path, module in found for wait in waits_in_transactions(module)] == []


@pytest.mark.parametrize(
    "call",
    ["asyncio.sleep(1)", "spawn(work())", "tasks.spawn(work())", "aiohttp.request('GET')", "self._client.send(m)"],
)
def test_the_rule_sees_what_it_forbids(call: str) -> None:
    text = f"async def f():\n  async with database.transaction() as tx:\n    for x in y:\n      await {call}\n  await {call}"
    assert list(waits_in_transactions(ast.parse(text))) == [f"4: {call.partition('(')[0]}"]


def test_the_rule_lets_the_database_through() -> None:
    text = "async def f():\n  async with a, self._database.transaction() as tx:\n    await tx.fetch(q)\n    await inbox.claim(tx)"
    assert list(waits_in_transactions(ast.parse(text))) == []
