"""What argparse says by itself is said in the language of the command line."""

import argparse
import inspect

import pytest

from yunheng.site.cli import main
from yunheng.site.cli.argparse_words import SAID


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("用法：yunheng", "错误：", "缺少必需的参数：--contract")),
        ("en", ("usage: yunheng", "error: ", "the following arguments are required: --contract")),
    ],
)
def test_a_misused_command_is_told_so_in_the_terminals_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("YUNHENG_LANGUAGE", language)
    with pytest.raises(SystemExit) as ended:
        main(["kpi"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert all(word in said for word in words), said


def test_argparse_still_says_these_sentences() -> None:
    source = inspect.getsource(argparse)
    said = [sentence.replace("\n", "\\n") for sentence in SAID]
    assert [sentence for sentence in said if sentence not in source] == []
