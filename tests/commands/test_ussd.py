"""`./dev ussd check-vectors`: what passes, what differs, and what is no vector at all."""

import copy
import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands.parser import build_parser
from commands.ussd import check_vectors
from commands.vectors import dialogues
from commands.vectors.dialogues import Stage
from commands.vectors.door import Door
from commands.vectors.houses import Houses
from commands.vectors.outside import Outside
from commands.vectors.speakers import Documented
from core.settings import get_settings
from tests.builders.stage import around, doors, houses

__all__ = ["around", "doors", "houses"]

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
PIN = "48213"


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / name).read_text())
    return document


def dialogue(vectors: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in vectors["dialogues"] if one["id"] == name)
    return copy.deepcopy(found)


def write(folder: Path, document: Any) -> Namespace:
    file = folder / "vectors.json"
    file.write_text(json.dumps(document))
    return Namespace(file=file)


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
    assert check_vectors(write(tmp_path, {"gsm7": load("gsm7.json"), "gateways": gateways})) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("gateways at-01 : turn.session_key: 'ATUid_0001', attendu 'another'")
    assert printed[-1].startswith("184 réussis, 1 en échec")


def test_a_string_and_a_page_that_are_wrong_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vectors = load("gsm7.json")
    vectors["strings"][3]["size"] += 1
    vectors["pages"][0]["pages"].append("une de trop")
    assert check_vectors(write(tmp_path, vectors)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "105 réussis, 2 en échec"


def test_what_a_gateway_must_not_keep_is_looked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vectors = load("ussd_gateways.json")
    event = next(one for one in vectors["fixtures"] if one["id"] == "ate-01")
    event["not_stored"].append("ATUid_0001")
    assert check_vectors(write(tmp_path, vectors)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "gateways ate-01 : not_stored: 'ATUid_0001'",
        "77 réussis, 1 en échec",
    ]


def test_a_name_that_nothing_looks_at_is_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, gateways = load("gsm7.json"), load("ussd_gateways.json")
    texts["strings"][0]["colour"] = gateways["fixtures"][0]["request"]["mood"] = gateways["more"] = "?"
    assert check_vectors(write(tmp_path, {"gsm7": texts, "gateways": gateways, "menu": {}})) == 1
    assert capsys.readouterr().out.splitlines() == [
        "gateways about : more ?",
        "file about : menu ?",
        "gsm7 g01 : colour ?",
        "gateways at-01 : request.mood ?",
        "183 réussis, 4 en échec",
    ]


def test_what_holds_no_form_fails(tmp_path: Path) -> None:
    for text in ("{}", "[]", "{", '"x"'):
        file = tmp_path / "none.json"
        file.write_text(text)
        assert check_vectors(Namespace(file=file)) == 1


def wrong_step(one: dict[str, Any]) -> None:
    one["steps"][-1]["expect"] = {
        "continue": True,
        "equals": "Rien",
        "starts": "Non",
        "contains": ["x"],
        "absent": ["Réf"],
    }


def after(**claims: Any) -> Callable[[dict[str, Any]], None]:
    return lambda one: one.setdefault("after", {}).update(claims)


def unknown_names(one: dict[str, Any]) -> None:
    one["colour"] = one["steps"][0]["mood"] = one["steps"][0]["expect"]["smell"] = one.setdefault("after", {})[
        "luck"
    ] = 1


# A transfer of 5 000 with its PIN: the dialogue, what is claimed of it, how many differences that makes.
WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], int]] = {
    "steps": (wrong_step, 5),
    "balances": (after(balances={"+237699000001": 1, "+237677000002": 2}), 2),
    "fees": (after(fees=-1), 1),
    "operations": (after(operations=7), 1),
    "subscriptions": (after(subscriptions=[["+237699000001", "SRV-A", True]]), 1),
    "survey_answers": (after(survey_answers=[["+237699000001", "satisfaction", "general", "1"]]), 1),
    "survey_complete": (after(survey_complete={"satisfaction": 1}), 1),
    "subscribers": (after(subscribers={"+237699000001": {"name": "Personne", "balance": 3}}), 2),
    "sms": (after(sms=[{"to": "+237677000002", "contains": ["jamais dit"]}]), 1),
    "sms_opt_out": (after(sms_opt_out=["+237699000001"]), 1),
    "provider_requests": (after(provider_requests=[{"provider": "mtn", "phone": "+237677000002", "amount": 1}]), 1),
    "turns": (after(turns=99), 1),
    "absent_everywhere": (after(absent_everywhere=["Mbarga"]), 1),
    "unknown names": (unknown_names, 4),
}


@pytest.mark.parametrize("part", WRONG)
def test_a_dialogue_that_claims_what_is_not_so_fails(part: str, houses: Houses, doors: Door, around: Outside) -> None:
    vectors = load("ussd_menus.json")
    chosen, (change, count) = dialogue(vectors, "wal-12"), WRONG[part]
    chosen["after"] = {}
    change(chosen)
    found = dialogues.rehearse(vectors, chosen, houses, Stage(Documented(doors), around, str))
    assert len(found) == count, found


def test_what_was_said_aloud_is_found_in_the_logs(houses: Houses, doors: Door, around: Outside) -> None:
    vectors = load("ussd_menus.json")
    stage = Stage(Documented(doors), around, lambda: f"input=1*677000002*5000*1*{PIN}")
    found = dialogues.rehearse(vectors, dialogue(vectors, "svc-10"), houses, stage)
    assert found == [f"after absent_everywhere: logs: ['{PIN}'], []"]


def test_other_values_other_names_and_another_order_pass(tmp_path: Path) -> None:
    """Walk, in a process of its own as a person would, a world that nobody has seen, and one claim that is wrong."""
    vectors = load("ussd_menus.json")
    text = json.dumps([dialogue(vectors, name) for name in ("wal-39", "wal-38", "wal-09", "svc-01")])
    vectors["dialogues"] = [*json.loads(text.replace("699000001", "699000091")), dialogue(vectors, "svc-01")]
    vectors["dialogues"][-1]["id"] = "stranger"
    world = json.dumps(vectors["world"]).replace("699000001", "699000091").replace("Awa Mbarga", "Ada Ngono")
    vectors["world"] = json.loads(world)
    vectors["world"]["subscribers"].reverse()
    file = write(tmp_path, {"menus": vectors}).file
    command = [sys.executable, "main.py", "ussd", "check-vectors", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    printed = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert printed[-1] == "4 réussis, 1 en échec", printed
    assert {line.split(" : ")[0] for line in printed[:-1]} == {"menus stranger"}
    assert done.stderr == ""


def test_the_settings_of_this_place_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, key = dict(os.environ), get_settings().data_dir
    vectors = load("ussd_menus.json")
    vectors["dialogues"] = [dialogue(vectors, "svc-01")]
    assert check_vectors(write(tmp_path, {"menus": vectors})) == 0
    assert capsys.readouterr().out.splitlines() == ["1 réussis, 0 en échec"]
    assert (dict(os.environ), get_settings().data_dir) == (before, key)
