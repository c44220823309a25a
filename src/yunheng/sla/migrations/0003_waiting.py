"""Find the waiting periods that wait for an answer without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_lists")]

    operations = [
        migrations.AddIndex(
            model_name="pause",
            index=models.Index(
                condition=models.Q(("standing", "proposed")), fields=["scope", "began_at"], name="pause_waiting"
            ),
        ),
    ]
