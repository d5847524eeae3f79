"""What a bill needs of the customer; and what goes out, or is not to be paid any more, for what comes back."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import check


class Migration(migrations.Migration):
    dependencies = [("models", "0008_undo")]

    initial = False

    operations = [
        ops.AddField(model_name="OrderRow", name="email", field=fields.CharField(null=True, max_length=254)),
        ops.AddField(
            model_name="OrderRow",
            name="billing_address",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(model_name="OrderRow", name="exchange_of", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="ReturnRow", name="replacement", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="ReturnRow", name="covered", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OrderRow", name="waived", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="ReturnRow", name="waived", field=fields.BigIntField(default=0, db_default=0)),
        # What comes back pays for something only where something goes out for it.
        check(
            "order_return",
            "order_return_worth",
            "covered >= 0 AND waived >= 0 AND (covered = 0 OR replacement IS NOT NULL)",
        ),
    ]
