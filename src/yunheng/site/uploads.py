"""Which uploads are taken in at all: nothing from people who are not known, and no more than a form may hold.

What is refused is never kept, neither in memory nor on the disk.
"""

from typing import IO, Any, Final

from django.core.exceptions import RequestDataTooBig
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.utils.datastructures import MultiValueDict

from yunheng.foundation.attachments import MOST_BYTES, MOST_FILES

#: Longest request with files, in bytes, by how its address begins; the last one is for all others.
IMPORT_ADDRESSES: Final = ("/imports", "/api/v1/imports")
MOST_OF_IMPORT: Final = 201 * 1024 * 1024
MOST_OF_OTHERS: Final = 60 * 1024 * 1024
MOST_OF_STRANGERS: Final = 1024 * 1024  # a form that is posted as multipart, without its files


class RefusedFile(UploadedFile):
    """A file that was too large: its name and size, without content. `read_uploads` says so beside its field."""

    is_refused = True


class KnownPeopleOnly(FileUploadHandler):
    """First of the upload handlers: lets files of people who signed in pass on, within limits, and drops the others."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - named by Django
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[Any, MultiValueDict[str, UploadedFile]] | None:
        """Refuse the whole request when it says that it is too long. Raises RequestDataTooBig (a 400 page)."""
        request = self.request
        self.is_known = request is not None and is_known(request)
        is_import = (
            request is not None
            and request.path_info.startswith(IMPORT_ADDRESSES)
            and self.is_known
            and may_import(request)
        )
        self.most_of_file = MOST_OF_IMPORT if is_import else MOST_BYTES
        most = MOST_OF_IMPORT if is_import else MOST_OF_OTHERS
        if content_length > (most if self.is_known else MOST_OF_STRANGERS):
            raise RequestDataTooBig("The request is longer than a form with files may be.")
        self.count = 0
        return None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Skip files of people who are not known."""
        super().new_file(*args, **kwargs)
        self.count += 1
        self.received = 0
        if not self.is_known:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Hand the chunk to the next handler; of what is too much nobody gets it."""
        self.received += len(raw_data)
        return None if self._is_too_much else raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """A file without content in place of one that was too much."""
        if not self._is_too_much:
            return None
        return RefusedFile(ContentFile(b""), self.file_name, self.content_type, self.received, self.charset)

    @property
    def _is_too_much(self) -> bool:
        return self.count > MOST_FILES or self.received > self.most_of_file


def may_import(request: Any) -> bool:
    """Whether somebody known may import into any contract: nobody else sends files of that size."""
    viewer = getattr(request, "auth", None) or getattr(request, "viewer", None)
    if viewer is None:
        return False
    return viewer.may("import.run", None) or any(
        viewer.may("import.run", scope_id) for _role, scope_id in viewer.grants
    )


def is_known(request: Any) -> bool:
    """Whether somebody signed in, or came with a token that counts."""
    if getattr(request, "auth", None) is not None:  # laid by the API before it reads anything
        return True
    user = getattr(request, "user", None)
    return user is not None and bool(user.is_authenticated)
