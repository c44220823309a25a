"""Numbers of many tickets at once."""

from collections.abc import Collection

from django.db import connection


def ticket_numbers(scope_id: int, ids: Collection[int]) -> dict[int, str]:
    """The number of each of these tickets of a scope, by id; there may be others beside them. (1 query, none for none.)

    Many are read as the span that they lie in: tickets of a period are neighbours, and a list of tens of thousands of
    ids takes longer to be sent and planned than the rows between them to be read.
    """
    if not ids:
        return {}
    wanted = sorted(ids)
    first, last = wanted[0], wanted[-1]
    with connection.cursor() as cursor:
        if last - first < _SPARSE * len(wanted):
            cursor.execute(_OF_A_SPAN, [scope_id, first, last])
        else:
            cursor.execute(_OF_THESE, [scope_id, wanted])
        return dict(cursor.fetchall())


_OF_A_SPAN = "SELECT id, number FROM ticket WHERE scope_id = %s AND id BETWEEN %s AND %s"
_OF_THESE = "SELECT id, number FROM ticket WHERE scope_id = %s AND id = ANY(%s)"
#: A span with more rows than this for each that is wanted is read by id.
_SPARSE = 4
