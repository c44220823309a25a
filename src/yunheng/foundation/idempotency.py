"""Writes of the API happen once: one transaction each, and under an `Idempotency-Key` the same call again is answered
with what the first one was answered, and changes nothing.

The key's row is inserted in the transaction of the write and holds the answer, so that both stand or fall together,
whenever the process is killed. Somebody who comes with the same key meanwhile waits at that row: for the answer, or
for the key, if the first one is rolled back. Only what was done is kept; a refusal changed nothing, frees its key, and
is judged anew (what was refused for a reason that has passed, a locked database for instance, must not stay refused).
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from .answers import SAFE_METHODS
from .models import IdempotencyKey
from .refusals import Invalid, Refusal
from .transactions import whole

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT: Final = timedelta(hours=24)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_BATCH: Final = 10_000

Answer = Callable[..., Any]


class KeyReused(Refusal):
    """The key was used for another request: its sender counts wrongly, and must not believe it was carried out."""

    code = "idempotency_mismatch"
    status = 422


class AnswerNotKept(Refusal):
    """The request was carried out before, and its answer held a secret that is shown once and kept nowhere."""

    code = "answer_not_kept"
    status = 409


def one_transaction(run: Answer) -> Answer:
    """Answer an unsafe request in one transaction, undone whenever the answer is an error; keep the answer of a key.

    Wraps the whole of an operation, authentication included, so that no write of the API can do without it.
    """

    @wraps(run)
    def answer(request: HttpRequest, **values: Any) -> HttpResponse:
        if request.method in SAFE_METHODS:
            return run(request, **values)
        with whole():
            response: HttpResponse = run(request, **values)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                transaction.set_rollback(True)
            else:
                _keep(request, response)
        return response

    return answer


def under_key(view: Answer) -> Answer:
    """Claim the request's key before the write, or give the answer that it had. Runs after authentication and after
    the input was found well-formed, inside of `one_transaction`.

    Raises Invalid for a key that is none, KeyReused, AnswerNotKept.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> Any:
        key = None if request.method in SAFE_METHODS else request.headers.get(HEADER)
        if key is None:
            return view(request, *args, **values)
        if not _KEY.fullmatch(key):
            raise Invalid({HEADER: _("1 to 255 visible ASCII characters, without blanks.")})
        digest = request_digest(request)
        claimed, kept = _claim(holder_of(request), key, digest)
        if kept is None:
            request.idempotency_claim = claimed  # type: ignore[attr-defined]
            return view(request, *args, **values)
        if bytes(kept.request_digest) != digest:
            raise KeyReused(_("This key was used for another request; take a new one for each."))
        if kept.body is None:
            raise AnswerNotKept(
                _("This was done before; what it answered was shown once and is kept nowhere.")
            )
        response = HttpResponse(bytes(kept.body), status=kept.status, content_type=kept.media_type)
        response[REPLAYED] = "true"
        return response

    return answer


def lay_holder(request: HttpRequest, holder: str) -> None:
    """Say whose keys the request's are: of a token ("token:…") or a person ("person:…"). Told by authentication."""
    request.idempotency_holder = holder  # type: ignore[attr-defined]


def holder_of(request: HttpRequest) -> str:
    """Whose keys the request's are."""
    holder: str = request.idempotency_holder  # type: ignore[attr-defined]
    return holder


def keep_no_answer(request: HttpRequest) -> None:
    """Keep that the request was carried out, and not what it is answered: the answer holds a secret."""
    request.idempotency_is_secret = True  # type: ignore[attr-defined]


def request_digest(request: HttpRequest) -> bytes:
    """SHA-256 over method, path, query and body. Of a form with files: over its fields and files, for whoever sends
    it again separates the parts by other random text.
    """
    digest = hashlib.sha256()
    for part in (request.method or "", request.path, request.META.get("QUERY_STRING", "")):
        digest.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    if (request.content_type or "").startswith("multipart/"):
        for name, values in sorted(request.POST.lists()):
            for value in values:
                digest.update(_field(name, "", str(value).encode()))
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                content = hashlib.sha256()
                for chunk in file.chunks():
                    content.update(chunk)
                file.seek(0)
                digest.update(_field(name, file.name or "", content.digest()))
    else:
        digest.update(hashlib.sha256(request.body).digest())
    return digest.digest()


def forget_old_keys(now: datetime) -> int:
    """Delete keys that are older than 24 hours, in batches; returns how many."""
    count = 0
    while True:
        found = IdempotencyKey.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
        gone, _by_model = IdempotencyKey.objects.filter(
            pk__in=list(found.values_list("pk", flat=True)[:_BATCH])
        ).delete()
        count += gone
        if gone < _BATCH:
            return count


def _field(name: str, file_name: str, content: bytes) -> bytes:
    parts = (name.encode("utf-8", "surrogatepass"), file_name.encode("utf-8", "surrogatepass"), content)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _claim(holder: str, key: str, digest: bytes) -> tuple[int, IdempotencyKey | None]:
    """The id of the key's new row, or the row of who had it first. Waits for a transaction that has it just now."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO idempotency_key (holder, key, request_digest, media_type) VALUES (%s, %s, %s, '') "
                "ON CONFLICT (holder, key) DO NOTHING RETURNING id",
                [holder, key, digest],
            )
            row = cursor.fetchone()
        if row is not None:
            return int(row[0]), None
        kept = IdempotencyKey.objects.filter(holder=holder, key=key).first()
        if kept is not None and kept.created_at > datetime.now(UTC) - KEPT:
            return kept.pk, kept
        if kept is not None:  # its time is over, only nobody has cleared it away yet
            IdempotencyKey.objects.filter(pk=kept.pk).delete()


def _keep(request: HttpRequest, response: HttpResponse) -> None:
    claim = getattr(request, "idempotency_claim", None)
    if claim is None:
        return
    is_secret = getattr(request, "idempotency_is_secret", False)
    IdempotencyKey.objects.filter(pk=claim).update(
        status=response.status_code,
        media_type=response.headers.get("Content-Type", "")[:100],
        body=None if is_secret else bytes(response.content),
    )
