"""Documents about a statement, as files."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from yunheng.foundation.answers import download
from yunheng.foundation.pages import PageRequest, signed_in

from ..forms import reader_language
from ..statements.making import letter_file


@require_safe
@signed_in
def statement_document(request: PageRequest, number: str, kind: str, form: str) -> HttpResponse:
    """A notice of result or a settlement sheet in the reader's language, or in the one that `language` names."""
    language = request.GET.get("language", "") or reader_language()
    name, data = letter_file(request.viewer, number, kind, language, form)
    return download(name, data)
