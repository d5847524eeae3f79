"""Money that is asked for: requests on their way, calls to providers, and what came and fits nothing."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import check, uncheck

_PAID = "amount > 0 AND refunded >= 0 AND refunded <= CASE WHEN state = 'completed' THEN amount ELSE 0 END"


class Migration(migrations.Migration):
    dependencies = [("models", "0009_bills")]

    initial = False

    operations = [
        # SQLite makes the table anew for this, and forgets what was said of it beside the columns.
        uncheck("payment", "payment_amount", _PAID),
        uncheck("refund", "refund_amount", "amount > 0"),
        ops.AlterField(model_name="PaymentRow", name="order_id", field=fields.BigIntField(null=True)),
        ops.AlterField(model_name="RefundRow", name="order_id", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="PaymentRow", name="provider_id",
            field=fields.CharField(max_length=100, default="", db_default=""),
        ),
        ops.AddField(
            model_name="PaymentRow", name="url", field=fields.TextField(default="", db_default="", unique=False)
        ),
        ops.AddField(
            model_name="PaymentRow", name="asked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="PaymentRow", name="expires_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="PaymentRow", name="ended", field=fields.CharField(max_length=10, default="", db_default="")
        ),
        ops.AddField(
            model_name="PaymentRow", name="is_held", field=fields.BooleanField(default=False, db_default=False)
        ),
        ops.AddField(
            model_name="PaymentRow", name="told", field=fields.CharField(max_length=12, default="", db_default="")
        ),
        ops.AddField(model_name="PaymentRow", name="version", field=fields.BigIntField(default=1, db_default=1)),
        ops.AddField(
            model_name="RefundRow", name="transaction_id", field=fields.CharField(null=True, max_length=100)
        ),
        ops.AddField(model_name="RefundRow", name="version", field=fields.BigIntField(default=1, db_default=1)),
        ops.RunSQL("CREATE INDEX IF NOT EXISTS payment_order ON payment (order_id)", "SELECT 1"),
        ops.RunSQL("CREATE INDEX IF NOT EXISTS refund_order ON refund (order_id)", "SELECT 1"),
        ops.RunSQL(
            "CREATE UNIQUE INDEX IF NOT EXISTS payment_transaction ON payment (store_id, provider, transaction_id)"
            " WHERE transaction_id IS NOT NULL",
            "SELECT 1",
        ),
        ops.RunSQL(
            "CREATE INDEX payment_reference ON payment (store_id, reference) WHERE reference <> ''",
            "DROP INDEX payment_reference",
        ),
        # Whoever is asked twice pays twice.
        ops.RunSQL(
            "CREATE UNIQUE INDEX payment_open ON payment (order_id) WHERE state IN ('checkout', 'processing', 'pending')",
            "DROP INDEX payment_open",
        ),
        ops.RunSQL("CREATE INDEX refund_payment ON refund (payment_id)", "DROP INDEX refund_payment"),
        check("payment", "payment_amount", _PAID),
        check("payment", "payment_of_order", "order_id IS NOT NULL OR is_held"),
        check("refund", "refund_amount", "amount > 0"),
        ops.CreateModel(
            name="ProviderCallRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("provider", fields.CharField(max_length=20)),
                ("kind", fields.CharField(max_length=12)),
                ("payment_id", fields.BigIntField(null=True)),
                ("refund_id", fields.BigIntField(null=True)),
                ("details", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(max_length=8)),
                ("attempts", fields.BigIntField(default=0, db_default=0)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cause_id", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(max_length=200, default="", db_default="")),
            ],
            options={"table": "provider_call", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE INDEX provider_call_due ON provider_call (due_at) WHERE state = 'due'", "DROP INDEX provider_call_due"
        ),
        ops.CreateModel(
            name="DiscrepancyRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=16)),
                ("order_id", fields.BigIntField(null=True)),
                ("payment_id", fields.BigIntField(null=True)),
                ("refund_id", fields.BigIntField(null=True)),
                ("provider", fields.CharField(max_length=20)),
                ("reference", fields.CharField(max_length=60)),
                ("amount", fields.BigIntField()),
                ("currency", fields.CharField(max_length=3)),
                ("expected", fields.BigIntField(null=True)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(max_length=10, default="", db_default="")),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("settled_by", fields.BigIntField(null=True)),
                ("transaction_id", fields.CharField(null=True, max_length=100)),
                ("version", fields.BigIntField(default=1, db_default=1)),
            ],
            options={"table": "discrepancy", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL(
            "CREATE INDEX discrepancy_open ON discrepancy (store_id, id) WHERE settled_at IS NULL",
            "DROP INDEX discrepancy_open",
        ),
        # Held money has one question to staff, and one answer.
        ops.RunSQL(
            "CREATE UNIQUE INDEX discrepancy_of_payment ON discrepancy (payment_id) WHERE refund_id IS NULL",
            "DROP INDEX discrepancy_of_payment",
        ),
        check("discrepancy", "discrepancy_outcome", "(settled_at IS NULL) = (outcome = '')"),
    ]  # fmt: skip
