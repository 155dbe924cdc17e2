"""Closing breakers: an account at rest is asked something harmless every 30 s, and works again once it answers."""

from datetime import timedelta
from uuid import UUID

from core import clock
from core.database import Database, driver
from core.permissions import SYSTEM
from providers import registry
from providers.answers import Account
from providers.wire import Wire
from services import breaker, provider_accounts
from services.breaker import CloseBreaker

EVERY = timedelta(seconds=30)

_TAKE = """
update provider_account set probed_at = %(now)s
where id in (
    select id from provider_account
    where state = 'active' and breaker = 'open' and adapter = any(%(adapters)s)
      and coalesce(probed_at, breaker_at, %(before)s) <= %(before)s
    for no key update skip locked)
returning id
"""


def probe_resting(database: Database) -> int:
    """Ask every account whose breaker is open, one after the other; return how many work again."""
    now = clock.now()
    asked = {"now": now, "before": now - EVERY, "adapters": list(registry.ADAPTERS)}
    with database.transaction() as session:
        rows = driver(session).execute(_TAKE, asked).fetchall()
        accounts = [provider_accounts.view(session, account_id) for (account_id,) in rows]
    return sum(_probe(database, account) for account in accounts)


def _probe(database: Database, account: Account) -> bool:
    wire = Wire()
    for name in account.secrets:
        wire.hide(*account.secret_values(name))
    if not registry.adapter(account.adapter).probe(account, wire):
        return False
    _close(database, account.id)
    return True


def _close(database: Database, account_id: UUID) -> None:
    with database.transaction() as session:
        breaker.close(session, SYSTEM, CloseBreaker(account_id=account_id, reason="Répond de nouveau"))
