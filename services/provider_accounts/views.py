"""An account as its adapter sees it: secrets opened, for one call, and kept nowhere."""

import json
from collections.abc import Iterable
from uuid import UUID

from sqlmodel import col, select

from core.database import Session
from core.errors import NotFound
from core.security import open_secret, seal_secret
from models.transfers import AccountState, ProviderAccount
from providers.answers import Account

# Where a provider's day ends; an account's setting `timezone` wins.
TIMEZONES = {
    "BJ": "Africa/Porto-Novo",
    "BF": "Africa/Ouagadougou",
    "CD": "Africa/Kinshasa",
    "CG": "Africa/Brazzaville",
    "CI": "Africa/Abidjan",
    "CM": "Africa/Douala",
    "GN": "Africa/Conakry",
    "ML": "Africa/Bamako",
    "NE": "Africa/Niamey",
    "SN": "Africa/Dakar",
    "TG": "Africa/Lome",
}


def view(session: Session, account_id: UUID, base_url: str | None = None) -> Account:
    """Return an account, whatever its state, with its secrets in clear.

    A read of a transfer gives the transfer's own `base_url`: the platform that has it is the one to ask.
    """
    row = session.get(ProviderAccount, account_id)
    if row is None:
        raise NotFound(thing="provider_account")
    return _view(row, base_url or row.base_url)


def views_of(
    session: Session, adapters: Iterable[str], *, states: Iterable[AccountState] = (AccountState.ACTIVE,)
) -> list[Account]:
    """Return the accounts of some adapters, active ones unless told otherwise, by code."""
    rows = session.exec(
        select(ProviderAccount)
        .where(col(ProviderAccount.adapter).in_(list(adapters)), col(ProviderAccount.state).in_(list(states)))
        .order_by(ProviderAccount.code)
    )
    return [_view(row, row.base_url) for row in rows]


def open_secrets(row: ProviderAccount) -> dict[str, str]:
    """Return the secrets of a row in clear; two live values of one are two lines."""
    return json.loads(open_secret(row.secrets, _context(row.id))) if row.secrets else {}


def live_values(row: ProviderAccount, name: str) -> list[str]:
    """Return the values of one secret, the newest first; a key of several lines is one value."""
    kept = open_secrets(row).get(name, "")
    return kept.splitlines() if len(row.secret_hints.get(name, [])) > 1 else [kept] if kept else []


def seal_secrets(row: ProviderAccount, secrets: dict[str, str]) -> bytes | None:
    """Return secrets as they are stored: they open again only for this row."""
    return seal_secret(json.dumps(secrets), _context(row.id)) if secrets else None


def _context(account_id: UUID) -> str:
    return f"provider_account:{account_id}"


def _view(row: ProviderAccount, base_url: str) -> Account:
    return Account(
        id=row.id,
        code=row.code,
        adapter=row.adapter,
        environment=row.environment,
        country=row.country,
        currency=row.currency,
        base_url=base_url,
        settings=row.settings,
        secrets=open_secrets(row),
        timezone=str(row.settings.get("timezone") or TIMEZONES.get(row.country, "UTC")),
    )
