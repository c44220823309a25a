"""Screens on the wall: what may look at the boards of some contracts without a person signed in."""

from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract
from yunheng.foundation.identity import uuid7


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
