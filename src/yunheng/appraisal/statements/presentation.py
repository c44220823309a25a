"""One statement as its page shows it: what is next and by whom, the score, what was entered, contested and signed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from yunheng.contracts import wording as contract_wording
from yunheng.contracts.appraisal_section.presentation import overdue_line
from yunheng.contracts.scoring.grammar import PARTIES
from yunheng.contracts.scoring.presentation import measure_name, trigger_text
from yunheng.contracts.scoring.reading import Rules
from yunheng.foundation import wording
from yunheng.foundation.flow import label_text, process_for
from yunheng.foundation.models import Attachment
from yunheng.logic.appraisal import Change, difference
from yunheng.logic.measure import round_half_up
from yunheng.logic.score import Rating, Results, Settled, text_of

from ..models import Appeal, Rectification, Signature, Statement, StatementInput
from ..money import money_text
from ..score_words import ScoreWords, score_text, value_text
from ..scorecard import Lacking, Scorecard
from ..scorecard_page import Asked, page_of
from ..scorecard_text import lacking_text
from ..scored_period import read_scored_period
from .computing import Computed
from .contesting import is_by_term, targets_of
from .editions import settled_before
from .history import history_row
from .listing import Look, due_of, look_of, plain_score, title_of_statement
from .queries import StatementView
from .reading import card_of_frozen, rules_of_frozen, score_of_frozen, settled_of_frozen
from .resting_told import resting_told
from .shown import (
    AppealCard,
    FileLink,
    InputRow,
    MoneyLine,
    OrderRow,
    SignatureLine,
    Told,
    TriggerLine,
    VoteLine,
    Want,
)
from .wording import method_name, period_label, rater_name, side_name, verdict_name

MOST_EVENTS: Final = 300  #: offered for an appeal; more are contested by their key through the API
MOST_BACKDATED: Final = 50  #: shown


def tell_statement(
    view: StatementView,
    *,
    drafted: Computed | None,
    asked: Asked,
    side: str,
    now: datetime,
) -> Told:
    """The page's words. `drafted` is how a draft is scored; of what was issued all comes from what was frozen."""
    return _Teller(view, drafted, asked, side, now).told()


@dataclass
class _Teller:
    view: StatementView
    drafted: Computed | None
    asked: Asked
    side: str
    now: datetime

    def __post_init__(self) -> None:
        content = self.view.content
        self.statement: Statement = self.view.statement
        if content is not None:
            self.rules: Rules = rules_of_frozen(content)
            self.settled: Settled | None = settled_of_frozen(content)
            self.card: Scorecard | None = card_of_frozen(content)
            self.score = score_of_frozen(content) if self.card is None else self.card.score
        else:
            assert self.drafted is not None
            self.rules = self.drafted.rules
            self.score = self.drafted.score
            self.settled = self.drafted.settled
            self.card = self.drafted.card
        self.results = Results() if self.card is None else self.card.results
        self.words = ScoreWords(self.rules)
        self.lacking: tuple[Lacking, ...] = () if self.drafted is None else self.drafted.lacking

    def told(self) -> Told:
        statement, view = self.statement, self.view
        due_at = due_of(statement)
        content = view.content or {}
        full = self.rules.scheme.full_of(read_scored_period(statement.period).kind)
        may_enter = statement.state == "drafted" and self.card is not None and self._may("appraisal.enter")
        return Told(
            title=title_of_statement(statement),
            look=look_of(statement),
            lead=self._lead(),
            due_at=due_at,
            is_late=due_at is not None and due_at < self.now,
            score=score_text(self.score.value),
            full=text_of(full) if full else "",
            grade=self.words.grade(self.score.grade),
            payable="" if self.settled is None else money_text(self.settled.payable, self.settled.currency),
            money=list(self._money()),
            difference=self._difference(),
            page=None if self.card is None else page_of(self.card, self.asked),
            wants=list(self._wants()) if statement.state == "drafted" and self.card is not None else [],
            inputs=[self._input(row) for row in view.inputs],
            targets=list(self._targets()) if "appeal" in view.transitions else [],
            appeals=[self._appeal(appeal) for appeal in view.appeals],
            signatures=list(self._signatures()),
            may_sign=self._may_sign(),
            orders=[self._order(order) for order in view.rectifications],
            triggers=list(self._triggers()),
            parts=list(self._parts()),
            resting=resting_told(view, may_reverse=self._may_reverse()),
            missing=[] if self.drafted is None else [period.label for period in self.drafted.missing],
            backdated=content.get("backdated", ())[:MOST_BACKDATED],
            backdated_count=len(content.get("backdated", ())),
            pauses=content.get("pauses", {}),
            excluded=list(self._excluded(content)),
            samples=self.statement.samples,
            history=[history_row(line, self.words) for line in reversed(view.history)],
            documents=list(self._documents()),
            steps=view.transitions,
            parties=[(party, contract_wording.party(party)) for party in PARTIES],
            may_enter=may_enter,
            may_order=self._may("appraisal.issue") and statement.digest is not None,
            items=[(key, contract_wording.said(label)) for key, label in self.rules.item_labels().items()],
            is_provider=self.side == "provider",
            may_close=self._may_close(),
            may_reverse=self._may_reverse(),
            has_step=bool(view.transitions - {"lock", "replace"}) or self._may_sign() or self._may_reverse(),
            digest="" if statement.digest is None else bytes(statement.digest).hex(),
            pack_url=self._pack_url(),
            signed_pack_url=f"{self._pack_url()}?signed=1"
            if self._pack_url() and self.statement.locked_at is not None
            else "",
        )

    def _may(self, permission: str) -> bool:
        return permission in self.view.permissions

    # --- what is next

    def _lead(self) -> str:
        state = self.statement.state
        if state == "drafted":
            return self._lead_of_draft()
        if state == "issued":
            return _("The provider accepts it or appeals.")
        if state == "appealed":
            open_ones = sum(not appeal.decision for appeal in self.view.appeals)
            agreed = (self.view.content or {}).get("rules", {}).get("appraisal") or {}
            arbitration = agreed.get("arbitration")
            if not open_ones:
                return _("Every appeal is decided: close the arbitration, and the score is computed anew.")
            text = ngettext(
                "%(count)d appeal waits for a decision that both sides agree on.",
                "%(count)d appeals wait for decisions that both sides agree on.",
                open_ones,
            ) % {"count": open_ones}
            return f"{text} {overdue_line(arbitration)}" if arbitration else text
        if state in ("accepted", "arbitrated"):
            missing = [side_name(one.side) for one in self._signatures_by_side() if one.signature is None]
            return _("To be signed by %(sides)s.") % {"sides": contract_wording.listed(missing)}
        if state == "locked":
            return _("Signed by both and locked: nothing of it changes any more.")
        if state == "settled":
            return _("Settled on %(at)s.") % {"at": wording.instant(self.statement.settled_at)}
        if state == "replaced" and self.view.reversed_by is not None:
            return _("Reversed by %(number)s.") % {"number": self.view.reversed_by.number}
        return ""

    def _lead_of_draft(self) -> str:
        if self.drafted is not None and self.drafted.missing:
            periods = contract_wording.listed(period.label for period in self.drafted.missing)
            return _("Not signed yet: %(periods)s.") % {"periods": periods}
        if self.lacking:
            what = contract_wording.listed(lacking_text(one, self.words) for one in self.lacking)
            return _("Still to be entered: %(what)s.") % {"what": what}
        if self.now < self.statement.ends_at:
            return _("The period is not over; it can be issued after it.")
        return _("Everything is there: the client can issue it.")

    # --- money

    def _money(self) -> Iterator[MoneyLine]:
        settled = self.settled
        if settled is None:
            return
        for line in self.words.line(settled.tree).parts:
            rounded = round_half_up(line.node.points, 4)
            amount = money_text(rounded, "")
            yield MoneyLine(line.text, amount if rounded == line.node.points else f"≈ {amount}")
        yield MoneyLine(_("Payable"), money_text(settled.payable, settled.currency), is_total=True)

    def _difference(self) -> str:
        older = self.statement.reverses
        if older is None:
            return ""
        found = difference(
            score_before=older.value,
            score_after=self.score.value,
            settled=settled_before(self.statement),
            payable=None if self.settled is None else self.settled.payable,
        )
        if found.is_none:
            return _("Neither score nor money changes.")
        parts = []
        if found.score:
            parts.append(_("score %(difference)s") % {"difference": _signed(found.score)})
        if found.money:
            text = money_text(abs(found.money), self.statement.currency or older.currency)
            parts.append(
                _("still to be paid: %(amount)s") % {"amount": text}
                if found.money > 0
                else _("to be given back: %(amount)s") % {"amount": text}
            )
        if found.settled:
            text = money_text(found.settled, self.statement.currency or older.currency)
            parts.append(_("settled before: %(amount)s") % {"amount": text})
        return contract_wording.listed(parts)

    # --- what people enter

    def _wants(self) -> Iterator[Want]:
        lacking = {(one.what, one.key) for one in self.lacking}
        entered = {(row.kind, row.key) for row in self.view.inputs if row.withdrawn_at is None}
        for item in self.rules.scheme.items():
            label = self.words.item(item.key)
            if isinstance(item.rule, Rating):
                rule = item.rule
                yield Want(
                    "mark",
                    item.key,
                    label,
                    _("Marks from %(low)s to %(high)s")
                    % {"low": text_of(rule.low), "high": text_of(rule.high)},
                    roles=[(one.role, rater_name(one.role)) for one in rule.raters],
                    low=text_of(rule.low),
                    high=text_of(rule.high),
                    reason_below="" if rule.reason_below is None else text_of(rule.reason_below),
                    is_lacking=("marks", item.key) in lacking,
                )
            elif ("value", item.key) in lacking or ("value", item.key) in entered:
                yield Want(
                    "value",
                    item.key,
                    label,
                    {"percent": _("in per cent"), "seconds": _("in seconds")}.get(item.unit, _("a number")),
                    unit=item.unit,
                    is_lacking=("value", item.key) in lacking,
                )
        clocks = {source.kind for source in self.rules.event_sources()}
        for kind in self.rules.labels("events"):
            if kind not in clocks:
                yield Want(
                    "event", kind, self.words.event_kind(kind), "", is_lacking=("events", kind) in lacking
                )

    def _input(self, row: StatementInput) -> InputRow:
        may = (
            self.statement.state == "drafted"
            and row.withdrawn_at is None
            and self._may("appraisal.enter")
            and (row.side == self.side or self._may("appraisal.issue"))
        )
        withdrawn = ""
        if row.withdrawn_at is not None:
            withdrawn = _("Withdrawn by %(who)s: %(reason)s") % {
                "who": row.withdrawn_by,
                "reason": row.why_withdrawn,
            }
        return InputRow(
            uuid=row.uuid,
            what=self._input_label(row),
            said=self._input_said(row),
            note=" · ".join(text for text in (row.reason, row.note) if text),
            side=side_name(row.side),
            who=row.rater if row.rater and row.rater != row.entered_by else row.entered_by,
            at=row.entered_at,
            files=self._files(row.entry_id),
            withdrawn=withdrawn,
            may_withdraw=may,
        )

    def _input_label(self, row: StatementInput) -> str:
        if row.kind in (StatementInput.Kind.VALUE, StatementInput.Kind.MARK):
            return self.words.item(row.key)
        return self.words.event_kind(row.key)

    def _input_said(self, row: StatementInput) -> str:
        if row.kind == StatementInput.Kind.NONE_HAPPENED:
            return _("none happened")
        if row.kind == StatementInput.Kind.EVENT:
            parts = [
                wording.instant(row.occurred_at),
                row.subject,
                "" if row.quantity in (None, 1) else f"× {text_of(row.quantity)}",
                _("liable: %(party)s") % {"party": contract_wording.party(row.party)},
            ]
            return " · ".join(part for part in parts if part)
        if row.value is None:
            return _("not applicable")
        if row.kind == StatementInput.Kind.MARK:
            return f"{text_of(row.value)} · {rater_name(row.role)}"
        unit = next((item.unit for item in self.rules.scheme.items() if item.key == row.key), "number")
        return value_text(row.value, unit)

    def _files(self, entry_id: int | None) -> list[FileLink]:
        if entry_id is None:
            return []
        return [self._file(file) for file in self.view.files.get(entry_id, ())]

    def _file(self, file: Attachment) -> FileLink:
        return FileLink(
            name=file.name,
            about=filesizeformat(file.size),
            url=reverse("appraisal:statement_file", args=[self.statement.number, file.uuid]),
            sha256=bytes(file.digest).hex(),
        )

    # --- appeals

    def _targets(self) -> Iterator[tuple[str, str]]:
        """What can be contested: "item" or "item|event", with its name."""
        content = self.view.content
        if content is None:
            return
        targets = targets_of(content)
        events = {event.key: event for event in self.results.events}
        for item, terms in targets.items.items():
            label = self.words.item(item)
            rule = targets.rule(item)
            if rule not in ("occurrence", "bonus"):
                yield item, label
                continue
            of_item = [key for key, kind in targets.kinds.items() if kind in terms[rule]["of"]]
            for key in of_item[:MOST_EVENTS]:
                event = events[key]
                name = " ".join(text for text in (self.words.event_kind(event.kind), event.subject) if text)
                at = f" {wording.instant(event.at)}" if event.at else ""
                yield f"{item}|{key}", f"{label}: {name}{at}"

    def _appeal(self, appeal: Appeal) -> AppealCard:
        is_open = self.statement.state == "appealed" and not appeal.decision
        rule = next((item.rule for item in self.rules.scheme.items() if item.key == appeal.item), None)
        return AppealCard(
            uuid=appeal.uuid,
            about=self._about(appeal),
            item=appeal.item,
            event=appeal.event,
            is_event=bool(appeal.event),
            is_rated=isinstance(rule, Rating),
            argument=appeal.argument,
            claim=appeal.claim,
            filed=_by(appeal.filed_by, appeal.filed_for),
            filed_at=appeal.filed_at,
            files=self._files(appeal.entry_id),
            reply=appeal.reply,
            replied=_by(appeal.replied_by, appeal.replied_for),
            replied_at=appeal.replied_at,
            reply_files=self._files(appeal.reply_entry_id),
            votes=[
                VoteLine(
                    side=side_name(vote.side),
                    who=_by(vote.voted_by, vote.voted_for),
                    verdict=verdict_name(vote.decision),
                    change=self._change(vote.change, appeal),
                    reason=vote.reason,
                    at=vote.voted_at,
                )
                for vote in appeal.votes.all()
            ],
            decision=verdict_name(appeal.decision) if appeal.decision else "",
            why_decided=_("The term ended without a decision; by the contract it stands as it was issued.")
            if is_by_term(appeal.decision, [(vote.side, vote.decision) for vote in appeal.votes.all()])
            else "",
            change=self._change(appeal.change, appeal),
            is_decided=bool(appeal.decision),
            may_reply=is_open and not appeal.reply and self.side == "client" and self._may("appraisal.issue"),
            may_vote=is_open and self._may("appraisal.arbitrate") and self.side in ("provider", "client"),
        )

    def _about(self, appeal: Appeal) -> str:
        label = self.words.item(appeal.item)
        if not appeal.event:
            return label
        found = next((event for event in self.results.events if event.key == appeal.event), None)
        if found is None:
            return f"{label} · {appeal.event}"
        kind = self.words.event_kind(found.kind)
        return " · ".join(text for text in (label, "" if kind == label else kind, found.subject) if text)

    def _change(self, data: Mapping[str, Any], appeal: Appeal) -> str:
        change = Change.of(data)
        if change.drop:
            return _("does not count")
        if change.quantity is not None:
            return _("quantity %(quantity)s") % {"quantity": text_of(change.quantity)}
        if change.party:
            return _("liable: %(party)s") % {"party": contract_wording.party(change.party)}
        if change.mark is not None:
            return _("mark %(mark)s") % {"mark": text_of(change.mark)}
        if change.value is not None:
            return _("value %(value)s") % {"value": self.words.value(change.value, appeal.item)}
        return ""

    # --- signatures

    def _signatures_by_side(self) -> "list[_Side]":
        signed = {one.side: one for one in self.view.signatures}
        contract = self.view.contract
        return [
            _Side("client", contract.client.name, signed.get("client")),
            _Side("provider", contract.provider.name, signed.get("provider")),
        ]

    def _signatures(self) -> Iterator[SignatureLine]:
        for one in self._signatures_by_side():
            signature = one.signature
            yield SignatureLine(
                side=side_name(one.side),
                organisation=one.organisation,
                who="" if signature is None else signature.person,
                method="" if signature is None else method_name(signature.method),
                at=None if signature is None else signature.signed_at,
                is_own=one.side == self.side,
            )

    def _may_sign(self) -> bool:
        has_signed = any(one.side == self.side for one in self.view.signatures)
        is_time = self.statement.state in ("accepted", "arbitrated")
        return (
            is_time and not has_signed and self._may("appraisal.sign") and self.side in ("provider", "client")
        )

    def _may_close(self) -> bool:
        """Whether every appeal is decided, so that the score can be computed anew."""
        return "arbitrate" in self.view.transitions and all(one.decision for one in self.view.appeals)

    def _may_reverse(self) -> bool:
        is_signed = self.statement.state in ("locked", "settled")
        return is_signed and self.view.reversed_by is None and self._may("appraisal.draft")

    def _pack_url(self) -> str:
        """Where the evidence pack is, for who may read the log; "" for a draft."""
        if self.view.content is None or not self._may("log.view"):
            return ""
        return reverse("appraisal:evidence", args=[self.statement.number])

    # --- what follows

    def _triggers(self) -> Iterator[TriggerLine]:
        content = self.view.content
        if content is not None:
            states = {one["key"]: (one["is_fired"], one["is_near"]) for one in content["triggers"]}
        else:
            found = () if self.drafted is None else self.drafted.triggers
            states = {one.trigger.key: (one.is_fired, one.is_near) for one in found}
        for terms in self.rules.terms["triggers"]:
            if terms["key"] not in states:
                continue
            is_fired, is_near = states[terms["key"]]
            yield TriggerLine(
                label=measure_name(terms["measure"]),
                rule=trigger_text(terms),
                state=pgettext("trigger", "in force")
                if is_fired
                else _("one more such period and it is in force")
                if is_near
                else pgettext("trigger", "not in force"),
                kind="breached" if is_fired else "risk" if is_near else "na",
            )

    def _order(self, order: Rectification) -> OrderRow:
        is_late = order.state == "ordered" and order.due_at < self.now
        about = self.words.item(order.item) if order.item else ""
        return OrderRow(
            order=order,
            look=look_of_order(order),
            about=about,
            is_late=is_late,
            files=[
                self._file(file)
                for files in self.view.files.values()
                for file in files
                if file.subject_id == order.pk
            ],
            may_report=order.state in ("ordered", "returned")
            and self.side == "provider"
            and self._may("appraisal.answer"),
            may_verify=order.state == "reported" and self.side == "client" and self._may("appraisal.issue"),
        )

    def _parts(self) -> Iterator[tuple[str, str, str, str]]:
        content = self.view.content
        if content is not None:
            for part in (content["rollup"] or {}).get("of", ()):
                yield (
                    period_label(part["period"]),
                    part["statement"],
                    _("no score") if part["value"] is None else part["value"],
                    reverse("appraisal:statement", args=[part["statement"]]),
                )
            return
        for one in () if self.drafted is None else self.drafted.parts:
            yield (
                period_label(one.period),
                one.number,
                plain_score(one.value),
                reverse("appraisal:statement", args=[one.number]),
            )

    def _excluded(self, content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        seen = set()
        for measurement in content.get("measurements", ()):
            for one in measurement["excluded"]:
                if one["ticket"] not in seen:
                    seen.add(one["ticket"])
                    yield one

    def _documents(self) -> Iterator[tuple[str, str, str]]:
        """Address, name, and the SHA-256 of what is kept in the reader's language, "" where nothing is kept yet."""
        number = self.statement.number
        language = "zh-Hans" if (get_language() or "").startswith("zh") else "en"
        kept = {file.name: bytes(file.digest).hex() for files in self.view.files.values() for file in files}
        for kind, label, is_there in (
            ("notice", _("Notice of result"), True),
            ("settlement", _("Settlement sheet"), self.settled is not None),
        ):
            if is_there:
                for form, name in (("pdf", "PDF"), ("docx", "Word"), ("xlsx", "Excel")):
                    yield (
                        reverse("reports:statement_document", args=[number, kind, form]),
                        f"{label} · {name}",
                        kept.get(f"{number}.{kind}.{language}.{form}", ""),
                    )


@dataclass(frozen=True, slots=True)
class _Side:
    side: str
    organisation: str
    signature: Signature | None


def look_of_order(order: Rectification) -> Look:
    """The mark of an order's state."""
    state = process_for(order).states.get(order.state)
    kind = {"ordered": "risk", "reported": "running", "verified": "met"}.get(order.state, "na")
    return Look(kind, label_text(state.label) if state else order.state)


def _by(name: str, organisation: str) -> str:
    return " · ".join(text for text in (name, organisation) if text)


def _signed(number: Decimal) -> str:
    text = text_of(abs(number))
    return f"−{text}" if number < 0 else f"+{text}"
