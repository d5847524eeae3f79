"""How fast somebody writes, and the latest word that waits for those who write too fast."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_orders")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ContactRow",
            name="chatter_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            "CREATE UNIQUE INDEX outbox_one_latest ON outbox (contact_id, COALESCE(order_id, 0))"
            " WHERE purpose = 'latest' AND state = 'queued' AND attempts = 0",
            "DROP INDEX outbox_one_latest",
        ),
    ]
