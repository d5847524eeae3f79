"""The newest migration can be taken back with all that it said, and applied again."""

from tortoise.migrations.executor import MigrationTarget

from models.database import APP, Database
from tests.models.units import rows

BEFORE = MigrationTarget(APP, "0011_proofs")
TABLES = {"calendar", "session", "appointment", "block", "slot_wish"}
SQLITE = "SELECT type, name, tbl_name AS place, sql AS said FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
POSTGRES = (
    "SELECT 'column' AS type, column_name AS name, table_name AS place, data_type || is_nullable AS said"
    " FROM information_schema.columns WHERE table_schema = 'public'"
    " UNION ALL SELECT 'index', indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " UNION ALL SELECT 'constraint', conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3"
)


async def schema(database: Database) -> list[tuple[str, str, str, str]]:
    found = await rows(database, SQLITE if database.address.is_sqlite else POSTGRES)
    return [(row["type"], row["name"], row["place"], row["said"]) for row in found]


async def go(database: Database, *targets: MigrationTarget) -> None:
    with database._as_current():
        await database._executor().migrate(targets or None)


async def test_bookings_can_be_taken_back_and_applied_again(database: Database) -> None:
    there = await schema(database)
    await go(database, BEFORE)
    before = await schema(database)
    assert {place for _, _, place, _ in there} - {place for _, _, place, _ in before} == TABLES
    left = [each for each in before if "deposit" in (each[3] or "")]
    assert left == []
    await go(database)
    assert await schema(database) == there
