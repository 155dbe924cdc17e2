"""Whatever a provider answers, no adapter raises: it says Unknown, or what can be made of it."""

import json
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.money import Currency, Money
from providers import http
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Name,
    NotFound,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Prepared,
    Rejected,
    Seen,
    Unknown,
)
from providers.fakes.accounts import account_of
from providers.registry import ADAPTERS
from providers.tokens import tokens
from providers.wire import Wire
from tests.providers.conftest import phone, reference_of

_FIELDS = """
    access_token expires_in status data code reason message amount currency payer payee partyId externalId id
    wave_launch_url checkout_status payment_status transaction_id when_completed result items page_info
    has_next_page end_cursor timestamp receive_amount fee mobile payout_error error_code last_payment_error
    within_limits name_match nextStep failureReason failureCode authorizationUrl accountDetails phoneNumber
    countries providers provider currencies operationTypes DEPOSIT minAmount balances balance country
    statementId downloadUrl availableBalance name given_name operationType created
"""
NAMES = _FIELDS.split()
ODDITIES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 5_000, 1e400, 10.0, "", "x", "5000", "-1", "1e9", [], {}, [[]], [None], ["x"], [{}]),
    *("SUCCESSFUL", "COMPLETED", "succeeded", "FAILED", "FOUND", "NOT_FOUND", "ACCEPTED", "REJECTED", "XOF", "\ud800"),
    *("2026-11-21T08:00:00Z", "2026-11-21", "http://127.0.0.1:9/x", "\0"),
)
DEPTH = 3


def odd(chance: Random, depth: int = DEPTH) -> Any:
    """Return nearly the documented body: every name there is at the top, fewer below, values of any kind."""
    if depth < DEPTH and (not depth or chance.random() < SHARE_OF_ODDITIES):
        return chance.choice(ODDITIES)
    if depth < DEPTH and chance.random() < SHARE_OF_LISTS:
        return [odd(chance, depth - 1)]
    names = NAMES if depth == DEPTH else chance.sample(NAMES, 12)
    return {name: odd(chance, depth - 1) for name in names}


SHARE_OF_ODDITIES, SHARE_OF_LISTS = 0.7, 0.4
STATUSES = st.sampled_from([200, 200, 200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503])


def an_order(name: str, direction: Any, original: Order | None = None) -> Order:
    own_id = uuid4()
    account = account_of(name).view("http://127.0.0.1:9")
    return Order(
        account=account,
        direction=direction,
        external_id=own_id,
        reference=reference_of(own_id),
        amount=Money(60_000, Currency(account.currency or "XOF")),
        callback_url="https://palabre.example/rappel",
        party=phone("+2290197123456" if name == "moov" else "+221765550143"),
        party_code="MTN_MOMO_BEN",
        party_reference="2001234567",
        original=original,
        handles={"checkout_id": "cos-1"} if direction == "collect" else {},
    )


def everything(name: str, account: Account) -> Iterator[object]:
    """Make every call of an adapter once."""
    adapter, wire = ADAPTERS[name], Wire()
    collect = an_order(name, "collect")
    payout, refund = an_order(name, "payout"), an_order(name, "refund", collect)
    for order, verb in ((collect, adapter.collect), (payout, adapter.payout), (refund, adapter.refund)):
        yield adapter.prepare(order, wire)
        yield verb(order, wire)
        yield adapter.status(order, wire)
        adapter.expire(order, wire)
    yield adapter.list(account, date(2026, 11, 21), None, wire)
    yield adapter.list(account, date(2026, 11, 21), "1", wire)
    yield adapter.name_of(account, phone("+221765550143"), wire)
    yield adapter.balance(account, wire)
    assert isinstance(adapter.probe(account, wire), bool)
    for kept in wire.exchanges:
        (kept.request + kept.response).encode("utf-8")


KINDS = (Prepared, Accepted, Rejected, Unknown, Seen, NotSeen, Page, NotOffered, Name, NotFound, Balance)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@given(seed=st.integers(0, 2**32), status=STATUSES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_no_answer_of_the_outside_raises(name: str, seed: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(seed)  # noqa: S311  # chance, not a secret
    token = json.dumps({"access_token": "a-token", "expires_in": 3600}).encode()

    def exchange(_method: str, url: str, **_more: Any) -> http.Outcome:
        if "token" in url:
            return http.Outcome(200, {}, token)
        return http.Outcome(status, {}, json.dumps(odd(chance)).encode())

    monkeypatch.setattr(http, "exchange", exchange)
    tokens.clear()
    for answer in everything(name, an_order(name, "collect").account):
        assert isinstance(answer, KINDS)
