"""Indexes for what looks back: retention and the health of the last day. They hold the rows that are still of interest."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0004_refusals")]

    initial = False

    operations = [
        ops.RunSQL(
            "CREATE INDEX inbox_kept ON inbox (settled_at) WHERE settled_at IS NOT NULL AND length(payload) > 0",
            "DROP INDEX inbox_kept",
        ),
        ops.RunSQL(
            """CREATE INDEX outbox_kept ON outbox (created_at) WHERE message <> '{"kind":"text","body":"…"}'""",
            "DROP INDEX outbox_kept",
        ),
        ops.RunSQL(
            "CREATE INDEX outbox_failed ON outbox (created_at) WHERE state = 'failed'", "DROP INDEX outbox_failed"
        ),
    ]
