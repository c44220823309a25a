"""`yunheng person`, `organisation`, `team`, `membership` and `token`: who may do what, for the
installation's owner.
"""

import argparse
import getpass
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .answers import print_columns, print_json, refusals_as_errors
from .database import open_database
from .numbers import whole

if TYPE_CHECKING:
    from yunheng.accounts.models import Person
    from yunheng.foundation.models import Scope


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of the five commands."""
    _register_person(subparsers)
    _register_organisation(subparsers)
    _register_team(subparsers)
    _register_membership(subparsers)
    _register_token(subparsers)


def run(args: argparse.Namespace) -> int:
    """Do one of them."""
    with open_database(), refusals_as_errors():
        _COMMANDS[args.command, args.action](args)
    return 0


# --- arguments


def _actions(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, description: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    parser = subparsers.add_parser(name, help=description, description=description)
    return parser.add_subparsers(dest="action", required=True, metavar=_("ACTION"))


def _listing(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", description: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser("list", help=description, description=description)
    parser.add_argument("--json", action="store_true", help=_("answer in JSON"))
    return parser


def _register_person(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = _actions(subparsers, "person", _("create people and change their passwords"))
    one = actions.add_parser("create", help=_("create somebody; without roles they see nothing"))
    one.add_argument("login", metavar="LOGIN")
    one.add_argument("--name", required=True, help=_("as others read it"))
    one.add_argument("--organisation", required=True, metavar="KEY")
    one.add_argument("--email", default="")
    one.add_argument("--language", default="zh-hans", choices=("zh-hans", "en"))
    one.add_argument("--zone", default="Asia/Shanghai", help=_("time zone (default %(default)s)"))
    _password_arguments(one)
    one.add_argument("--no-password", action="store_true", help=_("cannot sign in until a password is set"))
    _listing(actions, _("list people"))
    one = actions.add_parser("password", help=_("set somebody's password; ends their sessions"))
    one.add_argument("login", metavar="LOGIN")
    _password_arguments(one)
    for name, description in (
        ("disable", _("let somebody neither sign in nor act; their tokens end")),
        ("enable", _("let somebody in again")),
        ("reset-second-factor", _("remove somebody's second factor, for instance after a lost phone")),
    ):
        actions.add_parser(name, help=description).add_argument("login", metavar="LOGIN")


def _password_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help=_("read the password from standard input, not the terminal"),
    )


def _register_organisation(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = _actions(subparsers, "organisation", _("create and list organisations"))
    one = actions.add_parser("create", help=_("create a provider, client or supplier"))
    one.add_argument("key", metavar="KEY", help=_("as contracts name it"))
    one.add_argument("--name", required=True)
    one.add_argument("--kind", required=True, choices=("provider", "client", "supplier"))
    _listing(actions, _("list organisations"))


def _register_team(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = _actions(subparsers, "team", _("create teams and say who belongs to them"))
    one = actions.add_parser("create", help=_("create a team of an organisation"))
    one.add_argument("key", metavar="KEY")
    one.add_argument("--organisation", required=True, metavar="KEY")
    one.add_argument("--name", required=True)
    one.add_argument("--line", default="first", choices=("first", "second", "third", "supplier"))
    one.add_argument("--people", nargs="*", default=[], metavar="LOGIN")
    one = actions.add_parser("people", help=_("say who belongs to a team"))
    one.add_argument("key", metavar="KEY")
    one.add_argument("people", nargs="*", metavar="LOGIN")
    one.add_argument("--organisation", required=True, metavar="KEY")
    _listing(actions, _("list teams"))


def _register_membership(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = _actions(subparsers, "membership", _("give people roles in a contract's scope"))
    for name, description in (("grant", _("give somebody a role")), ("revoke", _("take a role away"))):
        one = actions.add_parser(name, help=description)
        one.add_argument("login", metavar="LOGIN")
        one.add_argument("role", metavar="ROLE")
        where = one.add_mutually_exclusive_group(required=True)
        where.add_argument("--contract", metavar="KEY")
        where.add_argument(
            "--everywhere", action="store_true", help=_("under every contract (provider_admin only)")
        )
    one = _listing(actions, _("list who has which role"))
    one.add_argument("--contract", metavar="KEY")
    one.add_argument("--login", metavar="LOGIN")


def _register_token(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = _actions(subparsers, "token", _("create and revoke API tokens"))
    one = actions.add_parser("create", help=_("make a token; its secret is shown once"))
    one.add_argument("login", metavar="LOGIN")
    one.add_argument("--name", required=True, help=_("what it is for"))
    one.add_argument("--scope", action="append", choices=("read", "write", "admin"), required=True)
    one.add_argument(
        "--days", type=whole(1, 3650), default=90, help=_("valid for so many days (default %(default)s)")
    )
    one = _listing(actions, _("list tokens"))
    one.add_argument("--login", metavar="LOGIN")
    one = actions.add_parser("revoke", help=_("end a token at once"))
    one.add_argument("token", metavar="UUID")


# --- people


def _person_create(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import create_person
    from yunheng.accounts.queries import organisation_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER

    organisation = organisation_by_key(args.organisation)
    person = create_person(
        viewer=SYSTEM_VIEWER,
        login=args.login,
        name=args.name,
        organisation=organisation,
        email=args.email,
        password=None if args.no_password else _password(args),
        language=args.language,
        zone=args.zone,
    )
    print(
        _("Created: {name} ({login}). Give roles with “yunheng membership grant”.").format(
            name=person.name, login=person.login
        )
    )


def _person_list(args: argparse.Namespace) -> None:
    from yunheng.accounts.queries import people_visible_to
    from yunheng.foundation.access import SYSTEM_VIEWER

    people = list(people_visible_to(SYSTEM_VIEWER).prefetch_related("memberships__scope"))
    if args.json:
        print_json(
            [
                {
                    "login": person.login,
                    "name": person.name,
                    "organisation": person.organisation.key,
                    "email": person.email,
                    "is_active": person.is_active,
                    "roles": _roles(person),
                }
                for person in people
            ]
        )
        return
    print_columns(
        [_("login"), _("name"), _("organisation"), _("roles"), _("active")],
        [
            [
                person.login,
                person.name,
                person.organisation.key,
                ", ".join(f"{role['role']}@{role['contract'] or '*'}" for role in _roles(person)) or "–",
                _("yes") if person.is_active else _("no"),
            ]
            for person in people
        ],
    )


def _roles(person: "Person") -> list[dict[str, str | None]]:
    held = [
        {"role": item.role, "contract": item.scope.key if item.scope else None}
        for item in person.memberships.all()
    ]
    return sorted(held, key=lambda item: (item["contract"] or "", item["role"] or ""))


def _person_password(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import set_password
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    set_password(viewer=SYSTEM_VIEWER, person=person_by_login(args.login), password=_password(args))
    print(_("The password is set."))


def _person_reset_second_factor(args: argparse.Namespace) -> None:
    from yunheng.accounts.queries import person_by_login
    from yunheng.accounts.security import reset_second_factor
    from yunheng.foundation.access import SYSTEM_VIEWER

    reset_second_factor(viewer=SYSTEM_VIEWER, person=person_by_login(args.login))
    print(_("The second factor is removed, and their sessions have ended."))


def _person_disable(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import disable_person
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    disable_person(viewer=SYSTEM_VIEWER, person=person_by_login(args.login))
    print(_("Disabled: {login}").format(login=args.login))


def _person_enable(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import enable_person
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    enable_person(viewer=SYSTEM_VIEWER, person=person_by_login(args.login))
    print(_("Enabled: {login}").format(login=args.login))


def _password(args: argparse.Namespace) -> str:
    """The password from standard input or asked for twice; never from the command line, which others can
    read.
    """
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError(_("No terminal to ask for the password: use --password-stdin."))
    first = getpass.getpass(_("Password: "))
    if getpass.getpass(_("Again: ")) != first:
        raise CommandError(_("The two are not the same."))
    return first


# --- organisations and teams


def _organisation_create(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import create_organisation
    from yunheng.foundation.access import SYSTEM_VIEWER

    create_organisation(viewer=SYSTEM_VIEWER, key=args.key, name=args.name, kind=args.kind)
    print(_("Created: {key}").format(key=args.key))


def _organisation_list(args: argparse.Namespace) -> None:
    from yunheng.accounts.models import Organisation

    rows = list(Organisation.objects.order_by("kind", "key").values("key", "name", "kind"))
    if args.json:
        print_json(rows)
    else:
        print_columns(
            [_("key"), _("name"), _("kind")], [[row["key"], row["name"], row["kind"]] for row in rows]
        )


def _team_create(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import create_team
    from yunheng.accounts.queries import organisation_by_key, person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    create_team(
        viewer=SYSTEM_VIEWER,
        organisation=organisation_by_key(args.organisation),
        key=args.key,
        name=args.name,
        line=args.line,
        people=[person_by_login(login) for login in args.people],
    )
    print(_("Created: {key}").format(key=args.key))


def _team_people(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import set_team_people
    from yunheng.accounts.queries import organisation_by_key, person_by_login, team_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER

    team = team_by_key(organisation_by_key(args.organisation), args.key)
    people = [person_by_login(login) for login in args.people]
    set_team_people(viewer=SYSTEM_VIEWER, team=team, people=people)
    print(_("{team}: {people}").format(team=team.name, people=", ".join(args.people) or "–"))


def _team_list(args: argparse.Namespace) -> None:
    from yunheng.accounts.models import Team

    teams = Team.objects.select_related("organisation").prefetch_related("people")
    rows = [
        {
            "organisation": team.organisation.key,
            "key": team.key,
            "name": team.name,
            "line": team.line,
            "people": sorted(person.login for person in team.people.all()),
        }
        for team in teams.order_by("organisation__key", "key")
    ]
    if args.json:
        print_json(rows)
        return
    print_columns(
        [_("organisation"), _("key"), _("name"), _("line"), _("people")],
        [
            [*(row[name] for name in ("organisation", "key", "name", "line")), ", ".join(row["people"])]
            for row in rows
        ],
    )


# --- memberships


def _scope(args: argparse.Namespace) -> "Scope | None":
    from yunheng.foundation.models import Scope

    if not args.contract:
        return None
    scope = Scope.objects.filter(key=args.contract).first()
    if scope is None:
        raise CommandError(_("There is no contract “{key}”.").format(key=args.contract))
    return scope


def _membership_grant(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import grant_membership
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    person = person_by_login(args.login)
    grant_membership(viewer=SYSTEM_VIEWER, person=person, role=args.role, scope=_scope(args))
    print(
        _("{login} is {role} under {contract}.").format(
            login=args.login, role=args.role, contract=args.contract or _("every contract")
        )
    )


def _membership_revoke(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import revoke_membership
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    person = person_by_login(args.login)
    revoke_membership(viewer=SYSTEM_VIEWER, person=person, role=args.role, scope=_scope(args))
    print(
        _("{login} is no longer {role} under {contract}.").format(
            login=args.login, role=args.role, contract=args.contract or _("every contract")
        )
    )


def _membership_list(args: argparse.Namespace) -> None:
    from yunheng.accounts.models import Membership

    held = Membership.objects.select_related("person", "scope").order_by(
        "scope__key", "person__login", "role"
    )
    scope = _scope(args)
    if scope is not None:
        held = held.filter(scope=scope)
    if args.login:
        held = held.filter(person__login=args.login)
    rows = [
        {"login": item.person.login, "role": item.role, "contract": item.scope.key if item.scope else None}
        for item in held
    ]
    if args.json:
        print_json(rows)
        return
    print_columns(
        [_("login"), _("role"), _("contract")],
        [[row["login"], row["role"], row["contract"] or _("every contract")] for row in rows],
    )


# --- tokens


def _token_create(args: argparse.Namespace) -> None:
    from yunheng.accounts.actions import create_token
    from yunheng.accounts.queries import person_by_login
    from yunheng.foundation.access import SYSTEM_VIEWER

    made = create_token(
        viewer=SYSTEM_VIEWER,
        person=person_by_login(args.login),
        name=args.name,
        scopes=args.scope,
        expires_at=datetime.now(UTC) + timedelta(days=args.days),
    )
    print(made.secret)
    print(
        _("Shown this once; valid for {days} days. UUID: {uuid}").format(
            days=args.days, uuid=made.token.uuid
        ),
        file=sys.stderr,
    )


def _token_list(args: argparse.Namespace) -> None:
    from yunheng.accounts.models import ApiToken

    tokens = ApiToken.objects.select_related("person").order_by("person__login", "created_at")
    if args.login:
        tokens = tokens.filter(person__login=args.login)
    rows = [
        {
            "uuid": str(token.uuid),
            "login": token.person.login,
            "name": token.name,
            "hint": token.hint,
            "scopes": token.scopes,
            "expires_at": token.expires_at,
            "revoked_at": token.revoked_at,
            "last_used_at": token.last_used_at,
        }
        for token in tokens
    ]
    if args.json:
        print_json(rows)
        return
    print_columns(
        ["UUID", _("login"), _("name"), _("begins with"), _("scopes"), _("valid until"), _("last used")],
        [
            [
                row["uuid"],
                row["login"],
                row["name"],
                row["hint"],
                ",".join(token.scopes),
                _("revoked") if token.revoked_at else _day(token.expires_at),
                _day(token.last_used_at),
            ]
            for row, token in zip(rows, tokens, strict=True)
        ],
    )


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "–"


def _token_revoke(args: argparse.Namespace) -> None:
    from uuid import UUID

    from yunheng.accounts.actions import revoke_token
    from yunheng.accounts.models import ApiToken
    from yunheng.foundation.access import SYSTEM_VIEWER

    try:
        token = ApiToken.objects.filter(uuid=UUID(args.token)).first()
    except ValueError:
        token = None
    if token is None:
        raise CommandError(
            _("There is no token “{uuid}”; “yunheng token list” shows them.").format(uuid=args.token)
        )
    revoke_token(viewer=SYSTEM_VIEWER, token=token)
    print(_("Revoked: {name}").format(name=token.name))


_COMMANDS = {
    ("person", "create"): _person_create,
    ("person", "list"): _person_list,
    ("person", "password"): _person_password,
    ("person", "disable"): _person_disable,
    ("person", "reset-second-factor"): _person_reset_second_factor,
    ("person", "enable"): _person_enable,
    ("organisation", "create"): _organisation_create,
    ("organisation", "list"): _organisation_list,
    ("team", "create"): _team_create,
    ("team", "people"): _team_people,
    ("team", "list"): _team_list,
    ("membership", "grant"): _membership_grant,
    ("membership", "revoke"): _membership_revoke,
    ("membership", "list"): _membership_list,
    ("token", "create"): _token_create,
    ("token", "list"): _token_list,
    ("token", "revoke"): _token_revoke,
}
