"""Large numbers: a batch never confirmed is cancelled slice by slice, a message is heard in one round trip.

Revision ID: 0027_large_batches
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0027_large_batches"
down_revision = "0026_ledger_reference"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(_sql("0027_large_batches.sql"))
    op.execute(_sql("0027_ciu_turns.sql"))
    # The codes are counted along an index alone, as long as what was written lately is few.
    op.execute(
        "alter table ciu_record set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02)"
    )


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute("alter table ciu_record reset (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_scale_factor)")
    op.execute("drop function ciu_hear, ciu_standing, ciu_take")
    op.execute("drop view books_8_pensions")
    op.execute(_sql("0021_pension_books.sql"))


def _sql(name: str) -> sa.TextClause:
    return sa.text((SQL / name).read_text().replace(":", "\\:"))
