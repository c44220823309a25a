"""What people want to be told and when, webhooks, and what became of every message."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import Scope


class Preference(models.Model):
    """A person's own word on one event; without a row the event's default holds."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(max_length=40, db_collation="C")
    is_wanted = models.BooleanField()

    class Meta:
        db_table = "notify_preference"
        constraints = [models.UniqueConstraint(fields=["person", "event"], name="notify_preference_key")]


class QuietHours(models.Model):
    """When a person is not to be disturbed, by the clock of the person's own zone; may cross midnight."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    begins = models.TimeField()
    ends = models.TimeField()
    are_urgent_let_through = models.BooleanField(default=True)  # breaches and what is about to breach

    class Meta:
        db_table = "notify_quiet_hours"
        constraints = [
            models.CheckConstraint(condition=~models.Q(begins=models.F("ends")), name="notify_quiet_span")
        ]


class Webhook(models.Model):
    """An address of another system that is told what happens under one contract."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=100)  # "whsec_" and base64 of 32 random bytes; shown once
    events = ArrayField(
        models.CharField(max_length=60)
    )  # types of entries; a type that ends in ".*" is a family
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    failing_since = models.DateTimeField(null=True)  # no delivery arrived since
    switched_off_because = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "webhook"


class Delivery(models.Model):
    """One message to one person or webhook: the delivery log. Also what was *not* sent stands here, with why."""

    class Channel(models.TextChoices):
        MAIL = "mail"
        WEBHOOK = "webhook"

    class Status(models.TextChoices):
        WAITING = "waiting"  # for the next try, or for the end of quiet hours
        SENT = "sent"
        FAILED = "failed"  # given up
        NOT_SENT = "not_sent"  # decided against, see `reason`

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    channel = models.CharField(max_length=8, choices=Channel.choices, db_collation="C")
    event = models.CharField(max_length=60, db_collation="C")  # of events.py, or the type of an entry
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    subject_number = models.CharField(max_length=64, db_collation="C", blank=True)
    entry_id = models.BigIntegerField(default=0)  # what it tells of; 0 for what is no entry
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, null=True, related_name="+")
    address = models.CharField(max_length=500)  # as it was when decided
    subject = models.CharField(max_length=300, blank=True)
    # What goes with a mail, as references that the package which books it turns into files (see `attaching`).
    files = models.JSONField(default=list)
    body = models.TextField()  # the mail's text, or the webhook's JSON exactly as signed
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING, db_collation="C")
    reason = models.CharField(max_length=40, db_collation="C", blank=True)  # a named decision
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    next_try_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery"
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=models.Q(status="waiting")),
            models.Index(fields=["scope", "-id"], name="delivery_scope"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["entry_id", "event", "person"],
                name="delivery_once_per_person",
                condition=models.Q(entry_id__gt=0, person__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["entry_id", "webhook"],
                name="delivery_once_per_webhook",
                condition=models.Q(entry_id__gt=0, webhook__isnull=False),
            ),
        ]
