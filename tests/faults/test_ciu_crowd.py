"""A crowd writes to the clinic: messages come twice, late, in the wrong order and all at once; each gets his code."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from services.ciu.codes import candidates
from services.ciu.store.people import MOST_A_MINUTE
from services.whatsapp import twiml
from tests.builders.crowd import at_once
from tests.builders.patients import DOCUMENT, Patient, Talker, patients
from tests.ciu.clinic import SALT, Clinic, text_of
from tests.ciu.conftest import clinic, our_address

__all__ = ["clinic", "our_address"]

REPEATED = 0.10


@dataclass
class Network:
    """Brings a person's messages, one in ten of them twice: at once, or when the talk has gone on."""

    clinic: Clinic
    patient: Patient
    chance: random.Random
    sent: int = 0
    repeated: int = 0
    late: list[tuple[list[tuple[str, str]], bytes]] = field(default_factory=list)

    def send(self, words: list[str]) -> str:
        self.sent += len(words)
        if self.sent > MOST_A_MINUTE:
            self.sent = len(words)
            self.clinic.pause(self.patient.phone)
        answers = [self._bring(word) for word in words]
        if self.chance.random() < 0.5:
            self.arrive()
        return text_of(answers[-1].decode())

    def arrive(self) -> None:
        """Deliver what is still under way: it is answered as the first time, or not at all once that is erased."""
        for form, first in self.late:
            answer = self.clinic.post(form)
            assert (answer.status_code, answer.content in {first, twiml.NOTHING.encode()}) == (200, True)
        self.late.clear()

    def _bring(self, word: str) -> bytes:
        form = self.clinic.form(word, self.patient.phone)
        is_twice = self.chance.random() < REPEATED
        if not is_twice or self.chance.random() < 0.5:
            answer = self.clinic.post(form)
            assert answer.status_code == 200
            if is_twice:
                self.repeated += 1
                self.late.append((form, answer.content))
            return answer.content
        self.repeated += 1
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(self.clinic.post, [form, form]))
        assert {answer.status_code for answer in both} == {200}
        # The second may come when the code is given and the replies are gone.
        (said,) = {answer.content for answer in both} - {twiml.NOTHING.encode()}
        return said


@pytest.mark.parametrize("many", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_whatever_the_network_does_each_gets_his_code_and_no_two_the_same(clinic: Clinic, many: int) -> None:
    people = patients(many, seed=many)

    def talk(patient: Patient) -> tuple[str, int, int]:
        chance = random.Random(patient.phone)  # noqa: S311  # a seed
        network = Network(clinic, patient, chance)
        talker = Talker(patient, network.send, chance)
        code = talker.get_code()
        network.arrive()
        return code, talker.swapped, network.repeated

    done = at_once(talk, people, threads=16)
    codes = [code for code, _, _ in done]
    assert len(set(codes)) == many
    for patient, code in zip(people, codes, strict=True):
        assert code in set(candidates(DOCUMENT, patient.canonical, SALT))
    kept = clinic.rows("select uic_code, phone_number from uic_records")
    assert {(row["phone_number"], row["uic_code"]) for row in kept} == {
        (patient.phone, code) for patient, code in zip(people, codes, strict=True)
    }
    assert len(kept) == many
    assert sum(swapped for _, swapped, _ in done) > 0
    events = clinic.events()
    assert events.count("started") == events.count("issued_new") == events.count("confirmed") == many
    assert events.count("repeated") == sum(repeated for _, _, repeated in done) > many // 4
    assert clinic.number("select count(*) from ciu_conversation where ended_at is null") == 0
