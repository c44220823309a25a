"""The mark of a demonstration in its database, and how far each person is on the guided tour."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person


class Demonstration(models.Model):
    """One row in a database that was made for the demonstration; none in any other."""

    class State(models.TextChoices):
        PREPARING = "preparing"
        READY = "ready"
        FAILED = "failed"

    state = models.CharField(max_length=12, choices=State.choices, db_collation="C")
    step = models.CharField(max_length=20, db_collation="C", default="", db_default="")  # of STEPS
    done = models.IntegerField(default=0, db_default=0)
    total = models.IntegerField(default=0, db_default=0)
    tickets = models.IntegerField(default=0, db_default=0)
    entries = models.IntegerField(default=0, db_default=0)
    seed = models.BigIntegerField()
    password = models.CharField(max_length=64)  # of the accounts on the sign-in page, which shows it
    marked_at = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "demonstration"


class TourVisit(models.Model):
    """How far somebody is on the tour. Personal state; it writes no entry."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    step = models.SmallIntegerField(default=1)
    is_over = models.BooleanField(default=False)

    class Meta:
        db_table = "demonstration_tour"
