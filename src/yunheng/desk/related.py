"""Tickets that have to do with this one, and the forms that link them and take links back."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.foundation.access import Viewer

from . import wording as desk_wording
from .forms import Field, Form, Option, OptionGroup, Typed, fill
from .models import TicketLink
from .queries import Link, links_of
from .story import TicketStory


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """The ticket at the other end of a link, and how the link reads from here."""

    link: Link
    words: str
    state: str
    remove_url: str  # "" where the viewer may not take it back


@dataclass(frozen=True, slots=True)
class LinkPanel:
    """The links of a ticket and the form that makes one."""

    linked: Sequence[LinkedTicket]
    form: Form | None


def links_for(viewer: Viewer, story: TicketStory, typed: Typed | None = None) -> LinkPanel:
    """Links whose other end the viewer sees (1 query), and what they may do with them."""
    ticket = story.ticket
    may_link = viewer.may("ticket.work", ticket.scope_id) and not ticket.is_observed
    linked = [
        LinkedTicket(
            link,
            desk_wording.link_words(link.kind, is_from_other=link.is_from_other),
            desk_wording.state_label(story.process, link.other.state)
            if link.other.process_key == ticket.process_key
            else "",
            reverse("desk:unlink", args=[ticket.number, link.uuid]) if may_link else "",
        )
        for link in links_of(viewer, ticket)
    ]
    return LinkPanel(linked, fill(_form(ticket.number), typed) if may_link else None)


def _form(number: str) -> Form:
    kinds = tuple(
        Option(kind, desk_wording.link_words(kind, is_from_other=False)) for kind in TicketLink.Kind.values
    )
    return Form(
        key="link",
        url=reverse("desk:link", args=[number]),
        label=_("Link another ticket"),
        button=_("Link"),
        fields=(
            Field(
                "kind",
                "choice",
                _("This ticket"),
                is_required=True,
                value="related_to",
                groups=(OptionGroup("", kinds),),
            ),
            Field("other", "line", _("Number of the other ticket"), is_required=True),
        ),
    )
