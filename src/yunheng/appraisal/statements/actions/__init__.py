"""What is done to statements and rectification orders. Every change is one journal entry of its subject."""

from .answering import Claim, accept_statement, answer_appeal, appeal
from .arbitrating import close_arbitration, vote
from .basis import write_entry
from .drafting import discard_statement, draft_statement, refresh_draft, reverse_statement
from .entering import enter_event, enter_mark, enter_value, say_none_happened, withdraw_input
from .issuing import issue_statement
from .rectifying import (
    order_rectification,
    report_rectification,
    send_rectification_back,
    verify_rectification,
    withdraw_rectification,
)
from .sampling import draw_sample
from .settling import settle_statement
from .signing import sign_statement
from .sweeping import sweep

__all__ = [
    "Claim",
    "accept_statement",
    "answer_appeal",
    "appeal",
    "close_arbitration",
    "discard_statement",
    "draft_statement",
    "draw_sample",
    "enter_event",
    "enter_mark",
    "enter_value",
    "issue_statement",
    "order_rectification",
    "refresh_draft",
    "report_rectification",
    "reverse_statement",
    "say_none_happened",
    "send_rectification_back",
    "settle_statement",
    "sign_statement",
    "sweep",
    "verify_rectification",
    "vote",
    "withdraw_input",
    "withdraw_rectification",
    "write_entry",
]
