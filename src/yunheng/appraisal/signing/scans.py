"""A scan of the stamped paper: PDF, JPEG or PNG by its content, and the digest that is printed on the paper."""

import re
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

from yunheng.foundation.attachments import FileDraft, ending_of
from yunheng.foundation.refusals import Invalid

__all__ = ["ACCEPTED", "LONGEST_NAMES", "PRINTED_CHARACTERS", "check_printed", "one_scan", "read_names"]

ACCEPTED: Final = ".pdf,.jpg,.jpeg,.png"
PRINTED_CHARACTERS: Final = 16  #: of the digest, that whoever uploads types off the paper
LONGEST_NAMES: Final = 200
_ENDINGS: Final = {"pdf": "application/pdf", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def media_type_of(data: bytes) -> str:
    """What the content is: PDF, JPEG or PNG, complete to its end; "" for anything else."""
    if b"%PDF-" in data[:1024] and b"%%EOF" in data[-2048:]:
        return "application/pdf"
    if data.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in data[-1024:]:
        return "image/jpeg"
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and b"IEND" in data[-64:]:
        return "image/png"
    return ""


def one_scan(files: Sequence[FileDraft]) -> tuple[FileDraft, str]:
    """The scan and its media type. Raises Invalid for "files": none, several, or what is neither PDF nor picture."""
    if len(files) != 1:
        raise Invalid({"files": _("One file: all pages of the paper in one PDF, or one picture of it.")})
    file = files[0]
    found = media_type_of(file.data)
    if not found:
        raise Invalid(
            {
                "files": _("“%(name)s” is no PDF, JPEG or PNG, or it is cut off: open it, and scan anew.")
                % {"name": file.name}
            }
        )
    if _ENDINGS.get(ending_of(file.name)) != found:
        raise Invalid(
            {"files": _("“%(name)s” holds something else than its ending says.") % {"name": file.name}}
        )
    return file, found


def check_printed(printed: str, digest: str) -> str:
    """The characters that the uploader read off the paper, if they begin the statement's digest. Raises Invalid."""
    typed = re.sub(r"[\s\-–:.]", "", printed).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{PRINTED_CHARACTERS}}}", typed):
        raise Invalid(
            {
                "printed": _(
                    "The first %(count)d characters of the digest as printed on the paper: 0–9 and a–f."
                )
                % {"count": PRINTED_CHARACTERS}
            }
        )
    if typed != digest[:PRINTED_CHARACTERS]:
        raise Invalid(
            {
                "printed": _(
                    "The paper is not of this statement as it stands: there %(typed)s … is printed, here it begins"
                    " with %(wanted)s. It may be an earlier printout; print this one, and have it signed and stamped."
                )
                % {"typed": typed, "wanted": digest[:PRINTED_CHARACTERS]}
            }
        )
    return typed


def read_names(names: str) -> str:
    """The names of who signed the paper. Raises Invalid."""
    text = " ".join(names.split())
    if not text or len(text) > LONGEST_NAMES or "\0" in text:
        raise Invalid(
            {
                "names": _("Who signed the paper: between 1 and %(count)d characters.")
                % {"count": LONGEST_NAMES}
            }
        )
    return text
