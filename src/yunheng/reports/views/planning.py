"""The plan of a contract's monthly report, and the Word templates that its reports are poured into."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.contracts.queries import access_contract
from yunheng.foundation.answers import download, gone_to
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid
from yunheng.foundation.typed import typed_of

from .. import actions, queries
from ..forms import LANGUAGE_NAMES, plan_version_of, read_plan
from ..planning import read_upload, tell_plan, tell_templates, template_bytes
from .answering import about

_PLAN_PLACES = ("languages", "formats", "day", "time", "recipients")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def plan(request: PageRequest, key: str) -> HttpResponse:
    """What is made by itself: when, in which languages and forms, and who gets it."""
    contract = access_contract(request.viewer, key)
    found = queries.plan_of(request.viewer, key)
    typed, status = None, 200
    if request.method == "POST":
        try:
            actions.set_plan(request.viewer, key, plan_version_of(request.POST), read_plan(request.POST))
            messages.success(request, _("The plan is kept."))
            return gone_to(request, reverse("reports:plan", args=[key]))
        except Invalid as refusal:
            typed, status = typed_of(request.POST, "plan", refusal.fields, _PLAN_PLACES), 422
        except Conflict as refusal:
            typed = typed_of(request.POST, "plan", {}, _PLAN_PLACES, refusal.message)
            status = 409
            found = queries.plan_of(request.viewer, key)
    people = queries.recipients_for(request.viewer, contract)
    context = {
        **about(request, contract),
        "plan": tell_plan(found, people, typed, zone=contract.scope.zone),
        "typed": typed,
    }
    return render(request, "reports/plan.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def templates(request: PageRequest, key: str) -> HttpResponse:
    """The standard template to begin with, the client's own ones, and what is wrong with one that was refused."""
    contract = access_contract(request.viewer, key)
    found = queries.templates_of(request.viewer, key)
    context: dict[str, Any] = {"errors": {}, "faults": ()}
    status = 200
    if request.method == "POST":
        acts: Mapping[str, Callable[[PageRequest, str], None]] = {"put": _put, "drop": _drop}
        try:
            act = acts.get(request.POST.get("act", ""))
            if act is None:
                raise Invalid({"act": _("This form is not known here.")})
            act(request, key)
            return gone_to(request, reverse("reports:templates", args=[key]))
        except Invalid as refusal:
            faults = refusal.fields.get("template", ()) if refusal.code == "template" else ()
            context, status = {"errors": refusal.fields, "faults": faults}, 422
    context |= {
        **about(request, contract),
        "file_errors": () if context["faults"] else context["errors"].get("template", ()),
        "slots": tell_templates(key, found),
        "languages": list(LANGUAGE_NAMES.items()),
        "chosen": {name: request.POST.get(name, "") for name in ("kind", "language")},
    }
    return render(request, "reports/templates.html", context, status=status)


def _put(request: PageRequest, key: str) -> None:
    name, data = read_upload(request.FILES.get("file"))
    kind, language = request.POST.get("kind", ""), request.POST.get("language", "")
    actions.put_template(request.viewer, key, kind, language, name, data)
    messages.success(request, _("The template is checked and in use from the next file on."))


def _drop(request: PageRequest, key: str) -> None:
    actions.drop_template(request.viewer, key, request.POST.get("kind", ""), request.POST.get("language", ""))
    messages.success(request, _("The standard template is used again."))


@require_safe
@signed_in
def template_file(request: PageRequest, key: str, kind: str, language: str, what: str) -> HttpResponse:
    """A template as a file: the standard one, the client's own, or a report made with the client's own."""
    name, data = template_bytes(request.viewer, key, kind, language, what)
    return download(name, data)
