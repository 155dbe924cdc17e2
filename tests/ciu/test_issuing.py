"""Codes: one person, one code, whatever happens at the same instant."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.ciu.clinic import AWA, CODE, KABILA, Clinic

FIRST = ("1985", "Kinshasa", "Jean-Luc", "15", "Kabilu")
SECOND = ("1985", "Kinshasa Bandal", "Jeanne", "15", "Kabila")
SHORT, LONG = "985-KINS-15-JEA-KABI-4988E", "985-KINS-15-JEA-KABI-4988E7"


def ready(clinic: Clinic, answers: tuple[str, ...], sender: str) -> None:
    """Bring somebody to the page that asks whether all is understood."""
    for word in ("Bonjour", *answers):
        clinic.say(word, sender)


def at_once(clinic: Clinic, *senders: str) -> list[str]:
    """Let several people confirm at the same instant."""
    gate = threading.Barrier(len(senders))

    def confirm(sender: str) -> str:
        gate.wait()
        return clinic.say("1", sender)

    with ThreadPoolExecutor(len(senders)) as crowd:
        return list(crowd.map(confirm, senders))


def codes_in(texts: list[str]) -> list[str]:
    return [found[0] for text in texts if (found := re.search(r"\d{3}-\S+", text))]


def test_two_people_with_one_beginning_the_first_served_keeps_the_short_code(clinic: Clinic) -> None:
    assert clinic.code(FIRST, AWA) == SHORT
    assert clinic.code(SECOND, "+243810000002") == LONG
    assert clinic.code(FIRST, AWA) == SHORT
    assert clinic.code(SECOND, "+243810000002") == LONG


def test_served_at_the_same_instant_one_gets_six_digits_of_his_own(clinic: Clinic) -> None:
    ready(clinic, FIRST, AWA)
    ready(clinic, SECOND, "+243810000002")
    codes = codes_in(at_once(clinic, AWA, "+243810000002"))
    assert len(set(codes)) == 2
    assert SHORT in codes
    assert sorted(map(len, codes)) == [len(SHORT), len(LONG)]


def test_one_person_on_two_telephones_at_once_is_one_record_with_two_links(clinic: Clinic) -> None:
    senders = [AWA, "+243810000002"]
    for sender in senders:
        ready(clinic, KABILA, sender)
    assert codes_in(at_once(clinic, *senders)) == [CODE, CODE]
    assert clinic.number("select count(*) from ciu_record") == 1
    assert clinic.number("select count(*) from ciu_record_identity") == 2


def test_two_records_that_sound_alike_are_shown_to_a_person_and_never_merged(clinic: Clinic) -> None:
    clinic.tell(("1985", "Kinshasa", "Jean", "15", "Mukendi"))
    clinic.tell(("1985", "Kinshasa", "Jean", "15", "Mukendy"), "+243810000002")
    clinic.tell(("1985", "Kinshasa", "Jean", "15", "Mutombo"), "+243810000003")
    assert clinic.number("select count(*) from uic_records") == 3
    pairs = clinic.rows("select cause, score, state from ciu_pair")
    assert pairs == [{"cause": "near", "score": 90, "state": "open"}]


def test_a_rehearsal_neither_reveals_nor_issues_a_real_code(clinic: Clinic) -> None:
    rehearsed = clinic.code(KABILA, "+243000000012")
    assert clinic.number("select count(*) from ciu_identity where is_test") == 1
    assert clinic.code(KABILA, AWA) == CODE
    assert rehearsed != CODE
    assert clinic.rows("select uic_code from uic_records") == [{"uic_code": CODE}]
