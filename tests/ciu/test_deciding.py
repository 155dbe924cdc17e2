"""Who is who, by a person's word: one person under two codes, two people under one, put off, taken back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from core import clock
from core.errors import InvalidInput, NotFound, WrongState
from core.permissions import Actor
from services.ciu.store import deciding, forgetting, pairs, records, reviews
from services.ciu.store.deciding import DecidedSince, DecidePair, SplitRecord, UndoDecision
from services.ciu.store.forgetting import ForgetCode
from services.ciu.store.records import RecordSearch
from services.ciu.store.splitting import NoSpareCode, NotTheirs
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic
from tests.ciu.test_console import do, record_of, staff

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND, THIRD = "+243810000002", "+243810000003"
MUKENDI = ("1985", "Kinshasa", "Jean", "15", "Mukendi")
MUKENDY = ("1985", "Kinshasa", "Jean", "15", "Mukendy")
MUKENDIE = ("1985", "Kinshasa", "Jean", "15", "Mukendie")
UNKNOWN = ("je ne sais pas", "Mbandaka", "Rachel", "22", "Ilunga")
COMPACT = ("Mbengue", "Ibrahima", "1997", "DA", "1")


@pytest.fixture
def grace(clinic: Clinic) -> Actor:
    return staff(clinic)


def queue(clinic: Clinic, grace: Actor, wanted: str = reviews.WAITING) -> list[reviews.PairRow]:
    found: list[reviews.PairRow] = do(clinic, reviews.list_pairs, grace, wanted)
    return found


def decide(clinic: Clinic, grace: Actor, pair_id: UUID, decision: str, keep_id: UUID | None = None) -> deciding.Decided:
    order = DecidePair(pair_id=pair_id, decision=decision, keep_id=keep_id, reason="Vu au centre")
    decided: deciding.Decided = do(clinic, deciding.decide, grace, order)
    return decided


def undo(clinic: Clinic, grace: Actor, pair_id: UUID) -> deciding.Decided:
    decided: deciding.Decided = do(clinic, deciding.undo, grace, UndoDecision(pair_id=pair_id, reason="Erreur"))
    return decided


def living(clinic: Clinic) -> set[str]:
    return {row["uic_code"] for row in clinic.rows("select uic_code from uic_records")}


def tell(clinic: Clinic, answers: tuple[str, ...], sender: str = AWA) -> str:
    """Go through the questions, as slowly as a person does."""
    clinic.pause()
    return clinic.tell(answers, sender)


def code(clinic: Clinic, answers: tuple[str, ...], sender: str = AWA) -> str:
    clinic.pause()
    return clinic.code(answers, sender)


def alike(clinic: Clinic, grace: Actor) -> tuple[str, str, UUID]:
    """Let two records sound alike; return both codes and the pair."""
    first, second = code(clinic, MUKENDI, AWA), code(clinic, MUKENDY, SECOND)
    [pair] = queue(clinic, grace)
    return first, second, pair.id


def publish(clinic: Clinic, key: str) -> None:
    clinic.rows("update ciu_recipe set state = 'retired' where state = 'published' returning id")
    clinic.rows("update ciu_recipe set state = 'published', published_at = now() where key = %s returning id", (key,))


def letters(clinic: Clinic) -> int:
    return clinic.number("select count(*) from message where type = 'reponse_whatsapp'")


# Two codes, one person


def test_the_queue_shows_both_codes_and_what_speaks_for_one_person(clinic: Clinic, grace: Actor) -> None:
    first, second, _ = alike(clinic, grace)
    [pair] = queue(clinic, grace)
    assert pair.right is not None
    assert (pair.left.code, pair.right.code) == (first, second)
    assert (pair.cause, pair.score, pair.is_same_identity) == ("near", 90, False)
    assert "all" in pair.evidence
    assert (pair.left.phone, pair.right.phone) == ("+243•••••001", "+243•••••002")
    assert "MUKENDI" not in str(pair)
    assert do(clinic, reviews.count_pairs, grace) == {"open": 1, "later": 0, "decided": 0}


def test_one_person_from_now_on_both_codes_and_both_sets_of_answers_lead_to_one(clinic: Clinic, grace: Actor) -> None:
    first, second, pair_id = alike(clinic, grace)
    decided = decide(clinic, grace, pair_id, "same", record_of(clinic, second))
    assert (decided.state, decided.told) == ("same", 1)
    assert living(clinic) == {second}
    assert queue(clinic, grace) == []
    assert queue(clinic, grace, reviews.DECIDED)[0].decided_by == "Grâce Mbuyi"
    assert code(clinic, MUKENDI, AWA) == second
    assert code(clinic, MUKENDY, SECOND) == second
    shown = do(clinic, records.list_records, grace, RecordSearch(code=first)).rows
    assert [(row.code, row.stands_as) for row in shown] == [(first, second)]
    card = do(clinic, records.get_record, grace, record_of(clinic, second))
    assert [one.code for one in card.joined] == [first]
    trail = clinic.rows("select action, summary, changes from audit_entry where subject_type = 'ciu_pair'")
    assert trail == [{"action": "ciu.pair_same", "summary": "Vu au centre", "changes": {"told": 1}}]


def test_taken_back_each_has_his_own_code_again_and_the_pair_waits(clinic: Clinic, grace: Actor) -> None:
    first, second, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "same")
    assert code(clinic, MUKENDY, SECOND) == first
    undo(clinic, grace, pair_id)
    assert living(clinic) == {first, second}
    assert [pair.id for pair in queue(clinic, grace)] == [pair_id]
    assert code(clinic, MUKENDI, AWA) == first
    decide(clinic, grace, pair_id, "same")
    assert living(clinic) == {first}


def test_a_chain_of_decisions_leads_to_one_code_and_comes_apart_where_it_is_cut(clinic: Clinic, grace: Actor) -> None:
    first, second, third = code(clinic, MUKENDI), code(clinic, MUKENDY, SECOND), code(clinic, MUKENDIE, THIRD)
    waiting = {
        frozenset((pair.left.code, pair.right.code)): pair.id for pair in queue(clinic, grace) if pair.right is not None
    }
    assert len(waiting) == 3
    decide(clinic, grace, waiting[frozenset((first, second))], "same", record_of(clinic, second))
    decide(clinic, grace, waiting[frozenset((second, third))], "same", record_of(clinic, third))
    assert living(clinic) == {third}
    assert code(clinic, MUKENDI) == third
    decide(clinic, grace, waiting[frozenset((first, third))], "same")  # they are one already
    undo(clinic, grace, waiting[frozenset((second, third))])
    assert living(clinic) == {second, third}
    assert {pair.id for pair in queue(clinic, grace)} == {
        waiting[frozenset((second, third))],
        waiting[frozenset((first, third))],  # it had gone without saying
    }
    assert code(clinic, MUKENDI) == second
    undo(clinic, grace, waiting[frozenset((first, second))])
    assert living(clinic) == {first, second, third}


def test_two_persons_are_never_proposed_again(clinic: Clinic, grace: Actor) -> None:
    first, second, pair_id = alike(clinic, grace)
    decided = decide(clinic, grace, pair_id, "two")
    assert decided.told == 0
    clinic.pause()
    assert code(clinic, MUKENDI, AWA) == first
    assert code(clinic, MUKENDY, SECOND) == second
    assert queue(clinic, grace) == []
    assert living(clinic) == {first, second}


def test_put_off_it_waits_elsewhere_and_can_still_be_decided(clinic: Clinic, grace: Actor) -> None:
    _, _, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "later")
    assert queue(clinic, grace) == []
    assert len(queue(clinic, grace, reviews.LATER)) == 1
    with pytest.raises(WrongState):
        decide(clinic, grace, pair_id, "later")
    decide(clinic, grace, pair_id, "same")
    assert do(clinic, reviews.count_pairs, grace) == {"open": 0, "later": 0, "decided": 1}


def test_two_reviewers_at_once_the_second_is_refused(clinic: Clinic, grace: Actor) -> None:
    _, _, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "two")
    with pytest.raises(WrongState):
        decide(clinic, grace, pair_id, "same")


def test_a_decision_needs_its_reason_and_a_code_of_the_pair(clinic: Clinic, grace: Actor) -> None:
    _, _, pair_id = alike(clinic, grace)
    other = record_of(clinic, code(clinic, KABILA, THIRD))
    with pytest.raises(ValidationError):
        DecidePair(pair_id=pair_id, decision="same", reason="    ")
    with pytest.raises(InvalidInput):
        decide(clinic, grace, pair_id, "same", other)
    with pytest.raises(NotFound):
        decide(clinic, grace, other, "same")
    assert len(queue(clinic, grace)) == 1


def test_codes_of_one_person_are_forgotten_together(clinic: Clinic, grace: Actor) -> None:
    first, second, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "same")
    order = ForgetCode(record_id=record_of(clinic, first), reason="Demandé au comptoir")
    assert do(clinic, forgetting.forget_code, grace, order) == 2
    assert living(clinic) == set()
    for answers, gone in ((MUKENDI, first), (MUKENDY, second)):
        assert code(clinic, answers, THIRD) not in {first, second}
        assert clinic.number("select count(*) from ciu_record where code = %s", (gone,)) == 0


def test_one_of_two_telephones_is_forgotten_and_the_person_keeps_his_code(clinic: Clinic, grace: Actor) -> None:
    first, _, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "same")
    clinic.say("EFFACER", AWA)
    clinic.say("1", AWA)
    assert living(clinic) == {first}
    assert code(clinic, MUKENDY, SECOND) == first


# One code, two people


def test_the_second_person_gets_the_next_longer_code_and_each_finds_his_own(clinic: Clinic, grace: Actor) -> None:
    assert code(clinic, KABILA, AWA) == code(clinic, KABILA, SECOND) == CODE
    holder = clinic.rows("select id from ciu_identity where value = %s", (SECOND,))[0]["id"]
    order = SplitRecord(record_id=record_of(clinic), identity_id=holder, reason="Deux homonymes venus ensemble")
    assert do(clinic, deciding.split_record, grace, order).told == 1
    assert living(clinic) == {CODE, f"{CODE}9"}
    assert code(clinic, KABILA, AWA) == CODE
    assert code(clinic, KABILA, SECOND) == f"{CODE}9"
    assert clinic.rows("select ordinal from ciu_match_key order by ordinal") == [{"ordinal": 1}, {"ordinal": 2}]
    # A third telephone with these answers: the first one's code, and a person looks.
    assert code(clinic, KABILA, THIRD) == CODE
    [pair] = queue(clinic, grace)
    assert (pair.cause, pair.asker, pair.right) == ("ordinal", "+243•••••003", None)
    decide(clinic, grace, pair.id, "two")
    assert code(clinic, KABILA, THIRD) == f"{CODE}9A"
    with pytest.raises(NotTheirs):
        do(clinic, deciding.split_record, grace, order)


def test_a_third_telephone_can_be_the_second_persons(clinic: Clinic, grace: Actor) -> None:
    tell(clinic, KABILA, AWA)
    tell(clinic, KABILA, SECOND)
    holder = clinic.rows("select id from ciu_identity where value = %s", (SECOND,))[0]["id"]
    order = SplitRecord(record_id=record_of(clinic), identity_id=holder, reason="Deux homonymes")
    do(clinic, deciding.split_record, grace, order)
    tell(clinic, KABILA, THIRD)
    [pair] = queue(clinic, grace)
    card = do(clinic, reviews.get_pair, grace, pair.id)
    assert [one.code for one in card.same_answers] == [CODE, f"{CODE}9"]
    decide(clinic, grace, pair.id, "same", record_of(clinic, f"{CODE}9"))
    assert code(clinic, KABILA, THIRD) == f"{CODE}9"
    undo(clinic, grace, pair.id)
    assert code(clinic, KABILA, THIRD) == CODE


def test_a_split_is_taken_back_and_done_again_with_the_same_code(clinic: Clinic, grace: Actor) -> None:
    tell(clinic, UNKNOWN, AWA)
    tell(clinic, UNKNOWN, SECOND)
    [pair] = queue(clinic, grace)
    assert pair.cause == "unknown"
    decide(clinic, grace, pair.id, "two")
    codes = sorted(living(clinic), key=len)
    assert codes[1].startswith(codes[0])
    undo(clinic, grace, pair.id)
    assert living(clinic) == {codes[0]}
    assert code(clinic, UNKNOWN, SECOND) == codes[0]
    decide(clinic, grace, pair.id, "two")
    assert code(clinic, UNKNOWN, SECOND) == codes[1]
    assert code(clinic, UNKNOWN, AWA) == codes[0]


def test_equal_segments_of_a_weak_recipe_are_numbered(clinic: Clinic, grace: Actor) -> None:
    publish(clinic, "compact")
    for sender in (AWA, SECOND, THIRD):
        assert "MBEIBR7DA1" in tell(clinic, COMPACT, sender)
    for pair in queue(clinic, grace):
        assert pair.cause == "weak"
        decide(clinic, grace, pair.id, "two")
    assert living(clinic) == {"MBEIBR7DA1", "MBEIBR7DA1-2", "MBEIBR7DA1-3"}
    assert "MBEIBR7DA1-2" in tell(clinic, COMPACT, SECOND) + tell(clinic, COMPACT, THIRD)


def test_a_drawn_code_is_drawn_again(clinic: Clinic, grace: Actor) -> None:
    publish(clinic, "random")
    tell(clinic, UNKNOWN, AWA)
    tell(clinic, UNKNOWN, SECOND)
    [pair] = queue(clinic, grace)
    decide(clinic, grace, pair.id, "two")
    codes = living(clinic)
    assert len(codes) == 2
    assert all(len(one) == 13 for one in codes)


def test_a_split_that_others_stand_on_is_not_taken_back(clinic: Clinic, grace: Actor) -> None:
    tell(clinic, UNKNOWN, AWA)
    tell(clinic, UNKNOWN, SECOND)
    [pair] = queue(clinic, grace)
    decide(clinic, grace, pair.id, "two")
    codes = sorted(living(clinic), key=len)
    left, right = (record_of(clinic, one) for one in codes)
    with clinic.database.transaction() as session:
        pairs._note(session, left, right, None, "near", 90, ["all"], is_same=False)
    [near] = queue(clinic, grace)
    decide(clinic, grace, near.id, "same", right)
    with pytest.raises(DecidedSince):
        undo(clinic, grace, pair.id)
    undo(clinic, grace, near.id)
    undo(clinic, grace, pair.id)
    assert living(clinic) == {codes[0]}


def test_an_imported_code_nobody_has_answers_of_cannot_be_parted(clinic: Clinic, grace: Actor) -> None:
    tell(clinic, KABILA, AWA)
    tell(clinic, KABILA, SECOND)
    clinic.rows("update ciu_record set spare_enc = null returning id")
    holder = clinic.rows("select id from ciu_identity where value = %s", (SECOND,))[0]["id"]
    order = SplitRecord(record_id=record_of(clinic), identity_id=holder, reason="Deux homonymes")
    with pytest.raises(NoSpareCode):
        do(clinic, deciding.split_record, grace, order)
    assert living(clinic) == {CODE}
    assert queue(clinic, grace) == []


# Who is told


def test_within_the_day_the_person_is_written_to_and_only_once(clinic: Clinic, grace: Actor) -> None:
    _, _, pair_id = alike(clinic, grace)
    decide(clinic, grace, pair_id, "same")
    assert letters(clinic) == 1
    rows = clinic.rows("select body, address from message where type = 'reponse_whatsapp'")
    assert rows[0]["body"] is None
    assert SECOND not in rows[0]["address"]
    assert "votre CIU a changé" not in clinic.say("Bonjour", SECOND)


def test_later_he_is_told_at_his_next_message(clinic: Clinic, grace: Actor) -> None:
    with clock.travel(NINE) as traveller:
        first, _, pair_id = alike(clinic, grace)
        traveller.advance(25 * 3600)
        clinic.clean()
        decide(clinic, grace, pair_id, "same")
        assert letters(clinic) == 0
        said = clinic.say("Bonjour", SECOND)
        assert said.startswith(f"Après vérification, votre CIU a changé. Votre CIU :\n{first}\nGardez-le bien.")
        assert "Bienvenue" in said
        assert "a changé" not in clinic.say("1985", SECOND)
        assert "a changé" not in clinic.say("Bonjour", AWA)


def test_what_nobody_heard_of_yet_is_not_told_once_it_is_taken_back(clinic: Clinic, grace: Actor) -> None:
    with clock.travel(NINE) as traveller:
        _, _, pair_id = alike(clinic, grace)
        traveller.advance(25 * 3600)
        decide(clinic, grace, pair_id, "same")
        undo(clinic, grace, pair_id)
        assert "a changé" not in clinic.say("Bonjour", SECOND)


def test_who_asked_for_silence_is_told_when_he_writes_again(clinic: Clinic, grace: Actor) -> None:
    first, _, pair_id = alike(clinic, grace)
    clinic.say("STOP", SECOND)
    decide(clinic, grace, pair_id, "same")
    assert letters(clinic) == 0
    assert first in clinic.say("Bonjour", SECOND)


def test_a_rehearsal_is_never_in_the_queue(clinic: Clinic, grace: Actor) -> None:
    tell(clinic, MUKENDI, "+243000000012")
    tell(clinic, MUKENDY, "+243000000013")
    assert clinic.number("select count(*) from ciu_pair") == 1
    assert queue(clinic, grace) == []
    assert do(clinic, reviews.count_pairs, grace)["open"] == 0
    with pytest.raises(NotFound):
        decide(clinic, grace, clinic.rows("select id from ciu_pair")[0]["id"], "same")


def test_nothing_of_an_answer_is_left_by_a_review(clinic: Clinic, grace: Actor) -> None:
    answers: tuple[Any, ...] = ("je ne sais pas", "Lubumbashizwi", "Zephyrinekw", "23", "Wakabongobo")
    tell(clinic, answers, AWA)
    tell(clinic, answers, SECOND)
    [pair] = queue(clinic, grace)
    decide(clinic, grace, pair.id, "two")
    left = clinic.dump()
    for answer in answers[1:3]:
        assert answer not in left
        assert answer.upper() not in left
