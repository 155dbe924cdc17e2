"""«Tester»: a harmless call (a token, a balance), by a person's click or by an open breaker; no money moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from core import clock
from core.database import Database, Session, keep
from core.errors import Refusal
from core.permissions import Actor, Permission
from core.settings import get_settings
from models.transfers import BreakerState, TransferAttempt
from providers import messaging, registry
from providers.answers import Account, Unknown
from providers.mobile_money import mtn
from providers.wire import Exchange, Wire
from services import audit, breaker
from services.provider_accounts.accounts import AccountIncomplete, AccountRow, SetSecret, set_secret
from services.provider_accounts.views import view

MTN_PRODUCTS = ("collection", "disbursement")


class NotTestable(Refusal):
    """No harmless call is known for this adapter."""

    code = "essai_impossible"
    status = 409
    sentence = "Cet opérateur n'offre aucun appel sans conséquence à essayer."


class SetUpFailed(Refusal):
    """The provider did not make what was asked."""

    code = "mise_en_place_refusee"
    status = 502
    sentence = "L'opérateur n'a pas créé l'accès : {detail}."


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """What a test found: whether the provider answered properly, how long it took, and each call that was made."""

    is_right: bool
    breaker: BreakerState
    took_ms: int
    exchanges: tuple[Exchange, ...]


def test_account(session: Session, actor: Actor, account_id: UUID) -> ProbeRow:
    """Make a harmless call with an account, whatever its state, and keep the exchange; closes an open breaker.

    What the session did before is committed first: no provider is called inside a transaction.
    """
    actor.require(Permission.PAYMENTS_ACT)
    account = view(session, account_id)
    if account.adapter not in {*registry.ADAPTERS, *messaging.ADAPTERS}:
        raise NotTestable
    keep(session)
    is_right, exchanges, took_ms = _call(account)
    state = _keep(session, account, exchanges, is_right=is_right)
    changes = {"is_right": is_right, "calls": len(exchanges)}
    audit.record(session, actor, "provider_account.test", "provider_account", account.id, account.code, changes)
    return ProbeRow(is_right, state, took_ms, tuple(exchanges))


def probe_due(database: Database) -> int:
    """Try every account whose breaker is open and was not tried for 30 seconds; return how many."""
    with database.transaction() as session:
        accounts = [view(session, account_id) for account_id in breaker.claim_probes(session)]
    for account in accounts:
        is_right, exchanges, _ = _call(account)
        with database.transaction() as session:
            _keep(session, account, exchanges, is_right=is_right)
    return len(accounts)


def set_up_mtn_sandbox(session: Session, actor: Actor, account_id: UUID) -> AccountRow:
    """Make the API users and keys of an MTN sandbox account, and seal them; its subscription keys are there already.

    What the session did before is committed first, as for a test.
    """
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    account = view(session, account_id)
    if (account.adapter, account.environment) not in {("mtn", "sandbox"), ("mtn", "fake")}:
        raise NotTestable
    keep(session)
    host = urlsplit(get_settings().public_base_url).hostname or ""
    row: AccountRow | None = None
    for product in MTN_PRODUCTS:
        if not account.secret_values(f"{product}_subscription"):
            continue
        made = mtn.create_api_user(_wire(account), account, product, host)
        if isinstance(made, Unknown):
            raise SetUpFailed(detail=made.detail)
        for name, value in zip((f"{product}_user", f"{product}_key"), made, strict=True):
            row = set_secret(session, actor, SetSecret(account_id=account_id, name=name, value=value))
    if row is None:
        raise AccountIncomplete(manque="collection_subscription")
    return row


def _call(account: Account) -> tuple[bool, list[Exchange], int]:
    wire, started = _wire(account), clock.now()
    adapter = messaging.ADAPTERS.get(account.adapter) or registry.adapter(account.adapter)
    is_right = adapter.probe(account, wire)
    return is_right, wire.exchanges, round((clock.now() - started).total_seconds() * 1000)


def _wire(account: Account) -> Wire:
    wire = Wire()
    wire.hide(*(value for name in account.secrets for value in account.secret_values(name)))
    return wire


def _keep(session: Session, account: Account, exchanges: Sequence[Exchange], *, is_right: bool) -> BreakerState:
    for number, exchange in enumerate(exchanges, start=1):
        session.add(
            TransferAttempt(
                account_id=account.id,
                n=number,
                operation=exchange.operation,
                method=exchange.method,
                url=exchange.url,
                request=exchange.request,
                response=exchange.response,
                http_status=exchange.http_status,
                sent_at=exchange.sent_at,
                answered_at=exchange.answered_at,
                answer="right" if is_right else "wrong",
                error_kind=exchange.error_kind,
            )
        )
    session.flush()
    return breaker.note_probe(session, account.id, is_right=is_right)
