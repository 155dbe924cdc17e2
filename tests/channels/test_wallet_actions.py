"""The wallet's actions on their real verbs and a real PostgreSQL, through whole turns of the shipped menu."""

import itertools
import json
from dataclasses import dataclass, field

import pytest
from sqlmodel import select

from channels.ussd import contracts, gateways
from channels.ussd.contracts import GatewayTurn
from channels.ussd.turn import Answer, take_turn
from core import clock
from core.database import Database, driver
from core.errors import Forbidden
from models.flows import Flow, FlowVersion, VersionState
from services.flows import checksum_of
from services.subscribers import repeats
from tests.builders import world
from tests.channels.test_menus import SHIPPED
from tests.services.wallet_world import OPERATOR, READER, STRANGER

AWA, JEAN, PIN = "+237699000001", "+237677000002", "48213"
_numbers = itertools.count(1)


@dataclass
class Handset:
    """A real dialogue through contract B, its answers one after the other."""

    database: Database
    phone: str = AWA
    session: str = field(default_factory=lambda: f"handset-{next(_numbers)}")
    last: Answer | None = None

    def send(self, *messages: str) -> str:
        with self.database.transaction() as session:
            gateway = gateways.known_in(session).by_key["doc-b"]
        for message in messages:
            turn = GatewayTurn(self.session, self.phone, None, None, None, message, "", clock.now())
            self.last = take_turn(self.database, gateway, contracts.B, turn)
        assert self.last is not None
        return self.last.text


@pytest.fixture
def house(database: Database) -> Database:
    """Give the vectors' world with the shipped wallet menu live."""
    world.build(database)
    with database.transaction() as session:
        connection = driver(session)
        flow = session.exec(select(Flow).where(Flow.key == "wallet")).one()
        body = SHIPPED["wallet"]
        version = FlowVersion(
            flow_id=flow.id, number=2, state=VersionState.PUBLISHED, body=body, checksum=checksum_of(body)
        )
        session.add(version)
        session.flush()
        connection.execute("update ussd_service set live_version_id = %s where key = 'wallet'", (version.id,))
    return database


def count(database: Database, table: str) -> int:
    with database.transaction() as session:
        row = driver(session).execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_subscriber_sends_money_and_reads_it_in_his_movements(house: Database) -> None:
    text = Handset(house).send("1", "677000002", "5000", "1", PIN)
    assert text.startswith("Transfert de 5 000 FCFA à Jean Nkolo réussi. Frais 50 FCFA. Solde 4 950 FCFA. Réf TR-")
    assert Handset(house).send("9", "2", PIN).splitlines()[0].endswith("-5 050 FCFA Jean Nkolo")
    assert Handset(house, JEAN).send("9", "2", "73519").splitlines()[0].endswith("+5 000 FCFA Awa Mbarga")


def test_two_sessions_in_parallel_move_once_and_ask_once(house: Database) -> None:
    first, second = Handset(house), Handset(house)
    for handset in (first, second):
        handset.send("1", "677000002", "2000", "1")
    assert first.send(PIN).startswith("Transfert de 2 000 FCFA")
    question = "Vous avez déjà envoyé 2 000 FCFA à Jean Nkolo il y a 0 s. Envoyer encore ?\n1. Oui\n2. Non"
    assert second.send(PIN) == question
    assert count(house, "ussd_operation") == 1
    assert second.send("1").startswith("Envoyer à Jean Nkolo 677000002\nMontant: 2 000 FCFA")
    assert second.send("1", PIN).startswith("Transfert de 2 000 FCFA")
    assert count(house, "ussd_operation") == 2


def test_the_language_chosen_is_the_one_of_the_next_call(house: Database) -> None:
    handset = Handset(house)
    assert handset.send("9", "3", "3") == "Lokota ebombami."
    assert Handset(house).send("1") == "Koma nimero ya moto ya kotindela"
    assert Handset(house, JEAN).send("1") == "Entrez le numéro du bénéficiaire"


@pytest.mark.parametrize(("account", "expected"), [({}, "en"), ({"language": "ln"}, "ln")])
def test_an_account_that_says_no_language_leaves_the_service_its_own(
    house: Database, account: dict[str, str], expected: str
) -> None:
    with house.transaction() as session:
        driver(session).execute("update ussd_service set default_language = 'en'")
        driver(session).execute(
            "update ussd_gateway set options = options || %s where key = 'doc-b'", (json.dumps(account),)
        )
    gateways.forget()
    Handset(house, "+237699000099").send("1")
    with house.transaction() as session:
        assert driver(session).execute("select language from ussd_session").fetchall() == [(expected,)]


def test_a_pin_changes_once_the_old_one_is_proved(house: Database) -> None:
    handset = Handset(house)
    assert handset.send("9", "1", PIN, PIN).startswith("Choisissez un autre code.")
    assert handset.send("70614", "70615").startswith("Les deux codes diffèrent.")
    assert handset.send("70614", "70614") == "Code PIN changé."
    assert Handset(house).send("6", PIN).startswith("Code PIN incorrect. Essais restants: 2.")
    assert Handset(house).send("6", "70614") == "Votre solde est de 10 000 FCFA"
    written = world.written(house)
    assert PIN not in written
    assert "7061" not in written


@pytest.mark.parametrize("kept", ["7061", "1*7061*2", "67061", b"CON 7061"])
def test_what_was_typed_is_found_wherever_it_is_kept(house: Database, kept: str | bytes) -> None:
    Handset(house).send("1")
    column = "wire_body" if isinstance(kept, bytes) else "input_text"
    assert "7061" not in world.written(house)
    with house.transaction() as session:
        driver(session).execute(f"update ussd_turn set {column} = %s", (kept,))
    assert "7061" in world.written(house)


def test_what_was_asked_before_a_second_sending_is_read_with_yes_and_no(house: Database) -> None:
    assert Handset(house).send("1", JEAN, "1000", "1", PIN).startswith("Transfert de 1 000 FCFA")
    for answer in ("2", "1"):
        handset = Handset(house)
        assert handset.send("1", JEAN, "1000").startswith("Vous avez déjà envoyé 1 000 FCFA à Jean")
        handset.send(answer)
    with house.transaction() as session:
        yes, no = repeats.list_repeat_answers(session, OPERATOR)
        hidden, _ = repeats.list_repeat_answers(session, READER)
        with pytest.raises(Forbidden):
            repeats.list_repeat_answers(session, STRANGER)
    assert (yes.is_yes, no.is_yes, yes.phone) == (True, False, AWA)
    assert (no.asked or "").startswith("Vous avez déjà envoyé 1 000 FCFA à Jean")
    assert hidden.asked is None
    assert AWA not in hidden.phone


def test_a_number_registers_once_even_between_two_screens(house: Database) -> None:
    number = "+237699000099"
    slow, fast = Handset(house, number), Handset(house, number)
    slow.send("0", "Lea Tamo", "39571")
    assert fast.send("0", "Lea Tamo", "39571", "39571").startswith("Inscription réussie, Lea Tamo.")
    assert slow.send("39571") == "Ce numéro est déjà inscrit."
    assert Handset(house, number).send("6", "39571") == "Votre solde est de 0 FCFA"


def test_a_directory_is_not_read_by_trial(house: Database) -> None:
    with house.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'lookups', 1, 3600)"
        )
    assert Handset(house).send("1", "677000002") == "Montant à envoyer à Jean Nkolo:"
    refused = Handset(house)
    assert refused.send("1", "677000002") == "Trop de demandes. Réessayez plus tard."
    assert refused.last is not None
    assert not refused.last.has_more


def test_a_type_without_tariff_is_closed(house: Database) -> None:
    with house.transaction() as session:
        driver(session).execute("update tariff set valid_to = valid_from where type = 'transfer'")
    assert Handset(house).send("1", "677000002", "5000") == "Service momentanément indisponible."


def test_a_wallet_suspended_meanwhile_sends_nothing(house: Database) -> None:
    handset = Handset(house)
    handset.send("1", "677000002", "5000", "1")
    with house.transaction() as session:
        driver(session).execute(
            "update wallet set state = 'suspended' from users u where u.id = user_id and u.phone = %s", (AWA,)
        )
    assert handset.send(PIN) == "Compte suspendu. Contactez le service client."
    assert count(house, "ussd_operation") == 0
