"""What every installation needs to serve a phone: menus, services, codes, gateways, prices, rates, the first key.

`install` runs at every start, after the migrations. It adds what is missing and never touches what a person changed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import yaml
from sqlmodel import col, select

from core.database import Session, driver
from core.money import Currency
from core.permissions import SYSTEM
from core.security import digest_token
from core.settings import Settings
from models.flows import Flow, FlowVersion
from models.users import ApiKey
from models.ussd import UssdGateway, UssdPublication, UssdRoute, UssdService, VelocityRule
from models.wallets import OperationType, Tariff, WalletLevel, WalletLimit
from services import audit, flows, offers_seed, provider_seeds
from services.ciu.store import programmes
from services.flows import Finding, PublishVersion, SaveDraft
from services.messages import editions
from services.tariffs import AddTariff, Band, add_tariff

MENUS = Path(__file__).parent.parent / "channels" / "ussd" / "menus"
MENU_TITLES = {"service": "Services", "wallet": "Portefeuille"}
SHIPPED = "Livré avec Palabre"
PIN_LENGTH = 5
KEY_SCOPES = ["ussd", "ussd:read"]
KEY_NAME = "API_KEY"
PREFIX_LENGTH = 6

# One installation at a time, whichever process starts first.
_LOCK = 0x70616C61
_DAY_S = 86_400
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)

_COUNTRIES = {
    "CM": (Currency.XAF, "Africa/Douala"),
    "BJ": (Currency.XOF, "Africa/Porto-Novo"),
    "SN": (Currency.XOF, "Africa/Dakar"),
    "CI": (Currency.XOF, "Africa/Abidjan"),
    "CD": (Currency.CDF, "Africa/Kinshasa"),
}

ROUTES = {"*123#": "service", "*155#": "wallet", "*237*100#": "wallet"}

# How often one subscriber (or one gateway) may do something: capacity, window in seconds.
VELOCITY = (
    ("sessions", 10, 60),
    ("sessions", 60, 3_600),
    ("turns", 60, 60),
    ("lookups", 20, 3_600),
    ("registrations", 3, _DAY_S),
    ("operations", 10, 600),
    ("operations", 60, _DAY_S),
    ("received", 60, 3_600),
    ("gateway", 1_000, 1),
)


class _Price(NamedTuple):
    """A band of amounts and its fee, in francs CFA."""

    type: OperationType
    first: int
    last: int
    fixed: int = 0
    bps: int = 0
    least: int = 0
    most: int | None = None
    payee_bps: int = 0
    commission_bps: int = 0


_PRICES = (
    _Price(OperationType.TRANSFER, 50, 5_000, fixed=50),
    _Price(OperationType.TRANSFER, 5_001, 50_000, bps=100),
    _Price(OperationType.TRANSFER, 50_001, 500_000, fixed=500),
    _Price(OperationType.CASH_OUT, 500, 500_000, bps=150, least=100, most=3_500, commission_bps=4_000),
    _Price(OperationType.BILL, 100, 500_000, fixed=100),
    _Price(OperationType.PAYMENT, 50, 500_000, payee_bps=50),
    _Price(OperationType.SELL, 500, 500_000),
    _Price(OperationType.AIRTIME, 100, 50_000),
    _Price(OperationType.RECHARGE, 500, 500_000, bps=100),
    _Price(OperationType.SUBSCRIPTION, 1, 500_000),
)

# What may be moved at once, by type (None: any other), and the ceilings of a day and of a wallet; francs CFA.
_BOUNDS: dict[OperationType | None, tuple[int, int]] = {
    None: (50, 500_000),
    OperationType.CASH_OUT: (500, 500_000),
    OperationType.AIRTIME: (100, 50_000),
    OperationType.RECHARGE: (500, 500_000),
    OperationType.SELL: (500, 500_000),
    OperationType.BILL: (100, 500_000),
    OperationType.SUBSCRIPTION: (1, 500_000),
}
_DAY_CEILING = 1_000_000
_BALANCE_CEILING = 2_000_000

# How many minor units of a currency stand for one franc CFA in the shipped prices.
_SCALES = {Currency.XAF: 1, Currency.XOF: 1, Currency.CDF: 500}


def install(session: Session, settings: Settings) -> None:
    """Add whatever an installation lacks; safe at every start and from several processes at once."""
    driver(session).execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    currency, timezone = _COUNTRIES.get(settings.ussd_country, _COUNTRIES["CM"])
    services = {
        key: open_service(session, key, name, menu=key, currency=currency, timezone=timezone, settings=settings)
        for key, name in MENU_TITLES.items()
    }
    for code, key in ROUTES.items():
        open_route(session, code, services[key])
    _open_gateways(session, settings, services)
    _set_velocity(session)
    for priced, scale in _SCALES.items():
        _set_limits(session, priced, scale)
        session.flush()
        _set_prices(session, priced, scale)
    _admit_first_key(session, settings)
    provider_seeds.seed_environment(session, settings)
    programmes.install(session, settings)
    editions.install_shipped(session)
    offers_seed.install_shipped(session, currency)


def open_service(
    session: Session, key: str, name: str, *, menu: str, currency: Currency, timezone: str, settings: Settings
) -> UUID:
    """Open the service `key` on a shipped menu, or return the one that exists.

    It follows the menu of each release until a person publishes something on it.
    """
    shipped = _keep_shipped(session, menu)
    service = session.exec(select(UssdService).where(UssdService.key == key)).first()
    if service is None:
        service = UssdService(
            key=key,
            name=name,
            flow_id=shipped.flow_id,
            currency=currency,
            timezone=timezone,
            settings={"brand": settings.ussd_brand, "pin_length": PIN_LENGTH},
        )
        session.add(service)
        session.flush()
    if service.live_version_id != shipped.id and not _is_persons(session, service.id):
        order = PublishVersion(service_key=key, version_id=shipped.id, checksum=shipped.checksum, reason=SHIPPED)
        flows.publish(session, SYSTEM, order, _proved)
    return service.id


def _keep_shipped(session: Session, key: str) -> FlowVersion:
    """Return the version that holds the menu of this release, saved now if it is a new one."""
    body = _read_menu(MENUS / f"{key}.yaml")
    flow = session.exec(select(Flow).where(Flow.key == key)).first()
    if flow is None:
        flow = Flow(key=key, title=MENU_TITLES[key])
        session.add(flow)
        session.flush()
    same = select(FlowVersion).where(
        FlowVersion.flow_id == flow.id,
        FlowVersion.note == SHIPPED,
        FlowVersion.checksum == flows.checksum_of(body),
        col(FlowVersion.created_by).is_(None),
    )
    found = session.exec(same).first()
    if found is not None:
        return found
    saved = flows.save_draft(session, SYSTEM, SaveDraft(flow_key=key, body=body, note=SHIPPED), _proved)
    return session.get_one(FlowVersion, saved.id)


@lru_cache
def _read_menu(path: Path) -> dict[str, Any]:
    menu: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return menu


def _proved(_body: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Find nothing: the menus of a release were linted by its tests."""
    return ()


def _is_persons(session: Session, service_id: UUID) -> bool:
    """Say whether what is live there was put there by a person."""
    newest = session.exec(
        select(UssdPublication)
        .where(UssdPublication.service_id == service_id)
        .order_by(col(UssdPublication.created_at).desc(), col(UssdPublication.id).desc())
    ).first()
    return newest is not None and newest.actor_id is not None


def open_route(session: Session, code: str, service_id: UUID) -> None:
    """Lead a dialled code of every gateway to a service, unless it leads somewhere already."""
    known = select(UssdRoute).where(UssdRoute.code == code, col(UssdRoute.gateway_id).is_(None))
    if session.exec(known).first() is None:
        session.add(UssdRoute(code=code, service_id=service_id))


def _open_gateways(session: Session, settings: Settings, services: dict[str, UUID]) -> None:
    """Open the two built-in accounts behind `/ussd`."""
    words = settings.ussd_command_words.split("/")
    accounts = (
        ("doc-a", "Menu de services", "service", {"auth": "key+ip"}, False),
        ("doc-b", "Portefeuille", "wallet", {"auth": "ip", "command_words": words}, True),
    )
    for key, name, service, options, is_open in accounts:
        if session.exec(select(UssdGateway).where(UssdGateway.key == key)).first() is not None:
            continue
        session.add(
            UssdGateway(
                key=key,
                name=name,
                profile=key.replace("-", "_"),
                country=settings.ussd_country,
                options=options,
                default_service_id=services[service],
                has_anonymous_browse=is_open,
            )
        )


def _set_velocity(session: Session) -> None:
    known = {(rule.name, rule.window_s) for rule in session.exec(select(VelocityRule))}
    session.add_all(
        VelocityRule(name=name, capacity=capacity, window_s=window_s)
        for name, capacity, window_s in VELOCITY
        if (name, window_s) not in known
    )


def _set_prices(session: Session, currency: Currency, scale: int) -> None:
    """Set the shipped prices of a currency that has none at all; after its limits, which they must cover."""
    if session.exec(select(Tariff).where(Tariff.currency == currency)).first() is not None:
        return
    for kind, prices in groupby(_PRICES, key=attrgetter("type")):
        bands = tuple(
            Band(
                from_minor=_band_start(price.first, scale),
                to_minor=price.last * scale,
                fixed_minor=price.fixed * scale,
                bps=price.bps,
                min_minor=price.least * scale,
                max_minor=None if price.most is None else price.most * scale,
                payee_bps=price.payee_bps,
                commission_bps=price.commission_bps,
            )
            for price in prices
        )
        add_tariff(session, SYSTEM, AddTariff(type=kind, currency=currency, valid_from=_SINCE, bands=bands))


def _band_start(francs: int, scale: int) -> int:
    """Scale the first amount of a band: one minor unit above the end of the band before it, where there is one."""
    is_continued = any(price.last + 1 == francs for price in _PRICES)
    return (francs - 1) * scale + 1 if is_continued else francs * scale


def _set_limits(session: Session, currency: Currency, scale: int) -> None:
    """Set the shipped limits of a currency that has none at all."""
    if session.exec(select(WalletLimit).where(WalletLimit.currency == currency)).first() is not None:
        return
    for level, (kind, (least, most)) in product(WalletLevel, _BOUNDS.items()):
        session.add(
            WalletLimit(
                level=level,
                type=kind,
                currency=currency,
                min_minor=least * scale,
                max_minor=most * scale,
                day_minor=None if kind else _DAY_CEILING * scale,
                balance_max_minor=None if kind else _BALANCE_CEILING * scale,
            )
        )


def _admit_first_key(session: Session, settings: Settings) -> None:
    """Admit the key of the environment for `/ussd`; one that was revoked stays so."""
    key = settings.api_key.get_secret_value()
    digest = digest_token(key)
    if key and session.exec(select(ApiKey).where(ApiKey.digest == digest)).first() is None:
        session.add(ApiKey(name=KEY_NAME, prefix=key[:PREFIX_LENGTH], digest=digest, scopes=KEY_SCOPES))
        audit.record(session, SYSTEM, "api_key.create", "api_key", summary=f"{KEY_NAME} ({', '.join(KEY_SCOPES)})")
