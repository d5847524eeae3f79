"""Orders with lines and history, and what somebody was asked last."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import check


class Migration(migrations.Migration):
    dependencies = [("models", "0001_spine")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OrderHistoryRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("version", fields.BigIntField()),
                ("event_id", fields.BigIntField(null=True)),
                ("action", fields.CharField(max_length=32)),
                ("by", fields.CharField(max_length=10)),
                ("contact_id", fields.BigIntField(null=True)),
                ("status_before", fields.CharField(null=True, max_length=32)),
                ("status_after", fields.CharField(max_length=32)),
                ("note", fields.TextField(unique=False)),
                ("tracking", fields.CharField(null=True, max_length=100)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "order_history",
                "app": "models",
                "unique_together": (("order_id", "version"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderLineRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("position", fields.BigIntField()),
                ("retailer_id", fields.CharField(max_length=100)),
                ("title", fields.CharField(max_length=200)),
                ("brand", fields.CharField(max_length=100)),
                ("image_link", fields.TextField(unique=False)),
                ("quantity", fields.BigIntField()),
                ("unit_price", fields.BigIntField()),
                ("total", fields.BigIntField()),
            ],
            options={
                "table": "order_line",
                "app": "models",
                "unique_together": (("order_id", "position"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OrderRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("number", fields.BigIntField()),
                ("kind", fields.CharField(max_length=10)),
                ("status", fields.CharField(max_length=32)),
                ("checkout_step", fields.CharField(max_length=10)),
                ("payment_method", fields.CharField(max_length=20)),
                ("delivery_method", fields.CharField(max_length=20)),
                ("currency", fields.CharField(max_length=3)),
                ("subtotal", fields.BigIntField()),
                ("discount", fields.BigIntField()),
                ("tax", fields.BigIntField()),
                ("shipping", fields.BigIntField()),
                ("total", fields.BigIntField()),
                ("placed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("held_from", fields.CharField(null=True, max_length=32)),
                ("address", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("address_source", fields.CharField(null=True, max_length=10)),
                ("customer_note", fields.TextField(unique=False)),
                ("tracking", fields.CharField(null=True, max_length=100)),
                ("carrier", fields.CharField(null=True, max_length=60)),
                ("needs_review", fields.BooleanField()),
                ("version", fields.BigIntField()),
            ],
            options={"table": "orders", "app": "models", "unique_together": (("store_id", "number"),), "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="QuestionRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("contact_id", fields.BigIntField()),
                ("side", fields.CharField(max_length=10)),
                ("kind", fields.CharField(null=True, max_length=32)),
                ("order_id", fields.BigIntField(null=True)),
                ("data", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "question",
                "app": "models",
                "unique_together": (("contact_id", "side"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="ContactRow",
            name="address",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="OutboxRow",
            name="order_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="StoreRow",
            name="last_number",
            field=fields.BigIntField(default=1000, db_default=1000),
        ),
        ops.RunSQL(
            "CREATE INDEX orders_open ON orders (contact_id, id) WHERE status NOT IN ('delivered', 'canceled', 'expired')",
            "DROP INDEX orders_open",
        ),
        ops.RunSQL("CREATE INDEX orders_contact ON orders (contact_id, id)", "DROP INDEX orders_contact"),
        check(
            "orders", "orders_total", "total = subtotal - discount + tax + shipping AND total >= 0 AND subtotal >= 0"
        ),
        check("order_line", "order_line_total", "quantity > 0 AND unit_price >= 0 AND total = unit_price * quantity"),
    ]
