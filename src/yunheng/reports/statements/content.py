"""The content of a notice of result or a settlement sheet: what a statement froze, in words, ready for the layouts."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.appraisal.models import Statement
from yunheng.appraisal.money import amount_text
from yunheng.appraisal.score_words import ScoreWords, score_text
from yunheng.appraisal.scored_period import read_scored_period
from yunheng.appraisal.statements.computing import Computed
from yunheng.appraisal.statements.contesting import is_by_term
from yunheng.appraisal.statements.listing import state_label
from yunheng.appraisal.statements.queries import StatementView, difference_of
from yunheng.appraisal.statements.reading import (
    results_of_frozen,
    rules_of_frozen,
    score_of_frozen,
    settled_of_frozen,
)
from yunheng.appraisal.statements.wording import method_name, period_label, side_name, verdict_name
from yunheng.contracts import wording as contract_wording
from yunheng.contracts.scoring.presentation import measure_name, trigger_text
from yunheng.foundation import wording
from yunheng.logic.score import Results, Settled, text_of

from ..content.freezing import frozen
from ..rendering import WORDS
from .amounts import capital_amount
from .lines import MOST_EVENTS, event_rows, money_rows, parts_rows, score_rows

Letter = Literal["notice", "settlement"]
LETTERS: Final[tuple[Letter, ...]] = ("notice", "settlement")
_FORMAT: Final = 1


def letter_content(
    view: StatementView, kind: Letter, language: str, drafted: Computed | None = None
) -> dict[str, Any]:
    """The content in a language ("zh-Hans", "en"). `drafted` is how a draft stands; a letter about it says DRAFT.

    Of what was issued everything comes from what was frozen and from the step that the letter tells of (`step_of`), so
    that it says the same whenever it is made. Raises ValueError for a settlement of a statement that
    settles nothing.
    """
    with translation.override(language.lower()), timezone.override(ZoneInfo(view.contract.scope.zone)):
        return frozen(_Letter(view, kind, language, drafted).content())


class _Letter:
    def __init__(self, view: StatementView, kind: Letter, language: str, drafted: Computed | None) -> None:
        self.view, self.kind, self.language = view, kind, language
        self.statement: Statement = view.statement
        content = view.content
        self.frozen: Mapping[str, Any] = content or {}
        if content is not None:
            self.results: Results = results_of_frozen(content)
            self.rules, self.score = rules_of_frozen(content), score_of_frozen(content, self.results)
            self.settled: Settled | None = settled_of_frozen(content)
        else:
            assert drafted is not None
            self.rules, self.score, self.settled = drafted.rules, drafted.score, drafted.settled
            self.results = Results() if drafted.card is None else drafted.card.results
        if kind == "settlement" and self.settled is None:
            raise ValueError(f"{self.statement.number} settles nothing")
        self.words = ScoreWords(self.rules)
        self.state, self.at = step_of(self.statement, kind)

    def content(self) -> dict[str, Any]:
        events = event_rows(self.results, self.words) if self.kind == "notice" else []
        full = self.rules.scheme.full_of(read_scored_period(self.statement.period).kind)
        return {
            "format": _FORMAT,
            "kind": self.kind,
            "language": self.language,
            "words": {
                **WORDS[self.language],
                "number": _("Statement number"),
                "period": _("Period"),
                "verify_intro": _(
                    "Everything above follows from what the statement froze, whose digest is printed here, and that "
                    "from the contract's log up to the position below. The evidence pack holds all of it, to be "
                    "checked offline."
                ),
                "content_hash": _("Hash of this document's content (SHA-256)"),
            },
            "report": self._report(),
            "contract": self._contract(),
            "record": self._record(),
            "letter": self._letter(len(self.results.events)),
            "result": {
                "score": score_text(self.score.value),
                "full": text_of(full) if full else "",
                "grade": self.words.grade(self.score.grade),
                "state": state_label(self.statement, self.state),
                "answer_by": wording.instant(self.statement.answer_due_at) if self._waits() else "",
                "digest": self._digest(),
            },
            "lines": score_rows(self.words.line(self.score.tree), score_text(self.score.value)),
            "events": events,
            "parts": [
                {**row, "period": period_label(row["period"])}
                for row in parts_rows((self.frozen.get("rollup") or {}).get("of", ()))
            ],
            "appeals": [self._appeal(one) for one in self.frozen.get("appeals", ())],
            "measures": list(self._measures()),
            "money": [] if self.settled is None else money_rows(self.settled, self.words, self._digits()),
            "payable": self._payable(),
            "signatures": [
                {
                    "side": side_name(one.side),
                    "organisation": one.organisation,
                    "name": one.person,
                    "method": method_name(one.method),
                    "at": wording.instant(one.signed_at),
                    "digest": bytes(one.digest).hex(),
                    "note": "",
                }
                for one in self.view.signatures
                if self.at is None or one.signed_at <= self.at
            ],
        }

    def _waits(self) -> bool:
        return self.state == "issued" and self.statement.answer_due_at is not None

    def _digest(self) -> str:
        return "" if self.statement.digest is None else bytes(self.statement.digest).hex()

    def _digits(self) -> int:
        terms = self.rules.scheme.settlement
        return 2 if terms is None else terms.digits

    def _report(self) -> dict[str, Any]:
        statement = self.statement
        zone = ZoneInfo(self.view.contract.scope.zone)
        is_firm = is_final(statement, self.kind)
        edition = ""
        if statement.edition > 1 and statement.reverses is not None:
            edition = _("edition %(n)d, reverses %(number)s") % {
                "n": statement.edition,
                "number": statement.reverses.number,
            }
        return {
            "number": statement.number,
            "title": {"notice": _("Notice of result"), "settlement": _("Settlement sheet")}[self.kind],
            "edition": statement.edition,
            "edition_label": edition,
            "period": statement.period,
            "period_label": period_label(statement.period),
            "start": statement.begins_at.astimezone(zone).date().isoformat(),
            "end": (statement.ends_at - timedelta(seconds=1)).astimezone(zone).date().isoformat(),
            "zone": str(zone),
            "made_on": "",
            "made_by": "",
            "issued_on": "" if statement.issued_at is None else wording.instant(statement.issued_at),
            "issued_by": statement.issued_for,
            "is_draft": not is_firm,
        }

    def _contract(self) -> dict[str, Any]:
        contract = self.view.contract
        terms = self.statement.contract_version.terms
        return {
            "key": contract.scope.key,
            "title": contract_wording.said(terms["title"]),
            "provider": contract.provider.name,
            "client": contract.client.name,
            "suppliers": [],
            "valid_from": "",
            "valid_to": "",
            "versions": [self.statement.contract_version.number],
        }

    def _record(self) -> dict[str, Any]:
        head = self.frozen.get("head")
        if head is None:
            return {
                "position": None,
                "root": "",
                "signed_at": "",
                "key_id": "",
                "is_sealed": False,
                "checked_by": "",
            }
        checked = _("Statement digest (SHA-256): %(digest)s") % {"digest": self._digest()}
        pack = _("Evidence pack: “yunheng statement pack %(number)s”, checked with verify.py.") % {
            "number": self.statement.number
        }
        return {
            "position": head["size"],
            "root": head["root"],
            "signed_at": head["signed_at"],
            "key_id": head["key_id"],
            "is_sealed": True,
            "checked_by": f"{checked}\n{pack}",
        }

    # --- the letter

    def _letter(self, events: int) -> dict[str, Any]:
        contract = self.view.contract
        is_notice = self.kind == "notice"
        sender, to = (contract.client.name, contract.provider.name) if is_notice else ("", "")
        return {
            "to": to,
            "greeting": _("%(name)s:") % {"name": to} if to else "",
            "paragraphs": list(self._paragraphs()),
            "closing": list(self._closing(events)) if is_notice else [],
            "from": sender,
            "on": "" if self.statement.issued_at is None or not is_notice else _day(self.statement),
        }

    def _paragraphs(self) -> Iterator[str]:
        names = {
            "title": self._contract()["title"],
            "key": self.view.contract.scope.key,
            "version": self.statement.contract_version.number,
            "period": period_label(self.statement.period),
            "provider": self.view.contract.provider.name,
            "client": self.view.contract.client.name,
        }
        if self.kind == "notice":
            yield (
                _(
                    "By the scoring scheme of the contract “%(title)s” (%(key)s, version %(version)s), your service in "
                    "%(period)s was appraised. The result is as follows."
                )
                % names
            )
        else:
            yield (
                _(
                    "By the contract “%(title)s” (%(key)s, version %(version)s) and the statement of %(period)s, "
                    "%(client)s and %(provider)s settle as follows."
                )
                % names
            )

    def _closing(self, events: int) -> Iterator[str]:
        if self._waits():
            until = wording.instant(self.statement.answer_due_at)
            silence = (self.frozen["rules"]["appraisal"] or {}).get("appeal", {}).get("silence", "accept")
            if silence == "accept":
                yield _(
                    "Whoever objects appeals by %(until)s, item by item and with evidence. Silence until then means "
                    "consent."
                ) % {"until": until}
            else:
                yield _("Whoever objects appeals by %(until)s, item by item and with evidence.") % {
                    "until": until
                }
        if events > MOST_EVENTS:
            yield _(
                "The first %(shown)s of %(count)s events are listed; the statement's page has all of them."
            ) % {
                "shown": MOST_EVENTS,
                "count": wording.grouped(events),
            }

    # --- what follows

    def _appeal(self, appeal: Mapping[str, Any]) -> dict[str, str]:
        what = self.words.item(appeal["item"])
        if appeal["event"]:
            found = next((event for event in self.results.events if event.key == appeal["event"]), None)
            name = (
                appeal["event"] if found is None else f"{self.words.event_kind(found.kind)} {found.subject}"
            )
            what = f"{what}: {name.strip()}"
        reasons = dict.fromkeys(vote["reason"] for vote in appeal["votes"])
        votes = [(vote["side"], vote.get("decision", appeal["decision"])) for vote in appeal["votes"]]
        if is_by_term(appeal["decision"], votes):
            text = _("The term ended without a decision; by the contract it stands as it was issued.")
            reasons = {text: None}
        return {
            "what": what,
            "argument": appeal["argument"],
            "decision": verdict_name(appeal["decision"]),
            "reason": "\n".join(reasons),
        }

    def _measures(self) -> Iterator[dict[str, Any]]:
        states = {one["key"]: one for one in self.frozen.get("triggers", ())}
        for terms in self.rules.terms["triggers"]:
            state = states.get(terms["key"])
            if state is None:
                continue
            is_fired = state["is_fired"]
            word = pgettext("trigger", "in force") if is_fired else pgettext("trigger", "not in force")
            yield {
                "label": measure_name(terms["measure"]),
                "text": f"{trigger_text(terms)} · {word}",
                "is_due": state["is_fired"],
            }
        for order in self.view.rectifications:
            if self.at is not None and order.opened_at > self.at:
                continue
            due = wording.instant(order.due_at)
            text = _("%(what)s (due %(due)s)") % {"what": order.what, "due": due}
            yield {"label": f"{_('Rectification order')} {order.number}", "text": text, "is_due": True}

    def _payable(self) -> dict[str, str]:
        settled = self.settled
        if settled is None:
            return {"amount": "", "in_words": "", "currency": "", "note": ""}
        is_words = settled.currency == "CNY" and self.language.startswith("zh")
        return {
            "amount": amount_text(settled.payable, self._digits()),
            "in_words": _capitals(settled.payable) if is_words else "",
            "currency": settled.currency,
            "note": self._money_note(),
        }

    def _money_note(self) -> str:
        statement = self.statement
        if self.kind == "notice":
            return ""
        if not is_final(statement, "settlement"):
            return _("Not to be paid by yet: both sides sign the statement first.")
        found = difference_of(statement)
        if found is None or found.money is None or statement.reverses is None:
            return ""
        words = {
            "number": statement.reverses.number,
            "settled": amount_text(found.settled, self._digits()),
            "amount": amount_text(abs(found.money), self._digits()),
        }
        if found.money < 0:
            return (
                _("Reverses %(number)s. Settled before: %(settled)s. To be given back: %(amount)s.") % words
            )
        return _("Reverses %(number)s. Settled before: %(settled)s. Still to be paid: %(amount)s.") % words


#: States in which a letter is no draft.
_FIRM: Final = {
    "notice": ("issued", "appealed", "arbitrated", "accepted", "locked", "settled", "replaced"),
    "settlement": ("locked", "settled", "replaced"),
}


def is_final(statement: Statement, kind: Letter) -> bool:
    """Whether a letter is no draft: from then on it says the same for ever."""
    return statement.state in _FIRM[kind]


def step_of(statement: Statement, kind: Letter) -> tuple[str, datetime | None]:
    """The state that a letter tells of, and since when: a notice of the issue or the arbitration, whichever froze
    last, a sheet of the lock. Before that the state as it is now, and None.
    """
    if not is_final(statement, kind):
        return statement.state, None
    if kind == "settlement":
        return "locked", statement.locked_at
    if statement.arbitrated_at is not None:
        return "arbitrated", statement.arbitrated_at
    return "issued", statement.issued_at


def _capitals(amount: Decimal) -> str:
    try:
        return capital_amount(amount)
    except ValueError:  # parts of a fen, by a contract that settles to more places
        return ""


def _day(statement: Statement) -> str:
    assert statement.issued_at is not None
    return wording.day(wording.local(statement.issued_at))
