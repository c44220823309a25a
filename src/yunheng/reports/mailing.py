"""The files of reports as mails carry them."""

from collections.abc import Mapping
from typing import Any

from yunheng.notify.attaching import AttachedFile

from .making import MEDIA_TYPES
from .models import ReportFile


def attached_report(reference: Mapping[str, Any]) -> AttachedFile | None:
    """The issued file of a reference {"report": number, "language": …, "format": …}; None when there is none."""
    file = (
        ReportFile.objects.filter(
            report__number=reference["report"],
            language=reference["language"],
            format=reference["format"],
            edition__gt=0,
        )
        .order_by("-edition")
        .first()
    )
    if file is None:
        return None
    return AttachedFile(file.name, MEDIA_TYPES[file.format], bytes(file.data))
