"""Roles, permissions, kinds and lines in words, in the reader's language."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ROLE_LABELS: Final[Mapping[str, Promise]] = {
    "provider_admin": _("provider administrator"),
    "service_manager": _("service manager"),
    "desk_agent": _("desk agent"),
    "engineer": _("engineer"),
    "quality_officer": _("quality officer"),
    "requester": _("requester"),
    "contact": _("contact of the client"),
    "appraiser": _("appraiser of the client"),
    "auditor": _("auditor of the client"),
    "supplier_engineer": _("supplier's engineer"),
}
#: Permissions in the order in which the matrix lists them.
PERMISSION_LABELS: Final[Mapping[str, Promise]] = {
    "ticket.open": _("open tickets"),
    "ticket.accept": _("accept tickets"),
    "ticket.assign": _("assign tickets"),
    "ticket.profile": _("change service and priority"),
    "ticket.work": _("work on tickets: start, wait, restore, resolve, take up again"),
    "ticket.reply": _("public reply"),
    "ticket.note": _("internal note"),
    "ticket.confirm": _("confirm, reopen"),
    "ticket.close": _("close tickets"),
    "ticket.cancel": _("cancel tickets"),
    "ticket.major": _("declare a major incident"),
    "ticket.correct_time": _("correct times"),
    "ticket.exclude": _("leave out of indicators, agree on exclusions"),
    "pause.answer": _("confirm or dispute a pause"),
    "pause.settle": _("settle a disputed pause"),
    "kpi.view": _("see indicators"),
    "report.view": _("see service reports"),
    "report.write": _("draft, complete and issue service reports"),
    "report.accept": _("accept service reports"),
    "appraisal.view": _("see statements"),
    "appraisal.draft": _("draft statements"),
    "appraisal.enter": _("enter values, events and spot checks of a statement"),
    "appraisal.rate": _("rate, where the contract gives the rater's word to the role"),
    "appraisal.issue": _("issue statements, order and verify rectification"),
    "appraisal.answer": _("accept a statement or appeal, report rectification"),
    "appraisal.arbitrate": _("decide appeals for one's side"),
    "appraisal.sign": _("sign statements for one's side"),
    "appraisal.settle": _("settle locked statements"),
    "contract.view": _("see the contract"),
    "log.view": _("see the sealed log"),
    "contract.accept": _("accept contract versions that begin in the past"),
    "contract.apply": _("apply contract versions"),
    "import.run": _("import records"),
    "entry.internal": _("see internal data of entries"),
    "entry.personal": _("see personal data of entries"),
    "admin.people": _("manage people, roles and tokens"),
    "admin.notify": _("manage notifications and webhooks"),
}
KIND_LABELS: Final[Mapping[str, Promise]] = {
    "provider": pgettext_lazy("organisation", "provider"),
    "client": pgettext_lazy("organisation", "client"),
    "supplier": pgettext_lazy("organisation", "supplier"),
}
LINE_LABELS: Final[Mapping[str, Promise]] = {
    "first": _("first line"),
    "second": _("second line"),
    "third": _("third line"),
    "supplier": _("supplier's line"),
}
SEES_LABELS: Final[Mapping[str, Promise]] = {
    "all": _("all tickets of the contract"),
    "own": _("tickets they asked for"),
    "supplier": _("tickets given to their company"),
}
CHANGE_LABELS: Final[Mapping[str, Promise]] = {
    "membership.granted": _("role given"),
    "membership.revoked": _("role taken away"),
    "person.password_set": _("password set"),
    "person.invited": _("invitation made"),
    "person.email_changed": _("e-mail address changed"),
    "person.disabled": _("disabled"),
    "person.enabled": _("let in again"),
    "person.second_factor_removed": _("second factor removed"),
    "person.passkey_added": _("passkey enrolled"),
    "person.passkey_removed": _("passkey revoked"),
}


def role_label(key: str) -> str:
    """The role in words; its key for one that is no longer known."""
    return str(ROLE_LABELS.get(key, key))


def kind_label(key: str) -> str:
    """The kind of an organisation in words."""
    return str(KIND_LABELS.get(key, key))


def line_label(key: str) -> str:
    """The support line of a team in words."""
    return str(LINE_LABELS.get(key, key))
