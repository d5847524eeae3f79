"""The spine's tables: store, people, inbox, outbox, timers, catalogue, templates and the audit trail."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from models.constraints import append_only, check


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("event_id", fields.BigIntField(null=True)),
                ("contact_id", fields.BigIntField(null=True)),
                ("role", fields.CharField(null=True, max_length=10)),
                ("action", fields.CharField(max_length=40)),
                ("outcome", fields.CharField(max_length=40)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "audit", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ContactRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("name", fields.CharField(null=True, max_length=300)),
                ("language", fields.CharField(null=True, max_length=8)),
                ("last_inbound_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("paced_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("backoff_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("backoffs", fields.BigIntField(default=0, db_default=0)),
                ("joined_to", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "contact", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=8)),
                ("value", fields.CharField(max_length=160)),
                ("active", fields.BooleanField(default=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "identity", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InboxRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("source", fields.BinaryField()),
                ("kind", fields.CharField(max_length=40)),
                ("ordering_key", fields.CharField(max_length=160)),
                ("payload", fields.BinaryField()),
                ("state", fields.CharField(default="new", db_default="new", max_length=8)),
                ("reason", fields.CharField(null=True, max_length=200)),
                ("attempts", fields.BigIntField(default=0, db_default=0)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "inbox", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NumberRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("phone_number_id", fields.CharField(unique=True, max_length=64)),
                ("paced_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("paused_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("pause_code", fields.BigIntField(null=True)),
                ("pauses", fields.BigIntField(default=0, db_default=0)),
            ],
            options={"table": "number", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField()),
                ("cause_id", fields.BigIntField(null=True)),
                ("purpose", fields.CharField(max_length=10)),
                ("arrival", fields.CharField(max_length=12)),
                ("message", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("fallback", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("parts", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(default="queued", db_default="queued", max_length=10)),
                ("held", fields.CharField(null=True, max_length=10)),
                ("closed", fields.BooleanField(default=False, db_default=False)),
                ("token", fields.CharField(unique=True, max_length=32)),
                ("attempts", fields.BigIntField(default=0, db_default=0)),
                ("resends", fields.BigIntField(default=0, db_default=0)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("lease_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("wamid", fields.CharField(null=True, max_length=300)),
                ("error_code", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "outbox", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ProductRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("retailer_id", fields.CharField(max_length=100)),
                ("title", fields.CharField(max_length=200)),
                ("price", fields.BigIntField()),
                ("currency", fields.CharField(max_length=3)),
                ("sale_price", fields.BigIntField(null=True)),
                ("description", fields.TextField(default="", unique=False)),
                ("brand", fields.CharField(default="", max_length=100)),
                ("availability", fields.CharField(max_length=40)),
                ("image_link", fields.TextField(default="", unique=False)),
                ("link", fields.TextField(default="", unique=False)),
                ("item_group_id", fields.CharField(default="", max_length=100)),
                ("on_hand", fields.BigIntField(null=True)),
                ("kind", fields.CharField(max_length=10)),
                ("extras", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("reserved", fields.BigIntField(default=0, db_default=0)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "product",
                "app": "models",
                "unique_together": (("store_id", "retailer_id"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("contact_id", fields.BigIntField(unique=True)),
                ("name", fields.CharField(max_length=100)),
                ("role", fields.CharField(max_length=10)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "staff", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StoreRow",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("country", fields.CharField(max_length=2)),
                ("currency", fields.CharField(max_length=3)),
                ("timezone", fields.CharField(max_length=64)),
                ("locale", fields.CharField(max_length=16)),
                ("settings", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("salt", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "store", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TemplateRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("name", fields.CharField(max_length=512)),
                ("language", fields.CharField(max_length=16)),
                ("status", fields.CharField(max_length=40)),
                ("reason", fields.CharField(null=True, max_length=300)),
                ("checked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "template",
                "app": "models",
                "unique_together": (("store_id", "name", "language"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TimerRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("store_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=40)),
                ("subject", fields.CharField(max_length=40)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("state", fields.CharField(default="set", db_default="set", max_length=8)),
            ],
            options={
                "table": "timer",
                "app": "models",
                "unique_together": (("store_id", "kind", "subject", "due_at"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        # Once each source id, for ever.
        ops.RunSQL("CREATE UNIQUE INDEX inbox_source ON inbox (source)", "DROP INDEX inbox_source"),
        # Indexes hold live rows only, so that what is settled costs nothing.
        ops.RunSQL(
            "CREATE INDEX inbox_due ON inbox (id) WHERE state = 'new' AND ordering_key <> 'status'",
            "DROP INDEX inbox_due",
        ),
        ops.RunSQL("CREATE INDEX inbox_lane ON inbox (ordering_key, id) WHERE state = 'new'", "DROP INDEX inbox_lane"),
        ops.RunSQL("CREATE INDEX inbox_dead ON inbox (id) WHERE state = 'dead'", "DROP INDEX inbox_dead"),
        ops.RunSQL(
            "CREATE INDEX outbox_due ON outbox (id) WHERE state = 'queued' AND held IS NULL", "DROP INDEX outbox_due"
        ),
        ops.RunSQL(
            "CREATE INDEX outbox_live ON outbox (contact_id, id) WHERE state IN ('queued', 'sending', 'unknown')",
            "DROP INDEX outbox_live",
        ),
        ops.RunSQL("CREATE INDEX outbox_unknown ON outbox (id) WHERE state = 'unknown'", "DROP INDEX outbox_unknown"),
        ops.RunSQL("CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending'", "DROP INDEX outbox_sending"),
        ops.RunSQL("CREATE INDEX outbox_wamid ON outbox (wamid) WHERE wamid IS NOT NULL", "DROP INDEX outbox_wamid"),
        ops.RunSQL(
            "CREATE UNIQUE INDEX outbox_one_waiting_alert ON outbox (contact_id)"
            " WHERE purpose = 'alert' AND state = 'queued' AND attempts = 0",
            "DROP INDEX outbox_one_waiting_alert",
        ),
        # When an alert last went out to somebody, whose window may be closed.
        ops.RunSQL(
            "CREATE INDEX outbox_alert ON outbox (contact_id, attempted_at) WHERE purpose = 'alert'",
            "DROP INDEX outbox_alert",
        ),
        ops.RunSQL(
            "CREATE UNIQUE INDEX identity_of_one ON identity (store_id, value) WHERE active",
            "DROP INDEX identity_of_one",
        ),
        ops.RunSQL(
            "CREATE INDEX identity_contact ON identity (contact_id) WHERE active", "DROP INDEX identity_contact"
        ),
        ops.RunSQL("CREATE INDEX timer_due ON timer (due_at) WHERE state = 'set'", "DROP INDEX timer_due"),
        check("product", "product_stock", "reserved >= 0 AND (on_hand IS NULL OR reserved <= on_hand)"),
        check("product", "product_price", "price >= 0 AND (sale_price IS NULL OR sale_price >= 0)"),
        append_only("audit"),
    ]
