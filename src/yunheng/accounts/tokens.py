"""A person's own tokens, to be listed and found."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from yunheng.foundation.refusals import NotFound

from .models import ApiToken


def tokens_of(person_id: int, *, now: datetime) -> list[ApiToken]:
    """The person's tokens, the newest first, ended ones included (1 query); `is_over` says which count no more."""
    rows = list(ApiToken.objects.filter(person_id=person_id).defer("digest").order_by("-pk")[:200])
    for row in rows:
        row.is_over = bool(row.revoked_at or (row.expires_at and row.expires_at <= now))  # type: ignore[attr-defined]
    return rows


def has_tokens(person_id: int) -> bool:
    """Whether the person has a token that nobody ended (1 query)."""
    return ApiToken.objects.filter(person_id=person_id, revoked_at=None).exists()


def own_token(person_id: int, uuid: UUID) -> ApiToken:
    """The person's token. Raises NotFound, also for somebody else's."""
    token = ApiToken.objects.select_related("person").filter(person_id=person_id, uuid=uuid).first()
    if token is None:
        raise NotFound(_("There is no such token."))
    return token
