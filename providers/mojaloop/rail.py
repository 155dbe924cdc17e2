"""The rail over Mojaloop: synchronous outside, one event loop inside, the same rules for one order and for many."""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

from providers.answers import Reason
from providers.http import NoAnswer
from providers.mojaloop import bodies, probing
from providers.mojaloop.client import Callers, Conversation
from providers.mojaloop.contract import (
    Accepted,
    Capabilities,
    Gate,
    LookupAnswer,
    NotFound,
    Operation,
    Party,
    PayoutAnswer,
    PayoutOrder,
    PensionRail,
    Progress,
    RailAccount,
    ReadAnswer,
    Rejected,
    Unknown,
    Withheld,
)
from providers.mojaloop.loop import Loop
from providers.mojaloop.outbox import Outbox, drain
from providers.mojaloop.parties import read_party
from providers.mojaloop.sending import ask, has_foreign_id, refusal_of_ours, send

_OK = 200
_BEFORE_ANY_QUOTE = frozenset({Reason.PAYEE_NOT_FOUND, Reason.PROVIDER_UNAVAILABLE})

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class MojaloopRail:
    """A `PensionRail`. It keeps connections, and which adapters were seen to wait for our acceptance; nothing else."""

    def __init__(self) -> None:
        self._loop = Loop()
        self._callers = Callers()
        self._patient: set[str] = set()  # adapters without our ids that were seen waiting for acceptance

    def probe(self, account: RailAccount) -> Capabilities | Unknown:
        """See what the adapter does with our ids, by a transfer whose payee cannot exist."""
        self._patient.discard(account.base_url)
        return self._loop.run(self._probe(account))

    def is_alive(self, account: RailAccount) -> bool:
        """Say whether the adapter answers at all."""
        return self._loop.run(self._is_alive(account))

    def lookup(self, account: RailAccount, party: Party) -> LookupAnswer:
        """Ask the switch who somebody is; with `directory`, Benin’s ten digits and then eight."""
        return self._loop.run(self._lookup(account, party))

    def payout(self, order: PayoutOrder) -> PayoutAnswer:
        """Make the one call that `order.operation` names, and the read that confirms a refusal."""
        return self._loop.run(self._payout(order))

    def status(self, order: PayoutOrder) -> ReadAnswer:
        """Ask what became of a transfer."""
        return self._loop.run(self._status(order))

    def lookup_many(
        self, account: RailAccount, parties: Iterable[Party], gate: Gate
    ) -> Iterator[tuple[Party, LookupAnswer | Withheld]]:
        """Look many payees up at once, by the gate; answers come as they arrive."""
        box: Outbox[Party, LookupAnswer] = self._outbox(gate, lambda party: self._lookup(account, party))
        return drain(box, parties)

    def payout_many(
        self, orders: deque[PayoutOrder] | Iterable[PayoutOrder], gate: Gate
    ) -> Iterator[tuple[PayoutOrder, PayoutAnswer | Withheld]]:
        """Send many at once, by the gate; an order appended to a deque while answers come leaves as well."""
        return drain(self.payouts(gate), orders)

    def status_many(
        self, orders: Iterable[PayoutOrder], gate: Gate
    ) -> Iterator[tuple[PayoutOrder, ReadAnswer | Withheld]]:
        """Ask about many at once, by the gate."""
        box: Outbox[PayoutOrder, ReadAnswer] = self._outbox(gate, self._status)
        return drain(box, orders)

    def payouts(self, gate: Gate) -> Outbox[PayoutOrder, PayoutAnswer]:
        """Return an outbox of orders, for a worker that puts in and takes out at its own pace."""
        return self._outbox(gate, self._payout, is_alone=self._is_canary)

    def _outbox(
        self,
        gate: Gate,
        work: Callable[[Item], Coroutine[Any, Any, Answer]],
        is_alone: Callable[[Item], bool] = lambda _: False,
    ) -> Outbox[Item, Answer]:
        return Outbox(self._loop, work, gate, is_alone)

    # On the loop

    async def _probe(self, account: RailAccount) -> Capabilities | Unknown:
        party = account.probe_party or probing.NOBODY
        value = bodies.id_value(party.id_type, party.identifier, account.benin_form)
        own_id = str(uuid4())
        talk = Conversation(self._callers.of(account), account, (value,))
        document = bodies.probe_document(account, own_id, party.id_type, value)
        outcome = await talk.call("probe", "POST", "/transfers", document)
        return probing.meaning_of(outcome, own_id, talk.attempts)

    async def _is_alive(self, account: RailAccount) -> bool:
        outcome = await Conversation(self._callers.of(account), account).call("health", "GET", "/")
        return not isinstance(outcome, NoAnswer) and outcome.status == _OK

    async def _lookup(self, account: RailAccount, party: Party) -> LookupAnswer:
        value = bodies.id_value(party.id_type, party.identifier, account.benin_form)
        forms = bodies.other_forms(party.id_type, value, account.benin_form)
        talk = Conversation(self._callers.of(account), account, forms)
        answer: LookupAnswer = NotFound("")
        for form in forms:
            outcome = await talk.call("lookup", "GET", bodies.party_path(party.id_type, form))
            if isinstance(outcome, NoAnswer):
                return Unknown(outcome.is_sent, outcome.kind, is_slow=outcome.is_sent, attempts=talk.attempts)
            answer = read_party(outcome.status, outcome.body, form, account.currency)
            if not isinstance(answer, NotFound):
                break
        return replace(answer, attempts=talk.attempts)

    async def _payout(self, order: PayoutOrder) -> PayoutAnswer:
        refused = refusal_of_ours(order)
        if refused is not None:
            return refused
        answer = await send(self._talk(order), order)
        if order.operation is Operation.POST_TRANSFERS and has_foreign_id(order):
            return self._judge_patience(order, answer)
        return answer

    async def _status(self, order: PayoutOrder) -> ReadAnswer:
        return await ask(self._talk(order), order)

    def _talk(self, order: PayoutOrder) -> Conversation:
        party = order.party
        known = (party.identifier.removeprefix("+"), party.rail_identifier)
        short = bodies.benin_eight(known[0])
        return Conversation(self._callers.of(order.account), order.account, (*known, short))

    # An adapter that gives the ids must wait for our acceptance: it is seen with one payment before the others leave

    def _is_canary(self, order: PayoutOrder) -> bool:
        is_unseen = order.account.base_url not in self._patient
        return is_unseen and order.operation is Operation.POST_TRANSFERS and has_foreign_id(order)

    def _judge_patience(self, order: PayoutOrder, answer: PayoutAnswer) -> PayoutAnswer:
        """Learn from the answer to a first step; an adapter that goes on by itself stops the account."""
        place = order.account.base_url
        if isinstance(answer, Accepted) and answer.state is Progress.WAITING_PARTY:
            self._patient.add(place)
            return answer
        if isinstance(answer, Rejected) and answer.reason in _BEFORE_ANY_QUOTE:
            return answer
        if isinstance(answer, Accepted) or place not in self._patient:
            self._patient.discard(place)
            return replace(answer, stop="account")
        return answer


RAIL: PensionRail = MojaloopRail()
