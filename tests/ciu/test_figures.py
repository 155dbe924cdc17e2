"""Figures of what people really wrote, beside the owner's own SQL."""

from datetime import UTC, datetime
from threading import Event

from core import clock
from jobs import ciu as jobs
from reports.ciu import Figures, get_figures, last_days
from services.ciu.store import forgetting
from tests.builders.health import OPERATEUR
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def figures(clinic: Clinic) -> Figures:
    with clinic.database.transaction() as session:
        return get_figures(session, OPERATEUR, last_days(session, OPERATEUR))


def test_what_was_begun_is_what_it_became(clinic: Clinic) -> None:
    numbers = [f"+24381000001{n}" for n in range(10)]
    with clock.travel(NINE) as traveller:
        clinic.tell(KABILA, AWA, hello="Bonjour")  # a new code
        clinic.tell(KABILA, numbers[0], hello="mbote")  # the same, in Lingala
        for word in ("Bonjour", "1985", "RESTART", "85 ans", "STOP"):  # begun again, then stopped
            clinic.say(word, numbers[1])
        for word in ("hello", "1985", "EFFACER", "1"):
            clinic.say(word, numbers[2])
        clinic.say("Bonjour", numbers[3])  # goes on
        clinic.say("+", "+243000000001")  # a rehearsal
        form = clinic.form("Bonjour", numbers[4])
        clinic.post(form)
        clinic.post(form)  # repeated
        assert clinic.say("STOP", numbers[4]).startswith("Terminé")
        clinic.say("STOP", numbers[4])  # without a conversation: nothing ended
        clinic.pause()
        found = figures(clinic)
        assert (found.started, found.completed.new, found.completed.existing) == (7, 1, 1)
        outcomes = found.outcomes
        assert (outcomes.restarted, outcomes.stopped, outcomes.forgotten, outcomes.expired) == (1, 2, 1, 0)
        assert outcomes.open == found.active_sessions == 1
        assert found.repeated == 1
        assert found.by_language == {"fr": 1, "ln": 1}
        assert {step.question: step.refused_by for step in found.funnel}["birth_year"] == {"year_format": 1}
        assert found.total == clinic.number("select count(*) from uic_records") == 1
        assert found.unique_users == clinic.number("select count(distinct phone_number) from uic_records") == 1
        traveller.advance(16 * 60)
        clinic.say("Encore", numbers[3])  # the first one expired, another begins
        after = figures(clinic)
        assert (after.started, after.outcomes.expired, after.outcomes.open) == (8, 1, 1)
        traveller.advance(24 * 3600)
        clinic.clean()
        jobs.count_days(Event())
        kept = figures(clinic)
        assert (kept.started, kept.outcomes.expired, kept.outcomes.open) == (8, 2, 0)
        assert kept.by_hour == after.by_hour


def test_who_is_forgotten_at_the_counter_ends_in_the_figures_too(clinic: Clinic) -> None:
    assert clinic.code(KABILA) == CODE
    clinic.say("RESTART")
    with clinic.database.transaction() as session:
        record_id = clinic.rows("select id from ciu_record")[0]["id"]
        forgetting.forget_code(session, OPERATEUR, forgetting.ForgetCode(record_id=record_id, reason="Au guichet"))
    found = figures(clinic)
    assert (found.started, found.outcomes.forgotten, found.outcomes.open, found.total) == (2, 1, 0, 0)
