"""«Offres» and «Commandes» on the screen: what an operator writes, what a reader may only read."""

from typing import Any

from nicegui import ui

from core.database import Database, fetch_all, fetch_one
from tests.ui.test_ledger_pages import rows_of
from tests.ui.ussd_world import Open, as_operator, bank, endpoint_port

__all__ = ["as_operator", "bank", "endpoint_port"]

OFFERS, ORDERS = "/ussd-console/offres", "/ussd-console/commandes"


def write(user: Any, label: str, value: str) -> None:
    """Write in the field under a label."""
    with user:
        boxes = [box for kind in (ui.input, ui.textarea) for box in user.find(kind=kind).elements]
        wanted = next(box for box in boxes if f">{label}<" in _label(box))
        wanted.set_value(value)


def _label(box: Any) -> str:
    return str(getattr(box.parent_slot.children[0], "content", ""))


async def test_the_catalogue_says_what_costs_what_and_who_has_it(as_operator: Open) -> None:
    async with as_operator(OFFERS) as user:
        await user.should_see(kind=ui.table, retries=20)
        found = [
            (row["code"], row["price"].split("\N{NO-BREAK SPACE}")[0], row["subscribers"]) for row in rows_of(user)
        ]
        assert found == [("SRV-A", "Gratuit", "0"), ("SRV-B", "Gratuit", "1"), ("SRV-C", "100", "0")]
        await user.should_not_see("Connecteurs")
        await user.should_see("Ajouter une offre")


async def test_a_service_shows_its_subscribers_and_what_it_says(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        row = fetch_one(session, "select id from catalog_service where code = 'SRV-B'")
        assert row is not None
    async with as_operator(f"{OFFERS}/{row['id']}") as user:
        await user.should_see("La météo de la semaine. Gratuit.")
        await user.should_see(kind=ui.table, retries=20)
        assert [(one["phone"], one["state"]["word"]) for one in rows_of(user)] == [("+237699000001", "Actif")]


async def test_a_reader_reads_masked_numbers_and_changes_nothing(as_operator: Open) -> None:
    async with as_operator(ORDERS, "lecteur") as user:
        await user.should_see(kind=ui.table, retries=20)
        found = rows_of(user)
        assert [row["reference"] for row in found] == ["CMD-1001", "CMD-1003", "CMD-1002"]
        assert not any("69900000" in row["phone"] or "67700000" in row["phone"] for row in found)
        for words in ("Ajouter une commande", "Importer", "Statuts"):
            await user.should_not_see(words)
    async with as_operator(OFFERS, "lecteur") as user:
        await user.should_see(kind=ui.table, retries=20)
        await user.should_not_see("Ajouter une offre")


async def test_only_an_administrator_opens_the_connectors(as_operator: Open) -> None:
    async with as_operator(f"{OFFERS}/connecteurs", "admin") as user:
        await user.should_see("Hôtes permis")
        await user.should_see("Permettre un hôte")
    async with as_operator(OFFERS) as user:
        refused = await user.http_client.get(f"{OFFERS}/connecteurs")
    assert refused.status_code == 403


async def test_an_operator_adds_a_service_and_it_is_in_the_catalogue(as_operator: Open, bank: Database) -> None:
    async with as_operator(OFFERS) as user:
        await user.should_see(kind=ui.table, retries=20)
        user.find("Ajouter une offre").click()
        await user.should_see("Proposée dans le menu")
        for label, value in (
            ("Code", "foot"),
            ("Nom", "Alerte foot"),
            ("Prix", "200"),
            ("Informations (Français)", "Les buts."),
        ):
            write(user, label, value)
        user.find("Enregistrer").click()
        await user.should_see("Offre enregistrée.", retries=20)
    with bank.transaction() as session:
        row = fetch_all(session, "select name, price_minor, info from catalog_service where code = 'FOOT'")
    assert row == [{"name": "Alerte foot", "price_minor": 200, "info": {"fr": "Les buts."}}]


async def test_an_order_shows_where_it_is(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        row = fetch_one(session, "select id from order_row where reference = 'CMD-1001'")
        assert row is not None
    async with as_operator(f"{ORDERS}/{row['id']}") as user:
        await user.should_see("CMD-1001")
        await user.should_see("en cours de livraison")
        await user.should_see("Changer")
