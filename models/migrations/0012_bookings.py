"""Bookings: calendars with their hours, sessions with places, the appointments that take them, blocks and wishes."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import AddColumn, apart, check


class Migration(migrations.Migration):
    dependencies = [("models", "0011_proofs")]

    initial = False

    operations = [
        AddColumn(model_name="OrderRow", name="deposit", field=fields.BigIntField(null=True)),
        check("orders", "order_deposit", "deposit IS NULL OR deposit >= 0"),
        ops.RunSQL(
            "CREATE INDEX product_service ON product (store_id, id) WHERE kind = 'service'", "DROP INDEX product_service"
        ),
        ops.CreateModel(
            name="CalendarRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("name", fields.CharField(max_length=100)),
                ("sku", fields.CharField(null=True, max_length=100)),
                ("hours", fields.TextField(default="", db_default="", unique=False)),
                ("exceptions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("contact_id", fields.BigIntField(null=True)),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "calendar", "app": "models", "unique_together": (("store_id", "name"),), "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SessionRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("calendar_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=100)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("busy_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("busy_until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("capacity", fields.BigIntField()),
                ("taken", fields.BigIntField()),
            ],
            options={"table": "session", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL("CREATE INDEX session_busy ON session (calendar_id, busy_from)", "DROP INDEX session_busy"),
        check("session", "session_places", "0 <= taken AND taken <= capacity"),
        check(
            "session", "session_times", "busy_from <= starts_at AND starts_at < ends_at AND ends_at <= busy_until"
        ),
        apart("session", "session_apart", within="calendar_id", start="busy_from", end="busy_until", where="taken > 0"),
        ops.CreateModel(
            name="AppointmentRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=100)),
                ("calendar_id", fields.BigIntField()),
                ("calendar", fields.CharField(max_length=100)),
                ("places", fields.BigIntField()),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("session_id", fields.BigIntField(null=True)),
                ("order_id", fields.BigIntField(null=True)),
                ("held_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reminded_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("coming_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField()),
            ],
            options={"table": "appointment", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL("CREATE INDEX appointment_day ON appointment (store_id, starts_at)", "DROP INDEX appointment_day"),
        ops.RunSQL(
            "CREATE INDEX appointment_session ON appointment (session_id) WHERE session_id IS NOT NULL",
            "DROP INDEX appointment_session",
        ),
        ops.RunSQL(
            "CREATE UNIQUE INDEX appointment_order ON appointment (order_id) WHERE order_id IS NOT NULL",
            "DROP INDEX appointment_order",
        ),
        # One time at a time is kept for somebody who has not said yes.
        ops.RunSQL(
            "CREATE UNIQUE INDEX appointment_hold ON appointment (contact_id)"
            " WHERE order_id IS NULL AND session_id IS NOT NULL",
            "DROP INDEX appointment_hold",
        ),
        check("appointment", "appointment_places", "places > 0 AND starts_at < ends_at"),
        check(
            "appointment", "appointment_held",
            "(held_until IS NOT NULL) = (order_id IS NULL AND session_id IS NOT NULL)",
        ),
        ops.CreateModel(
            name="BlockRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("calendar_id", fields.BigIntField(null=True)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("note", fields.TextField(unique=False)),
                ("contact_id", fields.BigIntField(null=True)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "block", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE INDEX block_busy ON block (store_id, ends_at) WHERE removed_at IS NULL", "DROP INDEX block_busy"
        ),
        check("block", "block_times", "starts_at < ends_at"),
        ops.CreateModel(
            name="SlotWishRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("sku", fields.CharField(max_length=100)),
                ("day", fields.CharField(max_length=10)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("told_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "slot_wish", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE UNIQUE INDEX slot_wish_open ON slot_wish (store_id, sku, day, contact_id) WHERE told_at IS NULL",
            "DROP INDEX slot_wish_open",
        ),
    ]  # fmt: skip
