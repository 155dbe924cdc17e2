"""Sending pensions: what workers share about a rail's account, look-ups under way, the order of sending.

Revision ID: 0020_dispatch
"""

import sqlalchemy as sa
from alembic import op

revision = "0020_dispatch"
down_revision = "0019_pensions"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
_ACCOUNT = ["account_id"], ["provider_account.id"]


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "rail_gate",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_probes", sa.Integer(), nullable=False),
        sa.Column("room", sa.Integer(), nullable=False),
        sa.Column("widened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recent", sa.String(), nullable=False),
        sa.Column("misconfigurations_in_row", sa.Integer(), nullable=False),
        sa.Column("refusals_in_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_rail_gate_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_rail_gate")),
    )
    op.create_table(
        "rail_worker",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_rail_worker_account_id")),
        sa.PrimaryKeyConstraint("account_id", "worker_id", name=op.f("pk_rail_worker")),
    )
    op.create_table(
        "rail_rest",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("fsp_id", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusals_in_row", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_rail_rest_account_id")),
        sa.PrimaryKeyConstraint("account_id", "fsp_id", name=op.f("pk_rail_rest")),
    )
    op.create_table(
        "payee_lookup",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("first_line", sa.Integer(), nullable=False),
        sa.Column("last_line", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["pension_batch.id"], name=op.f("fk_payee_lookup_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "first_line", name=op.f("pk_payee_lookup")),
    )
    op.create_index(
        "ix_transfer_second_look",
        "transfer",
        ["account_id", "late_read_at"],
        unique=False,
        postgresql_where=sa.text("late_read_at is not null and state = 'succeeded'"),
    )


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_index(
        "ix_transfer_second_look",
        table_name="transfer",
        postgresql_where=sa.text("late_read_at is not null and state = 'succeeded'"),
    )
    op.drop_table("payee_lookup")
    op.drop_table("rail_rest")
    op.drop_table("rail_worker")
    op.drop_table("rail_gate")
