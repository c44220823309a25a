"""Contracts, their immutable versions, and the calendars that were materialised with each version."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Organisation
from yunheng.foundation.models import Scope


class Contract(models.Model):
    """What provider and client agreed. One-to-one with its scope, whose key is the contract's key."""

    scope = models.OneToOneField(Scope, on_delete=models.PROTECT, primary_key=True, related_name="contract")
    subject_id = models.BigIntegerField(
        unique=True,
        db_default=models.Func(models.Value("subject_id_seq"), function="nextval"),
        editable=False,
    )  # under which its entries stand in the journal
    title = models.CharField(max_length=200)
    provider = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "contract"

    def __str__(self) -> str:
        return self.scope.key


class ContractVersion(models.Model):
    """One immutable version: in force from `valid_from` on until the next version or `valid_to` (exclusive)."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    document = models.TextField()  # the YAML as written, comments and all
    terms = models.JSONField()  # the checked document as plain data, what everything is computed from
    digest = models.BinaryField()  # SHA-256 of the canonical JSON of `terms`
    applied_by = models.CharField(max_length=150)

    class Meta:
        db_table = "contract_version"
        constraints = [models.UniqueConstraint(fields=["contract", "number"], name="contract_version_number")]


class CalendarVersion(models.Model):
    """A calendar as materialised when its contract version was applied; never rewritten by a library upgrade."""

    contract_version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, related_name="calendars")
    key = models.CharField(max_length=64, db_collation="C")
    rules = models.JSONField()  # CalendarRules with every date explicit
    open_time = models.JSONField()  # OpenTime.to_document()
    tzdata = models.CharField(max_length=16)
    provisional_years = models.JSONField()  # list of years without published holidays
    digest = models.BinaryField()

    class Meta:
        db_table = "calendar_version"
        constraints = [
            models.UniqueConstraint(fields=["contract_version", "key"], name="calendar_version_key")
        ]
