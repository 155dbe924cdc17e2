"""What a thief tries at the doors of the gateways, over HTTP and a real PostgreSQL: refused, and never a failure."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from channels.ussd.profiles.wire import WireRequest
from core.database import Database, driver, fetch_all
from tests.api.test_gateways import PIN, client, house, phone
from tests.builders.accounts import SECRET, Handset
from tests.services.wallet_world import JEAN

__all__ = ["client", "house", "phone"]

DOORS = ("hubtel", "infobip", "nalo", "truroute", "africastalking", "mtn_madapi")


def test_one_pin_is_guessed_at_six_gateways_at_once_and_checked_three_times(
    client: TestClient, house: Database
) -> None:
    with house.transaction() as session:
        driver(session).execute("update pin_credential set tries = 0, locks = 0, locked_until = null")
        driver(session).execute("delete from velocity_bucket")
    handsets = [Handset(client, profile) for profile in DOORS for _ in range(2)]
    for handset in handsets:
        handset.dial()
        handset.answer("6")
    with ThreadPoolExecutor(len(handsets)) as pool:
        guesses = [f"{number}" for number in range(70_321, 70_321 + len(handsets))]
        said = [
            heard.text for heard in pool.map(lambda pair: pair[0].answer(pair[1]), zip(handsets, guesses, strict=True))
        ]
    wrong = [text for text in said if text.startswith("Code PIN incorrect.")]
    assert len(wrong) == 2, said  # the third is the lock
    assert not any("FCFA" in text for text in said)
    late = Handset(client, "hubtel")
    late.dial()
    late.answer("6")
    assert late.answer(PIN).text.startswith("Code PIN bloqué")


def test_another_phone_takes_no_session_over(phone: Handset, house: Database) -> None:
    phone.dial()
    phone.answer("1")
    thief = Handset(phone.client, phone.profile, phone=JEAN, session=phone.session, typed=phone.typed, turn=phone.turn)
    thief.typed, thief.turn = (*thief.typed, "6"), thief.turn + 1
    thief.send(thief.request("continue"))
    with house.transaction() as session:
        rows = fetch_all(
            session, "select phone, screen, turn_number from ussd_session where phone = %s", (phone.phone,)
        )
    assert [(row["screen"], row["turn_number"]) for row in rows] == [("t_to", 2)]
    assert "FCFA" not in (thief.last.text if thief.last else "")


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 10_000_000,
        b"[" * 8_000,
        b'{"a":' * 1_600,
        b"\xff\xfe\x00\x00" * 100,
        b"\x00" * 500,
        "﻿{}".encode("utf-16"),
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><ussd>&b;</ussd>',
        b'{"sessionId":"a\\u0000b","phoneNumber":"+237699000001","text":"\\ud800"}',
        b"1" * 8_000,
    ],
    ids=["10 MB", "deep list", "deep object", "octets", "zeros", "utf-16", "entity", "null byte", "long number"],
)
def test_no_body_makes_a_door_fail(phone: Handset, body: bytes) -> None:
    asked = phone.request("begin")
    for media_type in ("application/json", "text/xml", "application/x-www-form-urlencoded", asked.media_type):
        request = WireRequest(asked.method, asked.path, {"content-type": media_type}, asked.query, body)
        answer = phone.send(request)
        assert answer.status_code < 500
        assert SECRET not in answer.text.replace(f"/g/{phone.profile.replace('_', '-')}/{SECRET}", "")
        assert "passwd" not in answer.text
        assert "root:" not in answer.text
