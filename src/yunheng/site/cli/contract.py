"""`yunheng contract`: check, compare, try, apply and show contracts. Checking and comparing files needs no database."""

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yunheng.contracts.backtoback.checking import Verdict, back_to_back
from yunheng.contracts.backtoback.drafts import compiled_draft
from yunheng.contracts.checking import Checked, check
from yunheng.contracts.difference import differences
from yunheng.contracts.packs import (
    PREFIX,
    SCHEME_TITLES,
    contract_pack,
    contract_packs,
    newest_processes,
    scheme_packs,
)
from yunheng.contracts.problems import Problem, show_path
from yunheng.contracts.schema import json_schema
from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError, backtest, backtoback
from .answers import refusals_as_errors
from .database import open_database

OK, FAULTY, TROUBLE = 0, 1, 2

_VERSION = re.compile(r"([a-z][a-z0-9-]*)(?:@([0-9]{1,9}))?")


class _TroubleError(Exception):
    """The command could not do its work at all; exit status 2."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng contract`."""
    parser = subparsers.add_parser("contract", help=_("check, compare, apply and show contracts"))
    actions = parser.add_subparsers(dest="action", required=True, metavar=_("ACTION"))

    def action(name: str, description: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=description, description=description)
        if name != "schema":
            added.add_argument("--json", action="store_true", help=_("answer in JSON"))
        return added

    file = _("a file, or pack:NAME")
    one = action("check", _("say what is wrong in a contract, and what would be right"))
    one.add_argument("file", metavar="FILE", help=file)
    one.add_argument("--strict", action="store_true", help=_("treat warnings as errors"))
    one = action("diff", _("say in words what changes from one version to another"))
    one.add_argument("old", metavar="OLD", help=_("a file, pack:NAME, KEY or KEY@VERSION"))
    one.add_argument(
        "new", metavar="NEW", nargs="?", help=_("the same; without it, OLD is compared with what is in force")
    )
    one = action("apply", _("make a file the contract's next version"))
    one.add_argument("file", metavar="FILE", help=file)
    one.add_argument(
        "--accepted-by-both",
        default="",
        metavar="REASON",
        help=_("both parties accepted that the version begins in the past; recorded as an entry"),
    )
    one = action("backtoback", _("say which promise cannot be kept although suppliers keep theirs"))
    one.add_argument("contract", metavar="KEY|FILE", help=_("a file, pack:NAME, KEY or KEY@VERSION"))
    one = action("backtest", _("replay real history under a draft contract; writes nothing"))
    backtest.declare(one)
    action("list", _("list all contracts"))
    one = action("show", _("show a version as it was written"))
    one.add_argument("version", metavar="KEY[@VERSION]")
    action("packs", _("list the contracts and scoring schemes that ship with the program"))
    one = action("calendars", _("show the calendars of a contract, and which years are provisional"))
    one.add_argument("version", metavar="KEY[@VERSION]")
    one = action("refresh-calendar", _("take in official holidays that were published since"))
    one.add_argument("key", metavar="KEY")
    action("schema", _("print the JSON Schema, for editors"))


def run(args: argparse.Namespace) -> int:
    """0: done, nothing wrong, no difference; 1: errors, refused, or differences; 2: could not be done."""
    commands = {
        "check": _check,
        "diff": _diff,
        "apply": _apply,
        "backtoback": _back_to_back,
        "backtest": _backtest,
        "list": _list,
        "show": _show,
        "packs": _packs,
        "calendars": _calendars,
        "refresh-calendar": _refresh,
        "schema": _schema,
    }
    try:
        return commands[args.action](args)
    except _TroubleError as error:
        print(f"yunheng contract {args.action}: {error}", file=sys.stderr)
        return TROUBLE


def _check(args: argparse.Namespace) -> int:
    checked = check(_read(args.file), newest_processes())
    is_bad = bool(checked.errors) or (args.strict and bool(checked.warnings))
    if args.json:
        _print_json(_report(args.file, checked))
        return FAULTY if is_bad else OK
    _print_problems(args.file, checked)
    if is_bad:
        print(
            _("{file}: errors: {errors}, warnings: {warnings}").format(
                file=args.file, errors=len(checked.errors), warnings=len(checked.warnings)
            )
        )
        return FAULTY
    for key, years in (checked.provisional or {}).items():
        print(
            _("Calendar “{key}”: provisional, holidays not published yet: {years}").format(
                key=key, years=", ".join(map(str, years))
            )
        )
    for accepted in checked.accepted:
        print(
            _("Accepted: {warning} ({because})").format(
                warning=accepted.problem.text(_), because=accepted.because
            )
        )
    print(_("{file}: valid").format(file=args.file))
    return OK


def _diff(args: argparse.Namespace) -> int:
    needs_database = [name for name in (args.old, args.new) if name and not _is_file(name)]
    if args.new is None or needs_database:
        with open_database():
            old, new = _two(args.old, args.new)
    else:
        old, new = _two(args.old, args.new)
    found = differences(old, new)
    if args.json:
        _print_json(
            [
                {
                    "section": item.section,
                    "what": item.what,
                    "before": item.before,
                    "after": item.after,
                    "text": item.text(_),
                }
                for item in found
            ]
        )
    elif not found:
        print(_("No difference."))
    else:
        print("\n".join(item.text(_) for item in found))
    return FAULTY if found else OK


def _two(first: str, second: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    if second is not None:
        return _terms(first), _terms(second)
    terms = _terms(first)
    if not _is_file(first):
        raise _TroubleError(_("name a file, or two versions to compare"))
    return _terms(terms["key"]), terms


def _apply(args: argparse.Namespace) -> int:
    data = _read(args.file)
    checked = check(data, newest_processes())
    if checked.terms is None:  # before any database is started
        if args.json:
            _print_json(_report(args.file, checked))
        else:
            _print_problems(args.file, checked)
            print(_("{file}: not applied").format(file=args.file), file=sys.stderr)
        return FAULTY
    with open_database():
        from yunheng.contracts.actions import apply_contract
        from yunheng.foundation.access import SYSTEM_VIEWER
        from yunheng.foundation.refusals import Refusal

        try:
            applied = apply_contract(
                viewer=SYSTEM_VIEWER,
                at=datetime.now(UTC),
                data=data,
                processes=newest_processes(),
                accepted_by_both=args.accepted_by_both,
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        result = _version_row(applied.contract.scope.key, applied.version)
    if args.json:
        _print_json({**result, "warnings": [_problem(problem) for problem in checked.warnings]})
        return OK
    for problem in checked.warnings:
        print(_("warning: ") + problem.line(args.file, _), file=sys.stderr)
    print(
        _("Contract “{key}”: version {number} applied, in force from {first} to before {last}.").format(
            key=result["key"], number=result["version"], first=result["valid_from"], last=result["valid_to"]
        )
    )
    for calendar, years in result["provisional_years"].items():
        print(
            _("Calendar “{key}”: provisional, holidays not published yet: {years}").format(
                key=calendar, years=", ".join(map(str, years))
            )
        )
    return OK


def _back_to_back(args: argparse.Namespace) -> int:
    if _is_file(args.contract):
        checked = check(_read(args.contract), newest_processes())
        if checked.terms is None:
            _print_problems(args.contract, checked, file=sys.stderr)
            print(
                _("{file}: has errors and cannot be checked back to back").format(file=args.contract),
                file=sys.stderr,
            )
            return FAULTY
        terms = checked.terms
        compiled = compiled_draft(terms, checked.effective)
    else:
        with open_database():
            from yunheng.contracts.queries import terms_of_version

            version = _stored(args.contract)
            terms = version.terms
            compiled = terms_of_version(version.pk)
    found = back_to_back(compiled)
    if args.json:
        _print_json(backtoback.report(args.contract, terms, compiled, found))
    else:
        print("\n".join(backtoback.lines(terms, found)))
    return FAULTY if found.of(Verdict.NOT_COVERED) else OK


def _backtest(args: argparse.Namespace) -> int:
    data = _read(args.draft) if _is_file(args.draft) else None
    if data is not None:
        checked = check(data, newest_processes())
        if checked.terms is None:  # before any database is started
            if args.json:
                _print_json(_report(args.draft, checked))
            else:
                _print_problems(args.draft, checked)
            return FAULTY
    with open_database(), refusals_as_errors():
        stored = None if data is not None else _stored(args.draft)
        if stored is not None and stored.contract.scope.key != args.against:
            raise _TroubleError(_("name a version of the contract itself, a file or a pack"))
        document, lines = backtest.replayed(args, data, 0 if stored is None else stored.number)
    if args.json:
        _print_json(document)
    else:
        print("\n".join(lines))
    return OK


def _list(args: argparse.Namespace) -> int:
    with open_database():
        from yunheng.contracts.models import Contract
        from yunheng.contracts.queries import version_at, versions_of

        now = datetime.now(UTC)
        rows = []
        for contract in Contract.objects.select_related("scope", "provider", "client").order_by("scope__key"):
            current = version_at(contract.pk, now)
            last = versions_of(contract).last()
            assert last is not None, "a contract is created with its first version"
            rows.append(
                {
                    **_version_row(contract.scope.key, current or last),
                    "title": contract.title,
                    "provider": contract.provider.name,
                    "client": contract.client.name,
                    "versions": last.number,
                    "is_in_force": current is not None,
                }
            )
    if args.json:
        _print_json(rows)
    elif not rows:
        print(_("There is no contract yet. Try: yunheng contract apply pack:standard"))
    for row in rows if not args.json else ():
        state = _("in force") if row["is_in_force"] else _("not in force")
        term = f"{row['valid_from']} – {row['valid_to']}"
        print(f"{row['key']}@{row['version']}  {term}  {state}  {row['title']}  ({row['client']})")
    return OK


def _show(args: argparse.Namespace) -> int:
    with open_database():
        version = _stored(args.version)
        row = _version_row(version.contract.scope.key, version)
        document, terms = version.document, version.terms
        recorded_at, applied_by = version.recorded_at, version.applied_by
    if args.json:
        _print_json(
            {
                **row,
                "recorded_at": recorded_at.isoformat(),
                "applied_by": applied_by,
                "document": document,
                "terms": terms,
            }
        )
        return OK
    print(document, end="" if document.endswith("\n") else "\n")
    print(
        _(
            "# version {number}, in force from {first} to before {last}; recorded {at} by {by}; SHA-256 {digest}"
        ).format(
            number=row["version"],
            first=row["valid_from"],
            last=row["valid_to"],
            at=recorded_at.isoformat(timespec="seconds"),
            by=applied_by,
            digest=row["digest"],
        ),
        file=sys.stderr,
    )
    return OK


def _packs(args: argparse.Namespace) -> int:
    rows = []
    for name in contract_packs():
        terms = check(contract_pack(name), newest_processes()).terms
        rows.append(("contract", f"{PREFIX}{name}", dict(terms["title"]) if terms else {}))
    rows += [("scheme", name, dict(SCHEME_TITLES[name])) for name in scheme_packs()]
    if args.json:
        _print_json([{"kind": kind, "name": name, "title": title} for kind, name, title in rows])
        return OK
    before = "contract"
    for kind, name, title in rows:
        if kind != before:
            print()
            print(_("scoring schemes, for the section “scoring” and for yunheng scorecard --scheme NAME:"))
        before = kind
        print(f"{name:24}{' / '.join(title.values())}")
    return OK


def _calendars(args: argparse.Namespace) -> int:
    with open_database():
        version = _stored(args.version)
        rows = [
            {
                "key": calendar.key,
                "zone": calendar.rules["zone"],
                "tzdata": calendar.tzdata,
                "holidays_edition": calendar.rules.get("holidays_edition"),
                "provisional_years": calendar.provisional_years,
                "digest": bytes(calendar.digest).hex(),
            }
            for calendar in version.calendars.order_by("key")
        ]
    if args.json:
        _print_json(rows)
        return OK
    for row in rows:
        years = ", ".join(map(str, row["provisional_years"]))
        state = _("provisional: {years}").format(years=years) if years else _("final")
        print(
            f"{row['key']:20}{row['zone']:20}tzdata {row['tzdata']:8}{row['holidays_edition'] or '–':20}{state}"
        )
    return OK


def _refresh(args: argparse.Namespace) -> int:
    with open_database():
        from yunheng.contracts.actions import refresh_calendars
        from yunheng.contracts.queries import contract_by_key
        from yunheng.foundation.access import SYSTEM_VIEWER
        from yunheng.foundation.refusals import Refusal

        try:
            fresh = refresh_calendars(
                viewer=SYSTEM_VIEWER, at=datetime.now(UTC), contract=contract_by_key(args.key)
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        rows = [_version_row(args.key, version) for version in fresh]
    if args.json:
        _print_json(rows)
    else:
        for row in rows:
            print(
                _(
                    "Contract “{key}”: version {number} applied, in force from {first} to before {last}."
                ).format(key=row["key"], number=row["version"], first=row["valid_from"], last=row["valid_to"])
            )
    return OK


def _schema(_args: argparse.Namespace) -> int:
    _print_json(json_schema())
    return OK


# --- files and versions -----------------------------------------------------------------------------------


def _is_file(name: str) -> bool:
    """A pack, an existing file, or something that looks like the name of one; anything else is a contract's key."""
    return name.startswith(PREFIX) or not _VERSION.fullmatch(name) or Path(name).is_file()


def _read(name: str) -> bytes:
    if name.startswith(PREFIX):
        try:
            return contract_pack(name.removeprefix(PREFIX))
        except LookupError:
            raise _TroubleError(
                _("there is no pack “{name}”; there are {known}").format(
                    name=name.removeprefix(PREFIX), known=", ".join(contract_packs())
                )
            ) from None
    try:
        with Path(name).open("rb") as file:
            return file.read(1 << 20)  # more than a contract may have: the check says so
    except OSError as error:
        raise _TroubleError(
            _("{file} cannot be read: {reason}").format(file=name, reason=error.strerror or error)
        ) from None


def _terms(name: str) -> dict[str, Any]:
    """Terms of a file, a pack or a stored version."""
    if not _is_file(name):
        terms: dict[str, Any] = _stored(name).terms
        return terms
    checked = check(_read(name), newest_processes())
    if checked.terms is None:
        _print_problems(name, checked, file=sys.stderr)
        raise _TroubleError(_("{file}: has errors and cannot be compared").format(file=name))
    return checked.terms


def _stored(name: str) -> Any:
    """A stored version by KEY (in force, else the last) or KEY@NUMBER; the database is open."""
    from yunheng.contracts.queries import contract_by_key, version_at, versions_of
    from yunheng.foundation.refusals import NotFound

    match = _VERSION.fullmatch(name)
    if match is None:
        raise _TroubleError(_("“{name}” is no KEY or KEY@VERSION").format(name=name))
    try:
        contract = contract_by_key(match[1])
    except NotFound as refusal:
        raise _TroubleError(refusal.message) from None
    versions = versions_of(contract).select_related("contract__scope")
    if match[2]:
        version = versions.filter(number=int(match[2])).first()
    else:
        current = version_at(contract.pk, datetime.now(UTC))
        version = versions.filter(pk=current.pk).first() if current else versions.last()
    if version is None:
        raise _TroubleError(
            _("contract “{key}” has no version {number}").format(key=match[1], number=match[2])
        )
    return version


# --- output -----------------------------------------------------------------------------------------------


def _version_row(key: str, version: Any) -> dict[str, Any]:
    zone = ZoneInfo(version.terms["zone"])
    return {
        "key": key,
        "version": version.number,
        "valid_from": version.valid_from.astimezone(zone).date().isoformat(),
        "valid_to": version.valid_to.astimezone(zone).date().isoformat(),
        "digest": bytes(version.digest).hex(),
        "provisional_years": {
            calendar.key: calendar.provisional_years
            for calendar in version.calendars.order_by("key")
            if calendar.provisional_years
        },
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity,
        "line": problem.place.line,
        "column": problem.place.column,
        "path": show_path(problem.path),
        "message": problem.text(_),
    }


def _report(file: str, checked: Checked) -> dict[str, Any]:
    return {
        "file": file,
        "is_valid": checked.terms is not None,
        "problems": [_problem(problem) for problem in checked.problems],
        "accepted": [{**_problem(item.problem), "because": item.because} for item in checked.accepted],
        "provisional_years": {key: list(years) for key, years in (checked.provisional or {}).items()},
    }


def _print_problems(name: str, checked: Checked, file: Any = None) -> None:
    for problem in checked.problems:
        prefix = _("warning: ") if problem.severity == "warning" else ""
        print(prefix + problem.line(name, _), file=file)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
