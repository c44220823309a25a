"""Contracts as they are read: the list, the rendered page, versions, what changed between two, downloads."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import NotFound
from yunheng.logic.canonical import canonical

from ..comparing import changes_in_words, text_difference
from ..models import Contract
from ..pages import cards, compared, page_of, version_rows
from ..queries import access_contract
from ..reading import access_version, reading_of, reads_all, title_of
from ..wording import weekdays


def about(request: PageRequest, contract: Contract) -> dict[str, Any]:
    """What every page of a contract says of it."""
    show_contract(request, key=contract.scope.key, scope_id=contract.pk)
    return {
        "contract": contract,
        "key": contract.scope.key,
        "contract_title": title_of(contract),
        "may_apply": request.viewer.may("contract.apply", contract.pk),
        "may_accept": request.viewer.may("contract.accept", contract.pk),
        "may_see_names": request.viewer.may("entry.personal", contract.pk),
        "may_see_inner": reads_all(request.viewer, contract.pk),
        "may_see_log": request.viewer.may("log.view", contract.pk),
    }


@require_safe
@signed_in
def contracts(request: PageRequest) -> HttpResponse:
    """Contracts that one may read."""
    found = cards(request.viewer, datetime.now(UTC))
    return render(
        request,
        "contracts/contracts.html",
        {"cards": found, "may_create": request.viewer.may("contract.apply", None)},
    )


@require_safe
@signed_in
def contract(request: PageRequest, key: str) -> HttpResponse:
    """The version in force, in sentences and tables."""
    return _rendered(request, key, None)


@require_safe
@signed_in
def version(request: PageRequest, key: str, number: int) -> HttpResponse:
    """Any version, likewise."""
    return _rendered(request, key, number)


def _rendered(request: PageRequest, key: str, number: int | None) -> HttpResponse:
    page = page_of(request.viewer, key, number, request.GET.get("month", ""), datetime.now(UTC))
    context = {
        **about(request, page.contract),
        "page": page,
        "view": page.view,
        "is_named": number is not None,
        "weekday_names": weekdays(),
    }
    template = (
        "contracts/hours.html"
        if request.headers.get("HX-Target") == "service-hours"
        else "contracts/contract.html"
    )
    return render(request, template, context)


@require_safe
@signed_in
def versions(request: PageRequest, key: str) -> HttpResponse:
    """Every version of a contract, the newest first."""
    found = access_contract(request.viewer, key)
    rows = version_rows(request.viewer, found, datetime.now(UTC))
    return render(request, "contracts/versions.html", {**about(request, found), "rows": rows})


@require_safe
@signed_in
def diff(request: PageRequest, key: str) -> HttpResponse:
    """What changed between two versions, in words and as text."""
    found = access_contract(request.viewer, key)
    rows = version_rows(request.viewer, found, datetime.now(UTC))
    numbers = [row.version.number for row in rows]
    new = _chosen(request.GET.get("new", ""), numbers, numbers[0] if numbers else 0)
    older = [number for number in numbers if number < new]
    old = _chosen(request.GET.get("old", ""), numbers, older[0] if older else new)
    before, after = compared(request.viewer, found, old, new)
    context = {
        **about(request, found),
        "numbers": numbers,
        "old": old,
        "new": new,
        "before": before,
        "after": after,
        "sections": changes_in_words(before.terms, after.terms),
        "lines": text_difference(before.document, after.document),
    }
    return render(request, "contracts/diff.html", context)


def _chosen(text: str, numbers: list[int], default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) in numbers):
        raise NotFound(_("The contract has no version %(number)s.") % {"number": text[:20]})
    return int(text)


@require_safe
@signed_in
def download(request: PageRequest, key: str, number: int, form: str) -> HttpResponse:
    """A version as a file: contract.yaml as written, or contract.json, whose SHA-256 the journal has."""
    found = access_contract(request.viewer, key)
    reading = reading_of(request.viewer, access_version(found, number))
    if form == "contract.yaml":
        data, kind = reading.document.encode(), "application/yaml; charset=utf-8"
    elif form == "contract.json":
        data, kind = canonical(reading.terms), "application/json"
    else:
        raise NotFound(_("There is no such file."))
    name = f"{key}-v{number}{'' if reading.is_whole else '-client'}.{form.rpartition('.')[2]}"
    return HttpResponse(
        data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
