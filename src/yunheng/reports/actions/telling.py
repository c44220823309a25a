"""The mails about reports, each in its reader's language."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_with
from yunheng.accounts.models import Person
from yunheng.foundation import wording
from yunheng.notify.actions import Message, tell
from yunheng.notify.framing import as_read_by, foot, link_to
from yunheng.notify.models import Delivery

from ..models import Report, ReportRun
from ..wording import kind_name, month_name


def tell_of_draft(report: Report, now: datetime) -> list[Delivery]:
    """Tell those who write reports that a plan has drafted one, and when it is due."""
    return tell(
        [
            _message(report, person, "report_drafted", [])
            for person in people_with(report.scope_id, "report.write")
        ],
        now=now,
        scope_id=report.scope_id,
        subject_number=report.number,
    )


def tell_of_failure(run: ReportRun, problem: str, now: datetime) -> list[Delivery]:
    """Tell those who write reports that what a plan asked for could not be drafted, and why."""
    messages = []
    for person in people_with(run.scope_id, "report.write"):
        with as_read_by(person):
            title = f"{run.scope.name} · {kind_name(run.kind)} · {month_name(run.period)}"
            lines = [
                _("The plan could not draft a report."),
                "",
                title,
                problem,
                link_to(f"reports/runs/{run.uuid}"),
                *foot(),
            ]
            messages.append(
                Message(
                    person,
                    "report_drafted",
                    _("Could not be drafted: %(title)s") % {"title": title},
                    "\n".join(lines) + "\n",
                )
            )
    return tell(messages, now=now, scope_id=run.scope_id)


def tell_of_issue(
    report: Report, people: Sequence[Person], formats: Sequence[str], entry_id: int, now: datetime
) -> list[Delivery]:
    """Send a report to its readers: with its files of these formats in the reader's language, or a link alone."""
    return tell(
        [_message(report, person, "report_issued", formats) for person in people],
        now=now,
        scope_id=report.scope_id,
        subject_number=report.number,
        entry_id=entry_id,
    )


def _message(report: Report, person: Person, event: str, formats: Sequence[str]) -> Message:
    is_chinese = (person.language or "zh-hans").lower().startswith("zh")
    with as_read_by(person):
        title = f"{report.scope.name} · {kind_name(report.kind)} · {month_name(report.period)}"
        if event == "report_drafted":
            line, text = _("Drafted: %(title)s"), _("A report was drafted and waits for your comments.")
        else:
            line, text = _("Issued: %(title)s"), _("A report was issued for you.")
        lines = [text, "", f"{report.number}  {title}"]
        if event == "report_drafted" and report.due_at is not None:
            lines.append(_("Due %(when)s.") % {"when": wording.instant(report.due_at)})
        lines.append(link_to(f"reports/{report.number}"))
        for language, digest in sorted(report.digests.items()):
            if event == "report_issued":
                lines.append(f"SHA-256 ({language}): {digest}")
        lines += foot()
    wanted = "zh-Hans" if is_chinese else "en"
    language = wanted if wanted in report.languages else report.languages[0]
    return Message(
        person,
        event,
        f"[{report.number}] {line % {'title': title}}",
        "\n".join(lines).strip() + "\n",
        tuple({"report": report.number, "language": language, "format": form} for form in formats),
    )
