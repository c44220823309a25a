"""Labels of contracts in templates."""

from collections.abc import Mapping

from django import template

from yunheng.contracts import wording

register = template.Library()


@register.filter
def said(label: Mapping[str, str]) -> str:
    """A label in the reader's language."""
    return wording.said(label)
