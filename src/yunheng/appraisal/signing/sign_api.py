"""API: a statement is not signed through it, and says so."""

from typing import NoReturn

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from yunheng.foundation.answers import viewer_of
from yunheng.foundation.refusals import Forbidden

from ..statements.queries import access_statement

router = Router(tags=["statements"])


@router.post("/statements/{number}/sign", response={204: None}, summary="Refused: people sign, on the page")
def sign(request: HttpRequest, number: str) -> NoReturn:
    """Always 403: a signature is a person's, given on the page of the statement by passkey, by confirmation with a
    mailed receipt, or by a scan of the stamped paper. No token and no program signs for anybody.
    """
    access_statement(viewer_of(request), number)
    raise Forbidden(
        _("A token cannot sign: a person signs, signed in on the page of the statement."),
        permission="appraisal.sign",
    )
