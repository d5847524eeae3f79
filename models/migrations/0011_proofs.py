"""What customers send to show that they have paid."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0010_payments")]

    initial = False

    operations = [
        ops.AddField(
            model_name="PaymentRow", name="proof", field=fields.CharField(max_length=100, default="", db_default="")
        ),
        ops.AddField(
            model_name="PaymentRow", name="proof_wamid",
            field=fields.CharField(max_length=300, default="", db_default=""),
        ),
    ]  # fmt: skip
