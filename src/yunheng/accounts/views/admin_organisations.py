"""Pages of who administers people: organisations."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from ..actions import create_organisation, rename_organisation
from ..forms import OrganisationForm, RenameOrganisationForm
from ..models import Organisation
from ..presentation import people_rows
from ..queries import (
    PeopleFilter,
    access_administration,
    access_organisation,
    find_organisations,
    find_people,
    find_teams,
)
from ..wording import KIND_LABELS, kind_label
from .admin_answers import create, go_to


@require_safe
@signed_in
def organisations(request: PageRequest) -> HttpResponse:
    """Organisations within reach by key, narrowed by text and kind."""
    reach = access_administration(request.viewer)
    text, kind = request.GET.get("text", ""), request.GET.get("kind", "")
    after = request.GET.get("after", "")
    page = find_organisations(request.viewer, text=text, kind=kind, after=after)
    query = request.GET.copy()
    query.pop("after", None)
    first = f"?{query.urlencode()}"
    query["after"] = page.following or ""
    context = {
        "rows": [(item, kind_label(item.kind)) for item in page.organisations],
        "kinds": KIND_LABELS.items(),
        "text": text,
        "kind": kind,
        "is_narrowed": bool(text or kind),
        "is_everything": reach.is_everything,
        "first": first if after else "",
        "following": f"?{query.urlencode()}" if page.following else "",
    }
    return render(request, "accounts/admin/organisations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Create an organisation; for installation administrators."""
    if not access_administration(request.viewer).is_everything:
        raise NotFound(_("There is no such page."))

    def done(made: Organisation) -> HttpResponse:
        messages.success(request, _("%(organisation)s was created.") % {"organisation": made.name})
        return go_to("accounts:organisation", made.key)

    return create(
        request,
        OrganisationForm(request.POST if request.method == "POST" else None),
        lambda values: create_organisation(viewer=request.viewer, **values),
        done,
        title=_("New organisation"),
        crumb=("accounts:organisations", _("Organisations")),
        draft="organisation-new",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def organisation(request: PageRequest, key: str) -> HttpResponse:
    """One organisation with its people and teams; installation administrators rename it."""
    found = access_organisation(request.viewer, key)
    reach = access_administration(request.viewer)
    is_sent = request.method == "POST"
    before = found.name
    form = RenameOrganisationForm(request.POST if is_sent else None, initial={"name": before})
    if is_sent and not reach.is_everything:
        raise NotFound(_("There is no such page."))
    if is_sent and form.is_valid():
        try:
            rename_organisation(viewer=request.viewer, organisation=found, name=form.cleaned_data["name"])
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return go_to("accounts:organisation", found.key)
    page = find_people(request.viewer, PeopleFilter(organisation=found.key), limit=10)
    context = {
        "organisation": found,
        "title": before,
        "kind": kind_label(found.kind),
        "has_teams": found.kind != "client",
        "form": form if reach.is_everything else None,
        "rows": people_rows(page.people),
        "has_more": page.following is not None,
        "teams": find_teams(request.viewer, organisation=found.key, limit=100).teams,
    }
    return render(request, "accounts/admin/organisation.html", context, status=422 if is_sent else 200)
