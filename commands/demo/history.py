"""Three months of dialogues and transfers, drawn in order of time: every row says what a turn would have written."""

import json
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from channels.ussd.contracts import Contract, Outgoing
from commands.demo import dialogues
from commands.demo.chance import Chance
from commands.demo.dialogues import Sending, Step, Walk
from commands.demo.ledgers import Priced, Till
from commands.demo.outside import Outside
from commands.demo.people import Subscriber, draw_phone
from commands.demo.places import PLACES
from commands.demo.rhythm import DAYS, draw_moments
from commands.demo.screens import Menu
from core.money import Money
from models.ledger import AccountKind
from models.users import UserState
from models.ussd import SessionState
from models.wallets import OperationState, OperationType
from services.retention import TEXTS_KEPT

SETTLED_BEFORE = timedelta(days=2)
SUSPENDED_BEFORE = timedelta(days=5)
OPEN_NOW = 9
IDLE = timedelta(seconds=180)

_STRANGER_SHARE = 0.03
_SEND_SHARE, _BALANCE_SHARE, _SERVICE_SHARE = 0.66, 0.17, 0.12
_SHORT_OF_FUNDS_SHARE = 0.03
_DEFECT_SHARE = 0.0015
_DROPS = (SessionState.EXPIRED, SessionState.ABORTED, SessionState.TIMEOUT)
_DROP_WEIGHTS = (70, 22, 8)
_PAY_DAY = 28
_SALARIED_SHARE = 0.6
_AGENCY_OPENS = time(5, tzinfo=UTC)


class Account(NamedTuple):
    """A gateway account, a service on it and the menu behind: what a session points to."""

    gateway_id: UUID
    service_id: UUID
    version_id: UUID
    code: str
    menu: Menu
    contract: Contract


@dataclass(slots=True)
class Rows:
    """What is to be written, by table, in the order of the columns in `load`."""

    operations: list[tuple[Any, ...]] = field(default_factory=list)
    sessions: list[tuple[Any, ...]] = field(default_factory=list)
    turns: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """Draws the history of one demo."""

    chance: Chance
    now: datetime
    brand: str
    people: list[Subscriber]
    till: Till
    accounts: dict[str, Account]
    outside: Outside
    rows: Rows = field(default_factory=Rows)

    def draw(self, count: int) -> Iterator[float]:
        """Draw about `count` sessions; yields the share done."""
        first_day = self.now - timedelta(days=DAYS)
        for early in self.people:
            if early.joined_at < first_day:
                self._open(early, first_day)
        events = sorted(self._events(count), key=lambda event: event[0])
        crowd = _Crowd(self.people)
        for number, (moment, act, person) in enumerate(events):
            act(moment, person or crowd.draw(self.chance, moment))
            if number % 1_000 == 0:
                yield number / len(events)
        yield 1.0

    def _events(self, count: int) -> Iterator[tuple[datetime, Any, Subscriber | None]]:
        """List what happens: sessions by the moment they end, registrations, agencies' deposits, the settlement."""
        first_day = self.now - timedelta(days=DAYS)
        for moment in draw_moments(self.chance, self.now, count):
            yield moment, self._dial, None
        yield from self.outside.events(count)
        for _ in range(OPEN_NOW):
            yield self.now - timedelta(seconds=self.chance.uniform(3, 150)), self._dial_now, None
        for person in self.people:
            if person.joined_at > first_day:
                yield person.joined_at, self._register, person
                yield _next_morning(person.joined_at), self._deposit, person
            if person.final_balance is not None:
                yield self.now - SETTLED_BEFORE, self._settle, person
        for day in range(DAYS):
            morning = datetime.combine((first_day + timedelta(days=day)).date(), _AGENCY_OPENS)
            if morning.day == _PAY_DAY:
                for person in self.people:
                    if person.joined_at < morning and self.chance.is_true(_SALARIED_SHARE):
                        yield morning, self._deposit, person

    # Money

    def _open(self, person: Subscriber, moment: datetime) -> None:
        amount = round(self.chance.lognormvariate(10.9, 0.9) / 500) * 500
        amount = min(max(amount, 1_000), 900_000) * person.place.scale
        self.till.bring(person, amount, moment, "opening", AccountKind.OPENING)

    def _deposit(self, moment: datetime, person: Subscriber) -> None:
        is_late = moment > self.now - (SETTLED_BEFORE if person.final_balance is not None else timedelta(0))
        if is_late or person.balance > 1_200_000 * person.place.scale:
            return
        amount = round(self.chance.lognormvariate(10.6, 0.6) / 1_000) * 1_000
        amount = min(max(amount, 2_000), 400_000) * person.place.scale
        self.till.bring(person, amount, moment, "deposit", AccountKind.PROVIDER_FLOAT)

    def _settle(self, moment: datetime, person: Subscriber) -> None:
        """Bring a known person's balance to the figure of the documents; he only looks at it from then on."""
        difference = (person.final_balance or 0) - person.balance
        kind = "deposit" if difference > 0 else "withdrawal"
        self.till.bring(person, difference, moment, kind, AccountKind.PROVIDER_FLOAT)

    def _can_move(self, person: Subscriber, moment: datetime) -> bool:
        is_settled = person.final_balance is not None and moment >= self.now - SETTLED_BEFORE
        return not is_settled and not self._is_suspended(person, moment)

    def _is_suspended(self, person: Subscriber, moment: datetime) -> bool:
        return person.state is UserState.SUSPENDED and moment > self.now - SUSPENDED_BEFORE

    # Dialogues

    def _dial(self, moment: datetime, person: Subscriber) -> None:
        """Let somebody dial and do what people do; the dialogue ends at `moment`."""
        if self.chance.is_true(_STRANGER_SHARE):
            self._dial_unknown(moment)
            return
        wish = self.chance.random()
        service = self.accounts["service"]
        if wish < _SEND_SHARE and self._can_move(person, moment):
            self._dial_to_send(moment, person)
        elif wish > 1 - _SERVICE_SHARE and person.place.service == "wallet":
            walk = self._walk(service, person)
            if self._is_suspended(person, moment):
                walk.go("", "suspended")
            else:
                dialogues.see_service_balance(walk, self.chance, has_account=True)
            self._keep(moment, walk, service, person.phone, person)
        else:
            self._dial_wallet(moment, person, is_brief=wish > _SEND_SHARE + _BALANCE_SHARE)

    def _dial_wallet(self, moment: datetime, person: Subscriber, *, is_brief: bool) -> None:
        account = self.accounts[person.place.service]
        walk = self._walk(account, person)
        if self._is_suspended(person, moment):
            walk.go("", "suspended")
        elif is_brief:
            dialogues.look_around(walk, self.chance)
        else:
            dialogues.see_balance(walk, self.chance)
        self._keep(moment, walk, account, person.phone, person)

    def _dial_now(self, moment: datetime, person: Subscriber) -> None:
        """Let somebody be in the middle of a dialogue as the demo opens."""
        account = self.accounts[person.place.service]
        walk = self._walk(account, person)
        walk.go("", "home")
        for typed, screen in (("1", "t_to"), (person.contacts[0].phone, "t_amount"))[: self.chance.randint(0, 2)]:
            walk.values["to_name"] = person.contacts[0].shown_name
            walk.go(typed, screen)
        self._keep(moment, walk, account, person.phone, person)

    def _dial_unknown(self, moment: datetime) -> None:
        place = self.chance.choice(PLACES)
        phone, network = draw_phone(self.chance, place, set())
        key = "service" if place.service == "wallet" and self.chance.is_true(_STRANGER_SHARE * 8) else place.service
        account = self.accounts[key]
        walk = Walk(account.menu, "fr", {"brand": self.brand})
        if key == "service":
            dialogues.see_service_balance(walk, self.chance, has_account=False)
        else:
            dialogues.hesitate(walk, self.chance)
        self._keep(moment, walk, account, phone, None, network)

    def _register(self, moment: datetime, person: Subscriber) -> None:
        account = self.accounts[person.place.service]
        walk = self._walk(account, person)
        walk.values |= {"name": person.name, "pin_length": "5", "caller.phone": _national(person)}
        dialogues.register(walk, self.chance, person.name)
        self._keep(moment, walk, account, person.phone, None, person.network)
        self._message(moment, person, "wallet_bienvenue", {
            "marque": self.brand, "nom": person.shown_name, "tel": _national(person),
        }, f"wallet_bienvenue:{person.user_id}:{person.place.currency}")  # fmt: skip

    def _dial_to_send(self, moment: datetime, payer: Subscriber) -> None:
        payees = [other for other in payer.contacts if other.joined_at < moment and self._can_move(other, moment)]
        payee = self.chance.choice(payees) if payees else None
        priced = self.till.draw(payer, payee) if payee else None
        if payee is not None and self.chance.is_true(_SHORT_OF_FUNDS_SHARE):
            self._walk_to_send(moment, payer, payee, self.till.too_much(payer), "no_funds")
        elif payee is not None and priced is not None:
            self._walk_to_send(moment, payer, payee, priced, "t_ok")
        else:
            self._dial_wallet(moment, payer, is_brief=False)

    def _walk_to_send(
        self, moment: datetime, payer: Subscriber, payee: Subscriber, priced: Priced, ending: str
    ) -> None:
        account = self.accounts[payer.place.service]
        walk = self._walk(account, payer)
        reference = self.chance.reference("TR")
        currency, total = payer.place.currency, priced.amount + priced.fee
        shown = {
            "amount": priced.amount, "fee": priced.fee, "total": total, "balance": payer.balance - total,
        }  # fmt: skip
        walk.values |= {name: Money(max(minor, 0), currency).on_phone() for name, minor in shown.items()}
        walk.values |= {"to": _national(payee), "to_name": payee.shown_name, "ref": reference}
        whole, cents = divmod(priced.amount, 10**currency.exponent)
        typed = f"{whole}" if not cents else f"{whole}.{cents:02}"
        dialogues.send(walk, self.chance, Sending(_national(payee), payee.phone, typed, ending))
        operation_id = self.chance.id_at(moment) if walk.steps[-1].is_money else None
        session_id = self._keep(moment, walk, account, payer.phone, payer, operation_id=operation_id)
        if operation_id is not None:
            self._complete(moment, operation_id, session_id, payer, payee, priced, reference, walk)

    def _complete(
        self,
        moment: datetime,
        operation_id: UUID,
        session_id: UUID,
        payer: Subscriber,
        payee: Subscriber,
        priced: Priced,
        reference: str,
        walk: Walk,
    ) -> None:
        """Post a transfer and write its operation and both receipts."""
        key = f"ussd:{session_id}:{walk.visits - 1}"  # the visit of the screen that asked for the PIN
        transaction_id = self.till.transfer(payer, payee, priced, moment, key, reference)
        self.rows.operations.append((
            operation_id, moment, reference, OperationType.TRANSFER, payer.wallet_id, payee.wallet_id,
            payer.place.currency, priced.amount, priced.fee, priced.tariff_id, key, OperationState.COMPLETED,
            session_id, transaction_id, False, "",
        ))  # fmt: skip
        receipt = {"montant": walk.values["amount"], "ref": reference}
        self._message(moment, payer, "wallet_envoi", receipt | {
            "nom": payee.shown_name, "tel": _national(payee), "frais": walk.values["fee"],
            "solde": walk.values["balance"],
        }, f"wallet_envoi:{reference}", transaction_id)  # fmt: skip
        self._message(moment, payee, "wallet_reception", receipt | {
            "nom": payer.shown_name, "tel": _national(payer),
            "solde": Money(payee.balance, payee.place.currency).on_phone(),
        }, f"wallet_reception:{reference}", transaction_id)  # fmt: skip

    # Rows

    def _walk(self, account: Account, person: Subscriber) -> Walk:
        balance = Money(person.balance, person.place.currency).on_phone()
        return Walk(account.menu, person.language, {"brand": self.brand, "balance": balance})

    def _keep(
        self,
        end: datetime,
        walk: Walk,
        account: Account,
        phone: str,
        person: Subscriber | None,
        network: str = "",
        *,
        operation_id: UUID | None = None,
    ) -> UUID:
        """Write the session whose last answer left at `end`, and its turns; return its id."""
        is_defect = operation_id is None and not walk.is_over and self.chance.is_true(_DEFECT_SHARE * 6)
        if is_defect:
            walk.go(dialogues.SECRET, "", refusal="error")
        begun = end - timedelta(seconds=sum(self._pause(step) for step in walk.steps[1:]))
        session_id = self.chance.id_at(begun)
        self._turns(session_id, begun, end, walk, account, operation_id)
        state, ended_at = self._ending(end, walk, is_defect=is_defect)
        secrets = [number for number, step in enumerate(walk.steps, start=1) if step.is_secret]
        typed = sum(len(step.typed) + 1 for step in walk.steps[1:])
        length = max(typed - 1, 0) if account.contract.is_cumulative else 0
        refusals = (
            len(walk.steps) - 1 - max((place for place, step in enumerate(walk.steps) if not step.refusal), default=0)
        )
        self.rows.sessions.append((
            session_id, begun, account.gateway_id, f"{self.chance.getrandbits(48):012x}", 1, phone,
            person.user_id if person else None, account.service_id, account.version_id, account.code,
            person.network if person else network, walk.language, walk.screen, 1, walk.visits, "{}", "{}", length,
            self.chance.randbytes(16) if account.contract.is_cumulative else None, secrets, len(walk.steps), refusals,
            state, walk.goal, operation_id is not None or walk.goal == "registered", 0, False, end, ended_at,
        ))  # fmt: skip
        return session_id

    def _turns(
        self, session_id: UUID, begun: datetime, end: datetime, walk: Walk, account: Account, operation_id: UUID | None
    ) -> None:
        chance, is_kept = self.chance, end > self.now - TEXTS_KEPT
        last, answered = len(walk.steps), begun
        for number, step in enumerate(walk.steps, start=1):
            if number > 1:
                span = (end - begun) / (last - 1)
                answered = end if number == last else begun + span * (number - 1 + chance.uniform(-0.3, 0.3))
            elapsed_us = int(chance.lognormvariate(8.7, 0.35) + (26_000 if step.is_secret else 0))
            has_more = not walk.menu.is_end(step.after)
            mac = chance.randbytes(16)
            wire = account.contract.encode(Outgoing(step.shown.text, has_more)) if is_kept else None
            self.rows.turns.append((
                chance.id_at(answered), answered - timedelta(microseconds=elapsed_us), session_id, number, mac, mac,
                step.typed if is_kept else "", step.before, step.after, step.shown.text if is_kept else "",
                step.shown.coding, step.shown.size, has_more,
                wire.body if wire else None, "done", step.refusal,
                operation_id if number == last else None, step.refusal == "error", answered, elapsed_us, 0,
            ))  # fmt: skip

    def _pause(self, step: Step) -> float:
        """Draw how many seconds somebody takes to read a screen and answer it."""
        return self.chance.lognormvariate(1.7, 0.45) + (2.5 if step.is_secret else 0)

    def _ending(self, end: datetime, walk: Walk, *, is_defect: bool) -> tuple[SessionState, datetime | None]:
        if is_defect:
            return SessionState.FAILED, end
        if walk.is_over:
            return SessionState.ENDED, end
        if end > self.now - IDLE:
            return SessionState.OPEN, None
        state = self.chance.choices(_DROPS, _DROP_WEIGHTS)[0]
        wait_s = self.chance.uniform(181, 240) if state is SessionState.EXPIRED else self.chance.uniform(1, 60)
        return state, end + timedelta(seconds=wait_s)

    def _message(
        self,
        moment: datetime,
        person: Subscriber,
        template: str,
        variables: dict[str, str],
        dedupe_key: str,
        transaction_id: UUID | None = None,
    ) -> None:
        priority = 1 if transaction_id else 3
        self.rows.messages.append((
            self.chance.id_at(moment), moment, dedupe_key, template, person.user_id, "sms", person.phone,
            person.language, template, 1, json.dumps(variables, ensure_ascii=False), "{}", "", priority, moment,
            "delivered", 1, "gsm7", 1, "", transaction_id,
        ))  # fmt: skip


class _Crowd:
    """Everybody, weighted by how often he dials."""

    def __init__(self, people: list[Subscriber]) -> None:
        self._people = sorted(people, key=lambda person: person.joined_at)
        self._joined = [person.joined_at for person in self._people]
        self._weights = list(accumulate(min(person.activity, 25) for person in self._people))

    def draw(self, chance: Chance, moment: datetime) -> Subscriber:
        """Draw one of those who had joined by `moment`."""
        present = bisect(self._joined, moment)
        return self._people[bisect(self._weights, chance.uniform(0, self._weights[present - 1]), 0, present - 1)]


def _next_morning(moment: datetime) -> datetime:
    return datetime.combine((moment + timedelta(days=1)).date(), _AGENCY_OPENS)


def _national(person: Subscriber) -> str:
    return person.phone.removeprefix(person.place.calling)
