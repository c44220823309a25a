"""People from a table: the template, the preview of every row, the confirmation, and the rows that were refused.

Between preview and confirmation the rows lie in the page itself, signed for who previews them: nothing is stored, and
closing the page leaves nothing behind.
"""

from typing import Any, Final

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Invalid
from yunheng.foundation.table_files import MOST_BYTES, TableError, read_table

from ..actions.importing import import_people
from ..forms import PeopleFileForm
from ..people_file import (
    MOST_ROWS,
    FileRow,
    PlannedRow,
    label_of,
    plan_people,
    rejected_file,
    rows_of,
    template_file,
)
from ..queries import access_administration
from ..wording import role_label

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEPT_SECONDS: Final = 3600
MOST_KEPT: Final = 4 << 20  #: characters of the signed rows, below what a form may hold
_SALT: Final = "yunheng.accounts.people-file"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def upload(request: PageRequest) -> HttpResponse:
    """Choose a table; see what every row of it would do. Nothing is written."""
    access_administration(request.viewer)
    if request.method != "POST":
        return _ask(request, PeopleFileForm())
    form = PeopleFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask(request, form, status=422)
    file = form.cleaned_data["file"]
    try:
        if (file.size or 0) > MOST_BYTES or getattr(file, "is_refused", False):
            raise TableError(_("The file is larger than %(limit)d MB.") % {"limit": MOST_BYTES >> 20})
        rows, faults = rows_of(read_table(file.read(), most_rows=MOST_ROWS))
        if not rows:
            raise TableError(_("The table has no rows below its header."))
        kept = signing.dumps(
            {
                "for": request.viewer.person_id,
                "rows": [[number, dict(values)] for number, values in rows],
                "faults": [
                    [number, column, reason] for number, found in faults.items() for column, reason in found
                ],
            },
            salt=_SALT,
            compress=True,
        )
        if len(kept) > MOST_KEPT:
            raise TableError(_("The table holds too much text; send it in two parts."))
    except TableError as error:
        form.add_error("file", str(error))
        return _ask(request, form, status=422)
    planned = plan_people(request.viewer, rows, faults)
    return _show(request, planned, kept=kept, name=file.name)


def _ask(request: PageRequest, form: PeopleFileForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "most_rows": MOST_ROWS, "most_bytes": MOST_BYTES}
    return render(request, "accounts/admin/people_upload.html", context, status=status)


def _show(
    request: PageRequest, planned: list[PlannedRow], *, kept: str, name: str = "", is_done: bool = False
) -> HttpResponse:
    groups: dict[str, list[dict[str, Any]]] = {"error": [], "new": [], "changed": [], "unchanged": []}
    for row in planned:
        groups[row.result].append(_row(row))
    titles = (
        {
            "error": _("Not taken"),
            "new": _("Created"),
            "changed": _("Changed"),
            "unchanged": _("As before"),
        }
        if is_done
        else {
            "error": _("With errors"),
            "new": _("New"),
            "changed": _("Changes"),
            "unchanged": _("As before"),
        }
    )
    context = {
        "groups": [
            {"key": key, "title": titles[key], "rows": rows, "is_open": key == "error" or len(rows) <= 50}
            for key, rows in groups.items()
            if rows
        ],
        "count": len(groups["new"]) + len(groups["changed"]),
        "errors": len(groups["error"]),
        "kept": kept,
        "name": name,
        "is_done": is_done,
    }
    return render(request, "accounts/admin/people_preview.html", context)


def _row(row: PlannedRow) -> dict[str, Any]:
    said = [
        _("%(column)s: %(new)s (was: %(old)s)") % {"column": label_of(key), "old": old or "–", "new": new}
        for key, old, new in row.changes
    ]
    said += [f"+ {role_label(role)} · {scope.key}" for role, scope in row.roles]
    said += [f"+ {team.name}" for team in row.teams]
    return {
        "number": row.number,
        "login": row.values.get("login", ""),
        "name": row.values.get("name", "") or (row.person.name if row.person else ""),
        "organisation": row.person.organisation.name if row.person else row.values.get("organisation", ""),
        "said": said if row.result != "error" else [],
        "faults": [(label_of(column), reason) for column, reason in row.faults],
    }


def _unpack(request: PageRequest) -> tuple[list[FileRow], dict[int, list[tuple[str, str]]], str]:
    """The rows that the preview laid into its page. Raises Invalid when they are too old, or somebody else's."""
    kept = request.POST.get("kept", "")
    try:
        found = signing.loads(kept, salt=_SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        found = {}
    if found.get("for") != request.viewer.person_id or not found:
        raise Invalid({"file": _("The preview is older than an hour. Send the file once more.")})
    rows: list[FileRow] = [(int(number), values) for number, values in found["rows"]]
    faults: dict[int, list[tuple[str, str]]] = {}
    for number, column, reason in found["faults"]:
        faults.setdefault(int(number), []).append((column, reason))
    return rows, faults, kept


@require_POST
@signed_in
def confirm(request: PageRequest) -> HttpResponse:
    """Write the good rows of the preview, judged once more, and show what came of all."""
    access_administration(request.viewer)
    form = PeopleFileForm()
    try:
        rows, faults, kept = _unpack(request)
        planned = import_people(request.viewer, rows, faults)
    except (Invalid, Conflict) as refusal:
        form = PeopleFileForm({})
        form.errors.clear()
        form.add_error(None, refusal.message)
        return _ask(request, form, status=refusal.status)
    return _show(request, planned, kept=kept, is_done=True)


@require_POST
@signed_in
def rejected(request: PageRequest) -> HttpResponse:
    """The rows with errors as a workbook with a column of reasons; mended, it can be sent again."""
    access_administration(request.viewer)
    rows, faults, _kept = _unpack(request)
    return _workbook(rejected_file(plan_people(request.viewer, rows, faults)), "people-rejected.xlsx")


@require_safe
@signed_in
def template(request: PageRequest) -> HttpResponse:
    """An empty table with our columns and a page of help."""
    return _workbook(template_file(request.viewer), "people.xlsx")


def _workbook(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
