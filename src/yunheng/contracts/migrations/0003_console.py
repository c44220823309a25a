"""Proposals of versions that begin in the past, and errands over several contracts."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import yunheng.foundation.identity


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("contracts", "0002_subject_and_append_only")]

    operations = [
        migrations.CreateModel(
            name="VersionProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                ("document", models.TextField()),
                ("terms", models.JSONField()),
                ("effective", models.DateField()),
                ("base", models.PositiveIntegerField()),
                ("reason", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        db_collation="C",
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(default="")),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="contracts.contract",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contracts.contractversion",
                    ),
                ),
            ],
            options={"db_table": "contract_proposal"},
        ),
        migrations.AddConstraint(
            "versionproposal",
            models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("contract",),
                name="contract_proposal_one_waiting",
            ),
        ),
        migrations.CreateModel(
            name="Errand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=yunheng.foundation.identity.uuid7, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("refresh", "Refresh"), ("notice", "Notice"), ("check", "Check")],
                        db_collation="C",
                        max_length=16,
                    ),
                ),
                ("wanted", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("running", "Running"), ("finished", "Finished")],
                        db_collation="C",
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("results", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
            ],
            options={
                "db_table": "contract_errand",
                "indexes": [models.Index(fields=["asked_by", "-id"], name="contract_errand_by")],
            },
        ),
    ]
