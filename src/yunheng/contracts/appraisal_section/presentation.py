"""The section `appraisal` in sentences that a person in business can read, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunheng.accounts.roles import ROLES
from yunheng.accounts.wording import role_label
from yunheng.foundation import wording as words

from .. import wording
from ..scoring.presentation import period_name

Terms = Mapping[str, Any]


def appraisal_lines(terms: Terms) -> list[str]:
    """One sentence for each thing that is agreed; none where the contract has no such section."""
    stored = terms.get("appraisal")
    if stored is None:
        return []
    labels = {calendar["key"]: wording.said(calendar["label"]) for calendar in terms["calendars"]}
    lines = [_("Terms count the working days of “%(calendar)s”.") % {"calendar": labels[stored["calendar"]]}]
    if "issue_within" in stored:
        lines.append(
            _("A period's statement is issued within %(term)s after its end.")
            % {"term": _term(stored["issue_within"])}
        )
    lines.append(
        _("The provider accepts it or appeals within %(term)s after the issue.")
        % {"term": _term(stored["appeal"]["within"])}
    )
    if stored["appeal"]["silence"] == "accept":
        lines.append(_("No answer in time counts as acceptance."))
    else:
        lines.append(_("No answer in time does not count as acceptance."))
    if "arbitration" in stored:
        lines.append(
            _("Appeals are decided within %(term)s.") % {"term": _term(stored["arbitration"]["within"])}
        )
        lines.append(overdue_line(stored["arbitration"]))
    currency = (terms["scoring"].get("settlement") or {}).get("currency", "")
    if "fee" in stored:
        lines.append(
            _("Fee: %(amount)s %(currency)s for each %(period)s.")
            % {
                "amount": stored["fee"]["amount"],
                "currency": currency,
                "period": period_name(stored["fee"]["per"]),
            }
        )
        if stored.get("part_period") == "by_days":
            lines.append(_("A period that the contract covers in part is paid by its days."))
        else:
            lines.append(_("A period that the contract covers in part is paid whole."))
    if "contract_value" in stored:
        lines.append(
            _("Value of the contract: %(amount)s %(currency)s.")
            % {"amount": stored["contract_value"], "currency": currency}
        )
    lines.append(_("Signed by: %(ways)s.") % {"ways": wording.listed(map(_way, stored["signing"]))})
    for rater in stored["raters"]:
        roles = wording.listed(role_label(role) for role in rater["roles"])
        word = role_label(rater["key"]) if rater["key"] in ROLES else rater["key"]
        lines.append(_("“%(word)s” is rated by: %(roles)s.") % {"word": word, "roles": roles})
    return lines


def overdue_line(arbitration: Mapping[str, Any]) -> str:
    """What becomes of appeals that nobody decided within the term."""
    if arbitration.get("overdue") == "stands":
        return _("Without a decision by then, what is contested stands as it was issued.")
    roles = arbitration.get("escalate_to")
    if roles:
        named = wording.listed(role_label(role) for role in roles)
        return _("Without a decision by then, it is escalated to: %(roles)s.") % {"roles": named}
    return _("Without a decision by then, everybody who arbitrates is told.")


def _term(stored: Mapping[str, int]) -> str:
    if "working_days" in stored:
        days = stored["working_days"]
        return ngettext("%(count)d working day", "%(count)d working days", days) % {"count": days}
    return words.duration(stored["seconds"], is_exact=True)


def _way(way: str) -> str:
    return {
        "passkey": _("passkey"),
        "confirmation": _("confirmation with a mailed receipt"),
        "scan": _("scan of the stamped paper"),
    }[way]
