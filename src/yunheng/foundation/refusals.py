"""The few ways in which an action or query says no; the edges (pages, API, command line) translate each once.

`code` is stable and for machines, the message is a sentence for people in the language of the request.
"""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Base of all refusals: nothing was changed."""

    code = "refused"
    status = 400  # the HTTP status that the API answers with

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFound(Refusal):
    """There is no such thing, or the viewer may not know that there is (both look the same)."""

    code = "not_found"
    status = 404


class Forbidden(Refusal):
    """The viewer sees the thing but may not do this to it. `permission` names what is missing."""

    code = "forbidden"
    status = 403

    def __init__(self, message: str, *, permission: str = "") -> None:
        super().__init__(message)
        self.permission = permission


class Conflict(Refusal):
    """Somebody else changed the thing first. `changed_by` and `state` say who, and what it is now."""

    code = "conflict"
    status = 409

    def __init__(
        self, message: str, *, changed_by: str = "", state: str = "", code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.changed_by = changed_by
        self.state = state


class Invalid(Refusal):
    """The input is wrong. `fields` maps each field to the sentences that say what is wrong and what would
    be right.
    """

    code = "invalid"
    status = 422

    def __init__(self, fields: Mapping[str, str | list[str]], *, code: str | None = None) -> None:
        self.fields = {
            key: [value] if isinstance(value, str) else list(value) for key, value in fields.items()
        }
        super().__init__("; ".join(text for texts in self.fields.values() for text in texts), code=code)
