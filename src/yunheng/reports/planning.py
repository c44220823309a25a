"""The plan of a contract's reports and its Word templates, in words and as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, NotFound
from yunheng.foundation.typed import Typed

from . import rendering
from .actions import MOST_TEMPLATE_BYTES, template_size_text
from .actions.planning import planned_at
from .forms import LANGUAGE_NAMES, language_name
from .making import render
from .models import Format, Kind, Language, Report, ReportPlan, ReportTemplate
from .period import month_of
from .presentation import FORMAT_NAMES, RecipientView, recipient_view
from .queries import Recipient, templates_of
from .wording import kind_name, month_name

#: Kinds whose Word file is poured into a template.
TEMPLATE_KINDS: Final = (Kind.MONTHLY.value, Kind.FAULT.value)


@dataclass(frozen=True, slots=True)
class PlanView:
    """The plan as its page shows it: as stored, or as typed when the form comes back."""

    row_version: int
    is_active: bool
    languages: Sequence[str]
    formats: Sequence[str]
    day: str
    time: str
    is_issued_by_itself: bool
    has_files: bool
    recipients: Sequence[RecipientView]
    zone: str
    next_at: datetime | None  #: None: the stored plan does nothing by itself
    next_period: str
    is_new: bool

    @property
    def language_choices(self) -> list[tuple[str, str, bool]]:
        """Languages: value, name, whether chosen."""
        return [(one, LANGUAGE_NAMES[one], one in self.languages) for one in LANGUAGE_NAMES]

    @property
    def format_choices(self) -> list[tuple[str, str, bool]]:
        """File formats: value, name, whether chosen."""
        return [(one, FORMAT_NAMES[one], one in self.formats) for one in FORMAT_NAMES]

    @property
    def day_choices(self) -> list[str]:
        """Days that every month has."""
        return [str(day) for day in range(1, 29)]


def next_run(plan: ReportPlan, now: datetime) -> tuple[datetime, str]:
    """When the plan makes its next report by itself, and which month (YYYY-MM) that is about."""
    month = month_of(now, plan.scope.zone).before
    while planned_at(plan, month) <= now:
        month = month.following
    return planned_at(plan, month), month.key


def tell_plan(plan: ReportPlan, people: Sequence[Recipient], typed: Typed | None, *, zone: str) -> PlanView:
    """The plan in words."""
    next_at, period = next_run(plan, datetime.now(UTC)) if plan.is_active else (None, "")
    if typed is not None:
        values, lists = typed.values, typed.lists
        return PlanView(
            plan.row_version,
            values.get("is_active") == "on",
            lists.get("languages", ()),
            lists.get("formats", ()),
            values.get("day", ""),
            values.get("time", ""),
            values.get("is_issued_by_itself") == "on",
            values.get("has_files") == "on",
            [recipient_view(one, set(lists.get("recipients", ()))) for one in people],
            zone,
            next_at,
            month_name(period) if period else "",
            plan.row_version == 0,
        )
    is_new = plan.row_version == 0
    chosen = None if is_new else {str(one.uuid) for one in plan.recipients.all()}
    return PlanView(
        plan.row_version,
        plan.is_active,
        plan.languages,
        plan.formats,
        str(plan.day),
        f"{plan.time:%H:%M}",
        plan.is_issued_by_itself,
        plan.has_files,
        [recipient_view(one, chosen) for one in people],
        zone,
        next_at,
        month_name(period) if period else "",
        is_new,
    )


# --- templates


@dataclass(frozen=True, slots=True)
class Slot:
    """A kind of report in a language: its standard template, and the client's own where there is one."""

    kind: str
    language: str
    kind_name: str
    title: str
    own: ReportTemplate | None
    about: str
    sha256: str
    standard_url: str
    own_url: str
    sample_url: str


def tell_templates(key: str, found: Sequence[ReportTemplate]) -> list[Slot]:
    """Every place for a template."""
    own = {(one.kind, one.language): one for one in found}
    slots = []
    for kind in TEMPLATE_KINDS:
        for language in LANGUAGE_NAMES:
            one = own.get((kind, language))

            def url(what: str, kind: str = kind, language: str = language) -> str:
                return reverse("reports:template_file", args=[key, kind, language, what])

            slots.append(
                Slot(
                    kind,
                    language,
                    kind_name(kind),
                    f"{kind_name(kind)} · {language_name(language)}",
                    one,
                    filesizeformat(one.size) if one else "",
                    bytes(one.digest).hex() if one else "",
                    url("standard"),
                    url("own") if one else "",
                    url("sample") if one else "",
                )
            )
    return slots


def read_upload(file: UploadedFile | None) -> tuple[str, bytes]:
    """Name and bytes of a template that was sent. Raises Invalid for none, and for one that is too large to be one."""
    if file is None:
        raise Invalid({"template": _("Choose a file.")})
    if getattr(file, "is_refused", False) or (file.size or 0) > MOST_TEMPLATE_BYTES:
        raise Invalid({"template": template_size_text()})
    return file.name or "", file.read()


def template_bytes(viewer: Viewer, key: str, kind: str, language: str, what: str) -> tuple[str, bytes]:
    """Name and bytes: the `standard` template, the client's `own`, or as a `sample` the newest report in the own one.

    Raises NotFound, Forbidden without `report.write`, Invalid for a template that no longer fits.
    """
    contract = access_contract(viewer, key)
    found = {(one.kind, one.language): one for one in templates_of(viewer, key)}
    if kind not in TEMPLATE_KINDS or language not in Language.values:
        raise NotFound(_("There is no such file."))
    if what == "standard":
        return f"{kind}.{language}.docx", rendering.standard_template(language, kind)
    own = found.get((kind, language))
    if own is None or what not in ("own", "sample"):
        raise NotFound(_("There is no such file."))
    data = bytes(own.data)
    if what == "own":
        return own.name, data
    newest = Report.objects.filter(scope_id=contract.pk, kind=kind, languages__contains=[language])
    content = newest.order_by("-pk").values_list("contents", flat=True).first()
    if content is None:
        raise Invalid({"sample": _("Draft a report of this kind first; it is then shown in the template.")})
    made = render(content[language], [Format.WORD.value], template=data)
    return f"{key}.{kind}.{language}.docx", made[Format.WORD.value]
