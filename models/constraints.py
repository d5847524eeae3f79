"""What generated migrations cannot say on both databases: checks, triggers, and rules per dialect."""

from typing import Any

from tortoise.migrations.operations import AddField, RunPython


class AddColumn(AddField):
    """A field that goes as it came: tortoise makes a SQLite table anew to drop one, without its checks and indexes."""

    async def database_backward(self, app_label: str, old_state: Any, _new_state: Any, editor: Any = None) -> None:
        table = old_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        await editor.client.execute_query(f"ALTER TABLE {table} DROP COLUMN {self.name}")


def check(table: str, name: str, condition: str) -> RunPython:
    """A row for which `condition` (over its columns) is false is refused, by CHECK on Postgres and by triggers on SQLite.

    SQLite cannot add a check to a table that exists without rebuilding it, which would delete its children.
    """
    return _refuse(
        table, name, f"CHECK ({condition})", f"NOT (SELECT {condition} FROM {table} WHERE rowid = NEW.rowid)"
    )


def uncheck(table: str, name: str, condition: str) -> RunPython:
    """Take a `check` away that a later one replaces."""
    undone = check(table, name, condition)
    return RunPython(undone.reverse_code, undone.code)


def apart(table: str, name: str, *, within: str, start: str, end: str, where: str) -> RunPython:
    """Of the rows of `table` with one `within` for which `where` holds, no two overlap from `start` until `end`.

    Postgres keeps it by an exclusion constraint over ranges (a range of one number needs no extension). On SQLite, where
    only one transaction writes, a look at the neighbour is as good: since rows do not overlap, the last that begins before
    a row ends is the last to end.
    """
    return _refuse(
        table,
        name,
        f"EXCLUDE USING gist (int8range({within}, {within}, '[]') WITH &&, tstzrange({start}, {end}) WITH &&)"
        f" WHERE ({where})",
        f"(SELECT {where} FROM {table} WHERE rowid = NEW.rowid)"
        f" AND (SELECT {end} FROM {table} WHERE {within} = NEW.{within} AND {start} < NEW.{end}"
        f" AND {where} AND rowid <> NEW.rowid ORDER BY {start} DESC LIMIT 1) > NEW.{start}",
    )


def _refuse(table: str, name: str, constraint: str, refused: str) -> RunPython:
    """Rows are refused by `constraint` on Postgres, and on SQLite when `refused` is true of them (`NEW`)."""

    async def forward(_apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_query(f"ALTER TABLE {table} ADD CONSTRAINT {name} {constraint}")
            return
        for moment in ("INSERT", "UPDATE"):
            await editor.client.execute_query(
                f"CREATE TRIGGER {name}_{moment.lower()} AFTER {moment} ON {table} WHEN {refused}"
                f" BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {name}'); END"
            )

    async def backward(_apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_query(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            return
        for moment in ("insert", "update"):
            await editor.client.execute_query(f"DROP TRIGGER {name}_{moment}")

    return RunPython(forward, backward)


def append_only(table: str) -> RunPython:
    """Rows of `table` can be added and neither changed nor deleted."""
    function = f"{table}_is_append_only"

    async def forward(_apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_query(
                f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'check_violation'; END $$"
            )
            await editor.client.execute_query(
                f"CREATE TRIGGER {function} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
            return
        for moment in ("UPDATE", "DELETE"):
            await editor.client.execute_query(
                f"CREATE TRIGGER {function}_{moment.lower()} BEFORE {moment} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {table} is append-only'); END"
            )

    async def backward(_apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_query(f"DROP TRIGGER {function} ON {table}")
            await editor.client.execute_query(f"DROP FUNCTION {function}()")
            return
        for moment in ("update", "delete"):
            await editor.client.execute_query(f"DROP TRIGGER {function}_{moment}")

    return RunPython(forward, backward)
