"""Answers of the rail brought home: a group of them locked, judged and saved, with what follows for the account."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core import clock
from core.database import Session, driver
from core.orders import made_storable
from providers.answers import Seen as HouseSeen
from providers.answers import SeenState
from providers.mojaloop.contract import (
    Accepted,
    NotSeen,
    PayoutAnswer,
    PayoutOrder,
    ReadAnswer,
    Rejected,
    Seen,
    Unknown,
    Withheld,
)
from services.pensions.dispatch import outcomes, saving, standing, stops
from services.pensions.dispatch.claiming import Item
from services.pensions.dispatch.rails import Rail
from services.pensions.dispatch.saving import Entry
from services.pensions.dispatch.shapes import Outcome, Standing
from services.pensions.dispatch.stops import Heard
from services.transfers.bell import ring_after_commit
from services.transfers.contradictions import note_final
from services.transfers.rows import find
from services.transfers.transitions import Proof

_HEARD = "update inbound_event set handled_at = %s where transfer_id = any(%s) and handled_at is null"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for one claimed payment, under the order as it was sent."""

    item: Item
    order: PayoutOrder
    answer: PayoutAnswer | Withheld


@dataclass(frozen=True, slots=True)
class Question:
    """A transfer that is ours to ask about until `read_until`."""

    order: PayoutOrder
    transfer_id: UUID
    batch_id: UUID
    read_until: datetime


def keep_payouts(session: Session, rail: Rail, came: Sequence[Answered]) -> list[Item]:
    """Save what came back of one account; return the calls that follow, to be made once this is committed."""
    now = clock.now()
    found = standing.lock(session, [one.item.batch_id for one in came], [one.item.transfer_id for one in came])
    entries: list[Entry] = []
    following: list[Item] = []
    for one in came:
        on, answer = found[one.item.transfer_id], one.answer
        outcome = outcomes.of_payout(on, one.order, answer, now, rail.lease)
        entries.append(_entry(on, outcome, answer))
        if outcome.following is not None and outcome.lease_until is not None:
            following.append(replace(one.item, order=outcome.following, lease_until=outcome.lease_until))
    _save(session, entries, {one.item.transfer_id: one.answer for one in came})
    heard = [
        Heard(one.answer, one.order.party.fsp_id)
        for one in came
        if not isinstance(one.answer, Withheld) and one.answer.attempts
    ]
    stops.note(session, rail.id, heard)
    return following


def keep_reads(session: Session, came: Sequence[tuple[Question, ReadAnswer | Withheld]]) -> None:
    """Save what the switch said of transfers; one that was not asked about after all is asked again soon."""
    now = clock.now()
    found = standing.lock(session, [one.batch_id for one, _ in came], [one.transfer_id for one, _ in came])
    entries: list[Entry] = []
    for question, answer in came:
        if isinstance(answer, Withheld):
            continue
        on = found[question.transfer_id]
        outcome = outcomes.of_read(on, question.order, answer, now)
        entries.append(replace(_entry(on, outcome, answer), cause="read", read_until=question.read_until))
    _save(session, entries, {one.transfer_id: answer for one, answer in came})
    driver(session).execute(_HEARD, (now, [entry.on.transfer_id for entry in entries]))


def _entry(on: Standing, outcome: Outcome, answer: PayoutAnswer | ReadAnswer | Withheld) -> Entry:
    fit = replace(outcome, code=outcome.code[:20], detail=made_storable(outcome.detail))
    exchanges = tuple(
        replace(one, request=made_storable(one.request), response=made_storable(one.response))
        for one in answer.attempts
    )
    return Entry(on, fit, exchanges, word_of(answer))


def _save(
    session: Session,
    entries: Sequence[Entry],
    answers: dict[UUID, PayoutAnswer | Withheld] | dict[UUID, ReadAnswer | Withheld],
) -> None:
    attempts = saving.save(session, entries)
    for entry in entries:
        if not entry.on.is_open:
            answer = answers[entry.on.transfer_id]
            _note_final(session, entry, answer, attempts.get(entry.on.transfer_id))
    ring_after_commit(session)


def _note_final(
    session: Session, entry: Entry, answer: PayoutAnswer | ReadAnswer | Withheld, attempt_id: UUID | None
) -> None:
    """Compare a word about a transfer that is final with what we hold: late money and contradictions are cases."""
    state = _state_of(answer)
    if state is None:
        return
    row = find(session, entry.on.transfer_id)
    seen = HouseSeen(state, word_of(answer), amount=row.amount, currency_text=row.amount.currency.value)
    cause = "read" if entry.cause == "read" else "submit"
    note_final(session, row, seen, Proof("read" if cause == "read" else "submit", attempt_id=attempt_id))


def _state_of(answer: PayoutAnswer | ReadAnswer | Withheld) -> SeenState | None:
    match answer:
        case Seen():
            return answer.state
        case Accepted() if answer.is_paid:
            return SeenState.SUCCEEDED
        case Rejected() if answer.attempts:
            return SeenState.FAILED
    return None


def word_of(answer: PayoutAnswer | ReadAnswer | Withheld) -> str:
    """Return an answer in a word, as it is kept beside the call."""
    match answer:
        case Accepted() | Seen():
            return f"{'seen' if isinstance(answer, Seen) else 'accepted'}:{answer.state}"
        case Rejected():
            return f"rejected:{answer.reason}"
        case NotSeen():
            return "not_seen"
        case Unknown():
            return "unknown" if answer.is_sent else "not_sent"
    return "withheld"
