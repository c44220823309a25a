"""The mails about statements and rectification orders, each in its reader's language."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_with
from yunheng.accounts.models import Person
from yunheng.foundation import wording
from yunheng.notify.actions import Message, tell
from yunheng.notify.framing import as_read_by, foot, link_to

from ..models import Rectification, Statement
from .wording import period_label

Line = Callable[[], str]  #: a sentence, made in the reader's language

TO_DO = "statement_to_answer"
MOVED = "statement_moved"
ORDER = "rectification"


def tell_of_issue(statement: Statement, entry_id: int, now: datetime) -> None:
    """The provider has something to answer."""
    due = statement.answer_due_at
    _tell(
        statement,
        TO_DO,
        "appraisal.answer",
        "provider",
        lambda: (
            _("A statement was issued: accept it, or appeal by %(when)s.") % {"when": wording.instant(due)}
            if due is not None
            else _("A statement was issued: accept it or appeal.")
        ),
        now,
        entry_id,
    )


def tell_of_answer(statement: Statement, entry_id: int, now: datetime) -> None:
    """Both sides have something to sign."""
    for side in ("provider", "client"):
        _tell(
            statement,
            TO_DO,
            "appraisal.sign",
            side,
            lambda: (
                _("The term ended without a word, and so the statement is accepted. It waits for signatures.")
                if statement.is_accepted_by_silence
                else _("The statement was accepted. It waits for signatures.")
            ),
            now,
            entry_id,
        )


def tell_of_appeal(statement: Statement, count: int, entry_id: int, now: datetime) -> None:
    """The client has something to reply to and to decide."""
    _tell(
        statement,
        TO_DO,
        "appraisal.issue",
        "client",
        lambda: _("The provider appeals: %(count)d points.") % {"count": count},
        now,
        entry_id,
    )


def tell_of_reply(statement: Statement, entry_id: int, now: datetime) -> None:
    """The provider may read the client's reply."""
    _tell(
        statement,
        MOVED,
        "appraisal.answer",
        "provider",
        lambda: _("The client replied to an appeal."),
        now,
        entry_id,
    )


def tell_of_escalation(statement: Statement, people: Iterable[Person], entry_id: int, now: datetime) -> None:
    """The term of the arbitration ended, and the contract names who is told then."""
    due = statement.arbitration_due_at
    _send(
        statement.scope_id,
        statement.number,
        statement.scope.name,
        TO_DO,
        people,
        lambda: (
            _(
                "The term of the arbitration ended %(when)s without a decision; by the contract it is brought to you."
            )
            % {"when": wording.instant(due)}
        ),
        now,
        entry_id,
        path=f"statements/{statement.number}",
        period=statement.period,
    )


def tell_of_decision(statement: Statement, entry_id: int, now: datetime, *, is_overdue: bool = False) -> None:
    """The arbitration is closed: both have something to sign."""
    for side in ("provider", "client"):
        _tell(
            statement,
            TO_DO,
            "appraisal.sign",
            side,
            lambda: (
                _(
                    "The term of the arbitration ended; what was not decided stands as it was issued. The statement "
                    "waits for signatures."
                )
                if is_overdue
                else _(
                    "The arbitration is closed and the score is final. The statement waits for signatures."
                )
            ),
            now,
            entry_id,
        )


def tell_of_lock(statement: Statement, entry_id: int, now: datetime) -> None:
    """Everybody who signs and settles learns that both have signed."""
    for side in ("provider", "client"):
        _tell(
            statement,
            MOVED,
            "appraisal.sign",
            side,
            lambda: _("Both sides have signed; the statement is locked."),
            now,
            entry_id,
        )


def concerned(scope_id: int) -> list[Person]:
    """Everybody of both sides who signs: whom it concerns what becomes of a signed statement."""
    return [
        person
        for side in ("provider", "client")
        for person in people_with(scope_id, "appraisal.sign", kind=side)
    ]


def tell_of_part_reversed(
    statement: Statement,
    older: Statement,
    newer: Statement,
    people: Iterable[Person],
    entry_id: int,
    now: datetime,
) -> None:
    """What a statement rests on was reversed."""
    _send(
        statement.scope_id,
        statement.number,
        statement.scope.name,
        MOVED,
        people,
        lambda: (
            _("%(part)s, on which this statement rests, was reversed by %(by)s.")
            % {"part": older.number, "by": newer.number}
        ),
        now,
        entry_id,
        path=f"statements/{statement.number}",
        period=statement.period,
    )


def tell_of_due(statement: Statement, due_at: datetime, *, is_over: bool, now: datetime) -> None:
    """A term comes near its end, or has passed: those who have something to do in it are told."""
    permission, side = {
        "drafted": ("appraisal.issue", "client"),
        "issued": ("appraisal.answer", "provider"),
        "appealed": ("appraisal.arbitrate", ""),
    }[statement.state]

    def line() -> str:
        when = {"when": wording.instant(due_at)}
        if statement.state == "drafted":
            text = (
                _("It was due to be issued %(when)s.") if is_over else _("It is due to be issued %(when)s.")
            )
        elif statement.state == "issued":
            text = (
                _("The term for an answer ended %(when)s.")
                if is_over
                else _("The term for an answer ends %(when)s.")
            )
        else:
            text = (
                _("The term of the arbitration ended %(when)s.")
                if is_over
                else _("The term of the arbitration ends %(when)s.")
            )
        return text % when

    _tell(statement, TO_DO, permission, side, line, now)


def tell_of_order(order: Rectification, what: str, now: datetime, entry_id: int = 0) -> None:
    """Tell those who have to do with a rectification order: `what` is ordered, reported, verified, sent_back, due,
    over.
    """
    permission, side = (
        ("appraisal.issue", "client") if what == "reported" else ("appraisal.answer", "provider")
    )

    def line() -> str:
        return {
            "ordered": _("Rectification is ordered, by %(when)s."),
            "reported": _("The rectification is reported done and waits for your word."),
            "verified": _("The rectification is verified."),
            "sent_back": _("The rectification is sent back; it was due %(when)s."),
            "due": _("Rectification is due %(when)s."),
            "over": _("Rectification was due %(when)s."),
        }[what] % {"when": wording.instant(order.due_at)}

    _send(
        order.scope_id,
        order.number,
        order.scope.name,
        ORDER,
        people_with(order.scope_id, permission, kind=side),
        line,
        now,
        entry_id,
        path=f"statements/{order.statement.number}",
    )


def _tell(
    statement: Statement,
    event: str,
    permission: str,
    side: str,
    line: Line,
    now: datetime,
    entry_id: int = 0,
) -> None:
    _send(
        statement.scope_id,
        statement.number,
        statement.scope.name,
        event,
        people_with(statement.scope_id, permission, kind=side),
        line,
        now,
        entry_id,
        path=f"statements/{statement.number}",
        period=statement.period,
    )


def _send(
    scope_id: int,
    number: str,
    name: str,
    event: str,
    people: Iterable[Person],
    line: Line,
    now: datetime,
    entry_id: int,
    *,
    path: str,
    period: str = "",
) -> None:
    messages = []
    for person in people:
        with as_read_by(person):
            title = f"{name} · {period_label(period)}" if period else name
            lines = [line(), "", f"{number}  {title}", link_to(path), *foot()]
            messages.append(Message(person, event, f"[{number}] {line()}"[:200], "\n".join(lines) + "\n"))
    tell(messages, now=now, scope_id=scope_id, subject_number=number, entry_id=entry_id)
