"""The ticket's page put together for one viewer: story, controls, waiting periods, files, links, and what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.utils.translation import get_language

from yunheng.contracts.queries import terms_at
from yunheng.foundation.access import Viewer
from yunheng.foundation.models import Attachment

from .agreements import CorrectionPanel, corrections_for
from .forms import Form, Typed
from .models import Ticket
from .offers import Offers, offers_for
from .queries import access_ticket, attachments_of
from .related import LinkPanel, links_for
from .story import TicketStory, process_known, tell_ticket
from .timeline import (
    Change,
    Fold,
    Seen,
    Window,
    changes_since,
    fold_lines,
    open_window,
    seen_now,
    tell_lines,
    with_files,
)
from .waits import Wait, waits_of

Order = Literal["oldest", "newest"]
ORDERS: Final[tuple[Order, ...]] = ("oldest", "newest")

__all__ = ["ORDERS", "Order", "TicketPage", "TimelinePart", "news_of", "show_part", "show_ticket"]


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """A part of the timeline in the order that the reader wants, and where it goes on."""

    number: str
    folds: Sequence[Fold]
    window: Window
    order: Order

    @property
    def before(self) -> int:
        """Place before which older entries are, 0 where there are none."""
        return self.window.first if self.window.older else 0

    @property
    def after(self) -> int:
        """Place after which newer entries are, 0 where there are none."""
        return self.window.last if self.window.newer else 0


@dataclass(frozen=True, slots=True)
class TicketPage:
    """All that the page of a ticket shows to one viewer."""

    story: TicketStory
    part: TimelinePart
    offers: Offers
    waits: Sequence[Wait]
    links: LinkPanel
    corrections: CorrectionPanel
    seen: Seen
    changes: Sequence[Change]
    typed: Typed | None
    done: str
    is_segments: bool

    @property
    def ticket(self) -> Ticket:
        """The ticket."""
        return self.story.ticket

    @property
    def fact_forms(self) -> list[Form]:
        """Forms that change what the ticket is about."""
        return [form for form in (self.offers.profile, self.offers.classify) if form is not None]

    @property
    def forms(self) -> list[Form]:
        """Every form on the page."""
        known = [*self.offers.moves, self.offers.assign, self.offers.say, *self.fact_forms, self.links.form]
        known += [
            *self.corrections.forms,
            *(form for one in self.corrections.proposals for form in one.forms),
        ]
        known += [form for wait in self.waits for form in wait.forms]
        return [form for form in known if form is not None]

    @property
    def loose_errors(self) -> list[str]:
        """What was refused of an act whose form does not stand on the page: one click, or one that is gone."""
        if self.typed is None or any(form.key == self.typed.key for form in self.forms):
            return []
        return [text for texts in self.typed.errors.values() for text in texts]

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else was first."""
        return self.typed is not None and self.typed.is_conflict


def show_ticket(
    viewer: Viewer,
    number: str,
    *,
    now: datetime,
    order: Order = "oldest",
    typed: Typed | None = None,
    since: Seen | None = None,
    done: str = "",
    all_segments: bool = False,
) -> TicketPage:
    """The page of one ticket. `typed` is a form that could not be carried out, `since` what its sender had seen.

    Raises NotFound alike for missing and hidden.
    """
    story = tell_ticket(viewer, number, now=now, all_segments=all_segments, part="newest")
    ticket = story.ticket
    files = attachments_of(viewer, ticket)
    changes = (
        changes_since(
            viewer, ticket, since, process=story.process, terms=story.terms, language=get_language() or ""
        )
        if since is not None
        else []
    )
    return TicketPage(
        story=story,
        part=_part(story, files, order),
        offers=offers_for(viewer, story, typed),
        waits=waits_of(viewer, story, typed),
        links=links_for(viewer, story, typed),
        corrections=corrections_for(viewer, story, story.lines, typed),
        seen=Seen(ticket.row_version, story.window.total),
        changes=changes,
        typed=typed,
        done=done,
        is_segments=all_segments,
    )


def _part(story: TicketStory, files: Mapping[int, Sequence[Attachment]], order: Order) -> TimelinePart:
    folds = fold_lines(with_files(story.lines, files))
    return TimelinePart(story.ticket.number, folds[::-1] if order == "newest" else folds, story.window, order)


def show_part(
    viewer: Viewer, number: str, *, before: int | None, after: int | None, order: Order
) -> TimelinePart:
    """Another part of the timeline: what comes before or after a place. Raises NotFound."""
    ticket = access_ticket(viewer, number)
    window = open_window(viewer, ticket, before=before, after=after)
    lines = tell_lines(
        window.entries,
        first=window.first,
        process=process_known(ticket),
        terms=terms_at(ticket.scope_id, ticket.opened_at),
        language=get_language() or "",
    )
    folds = fold_lines(with_files(lines, attachments_of(viewer, ticket)))
    return TimelinePart(ticket.number, folds[::-1] if order == "newest" else folds, window, order)


@dataclass(frozen=True, slots=True)
class News:
    """What changed while somebody looked; nothing where `changes` is empty and the versions agree."""

    ticket: Ticket
    seen: Seen
    changes: Sequence[Change]


def news_of(viewer: Viewer, number: str, since: Seen) -> News | None:
    """What others did since somebody looked, None where nothing did (2 queries then). Raises NotFound."""
    ticket = access_ticket(viewer, number, with_people=False)
    seen = seen_now(viewer, ticket)
    if seen == since:
        return None
    changes = changes_since(
        viewer,
        ticket,
        since,
        process=process_known(ticket),
        terms=terms_at(ticket.scope_id, ticket.opened_at),
        language=get_language() or "",
    )
    return News(ticket, seen, changes)
