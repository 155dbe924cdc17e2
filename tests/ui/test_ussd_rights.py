"""Every page of the section by every role: who gets it, who is sent away, and what a reader never reads on it."""

import re

import pytest
from nicegui.testing import User

from core import ids
from core.database import Database, driver, fetch_all
from core.permissions import Actor, Grant, Permission, Role, Scope
from services import notices
from services.messages import suppressions
from services.notices import SaveNotice
from tests.services.wallet_world import AWA, JEAN, OPERATOR, send
from tests.ui.conftest import Door
from tests.ui.ussd_world import Handset, Open, as_operator, bank, elements, endpoint_port
from ui import navigation, pages, shell

__all__ = ["as_operator", "bank", "endpoint_port"]

ROOM = "/ussd-console"
EVERYBODY, ACTING, ADMINISTERING = "admin operateur lecteur", "admin operateur", "admin"
# One line a page, of who gets it. A page without its line fails, and so does a line without its page.
TABLE = {
    "": EVERYBODY,
    "/abonnes": EVERYBODY,
    "/abonnes/{user_id}": EVERYBODY,
    "/arret": EVERYBODY,
    "/commandes": EVERYBODY,
    "/commandes/{order_id}": EVERYBODY,
    "/factures": EVERYBODY,
    "/marchands": EVERYBODY,
    "/marchands/{code}": EVERYBODY,
    "/marchands/{code}/journee": EVERYBODY,
    "/menus": EVERYBODY,
    "/menus/{key}": EVERYBODY,
    "/menus/{key}/{number}": EVERYBODY,
    "/notifications": EVERYBODY,
    "/notifications/{notice_id}": EVERYBODY,
    "/offres": EVERYBODY,
    "/offres/connecteurs": ADMINISTERING,
    "/offres/{service_id}": EVERYBODY,
    "/operations": EVERYBODY,
    "/operations/{operation_id}": EVERYBODY,
    "/parcours": EVERYBODY,
    "/passerelles": EVERYBODY,
    "/passerelles/profils/{name}": EVERYBODY,
    "/passerelles/{gateway_id}": EVERYBODY,
    "/services": EVERYBODY,
    "/services/{key}": EVERYBODY,
    "/sessions/{session_id}": EVERYBODY,
    "/sondages": EVERYBODY,
    "/sondages/{survey_id}": EVERYBODY,
    "/tarifs": EVERYBODY,
    "/tarifs/{kind}/{currency}": ACTING,
    "/telephone": ACTING,
}
ROLES = {
    "admin": (Grant(Scope.PLATFORM, Role.ADMIN),),
    "operateur": (Grant(Scope.USSD, Role.OPERATEUR),),
    "lecteur": (Grant(Scope.USSD, Role.LECTEUR),),
    "GESTIONNAIRE": (Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, ids.new_id()),),
    "membre": (Grant(Scope.PLATFORM, Role.MEMBRE),),
    "personne": (),
}
EXAMPLES = {
    "/abonnes/{user_id}": "select id::text from users where phone = '+237699000001'",
    "/commandes/{order_id}": "select id::text from order_row limit 1",
    "/marchands/{code}": "select code from merchant where state = 'active' limit 1",
    "/marchands/{code}/journee": "select code || '/journee' from merchant where state = 'active' limit 1",
    "/menus/{key}": "select f.key from flow f where f.key = 'wallet'",
    "/menus/{key}/{number}": "select 'wallet/' || max(v.number) from flow_version v join flow f on f.id = v.flow_id"
    " where f.key = 'wallet'",
    "/notifications/{notice_id}": "select id::text from notice order by created_at desc limit 1",
    "/offres/{service_id}": "select id::text from catalog_service limit 1",
    "/operations/{operation_id}": "select id::text from ussd_operation limit 1",
    "/passerelles/{gateway_id}": "select id::text from ussd_gateway where key = 'doc-b'",
    "/passerelles/profils/{name}": "select 'myriad'",
    "/services/{key}": "select 'wallet'",
    "/sessions/{session_id}": "select id::text from ussd_session limit 1",
    "/sondages/{survey_id}": "select id::text from survey limit 1",
    "/tarifs/{kind}/{currency}": "select 'transfer/XAF'",
}
SPACES = re.compile(r"[\s\u202f\xa0]")
DOCUMENTED = "/passerelles/profils/{name}"  # the exchanges vendors publish: the number in them is nobody's
PASSED_ON = "Réservé à la personne"


def registered() -> set[str]:
    pages.load()
    return {path.removeprefix(ROOM) for path in shell.SCREENS if path.split("/")[1] == ROOM[1:]}


def test_every_page_has_its_line_and_every_line_its_page() -> None:
    rail = {each.path.removeprefix(ROOM) for each in navigation.SECTIONS if each.path.startswith(ROOM)}
    assert registered() == set(TABLE)
    assert rail <= set(TABLE)
    assert set(EXAMPLES) == {path for path in TABLE if "{" in path}


@pytest.mark.parametrize("who", ROLES)
def test_who_gets_which_page(who: str) -> None:
    """The shell asks this right before it draws anything."""
    pages.load()
    actor = Actor(ids.new_id(), who, ROLES[who])
    needs = {path: shell.SCREENS[ROOM + path].needs or Permission.PROFILE for path in TABLE}
    assert {path for path in TABLE if actor.may(needs[path])} == {path for path in TABLE if who in TABLE[path].split()}
    shown = {each.path.removeprefix(ROOM) for each in navigation.sections_for(actor, tuple(shell.SCREENS))}
    offered = {path for path in shown if path in TABLE}
    assert offered == {path for path in offered if who in TABLE[path].split()}


@pytest.fixture
async def lived(bank: Database, door: Door, as_operator: Open) -> Database:
    """Put something of Awa and Jean behind every page: a payment, a dialogue with its texts, a list of numbers."""
    async with as_operator(f"{ROOM}/telephone") as user:
        await Handset(user).send()
    door.people |= {who: Actor(ids.new_id(), who, grants) for who, grants in ROLES.items() if who not in door.people}
    send(bank, AWA, JEAN, 500)
    with bank.transaction() as session:
        notice = SaveNotice.model_validate(
            {"name": "Fermeture", "texts": {"fr": "Le bureau ferme."}, "audience": {"kind": "numbers"}}
            | {"numbers": (AWA, JEAN)}
        )
        notices.save_notice(session, OPERATOR, notice)
        suppressions.suppress(session, "sms", JEAN, "stop")
        driver(session).execute("update ussd_session set phone = %s", (AWA,))
        driver(session).execute("update ussd_turn set input_text = %s, response_text = %s", (PASSED_ON, PASSED_ON))
    return bank


def address(bank: Database, path: str) -> str:
    if path not in EXAMPLES:
        return ROOM + path
    with bank.transaction() as session:
        (row,) = fetch_all(session, EXAMPLES[path])
    return f"{ROOM}{path.partition('{')[0]}{next(iter(row.values()))}"


def everything(user: User) -> str:
    """Return all that leaves for the browser: words, attributes, rows of tables, values of fields."""
    names = ("content", "text", "value", "rows", "options")
    parts = [str(each.props) + " ".join(str(getattr(each, name, "")) for name in names) for each in elements(user)]
    return "\n".join(parts)


async def test_a_reader_reads_every_page_and_no_number_and_no_text_on_any(as_operator: Open, lived: Database) -> None:
    with lived.transaction() as session:
        numbers = [
            row["phone"].removeprefix("+237")
            for row in fetch_all(session, "select phone from users where phone is not null")
        ]
    told: dict[str, list[str]] = {}
    async with as_operator(ROOM, "lecteur") as user:
        for path in (path for path in TABLE if "lecteur" in TABLE[path].split()):
            await user.open(address(lived, path))
            written = SPACES.sub("", everything(user))
            found = [number for number in numbers if number in written and path != DOCUMENTED]
            found += [PASSED_ON] * (SPACES.sub("", PASSED_ON) in written)
            if found:
                told[path] = found
    assert told == {}


@pytest.mark.parametrize("who", ["lecteur", "GESTIONNAIRE", "membre", "personne"])
async def test_who_has_no_business_here_is_shown_nothing(as_operator: Open, lived: Database, who: str) -> None:
    async with as_operator("/", who) as user:
        for path in (path for path in TABLE if who not in TABLE[path].split()):
            assert (await user.http_client.get(address(lived, path))).status_code == 403, path


async def test_an_operator_does_read_them(as_operator: Open, lived: Database) -> None:
    """The search above has teeth: it finds what is there."""
    async with as_operator(address(lived, "/sessions/{session_id}")) as user:
        assert SPACES.sub("", PASSED_ON) in SPACES.sub("", everything(user))
        assert AWA.removeprefix("+237") in SPACES.sub("", everything(user))
