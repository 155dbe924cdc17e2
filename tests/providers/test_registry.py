"""Which adapter speaks for a name: all of them, each with a fake, none that does not know its own name."""

import pytest

from providers import fakes, registry
from providers.fakes.accounts import ACCOUNTS
from services.provider_accounts import SHAPES


def test_every_adapter_of_the_rules_is_there() -> None:
    assert set(registry.ADAPTERS) == {
        *("orange_webpay", "orange_sonatel", "orange_cm", "mtn", "wave", "pawapay", "mixx", "moov"),
        *("biller", "airtime"),
    }
    assert all(registry.adapter(name).name == name for name in registry.ADAPTERS)


def test_every_adapter_has_a_shape_a_fake_and_a_fake_account() -> None:
    made = {fake.name for fake in fakes.make_all()}
    assert set(registry.ADAPTERS) <= made
    assert set(registry.ADAPTERS) <= {account.adapter for account in ACCOUNTS}
    assert made - {"dhis2"} <= set(SHAPES)  # DHIS2 has no account: its address and token come from outside
    for account in ACCOUNTS:
        shape = SHAPES[account.adapter]
        assert set(shape.secrets) <= set(account.secrets), account.code
        assert set(account.secrets) <= {*shape.secrets, *shape.optional}, account.code
        assert set(shape.settings) <= set(account.settings), account.code


def test_what_is_offered_has_a_schedule() -> None:
    for adapter in registry.ADAPTERS.values():
        for direction in adapter.offers & {"collect", "payout", "refund"}:
            assert adapter.schedule[direction] in {"S1", "S2", "S3"}, adapter.name


def test_an_unknown_adapter_is_a_bug_that_says_its_name() -> None:
    with pytest.raises(registry.UnknownAdapterError, match="nobody"):
        registry.adapter("nobody")
