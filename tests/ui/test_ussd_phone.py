"""An operator holds a phone: real money moves, every octet is shown but the secret ones."""

import json

import httpx
import pytest
from nicegui import ui
from nicegui.testing import User

from core.database import Database, Session, fetch_all, fetch_one
from core.settings import Environment, get_settings
from models.flows import FlowVersion
from tests.services.wallet_world import AWA, JEAN, balance
from tests.ui.hands import until
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


def field_of(user: User, label: str) -> ui.input:
    """Return the field of text of this label, the newest one."""
    return [each for each in elements(user) if isinstance(each, ui.input) and label_of(each) == label][-1]


def draft(session: Session, old: str, new: str) -> str:
    """Write a draft of the wallet whose words differ, and return its id."""
    live = fetch_one(
        session,
        "select f.flow_id, f.body from ussd_service v join flow_version f on f.id = v.live_version_id"
        " where v.key = 'wallet'",
    )
    assert live is not None
    body = json.loads(json.dumps(live["body"], ensure_ascii=False).replace(old, new))
    version = FlowVersion(flow_id=live["flow_id"], number=2, state="draft", body=body, checksum="c2")
    session.add(version)
    session.flush()
    return str(version.id)


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
        hers = f"4{NARROW}950{NO_BREAK}F{NO_BREAK}CFA"  # what Awa has left after 5 000 and 50 of fees
        told = ("Débit", "•• •• •• •• ••", "*155# › 1 › 677000002 › 5000 › 1 › •••••", hers)
        await until(lambda: all(words in page(user) for words in told))
        assert PIN not in page(user)
        assert PIN.encode().hex(" ") not in page(user)
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


async def test_hanging_up_with_notice_closes_the_session_where_the_gateway_says_so(
    as_operator: Open, bank: Database
) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        choose(user, "Passerelle", "hubtel")
        await handset.call("1. Transfert")
        press(user, "Raccrocher avec avis")
        await user.should_see("(raccroché)", retries=30)
    with bank.transaction() as session:
        assert [row["state"] for row in fetch_all(session, "select state from ussd_session")] == ["aborted"]


async def test_a_gateway_that_tells_nothing_of_hanging_up_is_said_so(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.call("1. Transfert")
        press(user, "Raccrocher avec avis")
        await user.should_see("Cette passerelle n’avertit pas quand on raccroche.", retries=30)
    with bank.transaction() as session:
        assert [row["state"] for row in fetch_all(session, "select state from ussd_session")] == ["open"]


async def test_an_answer_that_comes_too_late_moves_nothing(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        choose(user, "Passerelle", "hubtel")
        await handset.send()
        await handset.answer(PIN, "Session expirée. Recomposez le code.", button="Répondre trop tard")
        assert PIN not in page(user)
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (10_000, 2_500)
        assert [row["state"] for row in fetch_all(session, "select state from ussd_session")] == ["expired"]


async def test_another_phone_under_the_same_session_is_refused_and_the_first_goes_on(
    as_operator: Open, bank: Database
) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.send()
        handset.line.value = PIN
        press(user, "Répondre d’un autre téléphone")
        await user.should_see("Session invalide. Recomposez le code.", retries=30)
        await handset.answer(PIN, "Transfert de 5 000 FCFA à Jean Nkolo réussi")
        assert PIN not in page(user)
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (4_950, 7_500)
        assert fetch_all(session, "select conflicts from ussd_session")[0]["conflicts"] == 1


async def test_what_is_dialled_behind_the_code_skips_screens(as_operator: Open) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        field_of(user, "Tapé d’un trait derrière le code").value = "1*677000002"
        await handset.call("Montant à envoyer à Jean Nkolo")


async def test_a_walk_is_kept_and_taken_again_on_a_draft(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        draft(session, "Entrez le numéro du bénéficiaire", "Numéro de votre correspondant")
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.call("1. Transfert")
        await handset.answer("1", "Entrez le numéro du bénéficiaire")
        press(user, "Garder ce parcours")
        await user.should_see("2 écrans seront repris. Le code secret n’est pas gardé.", retries=30)
        field_of(user, "Nom du parcours").value = "Début d'un transfert"
        press(user, "Garder")
        await user.should_see("Parcours gardé.", retries=30)
        await user.should_see("Début d'un transfert", retries=30)
        press(user, "Rejouer partout")
        await user.should_see("Identique", retries=30)
        shown = page(user)
        assert "Écran 2 différent" in shown
        assert "Numéro de votre correspondant" in shown
    with bank.transaction() as session:
        assert len(fetch_all(session, "select id from ussd_session")) == 1


async def test_a_draft_is_walked_by_the_phone_alone(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        number = draft(session, "Entrez le numéro du bénéficiaire", "Numéro de votre correspondant")
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await user.should_see("En service · version 1", retries=30)
        choose(user, "Version", number)
        await handset.call("1. Transfert")
        await handset.answer("1", "Numéro de votre correspondant")
        choose(user, "Version", "")
        await user.should_see("Prêt. Appuyez sur Appeler", retries=30)
        await handset.call("Reprendre votre opération ?")
        await handset.answer("2", "1. Transfert")
        await handset.answer("1", "Entrez le numéro du bénéficiaire")


async def test_a_recorded_session_is_kept_from_its_page(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        await handset.send()
        await handset.answer(PIN, "Transfert de 5 000 FCFA à Jean Nkolo réussi")
    with bank.transaction() as session:
        recorded = fetch_all(session, "select id from ussd_session")[0]["id"]
    async with as_operator(f"/ussd-console/sessions/{recorded}") as user:
        press(user, "Garder comme parcours")
        await user.should_see("Nom du parcours", retries=30)
        field_of(user, "Nom du parcours").value = "Le transfert d'Awa"
        press(user, "Garder")
        await user.should_see("Parcours gardé.", retries=30)
    with bank.transaction() as session:
        (kept,) = fetch_all(session, "select title, dialogue from ussd_script")
    assert kept["title"] == "Le transfert d'Awa"
    assert kept["dialogue"]["steps"][-1]["input"] == "{pin}"
    assert PIN not in str(kept)
