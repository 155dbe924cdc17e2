"""A screen we push over the real Kannel: USSN request on the wire, and the phone's confirm that is never a turn."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from api import delivery_reports, gateways
from channels.ussd import gateways as accounts
from channels.ussd import recorder
from core.permissions import SYSTEM
from core.security import digest_token
from models.messages import Channel
from models.ussd import UssdGateway
from providers.fakes.accounts import account_of
from services import provider_accounts
from services.provider_accounts import EditAccount, SetSecret
from services.ussd_credentials import digest_credential
from tests.kannel.boxes import until
from tests.kannel.conftest import BASIC, USSD_SECRET, Line
from tests.kannel.networks import Phone, Screen
from tests.messages.conftest import _fake_server, fakes, house, our_address
from tests.messages.house import House

__all__ = ["_fake_server", "fakes", "house", "our_address"]

NOTIFY, CONFIRM = 3, 19
MOOV = "+2290195000500"
CODE = "*155#"


@pytest.fixture
def connected(house: House, line: Line) -> Iterator[House]:
    """Give the house, its USSD account pointing at the real box and the box's callbacks at the house."""
    with house.database.transaction() as session:
        order = EditAccount(account_id=house.accounts["kannel_ussd"], base_url=line.boxes.sendsms_url)
        provider_accounts.edit_account(session, SYSTEM, order)
        password = account_of("kannel").secrets["password"]
        secret = SetSecret(account_id=house.accounts["kannel_ussd"], name="password", value=password)
        provider_accounts.set_secret(session, SYSTEM, secret)
        credentials = {"basic": digest_credential("kannel-ussd", "basic", BASIC)}
        session.add(
            UssdGateway(
                key="kannel-ussd",
                name="Kannel",
                profile="kannel_ussd",
                country="BJ",
                secret_digests=[digest_token(USSD_SECRET)],
                options={"credentials": credentials},
            )
        )
    accounts.forget()
    line.place.app = app = FastAPI(redirect_slashes=False)
    app.include_router(gateways.router)
    app.include_router(delivery_reports.router)
    yield house
    accounts.forget()


def push(house: House, text: str, key: str = "a") -> UUID:
    more: dict[str, Any] = {"type": "information", "template_code": "information", "variables": {"texte": text}}
    message = house.write(key, channel=Channel.USSD, address=MOOV, next_channels=(Channel.SMS,), **more)
    house.send()
    return message


def phone_of(line: Line) -> Phone:
    return line.ussd.phone(MOOV.removeprefix("+"))


def confirm(line: Line, screen: Screen) -> None:
    """Have the phone say that it showed the screen, in the session of the screen."""
    line.ussd.deliver(screen.phone, CODE, CONFIRM, screen.session, "")


def kinds(house: House, message: UUID) -> set[str]:
    rows = house.rows("select convert_from(body, 'UTF8') as body from inbound_event")
    return {row["body"].rpartition("type=")[2] for row in rows if str(message) in row["body"]}


def outcomes(house: House) -> list[str]:
    recorder.flush()
    return [row["outcome"] for row in house.rows("select outcome from wire_record order by created_at, id")]


def test_a_notify_request_leaves_and_the_confirm_delivers_it_without_a_turn(connected: House, line: Line) -> None:
    message = push(connected, "Le bureau ferme à 15 h. Merci.")
    screen = phone_of(line).wait()
    assert (screen.op, screen.code, screen.text) == (NOTIFY, CODE, "Le bureau ferme à 15 h. Merci.")
    assert screen.session == bytes([message.bytes[-1], 0])
    until(lambda: kinds(connected, message) == {"8"}, "le centre l'a pris")
    assert connected.state(message) == "sent"
    confirm(line, screen)
    until(lambda: connected.state(message) == "delivered", "la confirmation n'est pas arrivée")
    confirm(line, screen)
    until(lambda: outcomes(connected) == ["shown", "shown"], "la seconde confirmation n'est pas arrivée")
    assert connected.rows("select count(*) as n from ussd_session") == [{"n": 0}]
    assert connected.rows("select count(*) as n from ussd_turn") == [{"n": 0}]
    assert line.ussd.screens[screen.phone].empty(), "a confirm is answered by nothing"


@pytest.mark.parametrize("text", ["z" * 182, "é€" + "à" * 179, "中" * 80], ids=["septets", "escapes", "ucs2"])
def test_a_full_screen_is_one_message(connected: House, line: Line, text: str) -> None:
    push(connected, text)
    screen = phone_of(line).wait()
    assert (screen.op, screen.text, screen.header) == (NOTIFY, text, b"")
    confirm(line, screen)
    until(lambda: outcomes(connected) == ["shown"], "la confirmation n'est pas arrivée")
    assert line.ussd.screens[screen.phone].empty(), "nothing else was sent"


def test_what_is_longer_never_leaves_as_a_screen(connected: House, line: Line) -> None:
    message = push(connected, "z" * 183)
    assert (connected.state(message), connected.message(message)["error_code"]) == ("failed", "too_long")
    assert line.ussd.screens[MOOV.removeprefix("+")].empty()
    assert len(connected.rows("select 1 from message where fallback_of_id = %s and channel = 'sms'", (message,))) == 1
