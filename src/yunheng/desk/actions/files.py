"""Files that come with what is done to a ticket: told in its entry, kept beside it."""

from collections.abc import Sequence
from typing import Any

from yunheng.accounts.quotas import spend_files
from yunheng.foundation.access import Viewer
from yunheng.foundation.attachments import FileDraft, check_files, describe, store

from ..models import Ticket


def told_files(files: Sequence[FileDraft]) -> dict[str, Any]:
    """What the entry says of the files, under "files", in the visibility class of the text they come with; nothing when
    there are none. Raises Invalid for "files".
    """
    check_files(files)
    return {"files": describe(files)} if files else {}


def keep_files(
    viewer: Viewer, ticket: Ticket, entry_id: int, files: Sequence[FileDraft], *, is_internal: bool = False
) -> None:
    """Keep the files that the entry tells of. Raises Invalid for "files" where one person adds too much in a day."""
    spend_files(viewer, sum(file.size for file in files))
    store(files, scope_id=ticket.scope_id, subject_id=ticket.pk, entry_id=entry_id, is_internal=is_internal)
