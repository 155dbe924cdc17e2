"""The terminal: what `./dev` answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import parser
from core.errors import Forbidden

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlalchemy", "pydantic", "nicegui", "fastapi", "alembic", "polars", "psycopg", "uvicorn")


def terminal(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command_in_french() -> None:
    answer = terminal("--help", LANG="fr_FR.UTF-8")
    assert answer.returncode == 0
    for name in ("run", "test", "check", "bench", "migrate", "serve", "lock", "ciu"):
        assert f"\n    {name} " in answer.stdout, name
    assert "mettre la base à jour" in answer.stdout


def test_help_speaks_english_to_an_english_terminal() -> None:
    assert "bring the database up to date" in terminal("--help", LC_ALL="en_GB.UTF-8").stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import json, sys; from commands.parser import build_parser; build_parser(); print(json.dumps([*sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert not set(json.loads(answer.stdout)) & set(HEAVY)


def test_an_unknown_command_is_refused() -> None:
    assert terminal("danser").returncode == 2


def test_a_refusal_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_arguments: object) -> None:
        raise Forbidden

    monkeypatch.setattr("commands.ciu.generate_salt", refuse)
    assert parser.main(["ciu", "generate-salt"]) == 1
    assert capsys.readouterr().err == "Votre rôle ne permet pas cet acte.\n"


def test_settings_that_cannot_work_end_with_78_and_show_no_value() -> None:
    answer = terminal("migrate", ENVIRONMENT="production", SECRET_KEY="trop-court", DATABASE_URL="postgresql://x@y/z")
    assert answer.returncode == 78
    assert "SECRET_KEY" in answer.stderr
    assert "trop-court" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_salt_is_43_characters_and_the_line_to_copy() -> None:
    first, line = terminal("ciu", "generate-salt").stdout.splitlines()
    assert len(first) == 43
    assert line == f'UIC_SALT="{first}"'
