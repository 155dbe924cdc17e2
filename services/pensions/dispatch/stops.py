"""What stops an account's batches, and what lets them go on: empty position, an unwell adapter, an institution at rest.

One group of answers is one look at the account's counts; the row of the gate is locked for it, last of all.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.permissions import SYSTEM
from models.pension_stages import BatchStage
from providers.answers import Reason
from providers.mojaloop.contract import Accepted, PayoutAnswer, Rejected, Unknown
from services import audit, breaker
from services.breaker import MOST_MISCONFIGURATIONS, MOST_UNKNOWNS, PROBED_EVERY
from services.pensions import messages, steps
from services.pensions.dispatch.outcomes import EMPTY_POSITION

POSITION, UNWELL, CONFIGURATION, SEAL_BROKEN = "position", "adapter_unwell", "configuration", "seal_broken"
FOREIGN_ID, PAYER_LIMIT = "foreign_id", "payer_limit"
# While one of these stands, nothing else of the account begins either: only a person resumes.
BY_A_PERSON = (POSITION, CONFIGURATION, FOREIGN_ID, PAYER_LIMIT)
OF_THE_HOUSE = (*BY_A_PERSON, UNWELL, SEAL_BROKEN)

WINDOW, MOST_UNKNOWNS_IN_WINDOW = 50, 10
MOST_REFUSED_REQUESTS = 3
MOST_REFUSALS_OF_FSP = 5
REST = timedelta(minutes=15)
_REFUSED_REQUEST = frozenset({"3100", "3101", "3102", "3103", "3104", "3105", "3107"})
_OF_THE_FSP = frozenset({Reason.PROVIDER_UNAVAILABLE, Reason.UNSPECIFIED})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer to a call that pays, and the institution it concerns where that is known."""

    answer: PayoutAnswer
    fsp_id: str = ""


@dataclass(slots=True)
class _Counts:
    """The last answers of an account, one mark each, and what came in a row."""

    recent: str
    misconfigurations: int
    refusals: int
    reason: str = ""

    def hear(self, answer: PayoutAnswer) -> None:
        """Count one answer and keep the first reason to stop."""
        is_unknown = isinstance(answer, Unknown)
        is_misconfigured = isinstance(answer, Rejected) and answer.reason is Reason.CONFIGURATION
        is_refused = isinstance(answer, Rejected) and answer.code in _REFUSED_REQUEST
        self.recent = (self.recent + ("?" if is_unknown else "."))[-WINDOW:]
        if not is_unknown:
            self.misconfigurations = self.misconfigurations + 1 if is_misconfigured else 0
            self.refusals = self.refusals + 1 if is_refused else 0
        self.reason = self.reason or self._reason(answer)

    @property
    def is_unwell(self) -> bool:
        """Whether the adapter answers too little, or refuses our set-up."""
        in_row = self.recent.endswith("?" * MOST_UNKNOWNS)
        in_window = self.recent.count("?") > MOST_UNKNOWNS_IN_WINDOW
        return in_row or in_window or self.misconfigurations >= MOST_MISCONFIGURATIONS

    def _reason(self, answer: PayoutAnswer) -> str:
        if answer.stop != "account":
            return CONFIGURATION if self.refusals >= MOST_REFUSED_REQUESTS else ""
        if isinstance(answer, Rejected):
            return {EMPTY_POSITION: POSITION, "4200": PAYER_LIMIT}.get(answer.code, CONFIGURATION)
        return FOREIGN_ID


def note(session: Session, account_id: UUID, heard: Sequence[Heard]) -> None:
    """Learn from a group of answers, in their order: stop what must stop, once."""
    if not heard:
        return
    row = fetch_one(session, "select * from rail_gate where account_id = %s for no key update", (account_id,))
    if row is None:
        return
    counts = _Counts(row["recent"], row["misconfigurations_in_row"], row["refusals_in_row"])
    for one in heard:
        counts.hear(one.answer)
    is_unwell = counts.is_unwell
    driver(session).execute(
        """
        update rail_gate set recent = %s, misconfigurations_in_row = %s, refusals_in_row = %s
        where account_id = %s
        """,
        ("" if is_unwell else counts.recent, counts.misconfigurations, counts.refusals, account_id),
    )
    _note_institutions(session, account_id, heard)
    if counts.reason:
        pause_account(session, account_id, counts.reason)
    if is_unwell:
        breaker.trip(session, account_id, UNWELL)
        driver(session).execute(
            "update rail_gate set next_probe_at = %s where account_id = %s", (clock.now() + PROBED_EVERY, account_id)
        )
        pause_account(session, account_id, UNWELL)


def pause_account(session: Session, rail_account_id: UUID, reason: str) -> int:
    """Pause every batch of a rail's account that is sending; return how many. What is out is followed to its end."""
    rows = fetch_all(
        session,
        """
        select b.id from pension_batch b join pension_account a on a.id = b.account_id
        where a.rail_account_id = %s and b.stage = 'PROCESSING' order by b.id
        """,
        (rail_account_id,),
    )
    return sum(_pause(session, row["id"], reason) for row in rows)


def resume_well(session: Session, rail_account_id: UUID) -> int:
    """Let the batches go on that only waited for the adapter to be well; return how many."""
    rows = fetch_all(
        session,
        """
        select b.id from pension_batch b join pension_account a on a.id = b.account_id
        where a.rail_account_id = %s and b.stage = 'PAUSED' and b.pause_reason = %s order by b.id
        """,
        (rail_account_id, UNWELL),
    )
    return sum(_resume(session, row["id"]) for row in rows)


def _pause(session: Session, batch_id: UUID, reason: str) -> bool:
    batch = steps.lock_batch(session, batch_id)
    if batch.stage is not BatchStage.PROCESSING:
        return False
    steps.take(session, batch, BatchStage.PAUSED, pause_reason=reason)
    _tell(session, batch.bulk_id, batch_id, batch.organisation_id, "pause", reason)
    messages.tell_paused(session, batch_id)
    return True


def _resume(session: Session, batch_id: UUID) -> bool:
    batch = steps.lock_batch(session, batch_id)
    if batch.stage is not BatchStage.PAUSED or batch.pause_reason != UNWELL:
        return False
    steps.take(session, batch, BatchStage.PROCESSING, pause_reason="")
    _tell(session, batch.bulk_id, batch_id, batch.organisation_id, "resume", UNWELL)
    return True


def _tell(session: Session, bulk_id: str, batch_id: UUID, organisation_id: UUID, act: str, reason: str) -> None:
    changes = {"reason": reason}
    audit.record(
        session,
        SYSTEM,
        f"pension_batch.{act}",
        "pension_batch",
        batch_id,
        bulk_id,
        changes,
        organisation_id=organisation_id,
    )
    _log.warning(f"pensions.{act}", bulk_id=bulk_id, reason=reason)


def _note_institutions(session: Session, account_id: UUID, heard: Sequence[Heard]) -> None:
    """Let an institution rest that lacks liquidity, or refused five times in a row."""
    changed: dict[str, tuple[int, datetime | None]] = {}
    known: Counter[str] = Counter()
    for one in heard:
        fsp_id, answer = one.fsp_id, one.answer
        if not fsp_id:
            continue
        is_refusal = isinstance(answer, Rejected) and (answer.stop == "fsp" or answer.reason in _OF_THE_FSP)
        if fsp_id not in known and (is_refusal or fsp_id in changed):
            known[fsp_id] = _refusals_in_row(session, account_id, fsp_id)
        if is_refusal:
            known[fsp_id] += 1
            is_resting = answer.stop == "fsp" or known[fsp_id] >= MOST_REFUSALS_OF_FSP
            changed[fsp_id] = (0, clock.now() + REST) if is_resting else (known[fsp_id], None)
            known[fsp_id] = changed[fsp_id][0]
        elif isinstance(answer, Accepted) and known[fsp_id]:
            known[fsp_id] = 0
            changed[fsp_id] = (0, None)
    for fsp_id, (refusals, until) in sorted(changed.items()):
        _write_rest(session, account_id, fsp_id, refusals, until)


def _refusals_in_row(session: Session, account_id: UUID, fsp_id: str) -> int:
    row = fetch_one(
        session, "select refusals_in_row from rail_rest where account_id = %s and fsp_id = %s", (account_id, fsp_id)
    )
    return int(row["refusals_in_row"]) if row else 0


def _write_rest(session: Session, account_id: UUID, fsp_id: str, refusals: int, until: datetime | None) -> None:
    values: dict[str, Any] = {"account": account_id, "fsp": fsp_id, "refusals": refusals, "until": until}
    driver(session).execute(
        """
        insert into rail_rest (account_id, fsp_id, until, refusals_in_row)
        values (%(account)s, %(fsp)s, %(until)s, %(refusals)s)
        on conflict (account_id, fsp_id) do update set refusals_in_row = excluded.refusals_in_row,
            until = coalesce(excluded.until, rail_rest.until)
        """,
        values,
    )
    if until is not None:
        _log.warning("pensions.fsp_rests", account_id=str(account_id), fsp_id=fsp_id)
