"""The client's own Word templates: checked before they are kept, so that no report fails on one later."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.actions import record_entry
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import clean_name
from yunheng.foundation.refusals import Invalid, NotFound

from .. import rendering
from ..content.sample import sample_content
from ..making import Unrendered, fault_texts
from ..models import ReportTemplate
from ..refusing import check_kind, check_language
from .basis import name_of, now_or

MOST_TEMPLATE_BYTES: Final = 5 * 1024 * 1024


@transaction.atomic
def put_template(
    viewer: Viewer,
    contract_key: str,
    kind: str,
    language: str,
    name: str,
    data: bytes,
    *,
    recorded_at: datetime | None = None,
) -> ReportTemplate:
    """Keep a Word document that reports of the kind and language are poured into from now on; an older one gives way.

    Writes "report.template_put". Needs `report.write`. Raises NotFound, Forbidden, Unrendered, and Invalid: for
    "template" a sentence per fault with the wrong placeholder and where it stands.
    """
    contract = _contract(viewer, contract_key)
    check_kind(kind)
    check_language(language)
    cleaned = clean_name(name)
    if not cleaned.lower().endswith(".docx"):
        raise Invalid({"template": _("This is not a Word document (.docx).")})
    if not data or len(data) > MOST_TEMPLATE_BYTES:
        raise Invalid({"template": template_size_text()})
    try:
        faults = rendering.check_template(data, sample_content(kind, language))
    except rendering.RenderError as error:
        raise Unrendered(str(error)) from None
    if faults:
        raise Invalid({"template": fault_texts(faults)}, code="template")
    now = now_or(recorded_at)
    template, _is_new = ReportTemplate.objects.update_or_create(
        scope_id=contract.pk,
        kind=kind,
        language=language,
        defaults={
            "name": cleaned,
            "size": len(data),
            "digest": sha256(data).digest(),
            "data": data,
            "put_by": name_of(viewer),
            "put_at": now,
        },
    )
    _record(viewer, contract, "report.template_put", template, now)
    return template


@transaction.atomic
def drop_template(
    viewer: Viewer, contract_key: str, kind: str, language: str, *, recorded_at: datetime | None = None
) -> None:
    """Go back to the standard layout. Writes "report.template_dropped". Needs `report.write`.

    Raises NotFound, Forbidden.
    """
    contract = _contract(viewer, contract_key)
    template = (
        ReportTemplate.objects.select_for_update()
        .filter(scope_id=contract.pk, kind=kind, language=language)
        .first()
    )
    if template is None:
        raise NotFound(_("There is no such template."))
    _record(viewer, contract, "report.template_dropped", template, now_or(recorded_at))
    template.delete()


def template_size_text() -> str:
    """How large a template may be, as a sentence."""
    return _("Between 1 byte and %(size)d MB.") % {"size": MOST_TEMPLATE_BYTES // 1024**2}


def _contract(viewer: Viewer, key: str) -> Contract:
    contract = access_contract(viewer, key)
    viewer.require("report.write", contract.pk)
    return contract


def _record(
    viewer: Viewer, contract: Contract, entry_type: str, template: ReportTemplate, now: datetime
) -> None:
    told = {
        "kind": template.kind,
        "language": template.language,
        "name": template.name,
        "size": template.size,
        "sha256": bytes(template.digest).hex(),
    }
    record_entry(viewer, now, contract, entry_type, {}, told)
