"""Files of imports between web and worker: kept in the database in pieces until their run has ended.

Why there: web nodes keep nothing and may be many, the worker may be another machine, and what both reach is the
database. 1 MiB a piece keeps memory small on both sides; 200 MiB are enough for some two million rows, and larger
files are read by the command line where they lie.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from yunheng.accounts.models import Person
from yunheng.foundation.refusals import Invalid

from .models import ImportChunk, ImportRun

MOST_BYTES: Final = 200 * 1024 * 1024
MOST_KEPT: Final = 20  #: files of one person that lie here at a time
MOST_KEPT_BYTES: Final = 1024 * 1024 * 1024  #: of them together
CHUNK: Final = 1024 * 1024
ENDINGS: Final = (".csv", ".tsv", ".txt", ".xlsx", ".zip")
_LONGEST_NAME: Final = 120


def clean_name(name: str) -> str:
    """A file's name without folders, control characters and what a file system or a terminal could take amiss."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(letter for letter in plain if unicodedata.category(letter)[0] != "C")
    plain = re.sub(r'[<>:"|?*]', "_", plain).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1] or 'file'}.{ending}"
    return plain[:_LONGEST_NAME] or "file"


def check_upload(file: UploadedFile | None) -> UploadedFile:
    """The file of a form. Raises Invalid for none, an empty one, one that is too large or of another kind."""
    if file is None or not file.name:
        raise Invalid({"file": _("Choose a file.")})
    if getattr(file, "is_refused", False) or (file.size or 0) > MOST_BYTES:
        raise Invalid(
            {
                "file": _(
                    "The file is larger than %(most)d MB. Pack it (zip), split it, or import it on the command line: "
                    "yunheng import"
                )
                % {"most": MOST_BYTES // (1024 * 1024)}
            }
        )
    if not file.size:
        raise Invalid({"file": _("The file is empty.")})
    if not clean_name(file.name).lower().endswith(ENDINGS):
        raise Invalid(
            {"file": _("Files are read that end in: %(endings)s") % {"endings": ", ".join(ENDINGS)}}
        )
    return file


def digest_of(file: UploadedFile) -> bytes:
    """SHA-256 of an uploaded file, piece by piece."""
    digest = hashlib.sha256()
    for piece in file.chunks(CHUNK):
        digest.update(piece)
    return digest.digest()


def check_room(person: Person, size: int) -> None:
    """Raise Invalid for "file" when the person has as many files here as one may have, or they are too large together:
    each is kept until its run has ended. Locks the person's row: two uploads at once count each other.
    """
    Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
    kept = ImportRun.objects.filter(
        pk__in=ImportChunk.objects.filter(index=0, run__asked_by=person).values("run_id")
    ).aggregate(count=Count("pk"), size=Sum("size"))
    if kept["count"] < MOST_KEPT and (kept["size"] or 0) + size <= MOST_KEPT_BYTES:
        return
    raise Invalid(
        {
            "file": _(
                "One person keeps at most %(most)d files here, %(size)d MB together, until their imports have ended. "
                "Finish one under “Imports”, or cancel it."
            )
            % {"most": MOST_KEPT, "size": MOST_KEPT_BYTES // (1024 * 1024)}
        },
        code="over_quota",
    )


def keep(run: ImportRun, file: UploadedFile) -> None:
    """Store the file's pieces in the caller's transaction."""
    file.seek(0)
    for index, piece in enumerate(file.chunks(CHUNK)):
        ImportChunk.objects.create(run=run, index=index, data=piece)


@contextmanager
def file_of(run: ImportRun) -> Iterator[Path]:
    """The run's file on the disk of this machine, for as long as it is needed. Raises Invalid when it is gone."""
    with TemporaryDirectory(prefix="yunheng-import-") as folder:
        path = Path(folder) / clean_name(run.file_name)
        size = 0
        with path.open("wb") as stream:
            index = 0
            while True:
                piece = _piece(run, index)
                if piece is None:
                    break
                size += stream.write(piece)
                index += 1
        if size != run.size:
            raise Invalid({"file": _("The file is not kept any more. Choose it once more.")})
        yield path


def _piece(run: ImportRun, index: int) -> bytes | None:
    row: Any = ImportChunk.objects.filter(run=run, index=index).values_list("data", flat=True).first()
    return None if row is None else bytes(row)


def forget(run: ImportRun) -> None:
    """Let go of the file."""
    ImportChunk.objects.filter(run=run).delete()


def is_kept(run: ImportRun) -> bool:
    """Whether the file is still there."""
    return ImportChunk.objects.filter(run=run).exists()
