"""Mails that carry files."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_initial")]

    operations = [migrations.AddField("delivery", "files", models.JSONField(default=list))]
