"""A caisse that pays pensions, with its people, its account, and a batch at every step before the first sending.

Everything is done by the verbs that people use. What waits in the queue leaves once workers and the fake switch run.
The people of the document's own example are in no file here: a visitor sends it himself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from commands.demo.chance import Chance
from commands.demo.people import PASSWORD, STAFF
from core import clock, security
from core.database import Database, Session
from core.money import Currency
from core.permissions import Actor, Grant, Role, Scope
from models.organisations import Organisation, RoleGrant
from models.transfers import ProviderAccount
from models.users import User
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
PEOPLE = (
    ("Gestionnaire", "CNSS", "gestionnaire@cnss.bj", Role.GESTIONNAIRE),
    ("Rosine", "Dossou", "rosine.dossou@cnss.bj", Role.GESTIONNAIRE),
    ("Superviseur", "CNSS", "superviseur@cnss.bj", Role.SUPERVISEUR),
)
_FIRST_NAMES = ("Adjoa", "Codjo", "Afi", "Sèdjro", "Rémi", "Bénédicte", "Cossi", "Nadège", "Fifamè", "Gildas")
_LAST_NAMES = ("Hounkpè", "Agossou", "Dossou", "Kpadonou", "Ahouansou", "Tossou", "Zinsou", "Gbaguidi", "Akplogan")
_PREFIXES = ("97", "96", "95", "66", "61")
_SAMPLE_ENDINGS = range(900, 950)  # the fake plays a tale for each of these: one in twelve of the demo's people has one
_OF_THE_DOCUMENT = ("2290197000001", "2290197000002")
_HEADER = "type_id,valeur_id,devise,montant,nom_complet\n"


def write(database: Database, seed_number: int) -> None:
    """Write the caisse and its batches, unless it is there."""
    with database.transaction() as session:
        if session.exec(select(Organisation.id).where(Organisation.code == CODE)).first() is not None:
            return
        caisse = _open(session)
    desk = _Desk(database, caisse, Chance(seed_number))
    desk.fill()


_Verb = Callable[[Session, Actor, Any], object]


class _Caisse:
    """The organisation, its account and who acts for it."""

    def __init__(self, account: AccountRow, people: list[Actor], administrator: Actor) -> None:
        self.account = account
        self.manager, self.colleague, self.supervisor = people
        self.administrator = administrator


def _open(session: Session) -> _Caisse:
    organisation = Organisation(code=CODE, name="CNSS Bénin", country="BJ", timezone=ZONE)
    session.add(organisation)
    session.flush()
    people = [_person(session, organisation, one) for one in PEOPLE]
    administrator = _actor(session.exec(select(User).where(User.email == STAFF[0].email)).one(), _ADMINISTERS)
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
    return _Caisse(account, people, administrator)


_ADMINISTERS = Grant(Scope.PLATFORM, Role.ADMIN)


def _choose(session: Session, actor: Actor, account: AccountRow, four_eyes_from_minor: int | None) -> None:
    chosen = ChangeSettings(
        organisation_id=account.organisation_id,
        default_account_id=account.id,
        four_eyes_from_minor=four_eyes_from_minor,
        is_same_person_allowed=True,
    )
    settings.change_settings(session, actor, chosen)


def _person(session: Session, organisation: Organisation, one: tuple[str, str, str, Role]) -> Actor:
    first_name, last_name, email, role = one
    user = User(
        email=email,
        email_proved_at=clock.now(),
        first_name=first_name,
        last_name=last_name,
        password_hash=security.hash_password(PASSWORD),
        country="BJ",
    )
    session.add(user)
    session.flush()
    grant = Grant(Scope.ORGANISATION, role, organisation.id)
    session.add(RoleGrant(user_id=user.id, scope=grant.scope, role=role, organisation_id=organisation.id))
    session.flush()
    return _actor(user, grant)


def _actor(user: User, grant: Grant) -> Actor:
    return Actor(user_id=user.id, name=f"{user.first_name} {user.last_name}", grants=(grant,))


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
        caisse = self._caisse
        self._send("pensions-en-cours.csv", self._file(60), by=caisse.manager)
        self._act(batches.pause, PauseBatch(bulk_id=self._send("pensions-a-verifier.csv", self._file(8)).batch.bulk_id))
        start = clock.now() + timedelta(days=2)
        self._send("pensions-du-mois-prochain.csv", self._file(12), cycle=self._cycle(1), not_before=start)
        late = self._send("rappels-annules.csv", self._file(5), by=caisse.colleague).batch.bulk_id
        self._act(batches.cancel, CancelBatch(bulk_id=late, reason="Fichier du mauvais mois"), caisse.colleague)
        self._look("pensions-brouillon.csv", self._file(20) + self._wrong_rows())
        self._look("pensions-a-confirmer.csv", self._file(15), cycle=self._cycle(1))
        with self._database.transaction() as session:
            _choose(session, caisse.administrator, caisse.account, FOUR_EYES_FROM_MINOR)
        self._send("pensions-a-approuver.csv", self._file(40), cycle=self._cycle(1))
        refused = self._send("pensions-refusees.csv", self._file(35), cycle=self._cycle(2))
        rejection = RejectBatch(bulk_id=refused.batch.bulk_id, reason="Trois montants ne sont pas ceux de la décision")
        self._act(batches.reject, rejection, caisse.supervisor)
        agreed = self._send("pensions-approuvees.csv", self._file(34), cycle=self._cycle(2), not_before=start)
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

    def _file(self, count: int) -> str:
        return _HEADER + "".join(self._row() for _ in range(count))

    def _row(self) -> str:
        name = f"{self._chance.choice(_LAST_NAMES).upper()} {self._chance.choice(_FIRST_NAMES)}"
        amount = self._chance.randrange(24_000, 96_000, 500)
        return f"MSISDN,{self._number()},XOF,{amount},{name}\n"

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
