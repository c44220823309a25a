"""Inviting somebody with a one-time link, and the page behind the link, which needs no sign-in."""

from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid, NotFound

from .. import letters
from ..actions import INVITATION_DAYS, accept_invitation, invited_person, make_invitation
from ..forms import InvitedForm
from ..models import Person
from ..queries import access_person
from ..tokens import has_tokens
from .admin_answers import confirmed, go_to

_KEPT = "invitation"


@require_POST
@signed_in
@confirmed
def invite(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Make a link; send it by mail when there is one, else show it this once."""
    person = access_person(request.viewer, uuid)
    try:
        secret = make_invitation(viewer=request.viewer, person=person)
    except Invalid as refusal:
        messages.error(request, refusal.message)
        return go_to("accounts:person", person.uuid)
    path = f"{reverse('accounts:invitation')}?{urlencode({'key': secret})}"
    if request.POST.get("do") == "mail" and letters.can_send_links() and person.email:
        subject, text = _letter(person, letters.link_to(path))
        letters.send(person, subject, text)
        messages.success(
            request,
            _("An invitation is on its way to %(address)s. The link works once, for %(days)d days.")
            % {"address": person.email, "days": INVITATION_DAYS},
        )
        return go_to("accounts:person", person.uuid)
    # Shown to whoever asked: without a configured address, the one that their browser came by.
    link = letters.link_to(path) if settings.ORIGINS else request.build_absolute_uri(path)
    context = {"person": person, "link": link, "days": INVITATION_DAYS}
    return render(request, "accounts/admin/invited.html", context)


def _letter(person: Person, link: str) -> tuple[str, str]:
    """Subject and text, in the language of who reads it."""
    with translation.override(person.language):
        text = _(
            "%(person)s, you can use Yunheng with the login “%(login)s”.\n\n"
            "Set your password here; the link works once, for %(days)d days:\n%(link)s\n\n"
            "If you expected no invitation, leave it alone: without a password nobody gets in."
        )
        words = {"person": person.name, "login": person.login, "days": INVITATION_DAYS, "link": link}
        return _("Your access to Yunheng"), text % words


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Whom a link invites sets a password. The secret leaves the address at once, for histories and logs keep those."""
    given = request.GET.get("key", "")
    secret = given or request.session.get(_KEPT, "")
    try:
        person = invited_person(secret)
    except NotFound:
        return render(request, "accounts/admin/invitation_ended.html", status=404)
    if given:
        request.session[_KEPT] = secret
        return HttpResponseRedirect(reverse("accounts:invitation"))
    is_sent = request.method == "POST"
    form = InvitedForm(request.POST if is_sent else None, has_tokens=has_tokens(person.pk))
    if is_sent and form.is_valid():
        values = form.cleaned_data
        try:
            accept_invitation(
                secret=secret, password=values["password"], ends_tokens=values.get("end_tokens", True)
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            request.session.pop(_KEPT, None)
            messages.success(request, _("Your password is set. Sign in with it."))
            return go_to("sign_in")
    context = {"form": form, "person": person}
    return render(request, "accounts/admin/invitation.html", context, status=422 if is_sent else 200)
