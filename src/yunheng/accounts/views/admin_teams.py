"""Pages of who administers people: teams."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..actions import change_team, create_team
from ..forms import ChangeTeamForm, TeamForm
from ..models import Team
from ..presentation import team_rows
from ..queries import (
    access_team,
    find_new_members,
    find_teams,
    members_to_choose,
    organisation_named,
    organisations_to_choose,
)
from .admin_answers import create, go_to


@require_safe
@signed_in
def teams(request: PageRequest) -> HttpResponse:
    """Teams within reach with their members, narrowed by text and organisation."""
    text, organisation = request.GET.get("text", ""), request.GET.get("organisation", "")
    after = request.GET.get("after", "")
    page = find_teams(request.viewer, text=text, organisation=organisation, after=after)
    query = request.GET.copy()
    query.pop("after", None)
    first = f"?{query.urlencode()}"
    query["after"] = page.following or ""
    context = {
        "rows": team_rows(page.teams),
        "organisations": organisations_to_choose(request.viewer, chosen=organisation, has_teams=True)[0],
        "text": text,
        "organisation": organisation,
        "is_narrowed": bool(text or organisation),
        "first": first if after else "",
        "following": f"?{query.urlencode()}" if page.following else "",
    }
    return render(request, "accounts/admin/teams.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Create a team; then its page, where members are chosen."""
    offered, are_all = organisations_to_choose(request.viewer, has_teams=True)
    form = TeamForm(
        request.POST if request.method == "POST" else None,
        organisations=offered if are_all else None,
        named=partial(organisation_named, request.viewer),
        initial={"organisation": request.GET.get("organisation", "")},
    )

    def make(values: dict[str, Any]) -> Team:
        return create_team(viewer=request.viewer, **values)

    def done(made: Team) -> HttpResponse:
        messages.success(request, _("%(team)s was created. Now choose its members.") % {"team": made.name})
        return go_to("accounts:team", made.uuid)

    return create(
        request,
        form,
        make,
        done,
        title=_("New team"),
        crumb=("accounts:teams", _("Teams")),
        draft="team-new",
        is_empty=form.is_empty,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def team(request: PageRequest, uuid: UUID) -> HttpResponse:
    """One team: name, line, members."""
    found = access_team(request.viewer, uuid)
    before = found.name
    is_sent = request.method == "POST"
    people, is_everybody = members_to_choose(found, request.POST.getlist("people"))
    form = ChangeTeamForm(
        request.POST if is_sent else None,
        people=people,
        is_everybody=is_everybody,
        kind=found.organisation.kind,
        initial={
            "name": found.name,
            "line": found.line,
            "people": [str(member.uuid) for member in found.people.all()],
        },
    )
    if is_sent and form.is_valid():
        values = form.cleaned_data
        try:
            change_team(
                viewer=request.viewer,
                team=found,
                name=values["name"],
                line=values["line"],
                people=form.members(),
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return go_to("accounts:team", found.uuid)
    context = {
        "form": form,
        "team": found,
        "title": before,
        "lead": found.organisation.name,
        "crumb": ("accounts:teams", _("Teams")),
        "submit": _("Save"),
    }
    return render(request, "accounts/admin/form.html", context, status=422 if is_sent else 200)


@require_safe
@signed_in
def new_members(request: PageRequest, uuid: UUID) -> HttpResponse:
    """People whom a team may take in, as checkboxes for its form."""
    text = request.GET.get("find", "")
    people, are_more = find_new_members(access_team(request.viewer, uuid), text)
    context = {"people": people, "are_more": are_more, "text": text.strip()}
    return render(request, "accounts/admin/members_found.html", context)
