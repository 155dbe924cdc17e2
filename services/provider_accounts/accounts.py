"""Contracts with providers: made, edited, paused, resumed, retired. Secrets go in and never come out.

The adapter, the environment and the currency of an account never change: its money lives in ledger accounts of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, func, select

from core import clock, states
from core.database import Session, fetch_one
from core.errors import FieldRefusal, InvalidInput, NotFound, Refusal
from core.i18n import t
from core.money import Currency
from core.orders import Order
from core.permissions import Actor, Permission
from core.settings import get_settings
from models.transfers import ACCOUNT_STEPS, OPEN_TRANSFERS, AccountState, ProviderAccount, ProviderEnvironment, Transfer
from models.users import User
from models.ussd import UssdGateway
from services import audit
from services.provider_accounts import hosts
from services.provider_accounts.shapes import SHAPES, find_wrong_setting
from services.provider_accounts.views import live_values, open_secrets, seal_secrets

SHORTEST_HINTED = 12  # of a shorter secret, four characters would be too much of it
HINT_CHARACTERS = 4
MOST_LIVE_VALUES = 2
PEM_BEGINS = "-----BEGIN "


class CodeTaken(FieldRefusal):
    """Another account, or a USSD gateway, has this code: both may stand in one address."""

    code = "code_pris"
    sentence = "Ce code est déjà celui d'un compte ou d'une passerelle."
    field = "code"


class AccountIncomplete(Refusal):
    """An account that lacks a secret or a setting stays paused."""

    code = "compte_incomplet"
    status = 409
    sentence = "Ce compte ne peut pas servir : il manque {manque}."


class AccountInUse(Refusal):
    """An account with open transfers is not retired: they are still to be asked about."""

    code = "compte_occupe"
    status = 409
    sentence = "Des transferts sont encore ouverts sur ce compte : {count}."


class TotpNeeded(Refusal):
    """Real money is set up only by an administrator with a second factor."""

    code = "double_facteur_requis"
    status = 403
    sentence = "Activez le code à usage unique de votre compte avant de toucher à un compte réel."


class CreateAccount(Order):
    """A new contract; it begins paused."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,31}$")
    label: str = Field(min_length=2, max_length=100)
    adapter: str
    environment: ProviderEnvironment
    owner_type: str = Field(default="platform", pattern="^(platform|organisation|tontine)$")
    owner_id: UUID | None = None
    country: str = Field(default="", pattern="^([A-Z]{2})?$")
    currency: Currency | None = None
    base_url: str = Field(default="", max_length=200)
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    offers: tuple[str, ...] = ()
    min_minor: int = Field(default=0, ge=0)
    max_minor: int | None = Field(default=None, ge=0)
    day_limit_minor: int | None = Field(default=None, ge=0)
    rate_per_s: int = Field(default=10, ge=1, le=1000)


class EditAccount(Order):
    """Only the fields that are given change; `settings` is replaced whole."""

    account_id: UUID
    label: str | None = Field(default=None, min_length=2, max_length=100)
    base_url: str | None = Field(default=None, max_length=200)
    settings: dict[str, Any] | None = None
    offers: tuple[str, ...] | None = None
    min_minor: int | None = Field(default=None, ge=0)
    max_minor: int | None = Field(default=None, ge=0)
    day_limit_minor: int | None = Field(default=None, ge=0)
    rate_per_s: int | None = Field(default=None, ge=1, le=1000)
    without_max: bool = False
    without_day_limit: bool = False


class SetSecret(Order):
    """A new value of one secret; while it rotates the one before stays good too, until it is dropped."""

    account_id: UUID
    name: str
    value: str = Field(min_length=1, max_length=10_000, repr=False)
    keeps_previous: bool = False


class DropSecret(Order):
    """End a rotation (only the newest value stays), or forget a secret altogether."""

    account_id: UUID
    name: str
    is_whole: bool = False


class PauseAccount(Order):
    """Nothing new leaves through an account, or no payout does; what is open is still asked about."""

    account_id: UUID
    reason: str = Field(min_length=3, max_length=300)
    has_payouts_only: bool = False


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as the console shows it: of each secret its last characters and its date, no more."""

    id: UUID
    code: str
    label: str
    owner_type: str
    owner_id: UUID | None
    adapter: str
    environment: str
    country: str
    currency: str
    base_url: str
    settings: dict[str, Any]
    secret_hints: dict[str, list[dict[str, str]]]
    offers: tuple[str, ...]
    min_minor: int
    max_minor: int | None
    day_limit_minor: int | None
    rate_per_s: int
    state: str
    pause_reason: str
    are_payouts_paused: bool
    breaker: str
    breaker_reason: str
    breaker_at: datetime | None
    slowed_until: datetime | None
    probed_at: datetime | None
    succeeded_at: datetime | None
    missing: tuple[str, ...]
    callback_url: str


def create_account(session: Session, actor: Actor, order: CreateAccount) -> AccountRow:
    """Make an account, paused; it names what it still lacks."""
    _require_editor(session, actor, order.environment)
    _require_shape(order.adapter, order.settings, order.secrets)
    _require_free_code(session, order.code)
    hosts.require_allowed(session, actor, order.adapter, order.environment, order.base_url)
    row = ProviderAccount(
        **order.model_dump(exclude={"secrets", "offers", "currency", "settings"}),
        settings=order.settings,
        currency=order.currency or "",
        offers=list(order.offers),
        secret_hints={name: [_hint(value)] for name, value in order.secrets.items() if value},
    )
    row.secrets = seal_secrets(row, {name: value for name, value in order.secrets.items() if value})
    _require_bounds(row)
    row.pause_reason = _lacks(row)
    session.add(row)
    session.flush()
    changes = {"adapter": row.adapter, "environment": row.environment, "secrets": sorted(row.secret_hints)}
    audit.record(session, actor, "provider_account.create", "provider_account", row.id, row.label, changes)
    return row_of(row)


def edit_account(session: Session, actor: Actor, order: EditAccount) -> AccountRow:
    """Change what may change; transfers already made keep the address they were made with."""
    row = _locked_for_edit(session, actor, order.account_id)
    wanted = order.model_dump(exclude={"account_id", "without_max", "without_day_limit"}, exclude_none=True)
    if order.offers is not None:
        wanted["offers"] = list(order.offers)
    wanted |= {"max_minor": None} if order.without_max else {}
    wanted |= {"day_limit_minor": None} if order.without_day_limit else {}
    _require_shape(row.adapter, wanted.get("settings", {}), {})
    if "base_url" in wanted:
        hosts.require_allowed(session, actor, row.adapter, ProviderEnvironment(row.environment), wanted["base_url"])
    changes = {name: [getattr(row, name), value] for name, value in wanted.items() if getattr(row, name) != value}
    for name, (_, value) in changes.items():
        setattr(row, name, value)
    _require_bounds(row)
    return _kept(session, actor, row, "edit", changes) if changes else row_of(row)


def set_secret(session: Session, actor: Actor, order: SetSecret) -> AccountRow:
    """Put a new value of a secret in force; it is never shown again."""
    row = _locked_for_edit(session, actor, order.account_id)
    _require_shape(row.adapter, {}, {order.name: order.value})
    value, live = order.value.strip(), live_values(row, order.name) if order.keeps_previous else []
    if any("\n" in one for one in (value, *live)) and (live or not value.startswith(PEM_BEGINS)):
        raise InvalidInput({"value": t("une seule ligne, ou une clé PEM sans rotation")})
    hints = row.secret_hints.get(order.name, []) if order.keeps_previous else []
    _put_secret(row, order.name, [value, *live][:MOST_LIVE_VALUES], [_hint(value), *hints][:MOST_LIVE_VALUES])
    return _kept(session, actor, row, "set_secret", {"name": order.name, "keeps_previous": order.keeps_previous})


def drop_secret(session: Session, actor: Actor, order: DropSecret) -> AccountRow:
    """Leave only the newest value of a secret, or none; an account that then lacks one is paused at once."""
    row = _locked_for_edit(session, actor, order.account_id)
    if order.name not in row.secret_hints:
        raise NotFound(thing="secret")
    kept = 0 if order.is_whole else 1
    _put_secret(row, order.name, live_values(row, order.name)[:kept], row.secret_hints[order.name][:kept])
    if row.state == AccountState.ACTIVE and missing_of(row):
        states.transition(row, ACCOUNT_STEPS, AccountState.PAUSED)
        row.pause_reason = _lacks(row)
    return _kept(session, actor, row, "drop_secret", {"name": order.name, "is_whole": order.is_whole})


def pause_account(session: Session, actor: Actor, order: PauseAccount) -> AccountRow:
    """Stop new work at once; one click of an operator."""
    actor.require(Permission.PAYMENTS_PAUSE)
    row = _locked(session, order.account_id)
    if order.has_payouts_only:
        row.are_payouts_paused = True
    else:
        states.transition(row, ACCOUNT_STEPS, AccountState.PAUSED)
    row.pause_reason = order.reason
    return _kept(session, actor, row, "pause", {"reason": order.reason, "has_payouts_only": order.has_payouts_only})


def resume_account(session: Session, actor: Actor, account_id: UUID) -> AccountRow:
    """Let an account work again, payouts too; `AccountIncomplete` names what it lacks."""
    row = _locked_for_edit(session, actor, account_id)
    missing = missing_of(row)
    if missing:
        raise AccountIncomplete(manque=", ".join(missing))
    if row.state != AccountState.ACTIVE:
        states.transition(row, ACCOUNT_STEPS, AccountState.ACTIVE)
    row.are_payouts_paused, row.pause_reason = False, ""
    return _kept(session, actor, row, "resume", {})


def retire_account(session: Session, actor: Actor, account_id: UUID) -> AccountRow:
    """End an account for ever; never while a transfer of it is open."""
    row = _locked_for_edit(session, actor, account_id, is_shared=False)  # no transfer begins meanwhile
    count = session.exec(
        select(func.count())
        .select_from(Transfer)
        .where(Transfer.account_id == row.id, col(Transfer.state).in_(OPEN_TRANSFERS))
    ).one()
    if count:
        raise AccountInUse(count=count)
    states.transition(row, ACCOUNT_STEPS, AccountState.RETIRED)
    return _kept(session, actor, row, "retire", {})


def missing_of(row: ProviderAccount) -> tuple[str, ...]:
    """Return the names of the secrets and settings an account still lacks."""
    shape = SHAPES[row.adapter]
    secrets = [name for name in shape.secrets if name not in row.secret_hints]
    settings = [name for name in shape.settings if not row.settings.get(name)]
    return (*secrets, *settings)


def callback_url(adapter: str) -> str:
    """Return the address to give to the provider; empty for an adapter that is never called back."""
    name = SHAPES[adapter].callback
    return f"{get_settings().public_base_url.rstrip('/')}/api/v1/payments/callback/{name}" if name else ""


def row_of(row: ProviderAccount) -> AccountRow:
    """Return what may be shown of an account."""
    columns = {
        name: getattr(row, name) for name in AccountRow.__slots__ if name not in {"missing", "callback_url", "offers"}
    }
    return AccountRow(
        **columns, offers=tuple(row.offers), missing=missing_of(row), callback_url=callback_url(row.adapter)
    )


def _require_editor(session: Session, actor: Actor, environment: str) -> None:
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    if environment == ProviderEnvironment.LIVE and not actor.is_system:
        user = session.get(User, actor.user_id) if actor.user_id else None
        if user is None or user.totp_confirmed_at is None:
            raise TotpNeeded


def _require_shape(adapter: str, settings: dict[str, Any], secrets: dict[str, str]) -> None:
    shape = SHAPES.get(adapter)
    if shape is None:
        raise InvalidInput({"adapter": t("opérateur inconnu")})
    known = {*shape.secrets, *shape.optional}
    if any(name in known for name in settings):
        raise InvalidInput({"settings": t("un secret ne se met pas dans les réglages")})
    unreadable = find_wrong_setting(settings)
    if unreadable is not None:
        raise InvalidInput({"settings": t("réglage illisible : {name}").format(name=unreadable)})
    wrong = sorted(set(secrets) - known)
    if wrong:
        raise InvalidInput({"secrets": t("secret inconnu : {name}").format(name=", ".join(wrong))})


def _require_bounds(row: ProviderAccount) -> None:
    if row.max_minor is not None and row.max_minor < row.min_minor:
        raise InvalidInput({"max_minor": t("le maximum est sous le minimum")})


def _require_free_code(session: Session, code: str) -> None:
    taken = session.exec(select(ProviderAccount.id).where(ProviderAccount.code == code)).first()
    if taken or session.exec(select(UssdGateway.id).where(UssdGateway.key == code)).first():
        raise CodeTaken


def _locked(session: Session, account_id: UUID, *, is_shared: bool = True) -> ProviderAccount:
    # `is_shared`: what refers to the account (an attempt, a case, a transfer) does not wait for who is changing it, or
    # two reads that each open a case and then stop its payouts wait for each other.
    row = session.get(ProviderAccount, account_id, with_for_update={"key_share": is_shared}, populate_existing=True)
    if row is None:
        raise NotFound(thing="provider_account")
    return row


def _locked_for_edit(session: Session, actor: Actor, account_id: UUID, *, is_shared: bool = True) -> ProviderAccount:
    actor.require(Permission.PAYMENTS_ACCOUNTS)
    row = _locked(session, account_id, is_shared=is_shared)
    _require_editor(session, actor, row.environment)
    return row


def _kept(session: Session, actor: Actor, row: ProviderAccount, act: str, changes: dict[str, Any]) -> AccountRow:
    session.add(row)
    session.flush()
    audit.record(session, actor, f"provider_account.{act}", "provider_account", row.id, row.label, changes)
    return row_of(row)


def _hint(value: str) -> dict[str, str]:
    shown = value[-HINT_CHARACTERS:] if len(value) >= SHORTEST_HINTED else ""
    return {"last": shown, "at": clock.now().isoformat()}


def _put_secret(row: ProviderAccount, name: str, values: list[str], hints: list[dict[str, str]]) -> None:
    secrets = {known: value for known, value in open_secrets(row).items() if known != name}
    row.secret_hints = {known: hint for known, hint in row.secret_hints.items() if known != name}
    if values:
        secrets[name], row.secret_hints = "\n".join(values), {**row.secret_hints, name: hints}
    row.secrets = seal_secrets(row, secrets)


def _lacks(row: ProviderAccount) -> str:
    missing = missing_of(row)
    return t("Il manque {manque}.").format(manque=", ".join(missing)) if missing else ""


# Reads


def list_accounts(session: Session, actor: Actor, *, with_retired: bool = False) -> list[AccountRow]:
    """Return the accounts, by adapter and code."""
    actor.require(Permission.PAYMENTS_READ)
    query = select(ProviderAccount).order_by(ProviderAccount.adapter, ProviderAccount.code)
    if not with_retired:
        query = query.where(ProviderAccount.state != AccountState.RETIRED)
    return [row_of(row) for row in session.exec(query)]


def get_account(session: Session, actor: Actor, account_id: UUID) -> AccountRow:
    """Return one account."""
    actor.require(Permission.PAYMENTS_READ)
    row = session.get(ProviderAccount, account_id, populate_existing=True)
    if row is None:
        raise NotFound(thing="provider_account")
    return row_of(row)


def find_account(session: Session, code: str) -> AccountRow | None:
    """Return the account of a code, for the installation's own use."""
    row = session.exec(select(ProviderAccount).where(ProviderAccount.code == code)).first()
    return row_of(row) if row else None


def is_any_live_active(session: Session) -> bool:
    """Say whether real money may move: fakes are then off."""
    row = fetch_one(
        session,
        "select 1 as one from provider_account where environment = 'live' and state = 'active' limit 1",
    )
    return row is not None
