"""Shorthand of the wallet tests: the world of the dialogue vectors, and what its people do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar
from uuid import UUID

from core import ids
from core.database import Database, Session, fetch_one
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.users import User
from models.wallets import OperationType
from services import approvals, books, messages, wallets
from services.approvals import ApprovalRow, DecideApproval
from services.wallets import Operation, TransferMoney

T = TypeVar("T")

AWA, JEAN, KIOSQUE = "+237699000001", "+237677000002", "+237699000003"
PAUL, MARIE, RITA = "+237699000005", "+237699000006", "+237699000007"

OPERATOR = Actor(ids.new_id(), "Opérateur", (Grant(Scope.USSD, Role.OPERATEUR),))
READER = Actor(ids.new_id(), "Lecteur", (Grant(Scope.USSD, Role.LECTEUR),))
ADMIN = Actor(ids.new_id(), "Administratrice", (Grant(Scope.PLATFORM, Role.ADMIN),))
COLLEAGUE = Actor(ids.new_id(), "Collègue", (Grant(Scope.USSD, Role.OPERATEUR),))
STRANGER = Actor(ids.new_id(), "Passant")


def hire(database: Database) -> None:
    """Give the operator and his colleague accounts of their own: what two persons decide needs two persons."""
    with database.transaction() as session:
        for actor in (OPERATOR, COLLEAGUE):
            assert actor.user_id is not None
            session.add(User(id=actor.user_id, first_name=actor.name, email=f"{actor.user_id}@palabre.example"))


def agree(database: Database, asked: ApprovalRow) -> None:
    """Let the colleague say yes."""
    with database.transaction() as session:
        approvals.decide(session, COLLEAGUE, DecideApproval(approval_id=asked.id, is_approved=True))


def xaf(minor: int) -> Money:
    return Money(minor, Currency.XAF)


def user_id(session: Session, phone: str) -> UUID:
    row = fetch_one(session, "select id from users where phone = %s", (phone,))
    assert row is not None
    found: UUID = row["id"]
    return found


def balance(session: Session, phone: str) -> int:
    return wallets.get_balance(session, user_id(session, phone), Currency.XAF).minor


def order(
    session: Session, payer: str, payee: str, amount: int, *, key: str = "", is_repeat_confirmed: bool = False
) -> TransferMoney:
    """Ask for the price as the confirm screen does, and write the order it leads to."""
    payer_id = user_id(session, payer)
    quote = wallets.quote(session, OperationType.TRANSFER, xaf(amount), payer_id)
    return TransferMoney(
        key=key or f"ussd:{ids.new_id()}:7",
        payer_id=payer_id,
        payee_phone=payee,
        amount=quote.amount,
        fee=quote.fee,
        tariff_id=quote.tariff_id,
        is_repeat_confirmed=is_repeat_confirmed,
    )


def send(
    database: Database, payer: str, payee: str, amount: int, *, key: str = "", is_repeat_confirmed: bool = False
) -> Operation:
    with database.transaction() as session:
        asked = order(session, payer, payee, amount, key=key, is_repeat_confirmed=is_repeat_confirmed)
        return wallets.transfer(session, SYSTEM, asked)


def texts(session: Session, phone: str) -> list[str]:
    """Return what a phone was sent, oldest first."""
    return [message.body for message in reversed(messages.list_for_person(session, user_id(session, phone)))]


def while_open(database: Database, first: Callable[[Session], object], second: Callable[[], T]) -> T:
    """Do `first`, start `second` elsewhere, let it run into the lock, and only then commit; return what it got."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            first(session)
            waiting = pool.submit(second)
            with database.connect() as watcher:
                while not waiting.done() and watcher.execute(_WAITERS).fetchone() == (0,):
                    Event().wait(0.005)
        return waiting.result()


_WAITERS = """
select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
where a.datname = current_database() and not l.granted
"""


def count(session: Session, table: str) -> int:
    row = fetch_one(session, f"select count(*) as rows from {table}")
    assert row is not None
    return int(row["rows"])


def assert_books_hold(session: Session) -> None:
    assert [finding.violations for finding in books.list_findings(session) if not finding.holds] == []
