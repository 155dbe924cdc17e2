"""Two versions of a menu side by side, for a share of the callers.

Revision ID: 0017_trials
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0017_trials"
down_revision = "0016_phone"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "ussd_trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("against_id", sa.Uuid(), nullable=False),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_by", sa.Uuid(), nullable=True),
        sa.Column("begin_reason", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.CheckConstraint("share_percent between 1 and 99", name=op.f("ck_ussd_trial_share_percent")),
        sa.ForeignKeyConstraint(["service_id"], ["ussd_service.id"], name=op.f("fk_ussd_trial_service_id")),
        sa.ForeignKeyConstraint(["version_id"], ["flow_version.id"], name=op.f("fk_ussd_trial_version_id")),
        sa.ForeignKeyConstraint(["against_id"], ["flow_version.id"], name=op.f("fk_ussd_trial_against_id")),
        sa.ForeignKeyConstraint(["begun_by"], ["users.id"], name=op.f("fk_ussd_trial_begun_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name=op.f("fk_ussd_trial_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_trial")),
    )
    op.create_index(op.f("ix_ussd_trial_service_id"), "ussd_trial", ["service_id"])
    op.create_index(
        "uq_ussd_trial_open", "ussd_trial", ["service_id"], unique=True, postgresql_where=sa.text("ended_at is null")
    )
    op.execute(sa.text((SQL / "0017_trials.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0017_trials.down.sql").read_text()))
    op.drop_table("ussd_trial")
