"""People from a table: its columns, what each row would do, and the rows that are refused, with their reasons.

Nothing is written here. A row says what should be: somebody new, or changes of somebody who is there. Roles and
teams are added and never taken away; an empty cell leaves what is there.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yunheng.foundation.access import Viewer
from yunheng.foundation.models import Scope
from yunheng.foundation.table_files import Sheet, Table, TableError, write_workbook

from .actions.checks import login_fault, person_faults
from .actions.memberships import role_faults
from .models import Membership, Organisation, Person, Team
from .parties import parties_of
from .queries import access_administration
from .reach import Reach, organisations_within, teams_within
from .roles import ROLES
from .wording import ROLE_LABELS, kind_label, role_label

MOST_ROWS: Final = 5000
MOST_PARTS: Final = 20  #: teams or roles in one cell
_SEPARATORS: Final = re.compile(r"[;,；，、\n]+")
_PAIR: Final = re.compile(r"\s*[:：]\s*")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the reader's language, other names it is known by, what belongs into it."""

    key: str
    label: Promise
    names: tuple[str, ...]
    help: Promise
    example: str
    is_required: bool = False


COLUMNS: Final = (
    Column(
        "login",
        gettext_lazy("Login"),
        ("login", "user name", "username", "登录名", "账号", "用户名"),
        gettext_lazy("What they type to sign in. Somebody who has it already is changed."),
        "zhangsan",
        True,
    ),
    Column(
        "name",
        gettext_lazy("Name"),
        ("name", "姓名", "名称"),
        gettext_lazy("As others read it."),
        "张三",
        True,
    ),
    Column(
        "organisation",
        gettext_lazy("Organisation"),
        ("organisation", "organization", "company", "组织", "单位", "公司"),
        gettext_lazy("Key or full name of the organisation."),
        "provider",
        True,
    ),
    Column(
        "email",
        gettext_lazy("E-mail"),
        ("email", "e-mail", "mail", "邮箱", "电子邮箱", "电子邮件"),
        gettext_lazy("May be empty; invitations by mail need it."),
        "zhangsan@example.com",
    ),
    Column(
        "language",
        gettext_lazy("Language"),
        ("language", "语言"),
        gettext_lazy("zh-hans or en; empty for Chinese."),
        "zh-hans",
    ),
    Column(
        "zone",
        gettext_lazy("Time zone"),
        ("time zone", "timezone", "zone", "时区"),
        gettext_lazy("Empty for Asia/Shanghai."),
        "Asia/Shanghai",
    ),
    Column(
        "teams",
        gettext_lazy("Teams"),
        ("teams", "team", "团队", "班组"),
        gettext_lazy("Keys of teams of the organisation, with “;” between them."),
        "desktop; network",
    ),
    Column(
        "roles",
        gettext_lazy("Roles"),
        ("roles", "role", "角色"),
        gettext_lazy("contract:role, with “;” between several."),
        "acme:engineer",
    ),
)
_LANGUAGES: Final = {
    "zh-hans": "zh-hans",
    "zh": "zh-hans",
    "chinese": "zh-hans",
    "中文": "zh-hans",
    "简体中文": "zh-hans",
    "en": "en",
    "english": "en",
    "英文": "en",
    "英语": "en",
}

#: Names of the column that `rejected_file` adds; when the file comes back, it is not read.
_REASON_NAMES: Final = ("reason", "原因")

#: A row as it goes from the preview to the confirmation: number, and text per column.
FileRow = tuple[int, Mapping[str, str]]


@dataclass(slots=True)
class PlannedRow:
    """What a row would do. `result`: new, changed, unchanged, error."""

    number: int
    values: Mapping[str, str]
    result: str = "unchanged"
    faults: list[tuple[str, str]] = field(default_factory=list)  #: (column, reason)
    changes: list[tuple[str, str, str]] = field(default_factory=list)  #: (column, old, new)
    person: Person | None = None  #: who is there already, or would be
    new_values: dict[str, str] = field(default_factory=dict)
    roles: list[tuple[str, Scope]] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)

    def refuse(self, column: str, reason: str) -> None:
        """Note what is wrong in a column."""
        self.faults.append((column, reason))
        self.result = "error"


def rows_of(table: Table) -> tuple[list[FileRow], dict[int, list[tuple[str, str]]]]:
    """The table's rows by our columns, and the faults of single cells per row number.

    Raises TableError for columns that are missing, double or unknown.
    """
    known = {name: column.key for column in COLUMNS for name in (*column.names, column.key)}
    at: dict[str, int] = {}
    unknown = []
    for position, name in enumerate(table.header):
        key = known.get(name.rstrip("*＊ ").strip().lower())
        if key is None:
            if name and name.lower() not in _REASON_NAMES:
                unknown.append(name)
        elif key in at:
            raise TableError(_("Two columns are both “%(name)s”.") % {"name": label_of(key)})
        else:
            at[key] = position
    missing = [label_of(column.key) for column in COLUMNS if column.is_required and column.key not in at]
    if missing:
        raise TableError(_("Columns are missing: %(names)s.") % {"names": ", ".join(missing)})
    if unknown:
        raise TableError(
            _("Unknown columns: %(names)s. Remove them, or name them as the template does.")
            % {"names": ", ".join(unknown[:5])}
        )
    rows: list[FileRow] = []
    faults: dict[int, list[tuple[str, str]]] = {}
    for row in table.rows:
        rows.append((row.number, {key: row.cells[position] for key, position in at.items()}))
        for key, position in at.items():
            if position in row.formulas:
                faults.setdefault(row.number, []).append(
                    (key, _("This is a formula; put the value itself here."))
                )
            if position in row.cut:
                faults.setdefault(row.number, []).append((key, _("This text is too long.")))
    return rows, faults


def label_of(key: str) -> str:
    """The name of a column in the reader's language."""
    return next(str(column.label) for column in COLUMNS if column.key == key)


# --- what each row would do


class Plan:
    """Looks up everything that rows name, a few queries for all of them, and judges row by row."""

    def __init__(self, viewer: Viewer, rows: Sequence[FileRow]) -> None:
        self._reach: Reach = access_administration(viewer)
        self._viewer = viewer
        self._seen: dict[str, int] = {}
        self._organisations = list(organisations_within(self._reach))
        self._by_key = {item.key: item for item in self._organisations}
        self._by_name: dict[str, list[Organisation]] = {}
        for item in self._organisations:
            self._by_name.setdefault(item.name.casefold(), []).append(item)
        self._teams = {(team.organisation_id, team.key): team for team in teams_within(self._reach)}
        scopes = Scope.objects.all()
        self._scopes = {scope.key: scope for scope in scopes if self._reach.has_scope(scope.pk)}
        self._parties: dict[int, frozenset[int]] = {}
        self._role_names = _role_names()
        logins = {values.get("login", "").lower() for _number, values in rows}
        people = (
            Person.objects.select_related("organisation")
            .annotate(lower_login=Lower("login"))
            .filter(lower_login__in=logins)
        )
        self._people: dict[str, Person] = {person.login.lower(): person for person in people}
        ids = [person.pk for person in self._people.values()]
        self._roles = set(
            Membership.objects.filter(person__in=ids).values_list("person_id", "role", "scope_id")
        )
        self._members = set(
            Team.people.through.objects.filter(person__in=ids).values_list("person_id", "team_id")
        )
        self._outside: set[int] = set()
        if not self._reach.is_everything:
            outside = Q(scope=None) | ~Q(scope_id__in=self._reach.scope_ids)
            self._outside = set(
                Membership.objects.filter(outside, person__in=ids).values_list("person_id", flat=True)
            )

    def judge(self, number: int, values: Mapping[str, str]) -> PlannedRow:
        """What the row would do."""
        row = PlannedRow(number, values)
        login = values.get("login", "")
        for reason in login_fault(login).values():
            row.refuse("login", reason if login else _("This field is required."))
            return row
        earlier = self._seen.setdefault(login.lower(), number)
        if earlier != number:
            row.refuse("login", _("Row %(row)d has this login already.") % {"row": earlier})
            return row
        found = self._people.get(login.lower())
        if found is not None and not self._reach.has_organisation(found.organisation_id):
            row.refuse("login", _("There is somebody with the login “%(login)s” already.") % {"login": login})
            return row
        organisation = self._organisation(row, found)
        language = values.get("language", "").strip().lower()
        typed = {
            "name": values.get("name", ""),
            "email": values.get("email", ""),
            "language": _LANGUAGES.get(language, language),
            "zone": values.get("zone", ""),
        }
        defaults = {"name": "", "email": "", "language": settings.LANGUAGES[0][0], "zone": "Asia/Shanghai"}
        for key, default in defaults.items():
            row.new_values[key] = typed[key] or (getattr(found, key) if found else default)
        for key, reason in person_faults(**row.new_values).items():
            row.refuse(key, reason)
        if found is not None:
            row.person = found
            row.changes = [
                (key, getattr(found, key), value)
                for key, value in row.new_values.items()
                if getattr(found, key) != value
            ]
            if row.changes and found.pk in self._outside:
                row.refuse(
                    row.changes[0][0],
                    _("This person also holds roles outside of what you administer, and is not changed."),
                )
        elif organisation is not None:
            row.person = Person(login=login, organisation=organisation, **row.new_values)
        if organisation is not None and row.person is not None:
            self._take_teams(row, organisation)
            self._take_roles(row, row.person)
        if not row.faults:
            row.result = (
                "new"
                if found is None
                else "changed"
                if row.changes or row.roles or row.teams
                else "unchanged"
            )
        return row

    def _organisation(self, row: PlannedRow, found: Person | None) -> Organisation | None:
        text = row.values.get("organisation", "")
        if not text:
            if found is None:
                row.refuse("organisation", _("This field is required."))
                return None
            return found.organisation
        named = self._by_name.get(text.casefold(), [])
        organisation = self._by_key.get(text) or (named[0] if len(named) == 1 else None)
        if organisation is None:
            row.refuse(
                "organisation",
                _("Several organisations have this name; use the key.")
                if named
                else _("There is no organisation “%(key)s”.") % {"key": text},
            )
            return None
        if found is not None and organisation.pk != found.organisation_id:
            row.refuse(
                "organisation",
                _("%(person)s belongs to %(organisation)s, and people do not move.")
                % {"person": found.name, "organisation": found.organisation.name},
            )
            return None
        return organisation

    def _take_teams(self, row: PlannedRow, organisation: Organisation) -> None:
        for key in _parts(row, "teams"):
            team = self._teams.get((organisation.pk, key))
            if team is None:
                row.refuse(
                    "teams",
                    _("There is no team “%(key)s” in %(organisation)s.")
                    % {"key": key, "organisation": organisation.name},
                )
            elif row.person is None or (row.person.pk, team.pk) not in self._members:
                row.teams.append(team)

    def _take_roles(self, row: PlannedRow, person: Person) -> None:
        for text in _parts(row, "roles"):
            pair = _PAIR.split(text, maxsplit=1)
            if len(pair) != 2:
                row.refuse("roles", _("“%(text)s” is not contract:role.") % {"text": text})
                continue
            scope, role = self._scopes.get(pair[0]), self._role_names.get(pair[1].casefold())
            if scope is None:
                row.refuse("roles", _("There is no contract “%(key)s”.") % {"key": pair[0]})
            elif role is None:
                row.refuse("roles", _("There is no role “%(role)s”.") % {"role": pair[1]})
            elif faults := role_faults(person, role, scope):
                for reason in faults.values():
                    row.refuse("roles", reason)
            elif not self._is_party(person.organisation_id, scope):
                row.refuse(
                    "roles",
                    _("%(organisation)s is not party to “%(contract)s”.")
                    % {"organisation": person.organisation.name, "contract": scope.key},
                )
            elif (person.pk, role, scope.pk) not in self._roles and (role, scope) not in row.roles:
                row.roles.append((role, scope))

    def _is_party(self, organisation_id: int, scope: Scope) -> bool:
        if self._reach.is_everything:
            return True
        if scope.pk not in self._parties:
            self._parties[scope.pk] = parties_of([scope.pk])
        return organisation_id in self._parties[scope.pk]


def plan_people(
    viewer: Viewer, rows: Sequence[FileRow], faults: Mapping[int, Sequence[tuple[str, str]]] | None = None
) -> list[PlannedRow]:
    """What every row would do now (at most 10 queries). `faults` are those of cells, per row number.

    Raises NotFound for whoever administers nobody.
    """
    plan = Plan(viewer, rows)
    planned = []
    for number, values in rows:
        row = plan.judge(number, values)
        for column, reason in (faults or {}).get(number, ()):
            row.refuse(column, reason)
        planned.append(row)
    return planned


def _parts(row: PlannedRow, column: str) -> list[str]:
    """The parts of a cell that holds several; refuses one that holds very many."""
    parts = list(
        dict.fromkeys(part.strip() for part in _SEPARATORS.split(row.values.get(column, "")) if part.strip())
    )
    if len(parts) > MOST_PARTS:
        row.refuse(column, _("At most %(count)d in one cell.") % {"count": MOST_PARTS})
        return []
    return parts


def _role_names() -> dict[str, str]:
    """Key of each role by its key and by its name in all our languages, in lower case."""
    names = {key: key for key in ROLES}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            names |= {str(label).casefold(): key for key, label in ROLE_LABELS.items()}
    return names


# --- files out


def template_file(viewer: Viewer) -> bytes:
    """An empty table with our columns, and a sheet that says what belongs into them and which words it knows."""
    reach = access_administration(viewer)
    organisations = organisations_within(reach).order_by("kind", "key")
    scopes = [scope for scope in Scope.objects.order_by("key") if reach.has_scope(scope.pk)]
    help_rows: list[Sequence[str]] = [
        (
            str(column.label),
            _("required") if column.is_required else _("optional"),
            str(column.help),
            column.example,
        )
        for column in COLUMNS
    ]
    help_rows.append(())
    help_rows += [(_("Organisation"), item.key, item.name, kind_label(item.kind)) for item in organisations]
    help_rows += [(_("Contract"), scope.key, scope.name, "") for scope in scopes]
    help_rows += [(_("Role"), key, role_label(key), kind_label(role.kind)) for key, role in ROLES.items()]
    return write_workbook(
        [
            Sheet(
                _("People"),
                [f"{column.label}{'*' if column.is_required else ''}" for column in COLUMNS],
                [],
                [18, 16, 22, 28, 12, 18, 24, 36],
            ),
            Sheet(
                _("Help"),
                [_("Column"), _("Key or need"), _("Meaning"), _("Example")],
                help_rows,
                [18, 22, 60, 28],
            ),
        ]
    )


def rejected_file(rows: Iterable[PlannedRow]) -> bytes:
    """The rows that were not taken, as they came, with a column that says why; mended, it can be sent again."""
    return write_workbook(
        [
            Sheet(
                _("People"),
                [str(column.label) for column in COLUMNS] + [_("Reason")],
                [
                    [row.values.get(column.key, "") for column in COLUMNS] + [reasons(row)]
                    for row in rows
                    if row.result == "error"
                ],
                [18, 16, 22, 28, 12, 18, 24, 36, 60],
            )
        ]
    )


def reasons(row: PlannedRow) -> str:
    """Why a row is not taken, with the number it had in its file."""
    found = "; ".join(f"{label_of(column)}: {reason}" for column, reason in row.faults)
    return _("Row %(row)d: %(reasons)s") % {"row": row.number, "reasons": found}
