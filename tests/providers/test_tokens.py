"""Tokens: asked once, renewed before their end, dropped on 401, never kept in what is shown."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from core import clock
from providers.answers import Account, Reason, Rejected, Unknown
from providers.tokens import Token, TokenCache
from providers.wire import Wire

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
ACCOUNT = Account(
    id=uuid4(),
    code="mtn-bj",
    adapter="mtn",
    environment="fake",
    country="BJ",
    currency="XOF",
    base_url="http://127.0.0.1:1/mtn",
    settings={},
    secrets={"collection_key": "k1"},
)


class Counter:
    """A token call that counts itself."""

    def __init__(self, expires_in_s: float = 3_600) -> None:
        self.calls = 0
        self.expires_in_s = expires_in_s

    def __call__(self) -> Token:
        self.calls += 1
        return Token(f"jeton-{self.calls}", self.expires_in_s)


@pytest.mark.parametrize(
    ("life_s", "good_s"),
    [(3_600, 3_540), (7_776_000, 7_775_940), (300, 240), (100, 80), (10, 8)],
    ids=["an hour", "90 days", "Sonatel", "short", "very short"],
)
def test_a_token_is_used_until_just_before_its_end(life_s: float, good_s: float) -> None:
    cache, fetch = TokenCache(), Counter(life_s)
    with clock.travel(START) as traveller:
        assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-1"
        traveller.advance(good_s - 1)
        assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-1"
        assert cache.age_s(ACCOUNT, "collection") == good_s - 1
        traveller.advance(1)
        assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-2"
    assert fetch.calls == 2


def test_products_accounts_and_addresses_have_tokens_of_their_own() -> None:
    cache, fetch = TokenCache(), Counter()
    elsewhere = dataclasses.replace(ACCOUNT, base_url="http://127.0.0.1:2/mtn")
    other = dataclasses.replace(ACCOUNT, id=uuid4())
    taken = [
        cache.get(Wire(), account, product, fetch)
        for account in (ACCOUNT, elsewhere, other)
        for product in ("collection", "disbursement")
    ]
    assert taken == [f"jeton-{n}" for n in range(1, 7)]


def test_a_changed_secret_asks_for_a_new_token() -> None:
    cache, fetch = TokenCache(), Counter()
    cache.get(Wire(), ACCOUNT, "collection", fetch)
    rotated = dataclasses.replace(ACCOUNT, secrets={"collection_key": "k2"})
    assert cache.get(Wire(), rotated, "collection", fetch) == "jeton-2"


@pytest.mark.parametrize("answer", [Rejected(Reason.CONFIGURATION, "401"), Unknown(is_sent=False)])
def test_a_failed_token_call_is_passed_on_and_not_kept(answer: Rejected | Unknown) -> None:
    cache, fetch = TokenCache(), Counter()
    assert cache.get(Wire(), ACCOUNT, "collection", lambda: answer) is answer
    assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-1"


def test_a_refused_token_is_dropped_but_not_the_one_that_came_after() -> None:
    cache, fetch = TokenCache(), Counter()
    cache.get(Wire(), ACCOUNT, "collection", fetch)
    cache.drop(ACCOUNT, "collection", "jeton-1")
    assert cache.age_s(ACCOUNT, "collection") is None
    assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-2"
    cache.drop(ACCOUNT, "collection", "jeton-1")  # another thread, late
    assert cache.get(Wire(), ACCOUNT, "collection", fetch) == "jeton-2"


def test_twenty_threads_ask_once() -> None:
    cache, fetch = TokenCache(), Counter()
    with ThreadPoolExecutor(20) as pool:
        taken = set(pool.map(lambda _: cache.get(Wire(), ACCOUNT, "collection", fetch), range(200)))
    assert taken == {"jeton-1"}
    assert fetch.calls == 1


def test_the_token_is_hidden_in_what_is_kept() -> None:
    wire = Wire()
    TokenCache().get(wire, ACCOUNT, "collection", Counter())
    assert "jeton-1" in wire.hidden
    assert "jeton-1" not in repr(Token("jeton-1", 1))
