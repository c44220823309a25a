"""Fields of forms as HTML: label, control, help, and what is wrong. A page of forms holds fifty of them."""

from collections.abc import Iterable

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .markup import escaped, icon_html


def field_html(
    slot: str = "",
    *,
    name: str = "",
    label: str = "",
    help: str = "",  # noqa: A002 - as templates call it
    error: object = "",
    id: str = "",  # noqa: A002
    optional: object = False,
    group: object = False,
    wide: object = False,
) -> SafeString:
    """A field around its control, which is the `slot`; of several controls as a group."""
    control, texts, words = escaped(id or f"id_{name}"), sentences(error), escaped(label)
    element, place = ("fieldset", f' id="{control}"') if group else ("div", "")
    look = f"field{' field-wrong' if texts else ''}{' field-wide' if wide else ''}"
    lines = [f'<{element} class="{look}" data-field="{escaped(name)}"{place}>']
    if label:
        words += f' <span class="optional">{escaped(_("optional"))}</span>' if optional else ""
        lines.append(f"<legend>{words}</legend>" if group else f'<label for="{control}">{words}</label>')
    lines.append(escaped(slot))
    if help:
        lines.append(f'<div class="field-help" id="{control}_helptext">{escaped(help)}</div>')
    if texts:
        wrong = "<br>".join(map(escaped, texts))
        lines.append(
            f'<div class="error-text" id="{control}_error">{icon_html("risk")} <span>{wrong}</span></div>'
        )
    lines.append(f"</{element}>")
    return mark_safe("\n".join(lines))  # noqa: S308 - all parts are escaped


def sentences(error: object) -> list[str]:
    """The sentences that say what is wrong with a field: of one text, a list of texts, or a form's errors."""
    if not error:
        return []
    if isinstance(error, str) or not isinstance(error, Iterable):
        return [str(error)]
    return [str(text) for text in error]


def options_html(choices: Iterable[tuple[str, str]], chosen: object = "") -> SafeString:
    """The <option>s of a <select>: values with their labels, and which is chosen."""
    parts = (
        f'<option value="{escaped(value)}"{" selected" if value == chosen else ""}>{escaped(label)}</option>'
        for value, label in choices
    )
    return mark_safe("".join(parts))  # noqa: S308 - all parts are escaped
