"""Contracts, their immutable versions, and the calendars that were materialised with each version."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Organisation, Person
from yunheng.foundation.identity import uuid7
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


class VersionProposal(models.Model):
    """A version that begins in the past, over recorded work, until the client's contact has answered it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="proposals")
    document = models.TextField()
    terms = models.JSONField()
    effective = models.DateField()
    base = (
        models.PositiveIntegerField()
    )  # the newest version when it was proposed; another since is a conflict
    reason = models.TextField()
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=16, db_collation="C", choices=State.choices, default=State.WAITING)
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(default="")
    version = models.ForeignKey(ContractVersion, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "contract_proposal"
        constraints = [
            models.UniqueConstraint(
                fields=["contract"], condition=models.Q(state="waiting"), name="contract_proposal_one_waiting"
            )
        ]


class Errand(models.Model):
    """Work over several contracts that somebody asked for and that goes on in the background."""

    class Kind(models.TextChoices):
        REFRESH = "refresh"
        NOTICE = "notice"
        CHECK = "check"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        FINISHED = "finished"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(max_length=16, db_collation="C", choices=Kind.choices)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    wanted = models.JSONField()  # {"contracts": [keys], …}
    state = models.CharField(max_length=16, db_collation="C", choices=State.choices, default=State.WAITING)
    results = models.JSONField(default=list)  # one per contract that is done: {"contract", "is_done", "text"}
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contract_errand"
        indexes = [models.Index(fields=["asked_by", "-id"], name="contract_errand_by")]
