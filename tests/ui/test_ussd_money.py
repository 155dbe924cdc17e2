"""The money desk as people use it: points of sale, prices, bounds, rates, bills, operations."""

from functools import partial
from typing import Any

import pytest
from nicegui import ui

from channels import ways
from core.database import Database, driver, fetch_all, fetch_one
from core.permissions import Actor
from models.users import User
from models.wallets import OperationType
from services import merchants
from services.wallets.kinds import name_of
from tests.services.money_desk import SECOND
from tests.services.wallet_world import ADMIN, AWA, JEAN, KIOSQUE, STRANGER, balance, send, texts, user_id
from tests.ui.conftest import Door
from tests.ui.hands import field, press, rows, shown, until
from tests.ui.ussd_world import NARROW, NO_BREAK, Open, as_operator, bank, endpoint_port, page
from ui.pages.ussd import words

__all__ = ["as_operator", "bank", "endpoint_port"]

F_CFA = f"{NO_BREAK}F{NO_BREAK}CFA"


@pytest.fixture
def desk(bank: Database, door: Door) -> Database:
    """Add the staff to the world, and let an agent in."""
    with bank.transaction() as session:
        for actor in (SECOND, ADMIN):
            assert actor.user_id is not None
            session.add(User(id=actor.user_id, first_name=actor.name))
        agent = Actor(user_id(session, KIOSQUE), "Kiosque Mokolo")
    door.people |= {"seconde": SECOND, "agent": agent, "passant": STRANGER}
    return bank


async def test_a_point_of_sale_is_asked_by_one_and_opened_by_another(as_operator: Open, desk: Database) -> None:
    async with as_operator("/ussd-console/marchands") as user:
        assert [row["code"] for row in await rows(user, 2)] == ["318806", "204518"]
        press(user, "Ouvrir un point de vente")
        await user.should_see("Numéro du titulaire", retries=30)
        with user:
            field(user, "Nom").value = "Chez Awa"
            field(user, "Numéro du titulaire").value = "690000000"
        press(user, "Demander l’ouverture")
        await user.should_see("pas de portefeuille actif", retries=30)
        with user:
            field(user, "Numéro du titulaire").value = "699000001"
        press(user, "Demander l’ouverture")
        await user.should_see("À décider à deux", retries=30)
        assert [row["state"]["word"] for row in await rows(user, 3)].count("À approuver") == 1
        await user.should_see("Retirer ma demande")
    async with as_operator("/ussd-console/marchands", "seconde") as user:
        await user.should_see("Demandé par", retries=30)
        press(user, "Approuver")
        await user.should_see("Approuver et faire", retries=30)
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.", retries=30)
    with desk.transaction() as session:
        found = fetch_one(session, "select code, state from merchant where name = 'Chez Awa'")
        assert found is not None
        assert found["state"] == "active"
        assert texts(session, AWA)[-1].startswith(f"Chez Awa est ouvert. Votre code est {found['code']}")


async def test_the_card_shows_the_day_and_stops_the_code(as_operator: Open, desk: Database) -> None:
    send(desk, AWA, KIOSQUE, 3_000)
    async with as_operator("/ussd-console/marchands/204518") as user:
        await user.should_see(f"203{NARROW}000", retries=30)
        await user.should_see("Transfert · Awa Mbarga")
        await user.should_see(f"+3{NARROW}000")
        press(user, "Suspendre")
        await user.should_see("Son code refusera tout paiement", retries=30)
        with user:
            field(user, "Motif").value = "plainte reçue"
        press(user, "Suspendre Kiosque Mokolo")
        await user.should_see("Point de vente suspendu.", retries=30)
    with desk.transaction() as session:
        found = merchants.find_by_code(session, "204518")
        assert found is not None
        assert found.state == "suspended"


async def test_an_agent_reads_his_own_day_and_nothing_else(as_operator: Open, desk: Database) -> None:
    send(desk, AWA, KIOSQUE, 3_000)
    async with as_operator("/mon-point-de-vente", "agent") as user:
        await user.should_see("Kiosque Mokolo", retries=30)
        await user.should_see(f"203{NARROW}000")
        await user.should_see("Transfert · Awa Mbarga")
        assert AWA not in page(user)
        for path in ("marchands", "marchands/204518/journee", "operations", "tarifs", "factures"):
            assert (await user.http_client.get(f"/ussd-console/{path}")).status_code == 403
    async with as_operator("/mon-point-de-vente", "passant") as user:
        await user.should_see("Aucun point de vente n", retries=30)


async def test_a_reader_sees_masked_numbers_and_no_act(as_operator: Open, desk: Database) -> None:
    done = send(desk, AWA, JEAN, 1_000)
    for path, sight, act in (
        ("/ussd-console/marchands", "Kiosque Mokolo", "Ouvrir un point de vente"),
        ("/ussd-console/marchands/204518", "Point de vente", "Suspendre"),
        ("/ussd-console/tarifs", "Calculateur", "Nouveau barème"),
        ("/ussd-console/factures", "Télévision", "Ajouter"),
        (f"/ussd-console/operations/{done.id}", "Écritures", "Annuler l’opération"),
    ):
        async with as_operator(path, "lecteur") as user:
            await until(partial(_is_shown, user, sight))
            await user.should_not_see(act)
            assert KIOSQUE not in page(user)
            assert (await user.http_client.get("/ussd-console/tarifs/transfer/XAF")).status_code == 403


def _is_shown(user: Any, sight: str) -> bool:
    return sight in page(user) or any(sight in str(table.rows) for table in shown(user, ui.table))


async def test_the_calculator_prices_a_withdrawal(as_operator: Open, desk: Database) -> None:
    assert desk
    async with as_operator("/ussd-console/tarifs") as user:
        await user.should_see("En vigueur", retries=30)
        with user:
            field(user, "Opération").value = "cash_out"
            field(user, "Montant").value = "5000"
        press(user, "Calculer")
        await user.should_see(f"5{NARROW}040", retries=30)
        await user.should_see(f"5{NARROW}100")
        with user:
            field(user, "Montant").value = "499"
        press(user, "Calculer")
        await until(lambda: field(user, "Montant").props.get("error"))


def waits(desk: Database, kind: str) -> bool:
    with desk.transaction() as session:
        return bool(fetch_all(session, "select id from approval where kind = %s and state = 'waiting'", (kind,)))


async def test_a_scale_is_tried_then_asked_then_agreed(as_operator: Open, desk: Database) -> None:
    send(desk, AWA, JEAN, 3_000)
    async with as_operator("/ussd-console/tarifs/transfer/XAF") as user:
        await user.should_see("Ajouter une tranche", retries=30)
        fixed = _fields(user, "Fixe")
        assert [box.value for box in fixed] == ["50", "", "500"]
        with user:
            fixed[0].value = "75"
        press(user, "Essayer")
        await user.should_see("1 depuis le", retries=30)
        await user.should_see("+25")
        with user:
            _fields(user, "De")[1].value = "5002"
            field(user, "Motif").value = "nouvelle licence"
        press(user, "Demander l’accord")
        await user.should_see("il manque une tranche.", retries=30)
        with user:
            _fields(user, "De")[1].value = "5001"
        press(user, "Demander l’accord")
        await until(lambda: waits(desk, "tariff_scale"))
    async with as_operator("/ussd-console/tarifs", "seconde") as user:
        await user.should_see("Transfert en XAF, tranches", retries=30)
        await user.should_see("Demandé par", retries=30)
        press(user, "Approuver")
        await user.should_see("Approuver et faire", retries=30)
        press(user, "Approuver et faire")
        await user.should_see("Prévu", retries=30)
    with desk.transaction() as session:
        row = fetch_one(session, "select count(*) as planned from tariff where type = 'transfer' and fixed_minor = 75")
    assert row is not None
    assert row["planned"] == 1


def _fields(user: Any, label: str) -> list[Any]:
    found = [
        box
        for box in shown(user, ui.input)
        if box.parent_slot is not None and f">{label}<" in str(getattr(box.parent_slot.children[0], "content", ""))
    ]
    return list(found)


async def test_a_bound_and_a_rate_are_changed(as_operator: Open, desk: Database) -> None:
    with desk.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'operations', 10, 600)"
        )
    async with as_operator("/ussd-console/tarifs") as user:
        await user.should_see("Plafonds", retries=30)
        _choose_tab(user, "limits")
        await user.should_see("Toute autre opération", retries=30)
        press(user, "Changer un plafond")
        await user.should_see("Une deuxième personne doit être d", retries=30)
        assert field(user, "Maximum").value == "500000"
        with user:
            field(user, "Maximum").value = "300000"
            field(user, "Motif").value = "licence"
        press(user, "Demander le changement")
        await user.should_see("À décider à deux", retries=30)
        _choose_tab(user, "rates")
        await user.should_see("10 en 10 minutes", retries=30)
        press(user, "Changer")
        await user.should_see("Baisser vaut dès", retries=30)
        with user:
            field(user, "Combien en 10 minutes").value = "5"
            field(user, "Motif").value = "fraude"
        press(user, "Changer la cadence")
        await user.should_see("5 en 10 minutes", retries=30)


def _choose_tab(user: Any, name: str) -> None:
    with user:
        shown(user, ui.tabs)[0].set_value(name)


async def test_a_biller_is_added_and_taken_off_the_menu(as_operator: Open, desk: Database) -> None:
    async with as_operator("/ussd-console/factures") as user:
        await user.should_see("Cameroun", retries=30)
        await user.should_see("Sans connecteur")
        press(user, "Ajouter")
        await user.should_see("Forme de la référence", retries=30)
        with user:
            field(user, "Code").value = "GAZ"
            field(user, "Nom en français").value = "Gaz"
            field(user, "Exemple").value = "12"
        press(user, "Enregistrer")
        await until(lambda: field(user, "Exemple").props.get("error"))
        with user:
            field(user, "Exemple").value = "1234567890"
        press(user, "Enregistrer")
        await user.should_see("GAZ · Facture · référence comme 1234567890", retries=30)
        press(user, "Retirer du menu")
        await user.should_see("Le prochain appel ne le montrera plus.", retries=30)
        with user:
            field(user, "Motif").value = "contrat fini"
        press(user, "Retirer Télévision")
        await user.should_see("Retiré des menus", retries=30)
    with desk.transaction() as session:
        row = fetch_one(session, "select state from biller where code = 'TV'")
    assert row == {"state": "stopped"}


async def test_what_nobody_knows_comes_first_and_an_operation_is_taken_back(as_operator: Open, desk: Database) -> None:
    done, doubted = send(desk, AWA, JEAN, 1_000), send(desk, AWA, JEAN, 500)
    with desk.transaction() as session:
        driver(session).execute("update ussd_operation set state = 'unknown' where id = %s", (doubted.id,))
        awa = user_id(session, AWA)
        driver(session).execute("update pin_credential set needs_admin = true where user_id = %s", (awa,))
    async with as_operator("/ussd-console/operations") as user:
        await user.should_see("Régler chez l", retries=30)
        assert sorted(row["state"]["word"] for row in await rows(user, 2)) == ["Sort inconnu", "Terminé"]
        _choose_tab(user, "locks")
        [locked] = await rows(user, 1)
        assert (locked["who"], locked["state"]["word"]) == ("Awa Mbarga", "Attend un opérateur")
        assert str(locked["_href"]).startswith("/ussd-console/abonnes/")
    async with as_operator(f"/ussd-console/operations/{done.id}") as user:
        await user.should_see("Écritures", retries=30)
        press(user, "Annuler l’opération")
        await user.should_see("reviendront à Awa Mbarga", retries=30)
        with user:
            field(user, "Motif").value = "mauvais numéro"
        press(user, "Demander l’annulation")
        await until(lambda: waits(desk, "operation_reversal"))
    async with as_operator("/ussd-console/operations", "admin") as user:
        await user.should_see("À décider à deux", retries=30)
        await user.should_see("Demandé par", retries=30)
        press(user, "Approuver")
        await user.should_see("Approuver et faire", retries=30)
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.", retries=30)
    with desk.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (9_450, 3_000)
        assert "annulée par le service client" in texts(session, JEAN)[-1]


def test_every_kind_of_operation_has_one_name_wherever_it_is_read() -> None:
    named = {type_: words.kind(type_) for type_ in OperationType}
    assert named == words.kinds() == {type_: name_of(type_) for type_ in OperationType}
    assert not set(named) & set(named.values())
    assert set(ways.TYPES.values()) <= set(named)
    assert words.kind("airtime") == "Crédit téléphonique"


async def test_a_wallet_to_look_at_is_closed_with_a_word(as_operator: Open, desk: Database) -> None:
    with desk.transaction() as session:
        driver(session).execute(
            "insert into wallet_case (id, created_at, kind, wallet_id, times, last_at, resolution)"
            " select gen_random_uuid(), now(), 'many_received', w.id, 3, now(), '' from wallet w"
            " join users u on u.id = w.user_id where u.phone = %s",
            (AWA,),
        )
    async with as_operator("/ussd-console/operations", "lecteur") as user:
        await user.should_see("Portefeuilles à regarder", retries=60)
        await user.should_not_see("Classer")
        assert AWA not in page(user)
    async with as_operator("/ussd-console/operations") as user:
        await user.should_see("Portefeuilles à regarder", retries=60)
        assert "3 fois" in page(user)
        press(user, "Classer")
        await user.should_see("Dites ce que vous avez constaté.", retries=30)
