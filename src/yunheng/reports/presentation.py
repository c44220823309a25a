"""Reports in words: their titles and marks, what can be done with them, the parts that a person writes, the files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import label_text, process_for
from yunheng.foundation.refusals import Invalid
from yunheng.foundation.typed import Typed
from yunheng.foundation.wording import is_chinese
from yunheng.notify.models import Delivery
from yunheng.notify.presentation import delivery_rows, status_choices

from .forms import EMPTY_ROWS, language_name, typed_actions
from .models import Format, Kind, Report
from .queries import Recipient, ReportView
from .refusing import COMMENTS, LONGEST_TEXT, NEEDED, WRITTEN
from .wording import edition_name, kind_name, month_name

MARKS: Final = {
    "drafted": "edit",
    "issued": "running",
    "accepted": "met",
    "returned": "risk",
    "replaced": "na",
    "discarded": "na",
}
FORMAT_NAMES: Final = {Format.PDF.value: "PDF", Format.WORD.value: "Word", Format.EXCEL.value: "Excel"}


@dataclass(frozen=True, slots=True)
class Look:
    """The mark of a state: its kind, its name, and a word more where there is one."""

    mark: str
    label: str
    note: str = ""


def look_of(report: Report) -> Look:
    """The mark of a report's state."""
    state = process_for(report).states.get(report.state)
    return Look(MARKS.get(report.state, "plain"), label_text(state.label) if state else report.state)


def portal_look_of(report: Report, *, may_answer: bool) -> Look:
    """The same in the client's plain words."""
    if report.state == "issued":
        if may_answer:
            return Look("risk", _("waits for your answer"))
        return Look("running", _("waits for your side's answer"))
    if report.state == "returned":
        return Look("paused", _("sent back; the service provider corrects it"))
    if report.state == "replaced":
        return Look("na", _("replaced by a correction"))
    return look_of(report)


def title_of_report(report: Report) -> str:
    """What a report is about, in the reader's language: kind and month, or kind and ticket."""
    if report.kind == Kind.FAULT and report.ticket is not None:
        return f"{kind_name(report.kind)} {report.ticket.number}"
    return f"{kind_name(report.kind)} · {month_name(report.period)}"


def languages_of(languages: Iterable[str]) -> str:
    """Languages by their own names."""
    return " · ".join(language_name(one) for one in languages)


# --- lists


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report in a list."""

    report: Report
    title: str
    look: Look
    languages: str
    contract_title: str
    url: str
    is_late: bool

    @property
    def due_at(self) -> datetime | None:
        """Until when it is to be issued."""
        return self.report.due_at if self.report.state == "drafted" else None


def row_of(report: Report, *, contract_title: str, now: datetime) -> ReportRow:
    """A report as a row of the console's list."""
    return ReportRow(
        report,
        title_of_report(report),
        look_of(report),
        languages_of(report.languages),
        contract_title,
        reverse("reports:report", args=[report.number]),
        is_late(report, now),
    )


def portal_row_of(report: Report, *, contract_title: str, may_answer: bool) -> ReportRow:
    """A report as a row of the portal's list."""
    return ReportRow(
        report,
        title_of_report(report),
        portal_look_of(report, may_answer=may_answer),
        languages_of(report.languages),
        contract_title,
        reverse("reports:portal_report", args=[report.number]),
        False,
    )


def is_late(report: Report, now: datetime) -> bool:
    """Whether its term has passed and it is not issued."""
    return report.state == "drafted" and report.due_at is not None and report.due_at < now


# --- the parts a person writes


@dataclass(frozen=True, slots=True)
class TextField:
    """A text of the report: what it says now or what was typed; `stored`: what somebody else saved meanwhile."""

    name: str
    label: str
    help: str
    value: str
    errors: Sequence[str] = ()
    stored: str = ""
    hotkey: bool = False


def comment_words() -> dict[str, tuple[str, str]]:
    """Names of the texts that a manager writes, and what belongs there."""
    return {
        "summary": (_("Summary"), _("What the client should know first: two or three sentences.")),
        "risks": (
            _("Risks and decisions asked of the client"),
            _("What may go wrong, what the client has to decide, and by when."),
        ),
        "plan": (_("Plan for the next month"), ""),
        "last_actions": (
            _("Last month's actions"),
            _("What was announced last month, and what became of it."),
        ),
    }


def written_words() -> dict[str, tuple[str, str]]:
    """Names of the texts of a fault report, and what belongs there."""
    return {
        "phenomenon": (_("Phenomenon"), _("What people saw, and what they could not do.")),
        "scope_impact": (_("Scope and business impact"), _("Systems, sites, people and business concerned.")),
        "direct_cause": (_("Direct cause"), ""),
        "root_cause": (
            _("Root cause"),
            _("Why it could happen at all. In a preliminary edition it may be open."),
        ),
        "temporary_fix": (_("Temporary fix"), ""),
        "permanent_fix": (_("Permanent fix"), ""),
        "verification": (_("Verification"), _("How it was made sure that it works again, and by whom.")),
        "liability": (_("Liability"), _("Provider, client or third party, and on what grounds.")),
        "lessons": (_("Lessons"), ""),
    }


def text_fields(report: Report, language: str, typed: Typed) -> list[TextField]:
    """The texts of a report in a language: as stored, or as typed when a form comes back."""
    is_fault = report.kind == Kind.FAULT
    names: Sequence[str] = WRITTEN if is_fault else COMMENTS
    words = written_words() if is_fault else comment_words()
    stored: Mapping[str, Any] = (report.written if is_fault else report.comments).get(language, {})
    is_typed = typed.form == ("fault" if is_fault else "comments")
    fields = []
    for place, name in enumerate(names):
        label, help_text = words[name]
        kept = str(stored.get(name, ""))
        value = typed.values.get(name, "") if is_typed else kept
        fields.append(
            TextField(
                name,
                label,
                help_text,
                value,
                list(typed.errors.get(name, ())) if is_typed else (),
                kept if typed.conflict and kept != value else "",
                place == 0,
            )
        )
    return fields


def action_rows(report: Report, language: str, typed: Typed) -> list[Mapping[str, str]]:
    """Corrective actions with some empty rows below."""
    if typed.form == "fault":
        rows: list[Mapping[str, str]] = list(typed_actions(typed))
        while rows and not any(rows[-1].values()):
            rows.pop()
    else:
        rows = list(report.written.get(language, {}).get("actions", ()))
    return rows + [{"what": "", "owner": "", "due": ""}] * EMPTY_ROWS


def unwritten(report: Report) -> str:
    """Names of the texts that are still empty in some language, for who is about to issue."""
    is_fault = report.kind == Kind.FAULT
    if report.kind == Kind.LEDGER:
        return ""
    words = written_words() if is_fault else comment_words()
    texts = report.written if is_fault else report.comments
    missing = []
    for language in report.languages:
        empty = [label for name, (label, _help) in words.items() if not texts.get(language, {}).get(name)]
        if empty:
            missing.append(
                f"{language_name(language)}：{'、'.join(empty)}"
                if is_chinese()
                else f"{language_name(language)}: {', '.join(empty)}"
            )
    return ("；" if is_chinese() else "; ").join(missing)


# --- the page of one report


@dataclass(frozen=True, slots=True)
class FileView:
    """A file to download. Size and hash are known as soon as it was made once."""

    url: str
    label: str
    about: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """A number and where it leads."""

    number: str
    url: str


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Somebody who can get the report by mail."""

    uuid: UUID
    name: str
    organisation: str
    email: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A mail about the report: to whom, what became of it, and when."""

    who: str
    state: str
    problem: str
    at: datetime


@dataclass(frozen=True)
class ToldReport:
    """One report as its page shows it."""

    report: Report
    title: str
    look: Look
    languages: Sequence[tuple[str, str]]
    files: Sequence[FileView]
    digests: Sequence[tuple[str, str]]
    steps: Mapping[str, bool]
    history: Sequence[Any]
    is_late: bool
    is_provisional: bool
    may_write: bool
    log_url: str = ""
    edition_name: str = ""
    ticket: Pointer | None = None
    replaces: Pointer | None = None
    replaced_by: Pointer | None = None
    comment_fields: Sequence[TextField] = ()
    action_rows: Sequence[Mapping[str, str]] = ()
    action_errors: Sequence[str] = ()
    is_comment_open: bool = False
    left_over: Sequence[tuple[str, str]] = ()  #: what was typed into a form that is offered no longer
    unwritten: str = ""
    recipients: Sequence[RecipientView] = ()
    deliveries: Sequence[DeliveryView] = ()
    most_letters: int = LONGEST_TEXT
    edition_kinds: Sequence[tuple[str, str]] = ()

    @property
    def edition(self) -> str:
        """Which edition it is, where there is more than one or it has a name."""
        if self.report.edition > 1 or self.report.edition_kind:
            return self.edition_name
        return ""

    @property
    def edition_kind(self) -> str:
        """The edition that is proposed when a fault report is issued."""
        return self.report.edition_kind or "preliminary"


def steps_of(page: ReportView) -> dict[str, bool]:
    """What the viewer may do with the report now; a correction is a report of its own, and no transition of this."""
    state, allowed = page.report.state, page.transitions
    steps = {
        "issue": "issue" in allowed,
        "redraft": page.may_write and state == "drafted",
        "discard": "discard" in allowed,
        "deliver": page.may_write and state in ("issued", "accepted"),
        "replace": page.may_write
        and page.replaced_by is None
        and state in ("issued", "accepted", "returned"),
        "accept": "accept" in allowed,
    }
    return {name: True for name, is_there in steps.items() if is_there}


@dataclass(frozen=True, slots=True)
class HistoryView:
    """An entry of the report in words."""

    sentence: str
    text: str
    who: str
    at: datetime


def _sentences() -> dict[str, str]:
    return {
        "report.drafted": _("Drafted"),
        "report.commented": _("Text written"),
        "report.issued": _("Issued"),
        "report.delivered": _("Delivered by mail"),
        "report.accepted": _("Accepted by the client"),
        "report.returned": _("Sent back by the client"),
        "report.replaced": _("Replaced by a correction"),
        "report.discarded": _("Discarded"),
    }


def history_view(page: ReportView) -> list[HistoryView]:
    """The entries of a report in words, newest first."""
    sentences = _sentences()
    lines = []
    for line in reversed(page.history):
        data, form = line.data, line.data.get("form") or {}
        text = str(form.get("reason") or form.get("opinion") or "")
        if line.type == "report.commented" and data.get("language"):
            text = language_name(str(data["language"]))
        elif line.type == "report.delivered" and data.get("count"):
            text = ngettext("to %(n)d person", "to %(n)d people", data["count"]) % {"n": data["count"]}
        sentence = sentences.get(line.type, line.type)
        if line.type == "report.drafted" and data.get("is_new") is False:
            sentence = _("Drafted anew")
        lines.append(HistoryView(sentence, text, line.who, line.at))
    return lines


def is_provisional(contents: Mapping[str, Any]) -> bool:
    """Whether a figure of the report rests on a year without published holidays; the calendars name such years."""
    return any(
        row.get("is_provisional")
        for content in contents.values()
        for row in content.get("attainment", {}).get("rows", [])
    )


def _files(page: ReportView) -> list[FileView]:
    report = page.report
    if page.files:
        order = [(language, kind) for language in report.languages for kind in FORMAT_NAMES]
        return [
            _file(report, one.language, one.format, filesizeformat(one.size), bytes(one.digest).hex())
            for one in sorted(page.files, key=lambda one: order.index((one.language, one.format)))
        ]
    if report.state != "drafted":
        return []
    return [
        _file(report, language, kind, _("is made when you open it"), "")
        for language in report.languages
        for kind in FORMAT_NAMES
    ]


def _file(report: Report, language: str, kind: str, about: str, sha256: str) -> FileView:
    return FileView(
        reverse("reports:file", args=[report.number, language, kind]),
        f"{FORMAT_NAMES[kind]} · {language_name(language)}",
        about,
        sha256,
    )


def _pointer(view: str, report: Report | None) -> Pointer | None:
    return Pointer(report.number, reverse(view, args=[report.number])) if report is not None else None


def tell_report(
    viewer: Viewer,
    page: ReportView,
    language: str,
    typed: Typed,
    *,
    recipients: Sequence[Recipient] = (),
) -> ToldReport:
    """One report in words, for the console and for the portal."""
    report = page.report
    steps = steps_of(page)
    is_portal = viewer.organisation_kind == "client"
    here = "reports:portal_report" if is_portal else "reports:report"
    is_open = report.state == "drafted" and page.may_write
    may_see_log = viewer.may("log.view", report.scope_id) and viewer.may("contract.view", report.scope_id)
    chosen = set(typed.lists.get("people", ())) if typed.form == "deliver" else None
    return ToldReport(
        report=report,
        title=title_of_report(report),
        look=portal_look_of(report, may_answer="accept" in steps) if is_portal else look_of(report),
        languages=[(one, language_name(one)) for one in report.languages],
        files=_files(page),
        digests=[(language_name(one), report.digests.get(one, "")) for one in report.languages],
        steps=steps,
        history=history_view(page),
        is_late=bool(page.is_late) and report.state == "drafted",
        is_provisional=is_provisional(page.contents),
        may_write=page.may_write,
        log_url=reverse("contracts:log", args=[page.contract.scope.key]) if may_see_log else "",
        edition_name=edition_name(report.edition, report.edition_kind),
        ticket=(
            Pointer(report.ticket.number, reverse("desk:ticket", args=[report.ticket.number]))
            if report.ticket is not None
            else None
        ),
        replaces=_pointer(here, report.replaces),
        replaced_by=_pointer(here, page.replaced_by),
        comment_fields=text_fields(report, language, typed) if is_open else (),
        action_rows=action_rows(report, language, typed) if is_open else (),
        action_errors=list(typed.errors.get("actions", ())),
        is_comment_open=is_open and not (report.written or report.comments),
        left_over=() if _is_offered(typed.form, is_open, steps) else typed_texts(typed),
        unwritten=unwritten(report) if "issue" in steps else "",
        recipients=[recipient_view(one, chosen) for one in recipients],
        deliveries=delivery_views(page.deliveries),
        edition_kinds=[(one, edition_name(1, one)) for one in NEEDED],
    )


def _is_offered(form: str, is_open: bool, steps: Collection[str]) -> bool:
    """Whether the page still has the form that was sent; what was typed into another would be lost."""
    if form in ("comments", "fault"):
        return is_open
    return {"discard": "discard", "answer": "accept"}.get(form, "") in {"", *steps}


def typed_texts(typed: Typed) -> list[tuple[str, str]]:
    """Everything that a person wrote into a form, under its name there."""
    words = {name: label for name, (label, _help) in (comment_words() | written_words()).items()}
    words |= {"text": pgettext("portal", "Your words"), "reason": _("Why")}
    found = [
        (label, typed.values[name]) for name, label in words.items() if typed.values.get(name, "").strip()
    ]
    rows = [" · ".join(filter(None, row.values())) for row in typed_actions(typed)]
    lines = "\n".join(filter(None, rows))
    return [*found, (_("Corrective actions"), lines)] if lines else found


def delivery_views(deliveries: Sequence[Delivery]) -> list[DeliveryView]:
    """Mails about the report, newest first."""
    names = status_choices()
    return [
        DeliveryView(
            one.person.name if one.person else one.address,
            names.get(one.status, one.status),
            row.reason or one.last_error,
            one.sent_at or one.created_at,
        )
        for one, row in zip(deliveries, delivery_rows(list(deliveries)), strict=True)
    ]


def recipient_view(one: Recipient, chosen: set[str] | None) -> RecipientView:
    """Somebody who can get a report; `chosen` None proposes the client's people."""
    person = one.person
    return RecipientView(
        person.uuid,
        person.name,
        person.organisation.name,
        person.email or "",
        one.has_address and (one.is_client if chosen is None else str(person.uuid) in chosen),
    )


def named_faults(errors: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Refusals of fields in several languages ("en.root_cause") with the field's name before them, under "written"."""
    words, found = written_words(), dict[str, list[str]]()
    for name, texts in errors.items():
        language, dot, part = name.partition(".")
        if dot and part in words:
            lead = f"{language_name(language)} · {words[part][0]}"
            found.setdefault("written", []).extend(f"{lead}: {text}" for text in texts)
        else:
            found.setdefault(name, []).extend(texts)
    return found


def require_known_language(report: Report, language: str) -> None:
    """Raise Invalid for a language that the report is not written in."""
    if language not in report.languages:
        raise Invalid({"language": _("The report is not written in this language.")})
