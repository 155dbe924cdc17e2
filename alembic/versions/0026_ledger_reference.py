"""The ledger: a transaction is found by its reference without reading all of them.

Revision ID: 0026_ledger_reference
"""

from alembic import op

revision = "0026_ledger_reference"
down_revision = "0025_ciu_pairs"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_index(op.f("ix_ledger_transaction_reference"), "ledger_transaction", ["reference"], unique=False)


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_index(op.f("ix_ledger_transaction_reference"), table_name="ledger_transaction")
