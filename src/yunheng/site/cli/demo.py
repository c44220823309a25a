"""`yunheng demo`: a provider, three clients and a year of service to look at, in a data folder of its own."""

import argparse
import os
import sys
from datetime import UTC, datetime

from yunheng.foundation.supervisor.children import follow_supervisor
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.messages import gettext as _

from . import up
from .database import reach_database, set_up_django
from .demonstration import NOT_EMPTY, Stage, choose_folder, has_own_system, require_this_machine, write_state
from .service import CALLED_AS
from .web import add_address

SCALE = "YUNHENG_DEMO_SCALE"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`yunheng demo`"""
    parser = subparsers.add_parser(
        "demo", help=_("start a demonstration with a year of invented service, on this machine only")
    )
    add_address(parser)
    parser.add_argument(
        "--fresh",
        action="store_true",
        help=_("make it anew, up to today; only a demonstration is ever removed"),
    )
    parser.add_argument(
        "--or-own",
        action="store_true",
        help=_("start your own system instead where there is one (what “make run” does)"),
    )


def run(args: argparse.Namespace) -> int:
    """Bring the demonstration up; prepare it on the first start."""
    if args.or_own and not os.environ.get("YUNHENG_DEMONSTRATION") and has_own_system():
        return up.run(args)
    require_this_machine(args.host)
    _scale()
    choose_folder()
    return up.bring_up(args, Stage(is_fresh=args.fresh))


def prepare() -> int:
    """Fill the database, telling how far it is; run by `yunheng demo` in a process of its own."""
    follow_supervisor()
    with reach_database() as database:
        set_up_django()
        from django.db.backends.signals import connection_created

        from yunheng.demo import building, mark
        from yunheng.demo.staff import CONTRACTS
        from yunheng.site.logging import configure

        configure("demo", database.folder.logs)
        # What is lost with the machine is made anew: only the last commit waits for the disk, with all before it.
        connection_created.connect(_hurry, weak=False)
        try:
            mark.set_mark()
        except mark.NotEmptyError:
            return NOT_EMPTY
        teller = _Teller()
        scale = _scale()
        try:
            tickets, entries = building.build(
                now=datetime.now(UTC).replace(microsecond=0),
                scale=scale,
                reported=CONTRACTS if scale == 1 else CONTRACTS[-1:],
                tell=teller,
            )
        except BaseException:
            mark.tell_failed()
            raise
        write_state(database.folder, "ready")
        print(
            _("The demonstration is ready: {tickets:,} tickets and {entries:,} entries of a year.").format(
                tickets=tickets, entries=entries
            )
        )
        print(_("Sign in with one of the accounts on the sign-in page. On the command line: {example}").format(
            example=f"{os.environ.get(CALLED_AS, 'yunheng')} kpi --contract qinglan --period {teller.month}"
        ), flush=True)  # fmt: skip
    return 0


def _scale() -> float:
    """How much of the volume of a year is made (YUNHENG_DEMO_SCALE): less for slow machines, and for tests."""
    try:
        scale = float(os.environ.get(SCALE) or 1)
    except ValueError:
        scale = -1.0
    if not 0 < scale <= 1:
        raise SupervisorError(_("{name} must be a number above 0 and at most 1.").format(name=SCALE))
    return scale


def _hurry(*, connection: object, **_named: object) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SET synchronous_commit = off")


class _Teller:
    """Tells the database, and on the terminal each step once."""

    def __init__(self) -> None:
        today = datetime.now(UTC).date()
        self.month = f"{today.year - (today.month == 1)}-{(today.month - 2) % 12 + 1:02}"
        self._step = ""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        from yunheng.demo import mark

        mark.tell_step(step, done, total)
        found = mark.mark()
        if step != self._step and found is not None:
            self._step = step
            text = _("Preparing the demonstration, {share} %: {step} …")
            print(
                text.format(share=mark.share(found), step=mark.step_text(found)), file=sys.stderr, flush=True
            )


if __name__ == "__main__":  # what `yunheng demo` starts beside the service
    sys.exit(prepare())
