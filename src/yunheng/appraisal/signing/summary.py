"""What is signed, in a few lines: read from the frozen content, so that it is what the digest covers. Only the title
beside the contract's key, which is what the content names, is that of today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from yunheng.contracts.scoring.reading import UnfitSchemeError, rules_of

from ..models import Statement
from ..score_words import ScoreWords
from ..scored_period import read_scored_period
from .documents import digest_of, grouped
from .presentation import contract_title

__all__ = ["Summary", "summary_of"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A statement in words, in the reader's language. Texts are "–" where there is nothing to say."""

    number: str
    edition: int
    reverses: str
    contract: str
    period: str
    provider: str
    client: str
    score: str
    grade: str
    payable: str
    digest: str

    @property
    def groups(self) -> list[str]:
        """The digest in groups of eight."""
        return grouped(self.digest)

    def lines(self) -> list[tuple[str, str]]:
        """Label and text of each line, without the digest."""
        told = [
            (_("Statement"), self.number),
            (_("Contract"), self.contract),
            (_("Period"), self.period),
            (_("Provider"), self.provider),
            (_("Client"), self.client),
            (_("Score"), self.score),
            (_("Grade"), self.grade),
            (_("Payable"), self.payable),
        ]
        if self.reverses:
            told.insert(1, (_("Takes the place of"), self.reverses))
        return told


def summary_of(statement: Statement, content: Mapping[str, Any]) -> Summary:
    """The summary of an issued statement."""
    parties, score = content["parties"], content["score"]
    return Summary(
        number=statement.number,
        edition=content["edition"],
        reverses=content.get("reverses") or "",
        contract=" · ".join(dict.fromkeys((contract_title(statement), content["contract"]))),
        period=read_scored_period(content["period"]["name"]).label,
        provider=parties["provider"]["name"],
        client=parties["client"]["name"],
        score=_("not applicable") if score["value"] is None else str(score["value"]),
        grade=_grade(content, score.get("grade")) or "–",
        payable=_money(content.get("settlement")) or "–",
        digest=digest_of(statement),
    )


def _grade(content: Mapping[str, Any], key: str | None) -> str:
    if not key:
        return ""
    try:
        return ScoreWords(rules_of(content["rules"]["scheme"])).grade(key)
    except (UnfitSchemeError, KeyError, TypeError, ValueError):  # a scheme of an older grammar
        return key


def _money(settlement: Mapping[str, Any] | None) -> str:
    if not settlement or settlement.get("payable") is None:
        return ""
    payable = settlement["payable"]
    amount = f"{Decimal(payable):,}" if "/" not in str(payable) else str(payable)
    return f"{amount} {settlement.get('currency') or ''}".strip()
