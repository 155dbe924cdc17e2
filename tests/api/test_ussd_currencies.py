"""One code for everybody: each caller is served in the currency of his own wallet."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from core.database import Database
from core.money import Currency
from models.ussd import UssdService
from models.wallets import Tariff, WalletLimit
from tests.builders import world

FATOU = {"phone": "+221771234567", "name": "Fatou Diop", "role": "client", "pin": "48213", "balance": 80_000}
MODOU = {"phone": "+221781234567", "name": "Modou Fall", "role": "client", "pin": "73519", "balance": 0}


@pytest.fixture
def dakar(database: Database) -> Database:
    """Open the wallet menu in XOF beside the one in XAF, with the same prices, for two people of Dakar."""
    world.build(database)
    with database.transaction() as session:
        for service in session.exec(select(UssdService)).all():
            copied = service.model_dump(exclude={"id", "created_at", "key", "currency"})
            session.add(UssdService(key=f"{service.key}-sn", currency="XOF", **copied))
        for table in (Tariff, WalletLimit):
            for row in session.exec(select(table)).all():
                session.add(table(currency="XOF", **row.model_dump(exclude={"id", "created_at", "currency"})))
        for person in (FATOU, MODOU):
            world.subscriber(session, person, Currency.XOF)
    return database


def test_a_wallet_in_another_currency_is_found_on_the_default_code(gateway: TestClient, dakar: Database) -> None:
    def say(message: str) -> str:
        body = {"sessionid": "S1", "msisdn": FATOU["phone"], "message": message}
        answer: str = gateway.post("/ussd", json=body).json()["message"]
        return answer

    say("1")
    assert "Modou Fall" in say("781234567"), "a number is typed as one writes it at home"
    assert "Total: 5 050 FCFA" in say("5000")
    say("1")
    assert "Solde 74 950 FCFA" in say("48213")
    with dakar.transaction() as session:
        assert world.balance(session, str(MODOU["phone"])) == 5_000


@pytest.mark.usefixtures("dakar")
def test_the_service_menu_shows_the_callers_own_balance(gateway: TestClient) -> None:
    body = {"sessionId": "S2", "phoneNumber": FATOU["phone"], "text": "1"}
    answer = gateway.post("/ussd", json=body, headers={"X-API-Key": world.API_KEY})
    assert answer.text == "END Votre solde est de 80 000 FCFA"
    body = {"sessionId": "S3", "phoneNumber": "+237699000001", "text": "1"}
    answer = gateway.post("/ussd", json=body, headers={"X-API-Key": world.API_KEY})
    assert answer.text == "END Votre solde est de 10 000 FCFA"
