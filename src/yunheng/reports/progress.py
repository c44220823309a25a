"""The drafting of a report as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .models import Kind, ReportRun
from .presentation import languages_of
from .wording import kind_name, month_name


@dataclass(frozen=True, slots=True)
class RunView:
    """The drafting of a report, as its page shows it."""

    run: ReportRun
    key: str
    title: str
    mark: str
    label: str
    step: str
    languages: str

    @property
    def uuid(self) -> UUID:
        """What its page is addressed with."""
        return self.run.uuid

    @property
    def state(self) -> str:
        """waiting, running, finished or failed."""
        return self.run.state

    @property
    def is_busy(self) -> bool:
        """Whether it is still at work."""
        return self.run.state in ("waiting", "running")

    @property
    def done(self) -> int:
        """Steps done."""
        return self.run.done

    @property
    def total(self) -> int:
        """Steps in all; 0 while that is unknown."""
        return self.run.total

    @property
    def problem(self) -> str:
        """Why it failed."""
        return self.run.problem

    @property
    def asked_by(self) -> str:
        """Who asked for it; "" for a plan."""
        return self.run.asked_by.name if self.run.asked_by else ""

    @property
    def created_at(self) -> datetime:
        """When it was asked for."""
        return self.run.created_at

    @property
    def words(self) -> str:
        """One line for lists."""
        return f"{self.title}: {self.label}"

    @property
    def report_url(self) -> str:
        """Where its report is read."""
        return reverse("reports:report", args=[self.run.report.number]) if self.run.report else ""

    @property
    def again_url(self) -> str:
        """The form with which it can be asked for once more."""
        if self.run.kind == Kind.FAULT and self.run.ticket is not None:
            return reverse("reports:fault", args=[self.run.ticket.number])
        languages = "".join(f"&languages={one}" for one in self.run.languages)
        return (
            f"{reverse('reports:new')}?contract={self.key}&kind={self.run.kind}"
            f"&period={self.run.period}{languages}"
        )


def run_view(run: ReportRun) -> RunView:
    """A run in words."""
    mark, label, step = {
        "waiting": ("paused", _("waits for a worker"), _("Waits for a worker …")),
        "running": (
            "running",
            pgettext("report run", "is drafted"),
            _("Figures are computed and files are made …"),
        ),
        "finished": ("met", pgettext("report run", "ready"), ""),
        "failed": ("breached", _("failed"), ""),
    }[run.state]
    if run.kind == Kind.FAULT and run.ticket is not None:
        title = f"{kind_name(run.kind)} {run.ticket.number}"
    else:
        title = f"{kind_name(run.kind)} · {month_name(run.period)}"
    return RunView(run, run.scope.key, title, mark, label, step, languages_of(run.languages))
