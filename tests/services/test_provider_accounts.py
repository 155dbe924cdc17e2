"""Accounts of operators: secrets go in and never come out, calls go to their hosts only, real money needs more."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from core.database import Database, fetch_all
from core.errors import Forbidden, InvalidInput, WrongState
from core.permissions import SYSTEM, Actor, Permission
from models.transfers import ProviderAccount, TransferState
from services import provider_accounts
from services.provider_accounts import (
    SHAPES,
    AccountIncomplete,
    AccountInUse,
    AccountRow,
    CodeTaken,
    CreateAccount,
    DropSecret,
    EditAccount,
    NotTestable,
    PauseAccount,
    SetSecret,
    SetUpFailed,
    TotpNeeded,
)
from tests.builders import payments, people
from tests.builders.people import trail

LIVE: dict[str, Any] = {"environment": "live", "base_url": "https://proxy.momoapi.mtn.com"}
MARKED = "marked-secret-0123456789"


def wanted(**order: Any) -> CreateAccount:
    return CreateAccount.model_validate(
        {
            "code": "mtn-benin",
            "label": "MTN Bénin",
            "adapter": "mtn",
            "environment": "fake",
            "country": "BJ",
            "currency": "XOF",
            "base_url": "http://127.0.0.1:9200/mtn",
            **order,
        }
    )


def created(database: Database, actor: Actor = SYSTEM, **order: Any) -> AccountRow:
    with database.transaction() as session:
        return provider_accounts.create_account(session, actor, wanted(**order))


def done(database: Database, verb: Callable[..., AccountRow], order: object, actor: Actor = SYSTEM) -> AccountRow:
    with database.transaction() as session:
        return verb(session, actor, order)


def test_a_new_account_is_paused_and_says_what_it_lacks(database: Database) -> None:
    account = created(database, secrets={"collection_user": "user", "collection_key": MARKED})
    assert account.state == "paused"
    assert account.missing == ("collection_subscription", "target_environment")
    assert account.pause_reason == "Il manque collection_subscription, target_environment."
    assert account.callback_url.endswith("/api/v1/payments/callback/mtn")
    with pytest.raises(AccountIncomplete, match="il manque collection_subscription, target_environment"):
        done(database, provider_accounts.resume_account, account.id)


def test_a_complete_one_is_resumed_and_seen_by_its_adapter(database: Database) -> None:
    account = created(
        database,
        secrets={"collection_user": "user", "collection_key": MARKED, "collection_subscription": "sub"},
        settings={"target_environment": "sandbox"},
    )
    assert done(database, provider_accounts.resume_account, account.id).state == "active"
    with database.transaction() as session:
        view = provider_accounts.view(session, account.id)
        assert provider_accounts.views_of(session, ["mtn", "wave"]) == [view]
        elsewhere = provider_accounts.view(session, account.id, "http://127.0.0.1:9201/mtn")
    assert (view.code, view.timezone, view.currency) == ("mtn-benin", "Africa/Porto-Novo", "XOF")
    assert view.secret_values("collection_key") == (MARKED,)
    assert view.secret_values("disbursement_key") == ()
    assert elsewhere.base_url == "http://127.0.0.1:9201/mtn"


def test_secrets_go_in_and_never_come_out(database: Database) -> None:
    account = created(database, secrets={"collection_key": MARKED})
    rotated = SetSecret(account_id=account.id, name="collection_key", value=f"{MARKED}-new", keeps_previous=True)
    account = done(database, provider_accounts.set_secret, rotated)
    dump = people.everything(database)
    assert "marked" not in dump
    assert "marked" not in repr((account, rotated, wanted(secrets={"collection_key": MARKED})))
    with database.transaction() as session:
        assert "marked" not in repr(provider_accounts.view(session, account.id))
    assert [hint["last"] for hint in account.secret_hints["collection_key"]] == ["-new", "6789"]


def test_of_a_short_secret_nothing_is_shown(database: Database) -> None:
    account = created(
        database,
        adapter="orange_cm",
        country="CM",
        currency="XAF",
        base_url="http://127.0.0.1:9200/orange_cm",
        secrets={"channel_pin": "4821"},
    )
    assert account.secret_hints["channel_pin"][0]["last"] == ""
    assert "4821" not in repr(account.secret_hints)


def test_a_secret_rotates_with_two_live_values(database: Database) -> None:
    account = created(database, adapter="wave", base_url="http://127.0.0.1:9200/wave", secrets={"api_key": "one"})
    for value in ("two", "three"):
        order = SetSecret(account_id=account.id, name="api_key", value=value, keeps_previous=True)
        done(database, provider_accounts.set_secret, order)
    with database.transaction() as session:
        assert provider_accounts.view(session, account.id).secret_values("api_key") == ("three", "two")
    row = done(database, provider_accounts.drop_secret, DropSecret(account_id=account.id, name="api_key"))
    assert len(row.secret_hints["api_key"]) == 1
    with database.transaction() as session:
        assert provider_accounts.view(session, account.id).secret_values("api_key") == ("three",)
    done(database, provider_accounts.set_secret, SetSecret(account_id=account.id, name="api_key", value="four"))
    with database.transaction() as session:
        assert provider_accounts.view(session, account.id).secret_values("api_key") == ("four",)


def test_a_key_of_several_lines_is_one_value_and_does_not_rotate(database: Database) -> None:
    account = payments.account(database, "pawapay")
    pem = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----"
    order = SetSecret(account_id=account.id, name="signing_key", value=f"{pem}\n")
    done(database, provider_accounts.set_secret, order)
    done(database, provider_accounts.drop_secret, DropSecret(account_id=account.id, name="signing_key"))
    with database.transaction() as session:
        assert provider_accounts.view(session, account.id).secrets["signing_key"] == pem
    rotating = SetSecret(account_id=account.id, name="signing_key", value=pem, keeps_previous=True)
    for wrong in (rotating, SetSecret(account_id=account.id, name="api_token", value="one\ntwo")):
        with pytest.raises(InvalidInput):
            done(database, provider_accounts.set_secret, wrong)


def test_an_account_that_loses_a_secret_is_paused_at_once(database: Database) -> None:
    account = payments.account(database, "wave")
    order = DropSecret(account_id=account.id, name="api_key", is_whole=True)
    row = done(database, provider_accounts.drop_secret, order)
    assert (row.state, row.missing, list(row.secret_hints)) == ("paused", ("api_key",), ["webhook_secret"])


@pytest.mark.parametrize(
    ("adapter", "environment", "base_url", "is_right"),
    [
        ("mtn", "live", "https://proxy.momoapi.mtn.com", True),
        ("mtn", "live", "https://momoapi.momo.africa", True),
        ("mtn", "sandbox", "https://sandbox.momodeveloper.mtn.com", True),
        ("mtn", "live", "https://sandbox.momodeveloper.mtn.com", False),
        ("mtn", "live", "http://proxy.momoapi.mtn.com", False),
        ("mtn", "live", "https://proxy.momoapi.mtn.com.evil.org", False),
        ("mtn", "live", "https://evil.org/proxy.momoapi.mtn.com", False),
        ("mtn", "live", "https://proxy.momoapi.mtn.com@evil.org", False),
        ("mtn", "live", "https://evil.org@proxy.momoapi.mtn.com", False),
        ("mtn", "live", "http://127.0.0.1:9200/mtn", False),
        ("mtn", "fake", "http://127.0.0.1:9200/mtn", True),
        ("mtn", "fake", "http://localhost:9200/mtn", True),
        ("mtn", "fake", "https://proxy.momoapi.mtn.com", False),
        ("mtn", "fake", "http://10.0.0.1/mtn", False),
        ("mtn", "fake", "", False),
        ("wave", "sandbox", "https://api.wave.com", False),
        ("pawapay", "live", "https://api.pawapay.io", True),
        ("pawapay", "live", "https://api.sandbox.pawapay.io", False),
        ("moov", "sandbox", "https://api.sandbox.pawapay.io", True),
        ("kannel", "live", "https://evil.org", False),
        ("kannel", "live", "http://169.254.169.254/", False),
        ("smtp", "live", "smtp://evil.org:25", False),
    ],
)
def test_calls_go_to_the_operators_hosts_only(
    database: Database, adapter: str, environment: str, base_url: str, *, is_right: bool
) -> None:
    chief = payments.administrator(database)
    order = {"adapter": adapter, "environment": environment, "base_url": base_url}
    if is_right:
        assert created(database, chief, **order).base_url == base_url
    else:
        with pytest.raises(InvalidInput) as refused:
            created(database, chief, **order)
        assert refused.value.fields.keys() == {"base_url"}


def test_a_server_of_our_own_is_named_by_the_environment_and_then_known(database: Database) -> None:
    chief = payments.administrator(database)
    own = {"adapter": "kannel", "environment": "live", "base_url": "http://kannel.interne:13013"}
    with pytest.raises(InvalidInput):
        created(database, chief, code="kannel-2", **own)
    created(database, SYSTEM, code="kannel-1", **own)
    assert created(database, chief, code="kannel-2", **own).base_url == own["base_url"]


def test_an_edit_keeps_to_the_hosts_too_and_tells_what_changed(database: Database) -> None:
    account = payments.account(database, "mtn", **LIVE)
    chief = payments.administrator(database)
    stolen = EditAccount(account_id=account.id, base_url="https://evil.org")
    with pytest.raises(InvalidInput):
        done(database, provider_accounts.edit_account, stolen, chief)
    order = EditAccount(account_id=account.id, base_url="https://momoapi.momo.africa", max_minor=500_000)
    row = done(database, provider_accounts.edit_account, order, chief)
    assert (row.base_url, row.max_minor) == ("https://momoapi.momo.africa", 500_000)
    (entry,) = trail(database, "provider_account.edit")
    assert entry["changes"] == {"base_url": [account.base_url, row.base_url], "max_minor": [None, 500_000]}
    with pytest.raises(InvalidInput):
        done(database, provider_accounts.edit_account, EditAccount(account_id=account.id, min_minor=500_001), chief)
    without = EditAccount(account_id=account.id, without_max=True)
    assert done(database, provider_accounts.edit_account, without, chief).max_minor is None


def test_real_money_needs_an_administrator_with_a_second_factor(database: Database) -> None:
    plain = people.admin_actor(people.admin(database, "sans@x.org"))
    with pytest.raises(TotpNeeded):
        created(database, plain, **LIVE)
    assert created(database, plain, code="essai").environment == "fake"
    assert created(database, payments.administrator(database), code="reel", **LIVE).environment == "live"


def test_a_code_is_taken_once_also_by_a_gateway(database: Database) -> None:
    created(database)
    with pytest.raises(CodeTaken):
        created(database)
    with database.transaction() as session:
        from models.ussd import UssdGateway

        session.add(UssdGateway(key="passerelle", name="x", profile="doc_a", country="CM"))
    with pytest.raises(CodeTaken):
        created(database, code="passerelle")


def test_what_is_not_of_the_adapter_is_refused(database: Database) -> None:
    for order in (
        {"adapter": "nobody"},
        {"secrets": {"pin": "1234"}},
        {"settings": {"collection_key": "a secret where all may read it"}},
        {"settings": {"shared": "peut-être"}},
        {"settings": {"callback_addresses": "192.0.2.0/24, wave.com"}},
        {"settings": {"timezone": "Afrique/Cotonou"}},
        {"min_minor": 10, "max_minor": 5},
    ):
        with pytest.raises(InvalidInput):
            created(database, **order)
    for shape_wrong in ({"code": "Ünï"}, {"country": "bj"}, {"environment": "prod"}, {"min_minor": -1}):
        with pytest.raises(ValidationError):
            wanted(**shape_wrong)


def test_one_click_pauses_and_only_an_administrator_resumes(database: Database) -> None:
    account, operator = payments.account(database), payments.operator(database)
    order = PauseAccount(account_id=account.id, reason="Panne annoncée")
    row = done(database, provider_accounts.pause_account, order, operator)
    assert (row.state, row.pause_reason) == ("paused", "Panne annoncée")
    with pytest.raises(Forbidden):
        done(database, provider_accounts.resume_account, account.id, operator)
    row = done(database, provider_accounts.resume_account, account.id, payments.administrator(database))
    assert (row.state, row.pause_reason) == ("active", "")


def test_retired_is_for_ever_and_not_while_a_transfer_is_open(database: Database) -> None:
    account, chief = payments.account(database), payments.administrator(database)
    payments.transfer(database, account.id, state=TransferState.UNKNOWN)
    with pytest.raises(AccountInUse, match="encore ouverts sur ce compte : 1"):
        done(database, provider_accounts.retire_account, account.id, chief)
    other = payments.account(database)
    payments.transfer(database, other.id, state=TransferState.SUCCEEDED)
    assert done(database, provider_accounts.retire_account, other.id, chief).state == "retired"
    with pytest.raises(WrongState):
        done(database, provider_accounts.resume_account, other.id, chief)
    with database.transaction() as session:
        assert [row.id for row in provider_accounts.list_accounts(session, chief)] == [account.id]
        assert len(provider_accounts.list_accounts(session, chief, with_retired=True)) == 2
        assert provider_accounts.views_of(session, ["mtn"])[0].id == account.id
        assert provider_accounts.view(session, other.id).secrets  # its transfers may still be asked about


VERBS: dict[str, tuple[Permission, Callable[..., Any], Callable[[UUID], Any]]] = {
    "create": (Permission.PAYMENTS_ACCOUNTS, provider_accounts.create_account, lambda _id: wanted(code="autre")),
    "edit": (Permission.PAYMENTS_ACCOUNTS, provider_accounts.edit_account, lambda id_: EditAccount(account_id=id_)),
    "set_secret": (
        Permission.PAYMENTS_ACCOUNTS,
        provider_accounts.set_secret,
        lambda id_: SetSecret(account_id=id_, name="collection_key", value="x"),
    ),
    "drop_secret": (
        Permission.PAYMENTS_ACCOUNTS,
        provider_accounts.drop_secret,
        lambda id_: DropSecret(account_id=id_, name="collection_key"),
    ),
    "pause": (
        Permission.PAYMENTS_PAUSE,
        provider_accounts.pause_account,
        lambda id_: PauseAccount(account_id=id_, reason="Panne"),
    ),
    "resume": (Permission.PAYMENTS_ACCOUNTS, provider_accounts.resume_account, lambda id_: id_),
    "retire": (Permission.PAYMENTS_ACCOUNTS, provider_accounts.retire_account, lambda id_: id_),
    "sandbox": (Permission.PAYMENTS_ACCOUNTS, provider_accounts.set_up_mtn_sandbox, lambda id_: id_),
    "test": (Permission.PAYMENTS_ACT, provider_accounts.test_account, lambda id_: id_),
    "get": (Permission.PAYMENTS_READ, provider_accounts.get_account, lambda id_: id_),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["administrator", "operator", "reader", "member"])
def test_who_may_do_what(database: Database, verb: str, who: str) -> None:
    account = payments.account(database)
    actors: dict[str, Callable[[], Actor]] = {
        "administrator": lambda: payments.administrator(database),
        "operator": lambda: payments.operator(database),
        "reader": lambda: payments.reader(database),
        "member": lambda: people.actor(people.person(database, "membre@x.org")),
    }
    permission, call, order = VERBS[verb]
    actor = actors[who]()
    with database.transaction() as session:
        if actor.may(permission):
            if verb == "sandbox":
                with pytest.raises(SetUpFailed):
                    call(session, actor, order(account.id))
            else:
                call(session, actor, order(account.id))
        else:
            with pytest.raises(Forbidden):
                call(session, actor, order(account.id))


def test_a_test_is_kept_without_its_secrets(database: Database) -> None:
    account = payments.account(database)  # nobody listens at its address
    with database.transaction() as session:
        probe = provider_accounts.test_account(session, payments.operator(database), account.id)
    assert (probe.is_right, probe.breaker) == (False, "closed")
    with database.transaction() as session:
        attempts = fetch_all(session, "select * from transfer_attempt where account_id = %s", (account.id,))
    assert [(row["transfer_id"], row["answer"], row["error_kind"]) for row in attempts] == [
        (None, "wrong", "ConnectError")
    ]
    assert "0123456789abcdef" not in str(attempts)
    assert len(trail(database, "provider_account.test")) == 1


def test_what_has_no_harmless_call_is_not_tested(database: Database) -> None:
    account = payments.account(database, "mtn")
    with database.transaction() as session:  # of an adapter that a later release took away
        session.get_one(ProviderAccount, account.id).adapter = "gone"
    with database.transaction() as session, pytest.raises(NotTestable):
        provider_accounts.test_account(session, payments.operator(database), account.id)


def test_every_adapter_of_the_house_has_its_row() -> None:
    from providers import registry

    assert registry.ADAPTERS.keys() <= SHAPES.keys()
