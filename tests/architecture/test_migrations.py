"""Migrations are careful: they cannot make everybody wait, and they outlive the application's code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = sorted((ROOT / "alembic" / "versions").glob("*.py"))
FIRST_ON_LIVE_DATA = 6  # the ones before build an empty house
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")}


def roots_imported(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_never_imports_the_application(path: Path) -> None:
    assert not roots_imported(path.read_text()) & ROOMS


def test_an_import_of_the_application_would_be_seen() -> None:
    assert roots_imported("from models.users import User\nimport core.money") & ROOMS == {"models", "core"}


def test_a_migration_gives_up_rather_than_make_others_wait() -> None:
    patient = [path.name for path in VERSIONS[FIRST_ON_LIVE_DATA - 1 :] if "lock_timeout" not in path.read_text()]
    assert not patient


def test_the_template_has_both_timeouts() -> None:
    template = (ROOT / "alembic" / "script.py.mako").read_text()
    assert "lock_timeout" in template
    assert "statement_timeout" in template
