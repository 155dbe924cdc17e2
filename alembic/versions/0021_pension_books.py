"""Pensions in the books' own examination: invariant 8, a view.

Revision ID: 0021_pension_books
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0021_pension_books"
down_revision = "0020_dispatch"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0021_pension_books.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute("drop view books_8_pensions")
