"""What a batch stands on: its organisation under a lock, the account that pays, the cycle, the hour of its start."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock
from core.database import Session, driver
from core.errors import Refusal
from core.i18n import t
from core.permissions import Actor
from core.settings import get_settings
from models.pension_stages import BatchStage, PayeeType, Rail
from services.pensions import accounts, policy, reading, steps
from services.pensions.accounts import AccountRow
from services.pensions.batches.orders import UploadBatch
from services.pensions.files import FileRules
from services.pensions.policy import Act
from services.pensions.refusals import AccountInactive, AccountUnknown, NoAccount, WrongStage
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from services.pensions.stages import STAGE_WORDS

LONGEST_WAIT = timedelta(days=31)
SLACK = timedelta(minutes=5)  # clocks differ, and forms stay open
LOAD_TIMEOUT_MS = 300_000

_CYCLE = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


class BadCycle(Refusal):
    """A cycle is a month."""

    code = "bad_cycle"
    sentence = "Le mois payé s'écrit AAAA-MM, par exemple 2025-12."


class NotBeforeInvalid(Refusal):
    """The start is past, or too far away."""

    code = "not_before_invalid"
    sentence = "Le départ se choisit dans les 31 jours à venir, avec son heure et son fuseau."


@dataclass(frozen=True, slots=True)
class Ground:
    """The terms of one batch, before its rows are known."""

    settings: SettingsRow
    account: AccountRow
    cycle: str
    rail: Rail
    not_before: datetime | None
    rules: FileRules


def lay(session: Session, order: UploadBatch, settings: SettingsRow) -> Ground:
    """Return the terms of a file, or refuse its account, its cycle or its start."""
    account = _account(session, order.payer_account, settings)
    rail = order.rail or settings.rail
    return Ground(
        settings=settings,
        account=account,
        cycle=_cycle(order.cycle, settings.timezone),
        rail=rail,
        not_before=start_of(order.not_before),
        rules=_rules(order, settings, account, rail),
    )


def start_of(not_before: datetime | None) -> datetime | None:
    """Return when a batch may begin, or refuse what is past, too far, or of no known zone."""
    if not_before is None:
        return None
    now = clock.now()
    if not_before.tzinfo is None or not now - SLACK <= not_before <= now + LONGEST_WAIT:
        raise NotBeforeInvalid
    return not_before


def locked(session: Session, actor: Actor, act: Act, bulk_id: str, *stages: BatchStage) -> tuple[BatchRow, SettingsRow]:
    """Return a batch under its lock and the settings of its organisation, for an act allowed now, at these stages."""
    found = reading.find_by_bulk_id(session, bulk_id)
    policy.require(session, actor, act, found)
    batch = steps.lock_batch(session, found.id)
    settings = policy.require(session, actor, act, batch)
    if batch.stage not in stages:
        raise WrongStage(stage=t(STAGE_WORDS[batch.stage]))
    return batch, settings


def lock_organisation(session: Session, organisation_id: UUID) -> None:
    """Let one batch of the organisation at a time become final: what it may pay depends on what others took.

    A file of a million rows takes its time: who waits, and what is done, may last.
    """
    lock_long(session)
    driver(session).execute("select 1 from organisation where id = %s for no key update", (organisation_id,))


def lock_long(session: Session) -> None:
    """Let this transaction wait, and its statements work, as long as a million rows take."""
    driver(session).execute(f"set local lock_timeout = {LOAD_TIMEOUT_MS}")
    driver(session).execute(f"set local statement_timeout = {LOAD_TIMEOUT_MS}")


def require_open(account: AccountRow) -> AccountRow:
    """Refuse an account that pays nothing any more."""
    if not account.is_active:
        raise AccountInactive
    return account


def _account(session: Session, code: str, settings: SettingsRow) -> AccountRow:
    if not code.strip():
        if settings.default_account_id is None:
            raise NoAccount
        return require_open(accounts.find_account(session, settings.default_account_id))
    account = accounts.find_by_code(session, settings.organisation_id, code.strip())
    if account is None:
        raise AccountUnknown
    return require_open(account)


def _cycle(asked: str, timezone: str) -> str:
    cycle = asked.strip() or f"{clock.now().astimezone(ZoneInfo(timezone)):%Y-%m}"
    if not _CYCLE.fullmatch(cycle):
        raise BadCycle
    return cycle


def _rules(order: UploadBatch, settings: SettingsRow, account: AccountRow, rail: Rail) -> FileRules:
    id_types = frozenset(settings.id_types)
    if rail is Rail.MOBILE_MONEY:  # an operator knows its people by their number alone
        id_types &= {PayeeType.MSISDN}
    return FileRules(
        country=settings.country,
        currency=account.currency,
        countries=frozenset(settings.countries),
        max_amount_minor=settings.max_amount_minor,
        max_rows=min(settings.max_rows, get_settings().pension_max_rows),
        personal_id_length=settings.personal_id_length,
        id_types=id_types,
        allows_same_person=order.allow_same_person and settings.is_same_person_allowed,
    )
