"""What happened to a statement, entry by entry, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .queries import HistoryLine
from .shown import HistoryRow


def history_row(line: HistoryLine) -> HistoryRow:
    """An entry of a statement as a sentence."""
    sentences = {
        "appraisal.drafted": _("Drafted"),
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
        "appraisal.signed": _("Signed"),
        "appraisal.locked": _("Locked"),
        "appraisal.settled": _("Settled"),
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
    text = str(data.get("reason") or data.get("opinion") or data.get("note") or "")
    return HistoryRow(sentence, text, line.who or _("the system"), line.at)
