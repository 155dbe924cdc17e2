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
    house: House, fakes: Fakes, way: Way, direction: Direction, code: str, minutes: float = 45
) -> OutsideOperation:
    """Ask, and let three quarters of an hour pass; where nobody is named, the fake is told its next order's code."""
    phone = way.number.format(code=code)
    if way in LINKS and direction == "collect":
        fakes.kernel.chooser.queue(way.adapter, code)
    ask: Callable[..., OutsideOperation] = house.recharge if direction == "collect" else house.withdraw
    operation = ask(phone=phone, amount=1_000)
    house.live(minutes)
    return operation


def expected(way: Way, direction: Direction, code: str) -> str:  # noqa: PLR0911  # the table of the fakes, as it is written
    """Return the state and reason that the written table wants."""
    is_link = way in LINKS and direction == "collect"
    is_silent = way in {WEBPAY, SONATEL} and is_link  # nobody was given the link, and it is found by nobody
    match code:
        case "001" | "011" if way in {MTN, PAWAPAY}:
            return "failed:never_received"
        case "001" | "011":
            return "expired:link_expired" if is_link else "pending" if way is CAMEROON else "unknown:no_answer"
        case "002" | "003" | "021" | "027" if is_silent:
            return "expired:link_expired"
        case "008" if way is not WEBPAY:
            return "unknown:mismatch_amount"
        case "009" if way not in {WEBPAY, CAMEROON}:
            return "unknown:mismatch_currency"
        case "010" if not is_link:
            return "unknown:mismatch_party"
        case "012":
            return "expired:link_expired" if is_link else "pending"
        case "014" | "015" | "016" | "022":
            return refused(way, direction, code)
        case "026":
            return "failed:configuration"
    return "succeeded"


def refused(way: Way, direction: Direction, code: str) -> str:
    """Return how a refusal is told: some providers do not say why, a link can be paid by somebody else."""
    if direction == "payout":
        is_mute = (way is PAWAPAY and code in {"016", "022"}) or (way is SONATEL and code == "022")
        reasons = {"014": "our_wallet_empty", "015": "payee_not_found"}
        return "failed:unspecified" if is_mute else f"failed:{reasons.get(code, 'payee_not_allowed')}"
    if way in {WEBPAY, SONATEL}:
        return "failed:unspecified"
    if way is WAVE:
        reasons = {"014": "insufficient_funds", "015": "account_blocked"}
        return f"cancelled:{reasons.get(code, 'not_approved')}"
    reasons = {"014": "insufficient_funds", "015": "payer_not_found"}
    return f"failed:{reasons.get(code, 'not_approved')}"


def outcome(house: House, operation: OutsideOperation) -> str:
    row = house.row(operation)
    return f"{row.state}:{row.reason}" if row.reason else row.state.value


def play(database: Database, fakes: Fakes, way: Way, direction: Direction, code: str) -> None:
    """Play one scenario to its end, and look at both books."""
    with living(database, fakes, way, code) as house:
        operation = live(house, fakes, way, direction, code)
        ended = outcome(house, operation)
        assert ended == expected(way, direction, code)

        has_moved = ended == "succeeded" or "mismatch" in ended
        assert len(fakes.kernel.book) == has_moved
        sign = (ended == "succeeded") * (1 if direction == "collect" else -1)
        open_fee = 0 if direction == "collect" else 10 * (ended == "succeeded")
        is_held = direction == "payout" and ended.split(":")[0] in {"unknown", "pending"}
        assert house.balance(way.number.format(code=code)) == 10_000 + sign * 1_000 - open_fee - 1_010 * is_held
        assert house.reserved() == 1_010 * is_held
        assert [kind for kind, _ in house.cases()] == ["mismatch"] * ("mismatch" in ended)
        leaks(house, way, code)


def leaks(house: House, way: Way, code: str) -> None:
    """Look for secrets and full numbers in everything that was kept of the calls."""
    kept = str(house.all("select url, request, response, answer, error_kind from transfer_attempt"))
    assert kept
    found = account_of(way.adapter, "" if way is PAWAPAY else way.country)
    secrets = [secret for secret in found.secrets.values() if secret in kept]
    assert secrets == []
    assert way.number.format(code=code).removeprefix("+") not in kept


CODES = tuple(f"{code:03}" for code in (*range(4), *range(8, 18), *range(19, 23), *range(25, 28)))
SHORT = ("001", "002", "008")
WAYS = (*((way, "collect") for way in EVERY), *((way, "payout") for way in PAYOUTS))


@pytest.mark.parametrize("code", SHORT)
@pytest.mark.parametrize(("way", "direction"), WAYS, ids=str)
def test_some_misbehaviours(database: Database, fakes: Fakes, way: Way, direction: Direction, code: str) -> None:
    play(database, fakes, way, direction, code)


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(set(CODES) - set(SHORT)))
@pytest.mark.parametrize(("way", "direction"), WAYS, ids=str)
def test_all_misbehaviours(database: Database, fakes: Fakes, way: Way, direction: Direction, code: str) -> None:
    play(database, fakes, way, direction, code)


def test_a_payout_that_comes_back_after_an_hour(database: Database, fakes: Fakes) -> None:
    with living(database, fakes, WAVE, "013") as house:
        operation = live(house, fakes, WAVE, "payout", "013", minutes=70)
        assert house.state(operation) == "succeeded"
        house.hint(operation)

        assert (house.state(operation), house.balance(WAVE.number.format(code="013"))) == ("reversed", 10_000)


def test_a_failure_that_was_paid_a_minute_later(database: Database, fakes: Fakes) -> None:
    with living(database, fakes, MTN, "022") as house:
        operation = live(house, fakes, MTN, "collect", "022", minutes=2)
        for _ in range(2):
            house.hint(operation)

        assert (house.state(operation), house.balance(MTN.number.format(code="022"))) == ("failed", 10_000)
        assert house.cases() == [("late_money", 1_010)]
