"""The start page: the contracts that one may see. Their figures are fetched after the page stands."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from yunheng.contracts.models import Contract
from yunheng.contracts.queries import contracts_visible_to
from yunheng.contracts.reading import titles_of
from yunheng.foundation.pages import PageRequest, signed_in


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
    """Contracts in the order of their keys."""
    viewer = request.viewer
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
