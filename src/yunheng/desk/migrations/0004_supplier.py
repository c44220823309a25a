"""A supplier's list, along an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0003_lists")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("supplier__isnull", False)),
                fields=["supplier", "-opened_at", "-id"],
                name="ticket_supplier",
            ),
        ),
    ]
