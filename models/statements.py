"""One text for both databases: bulk inserts and updates, and selects with named parameters, compiled once at import.

SQLite runs a bulk write as `executemany`; Postgres as one statement over `unnest`, so that both report how many rows changed.
Hot verbs use these; everything else may use the ORM.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from tortoise import Model, fields

Value = Any
Convert = Callable[[Value], Value]
N = TypeVar("N")


def _same(value: Value) -> Value:
    return value


def _json(value: Value) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _from_json(value: str | None) -> Value:
    return None if value is None else orjson.loads(value)


def _time_text(value: datetime | None) -> str | None:
    """SQLite compares times as text, so all of them are UTC and of one form."""
    if value is None:
        return None
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ", "microseconds")


def _from_time_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _bool(value: int | None) -> bool | None:
    return None if value is None else bool(value)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of value travels. `postgres` is its type there, `array` the element type that asyncpg can send in bulk."""

    postgres: str
    array: str
    to_sqlite: Convert = _same
    from_sqlite: Convert = _same
    to_postgres: Convert = _same
    from_postgres: Convert = _same


INT = Kind("bigint", "bigint")
TEXT = Kind("text", "text")
BYTES = Kind("bytea", "bytea")
BOOL = Kind("boolean", "boolean", from_sqlite=_bool)
TIME = Kind("timestamptz", "timestamptz", to_sqlite=_time_text, from_sqlite=_from_time_text)
JSON = Kind("jsonb", "text", to_sqlite=_json, from_sqlite=_from_json, to_postgres=_json, from_postgres=_from_json)

_BY_FIELD: tuple[tuple[type[fields.Field[Any]], Kind], ...] = (
    (fields.DatetimeField, TIME),
    (fields.JSONField, JSON),
    (fields.BinaryField, BYTES),
    (fields.BooleanField, BOOL),
    (fields.IntField, INT),
    (fields.BigIntField, INT),
    (fields.CharField, TEXT),
    (fields.TextField, TEXT),
)


def kinds(row: type[Model]) -> dict[str, Kind]:
    """Column name → kind, in the order the row class declares them."""
    return {
        name: next(kind for field_type, kind in _BY_FIELD if isinstance(field, field_type))
        for name, field in row._meta.fields_map.items()
    }


def _changing(columns: Iterable[tuple[N, Kind]], way: Callable[[Kind], Convert]) -> tuple[tuple[N, Convert], ...]:
    """Most columns go and come as they are: these are the others, with what becomes of their values on that `way`."""
    return tuple((column, convert) for column, kind in columns if (convert := way(kind)) is not _same)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """A statement for many rows. With `exact`, a row that changes nothing is a conflict (somebody else moved first).

    `values` is the part of an insert for SQLite that stands once for each row; an update has none.
    """

    table: str
    sqlite: str
    postgres: str
    kinds: tuple[Kind, ...]
    exact: bool = False
    values: str = ""
    _to_sqlite: tuple[tuple[int, Convert], ...] = field(init=False)
    _to_postgres: tuple[tuple[int, Convert], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_to_sqlite", _changing(enumerate(self.kinds), attrgetter("to_sqlite")))
        object.__setattr__(self, "_to_postgres", _changing(enumerate(self.kinds), attrgetter("to_postgres")))

    def sqlite_rows(self, rows: Sequence[Sequence[Value]]) -> Sequence[Sequence[Value]]:
        return list(zip(*_columns(rows, self._to_sqlite), strict=True)) if self._to_sqlite else rows

    def postgres_columns(self, rows: Sequence[Sequence[Value]]) -> list[Sequence[Value]]:
        return _columns(rows, self._to_postgres)

    @cache  # noqa: B019 - writes are made once, at import, and live as long as the program
    def sqlite_of(self, count: int) -> str:
        """An insert of so many rows in one statement."""
        head, values, conflict = self.sqlite.partition(self.values)
        return f"{head}{', '.join([values] * count)}{conflict}"


def _columns(rows: Sequence[Sequence[Value]], conversions: Iterable[tuple[int, Convert]]) -> list[Sequence[Value]]:
    columns: list[Sequence[Value]] = list(zip(*rows, strict=True))
    for place, convert in conversions:
        columns[place] = _converted(convert, columns[place])
    return columns


def _converted(convert: Convert, column: Sequence[Value]) -> Sequence[Value]:
    """Neighbours often share a value, above all the moment of a batch: it is converted once."""
    converted, last, result = [], None, None
    for value in column:
        if value is not last:
            last, result = value, convert(value)
        converted.append(result)
    return converted


def _unnest(columns: Mapping[str, Kind]) -> str:
    arrays = ", ".join(f"${n}::{kind.array}[]" for n, kind in enumerate(columns.values(), 1))
    return f"unnest({arrays}) WITH ORDINALITY AS u({', '.join(columns)}, ord)"


def insert(row: type[Model], *columns: str, conflict: str = "", contested: str = "") -> Write:
    """Insert rows in the order given; `conflict` is an ON CONFLICT clause. Without `columns`: all but a generated id.

    `contested` names a unique column whose values others insert at the same time: ids follow the order given all the same,
    but on Postgres each waits for the other in the order of that column, so that no two wait for one another.
    """
    table, every = row._meta.db_table, kinds(row)
    used = {name: every[name] for name in columns or every}
    names = ", ".join(used)
    selected = ", ".join(f"u.{name}::{kind.postgres}" for name, kind in used.items())
    values = f"({', '.join('?' * len(used))})"
    postgres = f"INSERT INTO {table} ({names}) SELECT {selected} FROM {_unnest(used)} ORDER BY u.ord {conflict}"
    if contested:
        numbered = f"(SELECT nextval('{table}_id_seq') AS id, u.* FROM {_unnest(used)}) AS u"
        postgres = f"INSERT INTO {table} (id, {names}) SELECT u.id, {selected} FROM {numbered} ORDER BY u.{contested} {conflict}"
    return Write(
        table,
        f"INSERT INTO {table} ({names}) VALUES {values} {conflict}",
        postgres,
        tuple(used.values()),
        values=values,
    )


def update(row: type[Model], key: Sequence[str], columns: Sequence[str], *, also: str = "", where: str = "") -> Write:
    """Set `columns` of the row that `key` names. Row values come as columns, then key.

    `also` is a further SET part, `where` a further condition, both over the bare column names. Exact: no match is a conflict.
    """
    table, every = row._meta.db_table, kinds(row)
    given = {f"new_{name}": every[name] for name in columns} | {f"key_{name}": every[name] for name in key}
    condition = f" AND {where}" if where else ""
    extra = f", {also}" if also else ""
    return Write(
        table,
        f"UPDATE {table} SET {', '.join(f'{c} = ?' for c in columns)}{extra}"
        f" WHERE {' AND '.join(f'{k} = ?' for k in key)}{condition}",
        f"UPDATE {table} SET {', '.join(f'{c} = u.new_{c}::{every[c].postgres}' for c in columns)}{extra}"
        f" FROM {_unnest(given)} WHERE {' AND '.join(f'{table}.{k} = u.key_{k}' for k in key)}{condition}",
        tuple(given.values()),
        exact=True,
    )


_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")
_IN = re.compile(r"\bIN :([a-z_]+)")
_LOCK = re.compile(r" FOR UPDATE( OF \w+(, \w+)*)?( SKIP LOCKED)?")
"""On SQLite a transaction is the only one that writes: there is nothing to lock."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A select, or one write run once, with `:name` parameters and `IN :names` lists; call it to bind values."""

    sqlite: str
    postgres: str
    names: tuple[str, ...]
    kinds: Mapping[str, Kind]
    results: Mapping[str, Kind]
    _names: tuple[str, ...] = field(init=False)
    _from_sqlite: tuple[tuple[str, Convert], ...] = field(init=False)
    _from_postgres: tuple[tuple[str, Convert], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", tuple(self.results))
        object.__setattr__(self, "_from_sqlite", _changing(self.results.items(), attrgetter("from_sqlite")))
        object.__setattr__(self, "_from_postgres", _changing(self.results.items(), attrgetter("from_postgres")))

    def __call__(self, **values: Value) -> "Query":
        return Query(self, values)

    def from_sqlite(self, record: Sequence[Value]) -> dict[str, Value]:
        return self._read(record, self._from_sqlite)

    def from_postgres(self, record: Sequence[Value]) -> dict[str, Value]:
        return self._read(record, self._from_postgres)

    def _read(self, record: Sequence[Value], conversions: Iterable[tuple[str, Convert]]) -> dict[str, Value]:
        row = dict(zip(self._names, record, strict=True))
        for name, convert in conversions:
            row[name] = convert(row[name])
        return row


@dataclass(frozen=True, slots=True)
class Query:
    statement: Statement
    values: Mapping[str, Value]

    def sqlite_values(self) -> dict[str, Value]:
        given = self.statement.kinds
        return {
            n: _json([given[n].to_sqlite(x) for x in v]) if isinstance(v, list) else given[n].to_sqlite(v)
            for n, v in self.values.items()
        }

    def postgres_values(self) -> list[Value]:
        given, values = self.statement.kinds, self.values
        return [
            [given[n].to_postgres(x) for x in v] if isinstance(v := values[n], list) else given[n].to_postgres(v)
            for n in self.statement.names
        ]


def statement(
    sql: str, parameters: Mapping[str, Kind] | None = None, results: Mapping[str, Kind] | None = None
) -> Statement:
    """Compile `sql`. `results` names and types the columns it returns, in order."""
    given = dict(parameters or {})
    names = tuple(given)
    lists = set(_IN.findall(sql))

    def place(match: re.Match[str]) -> str:
        name = match[1]
        return f"${names.index(name) + 1}::{given[name].array if name in lists else given[name].postgres}"

    return Statement(
        sqlite=_LOCK.sub("", _IN.sub(r"IN (SELECT value FROM json_each(:\1))", sql)),
        postgres=_NAME.sub(place, _IN.sub(r"= ANY(:\1[])", sql)),
        names=names,
        kinds=given,
        results=dict(results or {}),
    )


def select(
    row: type[Model],
    rest: str,
    *,
    only: Iterable[str] = (),
    more: Mapping[str, tuple[str, Kind]] = MappingProxyType({}),
    **parameters: Kind,
) -> Statement:
    """All columns of `row`'s table (called `t`), or `only` some, with `rest` as the clause after FROM.

    `more` are expressions over whatever `rest` joins, each by the name of its result.
    """
    every = kinds(row)
    columns = {name: every[name] for name in only or every}
    names = ", ".join([*(f"t.{name}" for name in columns), *(f"{sql} AS {name}" for name, (sql, _) in more.items())])
    results = columns | {name: kind for name, (_, kind) in more.items()}
    return statement(f"SELECT {names} FROM {row._meta.db_table} t {rest}", parameters, results)
