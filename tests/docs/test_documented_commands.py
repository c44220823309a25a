"""Every command and option of `yunheng` is in the manual, in both languages, and no other is."""

import argparse
import re
from importlib import import_module

import pytest
from tests.docs.manual_pages import LANGUAGES, pages

from yunheng.site import cli

#: Said once of the program and not again of each command.
_EVERYWHERE = {"-h", "--help"}
_COMMAND = re.compile(
    r"^(?:\$ )?(?:[A-Z_]+=\S* )*(?:\S*/)?yunheng ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE
)


def _tree() -> dict[str, argparse.ArgumentParser]:
    """All parsers that do something, by full name: "contract check", "up"."""
    root = argparse.ArgumentParser(prog="yunheng")
    subparsers = root.add_subparsers()
    for name in {entry.module: name for name, entry in cli.commands().items()}.values():
        import_module(f"yunheng.site.cli.{cli.commands()[name].module}").register(subparsers)
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


TREE = _tree()


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_shows_a_command_that_is_not_there(language: str) -> None:
    firsts = {name.split()[0] for name in TREE}
    with_action = {name.split()[0] for name in TREE if " " in name}
    unknown = []
    for name, text in pages(language).items():
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for first, second in _COMMAND.findall(block):
                if first not in firsts or (first in with_action and f"{first} {second}" not in TREE):
                    unknown.append(f"{name}: yunheng {first} {second}")
    assert not unknown


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_commands_as_they_are(name: str, request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / name).read_text(encoding="utf-8")
    shown = re.findall(r"^yunheng (.+?)(?:\s{2,}#.*)?$", text, re.MULTILINE)
    assert len(shown) >= 8
    for line in shown:
        words = line.split()
        command = next((key for key in (" ".join(words[:2]), words[0]) if key in TREE), None)
        assert command, f"{name}: yunheng {line}"
        known = {option for action in TREE[command]._actions for option in action.option_strings}
        assert {word for word in words if word.startswith("--")} <= known, f"{name}: yunheng {line}"
