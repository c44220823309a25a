"""Pages of reports: lists, one report, plan and Word templates of a contract, and the client's portal."""

from .letters import statement_document
from .lists import contract_reports, fault, new, reports, run
from .planning import plan, template_file, templates
from .portal import portal, portal_report
from .report import file, report

__all__ = [
    "contract_reports",
    "fault",
    "file",
    "new",
    "plan",
    "portal",
    "portal_report",
    "report",
    "reports",
    "run",
    "statement_document",
    "template_file",
    "templates",
]
