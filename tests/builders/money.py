"""Money as rows: wallets with something in them, operations between them, one taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, fetch_all
from core.money import Currency, Money
from models.ledger import AccountKind, Source
from models.users import User
from models.wallets import UssdOperation, Wallet
from services import ledger as books
from services.ledger import Leg, Posting


def open_wallet(
    session: Session, name: str, currency: Currency = Currency.XAF, *, at: datetime, **columns: Any
) -> Wallet:
    """Write a person with ten million in a wallet, as if opened at `at`."""
    first, _, last = name.partition(" ")
    user = User(first_name=first, last_name=last, **columns)
    wallet_id = ids.new_id()
    account = books.open_account(session, AccountKind.WALLET, "wallet", wallet_id, currency)
    session.add(user)
    session.flush()
    wallet = Wallet(id=wallet_id, user_id=user.id, currency=currency, account_id=account, created_at=at)
    session.add(wallet)
    session.flush()
    opening = books.house_account(session, AccountKind.OPENING, currency)
    amount = Money(10_000_000, currency)
    legs = (Leg(opening, amount), Leg(account, -amount))
    books.post(session, Posting(Source.MANUAL, f"opening:{wallet_id}", "opening", legs, "", occurred_at=at))
    return wallet


def send(session: Session, payer: Wallet, payee: Wallet, minor: int, fee: int, at: datetime) -> UssdOperation:
    """Move money between two wallets as the USSD service does."""
    currency = Currency(payer.currency)
    fees = books.house_account(session, AccountKind.FEE_INCOME, currency)
    legs = [Leg(payer.account_id, Money(minor + fee, currency)), Leg(payee.account_id, Money(-minor, currency))]
    if fee:
        legs.append(Leg(fees, Money(-fee, currency)))
    operation_id = ids.new_id()
    reference = ids.reference("TR")
    posted = books.post(
        session, Posting(Source.USSD, str(operation_id), "transfer", tuple(legs), reference, occurred_at=at)
    )
    operation = UssdOperation(
        id=operation_id,
        created_at=at,
        reference=reference,
        type="transfer",
        payer_id=payer.id,
        payee_id=payee.id,
        currency=currency,
        amount_minor=minor,
        fee_minor=fee,
        key=str(operation_id),
        transaction_id=posted.id,
    )
    session.add(operation)
    session.flush()
    return operation


def take_back(session: Session, transaction_id: UUID | None, at: datetime) -> None:
    """Reverse a transaction."""
    assert transaction_id is not None
    entries = fetch_all(session, "select * from ledger_entry where transaction_id = %s", (transaction_id,))
    legs = tuple(Leg(e["account_id"], Money(-e["amount"], Currency(e["currency"]))) for e in entries)
    books.post(
        session,
        Posting(Source.USSD, f"back:{transaction_id}", "reversal", legs, occurred_at=at, reverses_id=transaction_id),
    )
