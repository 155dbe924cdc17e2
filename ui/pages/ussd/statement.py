"""A wallet's statement as a table: every movement with the balance after it; a row leads to its operation."""

from uuid import UUID

from core.permissions import Permission
from services import subscribers
from services.subscribers import StatementLine
from ui import shell
from ui.components import tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import money, t, when
from ui.pages.ussd import words

ROWS = 10


class Statement:
    """The movements of one wallet, newest first."""

    def __init__(self, wallet_id: UUID) -> None:
        self._wallet_id = wallet_id
        self._sees_ledger = shell.visitor().may(Permission.LEDGER_READ)
        self._table = tables.Table(
            "ussd-statement",
            [
                Column("kind", t("Mouvement"), "name"),
                Column("reference", t("Référence"), "code", is_on_phone=False),
                Column("amount", t("Montant"), "amount"),
                Column("balance", t("Solde après"), "amount", is_on_phone=False),
            ],
            self._source,
            first=Ask(limit=ROWS),
            empty=t("Aucun mouvement. Le premier dépôt ou transfert paraîtra ici."),
        )

    async def load(self) -> None:
        """Read the present page again."""
        await self._table.load()

    async def _source(self, ask: Ask) -> Answer | None:
        rows = await shell.read(subscribers.list_statement, self._wallet_id, limit=ask.limit, offset=ask.offset)
        total = await shell.read(subscribers.count_statement, self._wallet_id)
        return None if rows is None or total is None else Answer([self._row(row) for row in rows], total)

    def _row(self, row: StatementLine) -> tables.Row:
        return tables.row(
            str(row.entry_id),
            {
                "kind": words.kind(row.kind),
                "reference": row.reference,
                "amount": words.signed(row.amount, money(row.amount)),
                "balance": money(row.balance),
            },
            href=self._href(row),
            under=f"{row.other_name} · {when(row.at)}" if row.other_name else when(row.at),
        )

    def _href(self, row: StatementLine) -> str:
        if row.operation_id is not None:
            return f"{words.SECTION}/operations/{row.operation_id}"
        return f"/grand-livre/operations/{row.transaction_id}" if self._sees_ledger else ""
