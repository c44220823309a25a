"""The period that a page is about: from and to as local days of the contract, months before and after."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from yunheng.contracts.models import Contract
from yunheng.desk.models import Ticket
from yunheng.foundation import wording
from yunheng.foundation.refusals import Invalid

LONGEST_DAYS = 366 * 10
#: Years that a period may lie in: the month before and the month after, in every zone, are dates too.
FIRST_YEAR, LAST_YEAR = 1970, 9998


@dataclass(frozen=True, slots=True)
class Period:
    """Local days `start` to `end`, both inclusive."""

    start: date
    end: date

    @property
    def is_month(self) -> bool:
        """Whether it is exactly one calendar month."""
        return self.start.day == 1 and self.end == month_of(self.start).end

    @property
    def before(self) -> "Period":
        """The month before."""
        return month_of(self.start.replace(day=1) - timedelta(days=1))

    @property
    def after(self) -> "Period":
        """The month after."""
        return month_of(month_of(self.end).end + timedelta(days=1))

    @property
    def label(self) -> str:
        """Month by name, else first and last day."""
        if self.is_month:
            return month_name(self.start)
        first = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        last = datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC)
        return f"{wording.day(first)} – {wording.day(last)}"


def midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which a local day begins, epoch seconds UTC."""
    return int(datetime.combine(day, time.min, zone).timestamp())


def month_of(day: date) -> Period:
    """The calendar month that holds a day."""
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def month_name(first: date) -> str:
    """ "2016 年 3 月", "March 2016"."""
    return (
        f"{first.year} 年 {first.month} 月"
        if wording.is_chinese()
        else f"{_MONTHS[first.month - 1]} {first.year}"
    )


def latest_month(contract: Contract, now: datetime) -> Period:
    """The month of the newest ticket (1 query), or the present one: what a page shows that was asked for no period."""
    newest = (
        Ticket.objects.filter(scope_id=contract.pk)
        .order_by("-opened_at")
        .values_list("opened_at", flat=True)
        .first()
    )
    instant = min(newest, now) if newest is not None else now
    return month_of(instant.astimezone(ZoneInfo(contract.scope.zone)).date())


def read_period(contract: Contract, start: str, end: str, now: datetime) -> Period:
    """The period as typed (YYYY-MM-DD, or YYYY-MM for a month); one end alone means its month, none the latest month.

    Raises Invalid naming the field.
    """
    if not start and not end:
        return latest_month(contract, now)
    problems: dict[str, str | list[str]] = {}
    first = _read("from", start, problems)
    last = _read("to", end, problems)
    if problems:
        raise Invalid(problems)
    lower = first.start if first else last.start if last else now.date()
    upper = last.end if last else month_of(lower).end
    for field, day in (("from", lower), ("to", upper)):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise Invalid(
                {
                    field: _("A year lies between %(first)d and %(last)d.")
                    % {"first": FIRST_YEAR, "last": LAST_YEAR}
                }
            )
    if upper < lower:
        raise Invalid({"to": _("The period ends before it begins.")})
    if (upper - lower).days > LONGEST_DAYS:
        raise Invalid({"to": _("A period has ten years at most.")})
    return Period(lower, upper)


def _read(field: str, text: str, problems: dict[str, str | list[str]]) -> Period | None:
    if not text:
        return None
    try:
        is_month = len(text) == len("2016-03")
        day = date.fromisoformat(f"{text}-01" if is_month else text)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError(text)
        return month_of(day) if is_month else Period(day, day)
    except (ValueError, OverflowError):
        problems[field] = _("“%(text)s” is not a date. Write it as 2016-03-31, or a month as 2016-03.") % {
            "text": text[:40]
        }
        return None
