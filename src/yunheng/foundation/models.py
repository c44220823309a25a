"""Tenant, journal, log and numbering: the tables that every other package stands on."""

from django.db import models
from django.db.models.functions import Now

from .identity import uuid7


class Scope(models.Model):
    """The tenant. A contract is one-to-one with a scope; every row that belongs to a client carries it."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    # Lower case; the contract has the same key.
    key = models.CharField(max_length=32, unique=True, db_collation="C")
    name = models.CharField(max_length=200)
    zone = models.CharField(max_length=64)  # IANA; decides the date in numbers
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "scope"

    def __str__(self) -> str:
        return self.key


class SubjectBase(models.Model):
    """What every subject (ticket, work order, statement …) has; concrete tables share one id sequence."""

    id = models.BigIntegerField(
        primary_key=True,
        db_default=models.Func(models.Value("subject_id_seq"), function="nextval"),
        editable=False,
    )
    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, db_index=False, related_name="+")
    number = models.CharField(max_length=64, unique=True, db_collation="C")
    state = models.CharField(max_length=40, db_collation="C")
    process_key = models.CharField(max_length=40, db_collation="C")
    process_version = models.PositiveIntegerField()
    row_version = models.PositiveIntegerField(default=1)  # grows by one at each change; guards lost updates
    opened_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class Entry(models.Model):
    """One thing that happened to a subject. Append-only: the header of a leaf (see docs/adr/0001).

    The journal checks the scope as it writes, and the application cannot delete one: no constraint is needed.
    """

    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    subject_id = models.BigIntegerField()
    subject_number = models.CharField(max_length=64, db_collation="C")
    type = models.CharField(max_length=80, db_collation="C")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16, db_collation="C")  # person, token, system, import
    source = models.CharField(max_length=16, db_collation="C")  # server, person, device, import
    shared_digest = models.BinaryField(null=True)
    internal_digest = models.BinaryField(null=True)
    personal_digest = models.BinaryField(null=True)
    leaf = models.BinaryField()  # 32 bytes

    class Meta:
        db_table = "entry"
        indexes = [models.Index(fields=["scope", "subject_id", "id"], name="entry_subject")]


class EntryBody(models.Model):
    """The erasable part of an entry: data per visibility class with its salt. Redaction sets both to NULL.

    `personal` always holds {"actor": {"id": …, "name": …}}: an entry's actor is (kind, id, display name), no
    foreign key. Rows that are never deleted need no constraint to the entry; a lookup per row would be the
    largest cost of bulk writes. `check_log` finds what does not belong together.
    """

    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, related_name="body", db_constraint=False
    )
    shared = models.JSONField(null=True)
    shared_salt = models.BinaryField(null=True)
    internal = models.JSONField(null=True)
    internal_salt = models.BinaryField(null=True)
    personal = models.JSONField(null=True)
    personal_salt = models.BinaryField(null=True)

    class Meta:
        db_table = "entry_body"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(**{f"{name}__isnull": True, f"{name}_salt__isnull": True})
                | models.Q(**{f"{name}__isnull": False, f"{name}_salt__isnull": False}),
                name=f"entry_body_{name}",
            )
            for name in ("shared", "internal", "personal")
        ]


class Unsealed(models.Model):
    """An entry that waits for the sealer; inserted in the entry's own transaction."""

    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )

    class Meta:
        db_table = "unsealed"


class FollowUp(models.Model):
    """An entry that waits for a task which takes many at once (see `follow_ups`); inserted in the entry's own
    transaction, deleted in that of what the task did.
    """

    pk = models.CompositePrimaryKey("task", "entry_id")
    task = models.CharField(max_length=100, db_collation="C")  # name of the task in the queue
    entry_id = models.BigIntegerField()

    class Meta:
        db_table = "follow_up"


class LogLeaf(models.Model):
    """Position of an entry in its scope's log: RFC 9162 leaf `index`, in sealing order."""

    pk = models.CompositePrimaryKey("scope_id", "index")
    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    index = models.BigIntegerField()
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, related_name="log_leaf", db_constraint=False
    )
    leaf = models.BinaryField()

    class Meta:
        db_table = "log_leaf"


class LogNode(models.Model):
    """A complete subtree of 2^level leaves that begins at leaf index × 2^level: proofs read these, not all leaves.

    Only levels from `sealing.NODE_LEVEL` on are kept. Derived from log_leaf, and verified with it.
    """

    pk = models.CompositePrimaryKey("scope_id", "level", "index")
    scope = models.ForeignKey(
        Scope, on_delete=models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "log_node"


class LogState(models.Model):
    """The sealer's running state of one log: size and the compact range (frontier) of its tree."""

    scope = models.OneToOneField(Scope, on_delete=models.PROTECT, primary_key=True, related_name="+")
    size = models.BigIntegerField()
    frontier = models.BinaryField()

    class Meta:
        db_table = "log_state"


class SigningKey(models.Model):
    """A public key that signs tree heads; the private key is a file outside the database."""

    key_id = models.CharField(
        max_length=64, unique=True, db_collation="C"
    )  # hex SHA-256 of the raw public key
    public_key = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    endorsement = models.BinaryField(null=True)  # the previous key's signature over this public key

    class Meta:
        db_table = "signing_key"


class TreeHead(models.Model):
    """A signed tree head of one log at one size."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, db_index=False, related_name="+")
    size = models.BigIntegerField()
    root = models.BinaryField()
    signed_at = models.DateTimeField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    signature = models.BinaryField()

    class Meta:
        db_table = "tree_head"
        constraints = [models.UniqueConstraint(fields=["scope", "size"], name="tree_head_size")]


class LogAudit(models.Model):
    """One verification of one log by the system itself: how far it went and what it found."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, db_index=False, related_name="+")
    is_full = models.BooleanField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    size = models.BigIntegerField()  # leaves that are verified now, this time and before
    last_entry = models.BigIntegerField()  # highest entry id that is verified now
    problem_count = models.PositiveIntegerField()
    problems = models.JSONField(default=list)  # the first ones, as text

    class Meta:
        db_table = "log_audit"
        indexes = [models.Index(fields=["scope", "id"], name="log_audit_scope")]


class NumberCounter(models.Model):
    """The last number given out per scope, kind and local day."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, db_collation="C")
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        db_table = "number_counter"
        constraints = [models.UniqueConstraint(fields=["scope", "kind", "day"], name="number_counter_key")]


class Attachment(models.Model):
    """A file that belongs to an entry of a subject. Its SHA-256 stands in the entry, so the seal covers it."""

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, db_index=False, related_name="+")
    subject_id = models.BigIntegerField()
    entry_id = models.BigIntegerField()  # the entry that brought it
    name = models.CharField(max_length=200)  # as its sender named it, without folders and control characters
    media_type = models.CharField(max_length=100)  # by its name; never trusted, never sent to a browser
    size = models.BigIntegerField()  # bytes
    digest = models.BinaryField()  # SHA-256 of the content
    is_internal = models.BooleanField(default=False)  # for the provider alone, like an internal note
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "attachment"
        indexes = [models.Index(fields=["scope", "subject_id", "id"], name="attachment_subject")]


class AttachmentContent(models.Model):
    """The bytes of an attachment, in the database: written with the entry, in every backup, on every node."""

    attachment = models.OneToOneField(
        Attachment, on_delete=models.CASCADE, primary_key=True, related_name="content"
    )
    data = models.BinaryField(null=True)  # NULL: erased; digest and entry stay

    class Meta:
        db_table = "attachment_content"


class IdempotencyKey(models.Model):
    """An API write that was carried out under a key, with its answer: the same call again changes nothing.

    Inserted in the write's own transaction, so that key and write stand or fall together. Kept for 24 hours.
    """

    holder = models.CharField(max_length=64, db_collation="C")  # "token:<uuid>" or "person:<uuid>"
    key = models.CharField(max_length=255, db_collation="C")
    request_digest = models.BinaryField()  # SHA-256 over method, path, query and body
    status = models.PositiveSmallIntegerField(null=True)
    media_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "idempotency_key"
        constraints = [models.UniqueConstraint(fields=["holder", "key"], name="idempotency_key_holder")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_created")]
