"""Takes official holidays in: those that the library holds by now, or a notice that somebody enters by hand."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, Refusal

from ..models import Contract, ContractVersion
from ..notice_text import Notice
from ..refreshing import (
    changed_too_late,
    changes_of,
    document_with_notice,
    governing,
    provisional_in,
    published_since,
    stored_versions,
    with_notice,
)
from .applying import lock_contract, record_entry, store_version, version_data


@transaction.atomic
def refresh_calendars(*, viewer: Viewer, at: datetime, contract: Contract) -> list[ContractVersion]:
    """Record new versions with the same terms where official holidays were published since (sla-semantics 6).

    Every version that governs some time and is not older than the first one concerned gets a successor from
    the same day on, in order, so that each day keeps its terms. Raises Refusal "nothing_changes" when no year
    that was provisional is published now.
    """
    viewer.require("contract.apply", contract.pk)
    lock_contract(contract.scope.key)
    chain = governing(stored_versions(contract))
    concerned = [version for version in chain if published_since(version)]
    if not concerned:
        raise Refusal(_("No provisional year has been published since."), code="nothing_changes")
    fresh = []
    for version in chain[chain.index(concerned[0]) :]:
        years = published_since(version)
        successor = store_version(
            viewer, at, contract, version.terms, version.document, version.valid_from, version.valid_to
        )
        _record(viewer, at, contract, successor, version, {"published_years": sorted(years)})
        fresh.append(successor)
    return fresh


@transaction.atomic
def enter_notice(
    *, viewer: Viewer, at: datetime, contract: Contract, notice: Notice
) -> list[ContractVersion]:
    """Record new versions in which an official notice, entered by hand, stands for a provisional year.

    Like `refresh_calendars`, but the days are written into the documents (`calendars.….notices`), so that they win
    over the library for good. Only for years that are provisional, and only while no day that changes has passed
    with work on it: what was judged is not changed by what one side types in. Raises Refusal "nothing_changes",
    "backdated"; Invalid for a notice that is not sound.
    """
    viewer.require("contract.apply", contract.pk)
    if not notice.is_sound:
        raise Invalid(
            {"text": [remark.text(_) for remark in notice.remarks] or [_("The notice names no day.")]}
        )
    lock_contract(contract.scope.key)
    chain = governing(stored_versions(contract))
    concerned = [version for version in chain if notice.year in provisional_in(version)]
    if not concerned:
        raise Refusal(
            _("%(year)d is provisional in no calendar of this contract.") % {"year": notice.year},
            code="nothing_changes",
        )
    fresh = []
    for version in chain[chain.index(concerned[0]) :]:
        terms, document = version.terms, version.document
        if version in concerned:
            terms = with_notice(terms, notice.year, notice.document())
            document = document_with_notice(document, terms)
            late = changed_too_late(contract, changes_of(version, terms, [notice.year]), at)
            if late:
                raise Refusal(
                    _(
                        "The eve of %(day)s has begun, and work is recorded since: upgrade the holiday library and "
                        "refresh, or propose a version with the notice to the client."
                    )
                    % {"day": late},
                    code="backdated",
                )
        successor = store_version(viewer, at, contract, terms, document, version.valid_from, version.valid_to)
        entered = (
            {"entered_years": [notice.year], "notice": notice.document()} if version in concerned else {}
        )
        _record(viewer, at, contract, successor, version, entered)
        fresh.append(successor)
    return fresh


def _record(
    viewer: Viewer,
    at: datetime,
    contract: Contract,
    successor: ContractVersion,
    replaced: ContractVersion,
    why: Mapping[str, object],
) -> None:
    shared, internal = version_data(successor)
    record_entry(
        viewer,
        at,
        contract,
        "contract.calendar_refreshed",
        {**shared, "replaces": replaced.number, **why},
        internal,
    )
