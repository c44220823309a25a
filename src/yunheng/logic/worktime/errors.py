"""What goes wrong with calendars."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CalendarError(ValueError):
    """Rules or a stored calendar that cannot be used: `field` is the place, `message` what is wrong there."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class HorizonError(LookupError):
    """An instant, or the answer, lies outside what was materialised: [first_at, last_at], UTC seconds."""

    def __init__(self, message: str, first_at: int, last_at: int) -> None:
        reach = f"from {show_instant(first_at)} to {show_instant(last_at)}"
        super().__init__(f"{message}; the calendar reaches {reach}")
        self.first_at = first_at
        self.last_at = last_at


def show_instant(t: int) -> str:
    """An instant for a message, such as 2026-04-01T09:00:00Z."""
    try:
        return (_EPOCH + timedelta(seconds=t)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return f"second {t}"
