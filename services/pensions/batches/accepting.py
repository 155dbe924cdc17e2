"""The last act before the queue, for an upload and for a draft alike: claims, seal, reserve, and who must agree."""

from datetime import timedelta
from typing import Any

from core import clock
from core.database import Session
from core.errors import Refusal
from core.money import Money
from core.permissions import Actor
from models.ledger import Source
from models.pension_stages import BatchStage, LookupPolicy
from services import audit, ledger
from services.ledger import Posting
from services.pensions import messages, reading, seal, steps
from services.pensions.accounts import AccountRow
from services.pensions.batches import claims
from services.pensions.batches.orders import Asked
from services.pensions.dispatch import lookups
from services.pensions.files.judging import require_funds, require_totals
from services.pensions.files.refusals import InsufficientFunds
from services.pensions.files.totals import Sum
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow

SUBJECT = "pension_batch"
APPROVAL_LIVES = timedelta(days=7)


class TotalTooLarge(Refusal):
    """The organisation does not send so much at once."""

    code = "total_too_large"
    sentence = "Ce lot dépasse le maximum de votre organisation par lot : {limit}."


class NothingToPay(Refusal):
    """Every row of the draft ended before it could be sent."""

    code = "no_rows"
    sentence = "Aucun paiement de ce lot ne peut partir : corrigez le fichier et envoyez-le de nouveau."


def judge_terms(batch: BatchRow, asked: Asked, settings: SettingsRow, account: AccountRow) -> None:
    """Refuse control totals that differ, more than the organisation sends at once, and want of funds, in turn."""
    require_totals(batch.total, asked.expected_count, asked.expected_total)
    if not batch.open.count:
        raise NothingToPay
    if settings.max_total_minor is not None and batch.total.amount_minor > settings.max_total_minor:
        raise TotalTooLarge(limit=batch.money(settings.max_total_minor).on_screen())
    require_funds(batch.money(batch.open.amount_minor), account.available, account.account_id)


def accept(
    session: Session, actor: Actor, batch: BatchRow, settings: SettingsRow, account: AccountRow, **columns: Any
) -> BatchRow:
    """Claim, seal and reserve a draft, and send it to the queue or to the second person; `columns` come along."""
    claims.take(session, batch.id, batch.organisation_id, batch.cycle)
    sealed = seal.compute(session, batch.id)
    now = clock.now()
    is_repeated = bool(columns.get("has_accepted_duplicates"))
    needs_approval = settings.needs_approval(batch.total.amount_minor, has_accepted_duplicates=is_repeated)
    _reserve(session, actor, batch, account)
    taken = steps.take(
        session,
        batch,
        BatchStage.AWAITING_APPROVAL if needs_approval else BatchStage.QUEUED,
        seal=sealed,
        confirmed_by=actor.user_id,
        confirmed_at=now,
        expires_at=now + APPROVAL_LIVES if needs_approval else None,
        **columns,
    )
    told = {"total_count": batch.total.count, "total_minor": batch.total.amount_minor, "seal": sealed}
    record(session, actor, "confirm", taken, told)
    if needs_approval:
        messages.tell_approval_asked(session, batch.id)
    return taken


def begin_lookups(session: Session, batch: BatchRow, settings: SettingsRow) -> BatchRow:
    """Have a new batch's payees looked up, where the organisation wants it before anything is sent."""
    if settings.lookup is not LookupPolicy.BEFORE or not batch.total.count:
        return batch
    lookups.start(session, batch.id)
    return reading.find_batch(session, batch.id)


def record(session: Session, actor: Actor, act: str, batch: BatchRow, changes: dict[str, Any] | None = None) -> None:
    """Write one act on a batch in the trail."""
    audit.record(
        session,
        actor,
        f"{SUBJECT}.{act}",
        SUBJECT,
        batch.id,
        batch.bulk_id,
        changes,
        organisation_id=batch.organisation_id,
    )


def _reserve(session: Session, actor: Actor, batch: BatchRow, account: AccountRow) -> None:
    """Hold what the open payments need; the balance is read under its lock, so that the refusal tells the truth."""
    amount: Sum = batch.open
    required = batch.money(amount.amount_minor)
    locked = ledger.lock_balances(session, (account.available_account_id, account.reserved_account_id))
    require_funds(required, Money(locked[account.available_account_id], batch.currency), account.account_id)
    ledger.reserve(
        session,
        account.available_account_id,
        account.reserved_account_id,
        required,
        Posting(Source.PENSION, f"reserve:{batch.id}", "pension_reserve", (), actor=actor.name),
    )


__all__ = ["InsufficientFunds", "TotalTooLarge", "accept", "judge_terms", "record"]
