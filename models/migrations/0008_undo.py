"""What staff did last to each order, to be taken back."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0007_stock_places")]

    initial = False

    operations = [
        ops.CreateModel(
            name="UndoRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("event_id", fields.BigIntField()),
                ("version", fields.BigIntField()),
                ("notices", fields.BigIntField()),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("before", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={"table": "undo", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL("CREATE INDEX undo_contact ON undo (contact_id, event_id)", "DROP INDEX undo_contact"),
    ]
