"""Payer accounts: what an organisation pays from, on the ledger, and the money that is put there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field, field_validator
from sqlalchemy.exc import IntegrityError

from core import ids
from core.database import Session, fetch_all
from core.errors import FieldRefusal, NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.ledger import AccountKind, Source
from models.organisations import Organisation
from models.pension_stages import AmountType, NumberForm, PayeeType
from models.pensions import PensionAccount
from models.transfers import ProviderAccount
from services import approvals, audit, ledger
from services.approvals import ApprovalRow, AskApproval, Kind
from services.ledger import Leg, Posted, Posting
from services.organisations import OrganisationNotFound

OWNER = "pension_account"
ONE_PERSON_UP_TO_MINOR = 1_000_000


class AccountTaken(FieldRefusal):
    """Another account has this code, or is this party to the switch."""

    code = "compte_pris"
    sentence = "Un autre compte payeur porte déjà ce code ou cet identifiant."
    field = "account_id"


class RailUnknown(FieldRefusal):
    """The rail's account does not exist, or does not pay in this currency."""

    code = "rail_inconnu"
    sentence = "Ce compte d'opérateur n'existe pas, ou ne paie pas dans cette devise."
    field = "rail_account_id"


class PensionAccountNotFound(NotFound):
    """No such account, or one of another organisation."""

    code = "not_found"
    sentence = "Compte payeur introuvable."


class OpenAccount(Order):
    """A new payer account; `account_id` is the code people and files name it by."""

    organisation_id: UUID
    account_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,39}$")
    party_id_type: PayeeType
    party_identifier: str = Field(pattern=r"^[A-Za-z0-9._@+/-]{1,128}$")
    display_name: str = Field(default="", max_length=128)
    currency: Currency
    amount_type: AmountType = AmountType.RECEIVE
    number_form: NumberForm = NumberForm.TEN
    rail_account_id: UUID

    @field_validator("account_id")
    @classmethod
    def _upper(cls, code: str) -> str:
        return code.upper()


class SetAccountOpen(Order):
    """Open or close an account; what was sent from it is followed to its end all the same."""

    account_id: UUID
    is_active: bool
    reason: str = Field(default="", max_length=500)


class RecordFunding(Order):
    """Money that the bank shows on the organisation's account at the switch; `key` is the bank's own reference."""

    account_id: UUID
    amount_minor: int = Field(gt=0, le=10**15)
    key: str = Field(min_length=3, max_length=80)
    reason: str = Field(min_length=3, max_length=500)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A payer account and its money; `available` is what a batch can reserve."""

    id: UUID
    account_id: str
    organisation_id: UUID
    organisation_code: str
    party_id_type: str
    party_identifier: str
    display_name: str
    currency: Currency
    amount_type: AmountType
    number_form: NumberForm
    rail_account_id: UUID
    available_account_id: UUID
    reserved_account_id: UUID
    fees_account_id: UUID
    available: Money
    reserved: Money
    is_active: bool

    @property
    def balance(self) -> Money:
        """What stands on the account, reserved or not."""
        return self.available + self.reserved


def open_account(session: Session, actor: Actor, order: OpenAccount) -> AccountRow:
    """Open a payer account with its three ledger accounts; `AccountTaken`, `RailUnknown`, `OrganisationNotFound`."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    organisation = session.get(Organisation, order.organisation_id)
    if organisation is None:
        raise OrganisationNotFound
    rail = session.get(ProviderAccount, order.rail_account_id)
    if rail is None or rail.currency not in ("", order.currency):
        raise RailUnknown
    account_id = ids.new_id()
    available, reserved, fees = (
        ledger.open_account(session, kind, OWNER, account_id, order.currency, label=f"{order.account_id}, {name}")
        for kind, name in (
            (AccountKind.PENSION_AVAILABLE, "disponible"),
            (AccountKind.PENSION_RESERVED, "réservé"),
            (AccountKind.PENSION_FEES_DUE, "frais dus"),
        )
    )
    account = PensionAccount(
        id=account_id,
        **order.model_dump(),
        available_account_id=available,
        reserved_account_id=reserved,
        fees_account_id=fees,
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        raise AccountTaken from error
    _audit(session, actor, "pension_account.open", account, {"currency": order.currency})
    return find_account(session, account_id)


def set_account_open(session: Session, actor: Actor, order: SetAccountOpen) -> AccountRow:
    """Open or close an account for new batches."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    account = session.get(PensionAccount, order.account_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise PensionAccountNotFound
    if account.is_active != order.is_active:
        account.is_active = order.is_active
        session.add(account)
        session.flush()
        action = "pension_account.reopen" if order.is_active else "pension_account.close"
        _audit(session, actor, action, account, {"reason": order.reason})
    return find_account(session, account.id)


def record_funding(session: Session, actor: Actor, order: RecordFunding) -> Posted | ApprovalRow:
    """Put money on an account: at once up to a limit, above it when a second administrator agrees.

    The same reference with the same amount changes nothing; with another amount it is refused.
    """
    actor.require(Permission.PENSIONS_ACCOUNTS)
    account = find_account(session, order.account_id)
    if order.amount_minor <= ONE_PERSON_UP_TO_MINOR:
        return _fund(session, actor, account, order)
    amount = Money(order.amount_minor, account.currency)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=FUNDING.name,
            subject_type=OWNER,
            subject_id=account.id,
            summary=f"{account.account_id} : {amount.on_phone()}",
            payload=order.model_dump(mode="json"),
            reason=order.reason,
        ),
    )


def _fund(session: Session, actor: Actor, account: AccountRow, order: RecordFunding) -> Posted:
    amount = Money(order.amount_minor, account.currency)
    bank = ledger.house_account(session, AccountKind.BANK_FUNDING, account.currency, OWNER, account.id)
    posted = ledger.post(
        session,
        Posting(
            Source.PENSION,
            f"fund:{account.id}:{order.key}",
            "pension_funding",
            (Leg(bank, amount), Leg(account.available_account_id, -amount)),
            actor=actor.name,
        ),
    )
    if not posted.is_replay:
        changes = {"amount_minor": order.amount_minor, "key": order.key}
        audit.record(
            session,
            actor,
            "pension_account.fund",
            OWNER,
            account.id,
            order.reason,
            changes,
            organisation_id=account.organisation_id,
        )
    return posted


def _agreed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = RecordFunding.model_validate(approval.payload)
    _fund(session, actor, find_account(session, order.account_id), order)


FUNDING = approvals.register(
    Kind(
        "pension_funding",
        "Approvisionnement d'un compte payeur",
        Permission.PENSIONS_ACCOUNTS,
        Permission.PENSIONS_ACCOUNTS,
        _agreed,
    )
)


def _audit(session: Session, actor: Actor, action: str, account: PensionAccount, changes: dict[str, Any]) -> None:
    audit.record(
        session,
        actor,
        action,
        OWNER,
        account.id,
        account.account_id,
        changes,
        organisation_id=account.organisation_id,
    )


# Reads

_ACCOUNTS = """
select p.id, p.account_id, p.organisation_id, o.code as organisation_code, p.party_id_type, p.party_identifier,
    p.display_name, p.currency, p.amount_type, p.number_form, p.rail_account_id, p.available_account_id,
    p.reserved_account_id, p.fees_account_id, p.is_active, a.balance as available, r.balance as reserved
from pension_account p
join organisation o on o.id = p.organisation_id
join ledger_account a on a.id = p.available_account_id
join ledger_account r on r.id = p.reserved_account_id
"""


def list_accounts(session: Session, actor: Actor, organisation_id: UUID | None = None) -> list[AccountRow]:
    """Return the payer accounts of an organisation, or of every one the actor may read."""
    if organisation_id is not None and not actor.may(Permission.PENSIONS_READ, organisation_id):
        raise OrganisationNotFound
    rows = fetch_all(session, _ACCOUNTS + " order by o.code, p.account_id")
    return [
        _row(row)
        for row in rows
        if organisation_id in (None, row["organisation_id"])
        and actor.may(Permission.PENSIONS_READ, row["organisation_id"])
    ]


def find_account(session: Session, account_id: UUID) -> AccountRow:
    """Return one account as it is now, whoever asks."""
    rows = fetch_all(session, _ACCOUNTS + " where p.id = %s", (account_id,))
    if not rows:
        raise PensionAccountNotFound
    return _row(rows[0])


def find_by_code(session: Session, organisation_id: UUID, code: str) -> AccountRow | None:
    """Return the organisation's account of this code, whatever its case."""
    rows = fetch_all(
        session,
        _ACCOUNTS + " where p.organisation_id = %s and upper(p.account_id) = upper(%s)",
        (organisation_id, code),
    )
    return _row(rows[0]) if rows else None


def _row(row: dict[str, Any]) -> AccountRow:
    currency = Currency(row["currency"])
    return AccountRow(
        **{
            **row,
            "currency": currency,
            "amount_type": AmountType(row["amount_type"]),
            "number_form": NumberForm(row["number_form"]),
            "available": Money(row["available"], currency),
            "reserved": Money(row["reserved"], currency),
        }
    )
