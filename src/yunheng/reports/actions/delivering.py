"""Sends an issued report to people, by mail, through the delivery log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.accounts.holders import people_with
from yunheng.accounts.models import Person
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid
from yunheng.notify.models import Delivery

from ..models import Report
from ..queries.reading import UNPUBLISHED
from ..refusing import check_formats
from .basis import begin, now_or, people_named, told, write_entry
from .telling import tell_of_issue


@transaction.atomic
def deliver_report(
    viewer: Viewer,
    number: str,
    person_uuids: Sequence[UUID | str],
    *,
    formats: Sequence[str] = (),
    recorded_at: datetime | None = None,
) -> list[Delivery]:
    """Send an issued report to people who may read it: a link, or with `formats` the files. Needs `report.write`.

    Writes "report.delivered". Whom a mail cannot reach stands in the delivery log with the reason. Raises NotFound,
    Forbidden, Invalid for a draft and for people who may not read it.
    """
    report = begin(viewer, number, "report.write")
    if report.state in UNPUBLISHED:
        raise Invalid({"report": _("Issue the report before you send it.")})
    people = readers(report.scope_id, person_uuids)
    if not people:
        raise Invalid({"people": _("Choose at least one person.")})
    return deliver(viewer, report, people, check_formats(formats) if formats else [], now_or(recorded_at))


def readers(scope_id: int, person_uuids: Sequence[UUID | str]) -> list[Person]:
    """People by UUID, each once. Raises Invalid for "people" unless all of them may read the contract's reports."""
    wanted = list(dict.fromkeys(str(uuid).lower() for uuid in person_uuids))
    known = {str(person.uuid): person for person in people_with(scope_id, "report.view")}
    unknown = [uuid for uuid in wanted if uuid not in known]
    if unknown:
        raise Invalid(
            {"people": _("Nobody with the id %(id)s may read this contract's reports.") % {"id": unknown[0]}}
        )
    return [known[uuid] for uuid in wanted]


def deliver(
    viewer: Viewer, report: Report, people: Sequence[Person], formats: Sequence[str], now: datetime
) -> list[Delivery]:
    """Write "report.delivered" and book the mails; nothing for nobody. Who may not read it any more gets none."""
    allowed = set(people_with(report.scope_id, "report.view").values_list("pk", flat=True))
    people = [person for person in people if person.pk in allowed]
    if not people:
        return []
    entry_id = write_entry(
        report,
        "report.delivered",
        viewer=viewer,
        now=now,
        shared=told(report) | {"count": len(people), "formats": list(formats)},
        personal={"to": people_named(people)},
    )
    return tell_of_issue(report, people, list(formats), entry_id, now)
