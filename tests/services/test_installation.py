"""What every start adds, once, and never takes back."""

from sqlmodel import func, select

from core.database import Database, Session
from core.money import Currency, Money
from core.permissions import SYSTEM
from core.security import digest_token
from core.settings import get_settings
from models.flows import FlowVersion, VersionState
from models.users import ApiKey
from models.ussd import UssdGateway, UssdPublication, UssdRoute, UssdService, VelocityRule
from models.wallets import OperationType, Tariff, WalletLimit
from services import installation, tariffs

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


def test_a_new_shipped_menu_goes_live_where_the_old_one_still_is(rolled_back: Session) -> None:
    installation.install(rolled_back, get_settings())
    service = rolled_back.exec(select(UssdService).where(UssdService.key == "wallet")).one()
    before = rolled_back.get_one(FlowVersion, service.live_version_id)
    before.checksum = "that of an older release"
    rolled_back.flush()
    installation.install(rolled_back, get_settings())
    after = rolled_back.get_one(FlowVersion, service.live_version_id)
    assert (after.number, after.state, before.state) == (2, VersionState.PUBLISHED, VersionState.RETIRED)


def test_a_menu_of_the_operators_own_stays_live(rolled_back: Session) -> None:
    installation.install(rolled_back, get_settings())
    service = rolled_back.exec(select(UssdService).where(UssdService.key == "wallet")).one()
    shipped = rolled_back.get_one(FlowVersion, service.live_version_id)
    own = FlowVersion(flow_id=shipped.flow_id, number=2, state="published", body=shipped.body, checksum="own")
    rolled_back.add(own)
    shipped.checksum = "that of an older release"
    rolled_back.flush()
    service.live_version_id = own.id
    rolled_back.flush()
    installation.install(rolled_back, get_settings())
    assert service.live_version_id == own.id


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
