"""`./dev ussd check-vectors`: what passes, what differs, and what is no vector at all."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands.parser import build_parser
from commands.ussd import check_vectors
from commands.vectors import dialogues
from core.database import Database
from services import ledger
from tests import database as databases

DATA = Path(__file__).parent.parent / "data"


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / name).read_text())
    return document


def test_the_command_is_registered() -> None:
    arguments = build_parser().parse_args(["ussd", "check-vectors", "x.json"])
    assert (arguments.command, arguments.file) == (check_vectors, Path("x.json"))


@pytest.mark.parametrize(("name", "count"), [("gsm7.json", 107), ("ussd_gateways.json", 78)])
def test_a_form_alone_passes(name: str, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_vectors(Namespace(file=DATA / name)) == 0
    assert f"{count} réussis, 0 en échec" in capsys.readouterr().out


def test_several_forms_in_one_file_and_every_difference_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateways = load("ussd_gateways.json")
    gateways["fixtures"][0]["turn"]["session_key"] = "another"
    file = tmp_path / "all.json"
    file.write_text(json.dumps({"gsm7": load("gsm7.json"), "gateways": gateways}))
    assert check_vectors(Namespace(file=file)) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("gateways at-01 : turn.session_key: 'ATUid_0001', attendu 'another'")
    assert printed[-1].startswith("184 réussis, 1 en échec")


def test_what_holds_no_form_fails(tmp_path: Path) -> None:
    for text in ("{}", "[]", "{", '"x"'):
        file = tmp_path / "none.json"
        file.write_text(text)
        assert check_vectors(Namespace(file=file)) == 1


def test_a_dialogue_is_walked_and_its_differences_told(database: Database) -> None:
    vectors = load("ussd_menus.json")
    chosen = next(one for one in vectors["dialogues"] if one["id"] == "wal-01")
    wrong = json.loads(json.dumps(chosen))
    wrong["id"], wrong["steps"][0]["expect"] = "wrong", {"continue": False, "equals": "Rien"}

    @contextmanager
    def fresh() -> Iterator[Database]:
        databases.empty(database.url)
        ledger._house_accounts.clear()
        yield database

    found = dict(dialogues.check({**vectors, "dialogues": [chosen, wrong]}, fresh))
    assert found["wal-01"] == []
    assert found["wrong"] is not None
    assert len(found["wrong"]) == 2
