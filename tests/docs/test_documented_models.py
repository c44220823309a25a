"""Every table of the product is described in docs/models, on the page that its index names."""

from django.apps import apps
from tests.docs.manual_pages import ROOT, code_words, rows

FOLDER = ROOT / "docs" / "models"


def _tables() -> set[str]:
    return {
        model._meta.db_table
        for config in apps.get_app_configs()
        if config.name.startswith("yunheng.")
        for model in config.get_models()
    }


def test_the_index_has_every_table_and_its_page_describes_it() -> None:
    index = rows((FOLDER / "README.md").read_text(encoding="utf-8"), "page")
    listed: dict[str, str] = {}
    for link, (tables,) in index.items():
        name = link.split("(", 1)[1].rstrip(")")
        text = (FOLDER / name).read_text(encoding="utf-8")
        for table in code_words(tables):
            assert table in text.lower(), f"{name} says nothing of {table}"
            listed[table] = name
    assert set(listed) == _tables()
    assert set(listed.values()) == {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
