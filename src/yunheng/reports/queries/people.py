"""To whom a report can be sent: those who may read it under its contract."""

from dataclasses import dataclass

from yunheng.accounts.holders import people_with
from yunheng.accounts.models import Organisation, Person
from yunheng.contracts.models import Contract
from yunheng.foundation.access import Viewer


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who may read the contract's reports."""

    person: Person
    is_client: bool

    @property
    def has_address(self) -> bool:
        """Whether a mail can reach them."""
        return bool(self.person.email)


def recipients_for(viewer: Viewer, contract: Contract) -> list[Recipient]:
    """Who can be sent a report of the contract, the client's people first. Raises Forbidden without `report.write`."""
    viewer.require("report.write", contract.pk)
    found = [
        Recipient(person, person.organisation.kind == Organisation.Kind.CLIENT.value)
        for person in people_with(contract.pk, "report.view")
    ]
    return sorted(found, key=lambda it: (not it.is_client, it.person.organisation.name, it.person.name))
