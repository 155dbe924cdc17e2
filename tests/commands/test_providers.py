"""`./dev providers check-vectors`: the shipped vectors hold; whatever is changed in a copy is named and counted."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands.parser import main

DATA = Path(__file__).parent.parent / "data"
SIGNATURES: dict[str, Any] = json.loads((DATA / "provider_signatures.json").read_text(encoding="utf-8"))
PHONES: dict[str, Any] = json.loads((DATA / "phones.json").read_text(encoding="utf-8"))


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    status = main(["providers", "check-vectors", str(path)])
    captured = capsys.readouterr()
    return status, [*captured.out.splitlines(), *captured.err.splitlines()]


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Any], tuple[int, list[str]]]:
    def write(document: Any) -> tuple[int, list[str]]:
        path = tmp_path / "copie.json"
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return check(path, capsys)

    return write


def test_the_signatures_that_were_given_us_hold(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = check(DATA / "provider_signatures.json", capsys)
    assert (status, lines) == (0, ["Signatures : 43 sur 43", "43 cas, 43 conformes, 0 différents."])


def test_the_numbers_that_were_given_us_hold(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = check(DATA / "phones.json", capsys)
    assert (status, lines) == (
        0,
        [
            "Numéros : 80 sur 80",
            "Formes des opérateurs : 8 sur 8",
            "Préfixes : 38 sur 38",
            "126 cas, 126 conformes, 0 différents.",
        ],
    )


@pytest.mark.parametrize(
    "both",
    [{**SIGNATURES, **PHONES}, {"provider_signatures": SIGNATURES, "phones": PHONES}, [SIGNATURES, PHONES]],
    ids=["one", "named", "listed"],
)
def test_one_file_may_hold_both(both: Any, checked: Callable[[Any], tuple[int, list[str]]]) -> None:
    status, lines = checked(both)
    assert (status, lines[-1]) == (0, "169 cas, 169 conformes, 0 différents.")


def _flip(document: dict[str, Any], n: int) -> None:
    document["vectors"][n]["expect"] = not document["vectors"][n]["expect"]


SIGNATURE_CHANGES: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    *((f"verdict {n}", lambda d, n=n: _flip(d, n), SIGNATURES["vectors"][n]["id"]) for n in range(43)),
    ("body", lambda d: d["vectors"][1].update(body=d["vectors"][1]["body"] + " "), "wave-02"),
    ("secret", lambda d: d["vectors"][1].update(secrets=["x"]), "wave-02"),
    ("time", lambda d: d["vectors"][1].update(now=d["vectors"][1]["now"] + 301), "wave-02"),
    ("digest", lambda d: d["vectors"][1].update(body_sha256="0" * 64), "wave-02"),
    ("base", lambda d: d["vectors"][30].update(signature_base="@method"), "pawapay-01"),
    ("scheme", lambda d: d["vectors"][1].update(scheme="sonatel"), "wave-02"),
    ("no such scheme", lambda d: d["vectors"][1].update(scheme="pigeon"), "wave-02"),
    ("no body", lambda d: d["vectors"][1].pop("body"), "wave-02"),
    ("a verdict in words", lambda d: d["vectors"][1].update(expect="true"), "wave-02"),
    ("a lone surrogate", lambda d: d["vectors"][1].update(body="\ud800"), "wave-02"),
]


@pytest.mark.parametrize(
    ("change", "name"), [row[1:] for row in SIGNATURE_CHANGES], ids=[r[0] for r in SIGNATURE_CHANGES]
)
def test_a_changed_signature_is_named(
    change: Callable[[dict[str, Any]], object], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = copy.deepcopy(SIGNATURES)
    change(document)
    path = tmp_path / "copie.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    status, lines = check(path, capsys)
    assert status == 1
    assert lines[-1] == "43 cas, 42 conformes, 1 différents."
    assert {line.split()[2] for line in lines if line.startswith("✗")} == {name}


PHONE_CHANGES: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("number", lambda d: d["cases"][0]["expect"].update(e164="+2290197000002"), "Numéros p01"),
    ("field", lambda d: d["cases"][0]["expect"].update(repair="bj_2024"), "Numéros p01"),
    ("no such field", lambda d: d["cases"][0]["expect"].update(colour="red"), "Numéros p01"),
    ("refused", lambda d: d["cases"][0].update(expect={"refused": "too_short"}), "Numéros p01"),
    ("raw", lambda d: d["cases"][0].update(raw="019700000"), "Numéros p01"),
    ("no region", lambda d: d["cases"][0].pop("region"), "Numéros p01"),
    ("form", lambda d: d["provider_forms"][0].update(mtn="22997000001"), "Formes des opérateurs +2290197000001"),
    ("provider", lambda d: d["provider_forms"][0].update(pigeon="1"), "Formes des opérateurs +2290197000001"),
    ("prefix", lambda d: d["operators"][0]["prefixes"].append("0145"), "Préfixes BJ MTN"),
    ("fewer prefixes", lambda d: d["operators"][0]["prefixes"].pop(), "Préfixes BJ MTN"),
    ("operator", lambda d: d["operators"][0].update(operator="Moov"), "Préfixes BJ Moov"),
]


@pytest.mark.parametrize(("change", "name"), [row[1:] for row in PHONE_CHANGES], ids=[row[0] for row in PHONE_CHANGES])
def test_a_changed_number_is_named(
    change: Callable[[dict[str, Any]], object], name: str, checked: Callable[[Any], tuple[int, list[str]]]
) -> None:
    document = copy.deepcopy(PHONES)
    change(document)
    status, lines = checked(document)
    assert status == 1
    assert lines[-1] == "126 cas, 125 conformes, 1 différents."
    wrong = [line for line in lines if line.startswith("✗")]
    assert wrong
    assert all(line.startswith(f"✗ {name} : ") for line in wrong)


@pytest.mark.parametrize("document", [{}, [], 7, "vectors", {"vectors": []}, {"vectors": {"id": 1}}])
def test_a_file_without_a_case_proves_nothing(document: Any, checked: Callable[[Any], tuple[int, list[str]]]) -> None:
    status, lines = checked(document)
    assert (status, lines) == (1, ["Ce fichier ne contient aucun cas : ni signatures, ni numéros."])


@pytest.mark.parametrize("case", [None, 7, [], "p01", {}])
def test_a_case_that_is_none_differs(case: Any, checked: Callable[[Any], tuple[int, list[str]]]) -> None:
    status, lines = checked({"cases": [case], "vectors": [case]})
    assert (status, lines[-1]) == (1, "2 cas, 0 conformes, 2 différents.")


def test_what_is_no_file_or_no_json_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = check(tmp_path / "absent.json", capsys)
    assert status == 1
    assert lines[0].startswith("Fichier illisible : ")
    path = tmp_path / "texte.json"
    path.write_bytes(b"\xff{")
    assert check(path, capsys) == (1, ["Ce fichier n'est pas du JSON."])
