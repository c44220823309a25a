"""Finds every message of the product in its sources, without xgettext, and compares them with the Chinese catalogue.

`python -m tests.translations.catalogue` lists what is missing and no longer used; `--update` adds empty entries
for what is missing and takes unused ones out, so that a translator has the list before them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

SOURCES = Path(__file__).resolve().parents[2] / "src" / "yunheng"
CATALOGUE = SOURCES / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

#: How many leading arguments of each function are texts: (context?, singular, plural?).
FUNCTIONS = {
    "gettext": ("singular",),
    "gettext_lazy": ("singular",),
    "gettext_noop": ("singular",),
    "ngettext": ("singular", "plural"),
    "ngettext_lazy": ("singular", "plural"),
    "pgettext": ("context", "singular"),
    "pgettext_lazy": ("context", "singular"),
    "npgettext": ("context", "singular", "plural"),
    "npgettext_lazy": ("context", "singular", "plural"),
}


@dataclass(frozen=True, order=True)
class Message:
    """A text to translate, as gettext knows it."""

    singular: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it in a catalogue."""
        return self.context, self.singular


def messages() -> dict[Message, list[str]]:
    """Every message with the places where it stands."""
    found: dict[Message, list[str]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        if "migrations" not in path.parts:
            for message, line in in_python(path.read_text(encoding="utf-8")):
                found.setdefault(message, []).append(f"{path.relative_to(SOURCES).as_posix()}:{line}")
    for path in sorted(SOURCES.rglob("templates/**/*.html")):
        for message in in_template(path.read_text(encoding="utf-8")):
            found.setdefault(message, []).append(path.relative_to(SOURCES).as_posix())
    return found


def in_python(source: str) -> Iterator[tuple[Message, int]]:
    """Messages of a Python module: calls of gettext's functions under the names that the module imports them by."""
    tree = ast.parse(source)
    names = dict(zip(FUNCTIONS, FUNCTIONS, strict=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in FUNCTIONS:
                    names[alias.asname or alias.name] = alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            message = _message(names[node.func.id], node.args)
            if message is not None:
                yield message, node.lineno


def _message(function: str, arguments: list[ast.expr]) -> Message | None:
    parts: dict[str, str] = {}
    for name, argument in zip(FUNCTIONS[function], arguments, strict=False):
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            return None
        parts[name] = argument.value
    return Message(**parts) if "singular" in parts else None


_CALL = re.compile(r"\b(gettext|ngettext|pgettext|npgettext|_)\((.*?)\)(?= |$)", re.DOTALL)


def in_template(source: str) -> Iterator[Message]:
    """Messages of a template: Django rewrites it as text for xgettext, in which every message is a call."""
    for tag in re.finditer(
        r"\{%\s*(?:translate|trans)\s+(\"[^\"]*\"|'[^']*')(?:\s+context\s+(\"[^\"]*\"|'[^']*'))?", source
    ):
        yield Message(ast.literal_eval(tag[1]), context=ast.literal_eval(tag[2]) if tag[2] else "")
    for call in re.finditer(r"\s:[\w.-]+=\"_\(('[^'\"]*')\)\"", source):  # attributes of components
        yield Message(ast.literal_eval(call[1]))
    blocks = "".join(re.findall(r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}", source, re.DOTALL))
    for call in _CALL.finditer(templatize(blocks)):
        tree = ast.parse(f"{call[1]}({call[2]})", mode="eval").body
        assert isinstance(tree, ast.Call)
        function = "gettext" if call[1] == "_" else call[1]
        message = _message(function, tree.args)
        if message is not None:
            yield message


def catalogue(path: Path = CATALOGUE) -> polib.POFile:
    """The Chinese catalogue."""
    return polib.pofile(str(path), wrapwidth=110)


def missing(found: dict[Message, list[str]], known: polib.POFile) -> dict[Message, list[str]]:
    """Messages without a complete, certain translation."""
    done = {
        (entry.msgctxt or "", entry.msgid)
        for entry in known
        if entry.translated() and not entry.fuzzy and not entry.obsolete
    }
    return {message: places for message, places in found.items() if message.key not in done}


def unused(found: dict[Message, list[str]], known: polib.POFile) -> list[polib.POEntry]:
    """Entries that no source asks for."""
    keys = {message.key for message in found}
    return [entry for entry in known if (entry.msgctxt or "", entry.msgid) not in keys]


def update() -> None:
    """Add empty entries for what is missing, take out what is unused."""
    found, known = messages(), catalogue()
    for entry in unused(found, known):
        known.remove(entry)
    present = {(entry.msgctxt or "", entry.msgid): entry for entry in known}
    for message in sorted(found):
        entry = present.get(message.key)
        if entry is None:
            entry = polib.POEntry(msgid=message.singular, msgctxt=message.context or None)
            if message.plural:
                entry.msgid_plural = message.plural
                entry.msgstr_plural = {0: ""}
            known.append(entry)
            present[message.key] = entry
        if "%(" in message.singular and "python-format" not in entry.flags:
            entry.flags.append("python-format")
    known.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    known.save(str(CATALOGUE))


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    everything, present_now = messages(), catalogue()
    for message, places in sorted(missing(everything, present_now).items()):
        print("missing:", repr(message.singular), message.context and f"[{message.context}]", places[0])
    for entry in unused(everything, present_now):
        print("unused:", repr(entry.msgid))
    print(f"{len(everything)} messages, {len(missing(everything, present_now))} missing")
