"""Letters about a statement: kept once they say the same for ever, in every language and format, and served so."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.appraisal.statements_world import World
from tests.appraisal.test_statements_contested import contested, decide

from yunheng.accounts import quotas
from yunheng.accounts.quotas import OverQuota
from yunheng.appraisal.models import Statement
from yunheng.appraisal.statements.actions import (
    accept_statement,
    close_arbitration,
    order_rectification,
    settle_statement,
)
from yunheng.appraisal.statements.queries import history_of, statement_page
from yunheng.foundation.access import SYSTEM_VIEWER
from yunheng.foundation.models import Attachment
from yunheng.foundation.refusals import NotFound
from yunheng.reports import jobs
from yunheng.reports.statements import keeping, making
from yunheng.reports.statements.content import Letter, letter_content
from yunheng.reports.statements.keeping import keep_letters, without_letters


@pytest.fixture(autouse=True)
def written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter's bytes are its content here: that documents are made of it is tested with the renderer."""

    def render(content: Mapping[str, Any], forms: Sequence[str], *, rows: Sequence[Any]) -> dict[str, bytes]:
        assert rows == ()
        return {form: f"{form} {json.dumps(content, sort_keys=True)}".encode() for form in forms}

    monkeypatch.setattr(keeping, "render", render)
    monkeypatch.setattr(making, "render", render)


def letter(statement: Statement, kind: str, form: str = "pdf") -> bytes:
    return making.letter_file(SYSTEM_VIEWER, statement.number, kind, "zh-Hans", form)[1]


def content(world: World, statement: Statement, kind: Letter) -> dict[str, Any]:
    view = statement_page(SYSTEM_VIEWER, world.again(statement), now=world.at)
    return letter_content(view, kind, "en")


def test_what_both_sides_got_stays_the_same_bytes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = world.issued(late=5)
    told = content(world, statement, "notice")
    assert told["result"]["state"] == "Issued"
    assert keep_letters(statement.number, world.later(seconds=5)) == ["notice"]
    first = letter(statement, "notice")
    line = history_of(SYSTEM_VIEWER, statement)[-1]
    assert (line.type, line.data["letter"], len(line.data["files"])) == (keeping.MADE, "notice", 6)
    files = {file.name: file for file in Attachment.objects.filter(entry_id=line.entry_id)}
    assert {name: bytes(file.digest).hex() for name, file in files.items()} == {
        one["name"]: one["sha256"] for one in line.data["files"]
    }
    assert sha256(first).hexdigest() == bytes(files[f"{statement.number}.notice.zh-Hans.pdf"].digest).hex()
    # whatever happens afterwards: the way on, an order, the two signatures
    accept_statement(
        world.provider, statement.number, world.again(statement).row_version, recorded_at=world.at
    )
    order_rectification(
        world.client,
        statement.number,
        "Be on time.",
        world.at + timedelta(days=9),
        recorded_at=world.later(hours=1),
    )
    world.sign(world.client, statement)
    world.sign(world.provider, statement)
    assert content(world, statement, "notice") == told
    sheet = content(world, statement, "settlement")
    assert (sheet["report"]["is_draft"], len(sheet["signatures"])) == (False, 2)
    assert keep_letters(statement.number, world.later(seconds=5)) == ["settlement"]
    assert keep_letters(statement.number, world.later(seconds=5)) == []
    kept = letter(statement, "settlement")
    settle_statement(
        world.client, statement.number, world.again(statement).row_version, recorded_at=world.later(hours=1)
    )
    assert content(world, statement, "settlement") == sheet
    monkeypatch.setattr(making, "letter_content", None)  # nothing is made any more
    assert (letter(statement, "notice"), letter(statement, "settlement")) == (first, kept)
    assert letter(statement, "notice", "xlsx") != first


def test_after_the_arbitration_there_is_another_notice(world: World) -> None:
    statement, (row,) = contested(world)
    keep_letters(statement.number, world.at)
    first = letter(statement, "notice")
    decide(world, statement, row, "upheld", {"drop": True})
    close_arbitration(world.client, statement.number, recorded_at=world.later(hours=1))
    assert without_letters() == [statement.number]
    assert keep_letters(statement.number, world.at) == ["notice"]
    assert without_letters() == []
    second = letter(statement, "notice")
    assert b"93.4" in second and second != first
    names = Attachment.objects.filter(subject_id=statement.pk, name__endswith=".notice.zh-Hans.pdf")
    assert names.count() == 2  # the earlier one stays with its entry


def test_a_job_keeps_them_after_each_step_that_freezes(world: World) -> None:
    long_ago = world.issued("2026-03", late=0)
    world.at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    statement = world.issued(late=0)
    waiting = ProcrastinateJob.objects.filter(task_name="reports:keep_letters")
    for job in waiting:
        jobs.keep_letters(job.args["entry_id"])
    assert history_of(SYSTEM_VIEWER, statement)[-1].type == keeping.MADE
    assert without_letters() == [long_ago.number]  # left to the slow look
    jobs.keep_missing_letters(0)
    assert without_letters() == []


def test_what_is_not_final_is_made_on_the_spot_and_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "EXPORTS", quotas.Quota("exports", 1, timedelta(hours=1)))
    draft = world.drafted(late=0)
    assert keep_letters(draft.number, world.at) == []
    name, made = making.letter_file(world.client, draft.number, "notice", "en", "docx")
    assert name == f"{draft.number}.notice.en.docx" and b'"is_draft": true' in made
    with pytest.raises(OverQuota):
        making.letter_file(world.client, draft.number, "notice", "en", "docx")
    with pytest.raises(NotFound):
        making.letter_file(world.viewer("requester"), draft.number, "notice", "en", "docx")
