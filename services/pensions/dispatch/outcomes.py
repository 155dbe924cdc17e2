"""What an answer of the rail does to a payment: pure rules, one outcome for each answer (specification, E.4 and F).

Unknown is never failed. Another transfer of the same payment begins only when the one before is certain to have moved
nothing: `stage` WAITING beside an ended transfer says so, and only `_again` and `_never_received` say that.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from models.pension_stages import BatchStage, LookupPolicy, NamePolicy, PaymentStage
from models.transfers import CaseKind, TransferState
from providers.answers import Reason, SeenState
from providers.mojaloop.contract import (
    Accepted,
    Found,
    Fulfilment,
    NotSeen,
    PayoutAnswer,
    PayoutOrder,
    Progress,
    ReadAnswer,
    Rejected,
    Seen,
    Unknown,
    Withheld,
)
from providers.mojaloop.quotes import fee_of, judge
from services.pensions import names
from services.pensions.dispatch import orders
from services.pensions.dispatch.orders import Handles
from services.pensions.dispatch.shapes import Outcome, Standing
from services.pensions.names import NameVerdict
from services.transfers import schedules

MOST_TRANSFERS = 3
SAME_ID_PAUSES_S = (30, 120, 600)
MOST_CONNECT_FAILURES = 5
FIRST_CONNECT_PAUSE_S = 2
PROOFS_APART = timedelta(seconds=60)
SECOND_LOOK_S = 2_400
SCHEDULE = "M1"
EMPTY_POSITION = "4001"
NAME_DIFFERS = "name_different"
RELEASED = "is_released"  # a person has seen its fee and let it go on

_DOUBTS = frozenset({Reason.MISMATCH_AMOUNT, Reason.MISMATCH_CURRENCY, Reason.MISMATCH_PARTY})


def of_payout(
    on: Standing, order: PayoutOrder, answer: PayoutAnswer | Withheld, now: datetime, lease: timedelta
) -> Outcome:
    """Return what the answer to a call does; one that comes after the end changes nothing here."""
    if not on.is_open:
        return Outcome()
    match answer:
        case Withheld():
            outcome = _withheld(on)
        case Accepted() if answer.is_paid:
            outcome = _paid(on, order.after(answer), answer.proof, now, answer)
        case Accepted(state=Progress.PENDING):
            outcome = replace(_pending(on, now), handles=_sent(order.after(answer), answer))
        case Accepted():
            outcome = _next_step(on, order.after(answer), answer, now + lease)
        case Rejected():
            outcome = _rejected(on, order, answer, now)
        case Unknown(is_sent=False):
            outcome = _unsent(on, answer, now)
        case Unknown():
            outcome = _doubtful(on, order.after(answer), answer, now)
    return _unless_cancelled(on, outcome)


def of_read(on: Standing, order: PayoutOrder, answer: ReadAnswer, now: datetime) -> Outcome:
    """Return what the switch's word on a transfer does, and when it is asked next."""
    if not on.is_open:
        return Outcome()
    match answer:
        case Seen(state=SeenState.SUCCEEDED):
            outcome = _paid(on, order, answer.proof, now)
        case Seen(state=SeenState.PENDING):
            outcome = _pending(on, now)
        case Seen():
            outcome = _ended(on, answer)
        case NotSeen():
            outcome = _not_seen(on, answer, now)
        case Unknown(reason=Reason()):
            outcome = _mismatch(on, answer, now)
        case _:
            outcome = Outcome(next_read_at=next_read(on, now))
    return _unless_cancelled(on, outcome)


def of_lost_lease(on: Standing, now: datetime, last_departure: timedelta) -> Outcome:
    """Return what becomes of a payment whose worker never said more: nobody knows, and it is asked about at once."""
    left_at = (on.lease_until or now) - last_departure
    handles = {"sent_at": max(left_at, on.submitted_at).isoformat()}
    return Outcome(
        TransferState.UNKNOWN, PaymentStage.UNKNOWN, Reason.NO_ANSWER, detail="lease", handles=handles, next_read_at=now
    )


def next_read(on: Standing, now: datetime) -> datetime | None:
    """Return when the switch is asked next; None when the schedule has ended, thirty days after."""
    return schedules.next_read(SCHEDULE, TransferState.PENDING, on.transfer_id, on.sent_at, now, None)


# The ends


def _paid(
    on: Standing, order: PayoutOrder, proof: Fulfilment, now: datetime, answer: Accepted | None = None
) -> Outcome:
    fee = (answer.fee if answer else None) or fee_of(order.quote, order.asked)
    kept = {**_sent(order, answer), **orders.proof(proof)} if answer else orders.proof(proof)
    found = answer.party if answer else None
    verdict, name = _compared(on, found)
    is_contradicted = answer is not None and answer.is_contradicted
    return Outcome(
        TransferState.SUCCEEDED,
        PaymentStage.COMPLETED,
        detail="refused first" if is_contradicted else "",
        handles=kept,
        second_look_at=now + timedelta(seconds=SECOND_LOOK_S * schedules.factor(on.transfer_id)),
        fee_minor=max(fee.minor, 0) if fee else 0,
        found=found,
        name_found=name,
        name_verdict=verdict,
        case=CaseKind.CONTRADICTION if is_contradicted else None,
    )


def _ended(on: Standing, answer: Seen) -> Outcome:
    """End what the switch says moved nothing."""
    code = answer.code or str(on.handles.get("code", ""))
    to = TransferState.EXPIRED if answer.state is SeenState.EXPIRED else TransferState.FAILED
    if code == EMPTY_POSITION:
        return _again(on, to, Reason.OUR_WALLET_EMPTY, code)
    reason = answer.reason or Reason.UNSPECIFIED
    return Outcome(to, PaymentStage.FAILED, reason, code, is_retryable=True)


def _again(on: Standing, to: TransferState, reason: Reason, code: str = "") -> Outcome:
    """Let another transfer begin by itself, three in all: this one is over and moved nothing."""
    if on.tries >= MOST_TRANSFERS:
        return Outcome(to, PaymentStage.FAILED, reason, code, is_retryable=True)
    return Outcome(to, PaymentStage.WAITING, reason, code)


# What an answer to our own call says


def _withheld(on: Standing) -> Outcome:
    """Take back what did not leave. In two steps the first may have; the quote, not accepted, expires by itself."""
    if on.stage is PaymentStage.SENT or on.handles:
        reason = Reason.NOT_APPROVED
        return Outcome(TransferState.FAILED, PaymentStage.WAITING, reason, detail="not sent on", is_unsent=True)
    return Outcome(TransferState.CANCELLED, PaymentStage.WAITING, detail="not sent", is_unsent=True)


def _next_step(on: Standing, following: PayoutOrder, answer: Accepted, lease_until: datetime) -> Outcome:
    if on.state is not TransferState.SUBMITTED:
        # Its lease ended while the answer was on its way: it is asked about instead.
        return Outcome(handles=_sent(following, answer), next_read_at=lease_until)
    verdict, name = _compared(on, answer.party)
    doubt = judge(following, None if on.handles.get(RELEASED) else on.fee_cap_minor)
    if doubt is None and verdict == NameVerdict.DIFFERENT and on.name_policy is NamePolicy.HOLD:
        doubt = NAME_DIFFERS
    going_on = Outcome(
        stage=PaymentStage.SENT,
        handles=_sent(following, answer),
        lease_until=lease_until,
        found=answer.party,
        name_found=name,
        name_verdict=verdict,
        following=following,
    )
    return _held(going_on, doubt) if doubt else going_on


def _held(outcome: Outcome, doubt: str) -> Outcome:
    """To refuse a quote we stop: nothing is sent, it expires, and a person looks."""
    return replace(
        outcome,
        to=TransferState.FAILED,
        stage=PaymentStage.HELD,
        reason=Reason.NOT_APPROVED,
        code=doubt,
        lease_until=None,
        following=None,
    )


def _rejected(on: Standing, order: PayoutOrder, answer: Rejected, now: datetime) -> Outcome:
    is_ours = not answer.attempts
    if is_ours and answer.again == "same_id":
        return _withheld(on)
    if is_ours and answer.reason in _DOUBTS:
        return _held(Outcome(), str(answer.reason))
    sent = {"sent_at": _left_at(answer) or now.isoformat()}
    if answer.again == "same_id":
        return _same_id(on, order, answer, sent, now)
    if answer.code == EMPTY_POSITION:
        return replace(_again(on, TransferState.FAILED, answer.reason, answer.code), handles=sent)
    return Outcome(
        TransferState.FAILED,
        PaymentStage.FAILED,
        answer.reason,
        answer.code,
        answer.text,
        is_retryable=answer.again == "new_id",
        handles=sent,
    )


def _same_id(on: Standing, order: PayoutOrder, answer: Rejected, sent: Handles, now: datetime) -> Outcome:
    """No prepare left: the same transfer again after 30 s, 2 min, 10 min; then it failed."""
    if on.state is not TransferState.SUBMITTED:
        return _again(on, TransferState.FAILED, answer.reason, answer.code)
    made = int(on.handles.get("same_id", 0))
    if made >= len(SAME_ID_PAUSES_S):
        return Outcome(
            TransferState.FAILED, PaymentStage.FAILED, answer.reason, answer.code, answer.text, is_retryable=True
        )
    pause = timedelta(seconds=SAME_ID_PAUSES_S[made])
    handles = {**orders.fresh_papers(order), **sent, "same_id": made + 1}
    return Outcome(
        stage=PaymentStage.WAITING, reason=answer.reason, code=answer.code, handles=handles, next_try_at=now + pause
    )


def _unsent(on: Standing, answer: Unknown, now: datetime) -> Outcome:
    """No byte left: the same call again after 2, 4, 8, 16, 32 seconds; then it failed for certain."""
    if on.state is not TransferState.SUBMITTED:
        return Outcome(next_read_at=next_read(on, now))
    failures = on.connect_failures + 1
    if failures > MOST_CONNECT_FAILURES:
        reason = Reason.PROVIDER_UNREACHABLE
        return Outcome(TransferState.FAILED, PaymentStage.FAILED, reason, detail=answer.detail, is_retryable=True)
    pause = timedelta(seconds=FIRST_CONNECT_PAUSE_S * 2 ** (failures - 1))
    return Outcome(
        stage=PaymentStage.WAITING,
        reason=Reason.PROVIDER_UNREACHABLE,
        detail=answer.detail,
        next_try_at=now + pause,
        connect_failures=failures,
    )


def _doubtful(on: Standing, order: PayoutOrder, answer: Unknown, now: datetime) -> Outcome:
    handles = {**_sent(order, answer), **({"code": answer.code} if answer.code else {})}
    reason = answer.reason or Reason.NO_ANSWER
    is_mismatch = reason in _DOUBTS
    known = replace(on, handles={**on.handles, **handles})
    return Outcome(
        TransferState.UNKNOWN if on.state is not TransferState.UNKNOWN else None,
        PaymentStage.UNKNOWN,
        reason,
        answer.code,
        answer.detail,
        handles=handles,
        next_read_at=next_read(known, now),
        case=CaseKind.MISMATCH if is_mismatch else None,
    )


def _pending(on: Standing, now: datetime) -> Outcome:
    """Note that the switch has it. What stands against it, a differing amount, still stands."""
    planned = next_read(on, now)
    if on.reason in _DOUBTS or planned is None:
        return Outcome(next_read_at=planned)
    to = None if on.state is TransferState.PENDING else TransferState.PENDING
    return Outcome(to, PaymentStage.SENT, next_read_at=planned)


# What the switch says when it is asked


def _not_seen(on: Standing, answer: NotSeen, now: datetime) -> Outcome:
    """Two readings, late enough and a minute apart, prove that it never arrived; one soon after proves nothing."""
    if not answer.is_proof:
        return Outcome(next_read_at=next_read(on, now))
    first = orders.instant(on.handles, "not_seen_at")
    if first is not None and now - first >= PROOFS_APART:
        return _again(on, TransferState.FAILED, Reason.NEVER_RECEIVED, str(on.handles.get("code", "")))
    handles = {} if first else {"not_seen_at": now.isoformat()}
    return Outcome(handles=handles, next_read_at=(first or now) + PROOFS_APART + timedelta(seconds=1))


def _mismatch(on: Standing, answer: Unknown, now: datetime) -> Outcome:
    return Outcome(
        TransferState.UNKNOWN if on.state is not TransferState.UNKNOWN else None,
        PaymentStage.UNKNOWN,
        answer.reason or Reason.MISMATCH_AMOUNT,
        detail=answer.detail,
        next_read_at=next_read(on, now),
        case=CaseKind.MISMATCH,
    )


# What is common


def _unless_cancelled(on: Standing, outcome: Outcome) -> Outcome:
    """Let nothing of a batch that is being cancelled wait again; the transfer it would have gone on with ends."""
    if on.batch_stage is not BatchStage.CANCELLING or outcome.stage not in {PaymentStage.WAITING, PaymentStage.HELD}:
        return outcome
    to = outcome.to or TransferState.FAILED
    reason = outcome.reason or Reason.NOT_APPROVED
    return replace(outcome, to=to, stage=PaymentStage.CANCELLED, reason=reason, next_try_at=None)


def _sent(order: PayoutOrder, answer: Accepted | Unknown) -> Handles:
    left_at = _left_at(answer)
    return {**orders.papers(order), **({"sent_at": left_at} if left_at else {})}


def _left_at(answer: Accepted | Rejected | Unknown) -> str:
    """Return when the last call that may move money left; the read that confirms a refusal is none."""
    return next((one.sent_at.isoformat() for one in reversed(answer.attempts) if one.method != "GET"), "")


def _compared(on: Standing, found: Found | None) -> tuple[str, str]:
    """Return how the name the switch knows compares with the declared one, and that name; nothing where it is known."""
    if found is None or on.lookup is LookupPolicy.OFF or on.name_verdict:
        return "", ""
    verdict, name = names.best_of(on.name, found.names)
    return verdict, name
