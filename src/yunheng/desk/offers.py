"""What a viewer may do to a ticket now, as forms: what they may not do has no control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from yunheng.contracts.terms import ContractTerms, label_in
from yunheng.foundation import wording
from yunheng.foundation.access import Viewer
from yunheng.foundation.flow import label_text, offered
from yunheng.logic.flow import Transition

from .choices import TeamChoice, own_team, teams_for
from .forms import Field, Form, Option, OptionGroup, Typed, at_field, field_of, files_field, fill, grouped
from .models import Ticket
from .story import TicketStory

ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Offers:
    """The controls of a ticket's page for one viewer."""

    moves: tuple[Form, ...] = ()
    assign: Form | None = None
    take: str = ""  # name of the team for which one click takes it
    say: Form | None = None
    ways_to_say: tuple[Option, ...] = ()
    profile: Form | None = None
    classify: Form | None = None

    @property
    def way_typed(self) -> str:
        """How something is to be said, as far as that was chosen."""
        return next((one.value for one in self.say.fields if one.name == "way"), "") if self.say else ""

    @property
    def clicks(self) -> list[Form]:
        """Transitions that one click makes."""
        return [form for form in self.moves if form.is_click]

    @property
    def asking(self) -> list[Form]:
        """Transitions that ask for something, and forms that could not be sent."""
        forms = [form for form in self.moves if not form.is_click]
        return [*([self.assign] if self.assign else []), *forms]


def offers_for(viewer: Viewer, story: TicketStory, typed: Typed | None = None) -> Offers:
    """Everything that the viewer may do (2 queries where they may assign). History is observed, not worked on."""
    ticket = story.ticket
    if ticket.is_observed or story.process is None:
        return Offers()
    transitions = {one.key: one for one in offered(ticket, viewer)}
    hint = backdating_hint(viewer, ticket.scope_id, story.terms)
    is_assigning = ASSIGN in transitions
    teams = (
        teams_for(ticket.scope_id, tuple(story.terms.suppliers) if story.terms else ())
        if is_assigning
        else []
    )
    moves = [
        fill(_move_form(ticket, one, hint, story, teams), typed)
        for one in transitions.values()
        if one.key != ASSIGN
    ]
    is_final = story.process.states[ticket.state].is_final if ticket.state in story.process.states else True
    mine = own_team(viewer, teams, ticket.team) if is_assigning else None
    may_change = viewer.may("ticket.profile", ticket.scope_id) and not is_final
    may_work = viewer.may("ticket.work", ticket.scope_id) and not is_final
    return Offers(
        moves=(*moves, *_gone(story, typed, {form.key for form in moves} | {f"move:{ASSIGN}"}, is_assigning)),
        assign=fill(_assign_form(ticket, transitions[ASSIGN], hint, teams), typed) if is_assigning else None,
        take=mine.name if mine is not None and ticket.assignee_id != viewer.person_id else "",
        say=_say_form(viewer, ticket, hint, typed),
        ways_to_say=_ways_to_say(viewer, ticket),
        profile=fill(_profile_form(viewer, story), typed) if may_change and story.terms else None,
        classify=fill(_classify_form(story), typed) if may_work else None,
    )


def backdating_hint(viewer: Viewer, scope_id: int, terms: ContractTerms | None) -> str:
    """How far back the viewer may say that something happened."""
    seconds = (
        max((terms.backdating_limit(role) for role in viewer.roles_in(scope_id)), default=0)
        if terms is not None
        else 24 * 3600
    )
    if seconds <= 0:
        return _("Leave it empty for now. You may date nothing back.")
    return _("Leave it empty for now. You may go back %(time)s at most.") % {
        "time": wording.duration(seconds)
    }


def _move_form(
    ticket: Ticket, transition: Transition, hint: str, story: TicketStory, teams: Sequence[TeamChoice]
) -> Form:
    """The form of one transition, from its process. A file can come with what is written."""

    def options(kind: str) -> Sequence[OptionGroup]:
        if kind == "supplier":
            names = story.terms.suppliers if story.terms else {}
            return (OptionGroup("", tuple(Option(key, name) for key, name in names.items())),)
        known = teams or teams_for(ticket.scope_id, tuple(story.terms.suppliers) if story.terms else ())
        return team_options(known) if kind == "team" else people_options(known)

    fields = [field_of(spec, options) for spec in transition.form]
    if any(spec.kind == "text" for spec in transition.form):
        fields.append(files_field())
    target = story.process.states.get(transition.target(ticket.state)) if story.process else None
    category = target.category if target else ""
    look = {"waiting": "wait", "cancelled": "danger"}.get(category, "")
    return Form(
        key=f"move:{transition.key}",
        url=reverse("desk:move", args=[ticket.number, transition.key]),
        label=label_text(transition.label),
        button=label_text(transition.label),
        fields=(*fields, at_field(hint)),
        look=look,
    )


def _gone(story: TicketStory, typed: Typed | None, known: set[str], is_assigning: bool) -> list[Form]:
    """What was typed into a transition that is offered no longer: shown, so that nothing of it is lost."""
    if typed is None or not typed.key.startswith("move:") or story.process is None:
        return []
    transition = story.process.transitions.get(typed.key.removeprefix("move:"))
    if transition is None or (typed.key in known and (transition.key != ASSIGN or is_assigning)):
        return []
    fields = tuple(
        Field(spec.name, str(spec.kind), label_text(spec.label), value=typed.get(spec.name))
        for spec in transition.form
        if spec.kind in {"text", "line"} and typed.get(spec.name).strip()
    )
    label = label_text(transition.label)
    texts = tuple(text for messages in typed.errors.values() for text in messages)
    return [
        Form(
            typed.key,
            "",
            label,
            fields,
            errors=texts,
            is_open=True,
            is_conflict=typed.is_conflict,
            is_gone=True,
        )
    ]


def team_options(teams: Sequence[TeamChoice]) -> tuple[OptionGroup, ...]:
    """Teams under the names of their organisations."""
    return grouped((one.team.organisation.name, str(one.team.uuid), one.team.name) for one in teams)


def people_options(teams: Sequence[TeamChoice]) -> tuple[OptionGroup, ...]:
    """People under the names of their teams."""
    return grouped((one.team.name, str(person.uuid), person.name) for one in teams for person in one.people)


def _assign_form(ticket: Ticket, transition: Transition, hint: str, teams: Sequence[TeamChoice]) -> Form:
    own = [one for one in teams if ticket.team_id is not None and one.team.pk == ticket.team_id]
    labels = {spec.name: label_text(spec.label) for spec in transition.form}
    return Form(
        key=f"move:{ASSIGN}",
        url=reverse("desk:move", args=[ticket.number, ASSIGN]),
        label=label_text(transition.label),
        button=label_text(transition.label),
        fields=(
            Field(
                "team",
                "choice",
                labels.get("team", _("Team")),
                is_required=True,
                value=str(ticket.team.uuid) if ticket.team else "",
                groups=team_options(teams),
                load=reverse("desk:people", args=[ticket.number]),
                target="f-move-assign-assignee",
            ),
            Field(
                "assignee",
                "choice",
                labels.get("assignee", _("Assignee")),
                value=str(ticket.assignee.uuid) if ticket.assignee else "",
                groups=people_options(own or teams),
                empty=_("the team decides"),
            ),
            at_field(hint),
        ),
    )


# --- saying something


def _ways_to_say(viewer: Viewer, ticket: Ticket) -> tuple[Option, ...]:
    ways = []
    if viewer.may("ticket.reply", ticket.scope_id):
        ways.append(Option("reply", _("Public reply")))
    if viewer.may("ticket.note", ticket.scope_id):
        ways.append(Option("note", _("Internal note")))
    if viewer.may("ticket.reply", ticket.scope_id) and viewer.organisation_kind == "provider":
        ways.append(Option("call", _("Log a call")))
    return tuple(ways)


def _say_form(viewer: Viewer, ticket: Ticket, hint: str, typed: Typed | None) -> Form | None:
    ways = _ways_to_say(viewer, ticket)
    if not ways:
        return None
    form = Form(
        key="say",
        url=reverse("desk:say", args=[ticket.number]),
        label=_("Say something"),
        fields=(
            Field("way", "hidden", "", value=ways[0].value),
            Field("text", "text", _("Text"), is_required=True),
            files_field(),
            at_field(hint),
        ),
    )
    return fill(form, typed)


# --- what it is about


def catalogue_fields(
    viewer: Viewer, scope_id: int, terms: ContractTerms, values: Mapping[str, str], *, is_major: bool
) -> tuple[Field, ...]:
    """Service, impact, urgency, and "major" for those who may declare it, as the contract names them."""
    language = get_language() or ""

    def choice(name: str, label: str, options: Mapping[str, Mapping[str, str]]) -> Field:
        listed = tuple(Option(key, label_in(text, language)) for key, text in options.items())
        return Field(
            name,
            "choice",
            label,
            is_required=True,
            value=values.get(name, ""),
            groups=(OptionGroup("", listed),),
        )

    fields = [
        choice("service", _("Service"), {key: one.label for key, one in terms.services.items()}),
        choice("impact", _("Impact"), terms.matrix.impacts),
        choice("urgency", _("Urgency"), terms.matrix.urgencies),
    ]
    if may_declare_major(viewer, scope_id, terms) and terms.matrix.major_priority is not None:
        fields.append(Field("is_major", "flag", _("Major incident"), value="on" if is_major else ""))
        fields.append(Field("major", "hidden", "", value="1"))  # the box was there: not ticked means no
    return tuple(fields)


def may_declare_major(viewer: Viewer, scope_id: int, terms: ContractTerms) -> bool:
    """Whether the contract or the role lets the viewer call something major."""
    return bool(terms.matrix.major_roles & viewer.roles_in(scope_id)) or viewer.may("ticket.major", scope_id)


def _profile_form(viewer: Viewer, story: TicketStory) -> Form:
    ticket, terms = story.ticket, story.terms
    assert terms is not None
    values = {"service": ticket.service, "impact": ticket.impact, "urgency": ticket.urgency}
    return Form(
        key="profile",
        url=reverse("desk:profile", args=[ticket.number]),
        label=_("Change service or priority"),
        button=_("Change"),
        fields=(
            *catalogue_fields(viewer, ticket.scope_id, terms, values, is_major=ticket.is_major),
            Field("reason", "text", _("Reason"), is_required=True),
        ),
        preview=reverse("desk:preview", args=[ticket.number]),
    )


def _classify_form(story: TicketStory) -> Form:
    ticket = story.ticket
    causes = cause_options(story)
    cause = (
        Field(
            "cause",
            "choice",
            _("Cause"),
            value=ticket.cause,
            groups=(OptionGroup("", causes),),
            empty=_("not known yet"),
        )
        if causes
        else Field("cause", "line", _("Cause"), value=ticket.cause)
    )
    return Form(
        key="classify",
        url=reverse("desk:classify", args=[ticket.number]),
        label=_("Classify"),
        button=_("Keep"),
        fields=(
            Field("ci", "line", _("Configuration item"), value=ticket.ci),
            Field("category", "line", _("Category"), value=ticket.category),
            cause,
        ),
    )


def cause_options(story: TicketStory) -> tuple[Option, ...]:
    """The causes that the process asks for when something is resolved, with the one that the ticket has."""
    specs = [
        spec
        for transition in (story.process.transitions.values() if story.process else ())
        for spec in transition.form
        if spec.name == "cause" and spec.kind == "choice"
    ]
    options = [Option(one.key, label_text(one.label)) for one in specs[0].choices] if specs else []
    own = story.ticket.cause
    if options and own and own not in {one.value for one in options}:
        options.append(Option(own, own))
    return tuple(options)
