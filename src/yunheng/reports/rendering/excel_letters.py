"""The sheets of a notice of result and of a settlement sheet."""

from collections.abc import Mapping
from typing import Any, Final

from yunheng.reports.rendering.content import plain_number
from yunheng.reports.rendering.workbook import Book, Cell, write_named, write_pairs


def write_letter(book: Book, content: Mapping[str, Any]) -> None:
    """A notice of result or a settlement sheet: a sheet for each of its tables that has a row."""
    w, result, payable = content["words"], content["result"], content["payable"]
    sheet = book.sheet(w["result"], [26, 70])
    names = ("score", "full", "grade", "state", "answer_by", "digest")
    words = {"full": "full_marks", "grade": "score_grade", "state": "statement_state"}
    top = write_pairs(book, sheet, 0, [(w[words.get(name, name)], result[name]) for name in names])
    if content["kind"] == "settlement":
        amounts = [
            (w["payable"], f"{payable['amount']} {payable['currency']}".strip()),
            (w["payable_in_words"], payable["in_words"]),
            (w["description"], payable["note"]),
        ]
        top = write_pairs(book, sheet, top + 1, amounts)
        money = [[row["label"], row["said"], _money(row["amount"])] for row in content["money"]]
        write_named(book, content, "settlement", ("money_line", "score_said", "amount"), money, [34, 70, 18])
    for text in (*content["letter"]["paragraphs"], *content["letter"]["closing"]):
        top += 1
        book.write(sheet, top, 1, text)
    for name, titles, columns, widths in _LETTER:
        rows = [[row[column] for column in columns] for row in content[name]]
        if rows or name in ("lines", "signatures"):
            title = "how_scored" if name == "lines" else name
            write_named(book, content, title, titles, rows, widths)


def _money(text: str) -> Cell:
    """An amount as a number, so that it can be added up; what is none stays as it is."""
    number = plain_number(text.replace(",", ""))
    return text if number is None else number


_LETTER: Final = (
    ("lines", ("score_line", "score_said", "points"), ("label", "said", "points"), (44, 70, 12)),
    (
        "parts",
        ("part_period", "statement_number", "score", "digest"),
        ("period", "number", "score", "digest"),
        (16, 28, 10, 70),
    ),
    (
        "events",
        ("time", "event_kind", "event_subject", "quantity", "party", "evidence", "proposer"),
        ("at", "kind", "subject", "quantity", "party", "note", "proposer"),
        (18, 28, 26, 10, 14, 50, 20),
    ),
    (
        "appeals",
        ("appeal_what", "appeal_argument", "appeal_decision", "reason"),
        ("what", "argument", "decision", "reason"),
        (28, 60, 14, 60),
    ),
    ("measures", ("measure", "condition"), ("label", "text"), (28, 80)),
    (
        "signatures",
        ("signoff_side", "signoff_name", "signature_method", "signoff_date", "digest", "description"),
        ("side", "name", "method", "at", "digest", "note"),
        (14, 20, 24, 20, 70, 50),
    ),
)
