"""The key that signs sessions is made by the supervisor and only read by the settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.supervisor.running import environment, new_data_folder

SHOW = "from yunheng.site import settings; print(settings.SECRET_KEY)"
SERVE = "import yunheng.site.wsgi; print('serves')"


def _run(program: str, data: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_reading_the_settings_makes_no_key(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert _run(SHOW, data).stdout == "\n"
    assert not data.exists()


def test_nothing_is_served_without_a_key_and_the_refusal_says_where_it_belongs(tmp_path: Path) -> None:
    done = _run(SERVE, tmp_path)
    assert done.returncode and "serves" not in done.stdout
    assert f"{tmp_path / 'secret_key'} is missing" in done.stderr and "YUNHENG_SECRET_KEY" in done.stderr
    assert _run(SERVE, tmp_path, YUNHENG_SECRET_KEY="k" * 50).stdout == "serves\n"
    assert os.listdir(tmp_path) == []


def test_the_key_is_the_one_the_supervisor_made_unless_one_is_named() -> None:
    data = new_data_folder()
    made = (data / "secret_key").read_text()
    assert len(made) >= 50
    assert _run(SHOW, data).stdout.strip() == made
    assert _run(SHOW, data, YUNHENG_SECRET_KEY="named").stdout == "named\n"
    shutil.rmtree(data)
