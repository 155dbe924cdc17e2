"""An operator holds a phone: real money moves, every octet is shown but the secret ones."""

import httpx
import pytest
from nicegui import ui
from nicegui.testing import User

from core.database import Database, fetch_all, fetch_one
from core.settings import Environment, get_settings
from tests.services.wallet_world import AWA, JEAN, balance
from tests.ui.ussd_world import (
    NARROW,
    NO_BREAK,
    PIN,
    Handset,
    Open,
    as_operator,
    bank,
    elements,
    endpoint_port,
    page,
    press,
)

__all__ = ["as_operator", "bank", "endpoint_port"]


def choose(user: User, label: str, value: str) -> None:
    """Choose in the drop-down of this label."""
    boxes = (each for each in elements(user) if isinstance(each, ui.select))
    next(box for box in boxes if label_of(box) == label).value = value


def label_of(box: ui.element) -> str:
    """Return what stands over a field."""
    slot = box.parent_slot
    return str(getattr(slot.children[0], "content", "")).removeprefix("<span>").removesuffix("</span>") if slot else ""


async def test_a_phone_moves_real_money_and_shows_every_octet_but_the_pin(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.send()
        assert handset.line.props["type"] == "password"
        await handset.answer(PIN, "Transfert de 5 000 FCFA à Jean Nkolo réussi")
        await user.should_see("Débit", retries=30)
        shown = page(user)
        assert PIN not in shown
        assert PIN.encode().hex(" ") not in shown
        assert "•• •• •• •• ••" in shown
        assert "*155# › 1 › 677000002 › 5000 › 1 › •••••" in shown
        assert f"4{NARROW}950{NO_BREAK}F{NO_BREAK}CFA" in shown  # Awa's own balance after 5 000 and 50 of fees
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (4_950, 7_500)


async def test_the_same_request_again_gives_the_same_octets_and_moves_nothing(
    as_operator: Open, bank: Database
) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.send()
        await handset.answer(PIN, "Transfert de 5 000 FCFA")
        press(user, "Renvoyer la même requête")
        await user.should_see("Mêmes octets", retries=30)
        assert PIN not in page(user)
    with bank.transaction() as session:
        assert balance(session, JEAN) == 7_500
        assert len(fetch_all(session, "select id from ussd_operation")) == 1


async def test_two_at_once_are_one_movement(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.send()
        await handset.answer(PIN, "Mêmes octets", button="Deux à la fois")
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (4_950, 7_500)


async def test_the_service_menu_is_asked_with_the_key_and_cumulative_text(as_operator: Open) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        choose(user, "Service", "service")
        await user.should_see("*123#", retries=30)
        await handset.call("Bienvenue")
        await user.should_see("text/plain; charset=utf-8", retries=30)
        await handset.answer("1", "Votre solde est de 10 000 FCFA")
        assert "Septets" in page(user)


async def test_a_new_number_registers_itself(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        choose(user, "Appelant", "new")
        await handset.call("0. Inscription")
        await handset.answer("0", "Votre prénom et nom:")
        await handset.answer("Ada Neuve", "Choisissez un code PIN de 5 chiffres:")
        await handset.answer("59274", "Entrez le code PIN encore une fois:")
        await handset.answer("59274", "Inscription réussie, Ada Neuve.")
        assert "59274" not in page(user)
    with bank.transaction() as session:
        assert fetch_one(session, "select 1 from users where first_name = 'Ada' and last_name = 'Neuve'")


async def test_the_phone_is_closed_where_money_is_real(
    as_operator: Open, bank: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "environment", Environment.STAGING)
    async with as_operator("/ussd-console/telephone") as user:
        await user.should_see("Le téléphone est fermé sur cette installation.", retries=30)
        assert not [each for each in elements(user) if isinstance(each, ui.input) and each.value == "*155#"]
    with bank.transaction() as session:
        assert fetch_all(session, "select id from ussd_session") == []


async def test_a_reader_has_no_phone(open_console: Open, bank: Database) -> None:
    assert bank
    async with open_console("lecteur") as user:
        answer: httpx.Response = await user.http_client.get("/ussd-console/telephone")
        assert answer.status_code == 403
