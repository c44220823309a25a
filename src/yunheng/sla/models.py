"""Facts, live clocks and pauses of any subject. Facts are a projection of the journal and can be rebuilt
from it.

Their foreign keys have no constraint in the database: scopes and contract versions are never deleted, and the server
would look each of them up again for every row of a bulk write.
"""

from django.db import models

from yunheng.contracts.models import ContractVersion
from yunheng.foundation.models import Scope


class Term(models.Model):
    """Dictionary of the short texts that facts carry, so that a fact is integers only (bulk reads parse no
    text).
    """

    id = models.AutoField(primary_key=True)  # 0 is the empty text, inserted by the migration
    text = models.CharField(max_length=300, unique=True, db_collation="C")

    class Meta:
        db_table = "term"


class ClockFact(models.Model):
    """A fact (see logic.facts). All columns NOT NULL and of fixed width: read by binary COPY."""

    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    subject_id = models.BigIntegerField()
    at = models.BigIntegerField()  # epoch seconds, UTC
    seq = models.BigIntegerField()  # orders facts of one instant: entry id × 8 + ordinal within the entry
    kind = models.SmallIntegerField()  # FactKind
    term = models.IntegerField(default=0)  # Term.id
    party = models.SmallIntegerField(default=0)  # Party
    ref = models.BigIntegerField(default=0)  # pause or exclusion id = entry id that began it
    entry_id = models.BigIntegerField()  # the entry that this fact projects
    superseded_by = models.BigIntegerField(
        default=0
    )  # entry id of the correction that replaced it; 0: stands

    class Meta:
        db_table = "clock_fact"
        indexes = [models.Index(fields=["scope", "subject_id", "at", "seq"], name="clock_fact_subject")]


class LiveClock(models.Model):
    """One clock of one subject as last folded. Equal to the fold of its facts; a cache with an alarm
    (`next_check_at`).
    """

    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=32, db_collation="C")
    contract_version = models.ForeignKey(
        ContractVersion, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    reason = models.CharField(
        max_length=40, db_collation="C", blank=True
    )  # why there is no clock, e.g. "contract_expired"
    status = models.CharField(max_length=16, db_collation="C")  # logic.clock.Status value, lower case
    profile = models.CharField(max_length=200, db_collation="C", blank=True)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    goal_seconds = models.BigIntegerField(null=True)
    elapsed_seconds = models.BigIntegerField(default=0)  # as of folded_at
    is_met = models.BooleanField(null=True)
    is_provisional = models.BooleanField(default=False)
    cycle = models.SmallIntegerField(
        default=0, db_default=0
    )  # cycles closed by a reset; warnings begin anew in each
    warned_share = models.SmallIntegerField(
        default=0
    )  # highest share whose warning was recorded, in this cycle
    is_breach_recorded = models.BooleanField(
        default=False, db_default=False
    )  # "clock.breached" is written once
    next_check_at = models.DateTimeField(null=True)
    folded_at = models.DateTimeField()

    class Meta:
        db_table = "live_clock"
        constraints = [models.UniqueConstraint(fields=["subject_id", "kind"], name="live_clock_key")]
        indexes = [
            models.Index(
                fields=["next_check_at"],
                name="live_clock_check",
                condition=models.Q(next_check_at__isnull=False),
            ),
            models.Index(fields=["scope", "due_at"], name="live_clock_due"),
            models.Index(  # lists by due, over all contracts: what runs is few
                fields=["due_at", "subject_id"],
                name="live_clock_running",
                include=["scope", "kind"],
                condition=models.Q(status="running", due_at__isnull=False),
            ),
            models.Index(  # what was missed and still runs or waits
                fields=["breached_at"],
                name="live_clock_late",
                include=["subject_id", "kind"],
                condition=models.Q(status__in=("running", "paused"), breached_at__isnull=False),
            ),
        ]


class Pause(models.Model):
    """A waiting period of a subject with the party at fault and its standing (sla-semantics 13)."""

    class Standing(models.TextChoices):
        PROPOSED = "proposed"
        CONFIRMED = "confirmed"
        DISPUTED = "disputed"
        UPHELD = "upheld"
        REJECTED = "rejected"

    id = models.BigIntegerField(primary_key=True)  # the entry that began it; ClockFact.ref
    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    subject_id = models.BigIntegerField()
    reason = models.CharField(max_length=64, db_collation="C")
    party = models.SmallIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    expected_until = models.DateTimeField(null=True)
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.PROPOSED)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "pause"
        indexes = [
            models.Index(fields=["scope", "subject_id", "began_at"], name="pause_subject"),
            models.Index(
                fields=["scope", "began_at"],
                name="pause_waiting",
                condition=~models.Q(standing="rejected"),  # what another side may still dispute, too
            ),
        ]
