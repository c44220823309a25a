"""What may be done with reports: asked for, drafted, written on, issued, delivered, answered, planned."""

from .delivering import deliver_report
from .drafting import carry_out, draft_report, seal_all
from .issuing import accept_report, discard_report, issue_report, return_report
from .planning import carry_out_plans, set_plan
from .requesting import redraft_report, request_report
from .taking_over import IssuedElsewhere, take_over_issues
from .templating import MOST_TEMPLATE_BYTES, drop_template, put_template, template_size_text
from .writing import write_comments, write_fault

__all__ = [
    "MOST_TEMPLATE_BYTES",
    "IssuedElsewhere",
    "accept_report",
    "carry_out",
    "carry_out_plans",
    "deliver_report",
    "discard_report",
    "draft_report",
    "drop_template",
    "issue_report",
    "put_template",
    "redraft_report",
    "request_report",
    "return_report",
    "seal_all",
    "set_plan",
    "take_over_issues",
    "template_size_text",
    "write_comments",
    "write_fault",
]
