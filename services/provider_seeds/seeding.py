"""Adding what is missing, at every start: an account whose code exists is a person's, and is never touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import col, select

from core import states
from core.database import Session, driver
from core.errors import Refusal
from core.i18n import t
from core.money import Currency
from core.permissions import SYSTEM
from core.settings import Settings
from models.transfers import ACCOUNT_STEPS, AccountState, ProviderAccount, ProviderEnvironment, ProviderRoute
from providers.fakes.accounts import ACCOUNTS, FakeAccount
from providers.registry import ADAPTERS
from services import audit, provider_accounts, routes
from services.provider_accounts import CreateAccount, SetSecret
from services.provider_seeds.defaults import Cell, Choice, list_defaults
from services.provider_seeds.variables import Wanted, list_missing, list_wanted, read_value
from services.routes import ChangeRoute, RouteEntry

SEND = ("send",)
ASLEEP = "http://127.0.0.1:9"  # the fakes give their address when they wake
STOPPED = "Les simulateurs sont arrêtés."  # kept in the row, where waking looks for it

# Whoever makes fake accounts makes them alone: the server that starts, the demo that is written.
_LOCK = 0x66616B65

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seeded:
    """An account that was just made, as the routes need it."""

    row: ProviderAccount

    def serves(self, cell: Cell, choice: Choice) -> bool:
        row = self.row
        return row.adapter == choice.adapter and row.country in {"", cell.country} and cell.direction in row.offers


def seed_environment(session: Session, settings: Settings) -> None:
    """Make the accounts the environment describes and the house has not, with their routes.

    A half-filled set makes a paused account whose reason names the variables that are empty; what cannot be an account
    at all (an address that is none) is only logged: a wrong variable never keeps the house from starting.
    """
    made: list[_Seeded] = []
    for wanted in list_wanted(settings):
        if provider_accounts.find_account(session, wanted.code) is not None:
            continue
        try:
            with session.begin_nested():
                made.append(_make(session, settings, wanted))
        except Refusal as refusal:
            _log.warning("provider_seed.refused", account=wanted.code, reason=refusal.code)
    _open_routes(session, made)


def seed_fakes(session: Session, base_urls: Mapping[str, str]) -> bool:
    """Make or wake a fake account of every adapter, at the address its fake has now; say whether it was done.

    Never while a live account is active: then those that exist are paused instead.
    """
    if provider_accounts.is_any_live_active(session):
        close_fakes(session)
        return False
    driver(session).execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    made: list[_Seeded] = []
    for wanted in ACCOUNTS:
        address = base_urls.get(wanted.adapter)
        if address is None:
            continue
        row = _fake_row(session, wanted.code)
        if row is None:
            made.append(_make_fake(session, wanted, address))
        else:
            _wake(session, row, address)
    _open_routes(session, made)
    return True


def make_missing_fakes(session: Session) -> None:
    """Make the fake accounts that are not there yet, before their fakes run; never while a live account is active."""
    if not provider_accounts.is_any_live_active(session):
        driver(session).execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        missing = [wanted for wanted in ACCOUNTS if provider_accounts.find_account(session, wanted.code) is None]
        _open_routes(session, [_make_fake(session, wanted, f"{ASLEEP}/{wanted.adapter}") for wanted in missing])


def close_fakes(session: Session) -> None:
    """Pause every fake account: its server does not run, or real money may move."""
    fakes = select(ProviderAccount).where(
        ProviderAccount.environment == ProviderEnvironment.FAKE, ProviderAccount.state == AccountState.ACTIVE
    )
    for row in session.exec(fakes):
        states.transition(row, ACCOUNT_STEPS, AccountState.PAUSED)
        row.pause_reason = STOPPED
        session.add(row)
        audit.record(session, SYSTEM, "provider_account.pause", "provider_account", row.id, row.label, {})


def _make(session: Session, settings: Settings, wanted: Wanted) -> _Seeded:
    missing, secrets = list_missing(settings, wanted), _filled(settings, wanted.secrets)
    account = provider_accounts.create_account(
        session,
        SYSTEM,
        CreateAccount(
            code=wanted.code,
            label=wanted.label,
            adapter=wanted.adapter,
            environment=wanted.environment,
            country=wanted.country,
            currency=Currency(wanted.currency) if wanted.currency else None,
            base_url=wanted.base_url,
            settings={**wanted.fixed, **_filled(settings, wanted.settings)},
            secrets=secrets,
            offers=_offers_of(wanted.adapter, _lacking_payout(settings, wanted)),
        ),
    )
    for name, variable in wanted.previous.items():
        _keep_previous(session, account.id, name, (read_value(settings, variable), secrets.get(name, "")))
    if missing or account.missing:
        reason = t("Il manque {manque}.").format(manque=", ".join(missing or account.missing))
        row = session.get_one(ProviderAccount, account.id)
        row.pause_reason = reason
        session.add(row)
        session.flush()
        return _Seeded(row)
    provider_accounts.resume_account(session, SYSTEM, account.id)
    return _Seeded(session.get_one(ProviderAccount, account.id))


def _keep_previous(session: Session, account_id: UUID, name: str, values: tuple[str, str]) -> None:
    """Let the older of two values of a secret stay good beside the newer."""
    if all(values):
        for value, keeps in zip(values, (False, True), strict=True):
            order = SetSecret(account_id=account_id, name=name, value=value, keeps_previous=keeps)
            provider_accounts.set_secret(session, SYSTEM, order)


def _make_fake(session: Session, wanted: FakeAccount, base_url: str) -> _Seeded:
    account = provider_accounts.create_account(
        session,
        SYSTEM,
        CreateAccount(
            code=wanted.code,
            label=wanted.label,
            adapter=wanted.adapter,
            environment=ProviderEnvironment.FAKE,
            country=wanted.country,
            currency=Currency(wanted.currency) if wanted.currency else None,
            base_url=base_url,
            settings=dict(wanted.settings),
            secrets=wanted.secrets,
            offers=_offers_of(wanted.adapter, frozenset()),
        ),
    )
    provider_accounts.resume_account(session, SYSTEM, account.id)
    return _Seeded(session.get_one(ProviderAccount, account.id))


def _wake(session: Session, row: ProviderAccount, address: str) -> None:
    """Give a fake account its fake's present address; one that a person paused stays so."""
    row.base_url = address
    session.add(row)
    session.flush()
    if row.state == AccountState.PAUSED and row.pause_reason == STOPPED:
        provider_accounts.resume_account(session, SYSTEM, row.id)


def _fake_row(session: Session, code: str) -> ProviderAccount | None:
    row = session.exec(select(ProviderAccount).where(ProviderAccount.code == code)).first()
    return row if row is None or row.environment == ProviderEnvironment.FAKE else None


def _filled(settings: Settings, variables: Mapping[str, str]) -> dict[str, str]:
    values = {name: read_value(settings, variable) for name, variable in variables.items()}
    return {name: value for name, value in values.items() if value}


def _lacking_payout(settings: Settings, wanted: Wanted) -> frozenset[str]:
    """Return what an account cannot do for want of the secrets that payouts need."""
    payout = [variable for name, variable in wanted.secrets.items() if name.startswith(("payout_", "disbursement_"))]
    return frozenset({"payout", "refund"}) if not all(read_value(settings, one) for one in payout) else frozenset()


def _offers_of(adapter: str, lacking: frozenset[str]) -> tuple[str, ...]:
    """Return what an account of an adapter can do; an adapter of messages sends."""
    money = ADAPTERS.get(adapter)
    if money is None:
        return SEND
    return tuple(sorted(money.offers - lacking))


def _open_routes(session: Session, made: Iterable[_Seeded]) -> None:
    """Put the accounts just made at the end of the cells they serve, in the shipped order of preference."""
    new = list(made)
    if not new:
        return
    for cell, choices in list_defaults():
        entries = [
            RouteEntry(account_id=one.row.id, party_code=choice.party_code)
            for choice in choices
            for one in new
            if one.serves(cell, choice)
        ]
        if entries:
            whole = (*_present(session, cell), *entries)
            order: dict[str, Any] = cell._asdict()
            routes.set_route(session, SYSTEM, ChangeRoute(**order, entries=whole))


def _present(session: Session, cell: Cell) -> list[RouteEntry]:
    rows = session.exec(
        select(ProviderRoute)
        .where(
            ProviderRoute.method == cell.method,
            ProviderRoute.country == cell.country,
            ProviderRoute.direction == cell.direction,
        )
        .order_by(col(ProviderRoute.rank))
    )
    return [RouteEntry(account_id=row.account_id, party_code=row.party_code) for row in rows]
