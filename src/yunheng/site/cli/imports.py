"""`yunheng import`: take over records of other systems, look at a file first, and see what a run did."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .database import open_database

if TYPE_CHECKING:
    from yunheng.imports.actions import RunReport


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng import servicenow|tickets|reports|preview|show`"""
    parser = subparsers.add_parser("import", help=_("take over records of other systems"))
    kinds = parser.add_subparsers(dest="import_command", metavar=_("WHAT"), required=True)

    log = kinds.add_parser(
        "servicenow", help=_("an audit log of ServiceNow incidents (CSV, or a zip with one)")
    )
    _add_file(log)
    log.add_argument("--zone", help=_("time zone of the log's times; default: the contract's"))
    log.add_argument("--service", help=_("the service of the contract that the incidents belong to"))
    log.add_argument("--member", help=_("name of the file in the archive, if it holds several"))

    table = kinds.add_parser(
        "tickets", help=_("a table of tickets or of their events (CSV, XLSX), by a mapping file")
    )
    _add_file(table)
    table.add_argument(
        "--mapping", metavar=_("FILE"), type=Path, required=True, help=_("what each column means (YAML)")
    )
    table.add_argument("--member", help=_("name of the file in the archive, if it holds several"))

    issued = kinds.add_parser(
        "reports",
        help=_(
            "when another system issued its reports (CSV, XLSX with the columns period, issued, kind, returned)"
        ),
    )
    issued.add_argument("file", metavar=_("FILE"), type=Path)
    issued.add_argument("--contract", metavar=_("KEY"), required=True)
    issued.add_argument("--dry-run", action="store_true", help=_("read and check everything, write nothing"))

    look = kinds.add_parser("preview", help=_("look at a table and propose a mapping for it"))
    look.add_argument("file", metavar=_("FILE"), type=Path)
    look.add_argument("--contract", metavar=_("KEY"), required=True)
    look.add_argument(
        "--mapping", metavar=_("FILE"), type=Path, help=_("try this mapping instead of proposing one")
    )
    look.add_argument("--write", metavar=_("FILE"), type=Path, help=_("write the proposed mapping here"))
    look.add_argument("--member", help=_("name of the file in the archive, if it holds several"))

    show = kinds.add_parser("show", help=_("what a run did: counts, and the figures of its rows"))
    show.add_argument("run", metavar=_("RUN"), help=_("identifier of the run, or “latest”"))
    show.add_argument("--json", action="store_true", help=_("as JSON"))


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar=_("FILE"), type=Path)
    parser.add_argument("--contract", metavar=_("KEY"), required=True)
    parser.add_argument("--dry-run", action="store_true", help=_("read and check everything, write nothing"))
    parser.add_argument(
        "--errors", metavar=_("FILE"), type=Path, help=_("write rows that are not taken here (CSV)")
    )
    parser.add_argument("--json", action="store_true", help=_("print the result as JSON"))


def run(args: argparse.Namespace) -> int:
    """Run one of the subcommands."""
    with open_database():
        from yunheng.foundation.refusals import Refusal
        from yunheng.imports.source import SourceError

        try:
            commands = {
                "servicenow": _servicenow,
                "tickets": _tickets,
                "reports": _reports,
                "preview": _preview,
                "show": _show,
            }
            return commands[args.import_command](args)
        except (SourceError, Refusal) as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error


def _servicenow(args: argparse.Namespace) -> int:
    from yunheng.contracts.queries import contract_by_key
    from yunheng.imports.actions import import_servicenow
    from yunheng.imports.progress import Progress

    report = import_servicenow(
        contract=contract_by_key(args.contract),
        path=args.file,
        zone=args.zone,
        service=args.service,
        member=args.member,
        is_dry_run=args.dry_run,
        errors=args.errors,
        progress=Progress(),
    )
    return _print_report(report, args)


def _tickets(args: argparse.Namespace) -> int:
    from yunheng.contracts.queries import contract_by_key
    from yunheng.imports.actions import import_table
    from yunheng.imports.mapping import load_mapping
    from yunheng.imports.progress import Progress

    report = import_table(
        contract=contract_by_key(args.contract),
        path=args.file,
        mapping=load_mapping(args.mapping),
        member=args.member,
        is_dry_run=args.dry_run,
        errors=args.errors,
        progress=Progress(),
    )
    return _print_report(report, args)


def _reports(args: argparse.Namespace) -> int:
    from yunheng.contracts.queries import contract_by_key
    from yunheng.foundation.access import SYSTEM_VIEWER
    from yunheng.imports.issued import import_issued

    taken = import_issued(SYSTEM_VIEWER, contract_by_key(args.contract), args.file, is_dry_run=args.dry_run)
    print(_("{rows:,} rows read, {new:,} of them new.").format(rows=taken.rows, new=taken.new))
    if args.dry_run:
        print(_("Nothing was written: this was a dry run."))
    return 0


def _preview(args: argparse.Namespace) -> int:
    from datetime import datetime

    from yunheng.contracts.queries import contract_by_key
    from yunheng.imports.mapping import load_mapping, mapping_text
    from yunheng.imports.preview import preview_table

    mapping = load_mapping(args.mapping) if args.mapping else None
    preview = preview_table(
        args.file, contract=contract_by_key(args.contract), mapping=mapping, member=args.member
    )
    print(_("# {file}: {rows:,} rows. The mapping:").format(file=preview.file_name, rows=preview.rows))
    text = mapping_text(preview.mapping)
    print(text)
    if preview.missing:
        print(
            _("No column was found for: {missing}. Columns are: {columns}").format(
                missing=", ".join(preview.missing), columns=", ".join(preview.header)
            )
        )
    for row in preview.taken:
        instants = " · ".join(
            f"{name} {datetime.fromtimestamp(at, preview.zone).isoformat(sep=' ')}"
            for name, at in row.instants.items()
        )
        texts = " · ".join(f"{name} {value}" for name, value in row.texts.items() if value)
        print(
            _("row {row}: {event} {texts} | {instants}").format(
                row=row.row, event=row.event, texts=texts, instants=instants
            )
        )
    if not preview.missing:
        print(
            _("Of the first {looked_at:,} rows {rejected:,} would be rejected.").format(
                looked_at=preview.looked_at, rejected=preview.rejected
            )
        )
    for rejection in preview.rejections:
        print(
            _("row {row}: {field} “{value}”: {reason}").format(
                row=rejection.row, field=rejection.field, value=rejection.shown, reason=rejection.reason
            )
        )
    if args.write is not None:
        args.write.write_text(text, encoding="utf-8")
    return 1 if preview.missing else 0


def _print_report(report: "RunReport", args: argparse.Namespace) -> int:
    if args.json:
        json.dump(_report_data(report), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        if report.is_resumed:
            print(_("An interrupted run of this file was taken up again."))
        _print_counts(
            report.file_name,
            {
                "read": report.counts.read,
                "imported": report.counts.imported,
                "rejected": report.counts.rejected,
                "repeated": report.counts.repeated,
            },
        )
        _print_summary(report.summary)
        for note in report.notes:
            print(note)
        for rejection in report.first_rejections:
            print(
                _("row {row}: {field} “{value}”: {reason}").format(
                    row=rejection.row, field=rejection.field, value=rejection.shown, reason=rejection.reason
                )
            )
        if report.counts.rejected > len(report.first_rejections) and args.errors is None:
            print(_("All rows that are not taken are listed with --errors FILE."))
        if report.run_uuid is None:
            print(_("Nothing was written: this was a dry run."))
        else:
            print(_("Run: {uuid}").format(uuid=report.run_uuid))
    return 0 if report.counts.imported or report.counts.repeated or not report.counts.read else 1


def _report_data(report: "RunReport") -> dict[str, Any]:
    counts = report.counts
    return {
        "run": report.run_uuid,
        "file": report.file_name,
        "read": counts.read,
        "imported": counts.imported,
        "rejected": counts.rejected,
        "repeated": counts.repeated,
        "entries": report.entries,
        "is_resumed": report.is_resumed,
        "notes": list(report.notes),
        **report.summary,
    }


def _show(args: argparse.Namespace) -> int:
    from yunheng.imports.queries import run_named

    run_row = run_named(args.run)
    counts = {name: getattr(run_row, name) for name in ("read", "imported", "rejected", "repeated")}
    if args.json:
        json.dump(
            {
                "run": str(run_row.uuid),
                "contract": run_row.scope.key,
                "format": run_row.format,
                "file": run_row.file_name,
                "status": run_row.status,
                "started_at": run_row.started_at.isoformat(),
                "finished_at": run_row.finished_at.isoformat() if run_row.finished_at else None,
                **counts,
                **run_row.summary,
            },
            sys.stdout,
            ensure_ascii=False,
            indent=1,
        )
        print()
        return 0
    print(
        f"{run_row.uuid}  {run_row.scope.key}  {run_row.format}  {run_row.status}  "
        f"{run_row.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    _print_counts(run_row.file_name, counts)
    _print_summary(run_row.summary)
    return 0


def _print_counts(file_name: str, counts: Mapping[str, int]) -> None:
    print(
        _(
            "{file}: {read:,} rows read = {imported:,} imported + {rejected:,} rejected + {repeated:,} repeated"
        ).format(file=file_name, **counts)
    )


def _print_summary(summary: Mapping[str, Any]) -> None:
    if not summary:
        return
    print(
        _("tickets: {tickets:,}, of which new: {created:,}").format(
            tickets=summary["tickets"], created=summary["tickets_created"]
        )
    )
    source = summary.get("source", {})
    if source:
        print(
            _(
                "the source claims: resolved {resolved:,}, without resolved_at {without_resolved_at:,}, "
                "closed {closed:,}; reassigned {reassigned:,}, reopened {reopened:,} (by its counters)"
            ).format(**source)
        )
        flags = " · ".join(f"{flag or '?'} {count:,}" for flag, count in source["made_sla"].items())
        print(_("made_sla per ticket (last row): {flags}").format(flags=flags))
    observed = summary.get("observed", {})
    if observed and observed["tickets_resolved_in_both"]:
        print(
            _(
                "rows in state Resolved: {tickets_with_resolved_rows:,} tickets; of {tickets_resolved_in_both:,} the "
                "source claims a resolution, too: mean {mean_hours_to_first_resolved_row} h to the first such row, "
                "{mean_hours_to_last_resolved_row} h to the last"
            ).format(**observed)
        )
        print(
            _("rows that name more than one team: {tickets_with_change_of_team:,} tickets").format(**observed)
        )
    _print_pairs(_("rows by state"), summary.get("rows_by_state", {}))
    _print_pairs(_("tickets by priority"), summary.get("tickets_by_priority", {}))
    levels: Sequence[Sequence[Any]] = summary.get("levels", [])
    if levels:
        print(_("impact × urgency → priority (rows, tickets by their last row):"))
        for impact, urgency, priority, rows, tickets in levels:
            print(f"  {impact or '–'} × {urgency or '–'} → {priority or '–'}: {rows:,}, {tickets:,}")
    if summary.get("tickets_with_rows_before_opening"):
        print(
            _("tickets with rows that the source dates before their opening: {count:,}").format(
                count=summary["tickets_with_rows_before_opening"]
            )
        )


def _print_pairs(title: str, pairs: Mapping[str, int]) -> None:
    named = [f"{name} {count:,}" for name, count in pairs.items() if name]
    if named:
        print(f"{title}: " + " · ".join(named))
