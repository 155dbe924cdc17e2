"""A reviewer decides while the very person writes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.ciu.store import deciding
from services.ciu.store.deciding import SplitRecord
from tests.ciu.clinic import AWA, Clinic
from tests.ciu.test_console import do, record_of, staff
from tests.ciu.test_deciding import SECOND, UNKNOWN, decide, queue, tell, undo
from tests.kannel.boxes import until


@pytest.mark.parametrize("act", ["split", "decide", "undo"])
def test_a_reviewer_waits_for_the_message_of_a_person_and_holds_nothing_he_needs(clinic: Clinic, act: str) -> None:
    grace = staff(clinic)
    tell(clinic, UNKNOWN, AWA)
    tell(clinic, UNKNOWN, SECOND)
    [pair] = queue(clinic, grace)
    holder = clinic.rows("select id from ciu_identity where value = %s", (SECOND,))[0]["id"]
    if act == "undo":
        decide(clinic, grace, pair.id, "two")

    def review() -> deciding.Decided:
        if act == "undo":
            return undo(clinic, grace, pair.id)
        if act == "decide":
            return decide(clinic, grace, pair.id, "two")
        order = SplitRecord(record_id=record_of(clinic, pair.left.code), identity_id=holder, reason="Deux homonymes")
        split: deciding.Decided = do(clinic, deciding.split_record, grace, order)
        return split

    with clinic.database.engine.connect() as writer, ThreadPoolExecutor(1) as counter:
        writer.exec_driver_sql("select 1 from ciu_identity where id = %s for no key update", (holder,))
        reviewed = counter.submit(review)
        until(lambda: clinic.number("select count(*) from pg_locks where not granted"), "the reviewer waits for nobody")
        writer.exec_driver_sql("select 1 from ciu_record for no key update nowait")
        writer.exec_driver_sql("select 1 from ciu_pair for update nowait")
        writer.rollback()
        assert reviewed.result().told == 1
