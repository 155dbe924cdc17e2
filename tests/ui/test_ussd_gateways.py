"""An administrator connects «Africa's Talking» for the first time, and what others see of it."""

import re
from uuid import UUID

from nicegui import ui

from channels.ussd import accounts, gateways, recorder
from channels.ussd.accounts import CopyProfile
from core.database import Database
from core.permissions import SYSTEM
from services import gateway_notes
from services import gateways as verbs
from services.gateways import AddressShown, OpenGateway
from tests.builders import people, world
from tests.services.wallet_world import ADMIN
from tests.ui.hands import field, press, until
from tests.ui.ussd_world import NO_BREAK, Open, as_operator, bank, elements, endpoint_port, give_reason, page

__all__ = ["as_operator", "bank", "endpoint_port"]

LIST = "/ussd-console/passerelles"
ORDER = OpenGateway(
    key="at-cameroun",
    name="Africa's Talking",
    profile="africastalking",
    country="CM",
    codes=("*384#",),
    service="wallet",
)


def opened(bank: Database, *, is_live: bool = False, order: OpenGateway = ORDER) -> AddressShown:
    with bank.transaction() as session:
        shown = accounts.open_account(session, SYSTEM, order)
        if is_live:
            accounts.resume_account(session, SYSTEM, shown.row.id)
    return shown


def row(bank: Database, gateway_id: UUID) -> verbs.GatewayRow:
    with bank.transaction() as session:
        return verbs.get_gateway(session, SYSTEM, gateway_id)


async def test_a_first_gateway_is_connected_its_address_shown_once_and_tried(as_operator: Open, bank: Database) -> None:
    async with as_operator(LIST, "admin") as user:
        await user.should_see("Connecter une passerelle", retries=30)
        press(user, "Connecter une passerelle")
        await user.should_see("Le compte naît suspendu", retries=30)
        field(user, "Langage de la passerelle").value = "africastalking"
        field(user, "Nom").value = "Africa's Talking, Cameroun"
        field(user, "Clé").value = "AT"
        field(user, "Service").value = "wallet"
        field(user, "Codes composés").value = "*384#, *385#"
        press(user, "Créer le compte")
        await user.should_see("valeur invalide", retries=30)
        field(user, "Clé").value = "at-cameroun"
        press(user, "Créer le compte")
        await user.should_see("elle ne sera plus jamais montrée", retries=30)
        await user.should_see("Service Codes", retries=30)
        found = re.search(r"http://[^\"<& ]+/g/at-cameroun/([\w-]+)", page(user))
        assert found is not None
        press(user, "Essayer cette adresse")
        await user.should_see("Une vraie première requête part", retries=30)
        press(user, "Envoyer")
        await user.should_see("Numéro", retries=30)
        field(user, "Numéro qui compose").value = "699000001"
        press(user, "Envoyer")
        await user.should_see("L’adresse répond. Le compte est suspendu", retries=100)
    assert found.group(1) not in world.everything(bank)
    with bank.transaction() as session:
        made = next(one for one in verbs.list_gateways(session, SYSTEM) if one.key == "at-cameroun")
    assert (made.state, made.codes, made.service, made.language) == ("stopped", ("*384#", "*385#"), "wallet", "fr")
    async with as_operator(f"{LIST}/{made.id}", "admin") as user:
        await user.should_see("Pour la mettre en service", retries=30)
        assert found.group(1) not in page(user)
        press(user, "Mettre en service")
        await until(lambda: row(bank, made.id).state == "live")


async def test_the_first_request_appears_by_itself_decoded_and_without_its_secret(
    as_operator: Open, bank: Database
) -> None:
    shown = opened(bank, is_live=True)
    gateways.forget()
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Aucune requête encore.", retries=30)
        press(user, "Essayer l’adresse")
        await user.should_see("Une vraie première requête part", retries=30)
        field(user, "Adresse").value = shown.address.replace("at-cameroun", "autre")
        field(user, "Numéro qui compose").value = "699000001"
        press(user, "Envoyer")
        await user.should_see("ou plus, l’adresse de ce compte", retries=30)
        field(user, "Adresse").value = shown.address
        press(user, "Envoyer")
        await user.should_see("L’adresse répond, et le service aussi.", retries=100)
        recorder.flush()
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("POST /g/at-cameroun/…", retries=60)
        await user.should_see("+237699000001", retries=30)
        assert shown.address.rpartition("/")[2] not in page(user)
    async with as_operator(f"{LIST}/{shown.row.id}", "lecteur") as user:
        await user.should_see("Le contenu n’est pas pour votre rôle.", retries=60)
        assert "699000001" not in page(user)


async def test_an_address_is_rotated_with_both_good_then_the_old_one_withdrawn(
    as_operator: Open, bank: Database
) -> None:
    shown = opened(bank)
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Nouvelle adresse", retries=30)
        press(user, "Nouvelle adresse")
        await user.should_see("reste bonne jusqu’à ce que vous la retiriez", retries=30)
        press(user, "Donner une nouvelle adresse")
        await user.should_see("elle ne sera plus jamais montrée", retries=30)
    assert row(bank, shown.row.id).secrets == 2
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Deux adresses sont bonnes", retries=30)
        press(user, "Retirer l’ancienne adresse")
        await until(lambda: row(bank, shown.row.id).secrets == 1)


async def test_what_it_carries_where_it_comes_from_and_its_pause(as_operator: Open, bank: Database) -> None:
    shown = opened(bank, is_live=True)
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Ce que portent ses requêtes", retries=30)
        press(user, "Donner")
        await user.should_see("Une requête qui ne le porte pas", retries=30)
        field(user, "Valeur").value = "gw:mot-secret"
        press(user, "Enregistrer")
        await until(lambda: row(bank, shown.row.id).credentials == ("basic",))
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Adresses admises", retries=30)
        press(user, "Adresses admises")
        await user.should_see("Adresses ou plages", retries=30)
        box = field(user, "Adresses ou plages")
        box.value = "198.51.100.0/24\nchez eux"
        press(user, "Enregistrer")
        await until(lambda: "adresse ou plage illisible" in str(box.props.get("error-message", "")))
        field(user, "Adresses ou plages").value = "198.51.100.0/24"
        press(user, "Enregistrer")
        await until(lambda: row(bank, shown.row.id).networks == ("198.51.100.0/24",))
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("198.51.100.0/24", retries=30)
        press(user, "Modifier")
        await user.should_see("Modifier ce compte", retries=30)
        field(user, "Langue").value = "en"
        press(user, "Enregistrer")
        await until(lambda: row(bank, shown.row.id).language == "en")
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("198.51.100.0/24", retries=30)
        press(user, "Suspendre")
        await user.should_see("Qui compose entendra", retries=30)
        await give_reason(user, "Suspendre la passerelle")
        await until(lambda: row(bank, shown.row.id).state == "stopped")
    assert "mot-secret" not in world.everything(bank)


async def test_a_profile_is_copied_tried_and_refused_while_it_is_none(as_operator: Open, bank: Database) -> None:
    people.admin(bank, id=ADMIN.user_id)
    async with as_operator(f"{LIST}/profils/africastalking", "admin") as user:
        await user.should_see("exemple-1", retries=30)
        await user.should_see("Un profil livré ne change pas", retries=30)
        await user.should_not_see("Enregistrer")
        press(user, "Copier ce profil")
        await user.should_see("La copie est à vous.", retries=30)
        field(user, "Nom").value = "at_bis"
        press(user, "Copier")
        await until(lambda: "at_bis" in [one.name for one in profiles(bank)])
    async with as_operator(f"{LIST}/profils/at_bis", "admin") as user:
        await user.should_see("Version 1", retries=30)
        await user.should_see("0 réussis sur 0, 4 au moins", retries=30)
        text = next(box for box in elements(user) if "profile-text" in box.classes)
        assert isinstance(text, ui.textarea)
        text.value = text.value.replace("- phoneNumber", "- mobile")
        await until(lambda: "+237699000001" not in page(user))
        field(user, "Requête").value = "sessionId=S9&mobile=%2B237699000001&serviceCode=*123%23&text="
        await user.should_see("S9", retries=30)
        good, text.value = text.value, "transport: pigeon"
        press(user, "Enregistrer")
        await until(lambda: text.props.get("error-message"))
        assert profiles(bank)[-1].version == 1
        text.value = good
        press(user, "Enregistrer")
        await until(lambda: profiles(bank)[-1].version == 2)


def status_address(bank: Database, gateway_id: UUID) -> str:
    with bank.transaction() as session:
        return gateway_notes.get_notes(session, SYSTEM, gateway_id).status_address


def profiles(bank: Database) -> list[accounts.ProfileRow]:
    with bank.transaction() as session:
        return accounts.list_profiles(session, SYSTEM)


async def test_a_kannel_that_is_down_says_so_clearly(as_operator: Open, bank: Database) -> None:
    shown = opened(bank, order=ORDER.model_copy(update={"key": "kannel-op", "profile": "kannel_ussd"}))
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Donnez l’adresse de status.xml", retries=30)
        press(user, "Adresse de status.xml")
        await user.should_see("status-password de kannel.conf", retries=30)
        field(user, "Adresse").value = "http://127.0.0.1:9/status.txt"
        press(user, "Enregistrer")
        await user.should_see("une adresse http qui finit par /status.xml", retries=30)
        field(user, "Adresse").value = "http://127.0.0.1:9/status.xml"
        field(user, "status-password").value = "sta-secret"
        press(user, "Enregistrer")
        await until(lambda: status_address(bank, shown.row.id))
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("Kannel est arrêté, ou l’adresse est fausse.", retries=100)
        assert "sta-secret" not in page(user)


async def test_an_operator_and_a_reader_see_and_change_nothing(as_operator: Open, bank: Database) -> None:
    shown = opened(bank)
    with bank.transaction() as session:
        accounts.copy_profile(session, SYSTEM, CopyProfile(source="hubtel", name="hubtel_bis"))
    for who in ("operateur", "lecteur"):
        async with as_operator(LIST, who) as user:
            await user.should_see("at-cameroun", retries=30)
            await user.should_not_see("Connecter une passerelle")
        async with as_operator(f"{LIST}/{shown.row.id}", who) as user:
            await user.should_see("Ce que portent ses requêtes", retries=30)
            for act in ("Nouvelle adresse", "Mettre en service", "Donner", "Modifier", "Essayer l’adresse"):
                await user.should_not_see(act)
        async with as_operator(f"{LIST}/profils/hubtel_bis", who) as user:
            await user.should_see("Essayer une requête", retries=30)
            for act in ("Enregistrer", "Copier ce profil", "Reprendre ce texte"):
                await user.should_not_see(act)


async def test_somebody_of_no_section_sees_no_gateway(as_operator: Open) -> None:
    async with as_operator(LIST, "personne") as user:
        await user.should_not_see("Passerelles")


async def test_a_network_that_carries_less_gets_shorter_pages(as_operator: Open, bank: Database) -> None:
    shown = opened(bank, is_live=True)
    async with as_operator(f"{LIST}/{shown.row.id}", "admin") as user:
        await user.should_see("sur aucun réseau", retries=30)
        press(user, "Limites par réseau")
        await user.should_see("Rien ici ne les allonge.", retries=30)
        box = field(user, "Réseau, septets, caractères Unicode")
        for wrong, told in (("62401", "Une ligne ne se lit pas"), ("62401 20 60", "de 60 à 182 septets")):
            box.value = wrong
            press(user, "Enregistrer")
            await until(lambda told=told: told in str(box.props.get("error-message", "")))  # type: ignore[misc]
        box.value = "62401 120 60\nmtn cameroun 140 40"
        press(user, "Enregistrer")
        await until(lambda: row(bank, shown.row.id).network_limits)
        await user.should_see(f"62401{NO_BREAK}: 120 septets, 60 caractères Unicode", retries=30)
    gateways.forget()
    account = gateways.known(bank).find("at-cameroun")
    assert account is not None
    limits = account.limits_on("62401").gsm7, account.limits_on("mtn cameroun").ucs2
    assert limits == (116, 36), "four septets are their CON"
    assert account.limits_on("62402").gsm7 > 140
    async with as_operator(f"{LIST}/{shown.row.id}", "lecteur") as user:
        await user.should_see("Pages plus courtes", retries=30)
        await user.should_not_see("Limites par réseau")
