"""What is done to a ticket from its page: each address calls one action and answers with what changed."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunheng.foundation.attachments import FileDraft, read_uploads
from yunheng.foundation.flow import label_text, process_for
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Conflict, Forbidden, Invalid, NotFound

from .. import actions
from ..choices import own_team, teams_for
from ..forms import Typed, check_filled, check_text, join_faults, read_local, read_transition, text_values
from ..naming import entry_named
from ..queries import access_proposal, access_ticket
from ..reading import terms_of
from ..timeline import Seen, read_seen
from .ticket import OTHERS, PARTS
from .ticket import answer as show

_BAR = ("news", "bar")
_SIDE = ("news", "side")


def act(
    request: PageRequest,
    number: str,
    key: str,
    work: Callable[[Seen | None], Any],
    *,
    done: str,
    refused: tuple[str, ...],
    changed: tuple[str, ...] = OTHERS,
) -> HttpResponse:
    """Carry out one act and answer: what changed, or the same form with every refusal beside its field.

    When somebody else was first, the answer says who did what since the sender looked, shows the ticket as it is,
    and keeps what was typed, so that it can be sent again.
    """
    seen = read_seen(request.POST.get("seen", ""))
    try:
        check_text(request.POST)
        work(seen)
    except Invalid as error:
        typed = Typed(key, text_values(request.POST), error.fields)
        return show(request, number, refused, typed=typed, status=422)
    except Conflict as error:
        typed = Typed(key, text_values(request.POST), {"": [error.message]}, is_conflict=True)
        parts = tuple(name for name in PARTS if name in {*OTHERS, *refused})
        return show(request, number, parts, typed=typed, since=seen, status=409)
    return show(request, number, changed, done=done)


def version_of(seen: Seen | None) -> int | None:
    """The row version that the sender had before their eyes."""
    return seen.version if seen is not None else None


def _files(request: PageRequest) -> list[FileDraft]:
    return read_uploads(request.FILES.getlist("files"))


@require_POST
@signed_in
def move(request: PageRequest, number: str, transition: str) -> HttpResponse:
    """Make a transition of the process with its form."""
    ticket = access_ticket(request.viewer, number, with_people=False)
    known = process_for(ticket).transitions.get(transition)
    if known is None:
        raise NotFound(_("There is no transition “%(key)s”.") % {"key": transition})
    request.viewer.require(known.permission, ticket.scope_id)

    def work(seen: Seen | None) -> None:
        form, at, files = join_faults(
            lambda: read_transition(known, request.POST),
            lambda: read_local("at", request.POST.get("at", "")),
            lambda: _files(request),
        )
        actions.move_ticket(
            request.viewer, number, transition, form, files=files, at=at, expected_version=version_of(seen)
        )

    done = _("Done: %(transition)s") % {"transition": label_text(known.label)}
    return act(request, number, f"move:{transition}", work, done=done, refused=_BAR)


@require_POST
@signed_in
def take(request: PageRequest, number: str) -> HttpResponse:
    """Take the ticket oneself, for the team that one belongs to."""
    ticket = access_ticket(request.viewer, number)

    def work(seen: Seen | None) -> None:
        terms = terms_of(ticket)
        team = own_team(
            request.viewer,
            teams_for(ticket.scope_id, tuple(terms.suppliers) if terms else ()),
            ticket.team,
        )
        if team is None:
            raise Forbidden(_("You belong to no team that could take this."), permission="ticket.assign")
        actions.assign_ticket(
            request.viewer,
            number,
            team=str(team.uuid),
            assignee=request.viewer.actor.id,
            expected_version=version_of(seen),
        )

    return act(request, number, "take", work, done=_("It is yours now."), refused=_BAR)


@require_POST
@signed_in
def say(request: PageRequest, number: str) -> HttpResponse:
    """Write a public reply or an internal note, or log a call."""
    way = request.POST.get("way", "")
    ticket = access_ticket(request.viewer, number, with_people=False)
    request.viewer.require("ticket.note" if way == "note" else "ticket.reply", ticket.scope_id)

    def work(_seen: Seen | None) -> None:
        at, files = join_faults(lambda: read_local("at", request.POST.get("at", "")), lambda: _files(request))
        text = request.POST.get("text", "").replace("\r\n", "\n")
        if way == "note":
            actions.note(request.viewer, number, text, files=files, at=at)
        elif way in {"reply", "call"}:
            means = "phone" if way == "call" else "portal"
            actions.reply(request.viewer, number, text, means=means, files=files, at=at)
        else:
            raise Invalid({"way": _("One of: %(choices)s.") % {"choices": "reply, note, call"}})

    done = {
        "note": _("The note is kept; only your side reads it."),
        "call": _("The call is logged; both sides read it."),
    }.get(way, _("The reply is sent; both sides read it."))
    return act(request, number, "say", work, done=done, refused=("news", "say"), changed=PARTS)


@require_POST
@signed_in
def profile(request: PageRequest, number: str) -> HttpResponse:
    """Move the ticket to another service, impact or urgency."""
    access_ticket(request.viewer, number, with_people=False)

    def work(seen: Seen | None) -> None:
        data = request.POST
        shows_major = "major" in data  # the box was on the form: not ticked means no
        actions.change_profile(
            request.viewer,
            number,
            reason=data.get("reason", ""),
            service=data.get("service") or None,
            impact=data.get("impact") or None,
            urgency=data.get("urgency") or None,
            is_major="is_major" in data if shows_major else (True if "is_major" in data else None),
            expected_version=version_of(seen),
        )

    return act(request, number, "profile", work, done=_("Changed."), refused=_SIDE)


@require_POST
@signed_in
def classify(request: PageRequest, number: str) -> HttpResponse:
    """Say what failed, why, and of which category it is."""
    access_ticket(request.viewer, number, with_people=False)

    def work(seen: Seen | None) -> None:
        actions.classify_ticket(
            request.viewer,
            number,
            ci=request.POST.get("ci"),
            category=request.POST.get("category"),
            cause=request.POST.get("cause"),
            expected_version=version_of(seen),
        )

    return act(request, number, "classify", work, done=_("Classified."), refused=_SIDE)


@require_POST
@signed_in
def answer(request: PageRequest, number: str, answer: str) -> HttpResponse:
    """Confirm or dispute a waiting period, or end the dispute over it by giving way."""
    name, text = request.POST.get("pause", ""), request.POST.get("text", "").replace("\r\n", "\n")
    ticket = access_ticket(request.viewer, number, with_people=False)
    if answer not in {"confirm", "dispute", "uphold", "reject"}:
        raise NotFound(_("There is nothing of this name to do."))

    def work(_seen: Seen | None) -> None:
        pause = entry_named(request.viewer, ticket, name)
        if answer in {"confirm", "dispute"}:
            actions.answer_pause(request.viewer, number, pause, answer, text=text)  # type: ignore[arg-type]
        else:
            actions.settle_pause(request.viewer, number, pause, is_upheld=answer == "uphold", text=text)

    done = {
        "confirm": _("The waiting period is confirmed."),
        "dispute": _("The waiting period is disputed."),
    }.get(answer, _("The dispute is settled."))
    return act(request, number, f"pause:{answer}:{name[:12]}", work, done=done, refused=_SIDE)


@require_POST
@signed_in
def link(request: PageRequest, number: str) -> HttpResponse:
    """Say that another ticket has to do with this one."""
    ticket = access_ticket(request.viewer, number, with_people=False)
    request.viewer.require("ticket.work", ticket.scope_id)

    def work(_seen: Seen | None) -> None:
        data = request.POST
        check_filled(("kind", "other"), data)
        actions.link_tickets(request.viewer, number, data["other"], data["kind"])

    return act(request, number, "link", work, done=_("Linked."), refused=_SIDE)


@require_POST
@signed_in
def unlink(request: PageRequest, number: str, link: UUID) -> HttpResponse:
    """Take a link back."""
    access_ticket(request.viewer, number, with_people=False)

    def work(_seen: Seen | None) -> None:
        actions.unlink_tickets(request.viewer, number, link)

    return act(request, number, "unlink", work, done=_("The link is taken back."), refused=_SIDE)


@require_POST
@signed_in
def propose(request: PageRequest, number: str, kind: str) -> HttpResponse:
    """Propose a correction of the record."""
    ticket = access_ticket(request.viewer, number, with_people=False)
    if not actions.may_propose(request.viewer, ticket, kind):
        raise Forbidden(_("You may not propose this here."))

    def work(_seen: Seen | None) -> None:
        data: dict[str, Any] = {}
        if "reason" in request.POST:
            data["reason"] = request.POST["reason"]
        if "entry" in request.POST:
            name = request.POST["entry"]
            data["entry"] = entry_named(request.viewer, ticket, name) if name else ""
        names = [name for name in ("new_at", "from_at", "to_at") if name in request.POST]
        instants = join_faults(*(partial(read_local, name, request.POST[name]) for name in names))
        data |= dict(zip(names, instants, strict=True))
        text = request.POST.get("text", "").replace("\r\n", "\n")
        actions.propose(request.viewer, number, kind=kind, data=data, reason=text)

    done = _("Proposed. It is done when it is approved.")
    return act(request, number, f"propose:{kind}", work, done=done, refused=_SIDE)


@require_POST
@signed_in
def answer_proposal(request: PageRequest, number: str, uuid: UUID, answer: str) -> HttpResponse:
    """Approve or refuse a correction that somebody else proposed, or withdraw one's own."""
    ticket = access_ticket(request.viewer, number, with_people=False)
    proposal = access_proposal(request.viewer, uuid)
    if proposal.ticket_id != ticket.pk or answer not in {"approve", "refuse", "withdraw"}:
        raise NotFound(_("There is no such correction."))
    text = request.POST.get("text", "").replace("\r\n", "\n")

    def work(_seen: Seen | None) -> None:
        if answer == "withdraw":
            actions.withdraw_proposal(request.viewer, uuid, text=text)
        else:
            actions.answer_proposal(request.viewer, uuid, is_approved=answer == "approve", text=text)

    done = {
        "approve": _("Approved, and done."),
        "refuse": _("Refused."),
    }.get(answer, _("Withdrawn."))
    return act(request, number, f"proposal:{answer}:{uuid}", work, done=done, refused=_SIDE)
