"""What happened to a statement, entry by entry, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunheng.contracts import wording as contract_wording

from ..score_words import ScoreWords
from .queries import HistoryLine
from .shown import HistoryRow
from .wording import side_name


def history_row(line: HistoryLine, words: ScoreWords) -> HistoryRow:
    """An entry of a statement as a sentence, with what it is about in the words of the scheme."""
    sentences = {
        "appraisal.drafted": pgettext("statement", "Drafted"),
        "appraisal.discarded": _("Discarded"),
        "appraisal.value_entered": _("Value entered"),
        "appraisal.marked": _("Marks given"),
        "appraisal.event_proposed": _("Event put forward"),
        "appraisal.none_happened": _("Said that none happened"),
        "appraisal.input_withdrawn": _("Withdrawn"),
        "appraisal.sampled": _("Sample drawn"),
        "appraisal.issued": pgettext("statement", "Issued"),
        "appraisal.accepted": pgettext("statement", "Accepted"),
        "appraisal.appealed": _("Appealed"),
        "appraisal.appeal_answered": _("Appeal answered"),
        "appraisal.voted": _("Vote cast"),
        "appraisal.decided": _("Appeal decided"),
        "appraisal.arbitrated": _("Arbitration closed"),
        "appraisal.escalated": _("Arbitration escalated: its term ended without a decision"),
        "appraisal.signed": pgettext("statement", "Signed"),
        "appraisal.locked": _("Locked"),
        "appraisal.letters_made": _("Documents made and kept"),
        "appraisal.settled": pgettext("statement", "Settled"),
        "appraisal.reversal_drafted": _("A correction was drafted"),
        "appraisal.reversed": _("Reversed"),
        "appraisal.part_reversed": _("A statement that it rests on was reversed"),
    }
    data = line.data
    sentence = sentences.get(line.type, line.type)
    if line.type == "appraisal.drafted" and data.get("is_new") is False:
        sentence = _("Computed anew")
    if data.get("is_silence"):
        sentence = _("Accepted by silence")
    if data.get("is_overdue"):
        sentence = {
            "appraisal.decided": _("Appeal rejected: the term ended without a decision"),
            "appraisal.arbitrated": _("Arbitration closed by the end of its term"),
        }.get(line.type, sentence)
    if about := _about(line, words):
        sentence = _("%(what)s: %(about)s") % {"what": sentence, "about": about}
    text = str(data.get("reason") or data.get("opinion") or data.get("note") or "")
    if line.told:
        names = contract_wording.listed(line.told)
        text = " · ".join(part for part in (text, _("Told: %(names)s.") % {"names": names}) if part)
    side = side_name(str(data.get("side", "")))
    return HistoryRow(sentence, text, line.who or (_("the system") if line.is_by_system else side), line.at)


def _about(line: HistoryLine, words: ScoreWords) -> str:
    """What was entered or contested, "" where the entry is about the whole statement."""
    if key := line.data.get("key"):
        is_event = line.data.get("kind_of_input") in ("event", "none_happened")
        return words.event_kind(key) if is_event else words.item(key)
    return words.item(line.data["item"]) if line.data.get("item") else ""
