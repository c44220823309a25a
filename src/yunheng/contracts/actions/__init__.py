"""What changes contracts: versions applied, calendars refreshed, notices entered, proposals answered, errands."""

from .applying import Applied, ContractFaulty, apply_contract, record_entry, rehearse_version
from .errands import carry_out, start_errand
from .proposals import answer_proposal, propose_version, withdraw_proposal
from .refreshing import enter_notice, refresh_calendars

__all__ = [
    "Applied",
    "ContractFaulty",
    "answer_proposal",
    "apply_contract",
    "carry_out",
    "enter_notice",
    "propose_version",
    "record_entry",
    "refresh_calendars",
    "rehearse_version",
    "start_errand",
    "withdraw_proposal",
]
