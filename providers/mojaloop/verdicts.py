"""What an answer of the adapter means: one pure function, the first line that fits, total on any bytes.

`prepare` absent proves nothing; a quote present means that a prepare may have left.
"""

from providers.amounts import parse_amount
from providers.answers import Reason, SeenState
from providers.mojaloop.codes import CODES, EXPIRED, UNKNOWN_TRANSFER
from providers.mojaloop.contract import Again, Asked, Operation, Progress, Stop, Verdict
from providers.mojaloop.reading import Reading, read, section, text_of

BAD_REQUEST, GATEWAY_TIMEOUT = 400, 504
_SERVER_ERROR = 500
_REFUSED_AT_THE_DOOR = frozenset({401, 403, 404, 405, 413, 415})
_COME_BACK_LATER = frozenset({408, 425, 429})
_MOVED = frozenset({"COMMITTED", "SETTLED"})
_ON_ITS_WAY = frozenset({"RESERVED", "RECEIVED"})
_ABORTED = "ABORTED"
_FORGOTTEN = "No cached data found"
_TOO_MANY_FIELDS = "additional properties"
_WAITING = {
    "WAITING_FOR_PARTY_ACCEPTANCE": Progress.WAITING_PARTY,
    "WAITING_FOR_QUOTE_ACCEPTANCE": Progress.WAITING_QUOTE,
}
# Where it stopped by itself, or by us: nothing more is sent.
_STOPPED: dict[str, tuple[Reason, Again]] = {
    "WAITING_FOR_CONVERSION_ACCEPTANCE": (Reason.CURRENCY_NOT_SUPPORTED, "never"),
    _ABORTED: (Reason.NOT_APPROVED, "new_id"),
}


def classify(  # the vectors name these six
    operation: Operation, own_id: str | None, asked: Asked, http_status: int, body: bytes, age_s: float = 0.0
) -> Verdict:
    """Return what an answer means for the transfer `own_id`; None: the adapter gives the id, any is ours.

    `age_s` is the time since the last byte of the order left; only a read looks at it.
    """
    said = read(http_status, body)
    if operation is Operation.GET_TRANSFER:
        return _of_read(said, own_id, asked, age_s)
    if said.is_success:
        return _of_success(said, own_id, asked)
    return _of_error(said, operation)


def classify_silence(operation: Operation, *, is_sent: bool) -> Verdict:
    """Return what no answer means. `is_sent` false: no byte of the request can have left."""
    return Verdict("unknown", is_sent=None if operation is Operation.GET_TRANSFER else is_sent)


def difference(said: Reading, asked: Asked) -> Reason | None:
    """Compare what moved, as far as the answer says it, with what was asked; None when nothing differs."""
    name = "payeeReceiveAmount" if asked.amount_type == "RECEIVE" else "transferAmount"
    stated = said.quote.get(name)
    amount = section(stated)
    currencies = (said.transfer.get("currency"), amount.get("currency"))
    if any(currency is not None and currency != asked.amount.currency.value for currency in currencies):
        return Reason.MISMATCH_CURRENCY
    if stated is not None and parse_amount(amount.get("amount"), asked.amount.currency) != asked.amount:
        return Reason.MISMATCH_AMOUNT
    return None


def _of_success(said: Reading, own_id: str | None, asked: Asked) -> Verdict:
    if not said.is_object or not said.transfer_id:
        return _unknown()  # an answer about no transfer is no answer about ours
    stop: Stop | None = None if own_id in {None, said.transfer_id} else "account"
    if said.fulfil:
        return _of_fulfilment(said, asked, stop)
    if said.current_state in _WAITING:
        return Verdict("accepted", _WAITING[said.current_state], stop=stop)
    if said.current_state in _STOPPED:
        reason, again = _STOPPED[said.current_state]
        return Verdict("rejected", reason=reason, again=again)
    return _unknown()


def _of_fulfilment(said: Reading, asked: Asked, stop: Stop | None) -> Verdict:
    state = said.fulfil_state
    doubt = difference(said, asked) if state in _MOVED else None
    if doubt is not None:
        return _unknown(reason=doubt)
    if state in _MOVED or state in _ON_ITS_WAY:
        return Verdict("accepted", Progress.SUCCEEDED if state in _MOVED else Progress.PENDING, stop=stop)
    if state == _ABORTED:
        return Verdict("rejected", reason=Reason.UNSPECIFIED, again="new_id", stop=stop)
    return _unknown()


def _of_error(said: Reading, operation: Operation) -> Verdict:
    status, code = said.http_status, said.code
    if not said.has_record:
        return _without_record(said, operation)
    if said.fulfil_state == _ABORTED:
        return Verdict("rejected", code=code, reason=Reason.UNSPECIFIED, again="new_id", is_confirmed_by_read=True)
    if said.fulfil_state in _MOVED:
        return _unknown(code)
    is_slow = _is_slow(code, status)
    if said.has_quote or operation is Operation.PUT_ACCEPT_QUOTE:
        return _after_quote(code, is_slow=is_slow)
    if code not in CODES or code[:2] == "33":
        return Verdict("rejected", code=code, reason=Reason.PROVIDER_UNAVAILABLE, again="same_id", is_slow=is_slow)
    return _refused(code)


def _without_record(said: Reading, operation: Operation) -> Verdict:
    status, message = said.http_status, text_of(said.body.get("message"))
    if status in _REFUSED_AT_THE_DOOR:
        return Verdict("rejected", reason=Reason.CONFIGURATION, again="new_id", stop="account")
    if status == BAD_REQUEST and message:
        stop: Stop | None = "account" if _TOO_MANY_FIELDS in message else None
        return Verdict("rejected", reason=Reason.CONFIGURATION, again="new_id", stop=stop)
    if _FORGOTTEN in message and operation is Operation.PUT_ACCEPT_PARTY:
        return Verdict("rejected", reason=Reason.PROVIDER_UNAVAILABLE, again="same_id")
    is_slow = _FORGOTTEN not in message and (status in _COME_BACK_LATER or status >= _SERVER_ERROR)
    return _unknown(said.code, is_slow=is_slow)


def _after_quote(code: str | None, *, is_slow: bool) -> Verdict:
    """Judge an error once a prepare may have left: only a code that says «refused» is one, and a read confirms it."""
    if code is None or code not in CODES:  # 3106, «it exists», is none of them
        return _unknown(code, is_slow=is_slow)
    return _refused(code, is_confirmed_by_read=True)


def _refused(code: str, *, is_confirmed_by_read: bool = False) -> Verdict:
    meaning = CODES[code]
    return Verdict(
        "rejected",
        code=code,
        reason=meaning.reason,
        again=meaning.again,
        stop=meaning.stop,
        is_confirmed_by_read=is_confirmed_by_read,
    )


def _of_read(said: Reading, own_id: str | None, asked: Asked, age_s: float) -> Verdict:
    """Judge an inquiry. Everything that is not the switch's word is no news, which is not bad news."""
    code = None if said.is_success else said.code
    if said.is_success and said.transfer_id and own_id in {None, said.transfer_id}:
        state = said.fulfil_state
        if state in _MOVED:
            doubt = difference(said, asked)
            return Verdict("unknown", reason=doubt) if doubt else Verdict("seen", SeenState.SUCCEEDED)
        if state == _ABORTED:
            return Verdict("seen", SeenState.FAILED, reason=Reason.UNSPECIFIED)
        if state in _ON_ITS_WAY:
            return Verdict("seen", SeenState.PENDING)
    is_late = age_s >= asked.grace_s
    if code == UNKNOWN_TRANSFER:
        return Verdict("not_seen", code=code, is_proof=is_late)
    if code in EXPIRED and is_late:
        return Verdict("seen", SeenState.EXPIRED, code=code, reason=Reason.PROVIDER_UNAVAILABLE)
    return Verdict("unknown", code=code)


def _is_slow(code: str | None, http_status: int) -> bool:
    return http_status == GATEWAY_TIMEOUT or (code is not None and code[0] in "12")


def _unknown(code: str | None = None, *, reason: Reason | None = None, is_slow: bool = False) -> Verdict:
    return Verdict("unknown", code=code, reason=reason, is_slow=is_slow, is_sent=True)
