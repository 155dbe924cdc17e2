"""«Tester»: a harmless call (a token, a balance), by a person's click or by an open breaker; no money moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core import clock
from core.database import Database, Session, keep
from core.permissions import Actor, Permission
from models.transfers import BreakerState, TransferAttempt
from providers import messaging, registry
from providers.answers import Account
from providers.wire import Exchange, Wire
from services import audit, breaker
from services.provider_accounts.views import view


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
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    account = view(session, account_id)
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


def _call(account: Account) -> tuple[bool, list[Exchange], int]:
    wire, started = Wire(), clock.now()
    wire.hide(*(value for name in account.secrets for value in account.secret_values(name)))
    adapter = messaging.ADAPTERS.get(account.adapter) or registry.adapter(account.adapter)
    is_right = adapter.probe(account, wire)
    return is_right, wire.exchanges, round((clock.now() - started).total_seconds() * 1000)


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
