"""Work over several contracts in the background: each contract in a transaction of its own, none done twice."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from procrastinate.contrib.django import app

from yunheng.accounts.models import Person
from yunheng.accounts.queries import viewer_for_person
from yunheng.foundation.access import Viewer
from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Invalid, Refusal
from yunheng.foundation.sealing import check_log

from ..models import Errand
from ..notice_text import read_notice
from ..queries import access_contract
from .refreshing import enter_notice, refresh_calendars

_log = logging.getLogger(__name__)
PERMISSIONS: Mapping[str, str] = {
    Errand.Kind.REFRESH: "contract.apply",
    Errand.Kind.NOTICE: "contract.apply",
    Errand.Kind.CHECK: "log.view",
}


@transaction.atomic
def start_errand(
    *, viewer: Viewer, kind: str, contracts: Iterable[str], notice: str = "", year: int | None = None
) -> Errand:
    """Have a job do this for each of the contracts. Raises NotFound, Forbidden, Invalid."""
    keys = sorted(set(contracts))
    if not keys:
        raise Invalid({"contracts": _("Choose at least one contract.")})
    for key in keys:
        contract = access_contract(viewer, key)
        viewer.require("contract.apply", contract.pk)
        if kind == Errand.Kind.CHECK:
            viewer.require("log.view", contract.pk)
    wanted: dict[str, Any] = {"contracts": keys}
    if kind == Errand.Kind.NOTICE:
        if year is None:
            raise Invalid({"year": _("Name the year of the notice.")})
        found = read_notice(notice, year)
        if not found.is_sound:
            raise Invalid({"text": [remark.text(_) for remark in found.remarks]})
        wanted |= {"notice": notice, "year": year}
    person = Person.objects.filter(pk=viewer.person_id).first() if viewer.person_id else None
    if person is None:
        raise Invalid({"contracts": _("This is for people to do, signed in.")})
    errand = Errand.objects.create(kind=kind, asked_by=person, wanted=wanted)
    app.configure_task("contracts:carry_out", lock=f"contracts:errand:{person.pk}").defer(
        errand=str(errand.uuid)
    )
    return errand


def carry_out(uuid: UUID) -> None:
    """Do what is left of an errand; run again after a crash it goes on with the contract it was at."""
    errand = Errand.objects.select_related("asked_by__organisation").get(uuid=uuid)
    if errand.state == Errand.State.FINISHED:
        return
    Errand.objects.filter(pk=errand.pk).update(state=Errand.State.RUNNING)
    done = {result["contract"] for result in errand.results}
    with translation.override(errand.asked_by.language or "zh-hans"):
        for key in errand.wanted["contracts"]:
            if key not in done:
                _carry_out_one(errand, key)
    Errand.objects.filter(pk=errand.pk).update(state=Errand.State.FINISHED, finished_at=datetime.now(UTC))


def _carry_out_one(errand: Errand, key: str) -> None:
    """One contract: what was done and that it was done are one transaction."""
    try:
        with transaction.atomic():
            is_done, text = _done(errand, viewer_for_person(errand.asked_by), key)
            _note(errand, {"contract": key, "is_done": is_done, "text": text})
    except Refusal as refusal:
        _note(errand, {"contract": key, "is_done": False, "text": refusal.message})
    except Exception:
        _log.exception("errand.failed", extra={"errand": str(errand.uuid), "contract": key})
        _note(
            errand,
            {"contract": key, "is_done": False, "text": _("It failed; the log of the worker says why.")},
        )


def _done(errand: Errand, viewer: Viewer, key: str) -> tuple[bool, str]:
    contract = access_contract(viewer, key)
    viewer.require("contract.apply", contract.pk)
    now = datetime.now(UTC)
    if errand.kind == Errand.Kind.CHECK:
        check = check_log(Scope.objects.get(pk=contract.pk), is_full=True)
        check.keep(Scope.objects.get(pk=contract.pk))
        if check.is_sound:
            return True, _("Sound: %(count)s entries verified.") % {"count": f"{check.size:,}"}
        first = str(check.problems[0])
        return False, ngettext(
            "%(count)d problem. The first: %(first)s",
            "%(count)d problems. The first: %(first)s",
            check.problem_count,
        ) % {"count": check.problem_count, "first": first}
    if errand.kind == Errand.Kind.REFRESH:
        fresh = refresh_calendars(viewer=viewer, at=now, contract=contract)
    else:
        notice = read_notice(errand.wanted["notice"], errand.wanted["year"])
        fresh = enter_notice(viewer=viewer, at=now, contract=contract, notice=notice)
    numbers = ", ".join(str(version.number) for version in fresh)
    return True, _("New versions: %(numbers)s") % {"numbers": numbers}


def _note(errand: Errand, result: dict[str, Any]) -> None:
    errand.results = [*errand.results, result]
    Errand.objects.filter(pk=errand.pk).update(results=errand.results)
