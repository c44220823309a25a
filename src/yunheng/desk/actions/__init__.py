"""Everything that can be done to a ticket. Each action is atomic and writes at least one entry."""

from .basis import contract_for
from .bulk import MOST, Outcome, Pick, move_many
from .corrections import LEAVING_REASONS, correct_time, exclude_window, leave_out, take_back
from .links import link_tickets, unlink_tickets
from .moving import Done, assign_ticket, change_profile, classify_ticket, migrate_ticket, move_ticket
from .opening import CHANNELS, KIND_CODES, Opened, open_ticket
from .pauses import answer_pause, may_answer, settle_pause
from .proposals import (
    answer_proposal,
    may_answer_proposal,
    may_propose,
    may_withdraw_proposal,
    propose,
    withdraw_proposal,
)
from .silence import close_silent_tickets
from .talking import MEANS, note, reply

__all__ = [
    "CHANNELS",
    "KIND_CODES",
    "LEAVING_REASONS",
    "MEANS",
    "MOST",
    "Done",
    "Opened",
    "Outcome",
    "Pick",
    "answer_pause",
    "answer_proposal",
    "assign_ticket",
    "change_profile",
    "classify_ticket",
    "close_silent_tickets",
    "contract_for",
    "correct_time",
    "exclude_window",
    "leave_out",
    "link_tickets",
    "may_answer",
    "may_answer_proposal",
    "may_propose",
    "may_withdraw_proposal",
    "migrate_ticket",
    "move_many",
    "move_ticket",
    "note",
    "open_ticket",
    "propose",
    "reply",
    "settle_pause",
    "take_back",
    "unlink_tickets",
    "withdraw_proposal",
]
