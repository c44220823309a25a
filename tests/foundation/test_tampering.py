"""What a superuser does with the triggers off, the next check sees, and names the entry."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from tests.conftest import clone, drop
from tests.foundation.ground import ALICE, make_draft, make_scope

from yunheng.foundation.journal import record, record_many, redact
from yunheng.foundation.keys import rotate_key
from yunheng.foundation.models import Entry, LogLeaf, Scope, Unsealed
from yunheng.foundation.sealing import check_log, seal
from yunheng.site.cli.database import connected_to

TABLES = ("entry", "entry_body", "log_leaf", "log_node", "tree_head", "signing_key")


@pytest.fixture(scope="module")
def world(migrated_template, django_db_blocker, tmp_path_factory):
    """A sealed log of seven entries under two heads, and another log that nobody touches."""
    database = clone(migrated_template, "yunheng_tampering")
    kept, django_settings.DATA = django_settings.DATA, tmp_path_factory.mktemp("tampering")
    try:
        with django_db_blocker.unblock(), connected_to(database.app_url):
            scope, other = make_scope(), make_scope("other")
            for count in (4, 3):
                with transaction.atomic():
                    record_many([make_draft(scope, subject) for subject in range(count)])
                    record(make_draft(other))
                seal()
        yield database
    finally:
        django_settings.DATA = kept
        drop(database, database.name)


@pytest.fixture
def scope(world, django_db_blocker):
    """The first log, as a superuser sees it, in a transaction that is rolled back."""
    with django_db_blocker.unblock(), connected_to(world.superuser_url), transaction.atomic():
        yield Scope.objects.get(key="acme")
        transaction.set_rollback(True)


@pytest.fixture
def cheat(scope):
    """SQL with the triggers of every kept table off."""

    def run(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            cursor.execute(statement, values or None)

    return run


def victim(scope, index=2):
    return LogLeaf.objects.select_related("entry").get(scope=scope, index=index).entry


def named(scope, entry, *, is_full=True):
    """What the next check says of this entry; it must say nothing of others, nor of the other log."""
    assert check_log(Scope.objects.get(key="other")).is_sound
    check = check_log(scope, is_full=is_full)
    others = {problem.entry_id for problem in check.problems} - {entry.pk, None}
    assert not others
    problems = [problem for problem in check.problems if problem.entry_id == entry.pk]
    for problem in problems:
        assert problem.subject_number in ("", entry.subject_number)
        assert str(entry.pk) in str(problem)
    return [problem.message for problem in problems]


def test_an_untouched_log_is_sound(scope):
    check = check_log(scope)
    assert (check.problems, check.warnings, check.size, check.heads, check.waiting) == ([], [], 7, 2, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("type = 'ticket.closed'", "its header is not what its leaf commits to"),
        (
            "occurred_at = occurred_at - interval '1 microsecond'",
            "its header is not what its leaf commits to",
        ),
        ("recorded_at = recorded_at + interval '1 hour'", "its header is not what its leaf commits to"),
        ("subject_number = 'ACME-INC-20260401-9999'", "its header is not what its leaf commits to"),
        ("actor_kind = 'system'", "its header is not what its leaf commits to"),
        ("source = 'import'", "its header is not what its leaf commits to"),
        ("shared_digest = NULL", "it has shared data that its leaf does not commit to"),
        ("shared_digest = sha256('x')", "its shared data is not what was recorded"),
        ("leaf = sha256('x')", "its leaf is not the one in the log"),
    ],
)
def test_an_altered_entry_is_named(scope, cheat, change, message):
    entry = victim(scope)
    cheat(f"UPDATE entry SET {change} WHERE id = %s", entry.pk)
    entry.refresh_from_db()
    assert message in named(scope, entry)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("shared = shared || '{\"priority\": 3}'", "its shared data is not what was recorded"),
        ("internal = '{}'", "its internal data is not what was recorded"),
        ('personal = \'{"actor": {"id": "x", "name": "y"}}\'', "its personal data is not what was recorded"),
        ("personal_salt = '\\x00'", "its personal data is not what was recorded"),
        ("shared = '{\"n\": 1.50}'", "its shared data is not what was recorded"),
        (
            "shared = NULL, shared_salt = NULL",
            "its shared data was erased, and no entry.redacted entry says so",
        ),
    ],
)
def test_an_altered_body_is_named(scope, cheat, change, message):
    entry = victim(scope)
    cheat(f"UPDATE entry_body SET {change} WHERE entry_id = %s", entry.pk)
    assert named(scope, entry) == [message]


def test_a_deleted_entry_is_named(scope, cheat):
    entry = victim(scope)
    cheat("DELETE FROM entry WHERE id = %s", entry.pk)
    assert named(scope, entry) == ["it is sealed, but gone"]


def test_a_deleted_body_is_named(scope, cheat):
    entry = victim(scope)
    cheat("DELETE FROM entry_body WHERE entry_id = %s", entry.pk)
    assert named(scope, entry) == ["its body is gone"]


def test_a_leaf_taken_out_of_the_log_is_named(scope, cheat):
    entry = victim(scope)
    cheat("DELETE FROM log_leaf WHERE entry_id = %s", entry.pk)
    assert named(scope, entry) == ["it stands in no log and does not wait for the sealer"]
    assert "leaf 2 is gone" in check_log(scope).problems[0].message


def test_an_altered_leaf_is_named(scope, cheat):
    entry = victim(scope)
    cheat("UPDATE log_leaf SET leaf = sha256('x') WHERE entry_id = %s", entry.pk)
    assert "its leaf is not the one in the log" in named_any(scope, entry)


def named_any(scope, entry):
    return [problem.message for problem in check_log(scope).problems if problem.entry_id == entry.pk]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("entry", "it is sealed, but gone"),
        ("entry_body", "its body is gone"),
        ("log_leaf", "it stands in no log and does not wait for the sealer"),
    ],
)
def test_truncation_names_every_entry(scope, cheat, table, message):
    ids = set(LogLeaf.objects.filter(scope=scope).values_list("entry_id", flat=True))
    cheat(f"TRUNCATE {table}")
    found = {problem.entry_id for problem in check_log(scope).problems if problem.message == message}
    assert found == ids


def test_an_entry_inserted_again_with_other_content_is_named(scope, cheat):
    """Deleted and re-inserted under the same id, with digests and leaf that fit one another."""
    entry = victim(scope)
    forged = forge(scope, entry)
    cheat("DELETE FROM entry_body WHERE entry_id = %s", entry.pk)
    cheat("DELETE FROM entry WHERE id = %s", entry.pk)
    cheat("UPDATE entry_body SET entry_id = %s WHERE entry_id = %s", entry.pk, forged)
    cheat("UPDATE entry SET id = %s WHERE id = %s", entry.pk, forged)
    assert named(scope, entry) == ["its leaf is not the one in the log"]


def test_a_replacement_that_reaches_into_the_log_is_among_those_named(scope, cheat):
    """Entry, body, digests, leaf and log are all made to fit; only the signed root does not."""
    entry = victim(scope)
    forged = forge(scope, entry)
    cheat("DELETE FROM entry_body WHERE entry_id = %s", entry.pk)
    cheat("DELETE FROM entry WHERE id = %s", entry.pk)
    cheat("UPDATE entry_body SET entry_id = %s WHERE entry_id = %s", entry.pk, forged)
    cheat("UPDATE entry SET id = %s WHERE id = %s", entry.pk, forged)
    cheat(
        "UPDATE log_leaf SET leaf = (SELECT leaf FROM entry WHERE id = entry_id) WHERE entry_id = %s",
        entry.pk,
    )
    check = check_log(scope)
    suspects = [problem for problem in check.problems if problem.entry_id]
    assert [problem.index for problem in suspects] == [
        0,
        1,
        2,
        3,
    ]  # those under the first head that does not fit
    assert entry.pk in {problem.entry_id for problem in suspects}
    assert "not what the head at 4 signs" in suspects[0].message


def forge(scope, entry):
    """An entry like the given one with other data, which never waits for the sealer; returns its id."""
    with transaction.atomic():
        draft = make_draft(scope, entry.subject_id, shared={"title": "nothing happened"})
        pk = record(draft)
        Unsealed.objects.filter(pk=pk).delete()
    return pk


def test_an_entry_smuggled_past_the_sealer_is_named(scope):
    pk = forge(scope, victim(scope))
    assert named(scope, Entry.objects.get(pk=pk)) == ["it stands in no log and does not wait for the sealer"]


def test_an_entry_deleted_while_it_waits_is_named(scope, cheat):
    with transaction.atomic():
        pk = record(make_draft(scope))
    entry = Entry.objects.get(pk=pk)
    cheat("DELETE FROM entry WHERE id = %s", pk)
    assert seal().leaves == 0
    assert named(scope, entry) == ["it waits for the sealer, but is gone"]


def test_an_entry_altered_while_it_waits_is_named(scope, cheat):
    with transaction.atomic():
        pk = record(make_draft(scope))
    cheat("UPDATE entry_body SET shared = '{}' WHERE entry_id = %s", pk)
    assert named(scope, Entry.objects.get(pk=pk)) == ["its shared data is not what was recorded"]


def test_an_entry_that_waits_too_long_is_named(scope, cheat):
    with transaction.atomic():
        pk = record(make_draft(scope), recorded_at=datetime.now(UTC) - timedelta(minutes=11))
    assert "it waits for the sealer since" in named(scope, Entry.objects.get(pk=pk))[0]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE tree_head SET root = sha256('x') WHERE size = 7", "its signature is not valid"),
        ("UPDATE tree_head SET signature = sha512('x') WHERE size = 4", "its signature is not valid"),
        (
            "UPDATE tree_head SET signed_at = signed_at + interval '1 day' WHERE size = 4",
            "its signature is not valid",
        ),
        ("UPDATE log_state SET frontier = sha256('x') WHERE size = 7", "sealer's state"),
        ("DELETE FROM log_state WHERE size = 7", "state of the log is gone"),
        ("DELETE FROM tree_head WHERE size = 7", "stand behind the newest head"),
        ("TRUNCATE tree_head", "there is no signed head"),
        ("DELETE FROM log_leaf WHERE index > 4", "the newest leaves are gone"),
    ],
)
def test_altered_heads_and_state_are_found(scope, cheat, statement, message):
    cheat(statement.replace("WHERE", "WHERE scope_id = (SELECT id FROM scope WHERE key = 'acme') AND"))
    assert any(message in str(problem) for problem in check_log(scope).problems)


def test_a_head_signed_with_a_key_of_their_own_is_found(scope, cheat, tmp_path, settings):
    """The operator begins a new chain of keys and signs another history."""
    settings.DATA = tmp_path / "elsewhere"
    rotate_key(is_lost=True)
    assert "has not endorsed it" in check_log(scope).warnings[0]


def test_a_stored_subtree_that_is_altered_is_found(scope, cheat):
    with transaction.atomic():
        record_many([make_draft(scope) for _ in range(300)])
    seal()
    assert check_log(scope).is_sound
    cheat("UPDATE log_node SET hash = sha256('x')")
    assert "stored subtree over the leaves 0 to 255" in check_log(scope).problems[0].message


def test_a_redaction_covers_only_what_it_names(scope, cheat):
    entry = victim(scope)
    redact(actor=ALICE, entry_id=entry.pk, classes=["shared"], reason="x")
    assert check_log(scope).is_sound
    cheat("UPDATE entry_body SET internal = NULL, internal_salt = NULL WHERE entry_id = %s", entry.pk)
    assert named(scope, entry) == ["its internal data was erased, and no entry.redacted entry says so"]


# --- going on from an audit ---


def test_a_later_check_goes_on_where_the_audit_ended(scope, cheat):
    check_log(scope).keep(scope)
    with transaction.atomic():
        record_many([make_draft(scope) for _ in range(3)])
    seal()
    check = check_log(scope, is_full=False)
    assert (check.first, check.size, check.problems) == (7, 10, [])
    check.keep(scope)
    old = victim(scope, 1)
    cheat("UPDATE entry_body SET shared = '{}' WHERE entry_id = %s", old.pk)
    assert named(scope, old) == ["its shared data is not what was recorded"]
    assert check_log(
        scope, is_full=False
    ).is_sound  # it was verified earlier: the full check at night finds it
    with transaction.atomic():
        pk = record(make_draft(scope))
    seal()
    cheat("UPDATE entry_body SET shared = '{}' WHERE entry_id = %s", pk)
    assert named(scope, Entry.objects.get(pk=pk), is_full=False) == [
        "its shared data is not what was recorded"
    ]


def test_a_later_check_holds_new_heads_against_the_old_one(scope, cheat):
    check_log(scope).keep(scope)
    cheat("UPDATE log_leaf SET leaf = sha256('x') WHERE index = 1 AND scope_id = %s", scope.pk)
    assert "are not what the head there signs" in check_log(scope, is_full=False).problems[0].message
    cheat("DELETE FROM tree_head WHERE scope_id = %s", scope.pk)
    assert any("an audit has seen, is gone" in str(p) for p in check_log(scope, is_full=False).problems)


def test_problems_beyond_the_first_are_counted_and_not_kept(scope, cheat, monkeypatch):
    monkeypatch.setattr("yunheng.foundation.log_check._MOST_KEPT", 3)
    cheat("UPDATE entry SET source = 'device' WHERE scope_id = %s", scope.pk)
    altered = check_log(scope)
    assert (len(altered.problems), altered.is_sound) == (3, False)
    assert altered.problem_count == 3 + altered.unnamed_count >= 7
    assert altered.keep(scope).problem_count == altered.problem_count
    cheat("DELETE FROM log_leaf WHERE scope_id = %s", scope.pk)
    strays = check_log(scope)
    assert len(strays.problems) == 3
    assert strays.problem_count >= 7


def test_few_problems_are_all_kept(scope, cheat):
    cheat("UPDATE entry SET source = 'device' WHERE scope_id = %s AND subject_id = 1", scope.pk)
    check = check_log(scope)
    assert check.problem_count == len(check.problems) > 0
    assert check.unnamed_count == 0
