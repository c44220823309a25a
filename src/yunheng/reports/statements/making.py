"""The files of a notice of result and of a settlement sheet: those that were kept, else made on the spot."""

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from yunheng.accounts.quotas import spend_export
from yunheng.appraisal.statements.drafts import drafted
from yunheng.appraisal.statements.queries import access_statement, statement_page
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, NotFound

from ..making import render
from ..models import Format, Language
from .content import LETTERS, Letter, letter_content
from .keeping import kept_letter, letter_name


def letter_file(viewer: Viewer, number: str, kind: str, language: str, form: str) -> tuple[str, bytes]:
    """Name and bytes of a letter about a statement: as it was kept (`keeping`), else made now.

    A draft's says DRAFT on every page. Needs `appraisal.view`. Raises NotFound (unknown or hidden statement, kind or
    format), Invalid for "kind" where the statement settles nothing, OverQuota (what is made now counts), Unrendered.
    """
    statement = access_statement(viewer, number)
    letter: Letter | None = next((one for one in LETTERS if one == kind), None)
    if letter is None or form not in Format.values or language not in Language.values:
        raise NotFound(_("There is no such document."))
    name = letter_name(statement, letter, language, form)
    kept = kept_letter(statement, letter, language, form)
    if kept is not None:
        return name, kept
    now = datetime.now(UTC)
    view = statement_page(viewer, statement, now=now)
    computed = drafted(statement, now=now) if view.content is None else None
    try:
        content = letter_content(view, letter, language, computed)
    except ValueError:
        raise Invalid({"kind": _("%(number)s settles no money.") % {"number": number}}) from None
    spend_export(viewer, now=now)
    return name, render(content, [form], rows=())[form]
