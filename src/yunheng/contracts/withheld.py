"""What a client's reader is not shown of a contract: what the provider promised itself, and had its suppliers promise.

No Django. What was left out leaves no trace but the mark that something was: see docs/adr/0010.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Terms = Mapping[str, Any]


def withheld_clocks(terms: Terms) -> frozenset[str]:
    """Clocks that are no promise to the client: internal (OLA) and of suppliers (UC)."""
    return frozenset(clock["key"] for clock in terms["clocks"] if clock["audience"] != "client")


def client_terms(terms: Terms) -> Terms:
    """The terms as the client reads them; the very same where nothing is withheld.

    Gone are withheld clocks with their goals and escalations, indicators that count nothing else, and calendars
    that only they use. An indicator that counts some of them keeps the others and says `counts_more`, and so does one
    that the scoring reads: what is paid follows from it.
    """
    hidden = withheld_clocks(terms)
    if not hidden:
        return terms
    scored = {
        item.get("indicator")
        for section in terms.get("scoring", {}).get("sections", ())
        for item in section["items"]
    }
    indicators = []
    for indicator in terms["indicators"]:
        shown = [clock for clock in indicator["clocks"] if clock not in hidden]
        if indicator["clocks"] and not shown and indicator["key"] not in scored:
            continue
        if shown != indicator["clocks"]:
            indicator = {**indicator, "clocks": shown, "counts_more": True}
        indicators.append(indicator)
    seen: dict[str, Any] = {
        **terms,
        "clocks": [clock for clock in terms["clocks"] if clock["key"] not in hidden],
        "targets": [target for target in terms["targets"] if target["clock"] not in hidden],
        "pauses": {
            **terms["pauses"],
            "reasons": [
                {**reason, "stops": [clock for clock in reason["stops"] if clock not in hidden]}
                for reason in terms["pauses"]["reasons"]
            ],
        },
        "indicators": indicators,
        "escalation": [step for step in terms["escalation"] if step["clock"] not in hidden],
    }
    used = used_calendars(seen)
    seen["calendars"] = [calendar for calendar in terms["calendars"] if calendar["key"] in used]
    return seen


def used_calendars(terms: Terms) -> frozenset[str]:
    """Keys of the calendars that something in the terms is counted in."""
    auto_close = terms["desk"]["auto_close"] or {}
    named = {
        *(service["calendar"] for service in terms["services"]),
        *(target["calendar"] for target in terms["targets"]),
        *(indicator["calendar"] for indicator in terms["indicators"]),
        *(report["calendar"] for report in terms.get("reports", ())),
        terms["pauses"]["confirm_calendar"],
        terms.get("appraisal", {}).get("calendar"),
        auto_close.get("calendar"),
    }
    return frozenset(key for key in named if key is not None)
