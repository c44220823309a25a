"""Runs of imports and the keys of rows already taken, so that a run can resume and a repeat changes nothing."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
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
    status = models.CharField(max_length=16, db_collation="C")  # see `runs`
    position = models.BigIntegerField(default=0)  # source rows committed
    read = models.BigIntegerField(default=0)
    imported = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)  # rows that an earlier run had taken
    summary = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    # What only runs that were asked for on the web have.
    asked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    size = models.BigIntegerField(default=0)  # bytes of the file
    total = models.BigIntegerField(default=0)  # rows of the file, once they were counted
    tried = models.BigIntegerField(default=0)  # rows that the trial has looked at
    look = models.JSONField(default=dict)  # what was found in the file: columns, examples, a proposed mapping
    trial = models.JSONField(default=dict)  # what a run without writing would take and reject
    fault = models.TextField(default="")  # why it failed, for a person
    is_cancel_wanted = models.BooleanField(default=False)

    class Meta:
        db_table = "import_run"


class ImportChunk(models.Model):
    """A piece of an uploaded file. Web nodes are stateless and the worker may be another machine: until its run has
    ended, a file lies in the database, which both reach and which is backed up as one.
    """

    pk = models.CompositePrimaryKey("run_id", "index")
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, db_index=False, related_name="chunks")
    index = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "import_chunk"


class ImportRejection(models.Model):
    """A row that a run did not take, and why."""

    pk = models.CompositePrimaryKey("run_id", "row")
    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, db_index=False, related_name="rejections")
    row = models.BigIntegerField()
    field = models.TextField()
    value = models.TextField()
    reason = models.TextField()

    class Meta:
        db_table = "import_rejection"


class SavedMapping(models.Model):
    """A mapping that somebody wants to use again for files of the same kind, in one contract."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    mapping = models.TextField()  # as the command line reads it (YAML)
    saved_by = models.CharField(max_length=150)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "import_mapping"
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="import_mapping_name")]


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
