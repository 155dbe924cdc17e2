"""Accounts of operators, routes and transfers, as a test needs them."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from commands.vectors.outside import FAKE_URL, account
from core import clock, ids
from core.database import Database, fetch_all
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.transfers import ProviderAccount, Transfer, TransferState
from services import provider_accounts
from services.provider_accounts import SetSecret
from services.provider_accounts.views import open_secrets, seal_secrets
from tests.builders import people

__all__ = [
    "FAKE_URL",
    "account",
    "administrator",
    "events",
    "is_asked",
    "operator",
    "reader",
    "replace_secret",
    "transfer",
    "transfer_now",
]


def replace_secret(database: Database, account_id: UUID, name: str, values: Sequence[str]) -> None:
    """Put these values of a secret in force, the first being the newest; none takes it away."""
    with database.transaction() as session:
        for place, value in enumerate(reversed(values)):
            order = SetSecret(account_id=account_id, name=name, value=value, keeps_previous=place > 0)
            provider_accounts.set_secret(session, SYSTEM, order)
        if not values:
            row = session.get(ProviderAccount, account_id)
            assert row is not None
            row.secrets = seal_secrets(row, {k: v for k, v in open_secrets(row).items() if k != name})
            session.add(row)


def transfer(database: Database, account_id: UUID, **columns: Any) -> Transfer:
    """Write a transfer as it stands, without its money."""
    with database.transaction() as session:
        row = session.get(ProviderAccount, account_id)
        assert row is not None
        known: dict[str, Any] = {
            "external_id": uuid4(),
            "reference": secrets.token_hex(13).upper(),
            "callback_token": secrets.token_urlsafe(16),
            "source": "transfer",
            "key": str(uuid4()),
            "direction": "collect",
            "purpose": "wallet_topup",
            "subject_id": ids.new_id(),
            "method": "mtn_momo",
            "account_id": row.id,
            "adapter": row.adapter,
            "environment": row.environment,
            "base_url": row.base_url,
            "amount_minor": 5_000,
            "currency": row.currency,
            "party_phone": "+2290197000000",
            "state": TransferState.PENDING,
            "submitted_at": clock.now(),
        }
        found = Transfer(**{**known, **columns})
        session.add(found)
    return found


def events(database: Database) -> list[dict[str, Any]]:
    """Return the callbacks that are kept, oldest first."""
    with database.transaction() as session:
        return fetch_all(session, "select * from inbound_event order by received_at, id")


def transfer_now(database: Database, known: Transfer) -> Transfer:
    """Return a transfer as it stands."""
    with database.transaction() as session:
        found = session.get(Transfer, known.id)
        assert found is not None
        return found


def is_asked(database: Database, known: Transfer) -> bool:
    """Say whether the provider is to be asked now."""
    found = transfer_now(database, known)
    return found.next_read_at is not None and found.next_read_at <= clock.now()


def operator(database: Database, email: str = "operateur@palabre.org") -> Actor:
    """Return a person who works with payments."""
    return people.actor(people.person(database, email), Grant(Scope.USSD, Role.OPERATEUR))


def administrator(database: Database, email: str = "chef@palabre.org") -> Actor:
    """Return an administrator with a second factor."""
    return people.admin_actor(people.admin(database, email, totp_confirmed_at=clock.now()))


def reader(database: Database, email: str = "lecteur@palabre.org") -> Actor:
    """Return a person who only reads."""
    return people.actor(people.person(database, email), Grant(Scope.USSD, Role.LECTEUR))
