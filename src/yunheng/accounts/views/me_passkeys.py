"""Pages of one's own account: passkeys."""

from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import Invalid

from ..models import Person
from ..passkeys import (
    LONGEST_NAME,
    add_passkey,
    enrolment_options,
    keep_challenge,
    new_challenge,
    remove_passkey,
    site_of,
    take_challenge,
)
from ..reentry import confirmed
from ..sessions import device_in_words

_PURPOSE = "enrolment"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@confirmed("accounts:new_passkey")
def new_passkey(request: PageRequest) -> HttpResponse:
    """Name a passkey and have the browser make it."""
    person, site, now = cast(Person, request.user), site_of(request), datetime.now(UTC)
    faults: dict[str, list[str]] = {}
    name = device_in_words(request.headers.get("User-Agent", ""))[:LONGEST_NAME]
    if request.method == "POST":
        name = request.POST.get("name", "")
        try:
            made = add_passkey(
                viewer=request.viewer,
                person=person,
                site=site,
                challenge=take_challenge(request.session, _PURPOSE, now),
                answer=request.POST.get("credential", ""),
                name=name,
                at=now,
            )
        except Invalid as error:
            faults = dict(error.fields)
        else:
            messages.success(request, _("The passkey “%(name)s” is enrolled.") % {"name": made.name})
            return _to_security()
    options = ""
    if not site.problem:
        challenge = new_challenge()
        keep_challenge(request.session, _PURPOSE, challenge, now)
        options = enrolment_options(person, site, challenge)
    context = {
        "here": "security",
        "site": site,
        "options": options,
        "typed": name,
        "longest": LONGEST_NAME,
        "faults": faults,
    }
    return render(request, "accounts/me/passkey_new.html", context, status=422 if faults else 200)


@require_POST
@signed_in
@confirmed("accounts:security")
def revoke_passkey(request: PageRequest, uuid: UUID) -> HttpResponse:
    """Revoke one of my passkeys."""
    gone = remove_passkey(viewer=request.viewer, person=cast(Person, request.user), uuid=str(uuid))
    messages.success(request, _("The passkey “%(name)s” is revoked.") % {"name": gone.name})
    return _to_security()


def _to_security() -> HttpResponse:
    return HttpResponseRedirect(resolve_url("accounts:security") + "#passkeys", status=303)
