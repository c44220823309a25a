"""A backup's file: a zip of the database's dump and the data folder's files, with a manifest that proves it whole."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from yunheng.foundation.supervisor.messages import gettext as _
from yunheng.site.cli import CommandError

FORMAT = 1
MANIFEST, DUMP = "manifest.json", "database.dump"
_CHUNK = 1024 * 1024


@dataclass
class Manifest:
    """What is in a backup and where it comes from."""

    version: str
    made_at: str
    owner_role: str
    app_role: str
    migrations: list[str]
    heads: list[dict[str, object]]
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    product: str = "yunheng"
    format: int = FORMAT


class ArchiveWriter:
    """Adds members to a backup and remembers their digests."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.files: dict[str, dict[str, object]] = {}

    def add(self, name: str, content: IO[bytes], *, is_compressed: bool) -> None:
        """Copy a stream into the backup."""
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self._archive.open(entry, "w", force_zip64=True) as member:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "size": size}


@contextmanager
def write_archive(path: Path, manifest: Manifest) -> Iterator[ArchiveWriter]:
    """Write a backup under a temporary name; it gets its own when it is whole and on disk, for its owner only."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
                writer = ArchiveWriter(archive)
                yield writer
                manifest.files = writer.files
                archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2, ensure_ascii=False))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """The manifest of a backup. Raises CommandError when the file is none, is cut off, or is of a later format."""
    with _opened(path) as archive:
        try:
            found: dict[str, Any] = json.loads(archive.read(MANIFEST))
            is_ours = found["product"] == "yunheng"
        except (KeyError, ValueError, TypeError) as error:
            raise CommandError(_("{path} is not a backup of Yunheng.").format(path=path)) from error
        if not is_ours:
            raise CommandError(_("{path} is not a backup of Yunheng.").format(path=path))
        if found.get("format") != FORMAT:
            raise CommandError(
                _("{path} is a backup in format {format}; this Yunheng reads format {ours}.").format(
                    path=path, format=found.get("format"), ours=FORMAT
                )
            )
        try:
            manifest = Manifest(**found)
        except TypeError as error:
            raise CommandError(_("The manifest of {path} is damaged.").format(path=path)) from error
        names = set(archive.namelist()) - {MANIFEST}
        if names != set(manifest.files) or DUMP not in names:
            raise CommandError(_("{path} does not hold what its manifest lists.").format(path=path))
    return manifest


def extract(path: Path, manifest: Manifest, folder: Path) -> None:
    """Unpack a backup, comparing every byte with the manifest. Raises CommandError at the first difference."""
    with _opened(path) as archive:
        for name, expected in manifest.files.items():
            place = folder.joinpath(*_safe_parts(path, name))
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            digest = hashlib.sha256()
            try:
                with archive.open(name) as member, place.open("wb") as file:
                    while chunk := member.read(_CHUNK):
                        digest.update(chunk)
                        file.write(chunk)
            except (zipfile.BadZipFile, EOFError, OSError) as error:
                raise CommandError(
                    _("{name} in {path} is damaged: {reason}").format(name=name, path=path, reason=error)
                ) from error
            if digest.hexdigest() != expected["sha256"]:
                raise CommandError(
                    _(
                        "{name} in {path} was changed after the backup: its SHA-256 is not the manifest's."
                    ).format(name=name, path=path)
                )


def relative_files(folder: Path) -> Iterable[Path]:
    """Files below a folder, in a steady order; links are left out."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {reason}").format(path=path, reason=error.strerror)
        ) from error
    except zipfile.BadZipFile as error:
        raise CommandError(
            _("{path} is not a backup of Yunheng, or it is cut off.").format(path=path)
        ) from error
    with archive:
        yield archive


def _safe_parts(path: Path, name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name:
        raise CommandError(
            _("{path} holds a file with a forbidden name: {name}").format(path=path, name=name)
        )
    return parts
