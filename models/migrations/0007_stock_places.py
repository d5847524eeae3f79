"""Where stock is, when it is not all at one place; and the lines that wait for pieces."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.constraints import check


class Migration(migrations.Migration):
    dependencies = [("models", "0006_order_axes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PlaceRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("retailer_id", fields.CharField(max_length=100)),
                ("location", fields.CharField(max_length=40)),
                ("on_hand", fields.BigIntField()),
                ("reserved", fields.BigIntField(default=0, db_default=0)),
            ],
            options={
                "table": "stock_place",
                "app": "models",
                "unique_together": (("store_id", "retailer_id", "location"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="ProductRow", name="is_split", field=fields.BooleanField(default=False, db_default=False)
        ),
        check("stock_place", "stock_place_counts", "reserved >= 0 AND reserved <= on_hand"),
        ops.RunSQL(
            "CREATE INDEX order_line_waiting ON order_line (retailer_id) WHERE backordered > 0",
            "DROP INDEX order_line_waiting",
        ),
    ]
