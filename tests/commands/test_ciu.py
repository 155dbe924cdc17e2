"""`./dev ciu`: vectors that pass, differences that are seen, questions answered line by line."""

import copy
import io
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from commands.ciu import UnreadableVectors, check_vectors, evaluate
from commands.ciu_vectors.operations import OPERATIONS, answer
from commands.parser import main

DATA = Path(__file__).parents[1] / "data"
VECTORS = {name: json.loads((DATA / f"{name}.json").read_text()) for name in ("ciu", "whatsapp_signatures")}
KABILA = ["1985", "Kinshasa", "Jean", "15", "Kabila"]


def check(folder: Path, document: Any) -> int:
    file = folder / "vectors.json"
    file.write_text(json.dumps(document))
    return check_vectors(Namespace(file=file))


@pytest.mark.parametrize(("name", "count"), [("ciu", 692), ("whatsapp_signatures", 94)])
def test_each_file_alone_passes(name: str, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ciu", "check-vectors", str(DATA / f"{name}.json")]) == 0
    assert capsys.readouterr().out == f"{count} réussis, 0 en échec\n"


@pytest.mark.parametrize("document", [VECTORS, {**VECTORS["ciu"], **VECTORS["whatsapp_signatures"]}])
def test_both_files_in_one_pass(document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(tmp_path, document) == 0
    assert capsys.readouterr().out == "786 réussis, 0 en échec\n"


WRONG: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("ciu", ("code_vectors", 0, "code"), "985-KINS-15-JEA-KABI-A3F9D"),
    ("ciu", ("code_vectors", 3, "digest"), "00"),
    ("ciu", ("code_vectors", 80, "input_hash"), "00"),
    ("ciu", ("collisions", 0, "second", "code"), "985-KINS-15-JEA-KABI-4988E"),
    ("ciu", ("homonyms", 1, "ordinals", 2, "code"), "MBEIBR7DA1"),
    ("ciu", ("match_keys", 0, "digest"), "00"),
    ("ciu", ("near_keys", "vectors", 0, "digests", "all"), "00"),
    ("ciu", ("identity_keys", 0, "digest"), "00"),
    ("ciu", ("normalisation", "name", 0, 1), "GDON"),
    ("ciu", ("validators", "year", 0, "result"), "85"),
    ("ciu", ("phonetic", 0, 1), "MUKENDY"),
    ("ciu", ("random_codes", 0, "usable"), False),
    ("ciu", ("random_parse", 0, "canonical"), None),
    ("ciu", ("probabilities", "one_percent_collision_at", "20"), 146),
    ("ciu", ("probabilities", "split_percent", 1, "percent"), 14.3),
    ("ciu", ("suppression", 0, "total_shown"), "n.d."),
    ("ciu", ("identities", 0, "value"), "243999999999"),
    ("ciu", ("salt_rules", 0, "ok"), False),
    ("ciu", ("command_vectors", 0, "command"), None),
    ("ciu", ("commands", "stop", "words"), ["stop"]),
    ("ciu", ("letter_map", "Œ"), "O"),
    ("ciu", ("unknown_words",), []),
    ("ciu", ("dialogues", 0, "lines", 3, "reply"), ["first_name"]),
    ("ciu", ("dialogues", 0, "lines", 6, "contains"), "985-KINS-15-JEA-KABI-A3F9D"),
    ("ciu", ("dialogues", 1, "records"), 2),
    ("ciu", ("dialogues", 4, "lines", 0, "lang"), "fr"),
    ("ciu", ("dialogues", 4, "lines", 0, "answers"), []),
    ("ciu", ("salts",), {}),
    ("ciu", ("novelties",), []),
    ("whatsapp_signatures", ("twilio", "valid", 0, "sha1"), "J7UJ0opu8I4Q1ustCu6qNwycLeN="),
    ("whatsapp_signatures", ("twilio", "valid", 0, "sha256"), ""),
    ("whatsapp_signatures", ("twilio", "valid", 0, "form", 2, 1), "Bonjour"),
    ("whatsapp_signatures", ("twilio", "invalid", 0, "valid"), True),
    ("whatsapp_signatures", ("meta", "valid", 0, "header"), ""),
    ("whatsapp_signatures", ("meta", "valid", 0, "body"), "{}"),
    ("whatsapp_signatures", ("meta", "invalid", 0, "valid"), True),
    ("whatsapp_signatures", ("meta", "challenge", 0, "status"), 403),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG, ids=[".".join(map(str, path)) for _, path, _ in WRONG])
def test_every_difference_is_seen(
    name: str, path: tuple[str | int, ...], value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = copy.deepcopy(VECTORS[name])
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert check(tmp_path, document) == 1
    assert " 0 en échec" not in capsys.readouterr().out


@pytest.mark.parametrize("document", [{}, [], {"format": 1}, {"strings": []}, 7])
def test_a_file_without_a_vector_fails(document: Any, tmp_path: Path) -> None:
    assert check(tmp_path, document) == 1


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVectors, match="Fichier illisible"):
        check_vectors(Namespace(file=tmp_path / "nowhere.json"))


def test_questions_are_answered_one_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        {"op": "code", "recipe": "document", "salt": "test_salt_for_testing", "answers": KABILA},
        {"op": "code", "recipe": "document", "salt": "test_salt_for_testing", "answers": KABILA, "n": 6},
        {"op": "code", "recipe": "document", "salt": "s", "answers": ["?", "?", *KABILA[2:]]},
        {"op": "code", "recipe": "document", "salt": "s", "answers": KABILA[:2]},
        {"op": "validate", "kind": "year", "answer": "né en 1985"},
        {"op": "validate", "kind": "day", "answer": "quinze"},
        {"op": "command", "text": "Zonga", "question_kind": "name"},
        {"op": "salt", "salt": "court", "environment": "production"},
        {"op": "dance"},
        {},
    ]
    lines = [*map(json.dumps, asked), "", "no json"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    evaluate(Namespace())
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found[0]["code"] == "985-KINS-15-JEA-KABI-DA6A7"
    assert found[0]["canonical"] == ["1985", "KINSHASA", "JEAN", "15", "KABILA"]
    assert found[1]["code"] == "985-KINS-15-JEA-KABI-DA6A79"
    assert found[2] == {"error": {"question": "mother_birthplace", "code": "too_many_unknown"}}
    assert "error" in found[3]
    assert found[4:8] == [
        {"result": "1985"},
        {"error": "day_format"},
        {"command": None},
        {"ok": False, "rule": "length"},
    ]
    assert [list(one) for one in found[8:]] == [["error"]] * 3


def test_a_whole_recipe_may_be_asked_about() -> None:
    recipe = {
        "key": "short",
        "canon": "short.1",
        "languages": ["fr"],
        "default_language": "fr",
        "questions": [{"id": "name", "kind": "name"}],
        "layout": [{"q": "name", "take": "first", "n": 5, "pad": "X"}],
        "texts": {},
    }
    asked = {"op": "code", "recipe": recipe, "salt": "", "answers": ["Jo"]}
    assert answer(asked)["code"] == "JOXXX"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_incomplete_question_is_an_error_and_no_crash(operation: str) -> None:
    assert list(answer({"op": operation})) == ["error"]


def test_a_recipe_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ciu", "simulate", "random", "--people", "500", "--seed", "4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["people"], found["code_shared"], found["suffix_bits"]) == (500, 0.0, 50)
