"""`yunheng kpi`: indicators of a contract for a period, as a table or JSON, and the items behind any figure."""

import argparse
import calendar
import json
import sys
import unicodedata
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from yunheng.foundation.supervisor.messages import gettext as _

from . import CommandError
from .database import open_database
from .numbers import whole

if TYPE_CHECKING:
    from yunheng.appraisal.figures import Figures, Item, Row

_PARTS = ("denominator", "numerator", "misses", "excluded", "waiting")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the arguments of `yunheng kpi`."""
    parser = subparsers.add_parser(
        "kpi", help=_("show the indicators of a contract, and the items behind them")
    )
    parser.add_argument("--contract", required=True, metavar="KEY", help=_("key of the contract"))
    parser.add_argument("--from", dest="start", type=_day, metavar="DAY", help=_("first day, YYYY-MM-DD"))
    parser.add_argument(
        "--to", dest="end", type=_day, metavar="DAY", help=_("last day, YYYY-MM-DD (included)")
    )
    parser.add_argument(
        "--period", type=_month, metavar="YYYY-MM", help=_("one month instead of --from and --to")
    )
    parser.add_argument(
        "--by", choices=("priority", "service", "team", "month"), help=_("one row more per group")
    )
    parser.add_argument(
        "--basis",
        choices=("events", "asserted"),
        default="events",
        help=_("from the recorded events (default), or from what the source system asserts, where it does"),
    )
    parser.add_argument(
        "--common",
        action="store_true",
        help=_("only tickets whose resolution both bases know, to compare the bases"),
    )
    parser.add_argument(
        "--as-of", type=int, metavar="POSITION", help=_("as of this log position (default: now)")
    )
    parser.add_argument(
        "--indicator", action="append", metavar="KEY", help=_("only this indicator (repeatable)")
    )
    parser.add_argument("--items", metavar="KEY", help=_("list the items behind this indicator"))
    parser.add_argument("--group", default="", help=_("with --items: only this group of --by"))
    parser.add_argument(
        "--part", choices=_PARTS, default="denominator", help=_("with --items: which of them")
    )
    parser.add_argument(
        "--limit",
        type=whole(0, 10_000_000),
        default=0,
        help=_("with --items: at most so many (default: all)"),
    )
    parser.add_argument("--json", action="store_true", help=_("machine-readable"))


def run(args: argparse.Namespace) -> int:
    """Print figures or items; refusals become one clear line."""
    start, end = _period(args)
    with open_database():
        from yunheng.appraisal import queries
        from yunheng.contracts.queries import contract_by_key
        from yunheng.foundation.refusals import Refusal

        try:
            contract = contract_by_key(args.contract)
            asked: dict[str, Any] = {
                "start": start,
                "end": end,
                "by": args.by,
                "basis": args.basis,
                "position": args.as_of,
                "is_common": args.common,
            }
            if args.items:
                return _print_items(args, queries.items, contract, asked)
            figures = queries.figures(contract, keys=args.indicator, **asked)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        if args.json:
            json.dump(_figures_document(figures), sys.stdout, ensure_ascii=False, indent=1)
            print()
        else:
            _print_figures(figures)
    return 0


def _period(args: argparse.Namespace) -> tuple[date, date]:
    if args.period:
        if args.start or args.end:
            raise CommandError(_("give either --period or --from and --to"))
        return args.period, args.period.replace(
            day=calendar.monthrange(args.period.year, args.period.month)[1]
        )
    if not (args.start and args.end):
        raise CommandError(_("name the period: --period YYYY-MM, or --from DAY --to DAY"))
    return args.start, args.end


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a day; write YYYY-MM-DD").format(text=text)
        ) from error


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            _("“{text}” is not a month; write YYYY-MM").format(text=text)
        ) from error


# --- JSON ---------------------------------------------------------------------------------------------------------


def _figures_document(figures: "Figures") -> dict[str, Any]:
    document = {key: _plain(value) for key, value in asdict(figures).items() if key != "rows"}
    document["rows"] = [{key: _plain(value) for key, value in asdict(row).items()} for row in figures.rows]
    return document


def _plain(value: Any) -> Any:
    """Decimals as JSON numbers with their own digits lost to none: they are short. Dates and instants in ISO 8601."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


# --- text ---------------------------------------------------------------------------------------------------------


def _print_figures(figures: "Figures") -> None:
    print(
        _("{contract} · {start} to {end} ({zone}) · basis: {basis} · contract version {versions}").format(
            contract=figures.contract_key,
            start=figures.start,
            end=figures.end,
            zone=figures.zone,
            basis=figures.basis,
            versions=", ".join(str(number) for number in figures.contract_versions),
        )
    )
    position = _("log position {position}").format(position=figures.position)
    if figures.unsealed:
        position += " " + _("and {count} entries not sealed yet").format(count=figures.unsealed)
    print(f"{position} · {figures.evaluated_at.isoformat(timespec='seconds')}")
    header = [
        _("indicator"),
        _("group"),
        _("value"),
        _("of"),
        _("median"),
        "P90",
        "P95",
        _("max"),
        _("goal"),
        _("notes"),
    ]
    table = [header] + [_cells(row) for row in figures.rows]
    widths = [max(_width(line[column]) for line in table) for column in range(len(header))]
    print()
    for line in table:
        print(
            "  ".join(
                _padded(cell, widths[i], is_left=i < 2 or i == 9) for i, cell in enumerate(line)
            ).rstrip()
        )


def _cells(row: "Row") -> list[str]:
    unit = {"%": " %", "h": " h"}.get(row.unit, "")
    value = _("n/a") if row.value is None else f"{row.value:,f}{unit}"
    of = f"n={row.n:,}" if row.unit == "h" else f"{row.numerator:,}/{row.denominator:,}"
    goal = (
        "" if row.goal is None else f"{'≥' if row.goal_comparison == 'at_least' else '≤'} {row.goal:,f}{unit}"
    )
    if row.is_met is not None:
        goal += " ✓" if row.is_met else " ✗"
    notes = [row.basis, row.population]
    if row.time_base == "working":
        notes.append(_("working time, {calendar}").format(calendar=row.calendar))
    if row.excluded:
        notes.append(_("{count} left out").format(count=row.excluded))
    if row.waiting:
        notes.append(_("{count} without a value").format(count=row.waiting))
    if row.is_provisional:
        notes.append(_("provisional calendar"))
    spread = [_number(number) for number in (row.median, row.p90, row.p95, row.max)]
    name = row.key if not row.group else f"  {row.key}"
    return [name, row.group_label or row.group or _("all"), value, of, *spread, goal, " · ".join(notes)]


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,f}"


def _width(text: str) -> int:
    """Columns in a terminal: full-width characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, *, is_left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if is_left else space + text


def _print_items(args: argparse.Namespace, find: Any, contract: Any, asked: dict[str, Any]) -> int:
    after: str | None = None
    shown: list[Item] = []
    while True:
        size = min(1000, args.limit - len(shown)) if args.limit else 1000
        page, after = find(
            contract, key=args.items, group=args.group, part=args.part, after=after, limit=size, **asked
        )
        shown += page
        if after is None or (args.limit and len(shown) >= args.limit):
            break
    if args.json:
        json.dump(
            [
                {key: _plain(value) for key, value in asdict(item).items() if key != "subject_id"}
                for item in shown
            ],
            sys.stdout,
            ensure_ascii=False,
            indent=1,
        )
        print()
        return 0
    for item in shown:
        hours = "" if item.seconds is None else f"{item.seconds / 3600:,.4f} h"
        instant = "" if item.at is None else item.at.isoformat(timespec="seconds")
        print(
            "\t".join(
                [
                    item.number,
                    item.source_number,
                    item.part,
                    item.clock,
                    hours,
                    instant,
                    item.reason,
                    item.title,
                ]
            )
        )
    print(_("{count} items").format(count=len(shown)), file=sys.stderr)
    return 0
