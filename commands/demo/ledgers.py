"""The money of the history: who can send what to whom, and the postings that say so, in order of time."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from commands.demo.chance import Chance
from commands.demo.people import Subscriber
from core.database import Session, fetch_all
from core.money import Currency, Money
from models.ledger import AccountKind, Source
from models.wallets import OperationType
from services import ledger
from services.ledger import Leg, Posting
from services.tariffs import Band

BATCH = 500
ACTOR = "Palabre"

_AMOUNTS = (
    500,
    1_000,
    1_500,
    2_000,
    2_500,
    3_000,
    5_000,
    7_500,
    10_000,
    15_000,
    20_000,
    25_000,
    50_000,
    75_000,
    150_000,
)
_WEIGHTS = (6, 12, 6, 14, 7, 8, 18, 5, 12, 5, 5, 4, 3, 1, 0.4)
_PRICED = (OperationType.TRANSFER, OperationType.RECHARGE, OperationType.CASH_OUT)
_LARGEST_SHARE = 0.6  # nobody sends nearly all he has
_BALANCE_CEILING = 2_000_000


class Priced(NamedTuple):
    """An amount, its fee and the tariff row that says so, in minor units."""

    amount: int
    fee: int
    tariff_id: UUID


@dataclass(slots=True)
class Till:
    """Keeps the balances while the history is drawn, and collects its postings."""

    chance: Chance
    bands: dict[Currency, list[tuple[Band, UUID]]]
    house: dict[tuple[AccountKind, Currency], UUID]
    outside: dict[tuple[OperationType, Currency], list[tuple[Band, UUID]]]
    postings: list[Posting] = field(default_factory=list)

    def draw(self, payer: Subscriber, payee: Subscriber) -> Priced | None:
        """Draw what one sends to another, or None when he has too little or the other may hold no more."""
        scale = payer.place.scale
        room = min(payer.balance * _LARGEST_SHARE, _BALANCE_CEILING * scale - payee.balance)
        choices = bisect(_AMOUNTS, room / scale)
        if not choices:
            return None
        amount = int(self.chance.choices(_AMOUNTS[:choices], _WEIGHTS[:choices])[0]) * scale
        return self.price(payer, amount)

    def too_much(self, payer: Subscriber) -> Priced:
        """Price a round amount that he has not."""
        step = _AMOUNTS[0] * payer.place.scale
        return self.price(payer, (payer.balance // step + self.chance.randint(1, 20)) * step)

    def price(self, payer: Subscriber, amount: int) -> Priced:
        """Price a transfer as the tariffs in force do."""
        bands = self.bands[payer.place.currency]
        band, tariff_id = next((row for row in bands if row[0].to_minor >= amount), bands[-1])
        return Priced(amount, band.fee(amount), tariff_id)

    def price_of(self, kind: OperationType, currency: Currency, amount: int) -> tuple[int, UUID]:
        """Price a top-up or a withdrawal; return its fee and the tariff row that says so."""
        bands = self.outside[kind, currency]
        band, tariff_id = next((row for row in bands if row[0].to_minor >= amount), bands[-1])
        return band.fee(amount), tariff_id

    def transfer(
        self, payer: Subscriber, payee: Subscriber, priced: Priced, moment: datetime, key: str, reference: str
    ) -> UUID:
        """Move money between two wallets; return the transaction's id."""
        currency = payer.place.currency
        payer.balance -= priced.amount + priced.fee
        payee.balance += priced.amount
        legs = (
            Leg(payer.account_id, Money(priced.amount + priced.fee, currency)),
            Leg(payee.account_id, Money(-priced.amount, currency)),
            Leg(self.house[AccountKind.FEE_INCOME, currency], Money(-priced.fee, currency)),
        )
        return self.add(Source.USSD, key, "transfer", legs, moment, reference)

    def bring(self, person: Subscriber, amount: int, moment: datetime, kind: str, house: AccountKind) -> None:
        """Bring money into a wallet from the house, or back out of it when `amount` is negative."""
        if not amount:
            return
        person.balance += amount
        money = Money(amount, person.place.currency)
        legs = (Leg(self.house[house, person.place.currency], money), Leg(person.account_id, -money))
        reference = self.chance.reference("DP")
        self.add(Source.MANUAL, f"{kind}:{reference}", kind, legs, moment, reference)

    def add(self, source: Source, key: str, kind: str, legs: tuple[Leg, ...], moment: datetime, reference: str) -> UUID:
        """Collect one posting; return its id."""
        posting = Posting(source, key, kind, legs, reference, ACTOR, moment, id=self.chance.id_at(moment))
        self.postings.append(posting)
        return posting.id


def open_till(session: Session, chance: Chance, currencies: set[Currency]) -> Till:
    """Read the prices of a transfer and open the house accounts the history needs."""
    priced: dict[tuple[OperationType, Currency], list[tuple[Band, UUID]]] = defaultdict(list)
    rows = fetch_all(
        session,
        "select * from tariff where type = any(%s) and valid_to is null order by type, currency, from_minor",
        (list(_PRICED),),
    )
    for row in rows:
        band = Band.model_validate({name: row[name] for name in Band.model_fields})
        priced[OperationType(row["type"]), Currency(row["currency"])].append((band, row["id"]))
    bands = {currency: found for (kind, currency), found in priced.items() if kind is OperationType.TRANSFER}
    kinds = (AccountKind.FEE_INCOME, AccountKind.OPENING, AccountKind.PROVIDER_FLOAT)
    house = {
        (kind, currency): ledger.house_account(session, kind, currency)
        for currency in sorted(currencies)
        for kind in kinds
    }
    return Till(chance, bands, house, priced)


def post(session: Session, postings: list[Posting]) -> Iterator[int]:
    """Post the history in its own order, batch by batch; yields how many were posted so far."""
    done = 0
    for _, run in groupby(postings, key=lambda posting: posting.source):
        same = list(run)
        for start in range(0, len(same), BATCH):
            batch = same[start : start + BATCH]
            ledger.post_many(session, batch)
            done += len(batch)
            yield done
