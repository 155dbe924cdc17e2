"""Demo data: three months of a lively installation in four countries, the same for the same seed; development only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import select

from channels.ussd import contracts
from commands.demo import ciu, gateways, load, merchants, pensions, people
from commands.demo.chance import Chance
from commands.demo.history import Account, History
from commands.demo.ledgers import open_till, post
from commands.demo.offers import write_offers
from commands.demo.operators import open_outside, write_outside
from commands.demo.people import STAFF, Secrets, Subscriber
from commands.demo.places import PLACES, Place
from commands.demo.rhythm import DAYS
from commands.demo.screens import Menu
from commands.demo.surveys import write_surveys
from commands.demo.trail import draw_trail
from core import clock, formats
from core.database import Database, Session, driver
from core.errors import Refusal
from core.settings import Settings
from models.flows import FlowVersion
from models.users import User
from models.ussd import UssdGateway, UssdService
from services import installation, provider_seeds, rollups

SEED = 2026
SESSIONS = 22_500
TIME_LIMIT_MS = 120_000

# One demo at a time.
_LOCK = 0x64656D6F

Progress = Callable[[float], None]


class OnlyInDevelopment(Refusal):
    """Demo data has known passwords and PINs."""

    code = "developpement_seulement"
    status = 403
    sentence = "Les données de démonstration n'existent qu'en développement."


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was done: figures, or `is_new` false when the demo was there already."""

    is_new: bool
    sessions: int = 0
    turns: int = 0
    transfers: int = 0
    people: tuple[Subscriber, ...] = field(default=(), repr=False)

    def figures(self) -> dict[str, str]:
        """Return the figures as a terminal shows them."""
        counts = {
            "sessions": self.sessions, "turns": self.turns, "transfers": self.transfers, "subscribers": len(self.people)
        }  # fmt: skip
        return {name: formats.count(number) for name, number in counts.items()}


def require_development(settings: Settings) -> None:
    """Refuse everywhere else: demo data has known passwords and PINs."""
    if not settings.is_forgiving:
        raise OnlyInDevelopment


def seed(
    database: Database,
    settings: Settings,
    *,
    seed_number: int = SEED,
    sessions: int = SESSIONS,
    progress: Progress = lambda _share: None,
) -> Seeded:
    """Install what is missing and write the demo over it, all or nothing; a second call finds it there.

    Pensions come after it, each batch by the verbs of its people in transactions of their own; identifiers come last.
    """
    require_development(settings)
    now = clock.now()
    with database.transaction() as session:
        installation.install(session, settings)
    with database.transaction() as session:
        provider_seeds.make_missing_fakes(session)
    with database.transaction(statement_timeout_ms=TIME_LIMIT_MS) as session:
        driver(session).execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        if is_seeded(session):
            return Seeded(is_new=False)
        done = _write(session, settings, Chance(seed_number), now, sessions, progress)
    pensions.write(database, seed_number)
    ciu.write(database, seed_number)
    return done


def is_seeded(session: Session) -> bool:
    """Say whether the demo is there."""
    return session.exec(select(User.id).where(User.email == STAFF[0].email)).first() is not None


def _write(
    session: Session, settings: Settings, chance: Chance, now: datetime, count: int, progress: Progress
) -> Seeded:
    everybody = people.draw_subscribers(chance, now)
    with _hashing(everybody) as secrets:
        accounts = _open_accounts(session, settings)
        till = open_till(session, chance, {place.currency for place in PLACES})
        people.open_wallet_accounts(session, everybody)
        outside = open_outside(session, chance, now, till, everybody)
        history = History(chance, now, settings.ussd_brand, everybody, till, accounts, outside)
        for share in history.draw(count):
            progress(0.35 * share)
        staff = people.write_staff(session, chance, now, secrets.passwords)
        people.write_subscribers(session, chance, everybody, secrets.pins)
    for done in post(session, till.postings):
        progress(0.35 + 0.2 * done / len(till.postings))
    rows = history.rows
    load.copy(session, "ussd_operation", load.OPERATIONS, rows.operations)
    write_outside(session, outside)
    load.copy(session, "ussd_session", load.SESSIONS, rows.sessions)
    progress(0.65)
    load.copy(session, "ussd_turn", load.TURNS, rows.turns)
    progress(0.85)
    load.copy(session, "message", load.MESSAGES, rows.messages)
    _write_trail(session, chance, now, staff, everybody)
    merchants.write(session, chance, now)
    write_offers(session, chance, now, everybody)
    write_surveys(session, chance, now, everybody)
    gateways.open_serving(session, chance, now)
    progress(0.95)
    driver(session).execute("select ussd_rollup(%s, %s)", (now - timedelta(days=DAYS + 1), now + timedelta(hours=1)))
    rollups.count_figures(session, rollups.list_due_figures(session))
    progress(1.0)
    operations = len(rows.operations) + len(outside.rows.operations)
    return Seeded(True, len(rows.sessions), len(rows.turns), operations, tuple(everybody))


@contextmanager
def _hashing(everybody: list[Subscriber]) -> Iterator[Secrets]:
    secrets = Secrets(everybody)
    try:
        yield secrets
    finally:
        secrets.stop()


def _open_accounts(session: Session, settings: Settings) -> dict[str, Account]:
    """Return the services by key, with one of the wallet for each country beside the installed two."""
    for place in PLACES:
        service_id = installation.open_service(
            session,
            place.service,
            f"Portefeuille {place.name}",
            menu="wallet",
            currency=place.currency,
            timezone=place.timezone,
            settings=settings,
        )
        installation.open_route(session, place.code, service_id)
    session.flush()
    known = {gateway.key: gateway.id for gateway in session.exec(select(UssdGateway))}
    codes = {place.service: place.code for place in PLACES} | {"service": "*123#"}
    accounts = {}
    for service in session.exec(select(UssdService)):
        version_row = session.get_one(FlowVersion, service.live_version_id)
        contract = contracts.A if service.key == "service" else contracts.B
        accounts[service.key] = Account(
            gateway_id=known[contracts.ACCOUNTS[contract.key]],
            service_id=service.id,
            version_id=version_row.id,
            code=codes.get(service.key, "").strip("*#"),
            menu=Menu(version_row.body),
            contract=contract,
        )
    for place in PLACES:
        _open_service_menu(session, place, settings)
    gateways.open_paused(session, settings.ussd_country)
    return accounts


def _open_service_menu(session: Session, place: Place, settings: Settings) -> None:
    """Serve a country's subscribers their balance in their own currency on the code everybody dials."""
    if place.service != "wallet":
        installation.open_service(
            session,
            place.service.replace("wallet", "service"),
            f"Services {place.name}",
            menu="service",
            currency=place.currency,
            timezone=place.timezone,
            settings=settings,
        )


def _write_trail(
    session: Session, chance: Chance, now: datetime, staff: list[UUID], everybody: list[Subscriber]
) -> None:
    entries, last_seen = draw_trail(chance, now, staff, everybody)
    load.copy(session, "audit_entry", load.AUDIT, entries)
    for user in session.exec(select(User).where(User.email != None)):  # noqa: E711  # SQL's is not null
        user.last_login_at = last_seen.get(user.id)
    session.flush()
