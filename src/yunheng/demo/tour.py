"""The guided tour of a demonstration: five steps each for the provider, a client, somebody who asks, a supplier."""

from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from yunheng.contracts.reading import only_contract
from yunheng.desk.queries import visible_to
from yunheng.foundation.access import Viewer
from yunheng.sla.models import Pause

from .models import TourVisit

STEPS: Final = 5
_SHOWN_CONTRACT: Final = "qinglan"


@dataclass(frozen=True, slots=True)
class TourStep:
    """What the panel shows; `number` from 1, `url` where the step is looked at."""

    number: int
    title: str
    text: str
    url: str

    @property
    def is_last(self) -> bool:
        """Whether the tour ends with it."""
        return self.number == STEPS


def current_step(viewer: Viewer, path: str) -> TourStep | None:
    """The step that somebody is at, None for whoever has ended the tour. `path` is the page that they look at."""
    if viewer.person_id is None:
        return None
    visit = TourVisit.objects.filter(person_id=viewer.person_id).first()
    if visit is not None and visit.is_over:
        return None
    number = visit.step if visit is not None else 1
    step = step_of(viewer, number)
    return TourStep(number, step.title, step.text, "" if step.url.partition("?")[0] == path else step.url)


def go_to(viewer: Viewer, number: int) -> str:
    """Remember the step, and say where it is looked at; beyond the last one the tour is over, 0 ends it."""
    is_over = not 1 <= number <= STEPS
    if viewer.person_id is not None:
        TourVisit.objects.update_or_create(
            person_id=viewer.person_id, defaults={"step": 1 if is_over else number, "is_over": is_over}
        )
    return "" if is_over else step_of(viewer, number).url


def step_of(viewer: Viewer, number: int) -> TourStep:
    """A step as this viewer sees it."""
    kind = _audience(viewer)
    titles = _titles(kind)
    return TourStep(number, titles[number - 1][0], titles[number - 1][1], _place(viewer, kind, number))


def _audience(viewer: Viewer) -> str:
    roles = {role for role, _scope in viewer.grants}
    if viewer.organisation_kind == "client":
        return "requester" if roles == {"requester"} else "client"
    return "supplier" if viewer.organisation_kind == "supplier" else "provider"


def _place(viewer: Viewer, kind: str, number: int) -> str:
    """The page of a step; the start where there is none."""
    contract = _contract(viewer)
    ticket = _ticket(viewer) if number == 2 else ""  # one query, only where it is asked for
    places: dict[str, tuple[tuple[str, ...], ...]] = {
        "provider": (
            ("desk:workbench",),
            ("desk:ticket", ticket),
            ("contracts:contract", contract),
            ("appraisal:board", contract),
            ("appraisal:contract_statements", contract),
        ),
        "client": (
            ("desk:portal",),
            ("desk:ticket", ticket),
            ("contracts:contract", contract),
            ("appraisal:indicators", contract),
            ("appraisal:contract_statements", contract),
        ),
        "requester": (
            ("desk:portal",),
            ("desk:portal_request", ticket),
            ("desk:portal_new",),
            ("desk:portal_requests",),
            ("notify:preferences",),
        ),
        "supplier": (
            ("desk:workbench",),
            ("desk:ticket", ticket),
            ("desk:queue",),
            ("notify:preferences",),
            ("accounts:me",),
        ),
    }
    view, *arguments = places[kind][number - 1]
    try:
        place = reverse(view, args=arguments) if all(arguments) else reverse("start")
    except NoReverseMatch:
        return reverse("start")
    is_whole = kind == "client" and view == "desk:ticket" and bool(ticket)
    return f"{place}?record=whole" if is_whole else place  # the portal's own page explains no clock


def _contract(viewer: Viewer) -> str:
    only = only_contract(viewer)
    return only[0] if only is not None else _SHOWN_CONTRACT


def _ticket(viewer: Viewer) -> str:
    """A ticket of theirs that has waited, so that its clocks have something to explain; "" for nobody's."""
    live = visible_to(viewer).filter(is_observed=False)
    waited = Pause.objects.filter(subject_id__in=live.values("pk")).values("subject_id")
    return (
        live.filter(pk__in=waited).order_by("-opened_at").values_list("number", flat=True).first()
        or live.order_by("-opened_at").values_list("number", flat=True).first()
        or ""
    )


def _titles(kind: str) -> tuple[tuple[str, str], ...]:
    clocks = (
        _("A ticket, and why its clocks stand where they stand"),
        _(
            "Open a clock: every second of it is explained. Counted or not, why, for whom, by which entry, and what "
            "of it the other side has disputed."
        ),
    )
    contract = (
        _("The contract says what counts"),
        _(
            "Service hours, goals, and which waiting stops which clock: one document that both parties read. "
            "The clocks and figures follow from it alone."
        ),
    )
    if kind == "provider":
        return (
            (
                _("Your workbench"),
                _(
                    "What presses comes first: near its goal, past it, waiting for an answer. One major incident runs, "
                    "and one waiting period is disputed."
                ),
            ),
            clocks,
            contract,
            (
                _("Where the service stands"),
                _(
                    "This month and last against the goals. One month of the year was bad, with a major incident; the "
                    "recovery shows. Every number opens into its tickets."
                ),
            ),
            (
                _("The month that both sides sign"),
                _(
                    "From the record follows a score, from the score what is paid. Open last month: accept it, or "
                    "appeal against an item with evidence. The bad month was argued over and decided."
                ),
            ),
        )
    if kind == "client":
        return (
            (
                _("Your side of the service"),
                _(
                    "What runs for you, and what waits for a word of yours: a waiting period, an exclusion to agree to."
                ),
            ),
            clocks,
            contract,
            (
                _("The figures, and the tickets behind them"),
                _(
                    "What was promised and what was kept, month by month. Every number opens into its tickets, so "
                    "nothing has to be believed."
                ),
            ),
            (
                _("The month that both sides sign"),
                _(
                    "From the record follows a score, from the score what is paid. Give marks, issue the statement, "
                    "answer an appeal; both sides sign, and the evidence pack can be checked without us."
                ),
            ),
        )
    if kind == "requester":
        return (
            (_("Your requests"), _("What you asked for, how it stands, and until when it is promised.")),
            (
                _("One request, from the report to the solution"),
                _("What was done and when. You can answer, add a picture, and confirm that it works again."),
            ),
            (
                _("Ask for something"),
                _("Say what does not work. What is promised to you shows before you send it."),
            ),
            (_("What your colleagues asked for"), _("All requests that you may see, with a search.")),
            (_("How you are told"), _("By mail or not at all, and never at night unless it is urgent.")),
        )
    return (
        (_("Your workbench"), _("What was given to you, and what presses.")),
        (
            clocks[0],
            _(
                "Your own clocks run beside the client's: on site, repaired. Open one to see every second explained."
            ),
        ),
        (_("The tickets of your company"), _("Only what was given to you; other tickets are not shown.")),
        (_("How you are told"), _("By mail or not at all, and never at night unless it is urgent.")),
        (_("Your account"), _("Language, time zone, second factor and sessions.")),
    )
