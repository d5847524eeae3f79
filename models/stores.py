"""The store and its WhatsApp number. Settings are kept as the text people typed; `flows/settings.py` gives them meaning."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tortoise import Model, fields

from flows.store import Store
from models.engines import Connection
from models.statements import INT, JSON, TEXT, Statement, insert, select, statement
from models.work import Work


class StoreRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    name = fields.CharField(max_length=200)
    country = fields.CharField(max_length=2)
    currency = fields.CharField(max_length=3)
    timezone = fields.CharField(max_length=64)
    locale = fields.CharField(max_length=16)
    settings: dict[str, str] = fields.JSONField()
    salt = fields.BinaryField()
    last_number = fields.BigIntField(default=1000, db_default=1000)
    created_at = fields.DatetimeField()

    class Meta:
        table = "store"


# A WhatsApp number of the store and how fast it may send. `paced_until` is GCRA's theoretical arrival time.
class NumberRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    phone_number_id = fields.CharField(max_length=64, unique=True)
    paced_until = fields.DatetimeField(null=True)
    paused_until = fields.DatetimeField(null=True)
    pause_code = fields.BigIntField(null=True)
    pauses = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "number"


_STORE = tuple(name for name in Store.__dataclass_fields__ if name != "public_url")
_FIRST = select(StoreRow, "ORDER BY t.id LIMIT 1")
_INSERT = insert(StoreRow, *_STORE, "created_at")
_NUMBER = select(NumberRow, "WHERE t.store_id = :store_id ORDER BY t.id LIMIT 1", store_id=INT)
_INSERT_NUMBER = insert(NumberRow, "id", "store_id", "phone_number_id")
_MOVE_NUMBER = statement(
    "UPDATE number SET phone_number_id = :phone_number_id WHERE id = :id", {"phone_number_id": TEXT, "id": INT}
)
_CONFIGURE = statement("UPDATE store SET settings = :settings WHERE id = :id", {"settings": JSON, "id": INT})
_SETTINGS = statement("SELECT settings FROM store WHERE id = :id FOR UPDATE", {"id": INT}, {"settings": JSON})
# On SQLite a transaction is the only one from its first statement on.
_HOLD = Statement("SELECT 1", "SELECT 1 FROM pg_advisory_xact_lock(4711002)", (), {}, {"held": INT})


async def hold(connection: Connection) -> None:
    """Until this transaction ends no other process gets past here: two that start at once would make a store each."""
    await connection.fetch(_HOLD())


async def find_first(connection: Connection) -> Store | None:
    """The store of this deployment, once it has been created."""
    [rows] = await connection.fetch(_FIRST())
    return Store(**{name: rows[0][name] for name in _STORE}) if rows else None


async def create(connection: Connection, store: Store, created_at: Any) -> None:
    await connection.write([(_INSERT, [(*(getattr(store, name) for name in _STORE), created_at)])])


async def configure(work: Work, values: Mapping[str, str]) -> None:
    """Change these settings, and whatever else somebody changed at the same moment stays changed too."""
    [[row]] = await work.load_late(_SETTINGS(id=work.store.id))
    work.store = replace(work.store, settings={**row["settings"], **values})
    work.afterwards(_CONFIGURE(settings=dict(work.store.settings), id=work.store.id))


async def own_number(connection: Connection, store: Store, phone_number_id: str, number_id: int) -> int:
    """The id of the store's number, created or pointed at `phone_number_id` when the credentials changed."""
    [rows] = await connection.fetch(_NUMBER(store_id=store.id))
    if not rows:
        await connection.write([(_INSERT_NUMBER, [(number_id, store.id, phone_number_id)])])
        return number_id
    if rows[0]["phone_number_id"] != phone_number_id:
        await connection.run(_MOVE_NUMBER(phone_number_id=phone_number_id, id=rows[0]["id"]))
    return int(rows[0]["id"])
