"""Find the waiting periods that may still be disputed, confirmed by another side or not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sla", "0003_waiting")]

    operations = [
        migrations.RemoveIndex(model_name="pause", name="pause_waiting"),
        migrations.AddIndex(
            model_name="pause",
            index=models.Index(
                condition=models.Q(("standing", "rejected"), _negated=True),
                fields=["scope", "began_at"],
                name="pause_waiting",
            ),
        ),
    ]
