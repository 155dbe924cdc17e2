"""Every misbehaviour of the fakes, on every adapter, through the real service: what Palabre must end with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pytest

from core import clock
from core.database import Database
from core.money import Currency
from models.transfers import ProviderAccount
from providers.fakes.accounts import account_of
from services import transfers
from services.provider_accounts.views import seal_secrets
from services.wallets import OutsideOperation
from tests.builders.transfers import NOW, House, Scripted, add_person, add_prices, add_routes
from tests.providers.conftest import Fakes

Direction = Literal["collect", "payout"]


@dataclass(frozen=True)
class Way:
    """One adapter as it is used in one country; `number` makes the party's number out of a scenario's code."""

    adapter: str
    country: str
    currency: Currency
    number: str
    party_code: str = ""

    def __str__(self) -> str:
        return self.adapter


MTN = Way("mtn", "BJ", Currency.XOF, "+2290197000{code}")
WAVE = Way("wave", "SN", Currency.XOF, "+221771000{code}")
PAWAPAY = Way("pawapay", "BJ", Currency.XOF, "+2290197000{code}", "MTN_MOMO_BEN")
CAMEROON = Way("orange_cm", "CM", Currency.XAF, "+237678000{code}")
SONATEL = Way("orange_sonatel", "SN", Currency.XOF, "+221771000{code}")
WEBPAY = Way("orange_webpay", "CI", Currency.XOF, "+2250700000{code}")
PROMPTS, LINKS = (MTN, PAWAPAY, CAMEROON), (WAVE, SONATEL, WEBPAY)
EVERY = (*PROMPTS, *LINKS)
PAYOUTS = (MTN, WAVE, PAWAPAY, CAMEROON, SONATEL)


@contextmanager
def living(database: Database, fakes: Fakes, way: Way, code: str) -> Iterator[House]:
    """Give a house whose only provider is this fake, and whose person's number ends with the scenario's code."""
    found = account_of(way.adapter, "" if way is PAWAPAY else way.country)
    with clock.travel(NOW) as traveller:
        house = House(database, Scripted(), traveller, currency=way.currency)
        with database.transaction() as session:
            account = ProviderAccount(
                code=found.code,
                label=found.label,
                adapter=way.adapter,
                environment="fake",
                country=way.country,
                currency=way.currency,
                base_url=fakes.account(way.adapter, found.country).base_url,
                settings=dict(found.settings),
                state="active",
            )
            account.secrets = seal_secrets(account, found.secrets)
            session.add(account)
            session.flush()
            add_routes(session, account.id, "mtn_momo", way.country, party_code=way.party_code)
            add_prices(session, way.currency)
            add_person(session, way.number.format(code=code), way.currency)
            house.account_id = account.id
        yield house
        house.assert_books_hold()


def live(
    house: House, fakes: Fakes, way: Way, direction: Direction, code: str, minutes: float = 30
) -> OutsideOperation:
    """Ask, and let half an hour pass; where nobody is named the amount carries the scenario's code."""
    is_named = way in PROMPTS or direction == "payout"
    phone = way.number.format(code=code)
    amount = 1_000 if is_named else 1_000 + int(code)
    ask: Callable[..., OutsideOperation] = house.recharge if direction == "collect" else house.withdraw
    if not is_named:  # the total, not the amount, is what the provider sees
        fakes.kernel.chooser.queue(way.adapter, code, 1)
    operation = ask(phone=phone, amount=amount)
    house.run(minutes=0.5, step_s=5)
    house.run(minutes=minutes, step_s=20)
    transfers.recover_leases(house.database)
    return operation


def outcome(house: House, operation: OutsideOperation) -> str:
    row = house.row(operation)
    return f"{row.state}:{row.reason}" if row.reason else row.state.value


@pytest.mark.parametrize(
    "code", [f"{n:03}" for n in (0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 25, 26, 27)]
)
@pytest.mark.parametrize(
    ("way", "direction"), [*((w, "collect") for w in EVERY), *((w, "payout") for w in PAYOUTS)], ids=str
)
def test_explore(database: Database, fakes: Fakes, way: Way, direction: Direction, code: str) -> None:
    with living(database, fakes, way, code) as house:
        operation = live(house, fakes, way, direction, code)
        print(
            *[
                str(x)
                for x in (
                    "RESULT",
                    way,
                    direction,
                    code,
                    outcome(house, operation),
                    house.cases(),
                    len(house.all("select 1 from transfer_attempt")),
                    "book",
                    len(fakes.kernel.book),
                )
            ],
            file=open("/tmp/d_results.txt", "a"),
        )
