"""What a next version may ask of tables in use: a new column with a default, one without, an index, a rewrite of rows."""

from pathlib import Path

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

import models.migrations

LATEST = max(file.stem for file in Path(models.migrations.__path__[0]).glob("0*.py"))


class Migration(migrations.Migration):
    dependencies = [("models", LATEST)]

    initial = False

    operations = [
        ops.AddField(model_name="InboxRow", name="future", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="OutboxRow", name="future", field=fields.TextField(null=True)),
        ops.AddField(model_name="ContactRow", name="future", field=fields.BigIntField(default=7, db_default=7)),
        ops.RunSQL("CREATE INDEX inbox_future ON inbox (future, id)", "DROP INDEX inbox_future"),
        ops.RunSQL("UPDATE outbox SET future = 'then'", "UPDATE outbox SET future = NULL"),
    ]
