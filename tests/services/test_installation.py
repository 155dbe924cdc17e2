"""What every start adds, once, and never takes back."""

from pathlib import Path

import pytest
from sqlmodel import func, select

from core.database import Database, Session
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from core.security import digest_token
from core.settings import get_settings
from models.flows import FlowVersion, VersionState
from models.users import ApiKey, User
from models.ussd import UssdGateway, UssdPublication, UssdRoute, UssdService, VelocityRule
from models.wallets import OperationType, Tariff, WalletLimit
from services import flows, installation, tariffs

TABLES = (UssdService, UssdGateway, UssdRoute, UssdPublication, FlowVersion, VelocityRule, Tariff, WalletLimit, ApiKey)


def counts(session: Session) -> list[int]:
    return [session.exec(select(func.count()).select_from(table)).one() for table in TABLES]


def test_a_first_start_opens_both_doors_and_a_second_adds_nothing(rolled_back: Session) -> None:
    installation.install(rolled_back, get_settings())
    first = counts(rolled_back)
    assert first == [2, 2, 3, 2, 2, 9, 30, 84, 1]
    installation.install(rolled_back, get_settings())
    assert counts(rolled_back) == first
    services = {service.id: service.key for service in rolled_back.exec(select(UssdService))}
    routes = {route.code: services[route.service_id] for route in rolled_back.exec(select(UssdRoute))}
    assert routes == {"*123#": "service", "*155#": "wallet", "*237*100#": "wallet"}
    gateways = {gateway.key: gateway for gateway in rolled_back.exec(select(UssdGateway))}
    assert gateways["doc-a"].options == {"auth": "key+ip"}
    assert gateways["doc-b"].options == {"auth": "ip", "command_words": ["CON", "END"]}
    assert [gateways[key].has_anonymous_browse for key in ("doc-a", "doc-b")] == [False, True]
    key = rolled_back.exec(select(ApiKey)).one()
    assert key.digest == digest_token(get_settings().api_key.get_secret_value())
    assert key.scopes == ["ussd", "ussd:read"]


def test_what_a_person_changed_stays(rolled_back: Session) -> None:
    installation.install(rolled_back, get_settings())
    rule = rolled_back.exec(select(VelocityRule).where(VelocityRule.name == "turns")).one()
    route = rolled_back.exec(select(UssdRoute).where(UssdRoute.code == "*155#")).one()
    key = rolled_back.exec(select(ApiKey)).one()
    service = rolled_back.exec(select(UssdService).where(UssdService.key == "service")).one()
    rule.capacity, route.service_id, key.revoked_at = 1_000, service.id, key.created_at
    rolled_back.flush()
    installation.install(rolled_back, get_settings())
    rolled_back.expire_all()
    assert (rule.capacity, route.service_id, key.revoked_at) == (1_000, service.id, key.created_at)
    assert rolled_back.exec(select(func.count()).select_from(ApiKey)).one() == 1


@pytest.fixture
def older_release(rolled_back: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An installation of a release whose wallet menu greeted otherwise; this release's menus are back in place."""
    for path in installation.MENUS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("Bienvenue sur", "Bonjour de"))
    with monkeypatch.context() as older:
        older.setattr(installation, "MENUS", tmp_path)
        installation.install(rolled_back, get_settings())
    return rolled_back


def wallet(session: Session) -> UssdService:
    return session.exec(select(UssdService).where(UssdService.key == "wallet")).one()


def test_a_new_release_brings_its_menu(older_release: Session) -> None:
    before = older_release.get_one(FlowVersion, wallet(older_release).live_version_id)
    installation.install(older_release, get_settings())
    after = older_release.get_one(FlowVersion, wallet(older_release).live_version_id)
    assert (before.number, before.state) == (1, VersionState.RETIRED)
    assert (after.number, after.state) == (2, VersionState.PUBLISHED)
    assert after.body["screens"]["welcome"]["text"]["fr"] == "Bienvenue sur {brand}"


def test_what_an_operator_put_live_stays_live(older_release: Session) -> None:
    operator = User(first_name="Grâce", last_name="Mbuyi")
    older_release.add(operator)
    older_release.flush()
    grace = Actor(operator.id, "Grâce Mbuyi", (Grant(Scope.USSD, Role.OPERATEUR),))
    shipped = older_release.get_one(FlowVersion, wallet(older_release).live_version_id)
    draft = flows.save_draft(older_release, grace, flows.SaveDraft(flow_key="wallet", body=shipped.body), lambda _: ())
    order = flows.PublishVersion(service_key="wallet", version_id=draft.id, checksum=draft.checksum)
    flows.publish(older_release, grace, order, lambda _: ())
    installation.install(older_release, get_settings())
    assert wallet(older_release).live_version_id == draft.id


def test_every_currency_is_priced_from_its_smallest_to_its_largest_amount(database: Database) -> None:
    with database.transaction() as session:
        installation.install(session, get_settings())
        for currency, scale in ((Currency.XAF, 1), (Currency.XOF, 1), (Currency.CDF, 500)):
            rows = [
                row for row in tariffs.list_tariffs(session, SYSTEM, currency) if row["type"] == OperationType.TRANSFER
            ]
            fees = []
            for francs in (50, 5_000, 9_000, 50_000, 500_000):
                amount = Money(francs * scale, currency)
                row = next(row for row in rows if row["from_minor"] <= amount.minor <= row["to_minor"])
                fees.append(tariffs.price(row, OperationType.TRANSFER, amount).fee.minor)
            assert fees == [fee * scale for fee in (50, 50, 90, 500, 500)]
