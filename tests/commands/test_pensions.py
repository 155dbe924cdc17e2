"""`./dev pensions check-vectors`: what passes, what differs, and what is no vector at all."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from commands.parser import build_parser
from commands.pensions import check_vectors

OUTCOMES = Path(__file__).parent.parent / "data" / "mojaloop_outcomes.json"


def test_the_command_is_registered() -> None:
    arguments = build_parser().parse_args(["pensions", "check-vectors", "x.json"])
    assert (arguments.command, arguments.file) == (check_vectors, Path("x.json"))


def test_the_outcomes_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_vectors(Namespace(file=OUTCOMES)) == 0
    assert capsys.readouterr().out == "89 réussis, 0 en échec\n"


def test_every_difference_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    document["cases"][0]["expect"]["paid"] = False
    document["amounts"][0]["wire"] = "5"
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert check_vectors(Namespace(file=file)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "mojaloop_outcomes o01 : paid: True, attendu False",
        "mojaloop_outcomes 50000 XOF : wire: '50000', attendu '5'",
        "87 réussis, 2 en échec",
    ]


@pytest.mark.parametrize("text", ["{}", "[]", "{", '"x"', '{"strings": []}'])
def test_what_holds_no_vector_fails(tmp_path: Path, text: str) -> None:
    file = tmp_path / "none.json"
    file.write_text(text, encoding="utf-8")
    assert check_vectors(Namespace(file=file)) == 1
