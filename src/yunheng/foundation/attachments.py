"""Files that come with an entry of a subject: what is taken, how the entry tells of them, and where the bytes are kept.

The bytes stand in the database, written with the entry that names their SHA-256: they stand or fall together, every
node sees them, and every backup has them (ADR 0009).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, Protocol

from django.db.models import BinaryField, F, Func
from django.utils.translation import gettext as _

from .models import Attachment, AttachmentContent
from .refusals import Invalid

__all__ = [
    "ALLOWED",
    "MOST_BYTES",
    "MOST_FILES",
    "FileDraft",
    "altered",
    "check_files",
    "clean_name",
    "content_of",
    "describe",
    "erase",
    "read_uploads",
    "store",
]

MOST_FILES: Final = 10  #: with one entry
MOST_BYTES: Final = 20 * 1024 * 1024  #: of one file
MOST_BYTES_TOGETHER: Final = 60 * 1024 * 1024  #: of the files of one entry

LONGEST_NAME: Final = 200  #: characters
LONGEST_ENDING: Final = 20
LONGEST_NAME_BYTES: Final = 240  #: in UTF-8; what most file systems still keep

#: Endings that are taken, with the media type kept for them. Nothing that a browser or a desktop runs as a program.
ALLOWED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("txt", "log", "conf", "cfg", "ini", "md"), "text/plain"),
    "csv": "text/csv",
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "heic": "image/heic",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "wps": "application/vnd.ms-works",
    "et": "application/vnd.ms-excel",
    "dps": "application/vnd.ms-powerpoint",
    "rtf": "application/rtf",
    "vsd": "application/vnd.visio",
    "vsdx": "application/vnd.ms-visio.drawing",
    "eml": "message/rfc822",
    "msg": "application/vnd.ms-outlook",
    "zip": "application/zip",
    "7z": "application/x-7z-compressed",
    "rar": "application/vnd.rar",
    "tar": "application/x-tar",
    "gz": "application/gzip",
    "tgz": "application/gzip",
    "pcap": "application/vnd.tcpdump.pcap",
    "pcapng": "application/octet-stream",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "amr": "audio/amr",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}

_FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*]')  # by some file system or other
#: Unicode categories of what nobody sees in a name: controls, turns of the order of writing, halves of characters.
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


class UploadedFile(Protocol):
    """What of an uploaded file is needed here (Django's and ninja's have it).

    `is_refused` is set by the upload handler on a file that was too large to be taken in: its content is not there.
    """

    @property
    def name(self) -> str | None:
        """As its sender named it."""

    @property
    def size(self) -> int | None:
        """Bytes."""

    @property
    def read(self) -> Callable[[], bytes]:
        """Gives all of its content."""


@dataclass(frozen=True)
class FileDraft:
    """A file that is to be attached: its cleaned name and its content."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return sha256(self.data).digest()


def clean_name(name: str) -> str:
    """The last part of a file's name without folders, control and invisible characters, and what file systems refuse.

    At most 200 characters and 240 bytes, shortened before the ending. A name of which nothing is left is "file".
    """
    text = unicodedata.normalize("NFC", name.replace("\\", "/")).rsplit("/", 1)[-1]
    text = "".join(it for it in text if unicodedata.category(it) not in _HIDDEN_CATEGORIES)
    text = " ".join(_FORBIDDEN_IN_NAMES.sub("_", text).split()).rstrip(". ")
    stem, dot, ending = text.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        stem, tail = text, ""
    else:
        tail = dot + ending
    stem = stem.strip(". ") or "file"
    while len(stem) + len(tail) > LONGEST_NAME or len((stem + tail).encode()) > LONGEST_NAME_BYTES:
        stem = stem[:-1].rstrip(". ")
    return stem + tail


def ending_of(name: str) -> str:
    """The ending of a name, lower case, without the dot; "" when it has none."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def read_uploads(files: Iterable[UploadedFile]) -> list[FileDraft]:
    """Read uploaded files under their cleaned names. Raises Invalid for "files" as `check_files` does; a file that is
    too large is never read.
    """
    faults: list[str] = []
    drafts: list[FileDraft] = []
    taken = list(files)
    if len(taken) > MOST_FILES:
        raise Invalid({"files": _too_many()})
    for file in taken:
        name = clean_name(file.name or "")
        if getattr(file, "is_refused", False) or (file.size or 0) > MOST_BYTES:
            faults.append(_too_large(name))
        else:
            drafts.append(FileDraft(name, file.read()))
    if faults:
        raise Invalid({"files": faults})
    check_files(drafts)
    return drafts


def check_files(files: Sequence[FileDraft]) -> None:
    """Raise Invalid for "files", a sentence per file that cannot be attached: more than 10, larger than 20 MiB (60 MiB
    together), empty, or with an ending that is not taken.
    """
    faults: list[str] = []
    if len(files) > MOST_FILES:
        raise Invalid({"files": _too_many()})
    for file in files:
        if file.size > MOST_BYTES:
            faults.append(_too_large(file.name))
        elif not file.data:
            faults.append(_("“%(name)s” is empty.") % {"name": file.name})
        elif file.name != clean_name(file.name):
            faults.append(_("“%(name)s” is no name for a file.") % {"name": clean_name(file.name)})
        elif ending_of(file.name) not in ALLOWED:
            faults.append(
                _("“%(name)s”: this kind of file is not taken. Send it as PDF, as a picture or as ZIP.")
                % {"name": file.name}
            )
    if not faults and sum(file.size for file in files) > MOST_BYTES_TOGETHER:
        faults.append(_("Together at most %(size)d MB.") % {"size": MOST_BYTES_TOGETHER // 1024**2})
    if faults:
        raise Invalid({"files": faults})


def _too_many() -> str:
    return _("At most %(count)d files at once.") % {"count": MOST_FILES}


def _too_large(name: str) -> str:
    return _("“%(name)s” is larger than %(size)d MB.") % {"name": name, "size": MOST_BYTES // 1024**2}


def describe(files: Sequence[FileDraft]) -> list[dict[str, str | int]]:
    """Name, size in bytes and SHA-256 (hex) of each file: what an entry tells of them under "files", so that its leaf
    covers them.
    """
    return [{"name": file.name, "size": file.size, "sha256": file.digest.hex()} for file in files]


def store(
    files: Sequence[FileDraft], *, scope_id: int, subject_id: int, entry_id: int, is_internal: bool
) -> list[Attachment]:
    """Keep the files of an entry, in the transaction that recorded it (2 statements per file). Raises Invalid as
    `check_files` does.
    """
    check_files(files)
    kept = []
    for file in files:
        attachment = Attachment.objects.create(
            scope_id=scope_id,
            subject_id=subject_id,
            entry_id=entry_id,
            name=file.name,
            media_type=ALLOWED[ending_of(file.name)],
            size=file.size,
            digest=file.digest,
            is_internal=is_internal,
        )
        AttachmentContent.objects.create(attachment=attachment, data=file.data)
        kept.append(attachment)
    return kept


def erase(*, entry_id: int, is_internal: bool) -> int:
    """Erase the bytes and names of the files of an entry, when the class of its data that tells of them is erased;
    returns how many there were. Size and SHA-256 stay, as the leaf does.
    """
    attachments = Attachment.objects.filter(entry_id=entry_id, is_internal=is_internal)
    AttachmentContent.objects.filter(attachment__in=attachments).update(data=None)
    return attachments.update(name="")


def content_of(attachment: Attachment) -> bytes | None:
    """The bytes of an attachment; None when they were erased."""
    data = AttachmentContent.objects.values_list("data", flat=True).get(pk=attachment.pk)
    return None if data is None else bytes(data)


def altered(*, scope_id: int, subject_id: int) -> list[Attachment]:
    """Files of a subject whose content is gone, or not what their SHA-256 says; erased ones among them. The database
    computes it (1 query), so that no content travels.
    """
    files = Attachment.objects.filter(scope_id=scope_id, subject_id=subject_id)
    sound = files.filter(digest=Func(F("content__data"), function="sha256", output_field=BinaryField()))
    return list(files.exclude(pk__in=sound.values("pk")).order_by("id"))
