"""A desk where pensions are sent from: files in, verbs by their people, and what must hold whatever they did."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from core.database import Database, Session, fetch_all, fetch_one
from core.money import Money
from core.permissions import Actor, Grant, Role, Scope
from models.ledger import AccountKind, Source
from models.pension_stages import OPEN_PAYMENTS, BatchStage, PaymentStage
from services import approvals, ledger
from services.approvals import ApprovalRow, DecideApproval
from services.ledger import Leg, Posting
from services.pensions import accounts, batches, counters, reading, settings, steps
from services.pensions.accounts import RecordFunding
from services.pensions.batches import Previewed, UploadBatch, Uploaded
from services.pensions.files.totals import Sum
from services.pensions.settings import ChangeSettings
from services.pensions.shapes import BatchRow
from tests.builders import pensions
from tests.builders import people as people_of
from tests.builders.pensions import Caisse, PensionWorld

T = TypeVar("T")

HEADER = "type_id,valeur_id,devise,montant"
# The document's own example: 125 000 francs to two people.
EXAMPLE = f"{HEADER}\nMSISDN,22997000001,XOF,50000\nMSISDN,22997000002,XOF,75000\n"
CYCLE = "2025-12"


@dataclass(frozen=True)
class Desk:
    """Two caisses and their database; what is not said is the first one's."""

    database: Database
    world: PensionWorld

    @property
    def caisse(self) -> Caisse:
        return self.world.own

    def send(
        self, text: str | bytes = EXAMPLE, *, by: Actor | None = None, of: Caisse | None = None, **form: Any
    ) -> Uploaded:
        """Upload a file."""
        caisse = of or self.caisse
        order = self.order(caisse, **form)
        return batches.upload(self.database, by or caisse.manager, order, [as_bytes(text)])

    def look_at(self, text: str | bytes = EXAMPLE, *, by: Actor | None = None, **form: Any) -> Previewed:
        """Preview a file."""
        return batches.preview(
            self.database, by or self.caisse.manager, self.order(self.caisse, **form), [as_bytes(text)]
        )

    def order(self, caisse: Caisse, **form: Any) -> UploadBatch:
        """Return what a form says beside its file."""
        known = {
            "organisation_id": caisse.organisation_id,
            "file_name": "pensions.csv",
            "payer_account": caisse.account.account_id,
            "cycle": CYCLE,
        }
        return UploadBatch(**{**known, **form})

    def do(self, verb: Callable[[Session, Actor, Any], T], order: Any, by: Actor | None = None) -> T:
        """Let somebody do one act in a transaction of its own; the manager, unless said otherwise."""
        with self.database.transaction() as session:
            return verb(session, by or self.caisse.manager, order)

    def settle(self, **changes: Any) -> None:
        """Change the caisse's settings."""
        with self.database.transaction() as session:
            order = ChangeSettings(organisation_id=self.caisse.organisation_id, **changes)
            settings.change_settings(session, self.world.administrator, order)

    def colleague(self) -> Actor:
        """Return another manager of the caisse."""
        grant = Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, self.caisse.organisation_id)
        user_id = people_of.person(self.database, "collegue@cnss.example")
        people_of.holds(self.database, user_id, grant.scope, grant.role, grant.organisation_id)
        return people_of.actor(user_id, grant)

    def fund(self, amount_minor: int) -> None:
        """Put money on the caisse's account: one administrator does, or two when it is much."""
        order = RecordFunding(
            account_id=self.caisse.account.id, amount_minor=amount_minor, key="virement-9", reason="Relevé du mois"
        )
        asked = self.do(accounts.record_funding, order, self.world.administrator)
        if isinstance(asked, ApprovalRow):
            decision = DecideApproval(approval_id=asked.id, is_approved=True, reason="Vu sur le relevé")
            self.do(approvals.decide, decision, self.world.colleague)

    def batch(self, bulk_id: str) -> BatchRow:
        """Return a batch as it stands."""
        with self.database.transaction() as session:
            return reading.find_by_bulk_id(session, bulk_id)

    def money(self, caisse: Caisse | None = None) -> tuple[int, int]:
        """Return what is available and what is reserved."""
        with self.database.transaction() as session:
            account = accounts.find_account(session, (caisse or self.caisse).account.id)
        return account.available.minor, account.reserved.minor

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the database."""
        with self.database.transaction() as session:
            return fetch_all(session, query, values)

    def payments(self, bulk_id: str) -> list[tuple[int, str, int, str]]:
        """Return line, identifier, amount and stage of a batch's payments."""
        rows = self.rows(
            "select p.line, p.identifier, p.amount_minor, p.stage from pension_payment p"
            " join pension_batch b on b.id = p.batch_id where b.bulk_id = %s order by p.line",
            bulk_id,
        )
        return [(row["line"], row["identifier"], row["amount_minor"], row["stage"]) for row in rows]

    def count(self, table: str) -> int:
        """Count a table's rows."""
        return int(self.rows(f"select count(*) as times from {table}")[0]["times"])

    def begin(self, bulk_id: str) -> BatchRow:
        """Let the first worker take a batch up."""
        with self.database.transaction() as session:
            batch = steps.lock_batch(session, self.batch(bulk_id).id)
            return steps.take(
                session, batch, BatchStage.PROCESSING, started_at=batch.confirmed_by and batch.confirmed_by.at
            )

    def move(self, bulk_id: str, lines: Iterable[int], to: PaymentStage, *, is_retryable: bool = False) -> None:
        """Let payments come to a stage as workers bring them there: rows, claims, counters and ledger."""
        batch = self.batch(bulk_id)
        with self.database.transaction() as session:
            steps.lock_batch(session, batch.id)
            for line in lines:
                _move(session, batch, line, to, is_retryable=is_retryable)
            steps.end_if_over(session, batch.id)

    def assert_sums_hold(self) -> None:
        """See that counters are what rows say, the reserve is what is open, and who is open or paid is claimed."""
        for row in self.rows("select id from pension_batch"):
            with self.database.transaction() as session:
                batch = reading.find_batch(session, row["id"])
            counted = self.rows(
                "select stage, count(*) as count, sum(amount_minor)::bigint as minor from pension_payment"
                " where batch_id = %s group by stage",
                batch.id,
            )
            found = {PaymentStage(one["stage"]): Sum(one["count"], one["minor"]) for one in counted}
            assert {stage: found.get(stage, Sum()) for stage in PaymentStage} == batch.sums, batch.bulk_id
            self._assert_claims(batch)
        for caisse in (self.world.own, self.world.foreign):
            open_minor = self.rows(
                "select coalesce(sum(waiting_minor + held_minor + sending_minor + sent_minor + unknown_minor), 0)"
                "::bigint as minor from pension_batch where account_id = %s and seal <> ''",
                caisse.account.id,
            )
            assert self.money(caisse)[1] == open_minor[0]["minor"]

    def _assert_claims(self, batch: BatchRow) -> None:
        wanted = (*OPEN_PAYMENTS, PaymentStage.COMPLETED) if batch.seal else ()
        rows = self.rows(
            "select p.line from pension_payment p where p.batch_id = %s and (p.stage = any(%s)) is distinct from"
            " exists (select 1 from pension_claim c where c.payment_id = p.id)",
            batch.id,
            [str(stage) for stage in wanted],
        )
        assert rows == [], batch.bulk_id


def open_desk(database: Database, *, funds_minor: int = 1_000_000) -> Desk:
    """Return a desk whose caisses have some money; payees are not looked up unless a test asks for it."""
    desk = Desk(database, pensions.build(database, funds_minor=funds_minor))
    desk.settle(lookup="off")
    return desk


def as_bytes(text: str | bytes) -> bytes:
    """Return a file's bytes."""
    return text.encode() if isinstance(text, str) else text


def lines(*rows: str, header: str = HEADER) -> str:
    """Return a file of these rows."""
    return "".join(f"{row}\n" for row in (header, *rows))


def people(count: int, *, amount: int = 100, first: int = 1) -> str:
    """Return a file that pays so many people, known by their personal id."""
    return lines(*(f"PERSONAL_ID,{number:010d},XOF,{amount}" for number in range(first, first + count)))


def _move(session: Session, batch: BatchRow, line: int, to: PaymentStage, *, is_retryable: bool) -> None:
    payment_id = batches.payment_id(batch.id, line)
    was = fetch_one(session, "select stage, amount_minor from pension_payment where id = %s", (payment_id,))
    assert was is not None
    fetch_all(
        session,
        "update pension_payment set stage = %s, is_retryable = %s where id = %s returning id",
        (to, is_retryable, payment_id),
    )
    counters.shift(session, batch.id, {(PaymentStage(was["stage"]), to): Sum(1, was["amount_minor"])})
    account = accounts.find_account(session, batch.account_id)
    amount = Money(was["amount_minor"], batch.currency)
    if to is PaymentStage.FAILED:
        fetch_all(session, "delete from pension_claim where payment_id = %s returning payment_id", (payment_id,))
        claim = Posting(Source.PENSION, f"void:{payment_id}", "pension_void", ())
        ledger.void(session, account.available_account_id, account.reserved_account_id, amount, claim)
    if to is PaymentStage.COMPLETED:
        mirror = ledger.house_account(
            session, AccountKind.PROVIDER_FLOAT, batch.currency, "provider_account", account.rail_account_id
        )
        claim = Posting(Source.PENSION, f"post:{payment_id}", "pension_payment", ())
        ledger.post_reserved(session, account.reserved_account_id, (Leg(mirror, -amount),), claim)
