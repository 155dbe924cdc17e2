"""Lay the ground: French collation, the application role, the live channel.

Revision ID: 0001_ground
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_ground"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(sa.text((SQL / "0001_ground.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text((SQL / "0001_ground.down.sql").read_text()))
