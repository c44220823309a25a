"""Corrections of a ticket's record: what was proposed, how it stands, whose turn it is, and the forms that propose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.terms import label_in
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.sla.wording import reason_label

from . import wording as desk_wording
from .actions import LEAVING_REASONS, may_answer_proposal, may_propose, may_withdraw_proposal
from .forms import Field, Form, Option, OptionGroup, Typed, fill
from .models import Proposal
from .queries import proposals_of
from .story import TicketStory
from .timeline import TimelineLine

KINDS: Final = tuple(kind.value for kind in Proposal.Kind)


@dataclass(frozen=True, slots=True)
class ProposedCorrection:
    """One proposal in words, and what the viewer may say to it."""

    proposal: Proposal
    kind: str
    what: str
    standing: str
    mark: str
    proposed_by: str  # "" where names are not for the viewer
    answered_by: str
    waits_for: str  # whose word is missing, "" where it has been said
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class CorrectionPanel:
    """Corrections of the ticket, and the forms that propose one."""

    proposals: Sequence[ProposedCorrection]
    forms: Sequence[Form]

    @property
    def is_open(self) -> bool:
        """Whether a form that could not be carried out has to be seen."""
        return any(form.is_open for form in self.forms)


def corrections_for(
    viewer: Viewer, story: TicketStory, lines: Sequence[TimelineLine], typed: Typed | None = None
) -> CorrectionPanel:
    """The corrections that were proposed, the latest first (1 query), and those that the viewer may propose."""
    ticket = story.ticket
    proposals = proposals_of(viewer, ticket)
    return CorrectionPanel(
        [_told(viewer, story, proposal, typed) for proposal in reversed(proposals)],
        [
            fill(form, typed)
            for kind in KINDS
            if may_propose(viewer, ticket, kind)
            for form in _proposing(story, lines, kind)
        ],
    )


def _told(viewer: Viewer, story: TicketStory, proposal: Proposal, typed: Typed | None) -> ProposedCorrection:
    is_open = proposal.standing == Proposal.Standing.PROPOSED
    answered = proposal.answered_by
    forms = []
    if is_open and may_answer_proposal(viewer, proposal):
        forms.append(_answer(story, proposal, "approve", _("Approve"), look="main"))
        forms.append(_answer(story, proposal, "refuse", _("Refuse"), is_required=True))
    if is_open and may_withdraw_proposal(viewer, proposal):
        forms.append(_answer(story, proposal, "withdraw", _("Withdraw")))
    return ProposedCorrection(
        proposal=proposal,
        kind=desk_wording.correction_name(proposal.kind),
        what=_what(story, proposal.kind, proposal.data),
        standing=desk_wording.proposal_standing(proposal.standing),
        mark={"proposed": "provisional", "approved": "met", "refused": "breached"}.get(
            proposal.standing, "na"
        ),
        proposed_by=proposal.proposed_by.name if story.may_see_names else "",
        answered_by=answered.name if answered is not None and story.may_see_names else "",
        waits_for=(_("the client") if proposal.needs_client else _("somebody else of the provider"))
        if is_open
        else "",
        forms=tuple(fill(form, typed) for form in forms),
    )


def _what(story: TicketStory, kind: str, data: Mapping[str, Any]) -> str:
    """What would be corrected, in one phrase."""
    language = get_language() or ""
    if kind == Proposal.Kind.CORRECT_TIME:
        place = story.window.places.get(int(data.get("entry", 0)), 0)
        return _("entry #%(place)s happened at %(at)s") % {
            "place": place or "–",
            "at": _instant(data.get("new_at")),
        }
    if kind == Proposal.Kind.LEAVE_OUT:
        return desk_wording.leaving_reason(str(data.get("reason", "")))
    if kind == Proposal.Kind.EXCLUDE_WINDOW:
        return _("%(reason)s, %(from)s – %(to)s") % {
            "reason": reason_label(str(data.get("reason", "")), story.terms, language),
            "from": _instant(data.get("from_at")),
            "to": _instant(data.get("to_at")),
        }
    return ""


def _instant(text: object) -> str:
    try:
        return wording.instant(datetime.fromisoformat(str(text)), with_seconds=True)
    except ValueError:
        return wording.DASH


def _answer(
    story: TicketStory,
    proposal: Proposal,
    answer: str,
    label: str,
    *,
    look: str = "",
    is_required: bool = False,
) -> Form:
    return Form(
        key=f"proposal:{answer}:{proposal.uuid}",
        url=reverse("desk:answer_proposal", args=[story.ticket.number, proposal.uuid, answer]),
        label=label,
        button=label,
        look=look,
        fields=(Field("text", "text", _("Why") if is_required else _("Remark"), is_required=is_required),),
    )


def _proposing(story: TicketStory, lines: Sequence[TimelineLine], kind: str) -> list[Form]:
    """The form that proposes a correction of that kind, where there is anything to correct."""
    text = Field("text", "text", _("Reason and evidence"), is_required=True)
    own: tuple[Field, ...]
    is_out = _is_left_out(story)
    if kind == Proposal.Kind.CORRECT_TIME:
        entries = tuple(
            Option(
                story.window.names[line.entry.id],
                f"#{line.place} {wording.instant(line.entry.occurred_at)} {line.sentence}",
            )
            for line in lines
            if line.has_facts and line.entry.id in story.window.names
        )
        if not entries:
            return []
        own = (
            Field("entry", "choice", _("Entry"), is_required=True, groups=(OptionGroup("", entries),)),
            Field("new_at", "instant", _("When it really happened"), is_required=True),
        )
    elif kind == Proposal.Kind.LEAVE_OUT:
        if is_out:
            return []
        reasons = tuple(Option(key, desk_wording.leaving_reason(key)) for key in LEAVING_REASONS)
        own = (Field("reason", "choice", _("Reason"), is_required=True, groups=(OptionGroup("", reasons),)),)
    elif kind == Proposal.Kind.TAKE_BACK:
        if not is_out:
            return []
        own = ()
    else:
        exclusions = story.terms.exclusions if story.terms else {}
        if not exclusions:
            return []
        language = get_language() or ""
        reasons = tuple(Option(key, label_in(one.label, language)) for key, one in exclusions.items())
        own = (
            Field("reason", "choice", _("Reason"), is_required=True, groups=(OptionGroup("", reasons),)),
            Field("from_at", "instant", _("From"), is_required=True),
            Field("to_at", "instant", _("To"), is_required=True),
        )
    return [
        Form(
            key=f"propose:{kind}",
            url=reverse("desk:propose", args=[story.ticket.number, kind]),
            label=desk_wording.correction_name(kind),
            button=_("Propose"),
            lead=_("It is done when the other side, or somebody else with the word for it, approves."),
            fields=(*own, text),
        )
    ]


def _is_left_out(story: TicketStory) -> bool:
    """Whether the last word on belonging to the indicators was to leave."""
    words = [
        kind for way in story.window.ways for kind, _term in way.facts if kind in {"left_out", "taken_back"}
    ]
    return bool(words) and words[-1] == "left_out"
