"""Reads a holiday notice as people have it: the State Council's sentences in Chinese, or lines of dates. No Django.

“10月1日（星期四）至7日放假调休，共7天。9月27日（星期日）、10月10日（星期六）上班” names seven days off and two that are
worked. What is said twice is checked: weekdays in brackets, and the number of days.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal

from .problems import gettext_noop

MAX_TEXT: Final = 20_000
MAX_RANGE: Final = 31  #: days; no break of public holidays is longer

Verb = Literal["off", "work"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What is not right in a notice, with the words it is about."""

    message: str
    params: Mapping[str, Any]

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in the language of `translate`."""
        return translate(self.message) % self.params


@dataclass(slots=True)
class Notice:
    """Days off and make-up workdays of one year. Usable only without remarks."""

    year: int
    closed: set[date] = field(default_factory=set)
    worked: set[date] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.remarks and bool(self.closed or self.worked)

    def document(self) -> dict[str, list[str]]:
        """As a contract writes it: {closed: […], worked: […]}."""
        return {
            "closed": sorted(day.isoformat() for day in self.closed),
            "worked": sorted(day.isoformat() for day in self.worked),
        }


_TOKEN: Final = re.compile(
    r"""
    (?P<iso>(?P<y1>\d{4})\s*[-/.]\s*(?P<m1>\d{1,2})\s*[-/.]\s*(?P<d1>\d{1,2})(?!\d))
  | (?P<zh>(?:(?P<y2>\d{4})\s*年\s*)?(?:(?P<m2>\d{1,2})\s*月\s*)?(?P<d2>\d{1,2})\s*[日号])
  | (?P<title>\d{4}\s*年)
  | (?P<bracket>\([^()]{0,60}\))
  | (?P<count>共\s*(?P<n>\d{1,3})\s*天|(?:放假|休息)\s*(?P<n2>\d{1,3})\s*天)
  | (?P<work>上班|补班|补休上班|工作日|\bwork(?:ed|ing|day)?s?\b|\bmake-?up\b)
  | (?P<off>放假|调休|休息|休假|节假日|\bclosed\b|\boff\b|\bholidays?\b|休(?!日))
  | (?P<range>至|到|—+|–|~|\.\.+|\bto\b|\buntil\b|(?<=\s)-(?=\s)|(?<=日)-|(?<=\))-)
  | (?P<stop>[。;\n])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WEEKDAYS: Final = {name: index for index, name in enumerate("一二三四五六日")} | {"天": 6}
_NUMERALS: Final = re.compile(r"^[ \t]*(?:[一二三四五六七八九十]+|\d{1,2})[、.)]\s*(?=\D)", re.MULTILINE)


def read_notice(text: str, year: int) -> Notice:
    """The days that a notice for `year` names. Never raises: what cannot be right becomes a remark."""
    notice = Notice(year)
    if len(text) > MAX_TEXT:
        notice.remarks.append(
            Remark(gettext_noop("the text has more than %(most)d characters"), {"most": MAX_TEXT})
        )
        return notice
    plain = _NUMERALS.sub("", unicodedata.normalize("NFKC", text).replace("星期天", "星期日"))
    plain = plain.replace(",", "、")
    for sentence in _sentences(plain):
        _Sentence(notice, sentence).read()
    for day in sorted(notice.closed & notice.worked):
        _remark(notice, gettext_noop("%(day)s is said to be both off and worked"), day=day.isoformat())
    for day in sorted(notice.closed | notice.worked):
        if (day.year, day.month) not in ((year - 1, 12), (year + 1, 1)) and day.year != year:
            _remark(
                notice, gettext_noop("%(day)s does not belong to %(year)d"), day=day.isoformat(), year=year
            )
    for day in sorted(notice.worked):
        if day.weekday() < 5 and day not in notice.closed:
            _remark(
                notice,
                gettext_noop("%(day)s is no weekend day: a make-up workday is a Saturday or a Sunday"),
                day=day.isoformat(),
            )
    if not notice.remarks and not notice.closed and not notice.worked:
        _remark(notice, gettext_noop("no day off and no make-up workday was found in the text"))
    return notice


def year_in(text: str) -> int | None:
    """The year that a notice is for: that of its title, else the one named most often, the first of them."""
    plain = unicodedata.normalize("NFKC", text)
    title = re.search(r"(20\d{2})\s*年(?:部分)?节假日", plain)
    if title:
        return int(title[1])
    found = Counter(re.findall(r"(20\d{2})\s*年", plain) or re.findall(r"\b(20\d{2})-\d{1,2}-\d{1,2}", plain))
    return int(found.most_common(1)[0][0]) if found else None


def _remark(notice: Notice, message: str, **params: Any) -> None:
    notice.remarks.append(Remark(message, params))


def _sentences(text: str) -> Iterator[list[re.Match[str]]]:
    sentence: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "stop" or match["stop"]:
            if sentence:
                yield sentence
            sentence = []
        else:
            sentence.append(match)
    if sentence:
        yield sentence


class _Sentence:
    """Dates wait until a verb says what they are; where the verb came first, they follow it."""

    def __init__(self, notice: Notice, tokens: list[re.Match[str]]) -> None:
        self.notice = notice
        self.tokens = tokens
        self.waiting: list[date] = []
        self.last: date | None = None
        self.month: int | None = None
        self.year = notice.year
        self.is_range = False
        self.verb: Verb | None = None
        self.run: list[date] = []  #: the days off of this sentence, to be counted

    def read(self) -> None:
        for token in self.tokens:
            if token["iso"] or token["zh"]:
                self.take_date(token)
            elif token["bracket"]:
                self.weekday(token["bracket"])
            elif token["range"]:
                self.is_range = self.last is not None
            elif token["count"]:
                if not self.waiting or token["n"]:
                    self.count(int(token["n"] or token["n2"]))
                else:
                    self.say("off")
                    self.count(int(token["n2"]))
            elif token["work"]:
                self.say("work")
            elif token["off"]:
                self.say("off")
        if self.waiting:
            if self.verb is not None:
                self.say(self.verb)
            elif len(self.tokens) > 1 or self.waiting[0].year == self.notice.year:  # else the date of signing
                _remark(
                    self.notice,
                    gettext_noop("%(day)s: it is not said whether the day is off or worked"),
                    day=self.waiting[0].isoformat(),
                )

    def take_date(self, token: re.Match[str]) -> None:
        year = int(token["y1"] or token["y2"] or 0)
        month = int(token["m1"] or token["m2"] or self.month or 0)
        day = int(token["d1"] or token["d2"])
        if not year:
            year = self.year
            if self.is_range and self.last is not None and self.last.year >= year - 1:
                year = self.last.year + (1 if month < self.last.month else 0)
        try:
            on = date(year, month, day)
        except ValueError:
            _remark(self.notice, gettext_noop("there is no day “%(words)s”"), words=token.group().strip())
            self.is_range = False
            return
        self.month = month
        if self.is_range and self.last is not None:
            self.fill(self.last, on)
        else:
            self.waiting.append(on)
        self.last, self.is_range = on, False

    def fill(self, first: date, last: date) -> None:
        length = (last - first).days
        if not 0 < length <= MAX_RANGE:
            _remark(
                self.notice,
                gettext_noop("from %(first)s to %(last)s is no break of one to %(most)d days"),
                first=first.isoformat(),
                last=last.isoformat(),
                most=MAX_RANGE,
            )
            return
        self.waiting += [first + timedelta(days=step) for step in range(1, length + 1)]

    def weekday(self, bracket: str) -> None:
        named = re.search(r"(?:星期|周)([一二三四五六日天])", bracket)
        if named and self.last is not None and self.last.weekday() != _WEEKDAYS[named[1]]:
            _remark(
                self.notice,
                gettext_noop("%(day)s is no 星期%(weekday)s: is it the notice of another year?"),
                day=self.last.isoformat(),
                weekday=named[1],
            )

    def say(self, verb: Verb) -> None:
        if self.waiting:
            if verb == "off":
                self.run = list(dict.fromkeys([*self.run, *self.waiting]))
                self.notice.closed.update(self.waiting)
            else:
                self.notice.worked.update(self.waiting)
            self.waiting = []
        self.verb = verb

    def count(self, number: int) -> None:
        if self.waiting and self.verb is None:
            self.say("off")
        if self.run and len(self.run) != number:
            _remark(
                self.notice,
                gettext_noop("from %(first)s on %(found)d days are named, and %(said)d are said"),
                first=min(self.run).isoformat(),
                found=len(self.run),
                said=number,
            )
