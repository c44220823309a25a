"""An index of what nobody has taken yet; none that another one covers, and none that holds who has nobody."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_usage"), ("desk", "0004_supplier"), ("foundation", "0006_follow_ups")]

    operations = [
        migrations.AlterField(model_name="ticket", name="assignee", field=_person()),
        migrations.AlterField(model_name="ticket", name="requester", field=_person()),
        migrations.AlterField(
            model_name="ticket",
            name="supplier",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(assignee__isnull=False), fields=["assignee"], name="ticket_assignee"
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(closed_at=None, assignee=None),
                fields=["team", "-opened_at"],
                name="ticket_unassigned",
            ),
        ),
    ]
