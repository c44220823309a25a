"""Screens on the wall; statements with what was entered, contested and signed; rectification orders."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract, ContractVersion
from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import SubjectBase

from .whatif.models import BacktestRun  # noqa: F401 - Django finds models here


class WallScreen(models.Model):
    """A screen with a token of its own: it reads the wall board of these contracts and nothing else. Its making and its
    end are entries of each contract.
    """

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True)  # SHA-256 of the secret; the secret is shown once
    hint = models.CharField(max_length=12)  # first characters, to recognise it
    contracts = models.ManyToManyField(Contract, related_name="+", db_table="wall_screen_contract")
    has_titles = models.BooleanField(default=False)  # whether titles of tickets stand on it
    language = models.CharField(max_length=16, db_collation="C")
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wall_screen"


class Period(models.TextChoices):
    """Kinds of periods that are appraised."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Side(models.TextChoices):
    """The two who agree on a statement."""

    PROVIDER = "provider"
    CLIENT = "client"


class Statement(SubjectBase):
    """One appraised period of one contract (考核单). Moved by appraisal.statements.actions only.

    `frozen` holds, from the issue on, the exact bytes that are hashed, signed and proved (RFC 8785 JSON); `digest` is
    their SHA-256. Of a draft both are NULL. Once it was issued they change with the arbitration only, once it is
    locked never: triggers of the database refuse it.
    """

    kind = models.CharField(max_length=8, choices=Period.choices, db_collation="C")
    period = models.CharField(max_length=7, db_collation="C")  # 2026-04, 2026-Q2, 2026
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # exclusive
    edition = models.PositiveIntegerField(default=1)  # 1, and one more with each reversing statement
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    why_reversed = models.TextField(blank=True)  # why it takes the place of the one before
    contract_version = models.ForeignKey(
        ContractVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # in force at the end of the period
    position = models.BigIntegerField(null=True)  # log position of its figures; NULL: nothing was sealed yet
    evaluated_at = models.DateTimeField()
    frozen = models.BinaryField(null=True)
    digest = models.BinaryField(null=True)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True)  # NULL: nothing was asked for
    grade = models.CharField(max_length=40, db_collation="C", blank=True)
    vetoes = models.JSONField(default=list)  # keys of those in force
    fee = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    payable = models.DecimalField(max_digits=18, decimal_places=4, null=True)  # NULL: settles nothing
    currency = models.CharField(max_length=3, db_collation="C", blank=True)
    samples = models.JSONField(default=list)  # random samples for spot checks, with what draws them again
    drafted_by = models.CharField(max_length=150, blank=True)
    drafted_at = models.DateTimeField()
    issue_due_at = models.DateTimeField(null=True)  # by the contract; NULL: it names no term
    issued_by = models.CharField(max_length=150, blank=True)
    issued_for = models.CharField(max_length=200, blank=True)  # organisation of who issued it
    issued_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)  # accept or appeal until then
    answered_by = models.CharField(max_length=150, blank=True)
    answered_for = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)  # the opinion with which it was accepted
    is_accepted_by_silence = models.BooleanField(default=False)
    arbitration_due_at = models.DateTimeField(null=True)
    arbitrated_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=150, blank=True)
    settled_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)  # when a reminder or the end of a term is due

    class Meta:
        db_table = "statement"
        indexes = [
            models.Index(fields=["scope", "-id"], name="statement_scope"),
            models.Index(
                fields=["next_check_at"],
                name="statement_check",
                condition=models.Q(next_check_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "period", "edition"],
                name="statement_edition",
                condition=~models.Q(state="discarded"),
            ),
            models.CheckConstraint(
                condition=models.Q(frozen__isnull=True, digest__isnull=True)
                | models.Q(frozen__isnull=False, digest__isnull=False),
                name="statement_frozen_digest",
            ),
        ]


class StatementPart(models.Model):
    """A signed statement that an issued one of a longer period is made of. Added with the issue and never changed."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="parts", db_index=False)
    part = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="part_of")

    class Meta:
        db_table = "statement_part"
        constraints = [models.UniqueConstraint(fields=["statement", "part"], name="statement_part_once")]


class StatementInput(models.Model):
    """What a person entered for a statement. Never changed, only withdrawn; its files hang on its entry."""

    class Kind(models.TextChoices):
        VALUE = "value"  # of an item
        MARK = "mark"  # of an item, by a rater
        EVENT = "event"  # of a kind
        NONE_HAPPENED = "none_happened"  # no event of a kind

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="inputs")
    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    key = models.CharField(max_length=40, db_collation="C")  # item, or kind of event
    event_key = models.CharField(
        max_length=100, db_collation="C", blank=True
    )  # by which an appeal names the event
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # or mark; NULL: not applicable
    quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # of an event
    party = models.CharField(max_length=16, db_collation="C", blank=True)  # liable for an event
    occurred_at = models.DateTimeField(null=True)  # of an event
    subject = models.CharField(max_length=64, db_collation="C", blank=True)  # number of a ticket
    note = models.TextField(blank=True)
    reason = models.TextField(blank=True)  # of a mark
    role = models.CharField(max_length=40, db_collation="C", blank=True)  # rater's word in the scheme
    rater = models.CharField(max_length=150, blank=True)  # whose mark it is
    side = models.CharField(max_length=8, choices=Side.choices, db_collation="C")
    entered_by = models.CharField(max_length=150)
    entered_for = models.CharField(max_length=200, blank=True)  # organisation
    entered_at = models.DateTimeField()
    entry_id = models.BigIntegerField()  # the entry that brought it, and on which its files hang
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    why_withdrawn = models.TextField(blank=True)

    class Meta:
        db_table = "statement_input"
        indexes = [models.Index(fields=["statement", "id"], name="statement_input_order")]


class Appeal(models.Model):
    """What the provider contests of a statement: one item, or one event within it, and what became of it."""

    class Decision(models.TextChoices):
        UPHELD = "upheld"
        PARTLY = "partly"
        REJECTED = "rejected"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="appeals")
    item = models.CharField(max_length=40, db_collation="C")
    event = models.CharField(
        max_length=200, db_collation="C", blank=True
    )  # key of an event; "": the item as such
    argument = models.TextField()
    claim = models.TextField()  # what is asked for
    filed_by = models.CharField(max_length=150)
    filed_for = models.CharField(max_length=200, blank=True)
    filed_at = models.DateTimeField()
    entry_id = models.BigIntegerField()
    reply = models.TextField(blank=True)  # of the client
    replied_by = models.CharField(max_length=150, blank=True)
    replied_for = models.CharField(max_length=200, blank=True)
    replied_at = models.DateTimeField(null=True)
    reply_entry_id = models.BigIntegerField(null=True)
    decision = models.CharField(max_length=8, choices=Decision.choices, db_collation="C", blank=True)
    change = models.JSONField(default=dict)  # what the decision changes; {} nothing
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "appeal"
        constraints = [models.UniqueConstraint(fields=["statement", "item", "event"], name="appeal_target")]


class AppealVote(models.Model):
    """What one side wants an appeal to be decided as; it may change until both agree."""

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="votes")
    side = models.CharField(max_length=8, choices=Side.choices, db_collation="C")
    decision = models.CharField(max_length=8, choices=Appeal.Decision.choices, db_collation="C")
    change = models.JSONField(default=dict)
    reason = models.TextField()
    voted_by = models.CharField(max_length=150)
    voted_for = models.CharField(max_length=200, blank=True)
    voted_at = models.DateTimeField()

    class Meta:
        db_table = "appeal_vote"
        constraints = [models.UniqueConstraint(fields=["appeal", "side"], name="appeal_vote_side")]


class Signature(models.Model):
    """A side's signature under a statement: over its digest, with what verifies it. Added and never changed."""

    class Method(models.TextChoices):
        PASSKEY = "passkey"
        CONFIRMATION = "confirmation"
        SCAN = "scan"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=8, choices=Side.choices, db_collation="C")
    method = models.CharField(max_length=16, choices=Method.choices, db_collation="C")
    signer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=150)  # the name at that time
    organisation = models.CharField(max_length=200)
    signed_at = models.DateTimeField()
    digest = models.BinaryField()  # SHA-256 that was signed: the statement's
    proof = models.JSONField(default=dict)  # what verifies it, by the method
    entry_id = models.BigIntegerField()

    class Meta:
        db_table = "statement_signature"
        constraints = [models.UniqueConstraint(fields=["statement", "side"], name="statement_signature_side")]


class Rectification(SubjectBase):
    """What the client wants mended after a statement, by when (限期整改通知). Moved by its actions only."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="rectifications")
    item = models.CharField(max_length=40, db_collation="C", blank=True)  # of the scheme
    trigger = models.CharField(max_length=40, db_collation="C", blank=True)  # that calls for it
    what = models.TextField()
    due_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=150)
    ordered_for = models.CharField(max_length=200, blank=True)
    report = models.TextField(blank=True)  # what the provider did
    reported_by = models.CharField(max_length=150, blank=True)
    reported_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)  # of the client: opinion, or why it was sent back
    verified_by = models.CharField(max_length=150, blank=True)
    verified_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)  # when a reminder is due

    class Meta:
        db_table = "rectification"
        indexes = [
            models.Index(fields=["scope", "-id"], name="rectification_scope"),
            models.Index(
                fields=["next_check_at"],
                name="rectification_check",
                condition=models.Q(next_check_at__isnull=False),
            ),
        ]
