"""Forms of the administration: what is typed about people, organisations and teams."""

import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from yunheng.foundation.models import Scope
from yunheng.foundation.refusals import Invalid

from .actions.checks import login_fault, person_faults
from .models import Organisation, Person
from .roles import ROLES
from .wording import KIND_LABELS, LINE_LABELS, ROLE_LABELS, kind_label

REQUIRED = gettext_lazy("This field is required.")


class AdminForm(forms.Form):
    """Keeps what was typed, and takes the faults of an action beside its fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages["required"] = REQUIRED
            if isinstance(field.widget, forms.TextInput | forms.PasswordInput | forms.EmailInput):
                field.widget.attrs.setdefault("autocomplete", "off")

    def refuse(self, refusal: Invalid) -> None:
        """Lay the faults that an action found beside the fields they are about."""
        self.is_valid()
        for name, texts in refusal.fields.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class _OfOrganisation(AdminForm):
    """Something new of an organisation: one chooses it, or types which where they are too many to list.

    `organisations`: those offered; None for too many. `named` gives the one that somebody typed; it raises Invalid.
    """

    def __init__(
        self,
        *args: Any,
        organisations: Iterable[Organisation] | None,
        named: Callable[[str], Organisation],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._named = named
        self._offered = None if organisations is None else {item.key: item for item in organisations}
        field = self.fields["organisation"]
        if self._offered is None:
            typed_how = _("Its key or its whole name, as the list of organisations has them.")
            typed = forms.CharField(
                label=field.label,
                max_length=200,
                help_text=(f"{field.help_text} {typed_how}" if field.help_text else typed_how),
                widget=forms.TextInput(
                    attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
                ),
            )
            typed.error_messages["required"] = REQUIRED
            self.fields["organisation"] = typed
        else:
            field.choices = [  # type: ignore[attr-defined]
                ("", "–"),
                *((key, f"{item.name} ({kind_label(item.kind)})") for key, item in self._offered.items()),
            ]

    @property
    def is_empty(self) -> bool:
        """Whether there is no organisation to choose."""
        return self._offered is not None and not self._offered

    def clean_organisation(self) -> Organisation | None:
        """The organisation itself."""
        value = self.cleaned_data["organisation"]
        if self._offered is not None:
            return self._offered[value]
        try:
            return self._named(value)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.fields["organisation"]) from None


def _language() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=gettext_lazy("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGES[0][0]
    )


class PersonForm(_OfOrganisation):
    """Somebody new."""

    login = forms.CharField(
        label=gettext_lazy("Login"),
        max_length=150,
        help_text=gettext_lazy("What they type to sign in; it stays theirs and is not changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=150)
    organisation = forms.ChoiceField(label=gettext_lazy("Organisation"))
    email = forms.CharField(
        label=gettext_lazy("E-mail"), max_length=254, required=False, widget=forms.EmailInput
    )
    language = _language()
    zone = forms.CharField(label=gettext_lazy("Time zone"), max_length=64, initial="Asia/Shanghai")
    password = forms.CharField(
        label=gettext_lazy("First password"),
        required=False,
        strip=False,
        max_length=4096,
        help_text=gettext_lazy(
            "Must be changed at the first sign-in. Leave it empty to invite them with a link instead."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].widget.attrs["list"] = "zones"

    def clean(self) -> dict[str, Any]:
        """What can be told without looking anything up is told at once, beside what is missing."""
        found = super().clean() or {}
        faults = person_faults(
            **{name: found.get(name, "") for name in ("name", "email", "language", "zone")}
        ) | login_fault(found.get("login", ""))
        for name, text in faults.items():
            if name in found:  # else the field itself has said what is wrong
                self.add_error(name, text)
        return found


class ChangePersonForm(AdminForm):
    """What is written down of somebody."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=150)
    email = forms.CharField(
        label=gettext_lazy("E-mail"), max_length=254, required=False, widget=forms.EmailInput
    )
    language = _language()
    zone = forms.CharField(label=gettext_lazy("Time zone"), max_length=64)


class PasswordForm(AdminForm):
    """A password, twice."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=4096,
        help_text=gettext_lazy("Ten characters or more, not a common one, not like login or name."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Again"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        found = super().clean() or {}
        if found.get("password") and found.get("again") and found["password"] != found["again"]:
            self.add_error("again", _("The two are not the same."))
        return found


class SetPasswordForm(PasswordForm):
    """A password for somebody else."""

    end_tokens = forms.BooleanField(
        label=gettext_lazy("End their API tokens, too"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "Leave it ticked unless you know that nobody else has had a hand in the account: a token goes on without"
            " any password. Programs that use one need a new one."
        ),
        widget=forms.CheckboxInput,
    )


class InvitedForm(PasswordForm):
    """One's own password by a link; who has API tokens may end them with it."""

    end_tokens = forms.BooleanField(
        label=gettext_lazy("End my API tokens, too"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Programs that use one need a new one."),
        widget=forms.CheckboxInput,
    )

    def __init__(self, *args: Any, has_tokens: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_tokens:
            del self.fields["end_tokens"]


class OrganisationForm(AdminForm):
    """A new organisation."""

    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=64,
        help_text=gettext_lazy("As contracts name it: a–z, 0–9, “-” and “_”. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=[("", "–"), *KIND_LABELS.items()])


class RenameOrganisationForm(AdminForm):
    """Another name of an organisation."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


class _Members(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class TeamForm(_OfOrganisation):
    """A new team; its people are chosen once it is there."""

    organisation = forms.ChoiceField(
        label=gettext_lazy("Organisation"), help_text=gettext_lazy("Clients have no teams.")
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=64,
        help_text=gettext_lazy("Unique in the organisation: a–z, 0–9, “-” and “_”."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    line = forms.ChoiceField(label=gettext_lazy("Line"), choices=LINE_LABELS.items())


class ChangeTeamForm(AdminForm):
    """A team: name, line, and who belongs to it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    line = forms.ChoiceField(label=gettext_lazy("Line"))
    people = _Members(label=gettext_lazy("Members"), required=False)

    def __init__(
        self, *args: Any, people: Iterable[Person], is_everybody: bool, kind: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_everybody = is_everybody  #: of the organisation; else further ones are looked for
        self.candidates = {str(item.uuid): item for item in people}
        fits = [
            (key, label)
            for key, label in LINE_LABELS.items()
            if (key == "supplier") == (kind == Organisation.Kind.SUPPLIER)
        ]
        self.fields["line"].choices = fits  # type: ignore[attr-defined]
        self.fields["people"].choices = [  # type: ignore[attr-defined]
            (uuid, _named(item)) for uuid, item in self.candidates.items()
        ]

    def members(self) -> list[Person]:
        """The people who were chosen."""
        return [self.candidates[uuid] for uuid in self.cleaned_data["people"]]


def _named(person: Person) -> str:
    text = f"{person.name} ({person.login})"
    return text if person.is_active else _("%(person)s – disabled") % {"person": text}


class RoleForm(AdminForm):
    """A role in a contract; for installation administrators also in every one."""

    contract = forms.ChoiceField(label=gettext_lazy("Contract"))
    role = forms.ChoiceField(label=gettext_lazy("Role"))

    EVERYWHERE = "*"  # no contract has this key

    def __init__(
        self, *args: Any, contracts: Iterable[Scope], kinds: Iterable[str], is_everywhere: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        wanted = set(kinds)
        choices = [(scope.key, f"{scope.name} ({scope.key})") for scope in contracts]
        if len(choices) > 1 or is_everywhere:
            choices.insert(0, ("", "–"))  # nobody gets a role because it happened to stand first
        if is_everywhere:
            choices.append((self.EVERYWHERE, _("every contract (provider administrators only)")))
        self.fields["contract"].choices = choices  # type: ignore[attr-defined]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            *((key, ROLE_LABELS[key]) for key, role in ROLES.items() if role.kind in wanted),
        ]


class PeopleFileForm(AdminForm):
    """A table of people."""

    file = forms.FileField(
        label=gettext_lazy("File"), error_messages={"empty": gettext_lazy("The file is empty.")}
    )


def time_zones() -> list[str]:
    """Names that a browser may propose for a time zone."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name and name[0].isupper())
