"""How often Meta refused a message for a passing reason, counted apart from all other attempts."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0003_flood")]

    initial = False

    operations = [
        ops.AddField(
            model_name="OutboxRow",
            name="refusals",
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
