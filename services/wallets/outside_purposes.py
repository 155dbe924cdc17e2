"""What a bill and airtime mean for the ledger, for the operation and for the payer, from the reserve to the end.

Reserved: amount and fee leave the wallet for its reserve. Done: the reserve is spent, the amount is owed to whoever
executed it, the fee is ours. Refused: the reserve goes back. While nobody knows, it stays.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from core.database import Session, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor
from core.phone import normalise
from core.states import transition
from models.ledger import AccountKind
from models.messages import Channel
from models.transfers import TransferState
from models.wallets import OPERATION_STEPS, OperationState, OperationType, UssdOperation
from services import ledger, messages
from services.ledger import Leg, Posted
from services.messages import OutgoingMessage
from services.transfers import NoLongerDue, RequestTransfer, TransferRow, reasons
from services.transfers.purposes import Purpose, register

STATES = {
    TransferState.SUBMITTED: OperationState.SENT,
    TransferState.PENDING: OperationState.SENT,
    TransferState.UNKNOWN: OperationState.UNKNOWN,
    TransferState.SUCCEEDED: OperationState.COMPLETED,
    TransferState.FAILED: OperationState.FAILED,
    TransferState.EXPIRED: OperationState.FAILED,
    TransferState.CANCELLED: OperationState.FAILED,
    TransferState.REVERSED: OperationState.REVERSED,
}
_GIVEN_BACK = frozenset({OperationState.FAILED, OperationState.REVERSED})


@dataclass(frozen=True, slots=True)
class _Subject:
    """The operation a transfer serves, and its payer."""

    reference: str
    state: OperationState
    amount: Money
    fee: Money
    party: str
    party_name: str
    wallet_id: UUID
    account_id: UUID
    user_id: UUID
    phone: str
    language: str

    @property
    def total(self) -> Money:
        """What is reserved."""
        return self.amount + self.fee


class Outside(Purpose):
    """A payout from a wallet; the two that exist differ by what their payer is told."""

    provider_kind = AccountKind.PAYABLE
    receipt: ClassVar[str]

    def named(self, subject: _Subject) -> dict[str, str]:
        """Return the variables of the receipt that say what was paid."""
        raise NotImplementedError

    def authorise(self, session: Session, actor: Actor, order: RequestTransfer) -> None:
        """Let the payer himself ask, beside whoever may act on payments."""
        if _read(session, order.subject_id).user_id != actor.user_id:
            super().authorise(session, actor, order)

    def guard(self, session: Session, row: TransferRow) -> None:
        """Refuse an operation that is no longer waiting to be sent."""
        if _read(session, row.subject_id).state is not OperationState.RESERVED:
            raise NoLongerDue

    def reference(self, session: Session, row: TransferRow) -> str:
        """Return the reference the payer knows."""
        return _read(session, row.subject_id).reference

    def hold(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Set amount and fee aside."""
        subject = _read(session, row.subject_id)
        return (Leg(subject.account_id, subject.total), Leg(_reserve(session, subject), -subject.total))

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Spend the reserve; the fee is income."""
        subject = _read(session, row.subject_id)
        spent = Leg(_reserve(session, subject), subject.total)
        if subject.fee.minor == 0:
            return (spent,)
        return (spent, Leg(ledger.house_account(session, AccountKind.FEE_INCOME, subject.fee.currency), -subject.fee))

    def follow(self, session: Session, row: TransferRow, _was: TransferState, posted: Posted | None) -> None:
        """Keep the operation in step, and tell the payer how it ended."""
        wanted = STATES.get(row.state)
        operation = session.get(UssdOperation, row.subject_id, with_for_update=True, populate_existing=True)
        if operation is None or wanted is None or wanted not in OPERATION_STEPS[OperationState(operation.state)]:
            return  # a transfer that was unknown and is pending again is still unknown to its payer
        transition(operation, OPERATION_STEPS, wanted)
        operation.refusal = row.reason if wanted in _GIVEN_BACK else ""
        session.flush()
        if wanted is OperationState.COMPLETED or wanted in _GIVEN_BACK:
            self._tell(session, row, posted)

    def doubt(self, session: Session, row: TransferRow) -> None:
        """Ask the payer not to repeat what nobody knows the end of."""
        subject = _read(session, row.subject_id)
        figures = {"montant": subject.amount.on_phone(), "ref": subject.reference}
        messages.enqueue(session, _message("wallet_incertain", subject, figures))

    def _tell(self, session: Session, row: TransferRow, posted: Posted | None) -> None:
        subject = _read(session, row.subject_id)
        balance = ledger.get_balance(session, subject.account_id)
        figures = {"montant": subject.amount.on_phone(), "solde": balance.on_phone(), "ref": subject.reference}
        if subject.state is OperationState.COMPLETED:
            template, figures = self.receipt, figures | self.named(subject)
        else:
            template, figures = "wallet_refus", figures | {"motif": reasons.short(row.reason)}
        messages.enqueue(session, _message(template, subject, figures, posted.id if posted else None))


class BillPayment(Outside):
    """A bill, paid for a customer of a biller."""

    name = OperationType.BILL
    receipt = "wallet_facture"

    def named(self, subject: _Subject) -> dict[str, str]:
        """Return the biller, the customer's reference and our fee."""
        reference = subject.party.partition(" ")[2]
        return {"nom": subject.party_name, "reference": reference, "frais": subject.fee.on_phone()}


class AirtimePurchase(Outside):
    """Airtime, sent to a number."""

    name = OperationType.AIRTIME
    receipt = "wallet_credit"

    def named(self, subject: _Subject) -> dict[str, str]:
        """Return the number, as the payer would dial it."""
        home = normalise(subject.phone, None).country
        return {"tel": normalise(subject.party, None).seen_from(home)}


register(BillPayment())
register(AirtimePurchase())


def _read(session: Session, operation_id: UUID) -> _Subject:
    row = fetch_one(
        session,
        """
        select o.reference, o.state, o.amount_minor, o.fee_minor, o.currency, o.party, o.party_name,
               w.id as wallet_id, w.account_id, u.id as user_id, coalesce(u.phone, '') as phone, u.language
        from ussd_operation o join wallet w on w.id = o.payer_id join users u on u.id = w.user_id where o.id = %s
        """,
        (operation_id,),
    )
    if row is None:
        raise NotFound(thing="operation")
    currency = Currency(row.pop("currency"))
    amount, fee = Money(row.pop("amount_minor"), currency), Money(row.pop("fee_minor"), currency)
    return _Subject(**{**row, "state": OperationState(row["state"])}, amount=amount, fee=fee)


def _reserve(session: Session, subject: _Subject) -> UUID:
    return ledger.open_account(
        session, AccountKind.WALLET_RESERVED, "wallet", subject.wallet_id, subject.amount.currency, label=subject.phone
    )


def _message(
    template: str, subject: _Subject, variables: dict[str, str], transaction_id: UUID | None = None
) -> OutgoingMessage:
    return OutgoingMessage(
        dedupe_key=f"{template}:{subject.reference}",
        type=template,
        channel=Channel.SMS,
        address=subject.phone,
        template_code=template,
        recipient_id=subject.user_id,
        locale=subject.language,
        variables=variables,
        transaction_id=transaction_id,
    )
