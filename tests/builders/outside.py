"""Whoever is outside, as a test needs him: accounts of fakes with their routes, and a worker's round of work."""

from typing import Any
from uuid import UUID

from core.database import Database, driver
from core.permissions import SYSTEM
from providers.fakes.accounts import ACCOUNTS, account_of
from services import routes
from services.routes import ChangeRoute, RouteEntry
from services.transfers import reading, submission
from tests.builders import payments

MOST_ROUNDS = 50


def serve(  # what a route is
    database: Database,
    url: str,
    adapter: str,
    method: str,
    direction: str,
    *,
    country: str = "CM",
    currency: str = "XAF",
    **account: Any,
) -> UUID:
    """Open an account of a fake that is running, and a route to it; return the account's id."""
    here = [one for one in ACCOUNTS if one.adapter == adapter and one.country == country]
    known = here[0] if here else account_of(adapter)
    plain = {"country": country, "currency": currency, "settings": dict(known.settings), "secrets": known.secrets}
    row = payments.account(database, adapter, base_url=f"{url}/{adapter}", offers=(direction,), **{**plain, **account})
    with database.transaction() as session:
        order = ChangeRoute(
            method=method, country=country, direction=direction, entries=(RouteEntry(account_id=row.id),)
        )
        routes.set_route(session, SYSTEM, order)
    return row.id


def work(database: Database) -> int:
    """Do what the worker would do now, until nothing is due; return how many calls to providers that were."""
    done = 0
    for _ in range(MOST_ROUNDS):
        step = submission.submit_due(database) + reading.read_due(database)
        if not step:
            return done
        done += step
    raise AssertionError("the work never ends")


def entries(database: Database) -> dict[str, int]:
    """Return the balances of the house and of the reserves, by kind, those that are not zero."""
    with database.transaction() as session:
        rows = driver(session).execute(
            "select kind, sum(ledger_balance(id))::bigint from ledger_account"
            " where kind not in ('wallet', 'opening') group by kind"
        )
        return {kind: balance for kind, balance in rows.fetchall() if balance}
