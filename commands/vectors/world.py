"""The world of the dialogue vectors: subscribers with PINs and money, tariffs, limits, routes, both menus."""

import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.ussd import gateways
from commands.vectors import offers, points_of_sale, surveys
from core import clock, ids
from core.database import Database, Session, driver
from core.money import Currency, Money
from core.phone import mask_phone
from core.security import digest_token, hash_pin
from models.flows import Flow, FlowVersion
from models.ledger import AccountKind, Source
from models.users import ApiKey, PinCredential, User
from models.ussd import UssdGateway, UssdRoute, UssdService
from models.wallets import Tariff, Wallet, WalletLimit
from services import ledger
from services.ledger import Leg, Posting

API_KEY = "k-0123456789abcdef0123456789"
LEVELS = {"client": "1", "agent": "agent", "merchant": "merchant"}


Vectors = dict[str, Any]


def merged(vectors: Vectors, own: dict[str, Any] | None) -> dict[str, Any]:
    """Return the world with a dialogue's own part merged over it, member by member; a list replaces a list."""
    return _over(copy.deepcopy(vectors["world"]), own or {})


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    for name, value in above.items():
        is_both = isinstance(value, dict) and isinstance(below.get(name), dict)
        below[name] = _over(below[name], value) if is_both else value
    return below


def build(database: Database, vectors: Vectors, own: dict[str, Any] | None = None) -> None:
    """Write the whole world of these vectors into an empty database."""
    world = merged(vectors, own)
    gateways.forget()
    with database.transaction() as session:
        services = {key: _service(session, key, body, world) for key, body in vectors["menus"].items()}
        session.add(
            ApiKey(name="vecteurs", prefix=API_KEY[:6], digest=digest_token(API_KEY), scopes=["ussd", "ussd:read"])
        )
        for account, contract, options, is_open in (
            ("doc-a", "A", {"auth": "key+ip"}, False),
            ("doc-b", "B", {"auth": "ip"}, True),
        ):
            session.add(
                UssdGateway(
                    key=account,
                    name=account,
                    profile=account.replace("-", "_"),
                    country=world["country"],
                    options=options,
                    default_service_id=services[world["defaults"][contract]],
                    has_anonymous_browse=is_open,
                )
            )
        for code, key in world["routes"].items():
            session.add(UssdRoute(code=code, service_id=services[key]))
        _prices(session, world)
        session.flush()
        for person in world["subscribers"]:
            subscriber(session, person, Currency(world["currency"]), world["country"])
        points_of_sale.build(session, world)
        offers.build(session, world)
        surveys.write(session, world)


def subscriber(session: Session, person: dict[str, Any], currency: Currency, country: str = "CM") -> UUID:
    """Write one person with wallet, PIN and money; return the wallet's id."""
    first, _, last = person["name"].partition(" ")
    user = User(
        phone=person["phone"],
        phone_proved_at=clock.now(),
        first_name=first,
        last_name=last,
        state=person.get("status", "active"),
        country=country,
    )
    session.add(user)
    session.flush()
    wallet_id = ids.new_id()
    account = ledger.open_account(
        session, AccountKind.WALLET, "wallet", wallet_id, currency, label=mask_phone(person["phone"])
    )
    session.add(
        Wallet(id=wallet_id, user_id=user.id, currency=currency, level=LEVELS[person["role"]], account_id=account)
    )
    hashed = hash_pin(user.id, person["pin"])
    session.add(PinCredential(user_id=user.id, hash=hashed.hash, pepper_id=hashed.pepper_id, changed_at=clock.now()))
    session.flush()
    if person["balance"]:
        opening = ledger.house_account(session, AccountKind.OPENING, currency)
        amount = Money(person["balance"], currency)
        legs = (Leg(opening, amount), Leg(account, -amount))
        ledger.post(session, Posting(Source.MANUAL, f"opening:{user.id}", "opening", legs, ""))
    return wallet_id


def _service(session: Session, key: str, body: dict[str, Any], world: dict[str, Any]) -> UUID:
    flow = Flow(key=key, title=key)
    session.add(flow)
    session.flush()
    version = FlowVersion(
        flow_id=flow.id, number=1, state="published", body=body, checksum=key, published_at=clock.now()
    )
    session.add(version)
    session.flush()
    service = UssdService(
        key=key,
        name=key,
        flow_id=flow.id,
        live_version_id=version.id,
        currency=world["currency"],
        settings={"brand": world["brand"], "pin_length": world["pin_length"]},
    )
    session.add(service)
    session.flush()
    return service.id


def _prices(session: Session, world: dict[str, Any]) -> None:
    currency = world["currency"]
    for row in world["tariffs"]:
        session.add(
            Tariff(
                type=row["type"],
                currency=currency,
                from_minor=row["from"],
                to_minor=row["to"],
                fixed_minor=row.get("fixed", 0),
                bps=row.get("bps", 0),
                min_minor=row.get("min", 0),
                max_minor=row.get("max"),
                payee_bps=row.get("payee_bps", 0),
                commission_bps=row.get("commission_bps", 0),
                valid_from=datetime.fromisoformat("2020-01-01T00:00:00Z"),
            )
        )
    limits = world["limits"]
    for level in ("0", "1", "agent", "merchant"):
        session.add(
            WalletLimit(
                level=level,
                currency=currency,
                min_minor=limits["default"]["min"],
                max_minor=limits["default"]["max"],
                day_minor=limits["day"],
                balance_max_minor=limits["balance_max"],
            )
        )
        for kind, row in limits.items():
            if isinstance(row, dict) and kind != "default":
                session.add(
                    WalletLimit(level=level, type=kind, currency=currency, min_minor=row["min"], max_minor=row["max"])
                )


# What is looked for afterwards


def everything(database: Database) -> str:
    """Return every row of every table as text, for what must occur nowhere."""
    with database.transaction() as session:
        connection = driver(session)
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE'"
        ).fetchall()
        rows = [connection.execute(f'select t::text from "{name}" t').fetchall() for (name,) in tables]
    return "\n".join(str(row[0]) for table in rows for row in table)


def balance(session: Session, phone: str) -> int:
    """Return what a wallet holds, by phone."""
    row = driver(session).execute(
        "select a.balance from wallet w join users u on u.id = w.user_id join ledger_account a on a.id = w.account_id"
        " where u.phone = %s",
        (phone,),
    )
    found = row.fetchone()
    assert found is not None  # noqa: S101  # who is asked about is there
    return int(found[0])
