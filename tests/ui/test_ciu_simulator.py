"""Staff hold a telephone of nobody's: what it writes is signed, goes to the real address, and stays apart."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction
from pydantic import SecretStr

from api import whatsapp
from core.database import Database
from core.permissions import SYSTEM, Role, Scope
from core.settings import get_settings
from jobs import ciu as worker
from services import provider_accounts
from services.ciu.store import programmes
from services.messages import accounts
from services.provider_accounts import SetSecret
from tests.ciu.clinic import CODE, KABILA, SALT, Clinic
from tests.ui.conftest import signed_in
from tests.ui.ussd_world import elements, page, press

Open = Callable[..., Any]
SHARED = "SK00000001:0123456789abcdef0123456789abcdef"


@pytest.fixture
def our_port() -> Iterator[int]:
    app = FastAPI(redirect_slashes=False)
    app.include_router(whatsapp.router)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(5)
    listener.close()


@pytest.fixture
def clinic(house: Database, open_console: Open, our_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    assert open_console is not None  # it makes the settings of this test first
    monkeypatch.setenv("PORT", str(our_port))
    get_settings.cache_clear()
    monkeypatch.setattr(get_settings(), "uic_salt", SecretStr(SALT))
    accounts._known.clear()
    programmes._recipes.clear()
    with house.transaction() as session:
        programmes.install(session, get_settings())
    clinic = Clinic(house, f"http://127.0.0.1:{our_port}").connect()
    over = threading.Event()
    working = threading.Thread(target=answer_meta, args=(house, over))
    working.start()
    yield clinic
    over.set()
    working.join(10)


def answer_meta(database: Database, over: threading.Event) -> None:
    """Answer what waits, as the service's own worker does."""
    while not over.wait(0.05):
        worker.answer_due(database)


@pytest.fixture
def at_the_phone(open_console: Open, clinic: Clinic) -> Open:
    @asynccontextmanager
    async def opened(role: Role = Role.OPERATEUR) -> AsyncIterator[tuple[User, Clinic]]:
        token = signed_in(clinic.database, "Aissatou Barry", Scope.CIU, role)
        async with open_console(token) as user:
            await user.open("/ciu/simulateur")
            yield user, clinic

    return opened


def choose(user: User, label: str, value: str) -> None:
    """Choose in the drop-down of this label."""
    for box in (each for each in elements(user) if isinstance(each, ui.select)):
        slot = box.parent_slot
        if slot and label in str(getattr(slot.children[0], "content", "")):
            box.value = value


def value_of(user: User, option: str) -> str:
    """Return the key of the option that has these words."""
    boxes = (each for each in elements(user) if isinstance(each, ui.select))
    return next(
        str(key)
        for box in boxes
        if isinstance(box.options, dict)
        for key, word in box.options.items()
        if option in word
    )


async def say(user: User, text: str, expected: str) -> None:
    line = next(
        each
        for each in elements(user)
        if isinstance(each, ui.input) and each.props.get("aria-label") == "Message à envoyer"
    )
    line.value = text
    send = next(
        each for each in elements(user) if isinstance(each, ui.button) and each.props.get("aria-label") == "Envoyer"
    )
    UserInteraction(user, {send}, None).click()
    await sees(user, expected)


async def sees(user: User, expected: str) -> None:
    for _ in range(160):
        if expected in page(user):
            return
        await asyncio.sleep(0.05)
    raise AssertionError((expected, page(user)[-3000:]))


async def test_a_whole_conversation_by_twilio_gives_a_code_of_nobody(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        await say(user, "Bonjour", "1/5 En quelle année")
        for answer, question in zip(KABILA, ("2/5", "3/5", "4/5", "5/5", "Avons-nous bien compris"), strict=True):
            await say(user, answer, question)
        await say(user, "1", "Votre CIU")
        await sees(user, "Code nouveau")
        shown = page(user)
        assert "985-KINS-15-JEA-KABI-" in shown
        assert CODE not in shown
        assert "application/xml" in shown
        assert "X-Twilio-Signature: " in shown
        assert clinic.number("select count(*) from ciu_record where is_test") == 1
        assert clinic.number("select count(*) from uic_records") == 0


async def test_the_same_id_again_is_the_same_octets(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        await say(user, "Bonjour", "1/5 En quelle année")
        press(user, "Renvoyer le même")
        await sees(user, "Mêmes octets")
        assert clinic.number("select count(*) from ciu_event where name = 'started'") == 1
        assert clinic.number("select count(*) from ciu_event where name = 'repeated'") == 1


async def test_twice_at_once_is_one_step(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        choose(user, "Le réseau", "twice")
        await say(user, "Bonjour", "Mêmes octets")
        assert clinic.number("select count(*) from ciu_event where name = 'started'") == 1


async def test_two_that_overtake_each_other_are_both_heard(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        await say(user, "Bonjour", "1/5 En quelle année")
        choose(user, "Le réseau", "swapped")
        await say(user, "1985", "En chemin")
        assert clinic.number("select count(*) from ciu_event where name = 'answered'") == 0
        await say(user, "Kinshasa", "2/5")
        await sees(user, "année sur 4 chiffres")  # the place came first, and is no year
        assert clinic.number("select count(*) from ciu_event where name = 'answered'") == 1


async def test_what_is_lost_is_never_heard(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        choose(user, "Le réseau", "lost")
        await say(user, "Bonjour", "Perdu")
        assert clinic.number("select count(*) from whatsapp_inbound") == 0


async def test_a_wrong_signature_is_refused_and_changes_nothing(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        press(user, "Signature fausse")
        await sees(user, "invalid signature")
        await sees(user, "HTTP 403")
        assert clinic.number("select count(*) from whatsapp_inbound") == 0


async def test_a_photo_is_not_fetched_and_the_question_is_asked_again(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, _):
        await say(user, "Bonjour", "1/5 En quelle année")
        press(user, "Photo")
        await sees(user, "ni photo ni message vocal")


async def test_expired_now_is_said_at_the_next_message(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, _):
        await say(user, "Bonjour", "1/5 En quelle année")
        press(user, "Expirer maintenant")
        await sees(user, "Conversation expirée. Écrivez")
        await say(user, "1985", "Session expirée")


async def test_meta_is_answered_by_the_worker_and_nothing_leaves(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        choose(user, "Numéro du programme", value_of(user, "106540352242922"))
        await say(user, "Bonjour", "1/5 En quelle année")
        await sees(user, "X-Hub-Signature-256: sha256=")
        for answer, question in zip(KABILA, ("2/5", "3/5", "4/5", "5/5", "Avons-nous bien compris"), strict=True):
            await say(user, answer, question)
        await user.should_see("Oui, donner mon code")
        press(user, "Oui, donner mon code")
        await sees(user, "Votre CIU")
        assert clinic.number("select count(*) from message") == 0
        assert clinic.number("select count(*) from ciu_record where is_test") == 1


async def test_sha256_is_offered_once_a_shared_key_is_there(at_the_phone: Open, clinic: Clinic) -> None:
    order = SetSecret(account_id=clinic.accounts["twilio_whatsapp"], name="shared_keys", value=SHARED)
    with clinic.database.transaction() as session:
        provider_accounts.set_secret(session, SYSTEM, order)
    accounts._known.clear()
    async with at_the_phone() as (user, _):
        choose(user, "Apporté par", "sha256")
        await say(user, "Bonjour", "1/5 En quelle année")
        assert "key=SK00000001,algorithm=HMAC_SHA256" in page(user)


async def test_one_button_erases_everything_and_says_so(at_the_phone: Open) -> None:
    async with at_the_phone() as (user, clinic):
        clinic.code()  # a real person's
        await say(user, "Bonjour", "1/5 En quelle année")
        for answer, question in zip(KABILA, ("2/5", "3/5", "4/5", "5/5", "Avons-nous bien compris"), strict=True):
            await say(user, answer, question)
        await say(user, "1", "Votre CIU")
        press(user, "Effacer les essais")
        await user.should_see("1 téléphone d\N{RIGHT SINGLE QUOTATION MARK}essai et 1 code")
        press(user, "Effacer les essais")
        await user.should_see("Essais effacés.")
        left = clinic.rows(
            "select (select count(*) from ciu_identity where is_test) + (select count(*) from ciu_record where is_test)"
            " + (select count(*) from ciu_event where is_test) as tests, (select count(*) from ciu_record) as records,"
            " (select count(*) from whatsapp_reply) as replies"
        )
        assert left == [{"tests": 0, "records": 1, "replies": 7}]


async def test_a_reader_has_no_telephone(open_console: Open, clinic: Clinic) -> None:
    token = signed_in(clinic.database, "Serge Ilunga", Scope.CIU, Role.LECTEUR)
    async with open_console(token) as user:
        answer = await user.http_client.get("/ciu/simulateur")
        assert answer.status_code == 403
        assert "Signature fausse" not in answer.text


async def test_every_page_says_that_unsigned_messages_pass(at_the_phone: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    band = "n\N{RIGHT SINGLE QUOTATION MARK}importe qui peut écrire au nom"
    async with at_the_phone() as (user, _):
        assert band not in page(user)
        monkeypatch.setattr(get_settings(), "whatsapp_allow_unsigned", True)
        await user.open("/ciu/simulateur")
        assert band in page(user)
        assert "gpp_maybe" in page(user)  # a sign beside the words
