"""An evidence pack: whole it holds; whatever is changed in it is named; what was rewritten, an earlier head shows."""

import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.appraisal.forging import (
    Members,
    in_format_1,
    joined,
    lines_of,
    rescored,
    statement_of,
    with_leaves,
    with_statement,
    without_tickets,
)
from tests.appraisal.proof_world import (
    agree,
    agreed_terms,
    locked_april,
    make_world,
    members_of,
    pack_of,
    source_of_april,
    with_manifest,
    zipped,
)
from tests.appraisal.test_passkey_proof import document, proof_of
from tests.desk.ground import make_ground
from tests.passkeys import Device
from tests.undoing import undone

from yunheng.appraisal.proof import pack_chunks, source_of
from yunheng.foundation.keys import current_key, rotate_key
from yunheng.foundation.sealing import seal
from yunheng.logic.canonical import canonical
from yunheng.logic.leaf import class_digest, leaf_hash
from yunheng.logic.score import plain, scheme_of, settle
from yunheng.verify import verify
from yunheng.verify.building import VERIFIER, build_pyz
from yunheng.verify.recompute import recompute
from yunheng.verify.verify import EvidenceError, Report, Verifier

#: How many random changes are tried: `YUNHENG_TAMPER=10000` tries as many as the proof was promised for.
CHANGES = int(os.environ.get("YUNHENG_TAMPER", "150"))


@dataclass(frozen=True)
class Evidence:
    """The pack of April, that of another contract, and what the operator and the client have."""

    pack: bytes
    members: Members
    other: Members
    sign: Callable[[bytes], bytes]
    head: dict[str, Any]  #: that the client kept: the second of four
    issued: Members  #: of the statement of April that both signed afterwards, up to its own head
    signed: Members  #: of the same, up to its lock


@pytest.fixture(scope="module")
def evidence(django_db_setup: None, django_db_blocker: Any) -> Iterator[Evidence]:
    """Everything is built once; the tests need no database."""
    with django_db_blocker.unblock(), undone():
        ground = make_world()
        rotate_key()
        second = make_ground("beta", with_version=False)
        agree(second, agreed_terms("beta"))
        seal()
        source = source_of_april(ground)
        pack = pack_of(source)
        assert pack == b"".join(pack_chunks(source))
        members = members_of(pack)
        private: Ed25519PrivateKey = current_key()[1]
        first: Ed25519PrivateKey = private
        heads = json.loads(members["log/heads.json"])["heads"]
        other = members_of(pack_of(source_of_april(second)))
        statement = locked_april(ground, source.number)
        issued, signed = (members_of(pack_of(source_of(statement, is_signed=it))) for it in (False, True))
        yield Evidence(pack, members, other, first.sign, heads[1], issued, signed)


def checked(members: Members, *held: dict[str, Any], deep: bool = True, **more: Any) -> Report:
    """The report of the first tier, and of the second one, too."""
    return Verifier(members, Report()).run(list(held), more.get("previous"), recompute if deep else None)


def named(report: Report) -> set[str]:
    """Members that something is wrong with. A digest that does not fit its member names both."""
    wrong = [(member, code) for mark, member, code, _values in report.said if mark == "-"]
    return {member for member, _code in wrong} | {
        "manifest.json" for _member, code in wrong if code == "changed"
    }


def codes(report: Report) -> set[str]:
    return {code for mark, _member, code, _values in report.said if mark != " "}


# --- what holds ------------------------------------------------------------------------------------------------------


def test_a_pack_holds_in_both_tiers(evidence: Evidence) -> None:
    report = checked(evidence.members, evidence.head)
    assert (report.status, [line for line in report.said if line[0] in "-?"]) == (0, [])
    assert {"log", "contract", "measured", "clocks", "score", "members", "recomputed", "grown"} <= codes(
        report
    )
    said = {code: values for _mark, _member, code, values in report.said}
    names = [name for name in evidence.members if name.startswith("clocks/")]
    assert said["recomputed"][:2] == (sum(len(lines_of(evidence.members, name)) for name in names), 3)


def test_the_world_has_what_can_go_wrong(evidence: Evidence) -> None:
    statement = statement_of(evidence.members)
    resolution, urgent, answered = statement["measurements"]
    assert len(resolution["hits"]) >= 3
    assert len(resolution["misses"]) >= 3
    assert resolution["excluded"]
    assert urgent["group"] == "p1"
    assert answered["seconds"]
    assert answered["waiting"]
    assert statement["results"]["events"]
    assert any(
        line.get("shared", {}) and "supersedes" in line["shared"] for line in lines_of(evidence.members)
    )
    whys = {
        segment["why"]
        for clock in lines_of(evidence.members, "clocks/resolve-00000.jsonl")
        for segment in clock["segments"]
    }
    assert {"counted", "off_hours", "pause", "after_resolution"} <= whys


def test_nothing_internal_or_personal_is_disclosed(evidence: Evidence) -> None:
    text = b"".join(evidence.members.values())
    assert b"hand_over" not in text  # the provider's own clock
    assert b"Wang" not in b"".join(
        evidence.members[name] for name in evidence.members if name.startswith("log/")
    )
    for line in lines_of(evidence.members):
        assert set(line) <= {"header", "id", "index", "salt", "shared"}


def test_the_same_statement_gives_the_same_bytes(evidence: Evidence) -> None:
    with zipfile.ZipFile(io.BytesIO(evidence.pack)) as pack:
        names = pack.namelist()
        assert {info.date_time for info in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names[:-1] == sorted(names[:-1])
    assert names[-1] == "manifest.json"


def run(program: Path, *arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_both_programs_run_alone_and_speak_both_languages(evidence: Evidence, tmp_path: Path) -> None:
    pack, head, app = tmp_path / "april.zip", tmp_path / "head.json", tmp_path / "yunheng-verify.pyz"
    pack.write_bytes(evidence.pack)
    mail = f"Dear client,\nhere is the head:\n\n{json.dumps({'heads': [evidence.head]}, indent=2)}\n\nYours\n"
    head.write_text(mail, encoding="utf-8")
    app.write_bytes(build_pyz())
    status, said = run(VERIFIER, pack, "--head", head, "--lang", "en")
    assert status == 0, said
    assert said.endswith("Everything that can be checked holds.\n")
    assert f"the log has grown from your head of {evidence.head['size']} leaves" in said
    status, said = run(app, pack, "--lang", "zh")
    assert status == 0, said
    assert "由事实重新算得相同" in said
    assert said.endswith("凡能核验的，全部成立。\n")
    pack.write_bytes(zipped(evidence.members | {"README.txt": b"!"}))
    status, said = run(VERIFIER, pack, "--lang", "en")
    assert (status, "- README.txt: " in said) == (1, True)
    assert run(VERIFIER, tmp_path / "none.zip")[0] == 2
    assert run(VERIFIER, head)[0] == 2


def test_without_the_package_for_signatures_nothing_is_claimed_of_them(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "CAN_SIGN", False)
    report = checked(evidence.members)
    assert report.status == 2
    assert "unsigned" in codes(report)


def test_the_zipapp_is_the_same_each_time() -> None:
    built = build_pyz()
    build_pyz.cache_clear()
    assert build_pyz() == built
    with zipfile.ZipFile(io.BytesIO(built)) as app:
        assert not [name for name in app.namelist() if "vector" in name or "django" in name]


# --- what was changed -------------------------------------------------------------------------------------------------


def test_every_changed_byte_is_named(evidence: Evidence) -> None:
    """Any byte of any member becomes any other one; the member is named. (10,000 of them: see CHANGES.)"""
    chance, members = random.Random(20261122), evidence.members
    names = sorted(members)
    sizes = [len(members[name]) for name in names]
    missed = []
    for number in range(CHANGES):
        (name,) = chance.choices(names, sizes) if number >= len(names) else (names[number],)
        data, at = members[name], chance.randrange(len(members[name]))
        byte = chance.choice([one for one in range(256) if one != data[at]])
        report = checked(members | {name: data[:at] + bytes([byte]) + data[at + 1 :]}, deep=False)
        if report.status != 1 or name not in named(report):
            missed.append((name, at, byte))
    assert missed == []


def test_bytes_that_the_manifest_was_made_to_fit_are_found_by_what_they_say(evidence: Evidence) -> None:
    """Whoever changes a member can make the manifest anew. What is left is text that nothing rests on."""
    chance, members = random.Random(5), evidence.members
    names = sorted(name for name in members if name not in ("manifest.json", "README.txt"))
    names = [name for name in names if not name.startswith("processes/")]
    sizes = [len(members[name]) for name in names]
    survivors = []
    for _ in range(CHANGES // 2):
        (name,) = chance.choices(names, sizes)
        data, at = members[name], chance.randrange(len(members[name]))
        byte = chance.choice([one for one in range(256) if one != data[at]])
        changed = members | {name: data[:at] + bytes([byte]) + data[at + 1 :]}
        try:
            changed = with_manifest(changed)
        except (ValueError, KeyError):
            continue  # a statement that nobody can read
        if checked(changed).status == 0:
            survivors.append((name, at, data[max(0, at - 30) : at + 10]))
    # The instant at which the first key was made is said by nobody but the pack.
    assert [one for one in survivors if one[0] != "keys.json"] == []


@pytest.mark.parametrize("written", [bytes.upper, lambda digits: digits[:2] + b" " + digits[2:]])
@pytest.mark.parametrize(
    ("member", "field"),
    [
        ("log/leaves", "salt"),
        ("log/heads.json", "signature"),
        ("log/heads.json", "key"),
        ("keys.json", "public_key"),
    ],
)
def test_the_same_digits_written_otherwise_are_not_what_was_written(
    evidence: Evidence, member: str, field: str, written: Callable[[bytes], bytes]
) -> None:
    """Hexadecimal digits may be written in capitals or with spaces between; a pack has one form."""
    (name,) = [one for one in sorted(evidence.members) if one.startswith(member)][:1]
    other = re.sub(
        rb'("%s":\s*")([0-9a-f]+)"' % field.encode(),
        lambda found: found[1] + written(found[2]) + b'"',
        evidence.members[name],
        count=1,
    )
    assert other != evidence.members[name]
    assert checked(with_manifest(evidence.members | {name: other})).status == 1


REWRITTEN: list[Callable[[bytes], bytes]] = [
    lambda line: line.replace(b'":', b'": ', 1),
    lambda line: line[:-2] + b"," + line[1:],  # each member twice
    lambda line: line[:-1] + b"\r\n",
    lambda line: b" " + line,
    lambda line: line.removesuffix(b"\n"),
]


@pytest.mark.parametrize(
    ("member", "written"),
    [(member, written) for member in ("log/leaves", "clocks/") for written in REWRITTEN]
    + [("log/leaves", lambda line: b'{"a":1,' + line[1:])],
)
def test_a_line_holds_nothing_besides_what_is_recorded(
    evidence: Evidence, member: str, written: Callable[[bytes], bytes]
) -> None:
    """No member that stands twice or that nothing looks at, no space, no other end of a line."""
    name = max(one for one in evidence.members if one.startswith(member) and evidence.members[one])
    *lines, last = evidence.members[name].splitlines(keepends=True)
    other = b"".join([*lines, written(last)])
    report = checked(with_manifest(evidence.members | {name: other}))
    assert (report.status, name in named(report)) == (1, True)


def late_tickets(members: Members) -> set[str]:
    return {item.split("/")[0] for one in statement_of(members)["measurements"] for item in one["misses"]}


def test_breached_tickets_left_out_and_all_signed_anew_are_caught_by_an_earlier_head(
    evidence: Evidence,
) -> None:
    gone = late_tickets(evidence.members)
    forged = without_tickets(evidence.members, gone, evidence.sign)
    heads = json.loads(forged["log/heads.json"])["heads"]
    newest = json.loads(evidence.members["keys.json"])["keys"][-1]["public_key"]
    forged = with_leaves(
        forged | {"log/heads.json": canonical({"heads": [head | {"key": newest} for head in heads]})},
        lines_of(forged),
        evidence.sign,
    )
    alone = checked(forged)
    assert alone.status == 0, list(alone.lines("en"))  # in itself it is without a fault: that is the point
    assert len(gone) >= 3
    scores = [Decimal(statement_of(members)["score"]["value"]) for members in (evidence.members, forged)]
    assert scores[0] < scores[1]
    caught = checked(forged, evidence.head)
    assert caught.status == 1
    assert codes(caught) >= {"rewritten"}
    assert "THE RECORD WAS REWRITTEN" in "\n".join(caught.lines("en"))
    assert "记录被改写" in "\n".join(caught.lines("zh"))


def test_a_statement_of_another_contract(evidence: Evidence) -> None:
    swapped = with_manifest(evidence.members | {"statement.json": evidence.other["statement.json"]})
    report = checked(swapped)
    assert report.status == 1
    assert {"place", "head", "head_leaves", "another"} <= codes(report)
    foreign = json.loads(evidence.other["log/heads.json"])["heads"][-1]
    assert "other_head" in codes(checked(evidence.members, foreign))


def test_a_head_that_is_newer_than_the_pack_is_no_judgement(evidence: Evidence) -> None:
    later = evidence.head | {"size": 10_000}
    assert codes(checked(evidence.members, later)) >= {"other_head"}  # not signed
    later["signature"] = evidence.sign(canonical({name: later[name] for name in verify.SIGNED})).hex()
    later["key"] = json.loads(evidence.members["keys.json"])["keys"][-1]["public_key"]
    later["signature"] = evidence.sign(canonical({name: later[name] for name in verify.SIGNED})).hex()
    report = checked(evidence.members, later)
    assert (report.status, "later" in codes(report)) == (2, True)


def leaves_without(members: Members, index: int) -> Members:
    lines = [line for line in lines_of(members) if line["index"] != index]
    return with_manifest(members | {"log/leaves-00000.jsonl": joined(lines)})


def leaves_reordered(members: Members, index: int) -> Members:
    lines = lines_of(members)
    lines[index], lines[index + 1] = lines[index + 1] | {"index": index}, lines[index] | {"index": index + 1}
    return with_manifest(members | {"log/leaves-00000.jsonl": joined(lines)})


def test_leaves_that_are_missing_or_in_another_order(evidence: Evidence) -> None:
    assert {"place", "root", "head_leaves"} <= codes(checked(leaves_without(evidence.members, 7)))
    assert codes(checked(leaves_without(evidence.members, len(lines_of(evidence.members)) - 1))) >= {
        "head_leaves"
    }
    assert {"root"} <= codes(checked(leaves_reordered(evidence.members, 7)))


def test_data_that_was_not_recorded(evidence: Evidence) -> None:
    lines = lines_of(evidence.members)
    line = next(line for line in lines if line["header"]["type"] == "ticket.opened")
    line["shared"] = line["shared"] | {"title": "Another title"}
    report = checked(with_manifest(evidence.members | {"log/leaves-00000.jsonl": joined(lines)}))
    assert "data" in codes(report)


def test_data_that_is_kept_back_without_a_record_of_its_erasure(evidence: Evidence) -> None:
    lines = lines_of(evidence.members)
    next(line for line in lines if line["header"]["type"] == "ticket.replied").update(shared=None, salt=None)
    report = checked(with_manifest(evidence.members | {"log/leaves-00000.jsonl": joined(lines)}))
    assert "undisclosed" in codes(report)
    assert report.status != 0


def changed_clock(members: Members, change: Callable[[dict[str, Any]], None]) -> Members:
    """The pack with another first clock of those that were late by more than a day."""
    name = "clocks/resolve-00000.jsonl"
    clocks = lines_of(members, name)
    late = [clock for clock in clocks if clock["met"] is False]
    change(next(clock for clock in late if "off_hours" in [one["why"] for one in clock["segments"]]))
    return with_manifest(members | {name: joined(clocks)})


def test_segments_that_were_changed(evidence: Evidence) -> None:
    def not_counted(clock: dict[str, Any]) -> None:
        next(one for one in clock["segments"] if one["counted"])["counted"] = False

    def told_as_met(clock: dict[str, Any]) -> None:
        not_counted(clock)
        counted = sum(one["to"] - one["from"] for one in clock["segments"] if one["counted"])
        clock |= {"counted_seconds": counted, "goal_seconds": counted, "met": True}

    def a_pause_more(clock: dict[str, Any]) -> None:
        first = next(one for one in clock["segments"] if one["counted"])
        first |= {"counted": False, "why": "pause", "for": "client", "reason": "waiting_client"}
        clock["counted_seconds"] -= first["to"] - first["from"]

    def another_reason(clock: dict[str, Any]) -> None:
        next(one for one in clock["segments"] if one["why"] == "off_hours")["why"] = "exclusion"

    def of_another_entry(clock: dict[str, Any]) -> None:
        clock["segments"][0]["leaf"] = 0

    found = {
        change: checked(changed_clock(evidence.members, change))
        for change in (not_counted, told_as_met, a_pause_more, another_reason, of_another_entry)
    }
    assert "segments" in codes(found[not_counted])
    assert {"astray", "other_clock"} <= codes(found[told_as_met])
    assert "other_clock" in codes(found[a_pause_more])
    assert "other_clock" in codes(found[another_reason])  # only the second tier can tell
    assert "unfounded" in codes(found[of_another_entry])
    assert all(report.status == 1 for report in found.values())


def test_a_clock_that_was_taken_out(evidence: Evidence) -> None:
    name = "clocks/resolve-00000.jsonl"
    clocks = [clock for clock in lines_of(evidence.members, name) if clock["met"] is not False]
    report = checked(with_manifest(evidence.members | {name: joined(clocks)}), deep=False)
    assert {"lacking", "astray"} <= codes(report)


def test_figures_that_were_changed(evidence: Evidence) -> None:
    def changed(change: Callable[[dict[str, Any]], object], *, anew: bool = False) -> set[str]:
        statement = deepcopy(statement_of(evidence.members))
        change(statement)
        return codes(checked(with_statement(evidence.members, rescored(statement) if anew else statement)))

    first = "measurements"
    assert "sums" in changed(lambda it: it[first][0].update(numerator=99))
    assert {"sums", "astray"} <= changed(lambda it: it[first][0]["misses"].pop())
    assert "astray" in changed(
        lambda it: (
            it[first][0]["hits"].append(it[first][0]["misses"].pop())
            or it[first][0].update(numerator=len(it[first][0]["hits"]))
        )
    )
    assert "sums" in changed(lambda it: it[first][2]["seconds"].__setitem__(0, 1))
    assert "scored" in changed(
        lambda it: it["results"]["measured"][it[first][0]["reads"]].update(value="100"), anew=True
    )
    assert "other_events" in changed(lambda it: it["results"]["events"].clear(), anew=True)
    assert "astray" in changed(
        lambda it: it[first][0]["excluded"].append(
            {
                "ticket": it[first][0]["misses"].pop().split("/")[0],
                "reason": "",
                "evidence": "",
                "entry": None,
            }
        )
    )


def test_a_score_that_was_changed(evidence: Evidence) -> None:
    def changed(change: Callable[[dict[str, Any]], object]) -> set[str]:
        statement = deepcopy(statement_of(evidence.members))
        change(statement)
        return codes(checked(with_statement(evidence.members, statement)))

    assert {"tree", "other_score"} <= changed(lambda it: it["score"].update(value="99"))
    assert "tree" in changed(lambda it: it["score"]["tree"]["parts"][0].update(points="77"))
    assert "tree" in changed(lambda it: it["settlement"].update(payable="1000.00"))
    assert "other_score" in changed(
        lambda it: it["rules"]["scheme"]["sections"][0]["items"][0].update(points="60")
    )
    assert "rules" in changed(lambda it: it["rules"]["scheme"].update(start="40"))
    assert "rules" in changed(lambda it: it["rules"].update(contract_digest="00" * 32))


def test_an_event_of_the_score_that_is_not_among_the_results(evidence: Evidence) -> None:
    def changed(**event: object) -> set[str]:
        statement = deepcopy(statement_of(evidence.members))
        _events_told(statement)[0].update(event)
        return codes(checked(with_statement(evidence.members, statement), deep=False))

    count = len(statement_of(evidence.members)["results"]["events"])
    assert count > 1
    for wrong in (1, count, -1, True, "0", None, {"key": "late/ACME-1"}):
        assert "event" in changed(event=wrong), wrong
    assert "event" in changed(key="late/another")


def test_a_statement_of_the_first_format_holds_too(evidence: Evidence) -> None:
    old = in_format_1(statement_of(evidence.members))
    assert isinstance(_events_told(old)[0]["event"], dict)
    report = checked(with_statement(evidence.members, old))
    assert report.count["-"] == 0, list(report.lines("en"))
    _events_told(old)[0]["event"]["quantity"] = "7"
    assert {"event", "other_score"} <= codes(checked(with_statement(evidence.members, old)))


def _events_told(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """Nodes of the score that say something of an event."""
    return [node for node in verify.nodes_of(statement["score"]["tree"]) if "event" in node]


def test_a_key_that_was_not_endorsed(evidence: Evidence) -> None:
    keys = json.loads(evidence.members["keys.json"])["keys"]
    assert len(keys) >= 2 or keys[0]["endorsement"] is None
    stranger = Ed25519PrivateKey.generate()
    public_key = stranger.public_key().public_bytes_raw()
    key = {
        "key_id": hashlib.sha256(public_key).hexdigest(), "public_key": public_key.hex(), "at": keys[-1]["at"],
        "previous": keys[-1]["key_id"],
    }  # fmt: skip
    wrong = stranger.sign(b"something else").hex()
    report = checked(
        with_manifest(
            evidence.members | {"keys.json": canonical({"keys": [*keys, key | {"endorsement": wrong}]})}
        )
    )
    assert "key" in codes(report)
    lost = checked(
        with_manifest(
            evidence.members | {"keys.json": canonical({"keys": [*keys, key | {"endorsement": None}]})}
        )
    )
    assert "key_lost" in {code for _mark, _member, code, _values in lost.said}
    heads = json.loads(evidence.members["log/heads.json"])["heads"]
    signed = [head | {"key": public_key.hex()} for head in heads]
    for head in signed:
        head["signature"] = stranger.sign(canonical({name: head[name] for name in verify.SIGNED})).hex()
    report = checked(with_manifest(evidence.members | {"log/heads.json": canonical({"heads": signed})}))
    assert "head" in codes(report)


def resigned(members: Members, sign: Ed25519PrivateKey, at: str) -> Members:
    """The pack as somebody else would sign it, with a key of their own and no other."""
    public_key = sign.public_key().public_bytes_raw()
    name = hashlib.sha256(public_key).hexdigest()
    key = {"key_id": name, "public_key": public_key.hex(), "previous": None, "endorsement": None, "at": at}
    heads = json.loads(members["log/heads.json"])["heads"]
    for head in heads:
        head["key"] = public_key.hex()
        head["signature"] = sign.sign(canonical({part: head[part] for part in verify.SIGNED})).hex()
    statement = statement_of(members)
    statement["head"]["key_id"] = name
    return with_statement(
        members | {"keys.json": canonical({"keys": [key]}), "log/heads.json": canonical({"heads": heads})},
        statement,
    )


def test_a_stranger_who_signs_the_same_record_anew_is_not_who_signed_the_head_that_one_kept(
    evidence: Evidence,
) -> None:
    """What is recorded after that head could be anything; before, the roots are the same."""
    forged = resigned(evidence.members, Ed25519PrivateKey.generate(), "2026-01-01T00:00:00.000000Z")
    assert checked(forged, deep=False).status == 0  # alone it is somebody's sound record
    assert "stranger" in codes(checked(forged, evidence.head, deep=False))
    keys = json.loads(evidence.members["keys.json"])["keys"]
    behind = json.loads(forged["keys.json"])["keys"] + [keys[0] | {"endorsement": "00" * 64}]
    forged = with_manifest(forged | {"keys.json": canonical({"keys": behind})})
    assert {"stranger", "key"} <= codes(checked(forged, evidence.head, deep=False))


def test_the_frame_of_a_statement_is_that_of_its_head_its_name_and_its_contract(evidence: Evidence) -> None:
    def changed(change: Callable[[dict[str, Any]], object]) -> set[str]:
        statement = deepcopy(statement_of(evidence.members))
        change(statement)
        return codes(checked(with_statement(evidence.members, statement)))

    def dearer(it: dict[str, Any]) -> None:
        settled = settle(scheme_of(it["rules"]["scheme"]), Decimal(it["score"]["value"]), Decimal("5000"))
        it["settlement"] |= {"fee": "5000", "payable": f"{settled.payable:f}", "tree": plain(settled.tree)}

    assert "head_told" in changed(lambda it: it.update(evaluated_at="2026-04-02T00:00:00.000000Z"))
    assert "head_told" in changed(lambda it: it["head"].update(signed_at="2026-04-02T00:00:00.000000Z"))
    assert "head_told" in changed(lambda it: it.update(position=3))
    assert "other_period" in changed(lambda it: it["period"].update(name="2026-05"))
    assert "other_period" in changed(lambda it: it["period"].update(ends_at="2026-04-28T16:00:00.000000Z"))
    assert "other_period" in changed(lambda it: it["period"].update(kind="quarter"))
    assert "other_agreed" in changed(dearer)
    assert "other_agreed" in changed(lambda it: it["parties"]["client"].update(key="somebody"))
    assert "number" in changed(lambda it: it["score"]["tree"].update(points="1E+999999999"))


def without_number(lines: list[dict[str, Any]]) -> None:
    """A correction takes nothing out of force any more: no entry has the number that it names."""
    next(line for line in lines if "id" in line and line["header"]["type"] == "ticket.moved").pop("id")


def with_number_of_another(lines: list[dict[str, Any]]) -> None:
    """The correction takes something else out of force: another entry of the ticket bears the number."""
    correction = next(line for line in lines if line["header"]["type"] == "ticket.time_corrected")
    own = [line for line in lines if line["header"]["subject"] == correction["header"]["subject"]]
    own[1]["id"] = next(line for line in own if "id" in line).pop("id")


@pytest.mark.parametrize(
    ("change", "code"), [(without_number, "unknown_entry"), (with_number_of_another, "other_entry")]
)
def test_numbers_that_entries_refer_to_are_not_sealed_and_still_cannot_be_changed(
    evidence: Evidence, change: Callable[[list[dict[str, Any]]], None], code: str
) -> None:
    lines = lines_of(evidence.members)
    change(lines)
    report = checked(with_manifest(evidence.members | {"log/leaves-00000.jsonl": joined(lines)}))
    assert (report.status, code in codes(report)) == (1, True)


def test_an_erasure_on_record_leaves_open_what_was_erased_and_breaks_nothing(evidence: Evidence) -> None:
    """Whoever may erase could take tickets out of sight: the pack holds, and says what nobody can check."""
    lines = lines_of(evidence.members)
    gone = next(line for line in lines if line["header"]["type"] == "ticket.opened")
    told = {"leaf": leaf_hash(gone["header"]).hex(), "classes": ["shared"], "reason": "asked for"}
    header = gone["header"] | {"type": "entry.redacted", "shared": class_digest(b"0" * 16, told)}
    gone.update(shared=None, salt=None)
    lines.append({"header": header, "index": len(lines), "salt": (b"0" * 16).hex(), "shared": told})
    heads = json.loads(evidence.members["log/heads.json"])["heads"]
    heads = [head | {"key": heads[-1]["key"]} for head in heads]  # the one that the operator signs with
    heads[-1]["size"] = len(lines)
    forged = with_leaves(
        evidence.members | {"log/heads.json": canonical({"heads": heads})}, lines, evidence.sign
    )
    report = checked(forged)
    assert (report.status, "erased" in codes(report)) == (2, True), list(report.lines("en"))


def test_statements_that_follow_one_another(evidence: Evidence) -> None:
    frozen = statement_of(evidence.members)
    before = {
        "statement": "ACME-APR-1",
        "digest": hashlib.sha256(evidence.other["statement.json"]).hexdigest(),
    }
    chained = with_statement(
        evidence.members | {"previous.json": canonical(before | {"signatures": []})},
        frozen | {"previous": before},
    )
    assert codes(checked(chained, previous=evidence.other)) >= {"follows"}
    assert codes(checked(chained, previous=evidence.members)) >= {"previous"}
    assert codes(checked(evidence.members, previous=evidence.other)) >= {"previous"}
    assert codes(checked(with_manifest(chained | {"previous.json": evidence.members["previous.json"]}))) >= {
        "previous"
    }


def signature_of(members: Members, device: Device, **changes: Any) -> dict[str, Any]:
    """A client's signature with a passkey under the statement of these members."""
    digest, number = hashlib.sha256(members["statement.json"]).hexdigest(), statement_of(members)["statement"]
    one = {"side": "client", "method": "passkey", "person": "Li", "organisation": "ACME", "digest": digest}
    signed = document(statement=number, digest=digest)
    return one | {"signed_at": "2026-05-06T02:00:00.000000Z", "proof": proof_of(device, signed)} | changes


def with_signatures(members: Members, *signatures: dict[str, Any]) -> Members:
    document = json.loads(members["signatures.json"]) | {"signatures": list(signatures)}
    return with_manifest(members | {"signatures.json": canonical(document)})


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_signatures_with_a_passkey_are_verified(evidence: Evidence, algorithm: int) -> None:
    members, device = evidence.members, Device(algorithm)
    signed = signature_of(members, device)
    assert {"passkey"} <= codes(checked(with_signatures(members, signed), deep=False))
    other = signature_of(evidence.other, device)
    false = deepcopy(signed)
    false["proof"]["signature"] = other["proof"]["signature"]
    unverified = signature_of(members, Device(algorithm, flags=1))
    told = json.loads(signed["proof"]["document"]) | {"purpose": "yunheng.another"}
    elsewhere = deepcopy(signed) | {"proof": proof_of(device, canonical(told).decode())}
    for wrong in (
        other,
        elsewhere,
        other | {"digest": signed["digest"]},
        signed | {"side": "provider"},
        false,
        unverified,
    ):
        report = checked(with_signatures(members, wrong), deep=False)
        assert (report.status, "signed_other" in codes(report)) == (1, True), wrong


def test_what_other_ways_of_signing_prove_is_said(evidence: Evidence) -> None:
    signed = signature_of(evidence.members, Device())
    proof = {"document": signed["proof"]["document"], "file": {"sha256": "ab" * 32}}
    for method, words in (("confirmation", "the operator's word"), ("scan", "look at the scan")):
        members = with_signatures(evidence.members, signed | {"method": method, "proof": proof})
        report = checked(members, deep=False)
        assert report.status == 0
        assert words in "\n".join(report.lines("en"))
        assert "passkey" not in codes(report)


# --- up to the lock ---------------------------------------------------------------------------------------------------


def test_a_pack_up_to_the_lock_says_who_signed_which_digest_by_which_leaf(evidence: Evidence) -> None:
    digest, size = hashlib.sha256(evidence.signed["statement.json"]).hexdigest(), head_size(evidence.signed)
    report = checked(evidence.signed)
    assert report.status == 0, list(report.lines("en"))
    leaves = lines_of(evidence.signed)
    told = [values for _mark, _member, code, values in report.said if code == "recorded"]
    assert [(side, of) for _leaf, side, of in told] == [("client", digest), ("provider", digest)]
    assert all(leaves[leaf]["header"]["type"] == "appraisal.signed" and leaf >= size for leaf, *_rest in told)
    way = [
        it["header"]["type"] for it in leaves[size:] if it["header"]["subject"] == number_of(evidence.signed)
    ]
    assert way == [
        *(
            "appraisal.issued",
            "appraisal.accepted",
            "appraisal.signed",
            "appraisal.signed",
            "appraisal.locked",
        ),
    ]
    # what was recorded of tickets meanwhile is no part of the figures
    assert any("facts" in (it["shared"] or {}) for it in leaves[size:])
    assert evidence.issued["statement.json"] == evidence.signed["statement.json"]
    before = checked(evidence.issued)
    assert (before.status, "recorded" in codes(before), len(lines_of(evidence.issued))) == (0, False, size)


def test_signatures_that_no_sealed_entry_tells_of(evidence: Evidence) -> None:
    document = json.loads(evidence.signed["signatures.json"])
    forged = deepcopy(document["signatures"])
    forged[0]["proof"] |= {"receipt": "another"}
    report = checked(with_signatures(evidence.signed, *forged), deep=False)
    assert (report.status, "unrecorded" in codes(report)) == (1, True)
    # the base pack knows nothing of entries after its head, and claims nothing
    assert checked(with_signatures(evidence.issued, *forged), deep=False).status == 0


def test_leaves_after_the_statements_head_are_held_to_the_heads_too(evidence: Evidence) -> None:
    lines = lines_of(evidence.signed)
    cut = with_manifest(evidence.signed | {"log/leaves-00000.jsonl": joined(lines[:-1])})
    assert checked(cut, deep=False).status == 1
    lines[-1]["header"] |= {"subject": "ACME-APR-9"}
    other = with_manifest(evidence.signed | {"log/leaves-00000.jsonl": joined(lines)})
    assert "root" in codes(checked(other, deep=False))


def head_size(members: Members) -> int:
    size: int = statement_of(members)["head"]["size"]
    return size


def number_of(members: Members) -> str:
    number: str = statement_of(members)["statement"]
    return number


# --- hostile archives -------------------------------------------------------------------------------------------------


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in members:
            pack.writestr(name, data)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_no_honest_pack_is(tmp_path: Path) -> None:
    for members in (
        [("a.json", b"1"), ("a.json", b"2")],
        [("../a.json", b"1")],
        [("/a.json", b"1")],
        [("a\\b.json", b"1")],
        [("a" * 200, b"1")],
        [("bomb.json", b"\0" * 50_000_000)],
    ):
        with pytest.raises(EvidenceError):
            verify.members_of(archive(tmp_path / "x.zip", *members))
    assert run(VERIFIER, archive(tmp_path / "x.zip", ("../a.json", b"1")), "--lang", "en")[0] == 1


def test_members_that_nobody_can_read(evidence: Evidence) -> None:
    deep = b"[" * 200_000
    for name in sorted(evidence.members):
        for data in (b"", b"{}", b"[]", b"null", deep, b"\xff", b'{"a":NaN}'):
            report = checked(with_manifest_of(evidence.members | {name: data}))
            if name != "README.txt" and not name.startswith("processes/") and data not in (b"",):
                assert report.status == 1, (name, data[:10])


def with_manifest_of(members: Members) -> Members:
    try:
        return with_manifest(members)
    except (ValueError, KeyError, TypeError, RecursionError):
        return members
