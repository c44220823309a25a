"""Rectification orders: the client says what is to be mended by when, the provider reports, the client verifies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.flow import conflict, lock_subject, process_of
from yunheng.foundation.numbering import next_number
from yunheng.foundation.refusals import Invalid

from ...models import Rectification, Statement
from ..queries import access_rectification
from ..telling import tell_of_order
from .basis import (
    RECTIFICATION_CODE,
    begin,
    name_of,
    now_or,
    organisation_of,
    require_side,
    required_text,
    short_text,
    step,
    write_entry,
)
from .deadlines import next_check_of_order

#: From the issue on; a draft may still change.
ISSUED = ("issued", "appealed", "accepted", "arbitrated", "locked", "settled")

#: No order is given for later.
FARTHEST = timedelta(days=3 * 366)


@transaction.atomic
def order_rectification(
    viewer: Viewer,
    number: str,
    what: str,
    due_at: datetime,
    *,
    item: str = "",
    trigger: str = "",
    files: Sequence[FileDraft] = (),
    recorded_at: datetime | None = None,
) -> Rectification:
    """Order what a statement shows to be mended, for the client. `item` and `trigger` are keys of the scheme ("":
    none).

    Needs `appraisal.issue`. Writes "rectification.ordered". Raises NotFound, Forbidden, Conflict of a draft, Invalid
    for "what", "due_at", "item", "trigger".
    """
    text = required_text("what", what)
    statement = begin(viewer, number, "appraisal.issue", states=ISSUED)
    require_side(viewer, "client")
    now = now_or(recorded_at)
    if due_at.utcoffset() is None:
        raise Invalid({"due_at": _("Give the time zone too, for example 2026-04-01T09:30:00+08:00.")})
    if due_at <= now:
        raise Invalid({"due_at": _("This has to lie in the future.")})
    if due_at > now + FARTHEST:
        raise Invalid({"due_at": _("This lies too far in the future.")})
    _check_names(statement, item, trigger)
    process = process_of("rectification")
    today = now.astimezone(ZoneInfo(statement.scope.zone)).date()
    order = Rectification(
        scope=statement.scope,
        number=next_number(statement.scope, RECTIFICATION_CODE, today),
        state=process.initial,
        process_key=process.key,
        process_version=process.version,
        opened_at=now,
        statement=statement,
        item=item,
        trigger=trigger,
        what=text,
        due_at=due_at,
        ordered_by=name_of(viewer),
        ordered_for=organisation_of(viewer),
    )
    order.next_check_at = next_check_of_order(order)
    order.save(force_insert=True)
    shared = {
        "statement": statement.number,
        "what": text,
        "due_at": due_at.isoformat(),
        "item": item or None,
        "trigger": trigger or None,
    }
    entry_id = write_entry(order, "rectification.ordered", viewer=viewer, now=now, shared=shared, files=files)
    tell_of_order(order, "ordered", now, entry_id)
    return order


@transaction.atomic
def report_rectification(
    viewer: Viewer,
    number: str,
    row_version: int,
    report: str,
    files: Sequence[FileDraft] = (),
    *,
    recorded_at: datetime | None = None,
) -> Rectification:
    """Report for the provider that an order is carried out, with evidence. Needs `appraisal.answer`.

    Writes "rectification.reported". Raises NotFound, Forbidden, Conflict, Invalid.
    """
    text = required_text("report", report)
    order = _begin(viewer, number, "appraisal.answer", row_version)
    require_side(viewer, "provider")
    now = now_or(recorded_at)
    columns = {
        "report": text,
        "reported_by": name_of(viewer),
        "reported_at": now,
        "next_check_at": None,
    }
    entry_id = step(
        order,
        "report",
        "rectification.reported",
        viewer=viewer,
        now=now,
        columns=columns,
        shared={"statement": order.statement.number, "is_late": now > order.due_at},
        form={"report": text},
        files=files,
    )
    tell_of_order(order, "reported", now, entry_id)
    return order


@transaction.atomic
def verify_rectification(
    viewer: Viewer,
    number: str,
    row_version: int,
    opinion: str = "",
    *,
    recorded_at: datetime | None = None,
) -> Rectification:
    """Confirm for the client that what was ordered is mended. Needs `appraisal.issue`. Writes
    "rectification.verified".

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    text = short_text("opinion", opinion)
    order = _begin(viewer, number, "appraisal.issue", row_version)
    require_side(viewer, "client")
    now = now_or(recorded_at)
    columns = {"answer": text, "verified_by": name_of(viewer), "verified_at": now}
    form = {"opinion": text} if text else {}
    shared = {"statement": order.statement.number}
    entry_id = step(
        order,
        "verify",
        "rectification.verified",
        viewer=viewer,
        now=now,
        columns=columns,
        shared=shared,
        form=form,
    )
    tell_of_order(order, "verified", now, entry_id)
    return order


@transaction.atomic
def send_rectification_back(
    viewer: Viewer, number: str, row_version: int, reason: str, *, recorded_at: datetime | None = None
) -> Rectification:
    """Say for the client that what was ordered is not mended yet; the date stays. Needs `appraisal.issue`.

    Writes "rectification.sent_back". Raises NotFound, Forbidden, Conflict, Invalid.
    """
    text = required_text("reason", reason)
    order = _begin(viewer, number, "appraisal.issue", row_version)
    require_side(viewer, "client")
    now = now_or(recorded_at)
    shared = {"statement": order.statement.number}
    entry_id = step(
        order,
        "send_back",
        "rectification.sent_back",
        viewer=viewer,
        now=now,
        columns={"answer": text},
        shared=shared,
        form={"reason": text},
    )
    tell_of_order(order, "sent_back", now, entry_id)
    return order


@transaction.atomic
def withdraw_rectification(
    viewer: Viewer, number: str, row_version: int, reason: str, *, recorded_at: datetime | None = None
) -> Rectification:
    """Take an order back for the client. Needs `appraisal.issue`. Writes "rectification.withdrawn".

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    text = required_text("reason", reason)
    order = _begin(viewer, number, "appraisal.issue", row_version)
    require_side(viewer, "client")
    now = now_or(recorded_at)
    shared = {"statement": order.statement.number}
    step(
        order,
        "withdraw",
        "rectification.withdrawn",
        viewer=viewer,
        now=now,
        columns={"answer": text, "next_check_at": None},
        shared=shared,
        form={"reason": text},
    )
    return order


def _begin(viewer: Viewer, number: str, permission: str, row_version: int) -> Rectification:
    order = access_rectification(viewer, number)
    viewer.require(permission, order.scope_id)
    lock_subject(order)
    order = access_rectification(viewer, number)
    if row_version != order.row_version:
        raise conflict(order, viewer)
    return order


def _check_names(statement: Statement, item: str, trigger: str) -> None:
    scheme = terms_of_version(statement.contract_version_id).scoring
    items = [] if scheme is None else [one.key for one in scheme.items()]
    triggers = [] if scheme is None else [one.key for one in scheme.triggers]
    for field, key, known in (("item", item, items), ("trigger", trigger, triggers)):
        if key and key not in known:
            text = _("The scheme has no “%(key)s”. It has: %(known)s.")
            raise Invalid({field: text % {"key": key[:40], "known": ", ".join(known) or "–"}})
