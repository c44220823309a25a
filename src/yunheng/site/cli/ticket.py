"""`yunheng ticket`: one ticket with its timeline and clocks, and whether it is what its journal tells."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .answers import print_columns, print_json, refusals_as_errors
from .database import open_database

if TYPE_CHECKING:
    from yunheng.desk.models import Ticket
    from yunheng.desk.queries import TimelineEntry
    from yunheng.sla.queries import ClockExplanation


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng ticket`."""
    parser = subparsers.add_parser("ticket", help=_("show a ticket, its timeline and its clocks"))
    actions = parser.add_subparsers(dest="action", required=True, metavar=_("ACTION"))
    one = actions.add_parser("show", help=_("timeline, and clocks explained to the second"))
    one.add_argument(
        "number", metavar="NUMBER", help=_("its number here, or in the system it was imported from")
    )
    one.add_argument("--clock", metavar="KIND", help=_("only this clock, with all of its segments"))
    one.add_argument(
        "--as-of", type=int, metavar="POSITION", help=_("clocks as they stood at this log position")
    )
    one.add_argument("--json", action="store_true", help=_("answer in JSON"))
    one = actions.add_parser(
        "verify", help=_("compare row, facts and clocks with the journal; status 1 when they differ")
    )
    one.add_argument("number", metavar="NUMBER")
    one.add_argument("--json", action="store_true", help=_("answer in JSON"))


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    with open_database(), refusals_as_errors():
        from yunheng.desk.queries import access_ticket, ticket_of_source
        from yunheng.foundation.access import SYSTEM_VIEWER
        from yunheng.foundation.refusals import NotFound

        try:
            ticket = access_ticket(SYSTEM_VIEWER, args.number)
        except NotFound:
            ticket = ticket_of_source(SYSTEM_VIEWER, args.number)
        return _verify(args, ticket) if args.action == "verify" else _show(args, ticket)


def _verify(args: argparse.Namespace, ticket: "Ticket") -> int:
    from yunheng.desk.verifying import verify_ticket

    problems = verify_ticket(ticket)
    if args.json:
        print_json({"number": ticket.number, "is_sound": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            print(f"{ticket.number}: {problem}", file=sys.stderr)
    else:
        print(_("{number}: row, facts and clocks are what the journal tells.").format(number=ticket.number))
    return 1 if problems else 0


def _show(args: argparse.Namespace, ticket: "Ticket") -> int:
    from yunheng.desk.queries import timeline
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.sla.queries import explain_clocks

    kinds = frozenset({args.clock}) if args.clock else None
    clocks = explain_clocks(
        scope_id=ticket.scope_id,
        subject_id=ticket.pk,
        now=int(datetime.now(UTC).timestamp()),
        as_of=args.as_of,
        kinds=kinds,
    )
    if args.clock and args.clock not in clocks:
        raise CommandError(_("{number} has no clock “{kind}”.").format(number=ticket.number, kind=args.clock))
    if args.json:
        print_json(_document(ticket, clocks.values()))
        return 0
    entries = timeline(SYSTEM_VIEWER, ticket)
    places = {entry.id: f"#{place}" for place, entry in enumerate(entries, start=1)}
    if not args.clock:
        _print_head(ticket)
        _print_timeline(ticket, entries)
    for clock in clocks.values():
        _print_clock(clock, ticket, places)
    return 0


def _document(ticket: "Ticket", clocks: Any) -> dict[str, Any]:
    from yunheng.desk.queries import timeline
    from yunheng.foundation.access import SYSTEM_VIEWER

    return {
        "number": ticket.number,
        "kind": ticket.kind,
        "title": ticket.title,
        "state": ticket.state,
        "process": {"key": ticket.process_key, "version": ticket.process_version},
        "service": ticket.service,
        "priority": ticket.priority,
        "is_major": ticket.is_major,
        "opened_at": ticket.opened_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
        "is_observed": ticket.is_observed,
        "timeline": [
            {
                "type": entry.type,
                "occurred_at": entry.occurred_at,
                "recorded_at": entry.recorded_at,
                "actor": {"kind": entry.actor_kind, "name": entry.actor_name},
                "source": entry.source,
                "log_index": entry.log_index,
                "shared": entry.shared,
                "internal": entry.internal,
                "erased": sorted(entry.erased),
            }
            for entry in timeline(SYSTEM_VIEWER, ticket)
        ],
        "clocks": [_clock_document(clock) for clock in clocks],
    }


def _clock_document(clock: "ClockExplanation") -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": clock.kind,
        "reason": clock.reason,
        "contract_version": clock.terms.number if clock.terms else None,
    }
    if clock.explanation is None:
        return document
    state = clock.explanation.state
    return document | {
        "status": state.status.value,
        "profile": state.profile,
        "elapsed_seconds": state.elapsed_seconds,
        "goal_seconds": state.goal_seconds,
        "started_at": _instant(state.started_at),
        "stopped_at": _instant(state.stopped_at),
        "due_at": _instant(state.due_at),
        "breached_at": _instant(state.breached_at),
        "is_met": state.is_met,
        "undisputed_elapsed_seconds": state.undisputed_elapsed_seconds,
        "is_provisional": state.is_provisional,
        "segments": [
            {
                "from": _instant(segment.from_at),
                "to": _instant(segment.to_at),
                "seconds": segment.seconds,
                "is_counted": segment.is_counted,
                "why": segment.why.value,
                "party": segment.party.name.lower(),
                "reason": segment.reason,
                "standing": segment.standing.value if segment.standing else None,
                "entry": segment.entry,
            }
            for segment in clock.explanation.segments
        ],
    }


def _instant(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _print_head(ticket: "Ticket") -> None:
    from yunheng.foundation.flow import UnknownProcessError, label_text, process_for

    state = ticket.state
    try:
        states = process_for(ticket).states
        state = label_text(states[state].label) if state in states else state
    except UnknownProcessError:
        pass
    print(f"{ticket.number} · {ticket.title}")
    print(f"{state} · {ticket.service} · {ticket.priority} · {_local(ticket.opened_at, ticket)}\n")


def _print_timeline(ticket: "Ticket", entries: Sequence["TimelineEntry"]) -> None:
    rows = []
    for place, entry in enumerate(entries, start=1):
        data = {**(entry.shared or {}), **(entry.internal or {})}
        what = data.get("transition") or data.get("clock") or data.get("text") or data.get("reason") or ""
        if "share" in data:
            what = f"{what} {data['share']} %"
        erased = f" [{_('erased')}: {', '.join(sorted(entry.erased))}]" if entry.erased else ""
        rows.append(
            [
                f"#{place}",
                _local(entry.occurred_at, ticket),
                entry.type,
                str(what).replace("\n", " ")[:60] + erased,
                entry.actor_name or entry.actor_kind,
                "–" if entry.log_index is None else entry.log_index,
            ]
        )
    print_columns(["#", _("when"), _("entry"), _("what"), _("who"), _("log")], rows)
    print()


def _print_clock(clock: "ClockExplanation", ticket: "Ticket", places: Mapping[int, str]) -> None:
    from django.utils.translation import get_language

    from yunheng.sla.wording import (
        mark_name,
        mark_of,
        no_clock_text,
        party_name,
        segment_reason,
        standing_name,
        used_percent,
    )

    if clock.explanation is None:
        print(f"{clock.kind or _('no clock')}: {no_clock_text(clock.reason)}\n")
        return
    state = clock.explanation.state
    used = used_percent(state.elapsed_seconds, state.goal_seconds)
    mark = mark_of(
        state.status, is_met=state.is_met, is_breached=state.breached_at is not None, used_percent=used
    )
    goal = _span(state.goal_seconds) if state.goal_seconds is not None else "–"
    due = _local(_instant(state.due_at), ticket) if state.due_at is not None else "–"
    print(
        _("{kind}: {mark} · {elapsed} of {goal} · due {due}").format(
            kind=clock.kind,
            mark=mark_name(mark, state.status),
            elapsed=_span(state.elapsed_seconds),
            goal=goal,
            due=due,
        )
    )
    language = get_language() or ""
    rows = [
        [
            _local(_instant(segment.from_at), ticket),
            _local(_instant(segment.to_at), ticket),
            _span(segment.seconds),
            _span(segment.seconds) if segment.is_counted else "",
            segment_reason(segment, clock.terms, language),
            " ".join(filter(None, (party_name(segment.party), standing_name(segment.standing)))),
            places.get(segment.entry, ""),
        ]
        for segment in clock.explanation.segments
    ]
    if rows:
        rows.append(["", "", "", _span(clock.explanation.counted_seconds), "=", "", ""])
        print_columns(
            [_("from"), _("to"), _("lasts"), _("counted"), _("why"), _("for whom"), _("entry")], rows
        )
    print()


def _local(at: datetime | None, ticket: "Ticket") -> str:
    from zoneinfo import ZoneInfo

    return "" if at is None else f"{at.astimezone(ZoneInfo(ticket.scope.zone)):%Y-%m-%d %H:%M:%S}"


def _span(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
