"""Which roles may enter marks in a rater's word of a scheme."""

from yunheng.accounts.roles import ROLES
from yunheng.contracts.terms import ContractTerms

#: Who enters the marks of people who are named, where the word is no role.
_KEEPERS = frozenset({"appraiser", "contact"})


def rating_roles(terms: ContractTerms, word: str) -> frozenset[str]:
    """The roles that the contract gives the word to; else the word itself where it is a role that may rate; else the
    client's appraiser and contact, who enter the marks of those whom they name.
    """
    given = terms.appraised_by.raters.get(word)
    if given:
        return frozenset(given)
    role = ROLES.get(word)
    if role is not None and "appraisal.rate" in role.permissions:
        return frozenset({word})
    return _KEEPERS
