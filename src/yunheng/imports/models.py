"""Runs of imports and the keys of rows already taken, so that a run can resume and a repeat changes nothing."""

from django.db import models
from django.db.models.functions import Now

from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import Scope


class ImportRun(models.Model):
    """One file read into one scope. `read = imported + rejected + repeated` at every moment."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    format = models.CharField(max_length=32, db_collation="C")
    file_name = models.CharField(max_length=255)
    file_digest = models.BinaryField()  # SHA-256 of the file
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=16, db_collation="C")  # running, finished, failed
    position = models.BigIntegerField(default=0)  # source rows committed
    read = models.BigIntegerField(default=0)
    imported = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)  # rows that an earlier run had taken
    summary = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "import_run"


class ImportKey(models.Model):
    """Key of a source row that was taken, per scope."""

    pk = models.CompositePrimaryKey("scope_id", "key")
    # Rows that are never changed need no constraint: a lookup per row would be a large part of an import.
    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    key = models.BinaryField()  # 16 bytes of SHA-256 over format, number and row content

    class Meta:
        db_table = "import_key"
