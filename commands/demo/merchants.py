"""Points of sale and billers of the demo: the documents' own two in Cameroon, a few more in every country."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import col, select

from commands.demo.chance import Chance
from commands.demo.people import STAFF
from commands.demo.places import CAMEROON, PLACES
from core.database import Session
from models.merchants import AmountKind, Biller, BillerKind, Merchant, MerchantRole, MerchantState
from models.users import User
from models.wallets import Wallet, WalletLevel

AGENT_PHONE = "+237699000003"
AGENT_EMAIL = "kiosque.mokolo@palabre.example"
A_COUNTRY = 6

KNOWN = {AGENT_PHONE: ("204518", "Kiosque Mokolo"), "+237677000004": ("318806", "Boutique Etoile")}
SHOPS = (
    ("Kiosque du Marché", MerchantRole.AGENT),
    ("Pharmacie Espoir", MerchantRole.MERCHANT),
    ("Chez Maman Rose", MerchantRole.MERCHANT),
    ("Cabine Carrefour", MerchantRole.AGENT),
    ("Alimentation Paix", MerchantRole.MERCHANT),
    ("Point Argent Gare", MerchantRole.AGENT),
)


class _Bill(NamedTuple):
    code: str
    french: str
    english: str
    lingala: str
    pattern: str
    example: str
    amount_kind: AmountKind = AmountKind.FREE


BILLS = (
    _Bill("ELEC", "Électricité", "Electricity", "Lotiliki", "^[0-9]{10}$", "2001234567"),
    _Bill("EAU", "Eau", "Water", "Mai", "^[0-9]{8}$", "55501234"),
    _Bill("TV", "Télévision", "Television", "Televizio", "^[0-9]{11}$", "30012345678", AmountKind.DUE),
)


def write(session: Session, chance: Chance, now: datetime) -> None:
    """Write both; the agent of the documents may sign in and see his day."""
    _write_billers(session)
    staff = session.exec(select(User).where(User.email == STAFF[1].email)).one()
    codes = {code for code, _ in KNOWN.values()}
    for place in PLACES:
        found = session.exec(
            select(User, Wallet)
            .join(Wallet, col(Wallet.user_id) == User.id)
            .where(Wallet.currency == place.currency, User.country == place.country, User.state == "active")
            .order_by(col(User.created_at), col(User.id))
        ).all()
        known = [(user, wallet) for user, wallet in found if user.phone in KNOWN]
        others = [(user, wallet) for user, wallet in found if user.phone not in KNOWN and user.email is None]
        for user, wallet in known:
            code, name = KNOWN[user.phone or ""]
            role = MerchantRole.AGENT if user.phone == AGENT_PHONE else MerchantRole.MERCHANT
            _open(session, Merchant(code=code, name=name, **_who(user, wallet, role, now)), wallet)
        for (name, role), (user, wallet) in zip(SHOPS[:A_COUNTRY], others[-A_COUNTRY:], strict=False):
            code = _draw(chance, codes)
            begun = now - timedelta(days=chance.randint(3, 80))
            row = Merchant(code=code, name=name, created_by=staff.id, **_who(user, wallet, role, begun))
            _open(session, row, wallet)
    _let_agent_in(session, now)


def _who(user: User, wallet: Wallet, role: MerchantRole, at: datetime) -> dict[str, Any]:
    return {
        "owner_id": user.id,
        "currency": wallet.currency,
        "role": role,
        "level": WalletLevel(role),
        "state": MerchantState.ACTIVE,
        "created_at": at,
    }


def _open(session: Session, merchant: Merchant, wallet: Wallet) -> None:
    wallet.level = merchant.level
    session.add(merchant)
    session.add(wallet)


def _draw(chance: Chance, taken: set[str]) -> str:
    while True:
        code = f"{chance.randint(100_000, 999_999)}"
        if code not in taken:
            taken.add(code)
            return code


def _write_billers(session: Session) -> None:
    for position, bill in enumerate(BILLS):
        session.add(
            Biller(
                code=bill.code,
                country=CAMEROON.country,
                name={"fr": bill.french, "en": bill.english, "ln": bill.lingala},
                pattern=bill.pattern,
                example=bill.example,
                connector="biller",
                amount_kind=bill.amount_kind,
                position=position,
            )
        )
    for place in PLACES:
        session.add(
            Biller(
                code=f"CREDIT-{place.country}",
                kind=BillerKind.AIRTIME,
                country=place.country,
                name={"fr": "Crédit téléphonique", "en": "Airtime", "ln": "Unités"},
                connector="airtime",
                position=9,
            )
        )


def _let_agent_in(session: Session, now: datetime) -> None:
    agent = session.exec(select(User).where(User.phone == AGENT_PHONE)).one()
    chief = session.exec(select(User).where(User.email == STAFF[0].email)).one()
    agent.email, agent.email_proved_at, agent.password_hash = AGENT_EMAIL, now, chief.password_hash
    session.add(agent)
    session.flush()
