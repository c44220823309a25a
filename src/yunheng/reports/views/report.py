"""One report: read it, write one's part, issue, deliver, correct; and its files."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.answers import download, gone_to
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid, NotFound
from yunheng.foundation.typed import Typed, row_version_of, text_of, typed_of

from .. import actions, queries
from ..forms import language_of, read_actions, read_people
from ..making import Unrendered
from ..models import Format, Report
from ..presentation import named_faults, require_known_language, tell_report
from ..preview import Doors, preview
from ..refusing import COMMENTS, WRITTEN
from .answering import about, is_client

#: Fields beside which an error can be shown, by form.
_PLACES: Mapping[str, Sequence[str]] = {
    "comments": COMMENTS,
    "fault": (*WRITTEN, "actions"),
    "issue": ("edition",),
    "deliver": ("people",),
    "discard": ("reason",),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def report(request: PageRequest, number: str) -> HttpResponse:
    """The report as it will be read, its state, files and history, and what can be done with it."""
    if is_client(request):
        return redirect("reports:portal_report", number=number)
    found = queries.access_report(request.viewer, number)
    if request.method != "POST":
        return _shown(request, found, Typed())
    form = request.POST.get("act", "")
    try:
        address = _asked(request, found, form)
        return gone_to(request, address or _back(request, found))
    except Invalid as refusal:
        typed = typed_of(request.POST, form, named_faults(refusal.fields), _PLACES.get(form, ()))
        status = 422
    except Conflict as refusal:
        typed = typed_of(request.POST, form, {}, _PLACES.get(form, ()), refusal.message)
        status = 409
    except Unrendered as refusal:
        typed = typed_of(request.POST, form, {"": [refusal.message]}, ())
        status = refusal.status
    return _shown(request, queries.access_report(request.viewer, number), typed, status=status)


def _back(request: PageRequest, found: Report) -> str:
    language = request.GET.get("language", "")
    address = reverse("reports:report", args=[found.number])
    return f"{address}?language={language}" if language in found.languages else address


def _shown(request: PageRequest, found: Report, typed: Typed, *, status: int = 200) -> HttpResponse:
    viewer, now = request.viewer, datetime.now(UTC)
    page = queries.report_page(viewer, found, now=now)
    language = language_of(request.GET.get("language", ""), found.languages)
    people = queries.recipients_for(viewer, page.contract) if page.may_write and _is_out(found) else ()
    told = tell_report(viewer, page, language, typed, recipients=people)
    content = page.contents.get(language)
    context: dict[str, Any] = {
        **about(request, page.contract),
        "report": found,
        "told": told,
        "typed": typed,
        "language": language,
        "language_label": dict(told.languages).get(language, ""),
        "page": preview(content, _doors(page, found)) if content else None,
    }
    return render(request, "reports/report.html", context, status=status)


def _is_out(found: Report) -> bool:
    return found.state in ("issued", "accepted")


def _doors(page: queries.ReportView, found: Report) -> Doors:
    return Doors(page.contract.scope.key, found.period, found.position or 0)


def _asked(request: PageRequest, found: Report, form: str) -> str:
    """Do what a form of the page asks; the address to go to, "" for the report itself."""
    acts: Mapping[str, Callable[[PageRequest, Report], str]] = {
        "comments": _comments,
        "fault": _written,
        "issue": _issue,
        "deliver": _deliver,
        "redraft": _redraft,
        "discard": _discard,
        "replace": _redraft,
        "accept": _accept,
    }
    act = acts.get(form)
    if act is None:
        raise Invalid({"act": _("This form is not known here.")})
    return act(request, found)


def _comments(request: PageRequest, found: Report) -> str:
    language = request.GET.get("language", "")
    require_known_language(found, language)
    texts = {name: text_of(request.POST, name) for name in COMMENTS}
    actions.write_comments(request.viewer, found.number, row_version_of(request.POST), language, texts)
    messages.success(request, _("Saved. The text stands in the report below."))
    return ""


def _written(request: PageRequest, found: Report) -> str:
    language = request.GET.get("language", "")
    require_known_language(found, language)
    texts = {name: text_of(request.POST, name) for name in WRITTEN}
    actions.write_fault(
        request.viewer,
        found.number,
        row_version_of(request.POST),
        language,
        texts,
        actions=read_actions(request.POST),
    )
    messages.success(request, _("Saved. The text stands in the report below."))
    return ""


def _issue(request: PageRequest, found: Report) -> str:
    edition = request.POST.get("edition", "") or None
    actions.issue_report(request.viewer, found.number, row_version_of(request.POST), edition)
    messages.success(request, _("Issued: the client can read it now."))
    return ""


def _deliver(request: PageRequest, found: Report) -> str:
    people = read_people(request.POST, "people")
    if not people:
        raise Invalid({"people": _("Choose at least one.")})
    formats = Format.values if request.POST.get("has_files") == "on" else ()
    actions.deliver_report(request.viewer, found.number, people, formats=formats)
    text = ngettext("On its way to %(n)d person.", "On its way to %(n)d people.", len(people))
    messages.success(request, text % {"n": len(people)})
    return ""


def _redraft(request: PageRequest, found: Report) -> str:
    run = actions.redraft_report(request.viewer, found.number)
    return reverse("reports:run", args=[run.uuid])


def _discard(request: PageRequest, found: Report) -> str:
    reason = text_of(request.POST, "reason")
    actions.discard_report(request.viewer, found.number, row_version_of(request.POST), reason)
    messages.success(request, _("The draft is discarded."))
    return ""


def _accept(request: PageRequest, found: Report) -> str:
    actions.accept_report(request.viewer, found.number, row_version_of(request.POST))
    messages.success(request, _("Accepted."))
    return ""


@require_safe
@signed_in
def file(request: PageRequest, number: str, language: str, form: str) -> HttpResponse:
    """A file of the report; of a draft it is made now and says DRAFT on every page."""
    found = queries.access_report(request.viewer, number)
    if language not in found.languages or form not in Format.values:
        raise NotFound(_("There is no such file."))
    name, _media_type, data = queries.file_of(request.viewer, number, language, form)
    return download(name, data)
