"""pawaPay's statement of a day: ordered, waited for, read, and never fetched from our own network."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from providers.answers import (
    Line,
    Order,
    Page,
)
from providers.mobile_money import pawapay_conf, pawapay_statements
from providers.mobile_money.pawapay import ADAPTER
from providers.wire import Wire
from tests.providers.conftest import Fakes

PERSON = "+2290197123456"
BENIN = {"party_code": "MTN_MOMO_BEN", "currency": "XOF"}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """Let each test fetch keys and limits anew."""
    pawapay_conf.public_keys.clear()
    pawapay_conf.configurations.clear()
    yield
    pawapay_conf.public_keys.clear()


def ordered(fakes: Fakes, direction: str = "collect", party: str = PERSON, **more: Any) -> Order:
    account = more.pop("account", None) or fakes.account("pawapay")
    return fakes.order(account, direction, party=party, **{**BENIN, **more})  # type: ignore[arg-type]


def test_the_statement_of_a_day_is_ordered_then_read(fakes: Fakes) -> None:
    orders = [ordered(fakes), ordered(fakes, party="+243813456789", party_code="VODACOM_MPESA_COD", currency="CDF")]
    for order in orders:
        ADAPTER.collect(order, Wire())
    fakes.advance(3)
    day, account = fakes.kernel.now().date(), fakes.account("pawapay")
    cursor: str | None = None
    lines: list[Line] = []
    for _ in range(20):
        page = ADAPTER.list(account, day, cursor, Wire())
        assert isinstance(page, Page)
        lines += page.lines
        cursor = page.cursor
        if cursor is None:
            break
    assert {(line.external_id, line.kind, line.amount) for line in lines} == {
        (str(order.external_id), "collect", order.amount) for order in orders
    }


@pytest.mark.parametrize(
    ("link", "is_fetched"),
    [
        ("https://statements.s3.eu-central-1.amazonaws.com/x.csv?X-Amz-Signature=1", True),
        ("http://statements.example.org/x.csv", False),
        ("http://127.0.0.1:8000/api", False),
        ("https://127.0.0.1/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1]/x", False),
        ("https://[::1/x", False),
        ("https://2130706433/x", False),
        ("https://localhost/x", False),
        ("https://db.internal/x", False),
        ("https://example.org:5432/x", False),
        ("https://user@example.org/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_statement_is_never_fetched_from_our_own_network(fakes: Fakes, link: str, is_fetched: bool) -> None:  # noqa: FBT001
    live = replace(fakes.account("pawapay"), environment="live")
    assert pawapay_statements._is_theirs(live, link) is is_fetched
    assert not pawapay_statements._is_theirs(fakes.account("pawapay"), link)
