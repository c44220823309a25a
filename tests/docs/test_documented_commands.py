"""Every command and option of `yunheng` is in the manual, in both languages, and no other is."""

import argparse
import re
import shlex
from importlib import import_module

import pytest
from tests.docs.manual_pages import LANGUAGES, ROOT, pages

from yunheng.site import cli

#: Said once of the program and not again of each command.
_EVERYWHERE = {"-h", "--help"}
#: A command line in a fenced block, after a prompt, variables or a path; what it answers begins "yunheng NAME: ".
_LINE = re.compile(
    r"^(?:\$ )?(?:[A-Z_]+=\S* )*(?:\S*/)?yunheng (?![a-z -]+: )((?:--|[a-z]).*)$", re.MULTILINE
)


def _parser() -> argparse.ArgumentParser:
    """The parser of `yunheng` with every command registered."""
    root = argparse.ArgumentParser(prog="yunheng")
    root.add_argument("--version", action="version", version="")
    subparsers = root.add_subparsers(required=True)
    for name in {entry.module: name for name, entry in cli.commands().items()}.values():
        import_module(f"yunheng.site.cli.{cli.commands()[name].module}").register(subparsers)
    return root


def _tree(root: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """All parsers that do something, by full name: "contract check", "up"."""
    found: dict[str, argparse.ArgumentParser] = {}

    def walk(prefix: str, parser: argparse.ArgumentParser) -> None:
        nested = [it for it in parser._actions if isinstance(it, argparse._SubParsersAction)]
        for action in nested:
            for name, child in action.choices.items():
                walk(f"{prefix} {name}".strip(), child)
        if not nested:
            found[prefix] = parser

    walk("", root)
    return found


ROOT_PARSER = _parser()
TREE = _tree(ROOT_PARSER)


def test_the_table_of_commands_is_the_tree() -> None:
    assert {name.split()[0] for name in TREE} == set(cli.commands())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", sorted(TREE))
def test_a_command_and_its_options_are_documented_on_one_page(command: str, language: str) -> None:
    wanted = {
        option
        for action in TREE[command]._actions
        for option in action.option_strings
        if option.startswith("--") and option not in _EVERYWHERE
    }
    about = {
        name: text
        for name, text in pages(language).items()
        if re.search(rf"yunheng {command}(?![\w-])", text)
    }
    assert about, f"no page in {language} mentions “yunheng {command}”"
    missing = {
        name: sorted(option for option in wanted if not re.search(rf"{option}(?![\w-])", text))
        for name, text in about.items()
    }
    assert not min(missing.values(), key=len), f"yunheng {command} in {language}: {missing}"


def _shown() -> list[tuple[str, str]]:
    """(where, command line) of every `yunheng …` that stands in a fenced block of the manual or the READMEs."""
    texts = {f"{language}/{name}": text for language in LANGUAGES for name, text in pages(language).items()}
    texts |= {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")}
    return [
        (where, line)
        for where, text in texts.items()
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in _LINE.findall(block)
    ]


def _is_understood(line: str) -> bool:
    """Whether the parser takes the line; brackets around what may be left out and shell around it do not count."""
    plain = re.sub(r"\$\([^)]*\)", "X", line).replace("[", "").replace("]", "")
    words = shlex.split(plain, comments=True)
    for end in (">", "&&", "|"):
        words = words[: words.index(end)] if end in words else words
    try:
        ROOT_PARSER.parse_args(words)
    except SystemExit as ended:
        return ended.code == 0
    return True


@pytest.mark.parametrize(("where", "line"), _shown())
def test_a_command_that_is_shown_is_one(where: str, line: str) -> None:
    without_explanation = re.sub(r"\s{5,}\S.*$", "", line)  # it stands far to the right
    assert _is_understood(without_explanation) or _is_understood(line), f"{where}: yunheng {line}"


def test_there_are_commands_to_look_at() -> None:
    assert len(_shown()) > 100
