"""The committed description of the API is the API. `python -m tests.api.test_openapi` writes it anew."""

import json
import os
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def current() -> str:
    """The description as committed: readable, keys in the API's own order."""
    from yunheng.site.api import api

    return json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), indent=1, ensure_ascii=False) + "\n"


def test_the_committed_description_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == current(), "run: python -m tests.api.test_openapi"


def test_every_operation_is_described() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method == "get", f"{path}: this API only reads"
            assert operation["summary"] and operation["description"], path
            assert {"200", "401", "403", "404", "422", "500"} <= set(operation["responses"]), path
            assert operation["security"], path


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunheng.site.settings")
    import django

    django.setup()
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(current(), encoding="utf-8")
