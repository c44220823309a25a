"""The table of roles: which kind of organisation may hold each, and what it allows."""

from dataclasses import dataclass
from typing import Final

from .models import Organisation


@dataclass(frozen=True, slots=True)
class Role:
    """A role. `sees` says which subjects of a scope it shows: all, those the person asked for, or the
    supplier's own.
    """

    key: str
    kind: str  # Organisation.Kind that may hold it
    sees: str  # "all", "own", "supplier"
    permissions: frozenset[str]


_PROVIDER, _CLIENT, _SUPPLIER = (
    Organisation.Kind.PROVIDER.value,
    Organisation.Kind.CLIENT.value,
    Organisation.Kind.SUPPLIER.value,
)

_READ = frozenset({"kpi.view", "contract.view", "log.view", "report.view", "appraisal.view"})
_LOOK = _READ | {"entry.internal", "entry.personal"}
_WORK = frozenset({"ticket.open", "ticket.work", "ticket.reply", "ticket.note"})
_DESK = _WORK | {"ticket.accept", "ticket.assign", "ticket.profile", "ticket.close", "ticket.cancel"}
# Of a statement: who stands for the provider, and who for the client.
_ANSWER = frozenset({"appraisal.answer", "appraisal.arbitrate", "appraisal.sign", "appraisal.settle"})
_APPRAISE = frozenset({"appraisal.enter", "appraisal.rate", "appraisal.draft", "appraisal.issue"})
_LEAD = _DESK | {"ticket.major", "ticket.correct_time", "ticket.exclude", "pause.answer", "pause.settle"}

ROLES: Final[dict[str, Role]] = {
    role.key: role
    for role in (
        Role(
            "provider_admin",
            _PROVIDER,
            "all",
            _LOOK
            | _LEAD
            | _ANSWER
            | {"appraisal.enter", "appraisal.rate", "appraisal.draft"}
            | {"report.write", "contract.apply", "import.run", "admin.people", "admin.notify"},
        ),
        Role(
            "service_manager",
            _PROVIDER,
            "all",
            _LOOK
            | _LEAD
            | _ANSWER
            | {"appraisal.enter", "appraisal.rate", "appraisal.draft"}
            | {"report.write", "contract.apply", "import.run", "admin.notify"},
        ),
        Role("desk_agent", _PROVIDER, "all", _LOOK | _DESK),
        Role("engineer", _PROVIDER, "all", _LOOK | _WORK | {"ticket.accept", "ticket.assign"}),
        Role(
            "quality_officer", _PROVIDER, "all", _LOOK | {"ticket.note", "ticket.exclude", "appraisal.enter"}
        ),
        Role(
            "requester",
            _CLIENT,
            "own",
            frozenset({"ticket.open", "ticket.reply", "ticket.confirm", "ticket.cancel"}),
        ),
        Role(
            "contact",
            _CLIENT,
            "all",
            _READ
            | _APPRAISE
            | {
                "appraisal.arbitrate",
                "appraisal.sign",
                "appraisal.settle",
                "ticket.open",
                "ticket.reply",
                "ticket.confirm",
                "ticket.cancel",
                "pause.answer",
                "pause.settle",
                "contract.accept",
                "report.accept",
            },
        ),
        Role("appraiser", _CLIENT, "all", _READ | _APPRAISE | {"pause.answer"}),
        Role("auditor", _CLIENT, "all", _READ),
        Role(
            "supplier_engineer",
            _SUPPLIER,
            "supplier",
            frozenset({"ticket.work", "ticket.reply", "pause.answer"}),
        ),
    )
}

#: What a viewer carries: role → permissions.
ROLE_PERMISSIONS: Final = {key: role.permissions for key, role in ROLES.items()}

#: Every permission that some role has; a process pack may name these and no others.
PERMISSIONS: Final = frozenset().union(*ROLE_PERMISSIONS.values())
