"""What is typed into the pages of reports: read from the request, kept when it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid
from yunheng.foundation.typed import Typed, row_version_of
from yunheng.foundation.wording import is_chinese

from .models import Format, Kind, Language
from .wording import kind_name

EMPTY_ROWS: Final = 2  #: rows for further corrective actions
LANGUAGE_NAMES: Final = {Language.CHINESE.value: "中文", Language.ENGLISH.value: "English"}


def plan_version_of(data: QueryDict) -> int:
    """The version of the plan that the sender had before their eyes; 0 for one that nobody has made yet."""
    return row_version_of(data)


def language_of(text: str, known: Sequence[str]) -> str:
    """The language that an address names, else the reader's own, else the first there is."""
    if text in known:
        return text
    own = reader_language()
    return own if own in known else (known[0] if known else "")


def reader_language() -> str:
    """The language of the page as reports name it."""
    return Language.CHINESE.value if is_chinese() else Language.ENGLISH.value


def read_actions(data: QueryDict) -> list[dict[str, str]]:
    """Corrective actions from their rows; rows without any text are left out.

    Raises Invalid under "actions", naming the row.
    """
    names, owners, dues = (data.getlist(name) for name in ("what", "owner", "due"))
    rows, faults = [], []
    for place, (what, owner, due) in enumerate(zip(names, owners, dues, strict=False), 1):
        row = {"what": what.strip(), "owner": owner.strip(), "due": due.strip()}
        if not any(row.values()):
            continue
        if not row["what"]:
            faults.append(_("Row %(n)d: say what is to be done.") % {"n": place})
        if row["due"] and not _is_day(row["due"]):
            faults.append(_("Row %(n)d: the day is written YYYY-MM-DD.") % {"n": place})
        rows.append(row)
    if faults:
        raise Invalid({"actions": faults})
    return rows


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def typed_actions(typed: Typed) -> list[dict[str, str]]:
    """The rows as they were typed."""
    columns = [typed.lists.get(name, ()) for name in ("what", "owner", "due")]
    return [{"what": what, "owner": owner, "due": due} for what, owner, due in zip(*columns, strict=False)]


def read_people(data: QueryDict, name: str) -> list[UUID]:
    """People by their UUID. Raises Invalid for what is none."""
    try:
        return [UUID(text) for text in data.getlist(name)]
    except ValueError:
        raise Invalid({name: _("This is not one of the choices.")}) from None


@dataclass(frozen=True)
class NewReport:
    """The form of a new report."""

    contracts: Sequence[tuple[str, str]]
    contract: str
    kind: str
    period: str
    chosen_languages: Sequence[str]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def kinds(self) -> list[tuple[str, str, str]]:
        """Kinds to choose from: value, name, what it is. Fault reports begin at their ticket."""
        return [
            (
                Kind.MONTHLY.value,
                kind_name(Kind.MONTHLY.value),
                _("Goals, volumes, waiting, misses: Word, PDF and Excel"),
            ),
            (
                Kind.LEDGER.value,
                kind_name(Kind.LEDGER.value),
                _("Every ticket of the month as a row, most of use in Excel"),
            ),
        ]

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Languages to choose from."""
        return [(one, LANGUAGE_NAMES[one]) for one in LANGUAGE_NAMES]

    @property
    def general(self) -> list[str]:
        """Sentences about no field."""
        shown = {"contract_key", "kind", "period", "languages"}
        return [text for name, texts in self.errors.items() if name not in shown for text in texts]


def new_report(
    data: QueryDict,
    contracts: Sequence[tuple[str, str]],
    *,
    now: datetime,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> NewReport:
    """The form as it was sent, or with its defaults: the month before, in both languages."""
    before = (timezone.localtime(now).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    languages = [one for one in data.getlist("languages") if one in LANGUAGE_NAMES]
    is_sent = "csrfmiddlewaretoken" in data
    return NewReport(
        contracts,
        data.get("contract", "") or "",
        data.get("kind", "") or Kind.MONTHLY.value,
        data.get("period", "") or before,
        languages if languages or is_sent else list(LANGUAGE_NAMES),
        errors or {},
    )


def read_plan(data: QueryDict) -> dict[str, Any]:
    """The plan as it was sent. Raises Invalid naming each wrong field."""
    faults: dict[str, str] = {}
    languages = [one for one in data.getlist("languages") if one in Language.values]
    formats = [one for one in data.getlist("formats") if one in Format.values]
    day_text, at = str(data.get("day", "")), time(8, 0)
    if not (day_text.isascii() and day_text.isdecimal() and 1 <= int(day_text[:3]) <= 28):
        faults["day"] = _("A day from 1 to 28: every month has it.")
    try:
        at = time.fromisoformat(str(data.get("time", "")))
    except ValueError:
        faults["time"] = _("A time of day, as 08:00.")
    if not languages:
        faults["languages"] = _("Choose at least one.")
    if not formats:
        faults["formats"] = _("Choose at least one.")
    if faults:
        raise Invalid(faults)
    return {
        "is_active": data.get("is_active") == "on",
        "languages": languages,
        "formats": formats,
        "day": int(day_text),
        "time": at,
        "recipients": read_people(data, "recipients"),
        "is_issued_by_itself": data.get("is_issued_by_itself") == "on",
        "has_files": data.get("has_files") == "on",
    }


def language_name(language: str) -> str:
    """A language by its own name."""
    return LANGUAGE_NAMES.get(language, language)
