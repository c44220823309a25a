"""The committed description of the API is the API. `python -m tests.api.test_openapi` writes it anew."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
ALWAYS = {"400", "401", "403", "404", "422", "429", "500", "503"}


def current() -> str:
    """The description as committed: readable, keys in the API's own order."""
    from yunheng.site.api import api

    return json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_description_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == current(), "run: python -m tests.api.test_openapi"


def test_no_two_shapes_have_one_name() -> None:
    """The description knows shapes by the names of their classes: one would silently stand for the other."""
    from collections import Counter

    from ninja import Schema

    import yunheng.site.api  # noqa: F401 - brings every shape

    def below(kind: type) -> Iterator[type]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    ours = {one for one in below(Schema) if one.__module__.startswith("yunheng.") and "[" not in one.__name__}
    counts = Counter(one.__name__ for one in ours)
    assert len(ours) > 100
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_operation_is_described(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"] and operation["description"] and operation["tags"], where
        assert set(operation["responses"]) >= ALWAYS, where
        assert [status for status in operation["responses"] if status.startswith("2")], where
        assert operation["security"] == [{"Bearer": []}, {"Session": []}], where


def test_every_write_takes_a_key_and_says_when_it_was_repeated(document: Any) -> None:
    found = 0
    for path, method, operation in operations(document):
        references = [parameter.get("$ref", "") for parameter in operation["parameters"]]
        takes_key = "#/components/parameters/IdempotencyKey" in references
        assert takes_key is (method != "get"), path
        if takes_key:
            found += 1
            assert set(operation["responses"]) >= {"409", "413", "415"}, path
            done = next(it for status, it in operation["responses"].items() if status.startswith("2"))
            assert "Idempotency-Replayed" in done["headers"], path
    assert found > 10


def test_every_reference_leads_somewhere(document: Any) -> None:
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    assert references
    for reference in references:
        place = document
        for part in reference.split("/"):
            assert part in place, reference
            place = place[part]


def test_names_of_operations_are_unique(document: Any) -> None:
    names = [operation["operationId"] for _path, _method, operation in operations(document)]
    assert len(names) == len(set(names))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunheng.site.settings")
    import django

    django.setup()
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(current(), encoding="utf-8")
