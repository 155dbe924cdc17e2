"""A caisse that pays pensions: its manager and supervisor, a neighbour's, an administrator, and a funded account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from core import clock
from core.database import Database, Session, driver
from core.money import Currency, Money
from core.permissions import Actor, Grant, Role, Scope
from models.ledger import Source
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from models.transfers import ProviderAccount
from services import approvals, ledger
from services.approvals import ApprovalRow, DecideApproval
from services.ledger import Posting
from services.pensions import accounts, seal
from services.pensions.accounts import AccountRow, OpenAccount, RecordFunding
from tests.builders import people


@dataclass(frozen=True)
class Caisse:
    """One organisation and its people."""

    organisation_id: UUID
    manager: Actor
    supervisor: Actor
    account: AccountRow


@dataclass(frozen=True)
class PensionWorld:
    """The caisse of the document's example, another one, and who administers the platform."""

    own: Caisse
    foreign: Caisse
    administrator: Actor
    colleague: Actor
    stranger: Actor


def build(
    database: Database, *, funds_minor: int = 1_000_000, country: str = "BJ", currency: Currency = Currency.XOF
) -> PensionWorld:
    """Write both caisses; each account holds `funds_minor` minor units."""
    administrator = people.admin_actor(people.admin(database))
    colleague = people.admin_actor(people.admin(database, "adjointe@palabre.org"))
    rail_id = _rail(database, currency)
    own, foreign = (
        _caisse(database, administrator, rail_id, code, funds_minor, (country, currency))
        for code in ("CNSS-BJ", "CNPS-CI")
    )
    stranger = people.actor(people.person(database, "personne@palabre.example"))
    return PensionWorld(own, foreign, administrator, colleague, stranger)


def _rail(database: Database, currency: Currency) -> UUID:
    rail = ProviderAccount(
        code="mojaloop-bj",
        label="Switch",
        adapter="mojaloop",
        environment="fake",
        country="BJ",
        currency=currency,
        base_url="http://127.0.0.1:4001",
        offers=["payout"],
        state="active",
    )
    with database.transaction() as session:
        session.add(rail)
    return rail.id


def _caisse(
    database: Database, administrator: Actor, rail_id: UUID, code: str, funds_minor: int, place: tuple[str, Currency]
) -> Caisse:
    country, currency = place
    organisation_id = people.organisation(database, code, country=country)
    with database.transaction() as session:
        account = accounts.open_account(
            session,
            administrator,
            OpenAccount(
                organisation_id=organisation_id,
                account_id=f"ACC-{code}-001",
                party_id_type="BUSINESS",
                party_identifier=code,
                display_name="Caisse Nationale de Sécurité Sociale",
                currency=currency,
                rail_account_id=rail_id,
            ),
        )
        if funds_minor:
            funding = RecordFunding(
                account_id=account.id, amount_minor=funds_minor, key="virement-1", reason="Virement"
            )
            accounts.record_funding(session, administrator, funding)
        account = accounts.find_account(session, account.id)
    return Caisse(
        organisation_id,
        _member(database, organisation_id, Role.GESTIONNAIRE, code),
        _member(database, organisation_id, Role.SUPERVISEUR, code),
        account,
    )


def _member(database: Database, organisation_id: UUID, role: Role, code: str) -> Actor:
    user_id = people.person(database, f"{role.lower()}@{code.lower()}.example")
    people.holds(database, user_id, Scope.ORGANISATION, role, organisation_id)
    return people.actor(user_id, Grant(Scope.ORGANISATION, role, organisation_id))


# A batch as it stands once it was confirmed: sealed, reserved, claimed. Made by hand, for those who only send it.


@dataclass(frozen=True)
class Payee:
    """One row of a batch; `name` as the file declares it."""

    identifier: str
    amount_minor: int = 50_000
    name: str = ""
    fsp_id: str = ""
    id_type: str = "MSISDN"


def numbers(*codes: str) -> list[Payee]:
    """Return payees whose last three digits ask the fake for these tales."""
    return [Payee(f"+22901{n:05}{code}") for n, code in enumerate(codes)]


def crowd(count: int, amount_minor: int = 50_000) -> list[Payee]:
    """Return payees whose numbers ask for no tale: chance decides."""
    return [Payee(f"+229019{n // 700:04}{n % 700:03}", amount_minor + n % 7) for n in range(count)]


def queued(database: Database, caisse: Caisse, payees: Sequence[Payee], **columns: Any) -> PensionBatch:
    """Write a confirmed batch, its money reserved, its persons claimed, its seal set; it waits to be sent."""
    total_minor = sum(one.amount_minor for one in payees)
    batch = PensionBatch(
        **{
            "bulk_id": f"bulk-{uuid4().hex[:12]}",
            "organisation_id": caisse.organisation_id,
            "account_id": caisse.account.id,
            "currency": "XOF",
            "cycle": "2025-12",
            "stage": BatchStage.QUEUED,
            "total_count": len(payees),
            "total_minor": total_minor,
            "waiting_count": len(payees),
            "waiting_minor": total_minor,
            "created_by": caisse.manager.user_id,
            "confirmed_by": caisse.manager.user_id,
            "confirmed_at": clock.now(),
            **columns,
        }
    )
    with database.transaction(statement_timeout_ms=60_000) as session:
        session.add(batch)
        session.flush()
        _load(session, batch, payees)
        if batch.stage != BatchStage.DRAFT:
            _reserve(session, caisse, batch)
        batch.seal = seal.compute(session, batch.id)
    return batch


def payment_id(batch_id: UUID, line: int) -> UUID:
    """Return a payment's id: twelve octets of its batch, four of its line."""
    return UUID(bytes=batch_id.bytes[:12] + line.to_bytes(4, "big"))


def _load(session: Session, batch: PensionBatch, payees: Sequence[Payee]) -> None:
    columns = (
        "id, created_at, batch_id, organisation_id, line, id_type, identifier, identifier_raw, rail_identifier, fsp_id,"
        " amount_minor, purpose, occurrence, name, name_found, name_verdict, stage, tries, code, reason, is_retryable,"
        " fee_minor"
    )
    now = clock.now()
    with driver(session).cursor() as cursor, cursor.copy(f"copy pension_payment ({columns}) from stdin") as copy:
        for line, one in enumerate(payees, start=2):
            head = (payment_id(batch.id, line), now, batch.id, batch.organisation_id, line, one.id_type)
            payee = (one.identifier, one.identifier, "", one.fsp_id, one.amount_minor, "PENSION", 1, one.name)
            copy.write_row((*head, *payee, "", "", PaymentStage.WAITING, 0, "", "", False, 0))


def _reserve(session: Session, caisse: Caisse, batch: PensionBatch) -> None:
    driver(session).execute(
        """
        insert into pension_claim (organisation_id, payee_key, cycle, purpose, occurrence, payment_id)
        select organisation_id, id_type || ':' || identifier, %s, purpose, occurrence, id
        from pension_payment where batch_id = %s
        """,
        (batch.cycle, batch.id),
    )
    account = caisse.account
    claim = Posting(Source.PENSION, f"reserve:{batch.id}", "pension_reserve", ())
    amount = Money(batch.total_minor, Currency.XOF)
    ledger.reserve(session, account.available_account_id, account.reserved_account_id, amount, claim)


def fund(database: Database, world: PensionWorld, caisse: Caisse, amount_minor: int) -> None:
    """Put money on a caisse's account, as two administrators agree to."""
    funding = RecordFunding(
        account_id=caisse.account.id, amount_minor=amount_minor, key="virement-2", reason="Virement de la caisse"
    )
    with database.transaction() as session:
        asked = accounts.record_funding(session, world.administrator, funding)
        if isinstance(asked, ApprovalRow):
            approvals.decide(session, world.colleague, DecideApproval(approval_id=asked.id, is_approved=True))
