"""The plan of a contract's monthly report: kept by the manager, carried out on time by the system."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from yunheng.contracts.actions import record_entry
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import access_contract
from yunheng.foundation.access import SYSTEM_VIEWER, Viewer
from yunheng.foundation.refusals import Conflict, Invalid

from ..models import Kind, Report, ReportPlan, ReportRun
from ..period import Month, month_of, read_month
from ..refusing import check_formats, check_languages
from .basis import now_or, people_named
from .delivering import readers
from .requesting import RUNNING, book_run, standing

LAST_DAY: Final = 28
_PLANNED: Final = Q(kind=Kind.MONTHLY, is_planned=True)
_FIELDS: Final = (
    *("is_active", "languages", "formats", "day", "time", "recipients"),
    *("is_issued_by_itself", "has_files"),
)


@transaction.atomic
def set_plan(
    viewer: Viewer,
    contract_key: str,
    row_version: int,
    plan: Mapping[str, Any],
    *,
    recorded_at: datetime | None = None,
) -> ReportPlan:
    """Keep a contract's plan. `plan`: is_active, languages, formats, day (1–28 of the following month), time
    ("09:00", by the contract's clock), recipients (UUIDs), is_issued_by_itself, has_files; what is left out stays.

    `row_version` is that of `plan_of` (0: there was none). Periods that were due before it was switched on are
    nobody's. Writes "report.planned". Needs `report.write`. Raises NotFound, Forbidden, Conflict, Invalid per field.
    """
    contract = access_contract(viewer, contract_key)
    viewer.require("report.write", contract.pk)
    now = now_or(recorded_at)
    unknown = sorted(set(plan) - set(_FIELDS))
    if unknown:
        raise Invalid({unknown[0]: _("One of: %(choices)s.") % {"choices": ", ".join(_FIELDS)}})
    kept = ReportPlan.objects.select_for_update().filter(pk=contract.pk).first()
    if (kept.row_version if kept else 0) != row_version:
        raise _changed()
    values = _checked(plan, kept)
    people = readers(contract.pk, plan["recipients"]) if "recipients" in plan else None
    if kept is None:
        kept = ReportPlan(scope=contract.scope, row_version=0, **_defaults())
    was_active = kept.is_active
    for name, value in values.items():
        setattr(kept, name, value)
    if kept.is_active and not was_active:
        kept.active_since = now
    if row_version == 0:
        kept.row_version = 1
        _insert(kept)
    else:
        kept.row_version = row_version + 1
        kept.save()
    if people is not None:
        kept.recipients.set(people)
    _record(viewer, contract, kept, now)
    return kept


def carry_out_plans(now: datetime | None = None) -> int:
    """Ask for every report whose time has come, each period once, those of a downtime, too; returns how many.

    Safe to run at any moment and by several workers: a period that was asked for is in its run's row.
    """
    moment = now or datetime.now(UTC)
    count = 0
    asked = set(ReportRun.objects.filter(_PLANNED).values_list("scope_id", "period"))
    for plan in ReportPlan.objects.select_related("scope__contract").filter(is_active=True).order_by("pk"):
        contract = plan.scope.contract
        for month in _due(plan, moment):
            if (plan.pk, month.key) in asked:
                continue
            with transaction.atomic():
                if _is_asked_for(plan, month):
                    continue
                try:
                    read_month(contract, month.key, moment)
                except Invalid:
                    continue  # the contract was not in force then
                done = standing(contract.pk, Kind.MONTHLY, month.key, None)
                if done is not None:  # somebody was faster than the plan, and issued it already
                    _note_done(contract, month, plan, done)
                    continue
                run = book_run(SYSTEM_VIEWER, contract, Kind.MONTHLY, month, plan.languages, is_planned=True)
                if not run.is_planned:  # somebody asked for it a moment ago: that is the plan's run, too
                    joined = ReportRun.objects.filter(pk=run.pk, state__in=RUNNING).update(is_planned=True)
                    if not joined:
                        continue  # it ended meanwhile: the next minute asks
                count += 1
    return count


def _note_done(contract: Contract, month: Month, plan: ReportPlan, report: Report) -> None:
    """Keep that the plan need not ask for a month any more."""
    ReportRun.objects.create(
        scope_id=contract.pk,
        kind=Kind.MONTHLY,
        period=month.key,
        languages=plan.languages,
        report=report,
        state=ReportRun.State.FINISHED,
        is_planned=True,
        finished_at=datetime.now(UTC),
    )


def _due(plan: ReportPlan, now: datetime) -> list[Month]:
    """Months whose report is to be asked for by now, since the plan was switched on; the oldest first."""
    zone = plan.scope.zone
    since = plan.active_since or now
    month, found = month_of(since, zone).before, []
    while (at := planned_at(plan, month)) <= now:
        if at > since:
            found.append(month)
        month = month.following
    return found


def planned_at(plan: ReportPlan, month: Month) -> datetime:
    """When the plan asks for a month's report: its day and time in the following month, by the contract's clock."""
    day = month.following.first.replace(day=plan.day)
    return datetime.combine(day, plan.time, ZoneInfo(plan.scope.zone)).astimezone(UTC)


def _is_asked_for(plan: ReportPlan, month: Month) -> bool:
    # The plan's row is the lock: two workers never ask for one period side by side.
    ReportPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    return ReportRun.objects.filter(_PLANNED, scope_id=plan.pk, period=month.key).exists()


def _defaults() -> dict[str, Any]:
    return {
        "is_active": False,
        "languages": check_languages(["zh-Hans"]),
        "formats": check_formats(None),
        "day": 3,
        "time": time(9, 0),
    }


def _checked(plan: Mapping[str, Any], kept: ReportPlan | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults: dict[str, str | list[str]] = {}
    for name, check in (("languages", check_languages), ("formats", check_formats)):
        if name in plan:
            try:
                values[name] = check(plan[name] or ())
            except Invalid as refusal:
                faults.update(refusal.fields)
    for name in ("is_active", "is_issued_by_itself", "has_files"):
        if name in plan:
            if not isinstance(plan[name], bool):
                faults[name] = _("Answer yes or no.")
            else:
                values[name] = plan[name]
    if "day" in plan:
        day = plan["day"]
        if not isinstance(day, int) or isinstance(day, bool) or not 1 <= day <= LAST_DAY:
            faults["day"] = _("A day from 1 to %(last)d, which every month has.") % {"last": LAST_DAY}
        else:
            values["day"] = day
    if "time" in plan:
        found = _time(plan["time"])
        if found is None:
            faults["time"] = _("A time of day as 09:00.")
        else:
            values["time"] = found
    if faults:
        raise Invalid(faults)
    return values


def _time(given: Any) -> time | None:
    if isinstance(given, time):
        return given.replace(second=0, microsecond=0, tzinfo=None)
    try:
        return time.fromisoformat(str(given)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _insert(plan: ReportPlan) -> None:
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        raise _changed() from None


def _changed() -> Conflict:
    return Conflict(_("Somebody else changed the plan meanwhile. Look again before you go on."))


def _record(viewer: Viewer, contract: Contract, plan: ReportPlan, now: datetime) -> None:
    """The plan is part of how the contract is served: its changes are entries of the contract."""
    told = {
        "is_active": plan.is_active,
        "languages": list(plan.languages),
        "formats": list(plan.formats),
        "day": plan.day,
        "time": f"{plan.time:%H:%M}",
        "is_issued_by_itself": plan.is_issued_by_itself,
        "has_files": plan.has_files,
        "recipients": plan.recipients.count(),
    }
    people = people_named(list(plan.recipients.order_by("login")))
    record_entry(viewer, now, contract, "report.planned", {}, told, {"recipients": people})
