"""Walks of the simulated phone, kept to be taken again on every draft.

Revision ID: 0016_phone
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_phone"
down_revision = "0015_figures"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ussd_script",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("dialogue", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_script_service_id")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_ussd_script_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_script")),
    )
    op.create_index(op.f("ix_ussd_script_service_id"), "ussd_script", ["service_id"])


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_table("ussd_script")
