"""A file of a report: what was issued comes as it was issued; of a draft it is made when somebody wants it."""

from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import NotFound

from ..making import MEDIA_TYPES, PREVIEW, file_name, keep_files, make_files, source_of, template_for
from ..models import Format, Report, ReportFile
from ..refusing import check_format, check_language
from .reading import UNPUBLISHED, access_report


def file_of(viewer: Viewer, number: str, language: str, form: str) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a report's file. A draft's is rendered again when its content or template changed.

    Raises NotFound, Invalid for an unknown language or format and for a template that does not fit, Unrendered.
    """
    check_language(language)
    check_format(form)
    report = access_report(viewer, number)
    if language not in report.languages:
        raise NotFound(_("%(number)s was not written in this language.") % {"number": report.number})
    edition = PREVIEW if report.state in UNPUBLISHED else report.edition
    kept = ReportFile.objects.filter(report=report, language=language, format=form, edition=edition).first()
    if edition != PREVIEW:
        if kept is None:
            raise NotFound(_("%(number)s has no such file.") % {"number": report.number})
        return kept.name, MEDIA_TYPES[form], bytes(kept.data)
    return _preview(report, language, form, kept)


def _preview(report: Report, language: str, form: str, kept: ReportFile | None) -> tuple[str, str, bytes]:
    template = template_for(report.scope_id, report.kind, language) if form == Format.WORD else None
    if kept is not None and bytes(kept.source) == source_of(report.contents[language], template):
        return kept.name, MEDIA_TYPES[form], bytes(kept.data)
    made = make_files(report, report.contents, [language], [form])
    with transaction.atomic():
        if Report.objects.select_for_update().filter(pk=report.pk, state="drafted").exists():
            keep_files(report, made, edition=PREVIEW, now=datetime.now(UTC))
    return file_name(report, language, form), MEDIA_TYPES[form], made[0].data
