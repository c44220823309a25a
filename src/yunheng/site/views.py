"""The start page, which leads everybody to where they work, and the index of administration."""

from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yunheng.accounts.models import Organisation
from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.contracts.reading import titles_of
from yunheng.foundation.pages import PageRequest, signed_in
from yunheng.foundation.refusals import NotFound

from .navigation import Shell, address


@dataclass(frozen=True, slots=True)
class ContractCard:
    """A contract on the start page."""

    contract: Contract
    title: str
    may_see_figures: bool

    @property
    def url(self) -> str:
        """Where the card leads to."""
        place = "appraisal:indicators" if self.may_see_figures else "desk:tickets"
        return reverse(place, args=[self.contract.scope.key])


@require_safe
@signed_in
def start(request: PageRequest) -> HttpResponse:
    """Clients to the portal, everybody else to the workbench; contracts in the order of their keys where neither is."""
    viewer = request.viewer
    is_client = viewer.organisation_kind == Organisation.Kind.CLIENT
    if target := address("desk:portal" if is_client else "desk:workbench"):
        return HttpResponseRedirect(target)
    contracts = list(contracts_visible_to(viewer))
    titles = titles_of(contracts)
    cards = [
        ContractCard(
            contract,
            titles[contract.pk],
            viewer.may("kpi.view", contract.pk) and viewer.may("contract.view", contract.pk),
        )
        for contract in contracts
    ]
    return render(request, "site/start.html", {"cards": cards})


@require_safe
@signed_in
def admin(request: PageRequest) -> HttpResponse:
    """The administration pages that the viewer may open. Raises NotFound for those who may open none."""
    places = Shell(request).administration
    if not places:
        raise NotFound(_("There is nothing to administer for you."))
    return render(request, "site/admin.html", {"places": places})
