"""What may be read of reports. Every query starts from `reports_visible_to(viewer)`."""

from .filing import file_of
from .people import Recipient, recipients_for
from .plans import plan_of, templates_of
from .reading import (
    ReportPage,
    ReportView,
    access_report,
    is_late,
    list_reports,
    report_page,
    reports_visible_to,
    run_of,
)

__all__ = [
    "Recipient",
    "ReportPage",
    "ReportView",
    "access_report",
    "file_of",
    "is_late",
    "list_reports",
    "plan_of",
    "recipients_for",
    "report_page",
    "reports_visible_to",
    "run_of",
    "templates_of",
]
