"""Lists of subjects by keyset, the newest first, in which a page goes on from the number of the last one."""

from typing import TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from .models import SubjectBase
from .refusals import Invalid

S = TypeVar("S", bound=SubjectBase)


def newest_first(
    seen: QuerySet[S], *, scope_id: int | None, after: str | None, limit: int, **equal: str
) -> tuple[list[S], str]:
    """A page of those that may be seen, of one scope (None: of all), where each column of `equal` has its value
    ("": any); and the number that the next page goes on from, "" at the end. (1 query, 2 with `after`.)

    Raises Invalid for "after", where it is no number that may be seen.
    """
    found = seen if scope_id is None else seen.filter(scope_id=scope_id)
    found = found.filter(**{name: value for name, value in equal.items() if value})
    if after:
        last = seen.filter(number=after).values_list("pk", flat=True).first()
        if last is None:
            raise Invalid({"after": _("This is not a place in this list.")})
        found = found.filter(pk__lt=last)
    rows = list(found.order_by("-pk")[: limit + 1])
    return rows[:limit], rows[limit - 1].number if len(rows) > limit else ""
