"""The commands and the program of the manual's chapter do what it says, word for word."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from tests.docs.manual_pages import page
from tests.pages.world import build_world, token

from yunheng.notify.signing import new_secret, sign


def blocks(language: str, kind: str) -> list[str]:
    """Fenced blocks of the chapter."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page(language, "api"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", ["sh", "python", "json"])
def test_both_languages_show_the_same(kind: str) -> None:
    assert blocks("zh", kind) == blocks("en", kind)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_works(live_site: str, tmp_path: Path) -> None:
    world = build_world()
    environment = {
        **os.environ,
        "YUNHENG": live_site,
        "TOKEN": token(world, "alice", "read", "write"),
        "NUMBER": world.tickets["new"],
        "no_proxy": "*",
    }
    found = blocks("en", "sh")
    assert len(found) >= 5
    for block in found:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (block, done.stderr, done.stdout)
        assert '"items"' in done.stdout or json.JSONDecoder().raw_decode(done.stdout)[0], block


def test_the_program_knows_what_is_genuine() -> None:
    (source,) = blocks("en", "python")
    names: dict[str, Any] = {}
    exec(source, names)
    secret, body, now = new_secret(), b'{"type": "ticket.opened"}', int(time.time())
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, message_id="m1", timestamp=now, body=body),
    }
    assert names["is_genuine"](secret, headers, body)
    assert not names["is_genuine"](secret, headers, body + b" ")
    assert not names["is_genuine"](new_secret(), headers, body)
    assert not names["is_genuine"](secret, {**headers, "webhook-timestamp": str(now - 600)}, body)
