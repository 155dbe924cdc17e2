"""A dialogue that was cut off: offered again, taken up, or told how it ended."""

from typing import Any
from uuid import uuid4

import pytest

from channels.actions import ResumePoint, UnseenResult
from channels.dialogue import Dialogue
from tests.channels.fakes import Phone
from tests.channels.phones import PIN, WALLET, flow, menu, reply_of, to_pin, wallet


def drop(phone: Phone, **parts: Any) -> Phone:
    """Return a phone that dials again after `phone` was cut off."""
    version = phone.dialogue.version_id
    assert version is not None
    again = Phone(phone.flow, phone.world, phone.number, **parts)
    again.dialogue.version_id = version
    again.extra["resume"] = ResumePoint(phone.dialogue.session_id, version, phone.dialogue.scratch)
    return again


def test_a_dropped_dialogue_is_offered_and_taken_up_with_its_variables() -> None:
    phone = wallet()
    to_pin(phone)
    again = drop(phone)
    assert again.dial() == "Reprendre votre opération ?\n1. Oui\n2. Non"
    assert again.answer("7") == "Choix invalide.\nReprendre votre opération ?\n1. Oui\n2. Non"
    assert again.answer("1") == "Montant à envoyer à Jean Nkolo:"
    assert again.dialogue.moved_id == phone.dialogue.session_id
    assert again.dialogue.data == {"to": "+237677000002", "to_name": "Jean Nkolo"}


def test_an_offer_that_is_refused_shows_the_menu_and_moves_nothing() -> None:
    phone = wallet()
    to_pin(phone)
    again = drop(phone)
    again.dial()
    assert again.answer("2").startswith("PerfectPay\n1. Transfert")
    assert (again.dialogue.moved_id, again.dialogue.data) == (None, {})


def test_a_service_may_go_on_without_asking_or_never() -> None:
    phone = wallet()
    to_pin(phone)
    assert drop(phone, settings={"resume": "continue"}).dial() == "Montant à envoyer à Jean Nkolo:"
    assert drop(phone, settings={"resume": "start"}).dial().startswith("PerfectPay\n1. Transfert")


def test_nothing_is_offered_after_money_moved_on_direct_dial_or_to_a_suspended_person() -> None:
    phone = wallet()
    to_pin(phone)
    assert drop(phone).dial("6") == "Code PIN pour voir votre solde:"
    assert drop(phone).type_first("bonjour").startswith("PerfectPay")
    phone.world.facts["subscribers"][0]["status"] = "suspended"
    assert drop(phone).dial() == "Compte suspendu. Contactez le service client."
    phone.world.facts["subscribers"][0]["status"] = "active"
    phone.answer(PIN)
    assert phone.dialogue.has_committed
    assert "point" not in phone.dialogue.scratch
    assert drop(phone).dial().startswith("PerfectPay\n1. Transfert")


def test_a_dialogue_of_an_older_version_goes_on_in_that_version_or_not_at_all() -> None:
    phone = wallet()
    to_pin(phone)
    new = flow(
        {"home": menu("Nouveau", "done"), "done": {"kind": "end", "text": "Fin."}}, settings={"resume": "confirm"}
    )
    again = drop(phone)
    again.flow, again.dialogue.version_id = new, uuid4()
    assert again.dial() == "Nouveau\n1. Choix 1"
    again.dialogue = Dialogue(uuid4(), uuid4())
    again.extra["load_version"] = {phone.dialogue.version_id: WALLET}.__getitem__
    again.dial()
    assert again.answer("1") == "Montant à envoyer à Jean Nkolo:"
    assert again.dialogue.version_id == phone.dialogue.version_id


UNSEEN = UnseenResult(uuid4(), "transfer", "TR-7K2M9Q", 5000, "Jean Nkolo")
RESULT = "Transfert de 5 000 FCFA à Jean Nkolo réussi. Réf TR-7K2M9Q\n1. Continuer"


@pytest.mark.parametrize("dialled", [(), ("1", "677000002", "5000")], ids=["dialled", "direct dial"])
def test_a_result_nobody_saw_is_told_first(dialled: tuple[str, ...]) -> None:
    phone = wallet(extra={"unseen": UNSEEN})
    assert phone.dial(*dialled) == RESULT
    assert (phone.dialogue.seen_id, reply_of(phone).redacted) == (UNSEEN.operation_id, "")
    phone.extra.clear()
    assert phone.answer("3").startswith(f"Choix invalide.\n{RESULT}")
    assert phone.answer("1").startswith("PerfectPay\n1. Transfert")


def test_a_first_message_does_not_answer_the_result_it_never_saw() -> None:
    assert wallet(extra={"unseen": UNSEEN}).type_first("1") == RESULT


def test_a_version_that_lost_the_screen_begins_anew_and_drops_the_answer() -> None:
    phone = wallet()
    phone.dialogue.screen = "gone"
    assert phone.answer("1").startswith("PerfectPay\n1. Transfert")
    assert reply_of(phone).redacted == ""
