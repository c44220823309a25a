"""Turns the frozen content of a report into its files, and keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid, Refusal

from . import rendering
from .content import rows_for
from .content.freezing import canonical_bytes
from .models import Format, Kind, Report, ReportFile, ReportTemplate

PREVIEW: Final = 0  #: edition of the files of a draft
MEDIA_TYPES: Final = rendering.MEDIA_TYPES


class Unrendered(Refusal):
    """A report could not be turned into a file, for a reason of ours: too much at once, or no time."""

    code = "unrendered"
    status = 503


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One file of a report. `source` is the SHA-256 over what it was made from."""

    language: str
    format: str
    name: str
    data: bytes
    source: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the data."""
        return sha256(self.data).digest()


def file_name(report: Report, language: str, form: str) -> str:
    """ "ACME-RPT-20160501-0001.zh-Hans.pdf"."""
    return f"{report.number}.{language}.{form}"


def template_for(scope_id: int, kind: str, language: str) -> bytes | None:
    """The client's own template; None: the standard one."""
    found = (
        ReportTemplate.objects.filter(scope_id=scope_id, kind=kind, language=language)
        .values_list("data", flat=True)
        .first()
    )
    return None if found is None else bytes(found)


def source_of(content: Mapping[str, Any], template: bytes | None) -> bytes:
    """SHA-256 over the content, and over the template where there is one."""
    digest = sha256(canonical_bytes(content))
    if template is not None:
        digest.update(sha256(template).digest())
    return digest.digest()


def make_files(
    report: Report, contents: Mapping[str, Any], languages: Sequence[str], formats: Sequence[str]
) -> list[MadeFile]:
    """Render a report's content in these languages and formats.

    Raises Invalid with code "template" for a template that does not fit, Unrendered when it cannot be made now.
    """
    made = []
    for language in languages:
        content = contents[language]
        template = template_for(report.scope_id, report.kind, language)
        rendered = render(
            content,
            formats,
            template=template if Format.WORD in formats else None,
            rows=rows_for(report.scope_id, content, report.position) if has_rows(content, formats) else (),
        )
        for form in formats:
            source = source_of(content, template if form == Format.WORD else None)
            made.append(MadeFile(language, form, file_name(report, language, form), rendered[form], source))
    return made


def has_rows(content: Mapping[str, Any], formats: Sequence[str]) -> bool:
    """A ledger is its rows in every format; a monthly report has them in Excel alone."""
    return content["kind"] == Kind.LEDGER or Format.EXCEL in formats


def render(content: Mapping[str, Any], formats: Sequence[str], **more: Any) -> dict[str, bytes]:
    """`rendering.render`, with its refusals as the product says no. Raises Invalid, Unrendered."""
    try:
        return rendering.render(dict(content), list(formats), **more)
    except rendering.TemplateProblem as problem:
        raise Invalid({"template": fault_texts(problem.faults)}, code="template") from None
    except rendering.RenderError as error:
        raise Unrendered(str(error)) from None


def fault_texts(faults: Sequence[rendering.TemplateFault]) -> list[str]:
    """What is wrong with a template, a sentence per fault with its place."""
    return [
        _("%(place)s: %(placeholder)s – %(reason)s")
        % {"place": fault.place, "placeholder": fault.placeholder, "reason": fault.reason}
        if fault.placeholder
        else _("%(place)s: %(reason)s") % {"place": fault.place, "reason": fault.reason}
        for fault in faults
    ]


def keep_files(report: Report, files: Sequence[MadeFile], *, edition: int, now: datetime) -> None:
    """Keep files in the database; those of an older preview give way."""
    for file in files:
        values: dict[str, Any] = {
            "source": file.source,
            "name": file.name,
            "size": len(file.data),
            "digest": file.digest,
            "data": file.data,
            "made_at": now,
        }
        key: dict[str, Any] = {
            "report": report,
            "language": file.language,
            "format": file.format,
            "edition": edition,
        }
        if edition == PREVIEW:
            ReportFile.objects.update_or_create(**key, defaults=values)
        else:
            ReportFile.objects.create(**key, **values)


def drop_previews(report: Report) -> None:
    """The files of a draft go when it is issued or discarded."""
    ReportFile.objects.filter(report=report, edition=PREVIEW).delete()
