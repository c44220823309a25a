"""What `yunheng contract backtoback` prints: each promise with its verdict, sentences, and the table of the week."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from yunheng.contracts.backtoback.checking import BackToBack, Check, Verdict
from yunheng.contracts.backtoback.sentences import (
    Speaker,
    gaps,
    names_of,
    plain,
    sentences,
    silence,
    verdict_word,
)
from yunheng.contracts.terms import ContractTerms
from yunheng.contracts.values import show_seconds
from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.foundation.supervisor.messages import language
from yunheng.logic.backtoback import Hour

HOUR_SECONDS = 3600


def speaker(terms: Mapping[str, Any]) -> Speaker:
    """The language of the command line; durations as a document writes them."""
    return Speaker(_, show_seconds, ", ".join, ZoneInfo(terms["zone"]), names_of(terms, language()))


def report(name: str, terms: Mapping[str, Any], compiled: ContractTerms, found: BackToBack) -> dict[str, Any]:
    """As plain data."""
    zone = ZoneInfo(compiled.zone)
    return {
        "contract": name,
        "zone": compiled.zone,
        "valid_from": compiled.valid_from.astimezone(zone).date().isoformat(),
        "valid_to": compiled.valid_to.astimezone(zone).date().isoformat(),
        "can_be_kept": not found.of(Verdict.NOT_COVERED),
        **plain(found, speaker(terms)),
    }


def lines(terms: Mapping[str, Any], found: BackToBack) -> list[str]:
    """As text: what cannot be kept first, then gaps, then what is covered."""
    by = speaker(terms)
    said: list[str] = []
    for check in found.of(Verdict.NOT_COVERED):
        said += [_title(check, by), *_indented(sentences(check, by))]
        assert check.examination is not None, "what cannot be kept was examined"
        said += _table(check.examination.hours, by)
    for gap in gaps(found):
        clock = by.name("clocks", gap.check.promise.clock)
        said.append(_heading(gap.check, gap.priorities, gap.services, clock, by))
        said += _indented(sentences(gap.check, by))
    for check in found.of(Verdict.OPEN_ENDED, Verdict.NOT_EXAMINED, Verdict.CLOCK_STOPS, Verdict.COVERED):
        said += [_title(check, by), *_indented(sentences(check, by))]
    said += [silence(supplier, by) for supplier in found.silent]
    if not said:
        return [_("No supplier and no internal goal: there is nothing to check back to back.")]
    examined = [check for check in found.checks if check.examination is not None]
    said.append(
        _("{broken} of {examined} chains of promises cannot be kept although everybody keeps theirs.").format(
            broken=len(found.of(Verdict.NOT_COVERED)), examined=len(examined)
        )
    )
    return said


def _indented(said: Sequence[str]) -> list[str]:
    return [f"    {sentence}" for sentence in said]


def _title(check: Check, by: Speaker) -> str:
    within = " | ".join(" + ".join(by.link(link) for link in path) for path in check.paths)
    line = _heading(check, [check.priority], check.services, by.link(check.promise), by)
    return f"{line} ← {within}" if within else line


def _heading(
    check: Check, priorities: Sequence[str], services: Sequence[str], promise: str, by: Speaker
) -> str:
    named = by.listed(by.name("priorities", priority) for priority in priorities)
    where = by.listed(by.name("services", service) for service in services)
    return f"[{verdict_word(check.verdict, _)}] {named} · {where} · {promise}"


def _table(hours: Sequence[Sequence[Hour | None]], by: Speaker) -> list[str]:
    """Hours late at worst, rounded up, by weekday and hour of the start."""
    said = [
        "    " + _("Hours late at worst, by the hour in which it starts:"),
        " " * 12 + "".join(f"{hour:4}" for hour in range(24)),
    ]
    for weekday, row in enumerate(hours):
        cells = "".join(f"{_late(cell):>4}" for cell in row)
        said.append(f"    {by.weekday(weekday):8}{cells}")
    return said


def _late(cell: Hour | None) -> str:
    if cell is None or cell.excess_seconds <= 0:
        return "·"
    return str(-(-cell.excess_seconds // HOUR_SECONDS))
