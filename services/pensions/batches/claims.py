"""Who is claimed for a cycle: a person and purpose once, and the sender's own ids for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg

from core.database import Session, driver
from services.pensions.refusals import AlreadyPaidThisCycle

# In the order of the index, so that two batches that meet wait for each other instead of locking crosswise.
_CLAIM = """
insert into pension_claim (organisation_id, cycle, payee_key, purpose, occurrence, payment_id)
select %(organisation)s, %(cycle)s, id_type || ':' || identifier, purpose, occurrence, id
from pension_payment where batch_id = %(batch)s and stage in ('WAITING', 'HELD')
order by 3, 4, 5
"""
_TAKE_IDS = """
insert into pension_transfer_id (organisation_id, transfer_id, payment_id)
select %(organisation)s, file_transfer_id, id
from pension_payment where batch_id = %(batch)s and file_transfer_id is not null
order by 2
"""


def take(session: Session, batch_id: UUID, organisation_id: UUID, cycle: str) -> None:
    """Claim everybody a batch would pay, and its transfer ids, or refuse: all or nobody."""
    values = {"batch": batch_id, "organisation": organisation_id, "cycle": cycle}
    with _refusing():
        driver(session).execute(_CLAIM, values)
        driver(session).execute(_TAKE_IDS, values)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.table_name in {"pension_claim", "pension_transfer_id"}:
            raise AlreadyPaidThisCycle from error
        raise
