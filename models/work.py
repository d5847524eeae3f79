"""One unit of work: what a batch of turns loaded once, and what it will write table by table at the end.

Verbs read what was loaded and put values into the buffer; a turn that fails is taken back alone (`mark`, `take_back`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from tortoise import Model

from flows.news import News
from flows.store import Store
from models.engines import Connection
from models.statements import Query, Value, Write, insert, update

V = TypeVar("V")


class View(Generic[V]):
    """Values that a unit of work only reads, by the attribute `key`.

    Rows that `make_room` are changed before new ones come: one may take another's place.
    """

    make_room = False

    def __init__(self, key: str) -> None:
        self.key = key

    def key_of(self, value: V) -> Value:
        return getattr(value, self.key)


class Conflict(Exception):
    """Somebody else changed a row that this unit of work read: run it again on what is true now."""


class NewIds(Protocol):
    """Where ids and tokens come from: the shell."""

    def new(self) -> int: ...

    def token(self) -> str: ...


def _values_of(columns: Sequence[str]) -> Callable[[Any], tuple[Value, ...]]:
    """The values of these attributes, in C where there are several."""
    get = attrgetter(*columns)
    return get if len(columns) > 1 else lambda value: (get(value),)


class Table(Generic[V]):
    """Rows kept as frozen values. `value`'s fields are columns of `row`; columns it lacks belong to somebody else's writes.

    `key` is the attribute values are looked up by. A `version` field, raised with every change, makes the update conditional
    on the version that was read. Rows that `make_room` are changed as those of a `View` are.
    """

    def __init__(self, row: type[Model], value: type[V], *, key: str = "id", make_room: bool = False) -> None:
        assert is_dataclass(value)
        self.key = key
        self.make_room = make_room
        self.columns = tuple(field.name for field in fields_of(value))
        self._all = _values_of(self.columns)
        self._set = tuple(c for c in self.columns if c != "id")
        self._where = ("id", "version") if "version" in self.columns else ("id",)
        self._new, self._old = _values_of(self._set), _values_of(self._where)
        self.insert: Write = insert(row, *self.columns)
        self.update: Write = update(row, self._where, self._set)

    def inserted(self, value: V) -> tuple[Value, ...]:
        return self._all(value)

    def updated(self, original: V, value: V) -> tuple[Value, ...]:
        return (*self._new(value), *self._old(original))

    def key_of(self, value: V) -> Value:
        return getattr(value, self.key)


_Key = tuple[Any, Value]
_Kept = tuple[Any, Any]
"""A value as it was read (None: it is new) and as it is now."""
Mark = tuple[int, int, int, int, Store]


class Work:
    """The buffer of one transaction. `now` is the moment all its turns share."""

    def __init__(self, connection: Connection, *, store: Store, now: datetime, ids: NewIds) -> None:
        self.connection = connection
        self.store = store
        self.now = now
        self.ids = ids
        self.late_loads = 0
        self.news: list[tuple[int, News]] = []
        self.has_calls = False
        self._kept: dict[Any, dict[Value, _Kept]] = {}
        self._undo: list[tuple[_Key, _Kept | None]] = []
        self._appended: list[tuple[Write, tuple[Value, ...], Value]] = []
        self._deferred: list[Query] = []

    def loaded(self, table: Table[V] | View[V], values: Iterable[V]) -> None:
        """Remember what was read; a value already known here (and perhaps changed) stays."""
        kept = self._kept.setdefault(table, {})
        for value in values:
            kept.setdefault(table.key_of(value), (value, value))

    def find(self, table: Table[V] | View[V], key: Value) -> V | None:
        kept = self._kept.get(table, {}).get(key)
        return None if kept is None else kept[1]

    def is_new(self, table: Table[V] | View[V], key: Value) -> bool:
        """Whether the row comes with this unit of work: nothing in the database knows of it yet."""
        original, _ = self._kept[table][key]
        return original is None

    def all(self, table: Table[V] | View[V]) -> list[V]:
        return [current for _, current in self._kept.get(table, {}).values()]

    def add(self, table: Table[V] | View[V], value: V) -> V:
        """A new row."""
        key = table.key_of(value)
        assert self.find(table, key) is None
        self._keep((table, key), (None, value))
        return value

    def replace(self, table: Table[V] | View[V], value: V) -> V:
        """A changed row; what is written at the end is its last value."""
        key = table.key_of(value)
        original, current = self._kept[table][key]
        if current != value:
            self._keep((table, key), (original, value))
        return value

    def forget(self, table: Table[V] | View[V], key: Value) -> None:
        """A row that is deleted `afterwards`."""
        self._undo.append(((table, key), self._kept[table].pop(key)))

    def append(self, write: Write, row: tuple[Value, ...], *, key: Value = None) -> None:
        """A row that nobody here reads again. The last one of a `key` counts: Postgres upserts no row twice in a statement."""
        self._appended.append((write, row, key))

    def rewrite(self, write: Write, change: Callable[[tuple[Value, ...]], tuple[Value, ...] | None]) -> bool:
        """Change the newest appended row that `change` returns another for; False when there is none."""
        for at in range(len(self._appended) - 1, -1, -1):
            other, row, key = self._appended[at]
            if other is write and (changed := change(row)) is not None:
                self._appended[at] = (write, changed, key)
                return True
        return False

    def afterwards(self, query: Query) -> None:
        """A single write, run after all others."""
        self._deferred.append(query)

    def tell(self, contact_id: int, news: News) -> None:
        """News for a member of staff; `outbox.write_alerts` merges it with whatever waits for them."""
        self.news.append((contact_id, news))

    async def load_late(self, *queries: Query) -> list[list[dict[str, Any]]]:
        """For what the batch did not foresee: a hop of its own, which the metrics count."""
        self.late_loads += 1
        return await self.connection.fetch(*queries)

    def mark(self) -> Mark:
        return len(self._undo), len(self._appended), len(self._deferred), len(self.news), self.store

    def take_back(self, mark: Mark) -> None:
        """Undo everything since `mark`: a turn that failed leaves nothing."""
        undo, appended, deferred, news, self.store = mark
        for (table, key), kept in reversed(self._undo[undo:]):
            if kept is None:
                del self._kept[table][key]
            else:
                self._kept[table][key] = kept
        del self._undo[undo:], self._appended[appended:], self._deferred[deferred:], self.news[news:]

    async def flush(self) -> None:
        """Write everything, table by table; raises `Conflict` when a row was no longer as it was read."""
        work = list(self._grouped().items())
        if work:
            counts = await self.connection.write(work)
            for (write, rows), count in zip(work, counts, strict=False):
                if write.exact and count != len(rows):
                    raise Conflict(write.table)
        if self._deferred:
            await self.connection.fetch(*self._deferred)

    def _grouped(self) -> dict[Write, list[tuple[Value, ...]]]:
        """New rows that two may add at once come first: they meet there, as a conflict, before a row of only one is refused.

        What makes room comes before them, always in the same order of tables: no two units wait for each other there.
        """
        groups: dict[Write, list[tuple[Value, ...]]] = {}
        for table, kept in self._kept.items():
            if added := [table.inserted(current) for original, current in kept.values() if original is None]:
                groups[table.insert] = added
        groups = dict(sorted(groups.items(), key=lambda group: not group[0].exact))
        room: dict[Write, list[tuple[Value, ...]]] = {}
        for table, kept in self._kept.items():
            if changed := [
                table.updated(was, now)
                for was, now in kept.values()
                if was is not None and was is not now and was != now
            ]:
                (room if table.make_room else groups)[table.update] = changed
        groups = {**dict(sorted(room.items(), key=lambda group: group[0].table)), **groups}
        for write, row, key in self._appended:
            if key is None:
                groups.setdefault(write, []).append(row)
        for (write, _), row in {(w, key): row for w, row, key in self._appended if key is not None}.items():
            groups.setdefault(write, []).append(row)
        return groups

    def _keep(self, key: _Key, kept: _Kept) -> None:
        table, name = key
        of_table = self._kept.setdefault(table, {})
        self._undo.append((key, of_table.get(name)))
        of_table[name] = kept
