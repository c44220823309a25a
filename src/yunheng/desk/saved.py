"""Saved views of the ticket list: kept by a person, shared with the own organisation. Personal state, no entries."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.foundation import statements
from yunheng.foundation.access import Viewer
from yunheng.foundation.refusals import Invalid, NotFound

from .asking import read_query
from .models import SavedView

MOST_VIEWS: Final = 50  #: of one person
_NAME_LENGTH: Final = 80
_QUERY_LENGTH: Final = 2_000


def views_of(viewer: Viewer) -> Sequence[SavedView]:
    """The viewer's own views by name, then those that others of the organisation share; of owners only the name
    (1 query).
    """
    if viewer.person_id is None:
        return []
    views = []
    for *columns, owner_id, owner_name in statements.fetch_all(
        _VIEWS, [viewer.person_id, viewer.organisation_id, viewer.person_id]
    ):
        view = statements.made_of(SavedView, columns)
        view.owner = statements.made_of(Person, (owner_id, owner_name), ("id", "name"))
        views.append(view)
    return views


_VIEWS: Final = f"""
    SELECT {statements.columns_of(SavedView)}, person.id, person.name
    FROM saved_view JOIN person ON person.id = owner_id
    WHERE owner_id = %s OR (is_shared AND person.is_active AND organisation_id = %s)
    ORDER BY owner_id <> %s, saved_view.name, saved_view.id LIMIT 500
"""  # noqa: S608 - columns of our own model


def save_view(viewer: Viewer, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep a list under a name of one's own. What the list does not know is left out of the query.

    Raises Invalid for the name when it is missing, too long or taken, and when there are MOST_VIEWS already.
    """
    if viewer.person_id is None:
        raise Invalid({"name": _("Only people keep views.")})
    kept = _checked(query)
    with transaction.atomic():
        if SavedView.objects.filter(owner_id=viewer.person_id).count() >= MOST_VIEWS:
            raise Invalid(
                {"name": _("You keep %(count)d views already; delete one first.") % {"count": MOST_VIEWS}}
            )
        try:
            with transaction.atomic():
                return SavedView.objects.create(
                    owner_id=viewer.person_id, name=_name(name), query=kept, is_shared=is_shared
                )
        except IntegrityError:
            raise _taken(name) from None


def change_view(
    viewer: Viewer, uuid: UUID, *, name: str, is_shared: bool, query: str | None = None
) -> SavedView:
    """Rename a view of one's own, share it or no longer, and, where given, keep another list under it.

    Raises NotFound for views of others, Invalid for the name.
    """
    view = _own(viewer, uuid)
    view.name, view.is_shared = _name(name), is_shared
    if query is not None:
        view.query = _checked(query)
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "is_shared", "query"])
    except IntegrityError:
        raise _taken(name) from None
    return view


def delete_view(viewer: Viewer, uuid: UUID) -> str:
    """Delete a view of one's own; returns its name. Raises NotFound for views of others."""
    view = _own(viewer, uuid)
    view.delete()
    return view.name


def _own(viewer: Viewer, uuid: UUID) -> SavedView:
    view = SavedView.objects.filter(uuid=uuid, owner_id=viewer.person_id).first()
    if view is None or viewer.person_id is None:
        raise NotFound(_("There is no such view."))
    return view


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": _("This field is required.")})
    if len(name) > _NAME_LENGTH:
        raise Invalid({"name": _("At most %(count)d characters.") % {"count": _NAME_LENGTH}})
    return name


def _checked(query: str) -> str:
    kept = read_query(query).query()
    if len(kept) > _QUERY_LENGTH:
        raise Invalid({"name": _("This filter is too long to be kept.")})
    return kept


def _taken(name: str) -> Invalid:
    return Invalid({"name": _("You have a view with the name “%(name)s” already.") % {"name": name.strip()}})
