"""Who lives in the demo: organisations, staff with every role, and subscribers in four countries."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from commands.demo.chance import Chance
from commands.demo.places import CAMEROON, PLACES, Place
from commands.demo.rhythm import DAYS
from core import security
from core.database import Session
from core.permissions import Role, Scope
from core.phone import mask_phone
from core.security import PinHash
from models.ledger import AccountKind
from models.organisations import Organisation, RoleGrant
from models.users import PinCredential, User, UserState
from models.wallets import Wallet, WalletLevel
from services import ledger
from services.wallets import shown_name

# Known on purpose: the demo exists in development only.
PASSWORD = "Sous-le-baobab-2026"  # noqa: S105

ORGANISATIONS = (
    ("CNSS-BJ", "CNSS Bénin", "BJ", "Africa/Porto-Novo"),
    ("IPRES-SENEGAL", "Institution de prévoyance retraite du Sénégal", "SN", "Africa/Dakar"),
    ("CNPS-CAMEROUN", "Caisse nationale de prévoyance sociale du Cameroun", "CM", "Africa/Douala"),
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """One member of staff; `organisation` is a code, in the organisation scope only."""

    first_name: str
    last_name: str
    email: str
    phone: str
    role: Role
    scope: Scope = Scope.PLATFORM
    organisation: str = ""

    @property
    def scope_name(self) -> str:
        """Return the scope as the documents write it: `platform`, `ussd`, `organisation:CODE`."""
        return f"{self.scope}:{self.organisation}" if self.organisation else str(self.scope)


STAFF = (
    Colleague("Mireille", "Bongo", "mireille.bongo@palabre.example", "+237699100001", Role.ADMIN),
    Colleague("Grâce", "Mbuyi", "grace.mbuyi@palabre.example", "+243811000002", Role.OPERATEUR, Scope.USSD),
    Colleague("Yao", "Kouassi", "yao.kouassi@palabre.example", "+2250707100003", Role.LECTEUR, Scope.USSD),
    Colleague(
        "Bénédicte", "Hounkpatin", "gestionnaire@cnss.bj", "+2290197100004",
        Role.GESTIONNAIRE, Scope.ORGANISATION, "CNSS-BJ",
    ),
    Colleague(
        "Codjo", "Agossou", "superviseur@cnss.bj", "+2290197100005",
        Role.SUPERVISEUR, Scope.ORGANISATION, "CNSS-BJ",
    ),
    Colleague(
        "Rosine", "Dossou", "rosine.dossou@cnss.bj", "+2290197100010",
        Role.GESTIONNAIRE, Scope.ORGANISATION, "CNSS-BJ",
    ),
    Colleague(
        "Fatou", "Ndiaye", "f.ndiaye@ipres.example", "+221771000006",
        Role.GESTIONNAIRE, Scope.ORGANISATION, "IPRES-SENEGAL",
    ),
    Colleague(
        "Moussa", "Diop", "m.diop@ipres.example", "+221771000007",
        Role.SUPERVISEUR, Scope.ORGANISATION, "IPRES-SENEGAL",
    ),
    Colleague("Aïssatou", "Barry", "aissatou.barry@palabre.example", "+221771000008", Role.OPERATEUR, Scope.CIU),
    Colleague("Serge", "Ilunga", "serge.ilunga@palabre.example", "+243811000009", Role.LECTEUR, Scope.CIU),
    Colleague("Chantal", "Ngo Bassong", "chantal.ngo@palabre.example", "+237699100010", Role.MEMBRE),
    Colleague("Kofi", "Adjovi", "kofi.adjovi@palabre.example", "+2290197100011", Role.MEMBRE),
)  # fmt: skip  # one person, one row


@dataclass(slots=True, eq=False)
class Subscriber:
    """A person with a wallet. `balance` follows the ledger while history is written; amounts in minor units."""

    user_id: UUID
    wallet_id: UUID
    place: Place
    phone: str
    first_name: str
    last_name: str
    network: str
    joined_at: datetime
    pin: str
    language: str = "fr"
    city: str = ""
    level: WalletLevel = WalletLevel.SELF_REGISTERED
    state: UserState = UserState.ACTIVE
    activity: float = 1.0
    final_balance: int | None = None
    account_id: UUID = field(default_factory=lambda: UUID(int=0))
    balance: int = 0
    contacts: list["Subscriber"] = field(default_factory=list, repr=False)
    shown_name: str = ""

    def __post_init__(self) -> None:
        self.shown_name = shown_name(self.first_name, self.last_name)

    @property
    def name(self) -> str:
        """Return the registered name."""
        return f"{self.first_name} {self.last_name}"


# The people of the scripted dialogues: their phones, PINs and balances are the ones the documents use.
_KNOWN = (
    ("+237699000001", "Awa", "Mbarga", "Orange", WalletLevel.IDENTIFIED, "48213", 10_000, UserState.ACTIVE),
    ("+237677000002", "Jean", "Nkolo", "MTN", WalletLevel.IDENTIFIED, "73519", 2_500, UserState.ACTIVE),
    ("+237699000003", "Kiosque", "Mokolo", "Orange", WalletLevel.AGENT, "90467", 200_000, UserState.ACTIVE),
    ("+237677000004", "Boutique", "Etoile", "MTN", WalletLevel.MERCHANT, "26840", 0, UserState.ACTIVE),
    ("+237699000005", "Paul", "Ateba", "Orange", WalletLevel.IDENTIFIED, "61937", 100, UserState.ACTIVE),
    ("+237699000006", "Marie", "Essomba", "Orange", WalletLevel.IDENTIFIED, "35792", 5_000, UserState.SUSPENDED),
    ("+237699000007", "Rita", "Biya", "Orange", WalletLevel.IDENTIFIED, "58024", 1_990_000, UserState.ACTIVE),
)

_OLD_SHARE = 0.55
_SUSPENDED_SHARE = 0.012
_OTHER_LANGUAGE_SHARE = 0.08
_IDENTIFIED_SHARE = 0.35
_FEWEST_CONTACTS, _MOST_CONTACTS = 3, 9


def draw_subscribers(chance: Chance, now: datetime) -> list[Subscriber]:
    """Draw everybody who has a wallet, the known people first."""
    people = [_known(chance, now, row) for row in _KNOWN]
    taken = {person.phone for person in people} | {colleague.phone for colleague in STAFF}
    for place in PLACES:
        people += [_stranger(chance, now, place, taken) for _ in range(place.subscribers)]
    for place in PLACES:
        neighbours = [person for person in people if person.place is place]
        for person in neighbours:
            others = [other for other in neighbours if other is not person]
            person.contacts = chance.sample(others, chance.randint(_FEWEST_CONTACTS, _MOST_CONTACTS))
    return people


def draw_phone(chance: Chance, place: Place, taken: set[str]) -> tuple[str, str]:
    """Return a number that nobody has and the operator that issued it."""
    while True:
        prefix, network = chance.choice(place.prefixes)
        phone = place.calling + prefix + chance.digits(place.digits - len(prefix))
        if phone not in taken:
            taken.add(phone)
            return phone, network


def _known(
    chance: Chance, now: datetime, row: tuple[str, str, str, str, WalletLevel, str, int, UserState]
) -> Subscriber:
    phone, first_name, last_name, network, level, pin, balance, state = row
    joined_at = now - timedelta(days=chance.randint(DAYS + 5, DAYS + 60), hours=chance.randint(0, 23))
    return Subscriber(
        user_id=chance.id_at(joined_at),
        wallet_id=chance.id_at(joined_at),
        place=CAMEROON,
        phone=phone,
        first_name=first_name,
        last_name=last_name,
        network=network,
        joined_at=joined_at,
        pin=pin,
        city="Yaoundé",
        level=level,
        state=state,
        activity=3.0,
        final_balance=balance,
    )


def _stranger(chance: Chance, now: datetime, place: Place, taken: set[str]) -> Subscriber:
    phone, network = draw_phone(chance, place, taken)
    days_ago = chance.uniform(DAYS + 1, DAYS + 300) if chance.is_true(_OLD_SHARE) else chance.uniform(0.05, DAYS - 1)
    joined_at = now - timedelta(days=days_ago)
    return Subscriber(
        user_id=chance.id_at(joined_at),
        wallet_id=chance.id_at(joined_at),
        place=place,
        phone=phone,
        first_name=chance.choice(place.first_names),
        last_name=chance.choice(place.last_names),
        network=network,
        joined_at=joined_at,
        pin=chance.pin(phone),
        language=place.other_language if chance.is_true(_OTHER_LANGUAGE_SHARE) else "fr",
        city=chance.choice(place.cities),
        level=WalletLevel.IDENTIFIED if chance.is_true(_IDENTIFIED_SHARE) else WalletLevel.SELF_REGISTERED,
        state=UserState.SUSPENDED if chance.is_true(_SUSPENDED_SHARE) else UserState.ACTIVE,
        activity=chance.paretovariate(1.4),
    )


class Secrets:
    """Hashes the demo's passwords and PINs on threads of its own while the history is drawn."""

    def __init__(self, people: list[Subscriber]) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="demo-secret")
        self.passwords: list[Future[str]] = [self._pool.submit(security.hash_password, PASSWORD) for _ in STAFF]
        self.pins: list[Future[PinHash]] = [
            self._pool.submit(security.hash_pin, person.user_id, person.pin) for person in people
        ]

    def stop(self) -> None:
        """Forget what is not hashed yet and let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def write_staff(session: Session, chance: Chance, now: datetime, passwords: list[Future[str]]) -> list[UUID]:
    """Write organisations and staff with their roles; return the users' ids in the order of `STAFF`."""
    since = now - timedelta(days=DAYS + 30)
    organisations = {
        code: Organisation(
            id=chance.id_at(since), created_at=since, code=code, name=name, country=country, timezone=timezone
        )
        for code, name, country, timezone in ORGANISATIONS
    }
    session.add_all(organisations.values())
    users = [
        _user(chance, since, colleague, hashed.result()) for colleague, hashed in zip(STAFF, passwords, strict=True)
    ]
    session.add_all(users)
    session.flush()
    for colleague, user in zip(STAFF, users, strict=True):
        if colleague.scope is not Scope.PLATFORM:
            organisation = organisations.get(colleague.organisation)
            session.add(
                RoleGrant(
                    id=chance.id_at(since),
                    created_at=since,
                    user_id=user.id,
                    scope=colleague.scope,
                    role=colleague.role,
                    organisation_id=organisation.id if organisation else None,
                    granted_by=users[0].id,
                )
            )
    session.flush()
    return [user.id for user in users]


def _user(chance: Chance, since: datetime, colleague: Colleague, password_hash: str) -> User:
    return User(
        id=chance.id_at(since),
        created_at=since,
        email=colleague.email,
        email_proved_at=since,
        phone=colleague.phone,
        phone_proved_at=since,
        first_name=colleague.first_name,
        last_name=colleague.last_name,
        password_hash=password_hash,
        global_role=Role.ADMIN if colleague.role is Role.ADMIN else Role.MEMBRE,
    )


def open_wallet_accounts(session: Session, people: list[Subscriber]) -> None:
    """Open everybody's ledger account."""
    for person in people:
        person.account_id = ledger.open_account(
            session,
            AccountKind.WALLET,
            "wallet",
            person.wallet_id,
            person.place.currency,
            label=mask_phone(person.phone),
        )


def write_subscribers(session: Session, chance: Chance, people: list[Subscriber], pins: list[Future[PinHash]]) -> None:
    """Write everybody with wallet and PIN; their ledger accounts are open."""
    session.add_all(
        User(
            id=person.user_id,
            created_at=person.joined_at,
            phone=person.phone,
            phone_proved_at=person.joined_at,
            first_name=person.first_name,
            last_name=person.last_name,
            state=person.state,
            language=person.language,
            country=person.place.country,
            city=person.city,
        )
        for person in people
    )
    session.flush()
    session.add_all(
        Wallet(
            id=person.wallet_id,
            created_at=person.joined_at,
            user_id=person.user_id,
            currency=person.place.currency,
            level=person.level,
            account_id=person.account_id,
        )
        for person in people
    )
    session.add_all(_pin(chance, person, hashed.result()) for person, hashed in zip(people, pins, strict=True))
    session.flush()


def _pin(chance: Chance, person: Subscriber, hashed: PinHash) -> PinCredential:
    return PinCredential(
        id=chance.id_at(person.joined_at),
        created_at=person.joined_at,
        user_id=person.user_id,
        hash=hashed.hash,
        pepper_id=hashed.pepper_id,
        changed_at=person.joined_at,
    )
