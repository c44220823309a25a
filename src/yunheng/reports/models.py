"""Reports with their frozen contents and files, the runs that draft them, plans, and the clients' own templates."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from yunheng.accounts.models import Person
from yunheng.desk.models import Ticket
from yunheng.foundation.identity import uuid7
from yunheng.foundation.models import Scope, SubjectBase


class Kind(models.TextChoices):
    """What a report is about: a month of service, the tickets of a month one by one, or one fault."""

    MONTHLY = "monthly"
    LEDGER = "ledger"
    FAULT = "fault"


class Language(models.TextChoices):
    """Languages that a report can be written in."""

    CHINESE = "zh-Hans"
    ENGLISH = "en"


class Format(models.TextChoices):
    """What a report can be read with; the values are the endings of its files."""

    WORD = "docx"
    PDF = "pdf"
    EXCEL = "xlsx"


class Report(SubjectBase):
    """One report of one contract. Moved by reports.actions only; what was issued is never changed.

    `contents` holds per language what the files are made from: plain JSON, every figure computed at `position`.
    """

    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    period = models.CharField(
        max_length=7, db_collation="C"
    )  # YYYY-MM; of a fault: the month it was opened in
    ticket = models.ForeignKey(
        Ticket, on_delete=models.PROTECT, null=True, related_name="+"
    )  # of a fault report
    edition = models.PositiveIntegerField(default=1)  # 1, and one more with each correction
    edition_kind = models.CharField(
        max_length=16, db_collation="C", blank=True
    )  # of a fault: preliminary, final
    languages = ArrayField(models.CharField(max_length=16, db_collation="C"))
    position = models.BigIntegerField(null=True)  # log position of its figures; NULL: nothing was sealed yet
    evaluated_at = models.DateTimeField()
    contents = models.JSONField(default=dict)  # language → content
    digests = models.JSONField(default=dict)  # language → SHA-256 of its content, in hex
    comments = models.JSONField(default=dict)  # language → {summary, risks, plan, last_actions}
    written = models.JSONField(default=dict)  # of a fault: language → what a person wrote, and its "actions"
    drafted_by = models.CharField(max_length=150, blank=True)  # "" when a plan did
    drafted_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150, blank=True)
    issued_for = models.CharField(max_length=200, blank=True)  # organisation of who issued it
    issued_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # by the contract; NULL: it names no term
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)  # opinion with which it was accepted, or why it was returned
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by"
    )  # the report that this one corrects

    class Meta:
        db_table = "report"
        indexes = [models.Index(fields=["scope", "-id"], name="report_scope")]
        constraints = [
            # One draft at a time of each thing, so that two people never write on two of them.
            models.UniqueConstraint(
                fields=["scope", "kind", "period", "ticket"],
                name="report_one_draft",
                condition=models.Q(state="drafted"),
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["scope", "kind", "period", "ticket", "edition"],
                name="report_edition",
                condition=~models.Q(state="discarded"),
                nulls_distinct=False,
            ),
        ]


class ReportFile(models.Model):
    """A file of a report, in the database. Edition 0 is the preview of a draft, made anew whenever it is out of
    date; what was issued has the edition of its report, and stays.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="files")
    language = models.CharField(max_length=16, choices=Language.choices, db_collation="C")
    format = models.CharField(max_length=8, choices=Format.choices, db_collation="C")
    edition = models.PositiveIntegerField()
    source = models.BinaryField()  # SHA-256 over content and template: what it was made from
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()  # bytes
    digest = models.BinaryField()  # SHA-256 of the data
    data = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "report_file"
        constraints = [
            models.UniqueConstraint(
                fields=["report", "language", "format", "edition"], name="report_file_key"
            )
        ]


class ReportRun(models.Model):
    """The drafting of one report in the background. Personal progress; it writes no entry of its own."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    period = models.CharField(max_length=7, db_collation="C")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, null=True, related_name="+")
    languages = ArrayField(models.CharField(max_length=16, db_collation="C"))
    replaces = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="+")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING, db_collation="C")
    done = models.PositiveIntegerField(default=0)  # steps
    total = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)  # why it failed, for a person
    is_planned = models.BooleanField(default=False)  # a plan asked for it
    asked_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "report_run"
        indexes = [models.Index(fields=["scope", "-id"], name="report_run_scope")]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "kind", "period", "ticket"],
                name="report_run_one",
                condition=models.Q(state__in=["waiting", "running"]),
                nulls_distinct=False,
            ),
            # A plan asks for each period once, whatever became of it.
            models.UniqueConstraint(
                fields=["scope", "kind", "period"],
                name="report_run_planned",
                condition=models.Q(is_planned=True),
            ),
        ]


class ReportPlan(models.Model):
    """What a contract's monthly report is made of by itself: when, in which languages and formats, and for whom."""

    scope = models.OneToOneField(Scope, on_delete=models.PROTECT, primary_key=True, related_name="+")
    row_version = models.PositiveIntegerField(default=1)
    is_active = models.BooleanField(default=False)
    languages = ArrayField(models.CharField(max_length=16, db_collation="C"))
    formats = ArrayField(models.CharField(max_length=8, db_collation="C"))
    day = models.PositiveSmallIntegerField()  # of the following month, 1 to 28
    time = models.TimeField()  # by the contract's clock
    recipients = models.ManyToManyField(Person, related_name="+", db_table="report_plan_recipient")
    is_issued_by_itself = models.BooleanField(default=False)  # else a draft waits for the manager's comments
    has_files = models.BooleanField(default=False)  # mails carry the files; else a link to the page
    active_since = models.DateTimeField(null=True)  # periods that were due before are nobody's

    class Meta:
        db_table = "report_plan"
        constraints = [
            models.CheckConstraint(condition=models.Q(day__gte=1, day__lte=28), name="report_plan_day")
        ]


class ReportTemplate(models.Model):
    """The client's own Word document that reports of a kind and language are poured into."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, db_collation="C")
    language = models.CharField(max_length=16, choices=Language.choices, db_collation="C")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()  # bytes
    digest = models.BinaryField()  # SHA-256
    data = models.BinaryField()
    put_by = models.CharField(max_length=150)
    put_at = models.DateTimeField()

    class Meta:
        db_table = "report_template"
        constraints = [
            models.UniqueConstraint(fields=["scope", "kind", "language"], name="report_template_key")
        ]
