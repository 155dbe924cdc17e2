"""The house's rules hold in every file, and each rule is seen to bite."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture.rules import RULES, Rule

ROOT = Path(__file__).parents[2]
by_name = pytest.mark.parametrize("rule", RULES, ids=[rule.name.replace(" ", "-") for rule in RULES])


def own_files() -> list[PurePosixPath]:
    """Return every Python file of the project but the migrations, which are history."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "dev"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    paths = [PurePosixPath(name) for name in listed if (ROOT / name).exists()]
    return [path for path in paths if not path.is_relative_to("alembic/versions")]


@by_name
def test_the_rule_holds(rule: Rule) -> None:
    broken = [
        f"{path}:{line}" for path in own_files() if rule.concerns(path) for line in rule.find((ROOT / path).read_text())
    ]
    assert not broken, f"{rule.name}. {rule.reason}\n" + "\n".join(broken)


@by_name
def test_the_rule_bites(rule: Rule) -> None:
    assert len(list(rule.find(rule.sample))) == 1
    assert rule.concerns(PurePosixPath("services/sample.py"))
    assert not any(rule.concerns(PurePosixPath(place)) for place in rule.allowed)


def test_tests_may_end_transactions_and_stop_clocks_but_not_grow() -> None:
    here = PurePosixPath("tests/services/test_sample.py")
    assert [rule.name for rule in RULES if rule.concerns(here)] == [
        rule.name for rule in RULES if not rule.is_for_rooms_only
    ]


def test_the_folder_of_migrations_is_no_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists(), "it would hide the library of that name"
