"""Who is party to which contract: provider, client, and the suppliers that any version names."""

from collections.abc import Collection

from yunheng.accounts.models import Organisation

from .models import Contract, ContractVersion


def parties_of(scope_ids: Collection[int]) -> frozenset[int]:
    """Ids of the organisations that are party to at least one of the contracts (2 or 3 queries).

    A supplier whom a later version no longer names stays party: its people may still hold roles, which somebody has
    to take away.
    """
    found: set[int] = set()
    for pair in Contract.objects.filter(pk__in=scope_ids).values_list("provider_id", "client_id"):
        found.update(pair)
    keys = {
        supplier["key"]
        for suppliers in ContractVersion.objects.filter(contract_id__in=scope_ids).values_list(
            "terms__parties__suppliers", flat=True
        )
        for supplier in suppliers or ()
    }
    if keys:
        found.update(Organisation.objects.filter(key__in=keys).values_list("pk", flat=True))
    return frozenset(found)
