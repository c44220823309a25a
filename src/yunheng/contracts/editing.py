"""What becomes of a document that somebody writes: problems with their places, and changes in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, Refusal

from .actions import ContractFaulty, rehearse_version
from .backdating import is_backdated
from .checking import Checked, check, day_start
from .comparing import ChangedSection, changes_in_words
from .document import MAX_BYTES
from .models import Contract, ContractVersion
from .packs import contract_pack, contract_packs, newest_processes
from .pages import base_for
from .problems import Problem, show_path


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, with the line it is about."""

    severity: str
    line: int
    column: int
    path: str
    message: str
    hint: str
    text: str  #: the line itself, shortened


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; with `sections` it also compared. `refusal`: why applying would not go through."""

    errors: Sequence[Finding]
    warnings: Sequence[Finding]
    accepted: Sequence[tuple[str, str]]
    provisional: Sequence[tuple[str, str]]
    is_valid: bool
    is_compared: bool = False
    base: ContractVersion | None = None
    effective: date | None = None
    sections: Sequence[ChangedSection] = ()
    refusal: str = ""
    is_backdated: bool = False

    @property
    def may_be_applied(self) -> bool:
        """Whether nothing is in the way but somebody's word."""
        return self.is_compared and self.is_valid and not self.refusal


def typed_document(text: str, upload: UploadedFile | None) -> str:
    """The document of a form: what was uploaded, else what was typed. Raises Invalid for what is no text."""
    if upload is None:
        return text.replace("\r\n", "\n")
    if (upload.size or 0) > MAX_BYTES:
        raise Invalid(
            {"file": _("The file has more than %(most)d bytes; is it the right one?") % {"most": MAX_BYTES}}
        )
    try:
        return upload.read().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Invalid(
            {"file": _("The file is not in UTF-8. Save it as UTF-8 and choose it again.")}
        ) from None


def examine(
    viewer: Viewer,
    contract: Contract | None,
    text: str,
    *,
    newest: int | None,
    now: datetime,
    is_compared: bool = True,
) -> Outcome:
    """Check a document, say what it changes against the version of its day, and whether it could be applied."""
    data = text.encode()
    checked = check(data, newest_processes())
    outcome = _checked(checked, text)
    if checked.terms is None or not is_compared:
        return outcome
    refusal: Refusal | None
    if contract is not None and checked.terms["key"] != contract.scope.key:
        refusal = Refusal(
            _("The document has the key “%(other)s”; this is the page of “%(key)s”.")
            % {"other": checked.terms["key"], "key": contract.scope.key}
        )
    else:
        refusal = rehearse_version(
            viewer=viewer, at=now, data=data, processes=newest_processes(), newest_known=newest
        )
    base = base_for(contract, checked.effective, now) if contract else None
    starts = checked.effective or date.fromisoformat(checked.terms["valid"]["from"])
    return Outcome(
        errors=outcome.errors,
        warnings=outcome.warnings,
        accepted=outcome.accepted,
        provisional=outcome.provisional,
        is_valid=True,
        is_compared=True,
        base=base,
        effective=starts,
        sections=changes_in_words(base.terms, checked.terms) if base else (),
        refusal=refusal.message if refusal else "",
        is_backdated=contract is not None
        and is_backdated(contract, day_start(starts, checked.terms["zone"]), now),
    )


def of_refusal(refusal: Refusal, text: str) -> Outcome:
    """The outcome of an attempt that was refused."""
    problems = refusal.problems if isinstance(refusal, ContractFaulty) else ()
    return Outcome(
        errors=[_finding(problem, text) for problem in problems if problem.severity == "error"],
        warnings=[],
        accepted=[],
        provisional=[],
        is_valid=not problems,
        refusal="" if problems else refusal.message,
    )


def _checked(checked: Checked, text: str) -> Outcome:
    return Outcome(
        errors=[_finding(problem, text) for problem in checked.errors],
        warnings=[_finding(problem, text) for problem in checked.warnings],
        accepted=[(item.problem.text(_), item.because) for item in checked.accepted],
        provisional=[(key, ", ".join(map(str, years))) for key, years in (checked.provisional or {}).items()],
        is_valid=checked.terms is not None,
    )


def _finding(problem: Problem, text: str) -> Finding:
    message, _semicolon, hint = problem.text(_).partition("; ")
    lines = text.split("\n")
    at = problem.place.line
    line = lines[at - 1] if at <= len(lines) else ""
    return Finding(
        severity=problem.severity,
        line=at,
        column=problem.place.column,
        path=show_path(problem.path),
        message=message,
        hint=hint,
        text=line if len(line) <= 160 else f"{line[:160]}…",
    )


def packs() -> list[tuple[str, str]]:
    """Contracts that ship, as (name, what it is for)."""
    described = {
        "office-8x5": _(
            "Working days 09:00–18:00, closed on China's public holidays; every section is explained"
        ),
        "datacentre-24x7": _("24×7, with regular progress reports and goals to restore"),
        "with-supplier": _("SLA, OLA and supplier's UC side by side; night shifts across midnight"),
        "standard": _(
            "The usual demands: response within 30 min, mean restore within 30 min, 80 % solved in 24 h"
        ),
        "uci": _("To import the public incident log under"),
    }
    return [(name, described.get(name, "")) for name in contract_packs()]


def pack_document(name: str) -> str:
    """The text of a pack; "" for a name that is none."""
    return contract_pack(name).decode() if name in contract_packs() else ""
