"""Issues a statement: everything that its score rests on is frozen, and the term for an answer begins."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import conflict
from yunheng.foundation.refusals import Invalid
from yunheng.logic.score import Item, Rating

from ...entered import Entered
from ...models import Statement
from ...score_words import ScoreWords
from ...scorecard_text import lacking_text
from ..computing import Computed
from ..freezing import freeze
from ..inputs import entered_of
from ..queries import access_statement
from ..telling import tell_of_issue
from ..wording import rater_name
from .basis import (
    begin,
    name_of,
    now_or,
    organisation_of,
    require_side,
    require_state,
    scored,
    step,
    told,
)
from .deadlines import ends_at_of, next_check
from .drafting import columns_of, computed_now
from .resting import hold_parts, keep_parts


def issue_statement(
    viewer: Viewer, number: str, row_version: int, *, recorded_at: datetime | None = None
) -> Statement:
    """Issue a draft: it is computed at the newest signed head and frozen, and the provider may accept it or appeal
    until the contract's term ends. For the client's people. Needs `appraisal.issue`. Writes "appraisal.issued".

    Raises NotFound, Forbidden, Conflict, and Invalid: "period" before its end, "lacking" with a sentence for
    everything that nobody entered (code "incomplete"; a quorum that was not reached names who is missing),
    "statements" naming the periods of a longer one that are not signed, "log" where nothing is sealed.
    """
    statement = access_statement(viewer, number)
    viewer.require("appraisal.issue", statement.scope_id)
    require_side(viewer, "client")
    require_state(statement, ["drafted"])
    if row_version != statement.row_version:
        raise conflict(statement, viewer)
    now = now_or(recorded_at)
    if statement.ends_at > now:
        raise Invalid(
            {"period": _("The period is not over yet; its statement can be issued after it.")},
            code="period_running",
        )
    computed = computed_now(statement, now)
    require_complete(computed, entered_of(statement))
    for name, value in columns_of(computed).items():
        setattr(statement, name, value)
    frozen = freeze(statement, computed)
    with transaction.atomic():
        hold_parts(computed.parts)
        statement = begin(viewer, number, "appraisal.issue", row_version=row_version, states=["drafted"])
        due_at = ends_at_of(computed.terms, computed.agreement.appeal_within, now)
        columns = {
            **columns_of(computed),
            "frozen": frozen.data,
            "digest": frozen.digest,
            "issued_by": name_of(viewer),
            "issued_for": organisation_of(viewer),
            "issued_at": now,
            "answer_due_at": due_at,
        }
        for name, value in columns.items():
            setattr(statement, name, value)
        columns["next_check_at"] = next_check(statement, state="issued")
        shared = {**told(statement), **scored(statement), "size": len(frozen.data)}
        if due_at is not None:
            shared["answer_due_at"] = due_at.isoformat()
        entry_id = step(
            statement, "issue", "appraisal.issued", viewer=viewer, now=now, columns=columns, shared=shared
        )
        keep_parts(statement, computed.parts)
        tell_of_issue(statement, entry_id, now)
    return statement


def require_complete(computed: Computed, entered: Entered) -> None:
    """Raise Invalid, naming it, while something is missing that the scheme asks for."""
    if computed.head is None:
        raise Invalid(
            {"log": _("Nothing of this contract's log is sealed yet; a statement rests on a signed head.")}
        )
    faults: dict[str, list[str]] = {}
    if computed.missing:
        faults["statements"] = [
            _("%(period)s has no statement signed by both sides yet.") % {"period": one.label}
            for one in computed.missing
        ]
    lacking = list(_lacking(computed, entered))
    if lacking:
        faults["lacking"] = lacking
    if faults:
        raise Invalid(faults, code="incomplete")
    wanted = computed.rules.scheme.settlement
    if wanted is not None and wanted.period == computed.period.kind and computed.fee is None:
        raise Invalid(
            {
                "fee": _(
                    "The scheme settles this period, and the contract names no fee for it (appraisal.fee)."
                )
            },
            code="incomplete",
        )


def _lacking(computed: Computed, entered: Entered) -> Iterator[str]:
    words = ScoreWords(computed.rules)
    items = {item.key: item for item in computed.rules.scheme.items()}
    for one in computed.lacking:
        if one.what == "marks":
            yield _quorum(items[one.key], entered, words)
        else:
            yield _("Nobody has entered %(what)s.") % {"what": lacking_text(one, words)}


def _quorum(item: Item, entered: Entered, words: ScoreWords) -> str:
    """How many marks an item lacks, and in whose word nobody has rated it."""
    assert isinstance(item.rule, Rating)
    marks = entered.marks.get(item.key, ())
    rated = {mark.role for mark in marks}
    missing = [rater_name(one.role) for one in item.rule.raters if one.role not in rated]
    count = item.rule.quorum - len(marks)
    text = ngettext(
        "“%(item)s” lacks %(count)d mark (%(have)d of %(quorum)d).",
        "“%(item)s” lacks %(count)d marks (%(have)d of %(quorum)d).",
        count,
    ) % {"item": words.item(item.key), "count": count, "have": len(marks), "quorum": item.rule.quorum}
    if missing:
        text += " " + _("Not rated yet by: %(who)s.") % {"who": ", ".join(missing)}
    return text
