"""Content of a report in, documents out: Word, PDF and Excel, rendered in a limited process of its own.

No Django and no gettext in here: content brings all its wording. The same content gives the same bytes.
"""

from yunheng.reports.rendering.limited import check_template, render, standard_template
from yunheng.reports.rendering.outcome import (
    FORMATS,
    MEDIA_TYPES,
    RenderError,
    TemplateFault,
    TemplateProblem,
)
from yunheng.reports.rendering.shape import CHAPTERS
from yunheng.reports.rendering.words import WORDS, words_of

__all__ = [
    "CHAPTERS",
    "FORMATS",
    "MEDIA_TYPES",
    "WORDS",
    "RenderError",
    "TemplateFault",
    "TemplateProblem",
    "check_template",
    "render",
    "standard_template",
    "words_of",
]
