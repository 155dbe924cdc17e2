"""The switches of the platform and of each kind of money.

Revision ID: 0008_switches
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_switches"
down_revision = "0007_reconciliation"
branch_labels = None
depends_on = None

TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ussd_switch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("scope in ('platform', 'money')", name=op.f("ck_ussd_switch_scope")),
        sa.CheckConstraint("state in ('live', 'maintenance', 'stopped')", name=op.f("ck_ussd_switch_state")),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name=op.f("fk_ussd_switch_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_switch")),
        sa.UniqueConstraint("scope", "key", name=op.f("uq_ussd_switch_scope_key")),
    )
    op.execute(sa.text((SQL / "0008_switches.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0008_switches.down.sql").read_text()))
    op.drop_table("ussd_switch")
