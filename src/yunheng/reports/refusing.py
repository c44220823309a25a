"""Limits of what people write into reports, and how they are told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import Invalid

from .models import Format, Kind, Language

#: Long texts of the service manager.
COMMENTS: Final = ("summary", "risks", "plan", "last_actions")
#: What a person writes about a fault.
WRITTEN: Final = (
    *("phenomenon", "scope_impact", "direct_cause", "root_cause", "temporary_fix", "permanent_fix"),
    *("verification", "liability", "lessons"),
)
#: Without these a fault report of the edition cannot be issued.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "preliminary": ("phenomenon", "scope_impact"),
    "final": ("phenomenon", "scope_impact", "direct_cause", "root_cause", "permanent_fix", "liability"),
}
ACTION_FIELDS: Final = ("what", "owner", "due")
LONGEST_TEXT: Final = 20_000
LONGEST_REASON: Final = 4_000
LONGEST_LINE: Final = 300
MOST_ACTIONS: Final = 50


def check_texts(texts: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """The texts without outer blanks. Raises Invalid for a name that is unknown and a text that is too long."""
    faults: dict[str, str] = {}
    for name, text in texts.items():
        if name not in known:
            faults[name] = _("One of: %(choices)s.") % {"choices": ", ".join(known)}
        elif not isinstance(text, str) or "\0" in text:
            faults[name] = _("This must be text.")
        elif len(text.strip()) > LONGEST_TEXT:
            faults[name] = _("At most %(count)d characters.") % {"count": LONGEST_TEXT}
    if faults:
        raise Invalid(faults)
    return {name: texts[name].strip() for name in known if name in texts}


def check_reason(field: str, text: str) -> str:
    """Why a report is sent back or given up, or what the client says to it. Raises Invalid for one that is too long."""
    if len(text.strip()) > LONGEST_REASON:
        raise Invalid({field: _("At most %(count)d characters.") % {"count": LONGEST_REASON}})
    return text


def check_actions(actions: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Corrective actions: what, by whom, by when. Lines without any text are left out. Raises Invalid for "actions"."""
    found = []
    for action in actions:
        line = {name: str(action.get(name) or "").strip() for name in ACTION_FIELDS}
        if not any(line.values()):
            continue
        if not line["what"]:
            raise Invalid({"actions": _("Say what is to be done.")})
        if any(len(text) > LONGEST_LINE or "\0" in text for text in line.values()):
            raise Invalid(
                {"actions": _("One line of at most %(count)d characters.") % {"count": LONGEST_LINE}}
            )
        found.append(line)
    if len(found) > MOST_ACTIONS:
        raise Invalid({"actions": _("At most %(count)d actions.") % {"count": MOST_ACTIONS}})
    return found


def check_kind(kind: str) -> str:
    """The kind of report. Raises Invalid for "kind"."""
    if kind not in Kind.values:
        raise Invalid({"kind": _("One of: %(choices)s.") % {"choices": ", ".join(Kind.values)}})
    return kind


def check_languages(languages: Iterable[str] | None) -> list[str]:
    """Languages in the order of the product, each once; all for None. Raises Invalid for "languages"."""
    return _some("languages", languages, Language.values)


def check_language(language: str) -> str:
    """One language. Raises Invalid for "language"."""
    if language not in Language.values:
        raise Invalid({"language": _("One of: %(choices)s.") % {"choices": ", ".join(Language.values)}})
    return language


def check_formats(formats: Iterable[str] | None) -> list[str]:
    """Formats in the order of the product, each once; all for None. Raises Invalid for "formats"."""
    return _some("formats", formats, Format.values)


def check_format(form: str) -> str:
    """One format. Raises Invalid for "format"."""
    if form not in Format.values:
        raise Invalid({"format": _("One of: %(choices)s.") % {"choices": ", ".join(Format.values)}})
    return form


def _some(field: str, wanted: Iterable[str] | None, known: Sequence[str]) -> list[str]:
    if wanted is None:
        return list(known)
    asked = set(wanted)
    if not asked or not asked <= set(known):
        raise Invalid({field: _("At least one of: %(choices)s.") % {"choices": ", ".join(known)}})
    return [one for one in known if one in asked]
