"""A caisse that pays pensions: its manager and supervisor, a neighbour's, an administrator, and a funded account."""

from dataclasses import dataclass
from uuid import UUID

from core.database import Database
from core.money import Currency
from core.permissions import Actor, Grant, Role, Scope
from models.transfers import ProviderAccount
from services.pensions import accounts
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


def build(database: Database, *, funds_minor: int = 1_000_000) -> PensionWorld:
    """Write both caisses; each account holds `funds_minor` francs."""
    administrator = people.admin_actor(people.admin(database))
    colleague = people.admin_actor(people.admin(database, "adjointe@palabre.org"))
    rail_id = _rail(database)
    own = _caisse(database, administrator, rail_id, "CNSS-BJ", funds_minor)
    foreign = _caisse(database, administrator, rail_id, "CNPS-CI", funds_minor)
    stranger = people.actor(people.person(database, "personne@palabre.example"))
    return PensionWorld(own, foreign, administrator, colleague, stranger)


def _rail(database: Database) -> UUID:
    rail = ProviderAccount(
        code="mojaloop-bj",
        label="Switch",
        adapter="mojaloop",
        environment="fake",
        country="BJ",
        currency="XOF",
        base_url="http://127.0.0.1:4001",
        offers=["payout"],
        state="active",
    )
    with database.transaction() as session:
        session.add(rail)
    return rail.id


def _caisse(database: Database, administrator: Actor, rail_id: UUID, code: str, funds_minor: int) -> Caisse:
    organisation_id = people.organisation(database, code)
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
                currency=Currency.XOF,
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
