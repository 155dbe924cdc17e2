"""Sending codes to DHIS2, each once and once only: nothing is called inside a transaction, nothing is sent blindly.

What nobody answered may have been done: it is asked for by its uid before it is sent again, and the uid is the same.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from core import clock
from core.database import Database
from models.ciu_leaving import LinkState
from providers.dhis2 import Dhis2, Entity, ErrorReport, Job, Known, Trouble, enrollment_of
from services.ciu.dhis2 import links, places
from services.ciu.dhis2.links import SentJob
from services.ciu.dhis2.places import ProgrammePlace

NOT_UNIQUE = "E1064"
FAILED = "ERROR"
FIRST_LOOK, LAST_LOOK = timedelta(seconds=2), timedelta(seconds=60)
REPORT_LOST_AFTER = timedelta(minutes=10)  # DHIS2 forgets its reports when it restarts
REST = timedelta(seconds=60)
LONGEST_MESSAGE = 300
NOW = timedelta()

_log = structlog.get_logger(__name__)


def send_due(database: Database) -> int:
    """Do what is due in each programme: look at jobs and at what is unknown, then send a batch; return how much."""
    with database.transaction() as session:
        programmes = places.list_places(session)
    return sum(_Round(database, programme).run() for programme in programmes)


def open_due(database: Database) -> int:
    """Give new codes their uids; return how many."""
    with database.transaction() as session:
        programmes = places.list_places(session)
    opened = 0
    for programme in programmes:
        more = links.OPENED_AT_ONCE
        while more >= links.OPENED_AT_ONCE:
            with database.transaction() as session:
                more = links.open_links(session, programme.programme_id)
            opened += more
    return opened


class _Round:
    """One look at one programme."""

    def __init__(self, database: Database, programme: ProgrammePlace) -> None:
        self._database = database
        self._programme = programme
        self._client = Dhis2(programme.place)

    def run(self) -> int:
        with self._database.transaction() as session:
            jobs = links.list_due_jobs(session, self._programme)
            unknown = links.list_unknown(session, self._programme)
        for job in jobs:
            self._look(job)
        for uid in unknown:
            self._ask(uid)
        with self._database.transaction() as session:
            batch = links.take_batch(session, self._programme)
        if batch:
            self._send(batch)
        return len(jobs) + len(unknown) + len(batch)

    # Sending

    def _send(self, batch: Sequence[Entity]) -> None:
        found = self._client.validate(batch)
        if isinstance(found, Trouble):
            self._rest(batch, found)
            return
        faults = self._settle(batch, found.errors, or_else=LinkState.WAITING)
        good = [entity for entity in batch if entity.uid not in faults]
        if not good:
            return
        answer = self._client.load(good)
        uids = [entity.uid for entity in good]
        if isinstance(answer, Job):
            with self._database.transaction() as session:
                said = {"job_id": answer.id, "sent_at": clock.now()}
                links.move(session, uids, LinkState.SENT, after=FIRST_LOOK, said=said)
        elif answer.is_sent:
            self._move(uids, LinkState.UNKNOWN, FIRST_LOOK, answer.detail)
        else:
            self._rest(good, answer)

    def _rest(self, batch: Sequence[Entity], trouble: Trouble) -> None:
        """Send it later: nothing of it was kept there."""
        _log.warning("ciu.dhis2_trouble", kind=trouble.kind, detail=trouble.detail, count=len(batch))
        with self._database.transaction() as session:
            links.back_off(session, [entity.uid for entity in batch])

    # Looking

    def _look(self, job: SentJob) -> None:
        """Ask for a job's report; each look is as far from the last as that was from the beginning."""
        answer = self._client.report(job.id)
        uids = [entity.uid for entity in job.entities]
        waited = clock.now() - job.sent_at
        if answer is None or isinstance(answer, Trouble):
            if waited >= REPORT_LOST_AFTER:
                self._move(uids, LinkState.UNKNOWN, NOW, "report")
                return
            with self._database.transaction() as session:
                links.rest(session, uids, min(max(waited, FIRST_LOOK), LAST_LOOK))
            return
        faults = self._settle(job.entities, answer.errors, or_else=LinkState.UNKNOWN)
        others = [uid for uid in uids if uid not in faults]
        if answer.status == FAILED:  # it may have kept nothing at all: each is asked for
            self._move(others, LinkState.UNKNOWN, REST, "report")
        else:
            self._move(others, LinkState.EXPORTED)

    def _ask(self, uid: str) -> None:
        """Ask whether an entity is there; one that is not is sent again under the same uid."""
        answer = self._client.knows(uid)
        if isinstance(answer, Known):
            self._move([uid], LinkState.EXPORTED if answer.is_there else LinkState.WAITING, NOW)
            return
        with self._database.transaction() as session:
            links.rest(session, [uid], REST)

    # Faults

    def _settle(self, batch: Sequence[Entity], errors: Sequence[ErrorReport], or_else: LinkState) -> set[str]:
        """Settle what DHIS2 has something against; return those uids. `or_else` waits for an answer we did not get."""
        by_uid = {entity.uid: entity for entity in batch}
        by_uid |= {enrollment_of(entity.uid): entity for entity in batch}
        settled = set[str]()
        for error in errors:
            entity = by_uid.get(error.uid)
            if entity is None or entity.uid in settled:
                continue
            settled.add(entity.uid)
            if error.code == NOT_UNIQUE:
                self._settle_taken(entity, error, or_else)
            else:
                with self._database.transaction() as session:
                    links.move(session, [entity.uid], LinkState.REJECTED, said=_said(error))
        return settled

    def _settle_taken(self, entity: Entity, error: ErrorReport, or_else: LinkState) -> None:
        """Settle a code that is taken: by ourselves it is done, by another a person must look."""
        found = self._client.find(entity.code)
        if isinstance(found, Trouble):
            if or_else is LinkState.WAITING:
                self._rest([entity], found)
            else:
                self._move([entity.uid], or_else, REST)
        elif entity.uid in found.uids:
            self._move([entity.uid], LinkState.EXPORTED)
        else:
            with self._database.transaction() as session:
                other = next(iter(found.uids), "")
                links.move(session, [entity.uid], LinkState.CONFLICT, said={"other_uid": other, **_said(error)})

    def _move(self, uids: Sequence[str], to: LinkState, after: timedelta | None = None, message: str = "") -> None:
        with self._database.transaction() as session:
            links.move(session, uids, to, after=after if to not in links.SETTLED else None, said={"message": message})


def _said(error: ErrorReport) -> dict[str, str]:
    return {"error_code": error.code, "message": error.message[:LONGEST_MESSAGE]}
