"""The order's axes: money, pieces and parcels, what comes back, and what staff keep of an order."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import append_only, check, uncheck

_ENDED = "('delivered', 'delivery_confirmed', 'completed', 'canceled', 'rejected', 'expired', 'returned')"


class Migration(migrations.Migration):
    dependencies = [("models", "0005_indexes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CreditAccountRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("currency", fields.CharField(max_length=3)),
                ("balance", fields.BigIntField()),
                ("version", fields.BigIntField()),
            ],
            options={
                "table": "credit_account",
                "app": "models",
                "unique_together": (("store_id", "contact_id", "currency"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CreditEntryRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("order_id", fields.BigIntField(null=True)),
                ("event_id", fields.BigIntField(null=True)),
                ("amount", fields.BigIntField()),
                ("reason", fields.TextField(unique=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "credit_entry", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PaymentRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("order_id", fields.BigIntField()),
                ("method", fields.CharField(max_length=20)),
                ("amount", fields.BigIntField()),
                ("currency", fields.CharField(max_length=3)),
                ("state", fields.CharField(max_length=12)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("provider", fields.CharField(max_length=20)),
                ("reference", fields.CharField(max_length=60)),
                ("transaction_id", fields.CharField(null=True, max_length=100)),
                ("captured_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refunded", fields.BigIntField(default=0, db_default=0)),
            ],
            options={"table": "payment", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefundRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("order_id", fields.BigIntField()),
                ("payment_id", fields.BigIntField()),
                ("amount", fields.BigIntField()),
                ("state", fields.CharField(max_length=10)),
                ("reason", fields.TextField(unique=False)),
                ("to_credit", fields.BooleanField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "refund", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReturnRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("order_id", fields.BigIntField()),
                ("number", fields.BigIntField()),
                ("state", fields.CharField(max_length=10)),
                ("reason", fields.TextField(unique=False)),
                ("parts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("dispositions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "order_return",
                "app": "models",
                "unique_together": (("order_id", "number"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ShipmentRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("number", fields.BigIntField()),
                ("state", fields.CharField(max_length=10)),
                ("parts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("location", fields.CharField(max_length=40)),
                ("tracking", fields.CharField(null=True, max_length=100)),
                ("carrier", fields.CharField(null=True, max_length=60)),
                ("carrier_status", fields.CharField(max_length=24)),
                ("shipped_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("delivered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "shipment",
                "app": "models",
                "unique_together": (("order_id", "number"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="OrderLineRow", name="backordered", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OrderLineRow", name="shipped", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OrderLineRow", name="returned", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OrderLineRow", name="canceled", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(
            model_name="OrderRow",
            name="channel",
            field=fields.CharField(max_length=10, default="whatsapp", db_default="whatsapp"),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="payment_status",
            field=fields.CharField(max_length=20, default="unpaid", db_default="unpaid"),
        ),
        ops.AddField(model_name="OrderRow", name="captured", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OrderRow", name="refunded", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(
            model_name="OrderRow",
            name="fulfillment_status",
            field=fields.CharField(max_length=20, default="unfulfilled", db_default="unfulfilled"),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="return_status",
            field=fields.CharField(max_length=20, default="none", db_default="none"),
        ),
        ops.AddField(model_name="OrderRow", name="assignee_id", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="OrderRow",
            name="tags",
            field=fields.JSONField(default=list, db_default="[]", encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(model_name="OrderRow", name="invoice_number", field=fields.CharField(null=True, max_length=40)),
        ops.AddField(
            model_name="OrderRow",
            name="packed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="OrderRow",
            name="claimed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="OrderRow", name="claimed_by", field=fields.CharField(null=True, max_length=60)),
        ops.AddField(
            model_name="OrderRow",
            name="archived_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="OrderRow", name="mark", field=fields.CharField(null=True, max_length=32)),
        ops.AddField(
            model_name="OrderRow", name="asks_cancel", field=fields.BooleanField(default=False, db_default=False)
        ),
        ops.RunSQL("DROP INDEX orders_open", "SELECT 1"),
        ops.RunSQL(
            f"CREATE INDEX orders_open ON orders (contact_id, id) WHERE status NOT IN {_ENDED}",
            "DROP INDEX orders_open",
        ),
        ops.RunSQL("CREATE INDEX payment_order ON payment (order_id)", "DROP INDEX payment_order"),
        ops.RunSQL("CREATE INDEX refund_order ON refund (order_id)", "DROP INDEX refund_order"),
        # A provider's transaction counts once, however often and to whomever it is told.
        ops.RunSQL(
            "CREATE UNIQUE INDEX payment_transaction ON payment (store_id, provider, transaction_id)"
            " WHERE transaction_id IS NOT NULL",
            "DROP INDEX payment_transaction",
        ),
        check("orders", "orders_money", "captured >= 0 AND refunded >= 0 AND refunded <= captured"),
        # A line may be canceled piece by piece until none is left of it.
        uncheck("order_line", "order_line_total", "quantity > 0 AND unit_price >= 0 AND total = unit_price * quantity"),
        check("order_line", "order_line_total", "quantity >= 0 AND unit_price >= 0 AND total = unit_price * quantity"),
        check(
            "order_line",
            "order_line_pieces",
            "backordered >= 0 AND shipped >= 0 AND returned >= 0 AND canceled >= 0"
            " AND shipped + backordered <= quantity AND returned <= shipped",
        ),
        check(
            "payment",
            "payment_amount",
            "amount > 0 AND refunded >= 0 AND refunded <= CASE WHEN state = 'completed' THEN amount ELSE 0 END",
        ),
        check("refund", "refund_amount", "amount > 0"),
        check("credit_account", "credit_balance", "balance >= 0"),
        append_only("credit_entry"),
    ]
