"""Makes content ready for the documents: gaps filled, characters that no document may hold replaced, words added.

Every renderer gets the same prepared content. It holds text, whole numbers, true, false, nothing, lists and dicts only.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from yunheng.reports.rendering.shape import CHAPTERS, CHARTS, SHAPES, Shape
from yunheng.reports.rendering.words import words_of

#: Stands where a character stood that must not be in a document: visible, and in every font.
REPLACEMENT: Final = "□"
# Controls but tab and line feed, lone surrogates, non-characters, and the two overrides that make text read backwards.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202d\u202e]")
_BREAKS: Final = re.compile("\r\n|\r|\u2028|\u2029|\x0b|\x0c")
MOST_TEXT: Final = 100_000  #: characters of one text
MOST_SERIES: Final = 8  #: columns of the table beside the trend
_SIGNS: Final = {True: "✓", False: "×", None: "—"}


class ContentError(ValueError):
    """The content is not what this renderer can read."""


def clean_text(text: str) -> str:
    """The text with line breaks as line feeds and illegal characters visibly replaced; cut after MOST_TEXT."""
    return _ILLEGAL.sub(REPLACEMENT, _BREAKS.sub("\n", text[:MOST_TEXT]))


def plain_number(text: str | int | None) -> float | None:
    """A plain decimal as a number, for charts; None for what is none."""
    if text is None or text == "":
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def prepare(content: Mapping[str, Any]) -> dict[str, Any]:
    """Content with every name of its shape, and what is derived from it for showing (`state` beside `is_met`, …).

    Raises ContentError for a kind or a format that is not known here, or for a value of the wrong sort.
    """
    kind = content.get("kind")
    if content.get("format") != 1 or not isinstance(kind, str) or kind not in SHAPES:
        raise ContentError(f"content of format {content.get('format')!r}, kind {kind!r}")
    known = words_of(str(content.get("language", "")))
    given = {**content, "words": {**known, **content.get("words", {})}}
    ready = _filled(given, SHAPES[kind], kind)
    assert isinstance(ready, dict)
    words = ready["words"]
    report = ready["report"]
    if report["is_draft"] is None:
        report["is_draft"] = not report["issued_on"]
    _add_states(ready, words)
    if kind == "monthly":
        _prepare_monthly(ready, words)
    return ready


def _prepare_monthly(ready: dict[str, Any], words: Mapping[str, str]) -> None:
    asked = set(ready["sections"])
    ready["sections"] = [name for name in CHAPTERS if name in asked]
    misses = ready["misses"]
    limit = misses["limit"] or 500
    misses["total"] = misses["total"] or len(misses["rows"])
    misses["rows"] = misses["rows"][:limit]
    shown = len(misses["rows"])
    misses["note"] = (
        words["misses_cut"].format(shown=shown, total=misses["total"]) if misses["total"] > shown else ""
    )
    ready["summary"]["cards"] = _lines_of(ready["summary"]["headline"], 3, "summary.headline")
    ready["tickets"]["cards"] = _lines_of(ready["tickets"]["counts"], 4, "tickets.counts")
    ready["attainment"]["months"] = _months(ready["attainment"]["trend"])
    for calendar in ready["calendars"]:
        calendar["is_provisional"] = bool(calendar["provisional_years"])
    ready["has_provisional"] = any(row["is_provisional"] for row in ready["attainment"]["rows"])


def _lines_of(items: list[dict[str, Any]], count: int, path: str) -> list[list[dict[str, Any]]]:
    """The items in lines of `count`, the last one filled up with empty ones: Word tables need whole lines."""
    group, name = path.split(".")
    empty = {**_filled({}, SHAPES["monthly"][group][name][0], path), "state": ""}
    padded = items + [empty] * (-len(items) % count)
    return [padded[place : place + count] for place in range(0, len(padded), count)]


def _months(trend: list[dict[str, Any]]) -> dict[str, Any]:
    """The trend as a table: a line for each month of the longest series. Empty when it is wider than a page."""
    longest: list[dict[str, Any]] = max((one["months"] for one in trend), key=len, default=[])
    if not longest or len(trend) > MOST_SERIES:
        return {"labels": [], "rows": []}
    series = [{month["month"]: month["shown"] for month in one["months"]} for one in trend]
    rows = [
        {"label": month["label"], "shown": [shown.get(month["month"], "") or "—" for shown in series]}
        for month in longest
    ]
    return {"labels": [one["label"] for one in trend], "rows": rows}


def shape_for_templates(kind: str) -> dict[str, Shape]:
    """The shape of what a template sees: the content's, the derived names, the charts."""
    shape: dict[str, Shape] = _with_states(SHAPES[kind])
    if CHARTS[kind]:
        shape["charts"] = dict.fromkeys(CHARTS[kind], "")
    if kind == "monthly":
        shape["misses"] = {**shape["misses"], "note": ""}
        shape["summary"] = {**shape["summary"], "cards": [shape["summary"]["headline"]]}
        shape["tickets"] = {**shape["tickets"], "cards": [shape["tickets"]["counts"]]}
        months = {"labels": [""], "rows": [{"label": "", "shown": [""]}]}
        shape["attainment"] = {**shape["attainment"], "months": months}
        shape["calendars"] = [{**shape["calendars"][0], "is_provisional": False}]
        shape["has_provisional"] = False
    return shape


def _with_states(shape: Shape) -> Shape:
    if isinstance(shape, dict):
        made = {name: _with_states(part) for name, part in shape.items()}
        if "is_met" in shape:
            made["state"] = ""
        if "numerator" in shape:
            made["counted"] = ""
        return made
    if isinstance(shape, list):
        return [_with_states(part) for part in shape]
    return shape


def _add_states(value: Any, words: Mapping[str, str]) -> None:
    """Beside every `is_met`, what it says in a sign and a word; beside a numerator, what was counted."""
    if isinstance(value, dict):
        for part in value.values():
            _add_states(part, words)
        if "is_met" in value:
            is_met = value["is_met"] if isinstance(value["is_met"], bool) else None
            unknown = words["no_goal"] if value.get("goal") == "" else words["no_data"]
            word = {True: words["met"], False: words["missed"], None: unknown}[is_met]
            value["state"] = f"{_SIGNS[is_met]} {word}"
        if "numerator" in value:
            value["counted"] = _counted(value)
    elif isinstance(value, list):
        for part in value:
            _add_states(part, words)


def _counted(row: Mapping[str, Any]) -> str:
    """What a figure was counted from: "579 / 585" of a share, "n = 585" of a mean, nothing of a number of tickets."""
    whole = row["denominator"]
    if row["numerator"] in (None, "") or whole in (None, ""):
        return ""
    if str(row["value"]).rstrip().endswith("%") or row.get("unit") == "%":
        return f"{row['numerator']} / {whole}"
    return "" if str(row["value"]).strip() == str(whole) else f"n = {whole}"


def _filled(value: Any, shape: Shape, place: str) -> Any:
    """The value cleaned; names that are missing get the emptiest value of their shape."""
    if isinstance(shape, dict):
        if value is None:
            value = {}
        if not isinstance(value, Mapping):
            raise ContentError(f"{place}: a group of values was expected")
        made = {name: _filled(value.get(name), part, f"{place}.{name}") for name, part in shape.items()}
        more = {
            clean_text(str(name)): _clean(part, place) for name, part in value.items() if name not in shape
        }
        return {**made, **more}
    if isinstance(shape, list):
        if value is None:
            value = []
        if not isinstance(value, list | tuple):
            raise ContentError(f"{place}: a list was expected")
        return [_filled(part, shape[0], f"{place}[]") for part in value]
    if value is None:
        return shape
    value = _clean(value, place)
    if isinstance(value, dict | list):
        raise ContentError(f"{place}: one value was expected")
    if isinstance(shape, bool):
        return bool(value)
    if isinstance(shape, int):
        if not isinstance(value, int):
            raise ContentError(f"{place}: a whole number was expected")
        return value
    return str(value) if isinstance(shape, str) else value


def _clean(value: Any, place: str) -> Any:
    """Plain data, cleaned; ContentError for anything else."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {clean_text(str(name)): _clean(part, place) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part, place) for part in value]
    raise ContentError(f"{place}: {type(value).__name__} is no plain data")
