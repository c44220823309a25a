"""The direction of the house (DESIGN §2): imports, foreign keys, edges, names, lengths."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "yunheng"
LAYERS = (
    "logic",
    "foundation",
    "accounts",
    "notify",
    "contracts",
    "verify",
    "sla",
    "desk",
    "appraisal",
    "reports",
    "imports",
    "demo",
    "site",
)
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc", "base"}
LONGEST_MODULE = 600


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def package_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_imports_go_down_only() -> None:
    command = shutil.which(
        "lint-imports", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    )
    assert command, "import-linter is not installed (extra `check`)"
    done = subprocess.run(
        [command, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_package_has_its_layer() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert packages - {"packs"} <= set(LAYERS)


def foreign_keys() -> Iterator[tuple[str, str, str]]:
    """(field, own package, package it points to) of every relation of our models."""
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("yunheng.")}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in ours:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey | models.ManyToManyField):
                target = field.related_model
                assert not isinstance(target, str)
                yield f"{model.__name__}.{field.name}", model._meta.app_label, target._meta.app_label


def test_foreign_keys_point_down_only() -> None:
    found = list(foreign_keys())
    assert len(found) > 20
    upward = [
        name for name, own, target in found if target in LAYERS and LAYERS.index(target) > LAYERS.index(own)
    ]
    assert upward == []


def test_an_upward_key_would_be_seen() -> None:
    assert ("Ticket.team", "desk", "accounts") in set(foreign_keys())
    assert LAYERS.index("desk") > LAYERS.index("accounts")


# --- edges


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """What an edge must not do: reach for a manager, save or delete a row, run SQL."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}:
            yield node.lineno, f".{node.attr}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"save", "delete", "bulk_create", "bulk_update", "cursor"}
        ):
            yield node.lineno, f".{node.func.attr}("


def test_edges_only_parse_call_and_render() -> None:
    edges = [
        path for path in modules() if path.stem in {"views", "api"} or path.parent.name in {"views", "api"}
    ]
    assert edges
    found = [f"{name_of(path)}:{line} {what}" for path in edges for line, what in calls(tree_of(path))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["Ticket.objects.get()", "ticket.save()", "x.y.delete()", "connection.cursor()", "m._default_manager"],
)
def test_what_edges_must_not_do_is_seen(source: str) -> None:
    assert list(calls(ast.parse(source)))


def test_edges_are_private() -> None:
    """Nobody imports a view or an endpoint, but the map of addresses and the site."""
    found = []
    for path in modules():
        if "urls" in {path.stem, path.parent.name} or package_of(path) == "site":
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                last = node.module.rsplit(".", 1)[-1]
                names = {alias.name for alias in node.names}
                is_ours = node.level > 0 or node.module.startswith("yunheng.")
                if is_ours and (last in {"views", "api"} or names & {"views", "api"}):
                    found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


# --- habits


def test_no_signal_receivers() -> None:
    """Effects upwards are jobs deferred with the entry, never `post_save` receivers."""
    words = ("post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed", "dispatch.receiver")
    found = [
        f"{name_of(path)}: {word}"
        for path in modules()
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_names_say_something() -> None:
    banned = [
        name_of(path) for path in modules() if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES
    ]
    assert banned == ["foundation/postgresql/base.py"], "but for what Django loads by that name"


def kind_of(node: ast.AST) -> str | None:
    """The module that a definition belongs into: models, jobs, urls; None for anything else."""
    if isinstance(node, ast.ClassDef) and "models.Model" in map(ast.unparse, node.bases):
        return "models"
    if isinstance(node, ast.FunctionDef) and any(
        ast.unparse(decorator).startswith(("app.task", "app.periodic", "blueprint."))
        for decorator in node.decorator_list
    ):
        return "jobs"
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return "urls" if "urlpatterns" in map(ast.unparse, targets) else None
    return None


def test_things_live_where_their_kind_lives() -> None:
    """Tables in models, addresses in urls, jobs in jobs: the home of a new thing is package × kind."""
    misplaced = []
    for path in modules():
        tree = tree_of(path)
        kinds = {path.stem, path.parent.name}
        for node in ast.walk(tree):
            what = kind_of(node)
            if what is not None and what not in kinds:
                misplaced.append(f"{name_of(path)}:{node.lineno} belongs into {what}.py")
    assert misplaced == []


@pytest.mark.parametrize(
    ("source", "home"),
    [
        ("class A(models.Model): ...", "models"),
        ("@blueprint.task(name='a')\ndef a(): ...", "jobs"),
        ("urlpatterns = []", "urls"),
        ("a = 1", None),
    ],
)
def test_what_has_a_home_is_recognised(source: str, home: str | None) -> None:
    assert kind_of(ast.parse(source).body[0]) == home


def test_modules_stay_small() -> None:
    long = {
        name_of(path): count
        for path in modules()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path) for path in modules() if (tree := tree_of(path)).body and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_subjects_are_written_by_actions_only() -> None:
    """A ticket's row changes through the executor: nobody else calls update, save or create on tickets."""
    allowed = {
        "desk/actions/opening.py": "creates tickets",
        "foundation/flow.py": "the executor",
        "imports/writing.py": "history from another system is observed, not executed",
    }
    found = []
    for path in modules():
        if name_of(path) in allowed:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                text = ast.unparse(node.func)
                if text.startswith("Ticket.objects") and text.rsplit(".", 1)[-1] in {
                    "create",
                    "update",
                    "delete",
                    "bulk_create",
                    "bulk_update",
                }:
                    found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []
