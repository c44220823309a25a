"""Remembers of whom a password is asked anew at the next sign-in, because somebody else has set it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="person",
            name="must_change_password",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
