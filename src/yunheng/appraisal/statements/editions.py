"""The statements of one period, each reversing the one before; and what of its money was settled before."""

from decimal import Decimal

from ..models import Statement


def earlier_editions(statement: Statement) -> list[Statement]:
    """What a statement reverses, and what that reversed, the newest first; without their frozen bytes (1 query, none
    for a first edition).
    """
    if statement.edition == 1:
        return []
    return list(
        Statement.objects.defer("frozen")
        .filter(scope_id=statement.scope_id, period=statement.period, edition__lt=statement.edition)
        .exclude(state="discarded")
        .order_by("-edition")
    )


def settled_before(statement: Statement) -> Decimal:
    """What both sides have settled for the period before this statement, of all that it reverses together.

    Each settlement brings what was settled to what is payable by then, so the newest one says it: the sum of the first
    payable amount and of all differences that were settled since. What was signed and never settled adds nothing.
    """
    for one in earlier_editions(statement):
        if one.settled_at is not None and one.payable is not None:
            return one.payable
    return Decimal(0)
