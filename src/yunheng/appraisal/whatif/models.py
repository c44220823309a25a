"""Backtests in the background: personal progress and result, for the one who asked, and not for long."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract
from yunheng.foundation.identity import uuid7


class BacktestRun(models.Model):
    """One replay that somebody asked for. It is no part of the record: it writes no entry, and goes after a day."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    draft = models.CharField(max_length=150)  # name of the file, pack:NAME or version:N
    document = models.TextField(blank=True)  # the draft as it was written; "" for a pack or version
    start = models.DateField()
    end = models.DateField()  # the last day
    position = models.BigIntegerField(null=True)  # log position; NULL: all that is recorded
    recomputes_priority = models.BooleanField(default=False)
    fee = models.DecimalField(max_digits=18, decimal_places=4, null=True)  # per month
    contract_value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING, db_collation="C")
    done = models.PositiveIntegerField(default=0)  # steps
    problem = models.TextField(blank=True)  # why it failed, for a person
    result = models.JSONField(null=True)  # see whatif.document
    changes = models.BinaryField(null=True)  # all tickets that differ: CSV, compressed by gzip
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "backtest_run"
        indexes = [models.Index(fields=["asked_by", "-id"], name="backtest_run_by")]
