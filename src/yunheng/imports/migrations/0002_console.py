"""Runs that are asked for on the web: their files, what was found in them, rejected rows, mappings to use again."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import yunheng.foundation.identity


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("foundation", "0001_initial"), ("imports", "0001_initial")]

    operations = [
        migrations.AddField(
            "importrun",
            "asked_by",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="accounts.person"
            ),
        ),
        migrations.AddField("importrun", "size", models.BigIntegerField(default=0)),
        migrations.AddField("importrun", "total", models.BigIntegerField(default=0)),
        migrations.AddField("importrun", "tried", models.BigIntegerField(default=0)),
        migrations.AddField("importrun", "look", models.JSONField(default=dict)),
        migrations.AddField("importrun", "trial", models.JSONField(default=dict)),
        migrations.AddField("importrun", "fault", models.TextField(default="")),
        migrations.AddField("importrun", "is_cancel_wanted", models.BooleanField(default=False)),
        migrations.CreateModel(
            name="ImportChunk",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("index", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="imports.importrun",
                    ),
                ),
            ],
            options={"db_table": "import_chunk"},
        ),
        # Files come packed or pack badly: the server shall not try it for every piece.
        migrations.RunSQL(
            "ALTER TABLE import_chunk ALTER COLUMN data SET STORAGE EXTERNAL",
            "ALTER TABLE import_chunk ALTER COLUMN data SET STORAGE EXTENDED",
        ),
        migrations.CreateModel(
            name="ImportRejection",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "row", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("row", models.BigIntegerField()),
                ("field", models.TextField()),
                ("value", models.TextField()),
                ("reason", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejections",
                        to="imports.importrun",
                    ),
                ),
            ],
            options={"db_table": "import_rejection"},
        ),
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("mapping", models.TextField()),
                ("saved_by", models.CharField(max_length=150)),
                ("saved_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="foundation.scope"
                    ),
                ),
            ],
            options={"db_table": "import_mapping"},
        ),
        migrations.AddConstraint(
            "savedmapping", models.UniqueConstraint(fields=("scope", "name"), name="import_mapping_name")
        ),
    ]
