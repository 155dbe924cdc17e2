"""Two weeks of money between wallets and operators: what was asked, answered, called back and posted.

The operators are the fakes. What is still unknown is old enough to be asked about once a day: it stays for the visitor.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from commands.demo.chance import Chance
from commands.demo.ledgers import Till
from commands.demo.people import Subscriber
from commands.demo.places import Place
from commands.demo.rhythm import draw_moments
from core.ids import CROCKFORD
from core.money import Currency, Money
from models.ledger import AccountKind, Source
from models.transfers import TransferState
from models.users import UserState
from models.wallets import OperationState, OperationType
from services.ledger import Leg

DAYS = 14
SHARE = 0.025  # transfers for each dialogue of the history
_WITHDRAWAL_SHARE = 0.3
_LARGEST_SHARE = 0.4  # nobody withdraws nearly all he has
_AMOUNTS = (1_000, 2_000, 2_500, 5_000, 10_000, 15_000, 25_000, 50_000)
_AMOUNT_WEIGHTS = (8, 14, 10, 22, 18, 9, 6, 2)
_STATES = (TransferState.SUCCEEDED, TransferState.FAILED, TransferState.EXPIRED)
_STATE_WEIGHTS = (89, 8, 3)
_FAILURES = ("insufficient_funds", "not_approved", "payer_limit", "wrong_pin")
_FAILURE_WEIGHTS = (55, 25, 12, 8)
_CALLED_BACK_SHARE = 0.94
_UNKNOWN_AGES = (timedelta(hours=26), timedelta(hours=51), timedelta(days=3, hours=4), timedelta(days=6, hours=9))
_OPERATION_STATES = {
    TransferState.SUCCEEDED: OperationState.COMPLETED,
    TransferState.FAILED: OperationState.FAILED,
    TransferState.EXPIRED: OperationState.FAILED,
    TransferState.UNKNOWN: OperationState.UNKNOWN,
}

# Which fake account serves a network of a country, by what method; no payout where the operator has none.
SERVED = {
    ("CM", "MTN"): ("mtn-cm-fictif", "mtn_momo"),
    ("CM", "Orange"): ("orange-cm-fictif", "orange_money"),
    ("SN", "Orange"): ("sonatel-fictif", "orange_money"),
    ("SN", "Yas"): ("mixx-fictif", "free_money"),
    ("SN", "Expresso"): ("wave-sn-fictif", "wave"),
    ("CI", "Orange"): ("orange-ci-fictif", "orange_money"),
    ("CI", "MTN"): ("mtn-ci-fictif", "mtn_momo"),
    ("CI", "Moov"): ("wave-ci-fictif", "wave"),
    ("CD", "Orange"): ("orange-cd-fictif", "orange_money"),
}


class Operator(NamedTuple):
    """One fake account, and its float in the ledger."""

    id: UUID
    adapter: str
    base_url: str
    offers: frozenset[str]
    float_id: UUID
    suspense_id: UUID


class _Wire(NamedTuple):
    """How an adapter's exchanges look: where it asks, what it answers at first and in the end, how it calls back."""

    door: str
    authenticity: str
    collect: str
    payout: str
    first: str
    words: dict[str, str]


_MTN_WORDS = {"succeeded": "SUCCESSFUL", "failed": "FAILED", "expired": "FAILED", "unknown": "PENDING"}
_WORDS = {"succeeded": "SUCCESS", "failed": "FAILED", "expired": "EXPIRED", "unknown": "PENDING"}
_PAWAPAY_WORDS = {"succeeded": "COMPLETED", "failed": "FAILED", "expired": "FAILED", "unknown": "PROCESSING"}
_WAVE_WORDS = {"succeeded": "complete", "failed": "cancelled", "expired": "expired", "unknown": "open"}
_WIRES = {
    "mtn": _Wire("mtn", "token", "/collection/v1_0/requesttopay", "/disbursement/v1_0/transfer", "PENDING", _MTN_WORDS),
    "orange_cm": _Wire("orange", "token", "/omcoreapis/1.0.2/mp/pay", "/omcoreapis/1.0.2/cashin", "PENDING", _WORDS),
    "orange_sonatel": _Wire("orange", "signed", "/api/eWallet/v4/qrcode", "/api/eWallet/v1/cashins", "PENDING", _WORDS),
    "orange_webpay": _Wire("orange", "token", "/orange-money-webpay/v1/webpayment", "", "INITIATED", _WORDS),
    "wave": _Wire("wave", "signed", "/v1/checkout/sessions", "/v1/payout", "open", _WAVE_WORDS),
    "mixx": _Wire("pawapay", "signed", "/v2/deposits", "/v2/payouts", "ACCEPTED", _PAWAPAY_WORDS),
}


@dataclass(slots=True)
class Rows:
    """What is to be written, by table, in the order of the columns in `load`."""

    operations: list[tuple[Any, ...]] = field(default_factory=list)
    transfers: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: list[tuple[Any, ...]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    callbacks: list[tuple[Any, ...]] = field(default_factory=list)
    cases: list[tuple[Any, ...]] = field(default_factory=list)


class _Drawn(NamedTuple):
    """One transfer as it is being drawn."""

    id: UUID
    external_id: UUID
    reference: str
    key: str
    person: Subscriber
    operator: Operator
    method: str
    is_payout: bool
    amount: int
    asked_at: datetime
    sent_at: datetime
    ended_at: datetime
    state: TransferState
    reason: str
    provider_ref: str

    @property
    def wire(self) -> _Wire:
        return _WIRES[self.operator.adapter]


@dataclass(slots=True)
class Outside:
    """Draws the transfers of one demo, as events of its history."""

    chance: Chance
    now: datetime
    till: Till
    operators: dict[str, Operator]
    reserves: dict[UUID, UUID]
    rows: Rows = field(default_factory=Rows)

    def events(self, dialogues: int) -> Iterator[tuple[datetime, Any, None]]:
        """List the moments at which somebody moves money to or from his operator."""
        if not self.operators:
            return
        first_day = self.now - timedelta(days=DAYS)
        for moment in draw_moments(self.chance, self.now, round(dialogues * SHARE * 92 / DAYS)):
            if moment > first_day and moment < self.now - timedelta(minutes=3):
                yield moment, self._withdraw if self.chance.is_true(_WITHDRAWAL_SHARE) else self._recharge, None
        for age in _UNKNOWN_AGES:
            yield self.now - age, self._lose, None

    def _recharge(self, moment: datetime, person: Subscriber) -> None:
        """Draw a top-up, whatever its end."""
        self._draw(moment, person, is_payout=False, state=self._end())

    def _withdraw(self, moment: datetime, person: Subscriber) -> None:
        """Draw a withdrawal to his own mobile money; it fails less often."""
        state = TransferState.SUCCEEDED if self.chance.is_true(0.96) else TransferState.FAILED
        self._draw(moment, person, is_payout=True, state=state)

    def _lose(self, moment: datetime, person: Subscriber) -> None:
        """Draw a transfer nobody knows the end of; of a neighbour when this person has no operator."""
        known = [person, *person.contacts, *(other for one in person.contacts for other in one.contacts)]
        for one in known:
            if self._draw(moment, one, is_payout=self.chance.is_true(0.35), state=TransferState.UNKNOWN):
                return

    def _end(self) -> TransferState:
        return self.chance.choices(_STATES, _STATE_WEIGHTS)[0]

    def _draw(self, moment: datetime, person: Subscriber, *, is_payout: bool, state: TransferState) -> bool:
        served = SERVED.get((person.place.country, person.network))
        operator = self.operators.get(served[0]) if served else None
        is_barred = person.final_balance is not None or person.state is UserState.SUSPENDED
        if served is None or operator is None or is_barred or person.joined_at > moment:
            return False
        if is_payout and "payout" not in operator.offers:
            return False
        kind = OperationType.CASH_OUT if is_payout else OperationType.RECHARGE
        amount = int(self.chance.choices(_AMOUNTS, _AMOUNT_WEIGHTS)[0]) * person.place.scale
        if is_payout and amount > person.balance * _LARGEST_SHARE:
            return False
        fee, tariff_id = self.till.price_of(kind, person.place.currency, amount)
        drawn = self._begin(
            moment, person, operator, served[1], amount if is_payout else amount + fee, state, is_payout
        )
        operation_id = self.chance.id_at(moment)
        hold, posted = self._post(drawn, amount, fee)
        self.rows.operations.append((
            operation_id, moment, self.chance.reference("RT" if is_payout else "RC"), kind, person.wallet_id, None,
            person.place.currency, amount, fee, tariff_id, drawn.key, _OPERATION_STATES[state], None, posted, False, "",
        ))  # fmt: skip
        self._write(drawn, operation_id, hold, posted)
        return True

    def _begin(  # what a transfer begins with
        self,
        moment: datetime,
        person: Subscriber,
        operator: Operator,
        method: str,
        amount: int,
        state: TransferState,
        is_payout: bool,  # noqa: FBT001
    ) -> _Drawn:
        external_id = UUID(int=self.chance.getrandbits(128), version=4)
        sent_at = moment + timedelta(seconds=self.chance.uniform(0.05, 0.6))
        delay_s = self.chance.lognormvariate(1.1 if is_payout else 2.6, 0.55)
        if state is TransferState.EXPIRED:
            delay_s = self.chance.uniform(180, 420)
        reason = {TransferState.EXPIRED: "prompt_expired", TransferState.UNKNOWN: "no_answer"}.get(state, "")
        if state is TransferState.FAILED:
            reason = "payee_limit" if is_payout else self.chance.choices(_FAILURES, _FAILURE_WEIGHTS)[0]
        return _Drawn(
            self.chance.id_at(moment),
            external_id,
            crockford(external_id),
            f"demo:{external_id.hex}",
            person,
            operator,
            method,
            is_payout,
            amount,
            moment,
            sent_at,
            sent_at + timedelta(seconds=delay_s),
            state,
            reason,
            f"{self.chance.getrandbits(40):010d}",
        )

    # Money

    def _post(self, drawn: _Drawn, amount: int, fee: int) -> tuple[UUID | None, UUID | None]:
        """Post what the transfer moved; return the reserve and what followed, None for what was not written."""
        currency, person = drawn.person.place.currency, drawn.person
        fees = self.till.house[AccountKind.FEE_INCOME, currency]
        is_done = drawn.state is TransferState.SUCCEEDED
        if not drawn.is_payout:
            if not is_done:
                return None, None
            person.balance += amount
            legs = _legs(currency, (drawn.operator.float_id, amount + fee), (person.account_id, -amount), (fees, -fee))
            return None, self._add(drawn, "recharge", legs, drawn.ended_at)
        reserve = self.reserves[person.wallet_id]
        person.balance -= amount + fee
        taken = _legs(currency, (person.account_id, amount + fee), (reserve, -amount - fee))
        hold = self._add(drawn, "withdrawal_reserve", taken, drawn.asked_at)
        if is_done:
            legs = _legs(currency, (reserve, amount + fee), (drawn.operator.float_id, -amount), (fees, -fee))
            return hold, self._add(drawn, "withdrawal", legs, drawn.ended_at, ":end")
        if drawn.state is TransferState.FAILED:
            person.balance += amount + fee
            legs = tuple(Leg(leg.account_id, -leg.amount) for leg in taken)
            self._add(drawn, "withdrawal_void", legs, drawn.ended_at, ":end")
        return hold, None

    def _add(self, drawn: _Drawn, kind: str, legs: tuple[Leg, ...], moment: datetime, suffix: str = "") -> UUID:
        return self.till.add(Source.TRANSFER, drawn.key + suffix, kind, legs, moment, drawn.reference[:8])

    # Rows

    def _write(self, drawn: _Drawn, operation_id: UUID, hold: UUID | None, posted: UUID | None) -> None:
        is_known = drawn.state is not TransferState.UNKNOWN
        person, operator = drawn.person, drawn.operator
        reads = self.chance.randint(1, 5) if is_known else 44 + round((self.now - drawn.asked_at).days)
        self.rows.transfers.append((
            drawn.id, drawn.asked_at, drawn.external_id, drawn.reference, f"{drawn.external_id.hex[:22]}",
            Source.TRANSFER, drawn.key, "payout" if drawn.is_payout else "collect",
            "withdrawal" if drawn.is_payout else "recharge", operation_id, drawn.method, operator.id, operator.adapter,
            "fake", operator.base_url, drawn.amount, person.place.currency, person.phone, "", "", person.name, "",
            person.language, "{}", "{}", drawn.provider_ref, 0, drawn.wire.words[drawn.state], drawn.state,
            drawn.reason, None if is_known else self.now + timedelta(hours=self.chance.uniform(2, 20)), reads,
            drawn.sent_at, drawn.ended_at if is_known else None, 0, False, person.user_id, person.name, hold, posted,
        ))  # fmt: skip
        callback_id = self._call_back(drawn) if is_known else None
        submitted = self._attempt(drawn, 1, "payout" if drawn.is_payout else "collect")
        read = self._attempt(drawn, 2, "status")
        self._event(drawn, "", "created", drawn.asked_at, "request", None, None)
        self._event(drawn, "created", "submitted", drawn.sent_at, "submit", None, None)
        answered = drawn.sent_at + timedelta(seconds=self.chance.uniform(0.2, 1.2))
        self._event(drawn, "submitted", "pending", answered, "submit", submitted, None)
        end = drawn.ended_at if is_known else drawn.sent_at + timedelta(hours=24)
        self._event(drawn, "pending", drawn.state, end, "read", read, callback_id)

    def _event(  # a transition has that many sides
        self,
        drawn: _Drawn,
        before: str,
        after: str,
        at: datetime,
        cause: str,
        attempt_id: UUID | None,
        callback_id: UUID | None,
    ) -> None:
        reason = drawn.reason if after == drawn.state else ""
        self.rows.events.append((
            self.chance.id_at(at), at, drawn.id, before, after, cause, reason, "", attempt_id, callback_id,
            drawn.person.name if cause == "request" else "Palabre",
        ))  # fmt: skip

    def _attempt(self, drawn: _Drawn, number: int, operation: str) -> UUID:
        wire, is_read = drawn.wire, operation == "status"
        sent = drawn.ended_at - timedelta(seconds=0.4) if is_read else drawn.sent_at
        if is_read and drawn.state is TransferState.UNKNOWN:
            sent = self.now - timedelta(hours=self.chance.uniform(0.5, 3))
        took = timedelta(seconds=self.chance.lognormvariate(-1.1, 0.5))
        path = wire.payout if drawn.is_payout else wire.collect
        asked = {
            "amount": f"{drawn.amount // 10**drawn.person.place.currency.exponent}",
            "currency": drawn.person.place.currency,
            "externalId": drawn.reference,
            "party": masked(drawn.person.place, drawn.person.phone),
        }
        word = wire.words[drawn.state] if is_read else wire.first
        answer = f"seen:{'pending' if drawn.state is TransferState.UNKNOWN else drawn.state}" if is_read else "accepted"
        attempt_id = self.chance.id_at(sent)
        self.rows.attempts.append((
            attempt_id, sent + took, drawn.id, drawn.operator.id, number, operation, "GET" if is_read else "POST",
            f"{drawn.operator.base_url}{path}{f'/{drawn.external_id}' if is_read else ''}",
            "accept: application/json\n" if is_read else "content-type: application/json\n\n" + json.dumps(asked),
            json.dumps({"status": word, "id": drawn.provider_ref}), 200 if is_read else 202, sent, sent + took,
            answer, "",
        ))  # fmt: skip
        return attempt_id

    def _call_back(self, drawn: _Drawn) -> UUID | None:
        if not self.chance.is_true(_CALLED_BACK_SHARE):
            return None
        wire = drawn.wire
        came = drawn.ended_at - timedelta(seconds=self.chance.uniform(0.5, 0.9))
        word = wire.words[drawn.state]
        said = {"externalId": drawn.reference, "status": word, "msisdn": drawn.person.phone, "id": drawn.provider_ref}
        callback_id = self.chance.id_at(came)
        self.rows.callbacks.append((
            callback_id, came, wire.door, drawn.operator.id, f"{wire.authenticity}:{drawn.external_id}", "POST",
            f"/api/v1/payments/callback/{wire.door}", json.dumps({"content-type": "application/json"}),
            json.dumps(said).encode(), wire.authenticity, True, json.dumps({"reference": drawn.reference}), word,
            drawn.id, came, drawn.ended_at, "asked", self.chance.choices((0, 1, 2), (90, 8, 2))[0],
        ))  # fmt: skip
        return callback_id


def crockford(identifier: UUID) -> str:
    """Return the 26 characters by which operators know one of our transfers."""
    return "".join(CROCKFORD[(identifier.int >> shift) & 31] for shift in range(125, -1, -5))


def masked(place: Place, phone: str) -> str:
    """Return a number as it stands in an exchange that is kept."""
    national = phone.removeprefix(place.calling)
    return f"{place.calling}{national[:2]}****{national[-2:]}"


def _legs(currency: Currency, *lines: tuple[UUID, int]) -> tuple[Leg, ...]:
    return tuple(Leg(account_id, Money(minor, currency)) for account_id, minor in lines if minor)
