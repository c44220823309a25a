"""Numbers of subjects (ACME-INC-20260401-0007): per scope, kind and day, unique, increasing, with gaps."""

from collections.abc import Mapping
from datetime import date

from django.db import connection

from .models import Scope

__all__ = ["format_number", "next_number", "reserve_numbers"]


def format_number(scope: Scope, kind_code: str, day: date, ordinal: int) -> str:
    """The number that is the `ordinal`-th of its kind on `day`; more than 9,999 a day simply grow longer."""
    return f"{scope.key.upper()}-{kind_code}-{day:%Y%m%d}-{ordinal:04d}"


def next_number(scope: Scope, kind_code: str, day: date) -> str:
    """Take the next number. `day` is the date in the scope's zone on which the subject was opened.

    The counter stays locked until the caller's transaction ends: numbers come in commit order, and a rollback
    gives the number back.
    """
    return format_number(scope, kind_code, day, reserve_numbers(scope, kind_code, {day: 1})[day][0])


def reserve_numbers(scope: Scope, kind_code: str, counts: Mapping[date, int]) -> Mapping[date, range]:
    """Take `counts[day]` ordinals for each day at once; give them to `format_number`.

    Raises ValueError when a count is less than one.
    """
    if any(count < 1 for count in counts.values()):
        raise ValueError("a reservation takes at least one number per day")
    if not counts:
        return {}
    days = sorted(counts)  # in one order, so that two imports never wait for each other crosswise
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO number_counter (scope_id, kind, day, last)
            SELECT %s, %s, day, count FROM unnest(%s::date[], %s::int[]) AS wanted (day, count) ORDER BY day
            ON CONFLICT (scope_id, kind, day) DO UPDATE SET last = number_counter.last + excluded.last
            RETURNING day, last
            """,
            [scope.pk, kind_code, days, [counts[day] for day in days]],
        )
        return {day: range(last - counts[day] + 1, last + 1) for day, last in cursor.fetchall()}
