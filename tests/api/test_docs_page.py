"""The description as a page: complete, searchable, in both languages, and without anything that the CSP forbids."""

import re

import pytest
from django.test import Client
from tests.pages.world import World

from yunheng.site.api import api


def read(query: str = "", language: str = "en") -> str:
    response = Client().get(f"/api/docs{query}", headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.content.decode()


def test_it_has_every_operation(world: World) -> None:
    document = api.get_openapi_schema()
    count = sum(len(methods) for methods in document["paths"].values())
    assert read().count("data-operation") == count > 80


@pytest.mark.parametrize(("query", "path"), [("?q=bulk+webhook", None), ("?q=assignment", "assignment")])
def test_it_is_searched(world: World, query: str, path: str | None) -> None:
    found = re.findall(r'<span class="mono">(/api/v1/[^<]*)</span>', read(query))
    assert found == ([] if path is None else [f"/api/v1/tickets/{{number}}/{path}"])
    assert ("data-empty" in read(query)) is (path is None)


def test_it_speaks_both_languages_and_runs_nothing(world: World) -> None:
    assert 'lang="en"' in read() and read("", "en") != read("", "zh-CN")
    text = read("?q=%22%3E%3Cscript%3E")
    assert "<script>" not in text.split("<main")[1] and " style=" not in text.split("<main")[1]
