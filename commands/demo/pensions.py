"""A caisse that pays pensions, with its people, its account, and a batch at every step before the first sending.

Everything is done by the verbs that people use. What waits in the queue leaves once workers and the fake switch run.
The people of the document's own example are in no file here: a visitor sends it himself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from commands.demo.chance import Chance
from commands.demo.people import STAFF
from core import clock
from core.database import Database, Session
from core.money import Currency
from core.permissions import Actor, Grant, Role, Scope
from models.organisations import Organisation
from models.pensions import PensionAccount
from models.transfers import ProviderAccount
from models.users import User
from providers.fakes.mojaloop_papers import name_of
from services.pensions import accounts, batches, settings
from services.pensions.accounts import AccountRow, OpenAccount, RecordFunding
from services.pensions.batches import (
    ApproveBatch,
    CancelBatch,
    PauseBatch,
    Previewed,
    RejectBatch,
    UploadBatch,
    Uploaded,
)
from services.pensions.settings import ChangeSettings

CODE, ACCOUNT, RAIL = "CNSS-BJ", "ACC-CNSS-001", "mojaloop-fictif"
ZONE = "Africa/Porto-Novo"
FUNDINGS, FUNDING_MINOR = 20, 1_000_000
FOUR_EYES_FROM_MINOR = 1_500_000

# The first signs in as the document of the API does.
MANAGER, COLLEAGUE, SUPERVISOR = "gestionnaire@cnss.bj", "rosine.dossou@cnss.bj", "superviseur@cnss.bj"
_PREFIXES = ("97", "96", "95", "66", "61")
_SAMPLE_ENDINGS = range(900, 950)  # the fake plays a tale for each of these: one in twelve of the demo's people has one
_OF_THE_DOCUMENT = ("2290197000001", "2290197000002")
_HEADER = "type_id,valeur_id,devise,montant,nom_complet\n"


def write(database: Database, seed_number: int) -> None:
    """Open the caisse's account and write its batches, unless it is there."""
    with database.transaction() as session:
        if session.exec(select(PensionAccount.id).where(PensionAccount.account_id == ACCOUNT)).first() is not None:
            return
        caisse = _open(session)
    desk = _Desk(database, caisse, Chance(seed_number))
    desk.fill()


_Verb = Callable[[Session, Actor, Any], object]


@dataclass(frozen=True)
class _Caisse:
    """The organisation's account and who acts for it."""

    account: AccountRow
    manager: Actor
    colleague: Actor
    supervisor: Actor
    administrator: Actor


def _open(session: Session) -> _Caisse:
    organisation = session.exec(select(Organisation).where(Organisation.code == CODE)).one()
    administrator = _actor(session, STAFF[0].email, Grant(Scope.PLATFORM, Role.ADMIN))
    rail = session.exec(select(ProviderAccount).where(ProviderAccount.code == RAIL)).one()
    account = accounts.open_account(
        session,
        administrator,
        OpenAccount(
            organisation_id=organisation.id,
            account_id=ACCOUNT,
            party_id_type="BUSINESS",
            party_identifier=CODE,
            display_name="CNSS Benin",
            currency=Currency.XOF,
            rail_account_id=rail.id,
        ),
    )
    for number in range(1, FUNDINGS + 1):
        funding = RecordFunding(
            account_id=account.id,
            amount_minor=FUNDING_MINOR,
            key=f"BCEAO-{clock.today(ZONE):%Y%m}-{number:03d}",
            reason="Relevé de la banque",
        )
        accounts.record_funding(session, administrator, funding)
    _choose(session, administrator, account, four_eyes_from_minor=None)
    manages, supervises = (
        Grant(Scope.ORGANISATION, role, organisation.id) for role in (Role.GESTIONNAIRE, Role.SUPERVISEUR)
    )
    return _Caisse(
        account,
        _actor(session, MANAGER, manages),
        _actor(session, COLLEAGUE, manages),
        _actor(session, SUPERVISOR, supervises),
        administrator,
    )


def _choose(session: Session, actor: Actor, account: AccountRow, four_eyes_from_minor: int | None) -> None:
    chosen = ChangeSettings(
        organisation_id=account.organisation_id,
        default_account_id=account.id,
        four_eyes_from_minor=four_eyes_from_minor,
        is_same_person_allowed=True,
    )
    settings.change_settings(session, actor, chosen)


def _actor(session: Session, email: str, grant: Grant) -> Actor:
    user = session.exec(select(User).where(User.email == email)).one()
    return Actor(user_id=user.id, name=f"{user.first_name} {user.last_name}", grants=(grant,))


@dataclass(frozen=True)
class _Pensioner:
    """One line of the demo's files."""

    number: str
    name: str
    amount: int


def _file(pensioners: Sequence[_Pensioner]) -> str:
    return _HEADER + "".join(f"MSISDN,{one.number},XOF,{one.amount},{one.name}\n" for one in pensioners)


class _Desk:
    """Sends the demo's files."""

    def __init__(self, database: Database, caisse: _Caisse, chance: Chance) -> None:
        self._database = database
        self._caisse = caisse
        self._chance = chance
        self._numbers = set(_OF_THE_DOCUMENT)
        self._today = clock.today(ZONE)

    def fill(self) -> None:
        """Bring batches to every step that people bring them to."""
        caisse, roll = self._caisse, [self._pensioner() for _ in range(93)]
        self._send("pensions-en-cours.csv", _file(roll[:60]), by=caisse.manager)
        paused = self._send("pensions-a-verifier.csv", _file(roll[60:68])).batch.bulk_id
        self._act(batches.pause, PauseBatch(bulk_id=paused))
        start = clock.now() + timedelta(days=2)
        self._send("pensions-du-mois-prochain.csv", _file(roll[:12]), cycle=self._cycle(1), not_before=start)
        late = self._send("rappels-annules.csv", _file(roll[68:73]), by=caisse.colleague).batch.bulk_id
        self._act(batches.cancel, CancelBatch(bulk_id=late, reason="Fichier du mauvais mois"), caisse.colleague)
        self._look("pensions-brouillon.csv", _file(roll[73:]) + self._wrong_rows())
        self._look("pensions-a-confirmer.csv", _file(roll[12:27]), cycle=self._cycle(1))
        with self._database.transaction() as session:
            _choose(session, caisse.administrator, caisse.account, FOUR_EYES_FROM_MINOR)
        raised = [replace(one, amount=one.amount + 1_500) for one in roll[57:60]]
        newcomers = [self._pensioner() for _ in range(7)]
        self._send("pensions-a-approuver.csv", _file([*roll[27:57], *raised, *newcomers]), cycle=self._cycle(1))
        refused = self._send("pensions-refusees.csv", _file(roll[:35]), cycle=self._cycle(2))
        rejection = RejectBatch(bulk_id=refused.batch.bulk_id, reason="Trois montants ne sont pas ceux de la décision")
        self._act(batches.reject, rejection, caisse.supervisor)
        agreed = self._send("pensions-approuvees.csv", _file(roll[:34]), cycle=self._cycle(2), not_before=start)
        approval = ApproveBatch(bulk_id=agreed.batch.bulk_id, seal=agreed.batch.seal)
        self._act(batches.approve, approval, caisse.supervisor)

    def _send(
        self, name: str, file: str, *, by: Actor | None = None, cycle: str = "", not_before: datetime | None = None
    ) -> Uploaded:
        order = self._order(name, cycle, not_before)
        return batches.upload(self._database, by or self._caisse.manager, order, [file.encode()])

    def _look(self, name: str, file: str, cycle: str = "") -> Previewed:
        return batches.preview(self._database, self._caisse.manager, self._order(name, cycle, None), [file.encode()])

    def _order(self, name: str, cycle: str, not_before: datetime | None) -> UploadBatch:
        return UploadBatch(
            organisation_id=self._caisse.account.organisation_id, file_name=name, cycle=cycle, not_before=not_before
        )

    def _act(self, verb: _Verb, order: Any, by: Actor | None = None) -> None:
        with self._database.transaction() as session:
            verb(session, by or self._caisse.manager, order)

    def _cycle(self, months: int) -> str:
        """Return the cycle so many months after this one."""
        place = self._today.year * 12 + self._today.month - 1 + months
        return f"{place // 12}-{place % 12 + 1:02d}"

    def _pensioner(self) -> _Pensioner:
        """Return somebody new; one in twelve is known to the switch by another name."""
        number = self._number()
        known_by = number if self._chance.is_true(11 / 12) else number[::-1]
        first_name, last_name = name_of(known_by)
        return _Pensioner(number, f"{last_name.upper()} {first_name}", self._chance.randrange(24_000, 96_000, 500))

    def _number(self) -> str:
        while True:
            ending = (
                self._chance.choice(_SAMPLE_ENDINGS) if self._chance.is_true(1 / 12) else self._chance.randrange(900)
            )
            number = f"22901{self._chance.choice(_PREFIXES)}{self._chance.digits(3)}{ending:03d}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def _wrong_rows(self) -> str:
        return (
            "MSISDN,0012,XOF,50000,TOSSOU Afi\n"
            "PERSONAL_ID,123456789,XOF,45000,ZINSOU Codjo\n"
            f"MSISDN,{self._number()},XOF,12.5,DOSSOU Rémi\n"
            f"MSISDN,{self._number()},NGN,30000,AGOSSOU Gildas\n"
        )
