"""The process that renders is limited, knows nothing of ours, and takes nobody with it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.rendering import sample

from yunheng.reports.rendering import RenderError, limited, render


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let another program stand in for the renderer's work, in the same limited process."""

    def replace(code: str) -> None:
        shim = tmp_path / "sitecustomize.py"
        shim.write_text(
            "import sys, types\n"
            "stand_in = types.ModuleType('yunheng.reports.rendering.doing')\n"
            f"exec({code!r}, stand_in.__dict__)\n"
            "sys.modules['yunheng.reports.rendering.doing'] = stand_in\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))

    return replace


def test_a_hang_ends_with_its_whole_group(stand_in: Any, tmp_path: Path) -> None:
    mark = tmp_path / "child"
    stand_in(
        "import os, time\n"
        "def do_task(task, folder):\n"
        f"    child = os.fork()\n    open({str(mark)!r}, 'a').write(f'{{os.getpid()}} ')\n    time.sleep(600)\n"
    )
    for seconds in (3, 15, 60):  # until it gets so far before it is ended
        began = time.monotonic()
        with pytest.raises(RenderError) as caught:
            render(sample.fault("en"), ["pdf"], seconds=seconds)
        assert time.monotonic() - began < limited.WALL_SECONDS
        assert caught.value.kind == "time"
        if mark.exists() and len(mark.read_text().split()) >= 2:
            break
    assert "too long" in str(caught.value)
    pids = mark.read_text().split()
    assert len(pids) >= 2
    for pid in pids:
        assert not _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be collected does not."""
    for _attempt in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("def do_task(task, folder):\n    return [b'x' * (8 << 30)]\n", "memory"),
        (
            "def do_task(task, folder):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
            "crash",
        ),
        ("def do_task(task, folder):\n    raise ZeroDivisionError\n", "crash"),
        ("def do_task(task, folder):\n    import os\n    os._exit(0)\n", "crash"),
        ("def do_task(task, folder):\n    while True: pass\n", "time"),
        (
            "def do_task(task, folder):\n    (folder / 'big').open('wb').truncate(2 << 30)\n    return []\n",
            "crash",
        ),
    ],
    ids=["hunger", "crash", "error", "silence", "spin", "file"],
)
def test_whatever_happens_in_there_is_an_error_here(stand_in: Any, code: str, kind: str) -> None:
    stand_in(code)
    with pytest.raises(RenderError) as caught:
        render(sample.fault("en"), ["pdf"], seconds=4 if kind == "time" else limited.WALL_SECONDS)
    assert caught.value.kind == kind


def test_it_sees_no_environment_of_ours_and_its_folder_goes(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("YUNHENG_DATABASE_URL", "postgresql://secret")
    seen = tmp_path / "seen"
    stand_in(
        "import json, os\n"
        "def do_task(task, folder):\n"
        f"    open({str(seen)!r}, 'w').write(json.dumps([dict(os.environ), str(folder), os.getcwd()]))\n"
        "    (folder / 'report.pdf').write_bytes(b'made')\n"
        "    return []\n"
    )
    assert render(sample.fault("en"), ["pdf"]) == {"pdf": b"made"}
    environment, folder, working = json.loads(seen.read_text())
    assert not [name for name in environment if name.startswith(("YUNHENG", "DJANGO"))]
    assert "postgresql://secret" not in environment.values()
    assert set(environment) <= {
        *limited._ENVIRONMENT,
        "HOME",
        "TMPDIR",
        "MPLCONFIGDIR",
        "PYTHONPATH",
        "LC_CTYPE",
    }
    assert working.startswith(folder)
    assert not Path(folder).exists()


def test_rendering_needs_no_django(tmp_path: Path) -> None:
    """The limited process imports nothing of the product but the renderer."""
    code = (
        "import sys; from yunheng.reports.rendering import charts, excel, pdf, word; "
        "found = [name for name in sys.modules if name.split('.')[0] in ('django', 'psycopg')]; "
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(limited.__file__).parents[3]), "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-400:]


def test_bad_content_is_an_error_and_a_bad_format_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such format: odt"):
        render(sample.fault("en"), ["odt"])
    with pytest.raises(RenderError):
        render({"format": 2, "kind": "monthly"}, ["pdf"])
    with pytest.raises(RenderError):
        render(sample.monthly("en") | {"major": "not a list"}, ["pdf"])
    broken = sample.monthly("en")
    broken["summary"]["headline"][0]["value"] = 1.5  # floats are no plain data: figures come as texts
    with pytest.raises(RenderError):
        render(broken, ["pdf"])
