"""The application itself behind a real Kannel: what a person does with his phone, and what becomes of his money."""

import copy
import random
from datetime import timedelta

import pytest
from sqlmodel import select

from commands.vectors import remains
from core import clock, metrics
from core.database import Database
from models.flows import FlowVersion
from models.ussd import UssdPublication, UssdService
from tests.builders import world
from tests.kannel.boxes import until
from tests.kannel.conftest import Line
from tests.kannel.house import AWA, JEAN, SERVICE, SMS_CODE, WALLET, House, open_house
from tests.kannel.networks import ASK, END, Phone

HOME = "PerfectPay\n1. Transfert"
CONFIRM = """Envoyer à Jean Nkolo 677000002
Montant: 5 000 FCFA
Frais: 50 FCFA
Total: 5 050 FCFA
1. Confirmer
0. Annuler"""
TO = "Entrez le numéro du bénéficiaire"


@pytest.fixture
def house(database: Database, line: Line) -> House:
    """Give the application at the end of the line."""
    return open_house(database, line)


def phone_of(house: House, number: str) -> Phone:
    return house.line.ussd.phone(number.removeprefix("+"))


def test_a_transfer_in_six_turns(house: House) -> None:
    awa = phone_of(house, AWA)
    screens = [awa.dial(WALLET), *map(awa.answer, ("1", "677000002", "5000", "1", "48213"))]
    assert [screen.text for screen in screens[1:5]] == [
        TO,
        "Montant à envoyer à Jean Nkolo:",
        CONFIRM,
        "Code PIN pour confirmer:",
    ]
    assert screens[0].text.startswith(HOME)
    assert screens[5].text.startswith("Transfert de 5 000 FCFA à Jean Nkolo réussi. Frais 50 FCFA. Solde 4 950 FCFA.")
    assert [screen.op for screen in screens] == [ASK] * 5 + [END]
    assert [screen.session[1] for screen in screens] == [0, 2, 4, 6, 8, 11]
    assert {screen.data_coding for screen in screens} == {0}
    assert (house.balance(AWA), house.balance(JEAN)) == (4_950, 7_500)
    assert house.states() == ["ended"]
    assert "48213" not in house.everything()


def test_who_hangs_up_before_his_pin_has_sent_nothing_and_may_go_on(house: House) -> None:
    awa = phone_of(house, AWA)
    awa.dial(WALLET)
    for text in ("1", "677000002", "5000", "1"):
        awa.answer(text)
    awa.hang_up()
    until(lambda: house.states() == ["aborted"], "l'abandon n'est pas arrivé")
    assert awa.dial(WALLET).text.startswith("Reprendre votre opération ?")
    assert (house.balance(AWA), house.balance(JEAN)) == (10_000, 2_500)
    assert house.rows("select screen_after from ussd_turn where screen_after = 't_pin'") != []


def test_an_answer_the_network_delivers_twice_counts_once(house: House) -> None:
    awa = phone_of(house, AWA)
    awa.dial(WALLET)
    for text in ("1", "677000002", "5000", "1"):
        awa.answer(text)
    first = awa.answer("48213")
    awa.again("48213")
    second = awa.wait()
    assert (second.octets, second.session, second.op) == (first.octets, first.session, first.op)
    assert house.balance(JEAN) == 7_500
    assert house.rows("select count(*) as n from ussd_operation") == [{"n": 1}]


def test_a_dialled_tail_skips_screens_but_never_a_pin(house: House) -> None:
    awa = phone_of(house, AWA)
    assert awa.dial(WALLET, "*155*1*677000002*5000*1*48213#").text.startswith("Envoyer à Jean Nkolo")
    assert house.balance(JEAN) == 2_500
    assert "48213" not in house.everything()


def test_a_code_that_leads_nowhere_ends(house: House) -> None:
    screen = phone_of(house, AWA).dial("*999#")
    assert (screen.op, screen.text) == (END, "Service inconnu.")


def say(house: House, text: str, **settings: bool) -> None:
    """Put a version live that greets whom the wallet does not know with `text`."""
    body = copy.deepcopy(world.VECTORS["menus"]["wallet"])
    body["screens"]["welcome"]["text"] = text
    with house.database.transaction() as session:
        service = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        number = 2 + len(session.exec(select(UssdPublication)).all())
        version = FlowVersion(
            flow_id=service.flow_id, number=number, state="published", body=body, checksum=str(number)
        )
        session.add(version)
        session.flush()
        session.add(UssdPublication(service_id=service.id, version_id=version.id))
        service.live_version_id = version.id
        service.settings = {**service.settings, **settings}


def test_a_service_that_keeps_its_letters_speaks_ucs2(house: House) -> None:
    say(house, "Boyéi malámu ɛpái ya bísó", fold=False)
    screen = phone_of(house, "+237699000099").dial(WALLET)
    assert screen.data_coding == 8
    assert screen.text == "Boyéi malámu ɛpái ya bísó\n0. Inscription"


def test_a_full_screen_is_shown_whole(house: House) -> None:
    option = "\n0. Inscription"
    for septets in (156, 160, 182):
        text = "é€" + "à" * (septets - 3 - len(option))
        say(house, text)
        nobody = phone_of(house, f"+237699000{septets}")
        screen = nobody.dial(WALLET)
        assert (len(screen.octets), screen.text) == (septets, text + option)
        assert nobody.answer("0").session[1] == 2, "it was one message"


def test_what_comes_too_late_runs_nothing_and_is_answered_by_nothing(house: House) -> None:
    boxes = house.line.boxes
    people = [phone_of(house, f"+23769900010{n}") for n in range(5)]
    boxes.stop_box("smsbox")
    for person in people:
        person.begin(WALLET)
    with clock.travel(clock.now() + timedelta(minutes=11)):
        boxes.start_smsbox()
        until(lambda: house.outcomes() == ["stale"] * 5, "la rafale n'est pas arrivée")
    assert house.states() == []
    assert people[0].dial(WALLET).text.startswith("Bienvenue sur PerfectPay"), "the first screen he sees is this one"


def test_an_sms_is_answered_by_an_sms(house: House) -> None:
    sms = house.line.sms
    sms.write(AWA.removeprefix("+"), SMS_CODE, "menu")
    assert sms.read().startswith(f"{SMS_CODE} {AWA.removeprefix('+')} text Bienvenue\n1. Solde\n2. S'inscrire")
    sms.write(AWA.removeprefix("+"), SMS_CODE, "1")
    assert sms.read() == f"{SMS_CODE} {AWA.removeprefix('+')} text Votre solde est de 10 000 FCFA\n"


def test_no_secret_is_asked_for_in_an_sms(house: House) -> None:
    sms = house.line.sms
    sms.write(AWA.removeprefix("+"), "8081", "menu")
    sms.read()
    sms.write(AWA.removeprefix("+"), "8081", "6")
    assert sms.read() == f"8081 {AWA.removeprefix('+')} text Composez {WALLET} sur votre téléphone.\n"


def test_pins_right_and_wrong_are_nowhere(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(16)  # noqa: S311  # a seed
    wrong = [f"{chance.randrange(10**4, 10**5)}" for _ in range(8)]
    people = [person for person in world.VECTORS["world"]["subscribers"] if person["status"] == "active"]
    for person, *typed in zip(people, wrong, wrong[1:], strict=False):
        phone = phone_of(house, person["phone"])
        phone.dial(WALLET)
        phone.answer("6")
        for pin in (*typed, person["pin"]):
            last = phone.answer(pin)
        assert last.text.startswith("Votre solde est de")
    assert phone_of(house, AWA).dial(SERVICE).has_more
    printed = capfd.readouterr()
    pins = {*wrong, *(person["pin"] for person in people)}
    kept = house.everything()
    assert AWA in kept
    assert "•••••" in kept
    assert remains.find(pins, kept, printed.out, printed.err, metrics.render().decode()) == []
