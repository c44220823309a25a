"""Pages of statements: lists, one statement with everything that can be done to it, and files of evidence."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.contracts.reading import title_of
from yunheng.desk.forms import check_text, read_local
from yunheng.foundation.answers import download, gone_to
from yunheng.foundation.attachments import read_uploads
from yunheng.foundation.pages import PageRequest, read_number, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid
from yunheng.foundation.typed import Typed, row_version_of, text_of, typed_of

from ..scorecard import Unscored
from ..scorecard_page import Asked
from . import actions, queries
from .drafts import drafted
from .listing import STATES, list_page, state_names
from .presentation import tell_statement
from .shown import Told

_CLAIM = ("target", "argument", "claim")
_CLAIM_ROWS = 3
#: Fields beside which an error can be shown, by form.
_PLACES: Mapping[str, Sequence[str]] = {
    "value": ("value", "note"),
    "mark": ("value", "reason", "role", "rater"),
    "event": ("occurred_at", "quantity", "party", "note", "subject"),
    "withdraw": ("reason",),
    "sample": ("count", "share"),
    "discard": ("reason",),
    "appeal": ("claims",),
    "reply": ("text",),
    "vote": ("decision", "change", "reason"),
    "accept": ("opinion",),
    "reverse": ("reason",),
    "order": ("what", "due_at", "item"),
    "report_order": ("report",),
    "send_back": ("reason",),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def statements(request: PageRequest) -> HttpResponse:
    """Statements of every contract that the viewer may read, the newest first; posted, a new one is drafted."""
    return _listed(request, "")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def contract_statements(request: PageRequest, key: str) -> HttpResponse:
    """Statements of one contract, with how its scores went."""
    return _listed(request, key)


def _listed(request: PageRequest, key: str) -> HttpResponse:
    typed, status = Typed(), 200
    if request.method == "POST":
        try:
            check_text(request.POST)
            found = actions.draft_statement(
                request.viewer, request.POST.get("contract", ""), request.POST.get("period", "").strip()
            )
            return gone_to(request, reverse("appraisal:statement", args=[found.number]))
        except (Invalid, Unscored) as refusal:
            fields = refusal.fields if isinstance(refusal, Invalid) else {"contract": [refusal.message]}
            typed, status = typed_of(request.POST, "draft", fields, ("period", "contract")), 422
        except Conflict as refusal:
            typed, status = typed_of(request.POST, "draft", {"period": [refusal.message]}, ("period",)), 409
    after, state = request.GET.get("after", "")[:64], request.GET.get("state", "")
    state = state if state in STATES else ""
    shown = list_page(request.viewer, key, state=state, after=after, now=datetime.now(UTC))
    context: dict[str, Any] = {
        "shown": shown,
        "typed": typed,
        "state": state,
        "states": state_names(),
        "following": "?" + _query(state, shown.following) if shown.following else "",
        "first_url": "?" + _query(state, "") if after else "",
    }
    if shown.contract is not None:
        show_contract(request, key=key, scope_id=shown.contract.pk)
        context |= {"contract": shown.contract, "key": key, "contract_title": title_of(shown.contract)}
    return render(request, "appraisal/statements/list.html", context, status=status)


def _query(state: str, after: str) -> str:
    return urlencode({name: value for name, value in (("state", state), ("after", after)) if value})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def statement(request: PageRequest, number: str) -> HttpResponse:
    """One statement: its score from the total down, and what its state lets the viewer do."""
    if request.method != "POST":
        return _shown(request, number, Typed())
    form = request.POST.get("act", "")
    place = request.POST.get("place", "")  # which of several forms of a kind
    name = f"{form}:{place}" if place else form
    queries.access_statement(request.viewer, number)
    try:
        check_text(request.POST)
        return gone_to(request, _asked(request, number, form) or _address(request, number))
    except Invalid as refusal:
        typed = typed_of(request.POST, name, refusal.fields, _PLACES.get(form, ()))
        status = 422
    except Conflict as refusal:
        typed = typed_of(request.POST, name, {}, _PLACES.get(form, ()), refusal.message)
        status = 409
    except Forbidden as refusal:
        typed = typed_of(request.POST, name, {"": [refusal.message]}, ())
        status = 403
    return _shown(request, number, typed, status=status)


def _address(request: PageRequest, number: str) -> str:
    place = request.POST.get("goto", "")
    return reverse("appraisal:statement", args=[number]) + (f"#{place}" if place.isidentifier() else "")


def _shown(request: PageRequest, number: str, typed: Typed, *, status: int = 200) -> HttpResponse:
    found = queries.access_statement(request.viewer, number)
    now = datetime.now(UTC)
    view = queries.statement_page(request.viewer, found, now=now)
    asked = Asked(
        item=request.GET.get("item", ""), after=read_number("after", request.GET.get("after", "")) or 0
    )
    told: Told = tell_statement(
        view,
        drafted=drafted(found, now=now) if view.content is None else None,
        asked=asked,
        side=request.viewer.organisation_kind,
        now=now,
    )
    show_contract(request, key=found.scope.key, scope_id=found.scope_id)
    context = {
        "statement": found,
        "told": told,
        "typed": typed,
        "contract": view.contract,
        "contract_title": title_of(view.contract),
        "key": found.scope.key,
        "page": told.page,
        "is_issued": view.content is not None,
        "claim_rows": _claim_rows(typed),
    }
    return render(request, "appraisal/statements/statement.html", context, status=status)


def _claim_rows(typed: Typed) -> list[dict[str, str]]:
    """Rows of the form for appeals: what was typed, and empty ones."""
    columns = [typed.lists.get(name, ()) if typed.form == "appeal" else () for name in _CLAIM]
    rows = [dict(zip(_CLAIM, row, strict=True)) for row in zip(*columns, strict=False)]
    return rows + [dict.fromkeys(_CLAIM, "")] * (_CLAIM_ROWS - len(rows))


@require_safe
@signed_in
def statement_file(request: PageRequest, number: str, uuid: UUID) -> HttpResponse:
    """A file of evidence of a statement or one of its rectification orders."""
    name, _media_type, data = queries.file_of(request.viewer, number, uuid)
    return download(name, data)


# --- what the forms ask ---------------------------------------------------------------------------------------------


def _asked(request: PageRequest, number: str, form: str) -> str:
    acts: Mapping[str, Callable[[PageRequest, str, QueryDict], str]] = {
        "refresh": _refresh,
        "discard": _discard,
        "value": _value,
        "mark": _mark,
        "event": _event,
        "none": _none,
        "withdraw": _withdraw,
        "sample": _sample,
        "issue": _issue,
        "accept": _accept,
        "appeal": _appeal,
        "reply": _reply,
        "vote": _vote,
        "close": _close,
        "settle": _settle,
        "reverse": _reverse,
        "order": _order,
        "report_order": _report_order,
        "verify_order": _verify_order,
        "send_back": _send_back,
    }
    act = acts.get(form)
    if act is None:
        raise Invalid({"act": _("This form is not known here.")})
    return act(request, number, request.POST)


def _refresh(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.refresh_draft(request.viewer, number, row_version_of(data))
    messages.success(request, _("Computed anew, as of now."))
    return ""


def _discard(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.discard_statement(request.viewer, number, row_version_of(data), text_of(data, "reason"))
    messages.success(request, _("The draft is discarded."))
    return ""


def _value(request: PageRequest, number: str, data: QueryDict) -> str:
    is_none = data.get("is_none") == "on"
    text = data.get("value", "").strip()
    if not is_none and not text:
        raise Invalid({"value": _("This field is required.")})
    actions.enter_value(
        request.viewer,
        number,
        data.get("place", ""),
        None if is_none else text,
        text_of(data, "note"),
        read_uploads(request.FILES.getlist("files")),
    )
    messages.success(request, _("Entered."))
    return ""


def _mark(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.enter_mark(
        request.viewer,
        number,
        data.get("place", ""),
        data.get("role", ""),
        data.get("value", "").strip(),
        text_of(data, "reason"),
        read_uploads(request.FILES.getlist("files")),
        rater=data.get("rater", "").strip(),
    )
    messages.success(request, _("Entered."))
    return ""


def _event(request: PageRequest, number: str, data: QueryDict) -> str:
    at = read_local("occurred_at", data.get("occurred_at", ""))
    if at is None:
        raise Invalid({"occurred_at": _("This field is required.")})
    actions.enter_event(
        request.viewer,
        number,
        data.get("place", ""),
        at,
        data.get("quantity", "").strip() or "1",
        data.get("party", "provider"),
        text_of(data, "note"),
        data.get("subject", "").strip(),
        read_uploads(request.FILES.getlist("files")),
    )
    messages.success(request, _("Put forward."))
    return ""


def _none(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.say_none_happened(request.viewer, number, data.get("place", ""))
    messages.success(request, _("Entered."))
    return ""


def _withdraw(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.withdraw_input(request.viewer, number, _uuid(data), text_of(data, "reason"))
    messages.success(request, _("Withdrawn."))
    return ""


def _sample(request: PageRequest, number: str, data: QueryDict) -> str:
    text = data.get("count", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Invalid({"count": _("A whole number.")})
    actions.draw_sample(request.viewer, number, count=int(text))
    messages.success(request, _("The sample is drawn."))
    return ""


def _issue(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.issue_statement(request.viewer, number, row_version_of(data))
    messages.success(request, _("Issued: the provider can answer it now."))
    return ""


def _accept(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.accept_statement(request.viewer, number, row_version_of(data), text_of(data, "opinion"))
    messages.success(request, _("Accepted. It is to be signed by both sides now."))
    return ""


def _appeal(request: PageRequest, number: str, data: QueryDict) -> str:
    rows = zip(data.getlist("target"), data.getlist("argument"), data.getlist("claim"), strict=False)
    claims = []
    for target, argument, claim in rows:
        if not target and not argument.strip() and not claim.strip():
            continue
        item, _bar, event = target.partition("|")
        claims.append(actions.Claim(item=item, event=event, argument=argument, claim=claim))
    files = read_uploads(request.FILES.getlist("files"))
    actions.appeal(request.viewer, number, row_version_of(data), claims, files)
    messages.success(request, _("Appealed. The client replies, and both sides decide."))
    return ""


def _reply(request: PageRequest, number: str, data: QueryDict) -> str:
    files = read_uploads(request.FILES.getlist("files"))
    actions.answer_appeal(request.viewer, number, _uuid(data), text_of(data, "text"), files)
    messages.success(request, _("Your reply stands beside the appeal."))
    return ""


def _vote(request: PageRequest, number: str, data: QueryDict) -> str:
    decision, kind = data.get("decision", ""), data.get("change", "")
    change: dict[str, Any] = {}
    if decision != "rejected" and kind == "drop":
        change = {"drop": True}
    elif decision != "rejected" and kind in ("quantity", "party", "value", "mark"):
        change = {kind: data.get(kind, "").strip()}
    found = actions.vote(request.viewer, number, _uuid(data), decision, change, text_of(data, "reason"))
    if found.decision:
        messages.success(request, _("Both sides agree: this appeal is decided."))
    else:
        messages.success(
            request, _("Your vote is cast. The appeal is decided when the other side votes alike.")
        )
    return ""


def _close(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.close_arbitration(request.viewer, number)
    messages.success(
        request, _("The score is computed anew from the decisions. It is to be signed by both sides now.")
    )
    return ""


def _settle(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.settle_statement(request.viewer, number, row_version_of(data))
    messages.success(request, _("Settled."))
    return ""


def _reverse(request: PageRequest, number: str, data: QueryDict) -> str:
    found = actions.reverse_statement(request.viewer, number, text_of(data, "reason"))
    messages.success(
        request,
        _("Drafted. The old statement holds until both sides signed this one."),
    )
    return reverse("appraisal:statement", args=[found.number])


def _order(request: PageRequest, number: str, data: QueryDict) -> str:
    due_at = read_local("due_at", data.get("due_at", ""))
    if due_at is None:
        raise Invalid({"due_at": _("This field is required.")})
    actions.order_rectification(
        request.viewer,
        number,
        text_of(data, "what"),
        due_at,
        item=data.get("item", ""),
        files=read_uploads(request.FILES.getlist("files")),
    )
    messages.success(request, _("Ordered: the provider is told."))
    return ""


def _report_order(request: PageRequest, number: str, data: QueryDict) -> str:
    files = read_uploads(request.FILES.getlist("files"))
    actions.report_rectification(
        request.viewer, data.get("place", ""), row_version_of(data), text_of(data, "report"), files
    )
    messages.success(request, _("Reported: the client verifies it."))
    return ""


def _verify_order(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.verify_rectification(
        request.viewer, data.get("place", ""), row_version_of(data), text_of(data, "opinion")
    )
    messages.success(request, _("Verified."))
    return ""


def _send_back(request: PageRequest, number: str, data: QueryDict) -> str:
    actions.send_rectification_back(
        request.viewer, data.get("place", ""), row_version_of(data), text_of(data, "reason")
    )
    messages.success(request, _("Sent back."))
    return ""


def _uuid(data: QueryDict) -> UUID:
    try:
        return UUID(data.get("place", ""))
    except ValueError:
        raise Invalid({"place": _("This is not one of the choices.")}) from None
