"""Tickets: incidents and service requests."""

from django.db import models

from yunheng.accounts.models import Organisation, Person, Team
from yunheng.foundation.models import SubjectBase


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
    assignee = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
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
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "source_system", "source_number"],
                name="ticket_source",
                condition=~models.Q(source_number=""),
            )
        ]
