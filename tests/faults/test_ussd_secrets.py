"""PINs through every gateway, right, wrong, repeated, too early and too late: none is anywhere afterwards."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from channels.ussd import receipts, recorder
from channels.ussd.gateways import Gateway
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import can_dial_behind
from channels.ussd.profiles.wire import GatewayTurn
from commands.vectors import remains
from core import clock, ids, metrics, security
from core.database import Database, driver
from tests.builders import world
from tests.builders.accounts import AWA, PROFILES, SECRET, Handset
from tests.builders.crowd import Caller, at_once, open_door, settle

ASKING = [name for name in PROFILES if name != "kannel_sms"]  # an SMS never asks for a secret
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BALANCE = "Votre solde est de 1 000 000 FCFA"


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    assert database.engine
    with open_door() as client:
        yield client


@dataclass
class Documented:
    """A phone at one of the two documented contracts."""

    client: TestClient
    profile: str
    phone: str
    session: str = field(default_factory=lambda: ids.new_id().hex[-12:])
    typed: tuple[str, ...] = ()

    def dial(self, tail: str = "") -> str:
        self.typed = tuple(tail.split("*")) if tail else ()
        return self._send(f"*155*{tail}#" if tail else "*155#")

    def answer(self, text: str) -> str:
        self.typed = (*self.typed, text)
        return self._send(text)

    def _send(self, last: str) -> str:
        if self.profile == "doc_a":
            body = {"sessionId": self.session, "phoneNumber": self.phone, "text": "*".join(self.typed)}
            headers = {"X-API-Key": world.API_KEY}
            answer = self.client.post("/ussd", json={**body, "serviceCode": "*155#"}, headers=headers)
            return str(answer.text[4:])
        body = {"sessionid": self.session, "msisdn": self.phone, "message": last}
        return str(self.client.post("/ussd/", json=body).json()["message"])


@dataclass
class At:
    """A phone at a gateway, spoken to in the same words."""

    handset: Handset

    def dial(self, tail: str = "") -> str:
        shown = self.handset.dial(tail).text
        if tail and BUILT_IN[self.handset.profile].is_cumulative:
            self.handset.typed = tuple(tail.split("*"))
        return shown

    def answer(self, text: str) -> str:
        return self.handset.answer(text).text


def phone(client: TestClient, profile: str, number: str) -> At | Documented:
    documented = profile.startswith("doc_")
    return Documented(client, profile, number) if documented else At(Handset(client, profile, number))


def walk(client: TestClient, profile: str, pair: tuple[Caller, str]) -> None:
    """Ask for a balance with a wrong PIN, then with the right one; one in three dials the wrong one with the code."""
    caller, wrong = pair
    one = phone(client, profile, caller.phone)
    is_early = caller.number % 3 == 0 and can_dial_behind(BUILT_IN[profile].profile)
    if is_early:
        assert "PIN" in one.dial(f"6*{wrong}"), "what was dialled is not used"
    else:
        one.dial()
        assert "PIN" in one.answer("6")
    assert one.answer(wrong).startswith("Code PIN incorrect")
    assert one.answer(caller.pin) == BALANCE
    if isinstance(one, At) and caller.number % 2:
        again = one.handset.send(one.handset.request("continue"))
        assert again.content == (one.handset.last or again).content
    if profile == "africastalking" and isinstance(one, At):
        report(client, one.handset, f"6*{wrong}*{caller.pin}")


def report(client: TestClient, handset: Handset, typed: str) -> None:
    """Send the network's own report at the end, which repeats everything that was typed."""
    fields = {
        "sessionId": handset.session,
        "phoneNumber": handset.phone,
        "status": "Success",
        "input": typed,
        "lastAppResponse": f"END {typed}",
        "cost": "XAF 2.00",
    }
    answer = client.post(f"/g/africastalking/{SECRET}", content=urlencode(fields), headers=FORM)
    assert (answer.status_code, answer.content) == (200, b"")


def too_late(client: TestClient, profile: str, caller: Caller) -> None:
    """Type the PIN when the dialogue has expired, then as somebody else under the same session."""
    one = phone(client, profile, caller.phone)
    with clock.travel(clock.now()) as traveller:
        one.dial()
        one.answer("6")
        traveller.advance(700)
        assert BALANCE not in one.answer(caller.pin)
    other = phone(client, profile, caller.phone)
    other.dial()
    if isinstance(other, At):
        other.handset.phone = "+237677000002"
    else:
        other.phone = "+237677000002"
    assert BALANCE not in other.answer(caller.pin)


def forgive(database: Database) -> None:
    with database.transaction() as session:
        driver(session).execute("update pin_credential set tries = 0, wrong_today = 0")


@pytest.mark.parametrize("each", [6, pytest.param(1_000, marks=pytest.mark.slow)])
def test_no_pin_is_anywhere_after_every_gateway(
    database: Database, client: TestClient, capfd: pytest.CaptureFixture[str], each: int
) -> None:
    chance = random.Random(each)  # noqa: S311  # a seed
    profiles = (*ASKING, "doc_a", "doc_b")
    right = [f"{pin:06}" for pin in chance.sample(range(10**6), each // 2)]
    callers = settle(database, each // 2, pins=right)
    with database.transaction() as session:
        driver(session).execute("update ussd_service set settings = settings || '{\"pin_length\": 6}'")
    used = {*right}
    for profile in profiles:
        wrong = [f"{pin:06}" for pin in chance.sample(range(10**6), len(callers))]
        used |= {*wrong}
        pairs = list(zip(callers, wrong, strict=True))
        at_once(partial(walk, client, profile), pairs, threads=8)
        too_late(client, profile, callers[0])
        forgive(database)
    while recorder.flush():
        pass
    printed = capfd.readouterr()
    kept = remains.kept(database)
    assert "•••••" in kept
    found = remains.find(used, kept, printed.out, printed.err, metrics.render().decode())
    assert found == [], {secret: around(secret, kept + printed.out + printed.err) for secret in found}


def test_what_is_kept_of_an_input_cannot_be_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another key the same digits give other octets: a stolen dump is no list of PINs."""
    gateway = Gateway(ids.new_id(), "hubtel", "hubtel", "CM", {}, None, has_anonymous_browse=False)
    keys = security.get_keys()
    turns = [
        GatewayTurn("s", AWA, None, None, transcript, "48213", "", clock.now(), identity=(2,), again=(2,))
        for transcript in (None, "6*48213")
    ]
    kept = []
    for key in (b"k" * 32, b"l" * 32):
        monkeypatch.setattr(security, "get_keys", partial(replace, keys, input_mac=key))
        kept.append({octets for turn in turns for octets in octets_of(receipts.digest(gateway, turn))})
    assert [len(octets) for octets in kept] == [5, 5]
    assert kept[0] & kept[1] == set()


def octets_of(digests: receipts.Digests) -> list[bytes]:
    return [one for one in (digests.identity, digests.input, digests.again, *digests.prefix_macs) if one is not None]


def around(secret: str, place: str) -> str:
    """Return where a secret was found."""
    at = place.find(secret)
    return place[max(0, at - 80) : at + 40]
