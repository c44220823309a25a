"""Entries of history have the bytes that the journal itself would have given them."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from yunheng.foundation.actor import Actor
from yunheng.foundation.facts import FactDraft, encode_facts
from yunheng.foundation.stored_form import EntryDraft, store_form
from yunheng.imports.history import ASSERTED, OBSERVED, Happening, SourceFact
from yunheng.imports.recording import Members, Recorder, data_text
from yunheng.logic.facts import FactKind, Party

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
facts = st.builds(
    SourceFact,
    kind=st.sampled_from(FactKind),
    at=st.integers(0, 4_000_000_000),
    term=texts,
    party=st.sampled_from(Party),
    ref=st.integers(0, 2**40),
)
happenings = st.builds(
    Happening,
    type=st.sampled_from([OBSERVED, ASSERTED]),
    at=st.integers(0, 4_000_000_000),
    row=st.integers(1, 2**40),
    shared=st.dictionaries(texts, st.none() | texts, max_size=4).map(data_text),
    personal=st.just("") | st.dictionaries(texts, st.none() | texts, min_size=1, max_size=3).map(data_text),
    facts=st.lists(facts, max_size=3),
    supersedes=st.lists(st.integers(1, 2**40), max_size=2),
)


@settings(max_examples=100, deadline=None)
@given(happening=happenings, name=texts, number=st.from_regex(r"[A-Z0-9%-]{1,20}", fullmatch=True))
def test_the_bytes_are_those_of_the_journal(happening, name, number):
    actor = Actor("import", "01a2", name)
    recorded_at = datetime(2026, 11, 21, 22, 54, 7, 123456, tzinfo=UTC)
    recorder = Recorder(scope_key="uci", actor=actor, recorded_at=recorded_at)
    (quick,) = recorder.store([(number, [happening])])

    member = "claims" if happening.type == ASSERTED else "fields"
    shared = {member: json.loads(happening.shared), "row": happening.row}
    if happening.facts:
        shared["facts"] = encode_facts(
            FactDraft(fact.kind, fact.at, fact.term, fact.party, fact.ref) for fact in happening.facts
        )
    if happening.supersedes:
        shared["supersedes"] = happening.supersedes
    draft = EntryDraft(
        scope_id=1,
        scope_key="uci",
        subject_id=7,
        subject_number=number,
        type=happening.type,
        occurred_at=datetime.fromtimestamp(happening.at, UTC),
        actor=actor,
        source="import",
        shared=shared,
        personal={member: json.loads(happening.personal)} if happening.personal else None,
    )
    salts = [salt or bytes(16) for salt in quick.salts]
    assert store_form(draft, recorded_at, b"".join(salts)) == quick


def test_members_of_a_column_stay_the_same_when_there_are_many(monkeypatch):
    monkeypatch.setattr("yunheng.imports.recording._MEMBERS", 3)
    members = Members('a"b', "?")
    for text in ("x", "?", "y", '"', "汉", "x", "?", "z", "?"):
        wanted = None if text == "?" else text
        assert json.loads(f"{{{members[text]}}}") == {'a"b': wanted}
        assert len(members) <= 3
