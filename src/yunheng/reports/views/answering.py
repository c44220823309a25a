"""What every page of reports needs: the contract around it, and the way to the next page."""

from typing import Any

from yunheng.contracts.models import Contract
from yunheng.contracts.reading import title_of
from yunheng.foundation.pages import PageRequest, show_contract

CLIENT = "client"


def about(request: PageRequest, contract: Contract) -> dict[str, Any]:
    """What every page of a contract's reports says of the contract."""
    show_contract(request, key=contract.scope.key, scope_id=contract.pk)
    return {
        "contract": contract,
        "key": contract.scope.key,
        "contract_title": title_of(contract),
        "may_write": request.viewer.may("report.write", contract.pk),
    }


def is_client(request: PageRequest) -> bool:
    """Whether the viewer belongs to a client and reads reports in the portal."""
    return request.viewer.organisation_kind == CLIENT
