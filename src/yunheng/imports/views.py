"""Pages of imports: the list, a new one, and one run from its file to its result."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.contracts.reading import title_of, titles_of
from yunheng.foundation.pages import PageRequest, show_contract, signed_in
from yunheng.foundation.refusals import Conflict, Invalid, NotFound

from . import asking, servicenow
from .exporting import csv_lines, workbook
from .forms import data_of, field_names, form_of, require_sound, typed
from .mapping import parse_mapping
from .models import ImportRun
from .queries import access_run, list_runs, rejections_of, require_importable, saved_mappings
from .runs import BUSY, FAILED, MAPPING, TRIED
from .uploads import ENDINGS, MOST_BYTES, is_kept
from .working import contract_words

SHOWN = 50


@require_safe
@signed_in
def runs(request: PageRequest) -> HttpResponse:
    """What was imported, the newest first."""
    page = list_runs(request.viewer, request.GET.get("after", "")[:40])
    return render(request, "imports/runs.html", {"page": page, "after": request.GET.get("after", "")})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Choose a contract and a file."""
    contracts = require_importable(request.viewer)
    errors: dict[str, list[str]] = {}
    chosen = request.POST.get("contract", request.GET.get("contract", ""))
    if request.method == "POST":
        try:
            run = asking.start_import(viewer=request.viewer, contract=chosen, file=request.FILES.get("file"))
            return _gone_to(request, reverse("imports:run", args=[run.uuid]))
        except Invalid as refusal:
            errors = refusal.fields
    titles = titles_of(contracts)
    context = {
        "contracts": [(item.scope.key, titles[item.pk]) for item in contracts],
        "chosen": chosen,
        "errors": errors,
        "accept": ",".join(ENDINGS),
        "most": MOST_BYTES,
        "most_mb": MOST_BYTES // (1024 * 1024),
    }
    return render(request, "imports/new.html", context, status=422 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def run(request: PageRequest, uuid: UUID) -> HttpResponse:
    """One run: what is in the file, what its columns mean, what would come of it, how far it is, what came."""
    found = access_run(request.viewer, uuid)
    errors: dict[str, list[str]] = {}
    data: dict[str, Any] | None = None
    status, conflict = 200, ""
    if request.method == "POST":
        if request.POST.get("act") in ("map", "save"):
            data, _faults = typed(request.POST, found.look.get("header", []))
        try:
            _asked(request, found, data)
            return _gone_to(request, reverse("imports:run", args=[uuid]))
        except Invalid as refusal:
            errors, status = refusal.fields, 422
        except Conflict as refusal:
            conflict, status = refusal.message, 409
        found = access_run(request.viewer, uuid)
    context = {**_shown(request, found, data), "errors": errors, "conflict": conflict}
    is_poll = request.headers.get("HX-Target") == "import" and request.method == "GET"
    return render(request, "imports/body.html" if is_poll else "imports/run.html", context, status=status)


@require_safe
@signed_in
def rejected(request: PageRequest, uuid: UUID, form: str) -> HttpResponse:
    """Rejected rows as a file."""
    found = access_run(request.viewer, uuid)
    rows = rejections_of(found)
    if form == "rejected.csv":
        body: Any = (line.encode() for line in csv_lines(rows))
        kind = "text/csv; charset=utf-8"
    elif form == "rejected.xlsx":
        body, kind = workbook(rows), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    else:
        raise NotFound(_("There is no such file."))
    name = f"import-{found.uuid}-{form}"
    return StreamingHttpResponse(  # type: ignore[return-value]
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _asked(request: PageRequest, found: ImportRun, data: dict[str, Any] | None) -> None:
    """Do what a form of the run's page asks."""
    act, viewer, uuid = request.POST.get("act", ""), request.viewer, found.uuid
    if act == "member":
        asking.look_again(viewer=viewer, uuid=uuid, member=request.POST.get("member", ""))
    elif act == "log":
        choices = {"zone": request.POST.get("zone", "").strip(), "service": request.POST.get("service", "")}
        asking.try_import(viewer=viewer, uuid=uuid, choices=choices)
    elif act == "map" and data is not None:
        require_sound(typed(request.POST, found.look.get("header", []))[1])
        asking.try_import(viewer=viewer, uuid=uuid, choices=data)
        if request.POST.get("save_as", "").strip():
            asking.save_mapping(viewer=viewer, uuid=uuid, name=request.POST["save_as"])
            messages.success(request, _("The mapping is kept for files of this kind."))
    elif act == "back":
        asking.change_mapping(viewer=viewer, uuid=uuid)
    elif act == "start":
        asking.run_import(viewer=viewer, uuid=uuid)
    elif act == "again":
        asking.go_on(viewer=viewer, uuid=uuid)
    elif act == "cancel":
        asking.cancel_import(viewer=viewer, uuid=uuid)
    else:
        raise Invalid({"act": _("This form is not known here.")})


def _shown(request: PageRequest, found: ImportRun, data: dict[str, Any] | None) -> dict[str, Any]:
    contract = asking.contract_of(found)
    show_contract(request, key=contract.scope.key, scope_id=contract.pk)
    context: dict[str, Any] = {
        "run": found,
        "contract": contract,
        "contract_title": title_of(contract),
        "is_busy": found.status in BUSY,
        "is_log": found.format == servicenow.FORMAT,
        "is_web": found.asked_by_id is not None or bool(found.size),
        "now": datetime.now(UTC),
    }
    if found.status == MAPPING or (found.status == FAILED and found.look.get("header")):
        words = contract_words(contract)
        context["words"] = words
        saved = saved_mappings(found)
        context["saved"] = saved
        if not context["is_log"] and found.look.get("header"):
            context["form"] = form_of(found, data or _mapping_data(request, found, saved), words)
        context["zone"] = found.options.get("zone") or contract.scope.zone
    if found.status == TRIED:
        names = field_names()
        zone = ZoneInfo(contract.scope.zone)
        context["taken"] = [
            {
                "row": row["row"],
                "event": row["event"],
                "texts": [(names.get(name, name), text) for name, text in row["texts"].items()],
                "instants": [
                    (names.get(name, name), f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}")
                    for name, at in row["instants"].items()
                ],
            }
            for row in found.trial.get("taken", [])
        ]
    if not context["is_busy"]:
        context["rejections"] = list(rejections_of(found, SHOWN)) if found.rejected else []
        context["is_kept"] = found.status == FAILED and is_kept(found)
    return context


def _mapping_data(request: PageRequest, found: ImportRun, saved: Any) -> dict[str, Any]:
    """The mapping to show: a saved one that was chosen, the run's own, else the proposed one."""
    chosen = request.GET.get("use", "")
    for mapping in saved:
        if str(mapping.uuid) == chosen:
            return data_of(parse_mapping(mapping.mapping.encode(), mapping.name))
    text = found.options.get("mapping") or found.look.get("proposal", "")
    return data_of(parse_mapping(text.encode(), "mapping", is_whole=False)) if text else {}


def _gone_to(request: PageRequest, address: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponse(status=303, headers={"Location": address})
