"""One order made, or asked about: the call, its verdict, the read that confirms a refusal, and the answer of it."""

from dataclasses import replace

from core import clock
from providers.answers import Reason, SeenState
from providers.http import NoAnswer
from providers.instants import parse_instant
from providers.mojaloop import bodies
from providers.mojaloop.client import Conversation
from providers.mojaloop.codes import EXPIRED, sentence_of
from providers.mojaloop.contract import (
    Accepted,
    Found,
    Fulfilment,
    Identity,
    NotSeen,
    Operation,
    PayoutAnswer,
    PayoutOrder,
    Progress,
    ReadAnswer,
    Rejected,
    Seen,
    Unknown,
    Verdict,
)
from providers.mojaloop.parties import names_of
from providers.mojaloop.quotes import fee_of, judge, quote_of
from providers.mojaloop.reading import Reading, read, section, text_of
from providers.mojaloop.verdicts import classify, classify_silence

_NOTHING = read(0, b"")
_BACKWARDS = {
    Operation.PUT_ACCEPT_PARTY: frozenset({Progress.WAITING_PARTY}),
    Operation.PUT_ACCEPT_QUOTE: frozenset({Progress.WAITING_PARTY, Progress.WAITING_QUOTE}),
}


def has_foreign_id(order: PayoutOrder) -> bool:
    """Say whether the adapter gives the id: then nothing may move before we accept a quote."""
    return order.account.mode == "two_step" and order.account.identity is not Identity.OWN_ID


def refusal_of_ours(order: PayoutOrder) -> Rejected | None:
    """Return why an order does not leave at all: an adapter not proven, a quote that differs, an amount unfit."""
    if order.operation is Operation.POST_TRANSFERS:
        identity = order.account.identity
        if identity is None or (order.account.mode == "one_step" and identity is not Identity.OWN_ID):
            return Rejected(
                Reason.CONFIGURATION,
                "same_id",
                text=f"one step needs own_id, not {identity}" if identity else "not proven",
                stop="account",
            )
        try:
            bodies.amount_text(order.amount)
        except bodies.UnfitAmountError as error:
            return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "never", text=str(error))
    if order.operation is Operation.PUT_ACCEPT_QUOTE:
        doubt = judge(order, None)
        if doubt is not None:
            return Rejected(Reason(doubt), "new_id", text=sentence_of("", Reason(doubt)))
    return None


async def send(talk: Conversation, order: PayoutOrder) -> PayoutAnswer:
    """Make the call that comes next. Nothing here makes a POST or a PUT twice."""
    is_post = order.operation is Operation.POST_TRANSFERS
    outcome = await talk.call(
        order.operation,
        "POST" if is_post else "PUT",
        "/transfers" if is_post else bodies.transfer_path(order.rail_id),
        bodies.order_document(order) if is_post else bodies.acceptance(order.operation),
    )
    if isinstance(outcome, NoAnswer):
        verdict = classify_silence(order.operation, is_sent=outcome.is_sent)
        return _unknown(verdict, order, _NOTHING, talk, outcome.kind)
    said = read(outcome.status, outcome.body)
    own_id = None if is_post and has_foreign_id(order) else order.rail_id
    verdict = classify(order.operation, own_id, order.asked, outcome.status, outcome.body)
    match verdict.answer:
        case "accepted" if verdict.state not in _BACKWARDS.get(order.operation, ()):
            return _accepted(verdict, order, said, talk)
        case "rejected" if verdict.is_confirmed_by_read:
            return await _confirmed(verdict, order, said, talk)
        case "rejected":
            return _rejected(verdict, talk)
    return _unknown(verdict, order, said, talk, f"http {outcome.status}")


async def ask(talk: Conversation, order: PayoutOrder) -> ReadAnswer:
    """Read what became of a transfer; a quote that differed stays a doubt whatever the switch says."""
    verdict, said, detail = await _read(talk, order, order.rail_id)
    match verdict.answer:
        case "seen" if verdict.is_paid and (doubt := judge(order, None)) is not None:
            return Unknown(is_sent=True, detail="paid, but not as asked", reason=Reason(doubt), attempts=talk.attempts)
        case "seen":
            return Seen(
                SeenState(verdict.state or ""),
                verdict.code or "",
                verdict.reason,
                _proof(said, order),
                talk.attempts,
            )
        case "not_seen":
            return NotSeen(bool(verdict.is_proof), talk.attempts)
    return Unknown(True, detail, verdict.code or "", verdict.reason, attempts=talk.attempts)


async def _read(talk: Conversation, order: PayoutOrder, rail_id: str) -> tuple[Verdict, Reading, str]:
    outcome = await talk.call(Operation.GET_TRANSFER, "GET", bodies.transfer_path(rail_id))
    if isinstance(outcome, NoAnswer):
        verdict = classify_silence(Operation.GET_TRANSFER, is_sent=outcome.is_sent)
        return verdict, _NOTHING, outcome.kind
    age_s = (clock.now() - order.sent_at).total_seconds() if order.sent_at else 0.0
    verdict = classify(Operation.GET_TRANSFER, rail_id, order.asked, outcome.status, outcome.body, age_s)
    return verdict, read(outcome.status, outcome.body), f"http {outcome.status}"


async def _confirmed(verdict: Verdict, order: PayoutOrder, said: Reading, talk: Conversation) -> PayoutAnswer:
    """Read once before a refusal counts: the switch may have gone on after it."""
    rail_id = said.transfer_id or order.rail_id
    seen, record, _ = await _read(talk, order, rail_id)
    is_gone = seen.answer == "not_seen" or seen.code in EXPIRED or seen.state is SeenState.FAILED
    if is_gone:
        return _rejected(verdict, talk)
    if seen.is_paid and judge(replace(order, quote=quote_of(said) or order.quote), None) is None:
        paid = _accepted(replace(seen, state=Progress.SUCCEEDED), order, said, talk)
        return replace(paid, proof=_proof(record, order, quote_of(said)), is_contradicted=True)
    return _unknown(
        replace(verdict, reason=seen.reason), order, said, talk, "refused, and the read does not confirm it"
    )


def _accepted(verdict: Verdict, order: PayoutOrder, said: Reading, talk: Conversation) -> Accepted:
    quote = quote_of(said)
    return Accepted(
        state=Progress(verdict.state or ""),
        their_transfer_id=_foreign(said, order),
        quote=quote,
        fee=fee_of(quote or order.quote, order.asked),
        proof=_proof(said, order, quote),
        party=_party(said),
        stop=verdict.stop,
        is_slow=verdict.is_slow,
        attempts=talk.attempts,
    )


def _rejected(verdict: Verdict, talk: Conversation) -> Rejected:
    code = verdict.code or ""
    return Rejected(
        verdict.reason or Reason.UNSPECIFIED,
        verdict.again or "new_id",
        code,
        sentence_of(code, verdict.reason),
        verdict.stop,
        verdict.is_slow,
        talk.attempts,
    )


def _unknown(verdict: Verdict, order: PayoutOrder, said: Reading, talk: Conversation, detail: str) -> Unknown:
    return Unknown(
        is_sent=verdict.is_sent is not False,
        detail=detail,
        code=verdict.code or "",
        reason=verdict.reason if verdict.answer == "unknown" or verdict.reason in _DOUBTS else None,
        their_transfer_id=_foreign(said, order),
        quote=quote_of(said),
        stop=verdict.stop,
        is_slow=verdict.is_slow,
        attempts=talk.attempts,
    )


_DOUBTS = frozenset({Reason.MISMATCH_AMOUNT, Reason.MISMATCH_CURRENCY})


def _foreign(said: Reading, order: PayoutOrder) -> str:
    return "" if said.transfer_id == order.transfer_id else said.transfer_id


def _proof(said: Reading, order: PayoutOrder, quote: object = None) -> Fulfilment:
    stated = quote_of(said) or (quote if quote is not None else order.quote)
    return Fulfilment(
        fulfilment=text_of(said.fulfil.get("fulfilment")),
        condition=getattr(stated, "condition", ""),
        completed_at=parse_instant(said.fulfil.get("completedTimestamp")),
    )


def _party(said: Reading) -> Found | None:
    """Return who the switch resolved on the way, where the answer repeats it."""
    found = section(section(said.transfer.get("getPartiesResponse")).get("body"))
    person = section(found.get("party")) or found
    fsp_id = text_of(section(person.get("partyIdInfo")).get("fspId"))
    return Found(fsp_id, names_of(person)) if fsp_id else None
