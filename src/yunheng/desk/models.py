"""Tickets: incidents and service requests, with what belongs to them: links, proposals, words, saved views."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Organisation, Person, Team
from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import Scope, SubjectBase


class Ticket(SubjectBase):
    """What somebody asked for or reported. Moved by desk.actions only; every change has an entry."""

    class Kind(models.TextChoices):
        INCIDENT = "incident"
        SERVICE_REQUEST = "service_request"

    kind = models.CharField(max_length=20, choices=Kind.choices, db_collation="C")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    channel = models.CharField(
        max_length=20, db_collation="C"
    )  # portal, phone, mail, im, api, fax, alert, inspection, import
    service = models.CharField(max_length=64, db_collation="C")  # offering key of the contract
    impact = models.CharField(max_length=16, db_collation="C", blank=True)
    urgency = models.CharField(max_length=16, db_collation="C", blank=True)
    priority = models.CharField(max_length=16, db_collation="C")
    is_major = models.BooleanField(default=False)
    category = models.CharField(max_length=100, blank=True)
    ci = models.CharField(max_length=100, blank=True)
    cause = models.CharField(max_length=100, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    # Every change of a row is written into every index: these three have one below that does what theirs would.
    assignee = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    supplier = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    requester = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    requester_name = models.CharField(max_length=150, blank=True)
    resolution = models.TextField(blank=True)
    restored_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)  # when it came into its state; NULL: when it was opened
    reopen_count = models.PositiveIntegerField(default=0)
    is_observed = models.BooleanField(default=False)  # history from another system: observed, not executed
    source_system = models.CharField(max_length=40, db_collation="C", blank=True)
    source_number = models.CharField(max_length=100, db_collation="C", blank=True)

    class Meta:
        db_table = "ticket"
        indexes = [
            models.Index(fields=["scope", "-opened_at", "-id"], name="ticket_opened"),
            models.Index(fields=["scope", "state", "priority", "-opened_at"], name="ticket_state"),
            models.Index(  # not of those without: a third of a large desk, which a plan would then read whole
                fields=["assignee"], name="ticket_assignee", condition=models.Q(assignee__isnull=False)
            ),
            models.Index(
                fields=["assignee", "-opened_at"], name="ticket_mine", condition=models.Q(closed_at=None)
            ),
            models.Index(
                fields=["team", "-opened_at"],
                name="ticket_unassigned",
                condition=models.Q(closed_at=None, assignee=None),
            ),
            models.Index(
                fields=["team", "-opened_at"], name="ticket_team", condition=models.Q(closed_at=None)
            ),
            models.Index(fields=["requester", "-opened_at", "-id"], name="ticket_requester"),
            models.Index(
                fields=["supplier", "-opened_at", "-id"],
                name="ticket_supplier",
                condition=models.Q(supplier__isnull=False),
            ),
            models.Index(fields=["-opened_at", "-id"], name="ticket_newest"),  # across contracts
            models.Index(
                fields=["service", "-opened_at", "-id"], name="ticket_service"
            ),  # rare values lie far apart
            models.Index(fields=["channel", "-opened_at", "-id"], name="ticket_channel"),
            models.Index(
                fields=["-opened_at", "-id"], name="ticket_open", condition=models.Q(closed_at=None)
            ),
            models.Index(
                fields=["priority", "-opened_at", "-id"],
                name="ticket_pressing",
                condition=models.Q(closed_at=None),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "source_system", "source_number"],
                name="ticket_source",
                condition=~models.Q(source_number=""),
            )
        ]


class TicketLink(models.Model):
    """Two tickets of one contract that have to do with each other, read as “`ticket` is a … of `other`”."""

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate_of"
        CAUSED = "caused_by"
        PART = "part_of"
        RELATED = "related_to"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="linked_from")
    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "ticket_link"
        constraints = [
            models.UniqueConstraint(fields=["ticket", "other", "kind"], name="ticket_link_key"),
            models.CheckConstraint(condition=~models.Q(ticket=models.F("other")), name="ticket_link_two"),
        ]


class Proposal(models.Model):
    """Something about the record that needs the agreement of somebody else before it is done (R45).

    Its proposing and its answer are entries; approval carries it out in the same transaction.
    """

    class Kind(models.TextChoices):
        CORRECT_TIME = "correct_time"
        LEAVE_OUT = "leave_out"
        TAKE_BACK = "take_back"
        EXCLUDE_WINDOW = "exclude_window"

    class Standing(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, db_index=False, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="proposals")
    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    data = models.JSONField()  # arguments of the action, instants as text
    reason = models.TextField()
    side = models.CharField(max_length=16, db_collation="C")  # of who proposed it
    needs_client = models.BooleanField()  # the client has to agree; else somebody else of the provider may
    standing = models.CharField(
        max_length=12, choices=Standing.choices, default=Standing.PROPOSED, db_collation="C"
    )
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)
    entry_id = models.BigIntegerField()  # that proposed it

    class Meta:
        db_table = "proposal"
        indexes = [
            models.Index(
                fields=["scope", "id"], name="proposal_open", condition=models.Q(standing="proposed")
            )
        ]


class TicketWords(models.Model):
    """What a ticket can be found by, per visibility class: words and Chinese bigrams (see logic.words)."""

    pk = models.CompositePrimaryKey("subject_id", "visibility")
    subject_id = models.BigIntegerField()
    visibility = models.CharField(max_length=8, db_collation="C")  # shared, internal, personal
    words = SearchVectorField()

    class Meta:
        db_table = "ticket_words"
        indexes = [GinIndex(fields=["words"], name="ticket_words_words")]


class SavedView(models.Model):
    """A list of tickets that a person keeps: filter, order and columns. Personal state; it writes no entry."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)  # query string of the list
    is_shared = models.BooleanField(default=False)  # with everybody of the owner's organisation
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "saved_view"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_name")]
