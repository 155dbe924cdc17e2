"""An operator puts a wholly new service on the air from the console: menu, code, publication, and a call to it."""

import pytest

from core.database import Database, fetch_all, fetch_one
from core.errors import Forbidden, Refusal
from services import new_services, ussd_services
from services.new_services import CreateMenu, CreateService, MenuKeyTaken, ServiceKeyTaken
from services.ussd_services import CodeTaken
from tests.services.wallet_world import OPERATOR, READER
from tests.ui.hands import field, press, shown, stored, until
from tests.ui.test_menu_editor import content, french, write
from tests.ui.test_ussd_phone import choose
from tests.ui.ussd_world import Handset, Open, as_operator, bank, endpoint_port

__all__ = ["as_operator", "bank", "endpoint_port"]

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


async def test_a_new_service_goes_on_the_air_without_touching_a_file(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/menus") as user:
        press(user, "Nouveau menu")
        await user.should_see("Commencer par", retries=30)
        field(user, "Nom").value = "Épargne de groupe"
        field(user, "Clé").value = "wallet"
        press(user, "Créer le menu")
        await until(lambda: f"Cette clé est déjà celle d{APOSTROPHE}un menu." in errors(user))
        field(user, "Clé").value = "epargne"
        press(user, "Créer le menu")
        await until(lambda: "Épargne de groupe, version 1</h1>" in content(user))

    async with as_operator("/ussd-console/services") as user:
        press(user, "Nouveau service")
        await user.should_see("Créer le service", retries=30)
        for label, value in (("Nom du service", "Épargne"), ("Clé", "epargne"), ("Nom montré", "Likelemba")):
            field(user, label).value = value
        field(user, "Code composé").value = "*123#"
        field(user, "Menu").value = "epargne"
        press(user, "Créer le service")
        await until(lambda: "Ce code mène déjà à un service sur cette passerelle." in errors(user))
        field(user, "Code composé").value = "*777#"
        press(user, "Créer le service")
        await user.should_see("est encore en ligne", retries=30)
        await user.should_see("*777#", retries=30)

    async with as_operator("/ussd-console/menus/epargne/1") as user:
        await until(lambda: french(user))
        write(user, "Bienvenue au likelemba.")
        await until(lambda: "au likelemba" in str(stored(bank, DRAFT)["body"]))
        press(user, "Publier")
        await user.should_see("Publier la version 1", retries=30)
        field(user, "Motif").value = "Ouverture"
        press(user, "Mettre en ligne la version 1")
        await until(lambda: stored(bank, LIVE)["number"] == 1)

    async with as_operator("/ussd-console/telephone") as user:
        handset = Handset(user)
        choose(user, "Service", "epargne")
        await until(lambda: field(user, "Code").value == "*777#")
        await handset.call("Bienvenue au likelemba.")
    with bank.transaction() as session:
        trail = fetch_all(session, "select action from audit_entry where action ~ '^(flow|ussd)' order by id")
    assert [row["action"] for row in trail] == [
        "flow.create", "ussd_service.create", "ussd_route.add", "ussd.publish"
    ]  # fmt: skip


DRAFT = "select v.body from flow_version v join flow f on f.id = v.flow_id where f.key = 'epargne'"
LIVE = (
    "select max(v.number) as number from ussd_service s left join flow_version v on v.id = s.live_version_id"
    " where s.key = 'epargne'"
)


def errors(user: object) -> str:
    """Return what stands in red under the fields."""
    from nicegui import ui

    boxes = shown(user, (ui.input, ui.select))  # type: ignore[arg-type]
    return " ".join(str(box.props.get("error-message", "")) for box in boxes)


async def test_a_menu_may_begin_as_a_copy_of_another(as_operator: Open, bank: Database) -> None:
    async with as_operator("/ussd-console/menus") as user:
        press(user, "Nouveau menu")
        await user.should_see("Commencer par", retries=30)
        field(user, "Nom").value = "Portefeuille d'essai"
        field(user, "Clé").value = "essai"
        start = field(user, "Commencer par")
        start.value = next(key for key, words in start.options.items() if "Portefeuille" in words or "wallet" in words)
        press(user, "Créer le menu")
        await until(lambda: "version 1</h1>" in content(user))
    with bank.transaction() as session:
        pair = fetch_one(
            session,
            "select a.body - 'flow' = b.body - 'flow' as is_same, b.body ->> 'flow' as flow, b.lint -> 'findings' as f"
            " from flow_version a join flow_version b on b.flow_id = (select id from flow where key = 'essai')"
            " where a.flow_id = (select id from flow where key = 'wallet')",
        )
    assert pair is not None
    assert (pair["is_same"], pair["flow"]) == (True, "essai")
    assert [finding for finding in pair["f"] if finding["is_error"]] == []


async def test_a_reader_begins_nothing(as_operator: Open, bank: Database) -> None:
    for path in ("menus", "services"):
        async with as_operator(f"/ussd-console/{path}", "lecteur") as user:
            await user.should_see("*155#", retries=30)
            await user.should_not_see("Nouveau menu")
            await user.should_not_see("Nouveau service")
    order = CreateService(key="neuf", name="Neuf", brand="Neuf", menu="wallet", code="*888#")
    with bank.transaction() as session:
        with pytest.raises(Forbidden):
            new_services.create_service(session, READER, order)
        with pytest.raises(Forbidden):
            new_services.open_menu(session, READER, "neuf", "Neuf")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [({"key": "wallet"}, ServiceKeyTaken), ({"code": "*155#"}, CodeTaken), ({"menu": "x"}, Refusal)],
)
def test_a_refused_service_leaves_nothing_behind(bank: Database, changed: dict[str, str], refusal: type) -> None:
    given = {"key": "neuf", "name": "Neuf", "brand": "Neuf", "menu": "wallet", "code": "*888#", **changed}
    with pytest.raises(refusal), bank.transaction() as session:
        new_services.create_service(session, OPERATOR, CreateService(**given))
    with bank.transaction() as session:
        assert "neuf" not in [card.key for card in ussd_services.list_services(session, OPERATOR)]


def test_a_menu_key_is_one_menu_s(bank: Database) -> None:
    order = CreateMenu(key="wallet", title="Autre")
    with pytest.raises(MenuKeyTaken), bank.transaction() as session:
        new_services.open_menu(session, OPERATOR, order.key, order.title)
