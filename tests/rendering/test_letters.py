"""The notice of result and the settlement sheet, read back from Word, PDF and Excel."""

from functools import lru_cache
from typing import Any

import pytest
from tests.rendering.reading import cells, excel_text, pdf_pages, pdf_text, word_text
from tests.rendering.sample_letters import letter

from yunheng.reports.rendering import WORDS, render

LANGUAGES = ["zh-Hans", "en"]
FORMATS = ["docx", "pdf", "xlsx"]


@lru_cache(maxsize=8)
def made_of(kind: str, language: str, *, is_signed: bool = True) -> dict[str, bytes]:
    return render(letter(kind, language, is_signed=is_signed), FORMATS, rows=())


def texts_of(made: dict[str, bytes]) -> dict[str, str]:
    return {
        "docx": " ".join(word_text(made["docx"]).split()),
        "pdf": pdf_text(made["pdf"]),
        "xlsx": excel_text(made["xlsx"]),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_says_result_way_appeal_and_signatures_in_every_format(language: str) -> None:
    content = letter("notice", language)
    for form, text in texts_of(made_of("notice", language)).items():
        flat = "".join(text.split())

        def has(part: str, flat: str = flat) -> bool:
            return "".join(part.split()) in flat

        assert has(content["result"]["score"]) and has(content["result"]["grade"]), form
        for row in content["lines"]:
            assert has(row["label"]) and has(row["said"]) and has(row["points"]), (form, row["label"])
        assert has(content["letter"]["closing"][0]), form
        assert has(content["appeals"][0]["reason"]), form
        assert has(content["events"][0]["note"]), form
        for signature in content["signatures"]:
            assert has(signature["name"]) and has(signature["method"]) and has(signature["digest"]), form
        assert has(content["record"]["root"]), form
        assert not has(WORDS[language]["draft_note"]), form


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_settlement_sheet_shows_each_amount_and_what_is_payable(language: str) -> None:
    content = letter("settlement", language)
    for form, text in texts_of(made_of("settlement", language)).items():
        for row in content["money"]:
            assert row["label"] in text, form
        assert "100,000.00" in text or form == "xlsx"
        assert content["payable"]["in_words"] in text, form
    sheet = cells(made_of("settlement", language)["xlsx"])[WORDS[language]["settlement"]]
    assert [row[2] for row in sheet[1:]] == [100_000, 0, 100_000]  # numbers, to be added up


def test_the_total_stands_out_and_what_is_below_is_set_in() -> None:
    text = word_text(made_of("notice", "zh-Hans")["docx"])
    assert "\u3000响应与解决" in text and "\u3000\u3000响应及时率" in text
    assert "\u3000总分" not in text


def test_without_signatures_there_is_room_for_pen_and_seal() -> None:
    words = WORDS["en"]
    texts = texts_of(made_of("notice", "en", is_signed=False))
    for form in ("docx", "pdf"):
        assert words["not_signed"] in texts[form] and words["signoff_signature"] in texts[form]
        assert words["draft_note"] in texts[form]
    assert words["not_signed"] not in texts_of(made_of("notice", "en"))["pdf"]


def test_a_letter_without_parts_events_and_measures_has_no_empty_chapters() -> None:
    content = letter("notice", "en") | {"parts": [], "events": [], "appeals": [], "measures": []}
    made = render(content, FORMATS, rows=())
    for form, text in texts_of(made).items():
        for name in ("parts", "events", "appeals", "measures"):
            assert WORDS["en"][name] not in text, (form, name)
    assert len(pdf_pages(made["pdf"])) <= 2


def test_texts_of_strangers_stay_texts() -> None:
    content: dict[str, Any] = letter("settlement", "en")
    content["appeals"][0]["argument"] = "=HYPERLINK(1) #import {{ contract.key }} <b>"
    content["money"][0]["label"] = "=1+1"
    made = render(content, FORMATS, rows=())
    assert "#import {{ contract.key }} <b>" in pdf_text(made["pdf"])
    assert "{{ contract.key }} <b>" in word_text(made["docx"])
    assert "=1+1" in excel_text(made["xlsx"])


def test_the_same_content_gives_the_same_bytes() -> None:
    made_of.cache_clear()
    first = made_of("settlement", "zh-Hans")
    made_of.cache_clear()
    assert made_of("settlement", "zh-Hans") == first
