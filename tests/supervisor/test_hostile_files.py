"""What may lie in a data folder or a backup when somebody else put it there: links are replaced, names stay inside."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.supervisor.running import new_data_folder

from yunheng.foundation.supervisor.account import service_account
from yunheng.foundation.supervisor.folder import DataFolder
from yunheng.foundation.supervisor.messages import SupervisorError
from yunheng.foundation.supervisor.postgres import Cluster
from yunheng.site.cli import CommandError
from yunheng.site.cli.archive import Manifest, extract, read_manifest, relative_files
from yunheng.site.cli.backup import _replace

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    path = new_data_folder()
    made = DataFolder(path, service_account(path), path)
    made.prepare()
    yield made
    shutil.rmtree(path, ignore_errors=True)


def test_settings_replace_a_link_and_never_follow_it(folder: DataFolder, tmp_path: Path) -> None:
    """`yunheng backup` as root writes the server's settings into a folder that the service's user owns."""
    precious = tmp_path / "precious"
    precious.write_text("root's own")
    folder.cluster.mkdir()
    (folder.cluster / "yunheng.conf").symlink_to(precious)
    Cluster(folder, tmp_path)._write_settings()
    assert precious.read_text() == "root's own"
    written = folder.cluster / "yunheng.conf"
    assert not written.is_symlink()
    assert "listen_addresses = ''" in written.read_text()
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.stat().st_uid == folder.account.uid
    assert [file.name for file in folder.cluster.iterdir()] == ["yunheng.conf"]


def test_a_restored_file_replaces_a_link_and_never_follows_it(tmp_path: Path) -> None:
    precious, source, place = tmp_path / "precious", tmp_path / "source", tmp_path / "secret_key"
    precious.write_text("root's own")
    source.write_text("from the backup")
    place.symlink_to(precious)
    (tmp_path / ".secret_key.unfinished").symlink_to(precious)
    _replace(source, place)
    assert precious.read_text() == "root's own"
    assert place.read_text() == "from the backup"
    assert not place.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o600


@needs_root
def test_files_of_root_with_another_name_elsewhere_are_not_given_away(
    folder: DataFolder, tmp_path: Path
) -> None:
    outside = folder.path / "outside"  # the same file system, so that a hard link can be made
    outside.write_text("root's own")
    os.link(outside, folder.keys / "stolen.pem")
    (folder.keys / "link.pem").symlink_to(outside)
    (folder.keys / "fresh.pem").write_text("made by a command of root")
    folder.hand_over()
    assert outside.stat().st_uid == 0
    assert (folder.keys / "fresh.pem").stat().st_uid == folder.account.uid


@needs_root
def test_a_socket_folder_that_others_made_is_refused(folder: DataFolder) -> None:
    folder.socket.rmdir()
    folder.socket.mkdir(mode=0o700)  # root's, not the service's
    with pytest.raises(SupervisorError, match="0700"):
        folder.prepare()
    folder.socket.rmdir()
    folder.socket.symlink_to("/tmp")
    with pytest.raises(SupervisorError, match="0700"):
        folder.prepare()
    folder.socket.unlink()


def archive(path: Path, name: str) -> Manifest:
    """A backup whose manifest lists a file under that name."""
    files = {each: {"sha256": "0" * 64, "size": 1} for each in ("database.dump", name)}
    manifest = Manifest("1", "now", "o", "a", [], [], files)
    with zipfile.ZipFile(path, "w") as made:
        for each in files:
            made.writestr(zipfile.ZipInfo(each), b"x")
        made.writestr("manifest.json", json.dumps(manifest.__dict__))
    return manifest


@pytest.mark.parametrize("name", ["../outside", "keys/../../outside", "/tmp/outside", "keys\\..\\outside"])
def test_no_name_in_a_backup_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    backup, inside = tmp_path / "backup.zip", tmp_path / "inside"
    inside.mkdir()
    manifest = archive(backup, name)
    manifest.files.pop("database.dump")  # so that the name is what is met first
    with pytest.raises(CommandError, match="forbidden name"):
        extract(backup, manifest, inside)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.zip", "inside"]


def test_a_backup_that_hides_a_file_from_its_manifest_is_refused(tmp_path: Path) -> None:
    backup = tmp_path / "backup.zip"
    archive(backup, "keys/a.pem")
    with zipfile.ZipFile(backup, "a") as more:
        more.writestr("keys/hidden.pem", b"x")
    with pytest.raises(CommandError, match="manifest"):
        read_manifest(backup)


def test_a_backup_holds_no_file_that_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("elsewhere")
    attachments = tmp_path / "attachments"
    attachments.mkdir()
    (attachments / "photo").write_text("here")
    (attachments / "link").symlink_to(tmp_path / "secret")
    (attachments / "folder").symlink_to(tmp_path)
    assert [file.name for file in relative_files(attachments)] == ["photo"]
