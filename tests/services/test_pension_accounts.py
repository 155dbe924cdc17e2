"""Payer accounts and settings: opened and funded by administrators, seen by their own people, nobody else's."""

import pytest

from core.database import Database
from core.errors import Forbidden
from core.money import Currency, Money
from core.permissions import Actor
from models.pension_stages import LookupPolicy
from services import approvals
from services.approvals import ApprovalRow, DecideApproval, SamePerson
from services.ledger import KeyReused
from services.organisations import OrganisationNotFound
from services.pensions import accounts, settings
from services.pensions.accounts import AccountTaken, OpenAccount, RailUnknown, RecordFunding, SetAccountOpen
from services.pensions.refusals import AccountUnknown
from services.pensions.settings import ChangeSettings
from tests.builders import pensions
from tests.builders.pensions import PensionWorld

XOF = Currency.XOF


@pytest.fixture
def world(database: Database) -> PensionWorld:
    return pensions.build(database)


def funding(world: PensionWorld, amount_minor: int, key: str = "virement-2") -> RecordFunding:
    return RecordFunding(account_id=world.own.account.id, amount_minor=amount_minor, key=key, reason="Relevé du 3 mai")


def test_a_funded_account_shows_what_a_batch_can_reserve(database: Database, world: PensionWorld) -> None:
    with database.transaction() as session:
        (account,) = accounts.list_accounts(session, world.own.manager)
    assert account.account_id == "ACC-CNSS-BJ-001"
    assert account.available == account.balance == Money(1_000_000, XOF)
    assert account.reserved == Money(0, XOF)


def test_the_same_transfer_of_the_bank_counts_once(database: Database, world: PensionWorld) -> None:
    for _ in range(2):
        with database.transaction() as session:
            accounts.record_funding(session, world.administrator, funding(world, 50_000))
    with database.transaction() as session:
        assert accounts.find_account(session, world.own.account.id).available.minor == 1_050_000
    with pytest.raises(KeyReused), database.transaction() as session:
        accounts.record_funding(session, world.administrator, funding(world, 60_000))


def test_much_money_asks_for_a_second_administrator(database: Database, world: PensionWorld) -> None:
    with database.transaction() as session:
        asked = accounts.record_funding(session, world.administrator, funding(world, 1_000_001))
        assert isinstance(asked, ApprovalRow)
        assert accounts.find_account(session, world.own.account.id).available.minor == 1_000_000
    decision = DecideApproval(approval_id=asked.id, is_approved=True, reason="Vu sur le relevé")
    with pytest.raises(SamePerson), database.transaction() as session:
        approvals.decide(session, world.administrator, decision)
    with database.transaction() as session:
        approvals.decide(session, world.colleague, decision)
        assert accounts.find_account(session, world.own.account.id).available.minor == 2_000_001


def test_an_account_is_one_party_of_the_switch_and_one_code(database: Database, world: PensionWorld) -> None:
    known = world.own.account
    order = OpenAccount(
        organisation_id=world.own.organisation_id,
        account_id="acc-2",
        party_id_type="BUSINESS",
        party_identifier=known.party_identifier,
        currency=XOF,
        rail_account_id=known.rail_account_id,
    )
    with pytest.raises(AccountTaken), database.transaction() as session:
        accounts.open_account(session, world.administrator, order)
    with pytest.raises(RailUnknown), database.transaction() as session:
        accounts.open_account(session, world.administrator, order.model_copy(update={"currency": Currency.XAF}))
    with database.transaction() as session:
        opened = accounts.open_account(
            session, world.administrator, order.model_copy(update={"party_identifier": "CNSS-BJ-2"})
        )
        closed = accounts.set_account_open(
            session, world.administrator, SetAccountOpen(account_id=opened.id, is_active=False)
        )
    assert (opened.is_active, closed.is_active) == (True, False)


def test_nobody_sees_or_funds_the_account_of_another(database: Database, world: PensionWorld) -> None:
    with database.transaction() as session:
        for actor in (world.own.manager, world.own.supervisor):
            seen = accounts.list_accounts(session, actor)
            assert [account.organisation_id for account in seen] == [world.own.organisation_id]
            with pytest.raises(OrganisationNotFound):
                accounts.list_accounts(session, actor, world.foreign.organisation_id)
            with pytest.raises(OrganisationNotFound):
                settings.get_settings(session, actor, world.foreign.organisation_id)
        assert accounts.list_accounts(session, world.stranger) == []
        assert len(accounts.list_accounts(session, world.administrator)) == 2
    for actor in (world.own.manager, world.own.supervisor, world.stranger):
        refused(database, world, actor)


def refused(database: Database, world: PensionWorld, actor: Actor) -> None:
    with database.transaction() as session:
        with pytest.raises(Forbidden):
            accounts.record_funding(session, actor, funding(world, 10))
        with pytest.raises(Forbidden):
            accounts.set_account_open(session, actor, SetAccountOpen(account_id=world.own.account.id, is_active=False))
        with pytest.raises(Forbidden):
            settings.change_settings(session, actor, ChangeSettings(organisation_id=world.own.organisation_id))


def test_an_organisation_that_never_chose_pays_as_the_document_says(database: Database, world: PensionWorld) -> None:
    with database.transaction() as session:
        kept = settings.get_settings(session, world.own.supervisor, world.own.organisation_id)
    assert kept.countries == ("BJ",)
    assert kept.lookup is LookupPolicy.BEFORE
    assert not kept.needs_approval(10**9)
    assert kept.needs_approval(1, has_accepted_duplicates=True)


def test_settings_are_changed_whole_and_a_foreign_account_is_no_default(
    database: Database, world: PensionWorld
) -> None:
    order = ChangeSettings(
        organisation_id=world.own.organisation_id, four_eyes_from_minor=0, default_account_id=world.own.account.id
    )
    with database.transaction() as session:
        changed = settings.change_settings(session, world.administrator, order)
        assert changed.needs_approval(1)
        assert changed.default_account_id == world.own.account.id
    foreign = order.model_copy(update={"default_account_id": world.foreign.account.id})
    with pytest.raises(AccountUnknown), database.transaction() as session:
        settings.change_settings(session, world.administrator, foreign)
