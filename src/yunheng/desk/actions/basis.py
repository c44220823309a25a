"""What every action on a ticket begins and ends with: access, instants, the contract, the entry and its
facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from yunheng.contracts.queries import terms_of_version
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.access import Viewer
from yunheng.foundation.facts import FactDraft, encode_facts
from yunheng.foundation.journal import EntryDraft, Rider, record
from yunheng.foundation.refusals import Invalid
from yunheng.logic.clock import ClockState, fold
from yunheng.logic.words import texts_in
from yunheng.sla.actions import FoldedClock, fact_riders, refold
from yunheng.sla.queries import CONTRACT_EXPIRED, NO_CONTRACT, contract_timeline, facts_of

from ..models import Ticket
from ..queries import access_ticket
from ..searching import first_words_along, words_along

DEFAULT_BACKDATING: Final = timedelta(hours=24)
NO_BACKDATING: Final = timedelta(minutes=1)  #: what lies back no further counts as happening now

OPENED: Final = "ticket.opened"  #: the entry that begins a ticket
#: Side of an organisation kind as entries name it.
SYSTEM_SIDE: Final = "system"


@dataclass(frozen=True, slots=True)
class Instants:
    """When something happened, in whole seconds, and when it is recorded."""

    at: datetime
    recorded_at: datetime

    @property
    def seconds(self) -> int:
        """`at` as epoch seconds UTC."""
        return int(self.at.timestamp())


def side_of(viewer: Viewer) -> str:
    """ "provider", "client", "supplier", or "system" for who belongs to no organisation."""
    return viewer.organisation_kind or SYSTEM_SIDE


def source_of(viewer: Viewer, source: str | None) -> str:
    """Source of an entry: what the caller says (a device, an import), else person or server."""
    return source or ("server" if viewer.is_system else "person")


def contract_for(scope_id: int, at: datetime) -> tuple[ContractTerms, str]:
    """Terms in force at an instant and "", or the last terms and "contract_expired".

    Raises Invalid with code "no_contract" when there never was a version.
    """
    timeline = contract_timeline(scope_id)
    seconds = int(at.timestamp())
    version_id = timeline.version_at(seconds)
    if version_id is not None:
        return terms_of_version(version_id), ""
    version_id = timeline.last_before(seconds)
    if version_id is None:
        raise Invalid(
            {"contract": _("No contract was in force at that time, and none before it.")}, code=NO_CONTRACT
        )
    return terms_of_version(version_id), CONTRACT_EXPIRED


def instants_of(viewer: Viewer, scope_id: int, at: datetime | None, recorded_at: datetime | None) -> Instants:
    """Check when something is said to have happened: not in the future, and not further back than the role
    may say.

    The limit is the widest of the viewer's roles in the contract in force at `at`; 24 hours without one.
    Raises Invalid for the field "at".
    """
    now = recorded_at or datetime.now(UTC)
    if at is None:
        return Instants(now.replace(microsecond=0), now)
    if at.utcoffset() is None:
        raise Invalid({"at": _("Give the time zone too, for example 2026-04-01T09:30:00+08:00.")})
    if at > now:
        raise Invalid({"at": _("This lies in the future.")})
    back = now - at
    if back > NO_BACKDATING and not viewer.is_system:
        limit = _backdating_limit(viewer, scope_id, at)
        if back > limit:
            raise Invalid(
                {
                    "at": _("You may say that something happened at most %(hours)g hours ago.")
                    % {"hours": limit.total_seconds() / 3600}
                },
                code="backdating",
            )
    return Instants(at.replace(microsecond=0), now)


def _backdating_limit(viewer: Viewer, scope_id: int, at: datetime) -> timedelta:
    try:
        terms, _reason = contract_for(scope_id, at)
    except Invalid:
        return DEFAULT_BACKDATING
    limits = [terms.backdating_limit(role) for role in viewer.roles_in(scope_id)]
    return timedelta(seconds=max(limits, default=0))


def begin(
    viewer: Viewer,
    number: str,
    *,
    permission: str | None,
    at: datetime | None,
    recorded_at: datetime | None,
) -> tuple[Ticket, Instants]:
    """The ticket and checked instants for an action. Raises NotFound, Forbidden, Invalid.

    History from another system is observed, not worked on. Nothing happens to a ticket before it was opened.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an action runs inside a transaction")
    ticket = access_ticket(viewer, number, with_people=False)
    if permission is not None:
        viewer.require(permission, ticket.scope_id)
    if ticket.is_observed:
        raise Invalid(
            {"ticket": _("%(number)s is history from another system.") % {"number": ticket.number}},
            code="observed",
        )
    instants = instants_of(viewer, ticket.scope_id, at, recorded_at)
    if instants.at < ticket.opened_at.replace(microsecond=0):
        raise Invalid({"at": _("The ticket was opened later than that.")})
    return ticket, instants


def write_entry(
    ticket: Ticket,
    entry_type: str,
    *,
    viewer: Viewer,
    instants: Instants,
    source: str | None,
    shared: Mapping[str, Any] | None = None,
    internal: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    facts: Sequence[FactDraft] = (),
    supersedes: Sequence[int] = (),
) -> int:
    """Record an entry of a ticket with its facts and its words for searches (1 statement); returns the entry's id.

    Clocks are folded by `fold_clocks`.
    """
    data = dict(shared or {})
    if facts:
        data["facts"] = encode_facts(facts)
    if supersedes:
        data["supersedes"] = list(supersedes)
    told = {"shared": shared, "internal": internal, "personal": personal}
    if entry_type == OPENED:
        words = first_words_along(ticket, **told)
    else:
        words = words_along(ticket.pk, {name: texts_in(one) for name, one in told.items()})
    return record(
        EntryDraft(
            scope_id=ticket.scope_id,
            scope_key=ticket.scope.key,
            subject_id=ticket.pk,
            subject_number=ticket.number,
            type=entry_type,
            occurred_at=instants.at,
            actor=viewer.actor,
            source=source_of(viewer, source),
            shared=data or None,
            internal=internal or None,
            personal=personal or None,
        ),
        recorded_at=instants.recorded_at,
        riders=[
            *words,
            *fact_riders(scope_id=ticket.scope_id, subject_id=ticket.pk, facts=facts, supersedes=supersedes),
        ],
    )


def along_with_move(
    ticket: Ticket,
    facts: Sequence[FactDraft],
    values: Mapping[str, Any],
    told: Mapping[str, Mapping[str, Any]],
) -> list[Rider]:
    """What goes along with the entry of a transition: its words for searches, its facts, and the waiting periods that
    they begin or end.
    """
    note = values.get("note")
    return [
        *words_along(ticket.pk, {name: texts_in(one) for name, one in told.items()}),
        *fact_riders(
            scope_id=ticket.scope_id,
            subject_id=ticket.pk,
            facts=facts,
            expected_until=values.get("expected_until"),
            note=note if isinstance(note, str) else "",
        ),
    ]


def fold_clocks(ticket: Ticket, instants: Instants) -> list[FoldedClock]:
    """Fold the ticket's clocks after an action, as of the instant of recording."""
    return refold(scope_id=ticket.scope_id, subject_id=ticket.pk, now=instants.recorded_at)


def check_outcome(
    viewer: Viewer, ticket: Ticket, entry_id: int, instants: Instants, clocks: Sequence[FoldedClock]
) -> None:
    """Refuse to date something back where that alone decides a promise to the client in favour of the side
    that says so (sla-semantics 18). The way is to record it as of now, and to correct the time with the
    other side's approval.

    Compares each clock with what it would be, had the entry's facts happened when they were recorded.
    Raises Invalid with code "outcome".
    """
    if viewer.is_system or instants.recorded_at - instants.at <= NO_BACKDATING:
        return
    facts = facts_of(scope_id=ticket.scope_id, subject_id=ticket.pk)
    now = int(instants.recorded_at.timestamp())
    undated = [
        replace(fact, at=now) if fact.entry == entry_id and fact.at == instants.seconds else fact
        for fact in facts
    ]
    is_client = side_of(viewer) == "client"
    for clock in clocks:
        planned, detail = clock.planned, clock.planned.detail
        if clock.state is None or planned.policy is None or planned.terms is None or detail is None:
            continue
        if detail.audience != "client":
            continue
        is_missed = _is_missed(clock.state)
        would_be_missed = _is_missed(fold(undated, planned.policy, planned.terms.calendars, now))
        if (is_missed and not would_be_missed) if is_client else (would_be_missed and not is_missed):
            raise Invalid(
                {
                    "at": _(
                        "Dating this back decides whether “%(clock)s” was kept. Record it as of now, and let the other "
                        "side approve a correction of time."
                    )
                    % {"clock": planned.kind}
                },
                code="outcome",
            )


def _is_missed(state: ClockState) -> bool:
    return state.breached_at is not None or state.is_met is False


def named(person: Any) -> dict[str, str]:
    """A person as personal data of an entry."""
    return {"id": str(person.uuid), "name": person.name}


def required_text(field: str, text: str, *, length: int = 20_000) -> str:
    """The text without outer blanks. Raises Invalid for the field when it is empty or too long."""
    stripped = text.strip()
    if not stripped:
        raise Invalid({field: _("This field is required.")})
    if len(stripped) > length:
        raise Invalid({field: _("At most %(count)d characters.") % {"count": length}})
    return stripped
