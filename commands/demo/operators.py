"""The fake operators of the demo: their floats in the ledger, and what they said, written in bulk."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlmodel import col, select

from commands.demo import load
from commands.demo.chance import Chance
from commands.demo.ledgers import Till
from commands.demo.outside import DAYS, SERVED, Operator, Outside
from commands.demo.people import Subscriber
from core.database import Session, fetch_one
from core.money import Currency, Money
from core.phone import mask_phone
from models.ledger import AccountKind, Source
from models.reconciliation import ReconciliationRun, ReconciliationState
from models.transfers import CaseKind, ProviderAccount, ProviderEnvironment, TransferCase, TransferState
from providers import registry
from services import ledger
from services.ledger import Leg, Posting

OWNER = "provider_account"
STATE, ACCOUNT, AMOUNT, CURRENCY, CREATED, REFERENCE = (
    load.TRANSFERS.index(name)
    for name in ("state", "account_id", "amount_minor", "currency", "created_at", "provider_ref")
)


def open_outside(session: Session, chance: Chance, now: datetime, till: Till, everybody: list[Subscriber]) -> Outside:
    """Find the fake accounts that serve somebody of the demo, and open the accounts of the ledger they need."""
    serving = col(ProviderAccount.code).in_({code for code, _ in SERVED.values()})
    fakes = ProviderAccount.environment == ProviderEnvironment.FAKE
    rows = session.exec(select(ProviderAccount).where(serving, fakes).order_by(ProviderAccount.code))
    operators = {row.code: _operator(session, row) for row in rows}
    reserves = {person.wallet_id: _reserve(session, person) for person in everybody}
    return Outside(chance, now, till, operators, reserves)


def _operator(session: Session, row: ProviderAccount) -> Operator:
    owner = (Currency(row.currency), OWNER, row.id)
    return Operator(
        row.id,
        row.adapter,
        row.base_url,
        frozenset(row.offers),
        ledger.house_account(session, AccountKind.PROVIDER_FLOAT, *owner),
        ledger.house_account(session, AccountKind.SUSPENSE, *owner),
    )


def _reserve(session: Session, person: Subscriber) -> UUID:
    kind = AccountKind.WALLET_RESERVED
    return ledger.open_account(
        session, kind, "wallet", person.wallet_id, person.place.currency, label=mask_phone(person.phone)
    )


def write_outside(session: Session, outside: Outside) -> None:
    """Write what was drawn, callbacks before the events they proved; then what waits for a person."""
    rows = outside.rows
    load.copy(session, "ussd_operation", load.OPERATIONS, rows.operations)
    load.copy(session, "transfer", load.TRANSFERS, rows.transfers)
    load.copy(session, "transfer_attempt", load.ATTEMPTS, rows.attempts)
    load.copy(session, "inbound_event", load.CALLBACKS, rows.callbacks)
    load.copy(session, "transfer_event", load.EVENTS, rows.events)
    if outside.operators:
        _open_cases(session, outside)
        _close_days(session, outside)


def _close_days(session: Session, outside: Outside) -> None:
    """Close the days that are over, as compared: the fakes' books begin today and know nothing of them.

    What was posted so far is sealed first: a closed day is signed.
    """
    while ledger.seal_next(session):
        pass
    seal = fetch_one(session, "select id, sha256 from ledger_seal order by id desc limit 1")
    assert seal is not None  # noqa: S101  # subscribers have money before they have an operator
    totals: dict[tuple[UUID, date], list[int]] = defaultdict(list)
    for row in outside.rows.transfers:
        if row[STATE] == TransferState.SUCCEEDED:
            totals[row[ACCOUNT], row[CREATED].date()].append(row[AMOUNT])
    today = outside.now.date()
    for operator in outside.operators.values():
        source = "list" if "list" in registry.adapter(operator.adapter).offers else "reads"
        for days in range(1, DAYS + 2):
            day = today - timedelta(days=days)
            amounts = totals[operator.id, day]
            ended = datetime.combine(day + timedelta(days=1), time(3, 30), UTC)
            session.add(
                ReconciliationRun(
                    created_at=ended,
                    account_id=operator.id,
                    day=day,
                    source=source,
                    state=ReconciliationState.CLOSED,
                    theirs_count=len(amounts),
                    theirs_minor=sum(amounts),
                    ours_count=len(amounts),
                    ours_minor=sum(amounts),
                    matched_count=len(amounts),
                    ended_at=ended,
                    closed_at=outside.now,
                    seal_id=seal["id"],
                    seal_sha256=bytes(seal["sha256"]),
                )
            )
    session.flush()


def _open_cases(session: Session, outside: Outside) -> None:
    """Open one case of late money, with the money in suspense, and one contradiction."""
    failed = next((row for row in reversed(outside.rows.transfers) if row[STATE] == TransferState.EXPIRED), None)
    if failed is None:
        return
    operator = next(one for one in outside.operators.values() if one.id == failed[ACCOUNT])
    at = outside.now - timedelta(hours=7)
    money = Money(failed[AMOUNT], Currency(failed[CURRENCY]))
    legs = (Leg(operator.float_id, money), Leg(operator.suspense_id, -money))
    key = f"late:{failed[REFERENCE]}:{operator.id}"
    posted = ledger.post(session, Posting(Source.TRANSFER, key, "suspense", legs, actor="Palabre", occurred_at=at))
    session.add(
        TransferCase(
            created_at=at,
            account_id=operator.id,
            transfer_id=failed[0],
            kind=CaseKind.LATE_MONEY,
            dedupe_key=failed[REFERENCE],
            provider_ref=failed[REFERENCE],
            amount_minor=money.minor,
            currency=money.currency,
            detail="expired, seen: succeeded",
            transaction_id=posted.id,
        )
    )
    session.flush()
