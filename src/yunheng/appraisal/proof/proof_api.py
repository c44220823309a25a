"""API of evidence packs."""

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from yunheng.accounts.quotas import spend_export
from yunheng.foundation.answers import viewer_of

from ..statements.queries import access_statement
from .packing import pack_chunks
from .source import source_of

router = Router(tags=["statements"])


@router.get(
    "/statements/{number}/evidence",
    summary="Evidence pack of a statement",
    openapi_extra={
        "responses": {
            200: {
                "description": "A zip that `verify.py` and `yunheng-verify.pyz` verify offline",
                "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def read_evidence(request: HttpRequest, number: str, signed: bool = False) -> StreamingHttpResponse:
    """Contract, calendars, frozen measurements, clocks, every leaf of the log up to the statement's head, signed heads,
    keys and signatures, streamed. `signed`: up to the first head after the lock, so that appeal, votes, signatures and
    lock are among the leaves. Needs `log.view` beside `appraisal.view`. A draft has none.
    """
    viewer = viewer_of(request)
    statement = access_statement(viewer, number)
    viewer.require("log.view", statement.scope_id)
    source = source_of(statement, is_signed=signed)
    spend_export(viewer)
    answer = StreamingHttpResponse(pack_chunks(source), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{source.file_name}"'
    return answer
