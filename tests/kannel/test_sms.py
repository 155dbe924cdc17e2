"""SMS through the real Kannel: ours leave and come back as reports, people's arrive."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest

from core import gsm7
from core.permissions import SYSTEM
from providers.messaging import kannel
from providers.wire import Wire
from services import provider_accounts
from services.provider_accounts import EditAccount, SetSecret
from tests.kannel.application import PlainHandler, Said
from tests.kannel.boxes import until
from tests.kannel.conftest import SMS_SECRET, Line
from tests.messages.conftest import _fake_server, fakes, house, our_address
from tests.messages.house import House, number

__all__ = ["_fake_server", "fakes", "house", "our_address"]

PHONE = number().removeprefix("+")


@pytest.fixture
def connected(house: House, line: Line) -> House:
    """Give the house, its Kannel account pointing at the real box."""
    change(house, base_url=line.boxes.sendsms_url)
    return house


def change(house: House, **changes: Any) -> None:
    order = EditAccount.model_validate({"account_id": house.accounts["kannel"], **changes})
    with house.database.transaction() as session:
        provider_accounts.edit_account(session, SYSTEM, order)


def through_smpp(house: House) -> None:
    """Have this account's SMS leave by the SMPP link."""
    change(house, settings={"username": "palabre", "sender": "Palabre", "smsc": "USSD1", "smscs": ["USSD1", "SMS1"]})


def information(text: str) -> dict[str, Any]:
    return {"type": "information", "template_code": "information", "variables": {"texte": text}}


def test_an_sms_reaches_the_phone_and_its_report_moves_the_message(connected: House, line: Line) -> None:
    message = connected.write()
    connected.send()
    assert line.sms.read().startswith(f"Palabre {PHONE} text Code PIN bloqué pour 15 min")
    until(lambda: connected.state(message) == "delivered", "le compte rendu n'est pas arrivé")
    reports = connected.rows("select path, convert_from(body, 'UTF8') as body from inbound_event")
    assert {row["path"] for row in reports} == {"/g/kannel-fictif"}
    assert f"mid={message}&type=1" in {row["body"] for row in reports}


def test_accepted_by_the_centre_then_lost_is_believed_in_that_order(connected: House, line: Line) -> None:
    through_smpp(connected)
    message = connected.write()
    connected.send()
    sent = line.ussd.phone(PHONE).wait()
    assert (sent.code, sent.op, sent.session, sent.data_coding) == ("Palabre", 0, b"", 0)
    until(lambda: kinds(connected, message) == ["8"], "le centre a accepté")
    assert connected.state(message) == "sent"
    line.ussd.report(PHONE, sent.message_id, "UNDELIV")
    until(lambda: connected.state(message) == "undelivered", "le compte rendu n'est pas arrivé")
    assert kinds(connected, message) == ["8", "2"]


def kinds(house: House, message: UUID) -> list[str]:
    """Return the kinds of the reports on a message, in the order they came."""
    rows = house.rows("select convert_from(body, 'UTF8') as body from inbound_event order by id")
    reports = [dict(parse_qsl(row["body"])) for row in rows]
    return [report["type"] for report in reports if report["mid"] == str(message)]


def test_the_alphabet_is_kept_as_long_as_it_can_be(connected: House, line: Line) -> None:
    through_smpp(connected)
    phone = line.ussd.phone(PHONE)
    for text, coding in (("Reçu à l'école [5 €] = 100 % + l’œuf", 0), ("Bɔlɔ ж 😀", 8)):
        connected.write(text, **information(text))
        connected.send()
        screen = phone.wait()
        assert (screen.data_coding, screen.text) == (coding, gsm7.fold(text))


def test_a_long_sms_goes_in_the_parts_we_count(connected: House, line: Line) -> None:
    connected.write(**information("é" * 161))
    connected.send()
    parts = line.sms.read().splitlines()
    assert len(parts) == gsm7.count_segments("é" * 161) == 2, parts


def test_a_box_that_does_not_know_us_is_a_matter_of_configuration(connected: House, line: Line) -> None:
    assert line.boxes
    assert probe(connected)
    order = SetSecret(account_id=connected.accounts["kannel"], name="password", value="wrong-password")
    with connected.database.transaction() as session:
        provider_accounts.set_secret(session, SYSTEM, order)
    message = connected.write()
    connected.send()
    assert (connected.state(message), connected.message(message)["error_code"]) == ("queued", "403")
    assert not probe(connected)


def probe(house: House) -> bool:
    with house.database.transaction() as session:
        account = provider_accounts.view(session, house.accounts["kannel"])
    return kannel.ADAPTER.probe(account, Wire())


def test_a_network_that_is_away_gets_what_waited(connected: House, line: Line) -> None:
    line.sms.go_away()
    line.boxes.wait_for_link("SMS1", "re-connecting")
    message = connected.write()
    connected.send()
    assert connected.state(message) == "sent"
    line.sms.come_back()
    assert line.sms.read().startswith(f"Palabre {PHONE} text Code PIN")
    until(lambda: connected.state(message) == "delivered", "le compte rendu n'est pas arrivé")


def test_a_persons_sms_arrives_and_the_answer_goes_back(line: Line) -> None:
    line.place.app = handler = PlainHandler(lambda _: Said("Bienvenue\n1. Solde\n2. S'inscrire"))
    line.sms.write("237699000001", "8080", "menu  du jour")
    assert line.sms.read() == "8080 237699000001 text Bienvenue\n1. Solde\n2. S'inscrire\n"
    (asked,) = handler.asked
    assert asked.path == f"/g/kannel-sms/{SMS_SECRET}"
    assert [asked.query[name] for name in ("from", "to", "text", "smsc")] == [
        "237699000001",
        "8080",
        "menu  du jour",
        "SMS1",
    ]


def test_nothing_is_sent_when_we_say_nothing(line: Line) -> None:
    line.place.app = handler = PlainHandler(lambda asked: Said("" if asked.text == "tard" else "noté"))
    line.sms.write("237699000001", "8080", "tard")
    until(lambda: handler.asked, "le SMS n'est pas arrivé")
    line.sms.write("237699000001", "8080", "menu")
    assert line.sms.read() == "8080 237699000001 text noté\n"
