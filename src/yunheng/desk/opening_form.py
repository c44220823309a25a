"""The form of a new ticket: what there is to choose from under a contract, and what is done with what was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.contracts.models import Contract
from yunheng.contracts.reading import titles_of
from yunheng.contracts.terms import ContractTerms
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft
from yunheng.foundation.flow import process_of
from yunheng.foundation.refusals import Invalid, NotFound

from . import actions
from . import wording as desk_wording
from .actions import KIND_CODES, Opened, contract_for
from .choices import contracts_to_open_in, requester_of, teams_for
from .forms import Field, Form, Option, OptionGroup, Typed, files_field, fill
from .offers import backdating_hint, catalogue_fields, people_options, team_options

#: How people reach a desk that writes tickets for them; the others are used by the system itself.
_DESK_CHANNELS: Final = ("phone", "mail", "im", "fax", "portal", "alert", "inspection")


@dataclass(frozen=True, slots=True)
class NewTicket:
    """The form with its choices for one contract."""

    contract: Contract
    contract_title: str
    terms: ContractTerms
    form: Form
    person: Person | None  # chosen as the requester
    may_accept: bool
    may_assign: bool
    is_expired: bool

    def field(self, name: str) -> Field | None:
        """One of its fields."""
        return next((one for one in self.form.fields if one.name == name), None)

    @property
    def fields(self) -> dict[str, Field]:
        """Fields by name, for the template."""
        return {one.name: one for one in self.form.fields}


def contract_chosen(viewer: Viewer, key: str, *, now: datetime) -> tuple[Contract, ContractTerms]:
    """The contract with that key, by default the first, and its terms in force. Raises NotFound where the viewer may
    open nothing, Invalid where no version was ever in force.
    """
    contracts = contracts_to_open_in(viewer)
    contract = next((one for one in contracts if one.scope.key == key), None)
    if contract is None and key:
        raise NotFound(_("There is no contract “%(key)s”.") % {"key": key})
    if contract is None:
        contract = next(iter(contracts), None)
    if contract is None:
        raise NotFound(_("There is no contract under which you may open tickets."))
    terms, _reason = contract_for(contract.pk, now)
    return contract, terms


def new_ticket_form(
    viewer: Viewer, data: Mapping[str, Any], *, now: datetime, typed: Typed | None = None
) -> NewTicket:
    """The form with what was chosen or typed so far."""
    contracts = contracts_to_open_in(viewer)
    titles = titles_of(contracts)
    contract, terms = contract_chosen(viewer, str(data.get("contract", "")), now=now)
    is_expired = contract_for(contract.pk, now)[1] != ""
    may_accept = viewer.may("ticket.accept", contract.pk)
    may_assign = viewer.may("ticket.assign", contract.pk)
    values = {name: str(value) for name, value in data.items()}
    teams = teams_for(contract.pk, tuple(terms.suppliers)) if may_assign else []
    hint = backdating_hint(viewer, contract.pk, terms)
    fields = [
        Field(
            "contract",
            "choice",
            _("Contract"),
            is_required=True,
            value=contract.scope.key,
            groups=(OptionGroup("", tuple(Option(one.scope.key, titles[one.pk]) for one in contracts)),),
        ),
        _choice("kind", _("Kind"), [(key, desk_wording.kind_name(key)) for key in KIND_CODES], "incident"),
        _choice(
            "channel",
            _("Channel"),
            [(key, desk_wording.channel_name(key)) for key in _DESK_CHANNELS],
            "phone",
        ),
        Field(
            "caller",
            "line",
            _("On behalf of"),
            help=_(
                "Somebody of the client: type a name and choose. Or leave the caller's name as you typed it."
            ),
        ),
        Field("requester", "hidden", ""),
        Field(
            "callback",
            "line",
            _("How to reach them"),
            help=_("Phone and place. It is written into the text of the ticket."),
        ),
        *catalogue_fields(viewer, contract.pk, terms, {}, is_major=False),
        Field("title", "line", _("Title"), is_required=True),
        Field("description", "text", _("What happened")),
        files_field(),
        Field("at", "instant", _("Reported at"), help=hint),
        Field("failed_at", "instant", _("Failure began at"), help=_("Where it is known to be earlier.")),
        Field("ci", "line", _("Configuration item")),
        Field("category", "line", _("Category")),
    ]
    if may_accept:
        fields.append(Field("accept", "flag", _("Accept it at once")))
    if may_assign:
        fields.append(
            Field(
                "team", "choice", _("Give it to the team"), groups=team_options(teams), empty=_("nobody yet")
            )
        )
        fields.append(
            Field(
                "assignee", "choice", _("Assignee"), groups=people_options(teams), empty=_("the team decides")
            )
        )
    form = Form(
        key="new",
        url=reverse("desk:new"),
        label=_("New ticket"),
        fields=tuple(fields),
        button=_("Open the ticket"),
    )
    form = fill(form, typed or Typed("new", values))
    person = None
    if values.get("requester"):
        try:
            person = requester_of(viewer, contract, values["requester"])
        except Invalid:
            person = None
    return NewTicket(contract, titles[contract.pk], terms, form, person, may_accept, may_assign, is_expired)


def _choice(name: str, label: str, options: Sequence[tuple[str, str]], value: str) -> Field:
    listed = tuple(Option(key, text) for key, text in options)
    return Field(name, "choice", label, is_required=True, value=value, groups=(OptionGroup("", listed),))


@transaction.atomic
def open_from_form(
    viewer: Viewer,
    new: NewTicket,
    data: Mapping[str, Any],
    *,
    at: datetime | None,
    failed_at: datetime | None,
    files: Sequence[FileDraft],
) -> Opened:
    """Open the ticket and, where asked for, accept and assign it: all of it or nothing. Raises as the actions do."""
    contract = new.contract
    text = str(data.get("description", "")).replace("\r\n", "\n").strip()
    callback = str(data.get("callback", "")).strip()
    if len(callback) > 300:
        raise Invalid({"callback": _("At most %(count)d characters.") % {"count": 300}})
    if len(text) > 20_000:
        raise Invalid({"description": _("At most %(count)d characters.") % {"count": 20_000}})
    if callback:
        reach = _("To be reached: %(callback)s") % {"callback": callback}
        text = f"{text}\n\n{reach}" if text else reach
    person = requester_of(viewer, contract, str(data.get("requester", "")))
    caller = str(data.get("caller", "")).strip()
    if str(data.get("kind", "")) in KIND_CODES:
        viewer.require(process_of(str(data["kind"])).opening.permission, contract.pk)
    opened = actions.open_ticket(
        viewer=viewer,
        scope_id=contract.pk,
        kind=str(data.get("kind", "")),
        title=str(data.get("title", "")),
        service=str(data.get("service", "")),
        impact=str(data.get("impact", "")),
        urgency=str(data.get("urgency", "")),
        is_major="is_major" in data,
        channel=str(data.get("channel", "")),
        description=text,
        category=str(data.get("category", "")).strip(),
        ci=str(data.get("ci", "")).strip(),
        requester=person,
        requester_name="" if person is not None else caller,
        failed_at=failed_at,
        files=files,
        at=at,
    )
    number = opened.ticket.number
    if "accept" in data and new.may_accept:
        actions.move_ticket(viewer, number, "accept", {})
    team, assignee = str(data.get("team", "")), str(data.get("assignee", ""))
    if new.may_assign and (team or assignee):
        if not team:
            raise Invalid({"team": _("Choose the team first.")})
        actions.assign_ticket(viewer, number, team=team, assignee=assignee or None)
    return opened
