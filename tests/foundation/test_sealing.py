"""Sealing: every committed entry gets a place in its scope's log, under a head that others can verify."""

import os
import stat
import threading
import time
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction
from tests.foundation.ground import make_draft, make_scope
from tests.supervisor.running import PATIENCE_SECONDS

from yunheng.foundation import keys, sealing
from yunheng.foundation.journal import record, record_many, redact
from yunheng.foundation.keys import KeyMissingError, check_keys, current_key, rotate_key
from yunheng.foundation.models import Entry, LogLeaf, LogNode, LogState, SigningKey, TreeHead, Unsealed
from yunheng.foundation.proofs import NotSealedError, consistency, inclusion
from yunheng.foundation.sealing import check_log, seal
from yunheng.logic import merkle


@pytest.fixture(autouse=True)
def own_keys(tmp_path, settings):
    """Keys of the test's own: a key of a database that is gone would not be this one's."""
    settings.DATA = tmp_path


def leaves_of(scope):
    return [
        bytes(leaf)
        for leaf in LogLeaf.objects.filter(scope=scope).order_by("index").values_list("leaf", flat=True)
    ]


def head_of(scope):
    return TreeHead.objects.filter(scope=scope).order_by("-size").first()


def test_entries_are_sealed_in_their_order_under_a_signed_head(scope, draft):
    ids = record_many([draft(subject) for subject in range(5)])
    report = seal()
    assert (report.leaves, report.refused) == (5, ())
    assert list(LogLeaf.objects.order_by("index").values_list("index", "entry_id")) == list(enumerate(ids))
    assert not Unsealed.objects.exists()
    head = head_of(scope)
    assert (head.size, bytes(head.root)) == (5, merkle.root(leaves_of(scope)))
    message = merkle.tree_head_bytes("acme", 5, bytes(head.root), head.signed_at)
    Ed25519PublicKey.from_public_bytes(bytes(head.key.public_key)).verify(bytes(head.signature), message)
    assert head.key.key_id == sha256(bytes(head.key.public_key)).hexdigest()


def test_sealing_goes_on_from_the_last_head(scope, draft):
    for size in (1, 3, 4, 11):
        record_many([draft() for _ in range(size - LogLeaf.objects.count())])
        assert [head.size for head in seal().heads] == [size]
        assert bytes(head_of(scope).root) == merkle.root(leaves_of(scope))
    assert seal() == sealing.SealReport()
    assert TreeHead.objects.count() == 4


def test_each_scope_has_a_log_of_its_own(scope, draft):
    other = make_scope("other")
    for _ in range(3):
        record(draft())
        record(make_draft(other))
    assert sorted((head.scope_key, head.size) for head in seal().heads) == [("acme", 3), ("other", 3)]
    for one in (scope, other):
        assert bytes(head_of(one).root) == merkle.root(leaves_of(one))
        assert check_log(one).is_sound


def test_batches_and_limit(scope, draft, monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 4)
    record_many([draft() for _ in range(10)])
    assert [head.size for head in seal(limit=6).heads] == [4, 6]
    assert [head.size for head in seal().heads] == [10]
    assert check_log(scope).is_sound


def test_a_late_commit_goes_into_the_next_batch(committed_db):
    """The id of a late committer is lower than one that is sealed already: a watermark would lose it."""
    scope = make_scope()
    began, commit = threading.Event(), threading.Event()
    late: list[int] = []

    def write_late():
        with transaction.atomic():
            late.append(record(make_draft(scope, 1)))
            began.set()
            assert commit.wait(PATIENCE_SECONDS)
        connection.close()

    thread = threading.Thread(target=write_late)
    thread.start()
    assert began.wait(PATIENCE_SECONDS)
    with transaction.atomic():
        early = record(make_draft(scope, 2))
    assert early > late[0]
    assert seal().leaves == 1
    commit.set()
    thread.join()
    assert seal().leaves == 1
    assert list(LogLeaf.objects.order_by("index").values_list("entry_id", flat=True)) == [early, *late]
    assert check_log(scope).is_sound


def test_sealers_exclude_each_other(committed_db):
    scope = make_scope()
    with transaction.atomic():
        record_many([make_draft(scope) for _ in range(50)])
    with committed_db.connect("app", autocommit=False) as session:
        session.execute("SELECT pg_advisory_xact_lock(%s)", [sealing._SEAL_LOCK])
        assert seal(is_waiting=False).is_busy
        assert Unsealed.objects.count() == 50
    reports = []

    def work():
        reports.append(seal())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.leaves for report in reports) == 50
    assert check_log(scope).is_sound


def test_a_rolled_back_batch_leaves_nothing(committed_db, monkeypatch):
    scope = make_scope()
    with transaction.atomic():
        record(make_draft(scope))

    def fail(*_args):
        raise OSError("the disk is full")

    monkeypatch.setattr(sealing, "_sign", fail)
    with pytest.raises(OSError, match="full"):
        seal()
    assert (Unsealed.objects.count(), LogLeaf.objects.count(), LogState.objects.count()) == (1, 0, 0)
    monkeypatch.undo()
    assert seal().leaves == 1


# --- refusing to go on ---

CHEATS = {
    "state": "UPDATE log_state SET frontier = sha256('x')",
    "size": "UPDATE log_state SET size = 2, frontier = sha256('x') WHERE size = 1",
    "state gone": "DELETE FROM log_state",
    "head": "ALTER TABLE tree_head DISABLE TRIGGER ALL; UPDATE tree_head SET root = sha256('x')",
    "signature": "ALTER TABLE tree_head DISABLE TRIGGER ALL; UPDATE tree_head SET signature = sha512('x')",
    "head and state": (
        "ALTER TABLE tree_head DISABLE TRIGGER ALL; UPDATE tree_head SET root = sha256('x');"
        "UPDATE log_state SET frontier = sha256('x')"
    ),
    "heads gone": "ALTER TABLE tree_head DISABLE TRIGGER ALL; DELETE FROM tree_head",
    "leaves gone": "ALTER TABLE log_leaf DISABLE TRIGGER ALL; TRUNCATE log_leaf",
}


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS.keys())
def test_a_log_that_disagrees_with_its_head_is_not_sealed_any_further(committed_db, cheat, caplog):
    scope, other = make_scope(), make_scope("other")
    with transaction.atomic():
        record(make_draft(scope))
    seal()
    with committed_db.connect("superuser") as session:
        session.execute(cheat)
    with transaction.atomic():
        record(make_draft(scope))
        record(make_draft(other))
    report = seal()
    assert [key for key, _ in report.refused] == ["acme"]
    assert [head.scope_key for head in report.heads] == ["other"]
    assert Unsealed.objects.get().scope_id == scope.pk
    assert any(record.levelname == "CRITICAL" and "acme" in record.getMessage() for record in caplog.records)
    assert not check_log(scope).is_sound


# --- proofs ---


@pytest.fixture
def large(scope, draft):
    """A log of 1,500 leaves and four heads."""
    for size in (1, 255, 1000, 1500):
        record_many([draft() for _ in range(size - LogLeaf.objects.count())])
        seal()
    return scope


def test_proofs_come_from_stored_subtrees(large, django_assert_max_num_queries):
    leaves = leaves_of(large)
    assert LogNode.objects.count() == 5 + 2 + 1  # 1500 = 5 × 256 + 220
    heads = {head.size: bytes(head.root) for head in TreeHead.objects.all()}
    for index in (0, 255, 256, 1023, 1024, 1280, 1499):
        entry = LogLeaf.objects.select_related("entry").get(index=index).entry
        for size in (size for size in heads if size > index):
            with django_assert_max_num_queries(4):
                proof = inclusion(entry, size) if size < 1500 else inclusion(entry)
            assert (proof.index, proof.size) == (index, size)
            assert merkle.verify_inclusion(leaves[index], index, size, proof.path, heads[size])
    for old in (1, 255, 1000, 1500):
        for new in (size for size in heads if size >= old):
            proof = consistency(large.pk, old, new)
            assert merkle.verify_consistency(old, new, heads[old], heads[new], proof)


def test_what_is_not_sealed_has_no_proof(large, draft):
    fresh = Entry.objects.get(pk=record(draft()))
    with pytest.raises(NotSealedError):
        inclusion(fresh)
    late = LogLeaf.objects.select_related("entry").get(index=1200).entry
    with pytest.raises(NotSealedError):
        inclusion(late, 1000)
    with pytest.raises(NotSealedError):
        consistency(large.pk, 10, 1600)
    with pytest.raises(ValueError, match="no prefix"):
        consistency(large.pk, 10, 9)


# --- keys ---


def test_the_private_key_is_a_file_of_the_service_alone(scope, draft, tmp_path):
    record(draft())
    seal()
    key = SigningKey.objects.get()
    path = keys.key_path(key.key_id)
    assert path.parent == tmp_path / "keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == [path.name]
    raw = current_key()[1].private_bytes_raw()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM signing_key AS t")
        assert raw.hex() not in cursor.fetchone()[0]


def test_processes_that_need_the_first_key_at_once_make_one(committed_db, tmp_path):
    barrier = threading.Barrier(4)
    made = []

    def need():
        barrier.wait()
        with transaction.atomic():
            made.append(current_key()[0].key_id)
        connection.close()

    threads = [threading.Thread(target=need) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert SigningKey.objects.count() == len(os.listdir(tmp_path / "keys")) == 1


def test_a_new_key_is_endorsed_by_the_old_one(scope, draft):
    record(draft())
    seal()
    old = SigningKey.objects.get()
    new = rotate_key()
    record(draft())
    seal()
    assert [head.key_id for head in TreeHead.objects.order_by("size")] == [old.pk, new.pk]
    message = keys.endorsement_bytes(
        public_key=bytes(new.public_key), previous_key_id=old.key_id, created_at=new.created_at
    )
    Ed25519PublicKey.from_public_bytes(bytes(old.public_key)).verify(bytes(new.endorsement), message)
    assert check_keys() == ([], [])
    assert check_log(scope).is_sound


def test_a_missing_key_stops_sealing_and_says_how_to_mend(scope, draft):
    record(draft())
    seal()
    keys.key_path(SigningKey.objects.get().key_id).unlink()
    record(draft())
    with pytest.raises(KeyMissingError, match="rotate-key --lost"):
        seal()
    with pytest.raises(KeyMissingError):
        rotate_key()
    assert Unsealed.objects.count() == 1
    rotate_key(is_lost=True)
    assert seal().leaves == 1
    check = check_log(scope)
    assert check.is_sound
    assert "has not endorsed" in check.warnings[0]


def test_a_key_that_is_there_is_not_lost(scope, draft):
    record(draft())
    seal()
    with pytest.raises(ValueError, match="not lost"):
        rotate_key(is_lost=True)


def test_keys_that_a_superuser_slips_in_are_found(committed_db):
    scope = make_scope()
    with transaction.atomic():
        record(make_draft(scope))
    seal()
    rotate_key()
    with committed_db.connect("superuser") as session:
        session.execute("ALTER TABLE signing_key DISABLE TRIGGER ALL")
        session.execute("UPDATE signing_key SET endorsement = sha512('x') WHERE endorsement IS NOT NULL")
    assert "endorsement is not the previous key's" in check_log(scope).problems[0].message


def test_redaction_keeps_the_log_verifying(scope, draft):
    pk = record(draft(personal={"caller": "李四"}))
    seal()
    root = bytes(head_of(scope).root)
    redact(
        actor=make_draft(scope).actor, entry_id=pk, classes=["personal", "shared"], reason="erasure asked for"
    )
    assert check_log(scope).is_sound  # the redaction is not sealed yet
    seal()
    assert check_log(scope).is_sound
    assert merkle.root(leaves_of(scope)[:1]) == root


def test_the_database_closes_on_the_sealer(committed_db):
    """A connection that dies in the middle leaves the batch to the next sealer."""
    scope = make_scope()
    with transaction.atomic():
        record(make_draft(scope))
    with pytest.raises(Exception, match=r"terminat|closed"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        seal()
        with committed_db.connect("superuser") as session:
            session.execute("SELECT pg_terminate_backend(%s)", [pid])
        Unsealed.objects.count()
    connection.close()
    assert Unsealed.objects.count() == 1
    assert seal().leaves == 1


def test_a_check_beside_writers_eraser_and_sealer_raises_no_false_alarm(committed_db):
    scope = make_scope()
    stop = threading.Event()
    failures: list[BaseException] = []

    def loop(step):
        try:
            while not stop.is_set():
                step()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def write():
        with transaction.atomic():
            record_many([make_draft(scope, subject) for subject in range(20)])

    def erase():
        with transaction.atomic():
            pk = record(make_draft(scope))
        redact(actor=make_draft(scope).actor, entry_id=pk, classes=["shared", "personal"], reason="test")

    threads = [threading.Thread(target=loop, args=[step]) for step in (write, erase, seal)]
    for thread in threads:
        thread.start()
    try:
        deadline, turn = time.monotonic() + PATIENCE_SECONDS, 0
        while (turn < 12 or Entry.objects.count() <= 100) and not failures and time.monotonic() < deadline:
            check = check_log(scope, is_full=turn % 3 == 0)
            assert [str(problem) for problem in check.problems] == []
            check.keep(scope)
            turn += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    seal()
    check = check_log(scope)
    assert check.is_sound
    assert check.size == Entry.objects.count() > 100
