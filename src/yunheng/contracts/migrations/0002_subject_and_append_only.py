"""A contract is a subject of the journal; its versions and their calendars can be added and never changed."""

from django.db import migrations, models

from yunheng.foundation.append_only import narrow_rights, refuse_changes


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_initial"), ("foundation", "0003_append_only")]

    operations = [
        migrations.AddField(
            "contract",
            "subject_id",
            models.BigIntegerField(
                unique=True,
                db_default=models.Func(models.Value("subject_id_seq"), function="nextval"),
                editable=False,
            ),
        ),
        refuse_changes("contract_version"),
        refuse_changes("calendar_version"),
        narrow_rights({"contract_version": "SELECT, INSERT", "calendar_version": "SELECT, INSERT"}),
    ]
