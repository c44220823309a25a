"""Organisations, people, teams, memberships (person, role, scope) and API tokens."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now

from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import Scope


class Organisation(models.Model):
    """A provider, a client or a supplier."""

    class Kind(models.TextChoices):
        PROVIDER = "provider"
        CLIENT = "client"
        SUPPLIER = "supplier"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    key = models.CharField(max_length=64, unique=True, db_collation="C")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "organisation"

    def __str__(self) -> str:
        return self.name


class Person(AbstractBaseUser):
    """Somebody who signs in or is named; `login` is unique in the installation."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    login = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=150)
    email = models.EmailField(blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    language = models.CharField(max_length=16, default="zh-hans")
    zone = models.CharField(max_length=64, default="Asia/Shanghai")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False, db_default=False)  # somebody else has set it
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS = ["name"]
    objects = BaseUserManager()

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A group of people who take work together, on a support line."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="teams")
    key = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=150)
    line = models.CharField(max_length=16, default="first")  # first, second, third, supplier
    people = models.ManyToManyField(Person, related_name="teams", db_table="team_person")

    class Meta:
        db_table = "team"
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="team_key")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person has a role in a scope. No scope: in every scope (installation administrators only)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=32, db_collation="C")
    scope = models.ForeignKey(Scope, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "scope"], name="membership_key", nulls_distinct=False
            )
        ]


class ApiToken(models.Model):
    """A bearer token of a person, with scopes that can only narrow what the person may do."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True)  # SHA-256 of the secret; the secret is shown once
    hint = models.CharField(max_length=12)  # first characters, to recognise it
    scopes = ArrayField(models.CharField(max_length=32))  # "read", "write", "admin"
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_token"


class Session(AbstractBaseSession):
    """Somebody's browser while it is signed in, or on its way there (then without a person). Written by the engine of
    sessions alone; the columns repeat what the data says, so that a person's sessions can be listed and ended.
    """

    # Not unique: for a moment there are two rows, while a session gets a new key.
    uuid = models.UUIDField(default=uuid7, db_index=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sessions")
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)  # what the browser says of itself

    class Meta:
        db_table = "session"


class Usage(models.Model):
    """How much of one kind a person has used within one period (see `quotas`)."""

    pk = models.CompositePrimaryKey("person_id", "kind", "begins_at")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, db_index=False, related_name="+")
    kind = models.CharField(max_length=32, db_collation="C")
    begins_at = models.DateTimeField(db_index=True)
    amount = models.BigIntegerField()

    class Meta:
        db_table = "person_usage"
