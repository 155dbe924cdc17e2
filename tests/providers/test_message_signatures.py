"""Twilio's and Meta's signatures: every published vector, and what a stranger may send."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.messaging.signatures import answer_challenge, is_meta_signed, is_twilio_signed

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "whatsapp_signatures.json").read_text())


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [f"{case.get('name', case.get('query', ''))}-{place}" for place, case in enumerate(cases)]


def form_of(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in case["form"]]


@pytest.mark.parametrize("case", VECTORS["twilio"]["valid"], ids=names(VECTORS["twilio"]["valid"]))
def test_what_twilio_signed_is_believed(case: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"urls": [case["url"]], "content": form_of(case)}
    assert parse_qsl(case["body"], keep_blank_values=True) == form_of(case)
    assert is_twilio_signed(tokens=[case["token"]], signature=case["sha1"], **asked)
    assert is_twilio_signed(tokens=["0" * 32, case["token"]], signature=case["sha1"], **asked), "while one is replaced"
    named = {"settings": case["sha256_settings_header"], "signature": case["sha256"]}
    assert is_twilio_signed(tokens=[], shared_keys={"SKtest0001": case["token"]}, **named, **asked)
    assert not is_twilio_signed(tokens=[case["token"]], shared_keys={"SKother": case["token"]}, **named, **asked)
    assert not is_twilio_signed(
        tokens=[case["token"]],
        settings="key=SKtest0001,algorithm=NONE",
        signature=case["sha256"],
        shared_keys={"SKtest0001": case["token"]},
        **asked,
    )


@pytest.mark.parametrize("case", VECTORS["twilio"]["valid_json"], ids=names(VECTORS["twilio"]["valid_json"]))
def test_a_json_body_is_covered_by_its_digest(case: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"tokens": [case["token"]], "urls": [case["url"]], "signature": case["sha1"]}
    assert is_twilio_signed(content=case["body"], **asked)
    assert not is_twilio_signed(content=case["body"].replace("true", "false"), **asked)


@pytest.mark.parametrize("case", VECTORS["twilio"]["invalid"], ids=names(VECTORS["twilio"]["invalid"]))
def test_what_twilio_did_not_sign_is_not(case: dict[str, Any]) -> None:
    assert not is_twilio_signed(
        tokens=[case["token"]], urls=[case["url"]], content=form_of(case), signature=case["signature"]
    )


@pytest.mark.parametrize("case", VECTORS["meta"]["valid"], ids=names(VECTORS["meta"]["valid"]))
def test_what_meta_signed_is_believed(case: dict[str, Any]) -> None:
    body = base64.b64decode(case["body_base64"])
    assert is_meta_signed([case["secret"]], body, case["header"])
    assert is_meta_signed(["f" * 32, case["secret"]], body, case["header"]), "while one is replaced"
    assert not is_meta_signed([], body, case["header"])
    assert not is_meta_signed([""], body, case["header"])


@pytest.mark.parametrize("case", VECTORS["meta"]["invalid"], ids=names(VECTORS["meta"]["invalid"]))
def test_what_meta_did_not_sign_is_not(case: dict[str, Any]) -> None:
    assert not is_meta_signed([case["secret"]], base64.b64decode(case["body_base64"]), case["header"])


@pytest.mark.parametrize("case", VECTORS["meta"]["challenge"], ids=names(VECTORS["meta"]["challenge"]))
def test_meta_asks_whether_an_address_is_ours(case: dict[str, Any]) -> None:
    query = dict(parse_qsl(case["query"], keep_blank_values=True))
    assert answer_challenge(query, [case["configured"]]) == (case["status"], case.get("body", ""))


@given(st.binary(max_size=60), st.text(max_size=60))
def test_anything_else_is_false_and_raises_nothing(body: bytes, header: str) -> None:
    assert not is_meta_signed(["secret"], body, header)
    assert not is_twilio_signed(
        tokens=["secret"], urls=[header], content=[(header, header)], signature=header, settings=header
    )


@pytest.mark.parametrize("place", range(40))
def test_one_changed_octet_is_enough(place: int) -> None:
    case = VECTORS["meta"]["valid"][0]
    body = bytearray(base64.b64decode(case["body_base64"]))
    body[place * len(body) // 40] ^= 1
    assert not is_meta_signed([case["secret"]], bytes(body), case["header"])
