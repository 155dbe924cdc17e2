"""Imports only go down: import-linter says so, and is seen to say the contrary."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [LINTER, "--no-cache"], cwd=house, capture_output=True, text=True, check=False
    )


def test_every_room_sees_only_the_floors_below() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_a_step_up_is_seen(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
    (tmp_path / "core" / "database.py").touch()
    (tmp_path / "ui" / "shell.py").write_text("import core.database\n")
    assert lint(tmp_path).returncode == 0
    (tmp_path / "core" / "database.py").write_text("import services\n")
    answer = lint(tmp_path)
    assert answer.returncode == 1
    assert "core.database -> services" in answer.stdout


def test_every_room_is_on_a_floor() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert folders == set(ROOMS)
