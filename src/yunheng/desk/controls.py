"""Controls of the ticket's forms as HTML: what a field of `forms` looks like."""

from collections.abc import Iterator
from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from yunheng.foundation.controls import field_html, options_html
from yunheng.foundation.markup import escaped, html_made, icon_html

from .forms import Field, Form

_CHOICES: Final = frozenset({"choice", "team", "person", "supplier"})
_INPUTS: Final = {"instant": "datetime-local", "date": "date"}


def control_html(form: Form, field: Field) -> SafeString:
    """A field of a form: the control of its kind, with label, help, and what is wrong."""
    if field.kind == "hidden":
        return html_made(f'<input type="hidden" name="{escaped(field.name)}" value="{escaped(field.value)}">')
    place = f"{form.id}-{field.name}"
    named = f'id="{escaped(place)}" name="{escaped(field.name)}"'
    if field.kind == "flag":
        return field_html(_flag(field, named), name=field.name, id=place, error=field.errors, help=field.help)
    return field_html(
        _files(named) if field.kind == "files" else _control(field, named),
        name=field.name,
        id=place,
        label=field.label,
        help="" if field.kind == "files" else field.help,
        error=field.errors,
        optional=field.is_optional,
        wide=field.is_wide,
    )


def _flag(field: Field, named: str) -> SafeString:
    chosen = " checked" if field.value else ""
    return html_made(
        f'<label class="check"><input type="checkbox" {named} value="on"{chosen}> '
        f"<span>{escaped(field.label)}</span></label>"
    )


def _files(named: str) -> SafeString:
    hint = escaped(_("Choose files, drop them here, or paste a picture"))
    return html_made(
        f'<div class="dropzone" data-dropzone><input type="file" {named} multiple data-files data-max="10" '
        f'data-size="20971520"><p class="dropzone-hint">{icon_html("upload")} {hint}</p></div>'
        '<ul class="file-list" data-files-list></ul>'
    )


def _control(field: Field, named: str) -> SafeString:
    required, value = " required" if field.is_required else "", escaped(field.value)
    if field.kind == "text":
        return html_made(f'<textarea {named} rows="3" maxlength="20000"{required}>\n{value}</textarea>')
    if field.kind in _CHOICES:
        load = (
            f' hx-get="{escaped(field.load)}" hx-trigger="change" hx-target="#{escaped(field.target)}"'
            ' hx-swap="innerHTML"'
            if field.load
            else ""
        )
        return html_made(f"<select {named}{required}{load}>{''.join(_choices(field))}</select>")
    if field.kind in _INPUTS:
        return html_made(f'<input type="{_INPUTS[field.kind]}" {named} value="{value}"{required}>')
    return html_made(
        f'<input type="text" {named} value="{value}" maxlength="300" autocomplete="off"{required}>'
    )


def _choices(field: Field) -> Iterator[str]:
    """What one can choose; of what must be chosen nothing, as long as it is not."""
    if not field.is_required or not field.value:
        yield options_html([("", _("choose") if field.is_required else field.empty or "–")], None)
    for group in field.groups:
        options = options_html(group.options, field.value)
        yield f'<optgroup label="{escaped(group.label)}">{options}</optgroup>' if group.label else options
