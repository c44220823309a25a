"""What of a frozen statement can be contested: its items, and the events that were looked at in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from yunheng.logic.score import RULES

#: Rules whose items are contested event by event.
_BY_EVENT: Final = ("occurrence", "bonus")


@dataclass(frozen=True, slots=True)
class Targets:
    """Items with their stored terms, and the keys of events by kind."""

    items: Mapping[str, Mapping[str, Any]]
    kinds: Mapping[str, str]  #: kind by key of an event

    def rule(self, item: str) -> str:
        """The rule of an item."""
        return next(name for name in RULES if name in self.items[item])

    def problem(self, item: str, event: str) -> str:
        """Why this cannot be contested, "" when it can."""
        terms = self.items.get(item)
        if terms is None:
            return _("The statement has no item “%(item)s”.") % {"item": item[:40]}
        rule = self.rule(item)
        if rule not in _BY_EVENT:
            return _("“%(item)s” has no events.") % {"item": item} if event else ""
        if not event:
            return _("“%(item)s” counts events: name the one that is contested.") % {"item": item}
        if self.kinds.get(event) not in terms[rule]["of"]:
            return _("“%(item)s” has no event “%(event)s”.") % {"item": item, "event": event[:100]}
        return ""


def is_by_term(decision: str, votes: Iterable[tuple[str, str]]) -> bool:
    """Whether an appeal was rejected because the term of the arbitration ended: not both sides had voted so."""
    against = {side for side, vote in votes if vote == "rejected"}
    return decision == "rejected" and len(against) < 2


def targets_of(content: Mapping[str, Any]) -> Targets:
    """What of a frozen content can be contested; nothing of one that is made of signed statements."""
    results = content["results"]
    if results is None:
        return Targets({}, {})
    return Targets(
        items={
            item["key"]: item
            for section in content["rules"]["scheme"]["sections"]
            for item in section["items"]
        },
        kinds={event["key"]: event["kind"] for event in results["events"]},
    )
