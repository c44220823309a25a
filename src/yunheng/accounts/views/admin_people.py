"""Pages of who administers people: the list, one person with roles and tokens, bulk roles, the matrix of roles."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Forbidden, Invalid, NotFound

from .. import letters
from ..actions import (
    change_person,
    create_person,
    disable_person,
    enable_person,
    grant_many,
    grant_membership,
    revoke_many,
    revoke_membership,
    revoke_token,
    set_password,
)
from ..forms import ChangePersonForm, PersonForm, RoleForm, SetPasswordForm, time_zones
from ..models import Person
from ..presentation import matrix, people_rows, story_context
from ..queries import (
    PeopleFilter,
    access_administration,
    access_grantable,
    access_person,
    access_token,
    contracts_to_give,
    find_people,
    organisation_named,
    organisations_to_choose,
    select_people,
    tell_person,
)
from ..reach import require_change
from ..security import reset_second_factor
from ..wording import role_label
from .admin_answers import confirmed, create, go_to

_ALL_KINDS = ("provider", "client", "supplier")


@require_safe
@signed_in
def people(request: PageRequest) -> HttpResponse:
    """People within reach by login, narrowed by text, organisation and state."""
    return _people(request)


def _people(
    request: PageRequest, *, status: int = 200, form: RoleForm | None = None, problem: str = ""
) -> HttpResponse:
    reach = access_administration(request.viewer)
    wanted = PeopleFilter(
        text=request.GET.get("text", ""),
        organisation=request.GET.get("organisation", ""),
        state=request.GET.get("state", ""),
    )
    after = request.GET.get("after", "")
    page = find_people(request.viewer, wanted, after=after)
    query = request.GET.copy()
    query.pop("after", None)
    first = f"?{query.urlencode()}"
    query["after"] = page.following or ""
    context = {
        "rows": people_rows(page.people, chosen=set(request.POST.getlist("number"))),
        "wanted": wanted,
        "is_narrowed": any((wanted.text, wanted.organisation, wanted.state)),
        "organisations": organisations_to_choose(request.viewer, chosen=wanted.organisation)[0],
        "states": [
            ("active", _("active")),
            ("disabled", _("disabled")),
            ("without_role", _("without a role")),
        ],
        "form": form
        or RoleForm(contracts=contracts_to_give(request.viewer), kinds=_ALL_KINDS, is_everywhere=False),
        "problem": problem,
        "is_everything": reach.is_everything,
        "first": first if after else "",
        "following": f"?{query.urlencode()}" if page.following else "",
    }
    return render(request, "accounts/admin/people.html", context, status=status)


@require_POST
@signed_in
def many_roles(request: PageRequest) -> HttpResponse:
    """Give a role in a contract to all people who were ticked, or take it from them."""
    access_administration(request.viewer)
    form = RoleForm(
        request.POST, contracts=contracts_to_give(request.viewer), kinds=_ALL_KINDS, is_everywhere=False
    )
    chosen = select_people(request.viewer, request.POST.getlist("number"))
    if not chosen:
        return _people(request, status=422, form=form, problem=_("Tick the people whom this is about."))
    if not form.is_valid():
        return _people(request, status=422, form=form)
    scope = access_grantable(request.viewer, form.cleaned_data["contract"])
    key = form.cleaned_data["role"]
    words = {"role": role_label(key), "contract": scope.key}
    try:
        if request.POST.get("do") == "revoke":
            count = len(revoke_many(viewer=request.viewer, people=chosen, role=key, scope=scope))
            text = _("Taken from %(count)d of %(all)d: %(role)s under %(contract)s.")
        else:
            count = len(grant_many(viewer=request.viewer, people=chosen, role=key, scope=scope))
            text = _("Given to %(count)d of %(all)d: %(role)s under %(contract)s.")
    except Invalid as refusal:
        form.refuse(refusal)
        return _people(request, status=422, form=form)
    except Forbidden as refusal:
        return _people(request, status=422, form=form, problem=refusal.message)
    messages.success(request, text % {"count": count, "all": len(chosen), **words})
    return go_to("accounts:people")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Create somebody; then their page, where roles are given."""
    offered, are_all = organisations_to_choose(request.viewer)
    form = PersonForm(
        request.POST if request.method == "POST" else None,
        organisations=offered if are_all else None,
        named=partial(organisation_named, request.viewer),
        initial={"organisation": request.GET.get("organisation", "")},
    )

    def make(values: dict[str, Any]) -> Person:
        password = values.pop("password") or None
        return create_person(viewer=request.viewer, password=password, **values)

    def done(made: Person) -> HttpResponse:
        messages.success(request, _("%(person)s was created. Now give them a role.") % {"person": made.name})
        return go_to("accounts:person", made.uuid)

    return create(
        request,
        form,
        make,
        done,
        title=_("New person"),
        crumb=("accounts:people", _("People")),
        draft="person-new",
        zones=time_zones(),
        is_empty=form.is_empty,
    )


@require_safe
@signed_in
def person(request: PageRequest, uuid: UUID) -> HttpResponse:
    """One person: what is written down, roles with who gave them, teams, access, tokens."""
    return _person(request, access_person(request.viewer, uuid))


def _person(
    request: PageRequest, found: Person, *, status: int = 200, form: RoleForm | None = None
) -> HttpResponse:
    reach = access_administration(request.viewer)
    form = form or RoleForm(
        contracts=contracts_to_give(request.viewer),
        kinds=[found.organisation.kind],
        is_everywhere=reach.is_everything and found.organisation.kind == "provider",
    )
    context = {
        **story_context(tell_person(request.viewer, found)),
        "form": form,
        "can_mail": letters.can_send_links() and bool(found.email),
    }
    return render(request, "accounts/admin/person.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Change what is written down of somebody."""
    found = access_person(request.viewer, uuid)
    require_change(request.viewer, found)
    is_sent = request.method == "POST"
    before = {name: getattr(found, name) for name in ("name", "email", "language", "zone")}
    form = ChangePersonForm(request.POST if is_sent else None, initial=before)
    form.fields["zone"].widget.attrs["list"] = "zones"
    if is_sent and form.is_valid():
        try:
            change_person(viewer=request.viewer, person=found, **form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return go_to("accounts:person", found.uuid)
    context = {
        "form": form,
        "title": before["name"],
        "crumb": ("accounts:people", _("People")),
        "submit": _("Save"),
        "draft": f"person-{found.uuid}",
        "zones": time_zones(),
    }
    return render(request, "accounts/admin/form.html", context, status=422 if is_sent else 200)


@require_POST
@signed_in
def role(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Give the person a role in a contract, or take one."""
    found = access_person(request.viewer, uuid)
    reach = access_administration(request.viewer)
    if request.POST.get("do") == "revoke":
        key = request.POST.get("role", "")
        where = request.POST.get("contract", "")
        scope = None if where == RoleForm.EVERYWHERE else access_grantable(request.viewer, where)
        try:
            revoke_membership(viewer=request.viewer, person=found, role=key, scope=scope)
        except (Invalid, NotFound) as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("Taken away: %(role)s.") % {"role": role_label(key)})
        return go_to("accounts:person", found.uuid)
    form = RoleForm(
        request.POST,
        contracts=contracts_to_give(request.viewer),
        kinds=[found.organisation.kind],
        is_everywhere=reach.is_everything and found.organisation.kind == "provider",
    )
    if form.is_valid():
        where, key = form.cleaned_data["contract"], form.cleaned_data["role"]
        scope = None if where == RoleForm.EVERYWHERE else access_grantable(request.viewer, where)
        try:
            grant_membership(viewer=request.viewer, person=found, role=key, scope=scope)
        except Invalid as refusal:
            form.refuse(refusal)
        except Forbidden as refusal:
            form.add_error("contract", refusal.message)
        else:
            messages.success(request, _("Given: %(role)s.") % {"role": role_label(key)})
            return go_to("accounts:person", found.uuid)
    return _person(request, found, status=422, form=form)


def _done(request: PageRequest, found: Person, act: Callable[[], object], text: str) -> HttpResponse:
    """Do something to a person and go back to their page, saying what came of it."""
    try:
        act()
    except Invalid as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, text)
    return go_to("accounts:person", found.uuid)


@require_POST
@signed_in
def state(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Disable the person, or let them in again."""
    found = access_person(request.viewer, uuid)
    if request.POST.get("do") == "enable":
        return _done(
            request,
            found,
            lambda: enable_person(viewer=request.viewer, person=found),
            _("%(person)s is let in again. Their tokens stay ended.") % {"person": found.name},
        )
    return _done(
        request,
        found,
        lambda: disable_person(viewer=request.viewer, person=found),
        _("%(person)s can no longer sign in; sessions and tokens have ended.") % {"person": found.name},
    )


@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed
def password(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Set a password that the person must change at the next sign-in."""
    found = access_person(request.viewer, uuid)
    require_change(request.viewer, found)
    if request.viewer.person_id == found.pk:
        raise NotFound(_("Your own password is changed under “Your account”."))
    is_sent = request.method == "POST"
    form = SetPasswordForm(request.POST if is_sent else None)
    if is_sent and form.is_valid():
        values = form.cleaned_data
        try:
            set_password(
                viewer=request.viewer,
                person=found,
                password=values["password"],
                ends_tokens=values["end_tokens"],
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                _("The password is set. It must be changed at the next sign-in; sessions have ended."),
            )
            return go_to("accounts:person", found.uuid)
    context = {
        "form": form,
        "title": _("Set a password for %(person)s") % {"person": found.name},
        "lead": _(
            "You will know this password until they change it, and the contracts they have a role in "
            "keep a record that you set it. An invitation with a link is better."
        ),
        "crumb": ("accounts:people", _("People")),
        "submit": _("Set the password"),
    }
    return render(request, "accounts/admin/form.html", context, status=422 if is_sent else 200)


@require_POST
@signed_in
@confirmed
def second_factor(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Take away the person's second factor, for instance after a lost phone."""
    found = access_person(request.viewer, uuid)
    return _done(
        request,
        found,
        lambda: reset_second_factor(
            viewer=request.viewer, person=found, ends_tokens=bool(request.POST.get("end_tokens"))
        ),
        _("The second factor is reset. Make sure that it was really %(person)s who asked for it.")
        % {"person": found.name},
    )


@require_POST
@signed_in
def end_token(request: PageRequest, uuid: UUID, token: UUID) -> HttpResponse:
    """End one of the person's tokens."""
    found = access_person(request.viewer, uuid)
    row = access_token(request.viewer, found, token)
    return _done(
        request,
        found,
        lambda: revoke_token(viewer=request.viewer, token=row),
        _("The token “%(name)s” has ended.") % {"name": row.name},
    )


@require_safe
@signed_in
def roles(request: PageRequest) -> HttpResponse:
    """Which role allows what, in words."""
    access_administration(request.viewer)
    return render(request, "accounts/admin/roles.html", matrix())
