"""Recording: the same exact bytes by every way, refused where they could not be kept, jobs in the same transaction."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate import Blueprint
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.foundation.ground import ALICE, make_draft, make_scope

from yunheng.foundation import journal
from yunheng.foundation.actor import SYSTEM, Actor
from yunheng.foundation.journal import (
    REDACTED,
    EntryDraft,
    NotChangedError,
    Rider,
    UnrecordableError,
    record,
    record_many,
    redact,
    subscribe,
    verify_entry,
)
from yunheng.foundation.models import Entry, EntryBody, IdempotencyKey, Scope, Unsealed
from yunheng.foundation.stored_form import store_form
from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import SOURCES, class_digest, leaf_hash, leaf_header

AT = datetime(2026, 4, 1, 2, 0, 0, 7, tzinfo=UTC)


def test_an_entry_is_stored_with_body_leaf_and_queue_row(scope, draft):
    entry = Entry.objects.get(pk=record(draft(), recorded_at=AT))
    assert entry.body.shared["title"] == "网络中断"
    assert entry.body.personal == {"actor": {"id": ALICE.id, "name": "王丽"}}
    assert (entry.actor_kind, entry.source, entry.recorded_at) == ("person", "person", AT)
    assert Unsealed.objects.get(pk=entry.pk).scope_id == scope.pk
    assert verify_entry(entry, entry.body, "acme") == []


def test_the_leaf_is_the_one_of_the_published_format(scope, draft):
    entry = Entry.objects.get(pk=record(draft(personal={"caller": "李四"}), recorded_at=AT))
    body = entry.body
    header = leaf_header(
        log="acme",
        subject=entry.subject_number,
        type="ticket.opened",
        occurred_at=entry.occurred_at,
        recorded_at=AT,
        actor="person",
        source="person",
        shared=class_digest(bytes(body.shared_salt), body.shared),
        internal=class_digest(bytes(body.internal_salt), body.internal),
        personal=class_digest(bytes(body.personal_salt), body.personal),
    )
    assert bytes(entry.leaf) == leaf_hash(header)


def test_bulk_writes_what_single_ones_write(scope, draft):
    drafts = [
        draft(1),
        draft(2, shared=None, internal=None, actor=SYSTEM, source="server"),
        draft(3, shared={}, internal=None, personal={"caller": "李四", "phone": "139"}),
        draft(4, shared={"引号": '"\\ \n\t\u2028😀', "n": -(2**53) + 1}),
        draft(5, occurred_at=datetime(1970, 1, 1, tzinfo=UTC)),
    ]
    single = [record(item, recorded_at=AT) for item in drafts]
    many = record_many(drafts, recorded_at=AT)
    assert many == sorted(many)
    for one, other in zip(single, many, strict=True):
        left, right = (Entry.objects.select_related("body").get(pk=pk) for pk in (one, other))
        for name in (
            "subject_id",
            "subject_number",
            "type",
            "occurred_at",
            "recorded_at",
            "actor_kind",
            "source",
        ):
            assert getattr(left, name) == getattr(right, name)
        for name in ("shared", "internal", "personal"):
            assert getattr(left.body, name) == getattr(right.body, name)
        assert verify_entry(left, left.body, "acme") == verify_entry(right, right.body, "acme") == []
    assert Unsealed.objects.filter(pk__in=many).count() == len(drafts)


def test_salts_are_fresh_so_that_equal_data_has_different_leaves(scope, draft):
    ids = record_many([draft(), draft()], recorded_at=AT)
    leaves = {bytes(leaf) for leaf in Entry.objects.filter(pk__in=ids).values_list("leaf", flat=True)}
    assert len(leaves) == 2


json_text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | json_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(json_text, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(json_text, json_values, max_size=5))
def test_every_body_comes_back_from_jsonb_to_the_same_bytes(scope, data):
    drafts = [make_draft(scope, shared=data)]
    for pk in (record(drafts[0]), record_many(drafts)[0]):
        body = EntryBody.objects.get(pk=pk)
        assert canonical(body.shared) == canonical(data)


@pytest.mark.parametrize(
    ("changes", "place", "path", "reason"),
    [
        ({"shared": {"lines": [{"price": 1.5}]}}, "shared", "lines[0].price", "float"),
        ({"internal": {"cost": Decimal("1.5")}}, "internal", "cost", "decimal"),
        ({"personal": {"n": 2**53}}, "personal", "n", "integer"),
        ({"shared": {"a": "x\0y"}}, "shared", "a", "NUL"),
        ({"shared": {"a": "\ud800"}}, "shared", "a", "surrogate"),
        ({"shared": {"at": AT}}, "shared", "at", "instant"),
        ({"shared": {"day": date(2026, 4, 1)}}, "shared", "day", "date"),
        ({"shared": {1: "x"}}, "shared", "", "key"),
        ({"shared": {"a": "x" * (5 * 1024 * 1024)}}, "shared", "", "bytes"),
        ({"personal": {"actor": "me"}}, "personal", "actor", "journal itself"),
        ({"type": "Opened"}, "header", "type", "dotted"),
        ({"type": "ticket." + "x" * 80}, "header", "type", "at most"),
        ({"source": "magic"}, "header", "source", "source"),
        ({"actor": Actor("robot", "", "")}, "header", "actor", "actor"),  # type: ignore[arg-type]
        ({"actor": Actor("person", "", "x\0")}, "personal", "actor.name", "NUL"),
        ({"subject_number": "N" * 65}, "header", "subject", "64"),
        ({"subject_number": ""}, "header", "subject", "64"),
        ({"occurred_at": datetime(2026, 4, 1)}, "header", "", "time zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_kept_exactly_is_refused_and_named(scope, draft, changes, place, path, reason):
    for write in (lambda: record(draft(**changes)), lambda: record_many([draft(), draft(**changes)])):
        with pytest.raises(UnrecordableError) as caught:
            write()
        assert (caught.value.place, caught.value.path) == (place, path)
        assert reason in str(caught.value)
    assert caught.value.position == 1
    assert not Entry.objects.exists()  # and the transaction goes on
    record(draft())


def test_a_scope_key_of_another_scope_is_refused(scope, draft):
    for write in (
        lambda: record(draft(scope_key="other")),
        lambda: record_many([draft(), draft(scope_key="other")]),
    ):
        with pytest.raises(ValueError, match="does not have the key"):
            write()
    assert not Entry.objects.exists()


def test_recording_outside_a_transaction_is_refused(committed_db):
    draft = make_draft(make_scope())
    for write in (lambda: record(draft), lambda: record_many([draft])):
        with pytest.raises(RuntimeError, match="transaction"):
            write()
    with transaction.atomic():
        record(draft)


def test_verification_names_what_is_wrong(scope, draft):
    entry = Entry.objects.get(pk=record(draft()))
    body = entry.body
    body.shared = {**body.shared, "priority": 1}
    assert verify_entry(entry, body, "acme") == ["its shared data is not what was recorded"]
    body.refresh_from_db()
    body.internal_salt = None
    assert verify_entry(entry, body, "acme") == ["of its internal data only a half is there"]
    body.refresh_from_db()
    entry.type = "ticket.closed"
    assert verify_entry(entry, body, "acme") == ["its header is not what its leaf commits to"]
    entry.refresh_from_db()
    assert verify_entry(entry, None, "acme") == ["its body is gone"]
    assert verify_entry(entry, body, "other") == ["its header is not what its leaf commits to"]


# --- redaction ---


def test_redaction_erases_and_keeps_the_leaf(scope, draft):
    pk = record(draft(personal={"caller": "李四"}))
    leaf = bytes(Entry.objects.get(pk=pk).leaf)
    note = Entry.objects.get(pk=redact(actor=ALICE, entry_id=pk, classes=["personal"], reason="Art. 47 PIPL"))
    entry = Entry.objects.get(pk=pk)
    assert (entry.body.personal, entry.body.personal_salt) == (None, None)
    assert entry.body.shared["title"] == "网络中断"
    assert bytes(entry.leaf) == leaf
    assert verify_entry(entry, entry.body, "acme") == []
    assert note.type == REDACTED
    assert note.body.shared == {"leaf": leaf.hex(), "classes": ["personal"], "reason": "Art. 47 PIPL"}


def test_redaction_refuses_what_it_cannot_do(scope, draft):
    pk = record(draft(internal=None))
    with pytest.raises(ValueError, match="reason"):
        redact(actor=ALICE, entry_id=pk, classes=["shared"], reason=" ")
    with pytest.raises(ValueError, match="no internal data"):
        redact(actor=ALICE, entry_id=pk, classes=["shared", "internal"], reason="x")
    with pytest.raises(ValueError, match="no named data"):
        redact(actor=ALICE, entry_id=pk, classes=[], reason="x")
    note = redact(actor=ALICE, entry_id=pk, classes=["shared"], reason="x")
    with pytest.raises(ValueError, match="cannot be redacted"):
        redact(actor=ALICE, entry_id=note, classes=["shared"], reason="x")
    with pytest.raises(ValueError, match="no shared data"):
        redact(actor=ALICE, entry_id=pk, classes=["shared"], reason="again")
    with pytest.raises(Entry.DoesNotExist):
        redact(actor=ALICE, entry_id=0, classes=["shared"], reason="x")


# --- jobs ---


@pytest.fixture
def followed():
    """A task that follows "ticket.opened" for the length of a test."""
    blueprint = Blueprint()

    @blueprint.task(name="follow")
    def follow(entry_id: int) -> None: ...

    app.add_tasks_from(blueprint, namespace="test")
    subscribe("ticket.opened", follow)
    subscribe("ticket.opened", follow)  # twice is once
    yield follow
    journal._tasks_by_type["ticket.opened"].remove(follow)  # those of the packages stay
    journal._jobs.cache_clear()
    del app.tasks["test:follow"]


def jobs_of(task):
    return list(
        ProcrastinateJob.objects.filter(task_name=task.name).order_by("id").values_list("args", flat=True)
    )


def test_a_job_follows_its_entry(scope, draft, followed):
    one = record(draft())
    record(draft(type="ticket.closed"))
    two, _other, three = record_many([draft(), draft(type="ticket.closed"), draft()])
    assert jobs_of(followed) == [{"entry_id": pk} for pk in (one, two, three)]


def test_a_job_is_rolled_back_with_its_entry(committed_db, followed):
    scope = make_scope()
    with pytest.raises(IntegrityError), transaction.atomic():
        record(make_draft(scope))
        assert len(jobs_of(followed)) == 1
        raise IntegrityError
    assert (Entry.objects.count(), jobs_of(followed)) == (0, [])
    with transaction.atomic():
        record(make_draft(scope))
    assert (Entry.objects.count(), len(jobs_of(followed))) == (1, 1)


def test_an_entry_its_change_and_what_rides_along_stand_or_fall_together(scope, draft, followed):
    subscribe("ticket.opened", followed)

    def change(name):
        return Rider(
            "UPDATE scope SET name = %s WHERE key = 'acme' AND name = %s RETURNING id", (name, scope.name)
        )

    rider = Rider(
        "INSERT INTO idempotency_key (holder, key, request_digest, media_type)"
        " SELECT 'rides', id::text || %s, '', '' FROM written",
        ("!",),
    )
    pk = record(draft(), change=change("Neu"), riders=[rider])
    assert Scope.objects.get().name == "Neu"
    assert [key.key for key in IdempotencyKey.objects.all()] == [f"{pk}!"]
    with pytest.raises(NotChangedError):  # the name is another one by now
        record(draft(), change=change("Noch neuer"), riders=[rider])
    assert (Entry.objects.count(), EntryBody.objects.count(), Unsealed.objects.count()) == (1, 1, 1)
    assert (IdempotencyKey.objects.count(), jobs_of(followed)) == (1, [{"entry_id": pk}])
    with pytest.raises(ValueError, match="does not have the key"):
        record(draft(scope_key="beta"), riders=[rider])
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("silent", ["ticket.observed", "source.asserted"])
def test_history_that_enters_starts_no_jobs(followed, silent):
    with pytest.raises(ValueError, match="enters in bulk"):
        subscribe(silent, followed)


def test_recording_takes_one_statement(scope, draft, django_assert_num_queries):
    with django_assert_num_queries(1):
        record(draft())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM entry_body")
        assert cursor.fetchone() == (1,)


@settings(max_examples=60, deadline=None)
@given(
    key=st.from_regex(r"[a-z][a-z0-9-]{1,20}", fullmatch=True),
    number=json_text.filter(bool),
    entry_type=st.sampled_from(["ticket.opened", "ticket.observed", "a.b_1.c2"]),
    times=st.tuples(
        *[st.datetimes(datetime(2, 1, 1), timezones=st.sampled_from([UTC, ZoneInfo("Asia/Shanghai")]))] * 2  # noqa: DTZ001
    ),
    kind=st.sampled_from(["person", "token", "system", "import"]),
    source=st.sampled_from(sorted(SOURCES)),
    classes=st.tuples(st.booleans(), st.booleans()),
)
def test_the_fast_way_to_the_leaf_gives_what_logic_gives(
    key, number, entry_type, times, kind, source, classes
):
    draft = EntryDraft(
        scope_id=1,
        scope_key=key,
        subject_id=1,
        subject_number=number,
        type=entry_type,
        occurred_at=times[0],
        actor=Actor(kind, "", ""),
        source=source,
        shared={"a": 1} if classes[0] else None,
        internal={"b": 2} if classes[1] else None,
    )
    stored = store_form(draft, times[1])
    shared, internal, personal = (None if digest is None else digest.hex() for digest in stored.digests)
    header = leaf_header(
        log=key,
        subject=number,
        type=entry_type,
        occurred_at=times[0],
        recorded_at=times[1],
        actor=kind,
        source=source,
        shared=shared,
        internal=internal,
        personal=personal,
    )
    assert stored.leaf == leaf_hash(header)
