"""Wallets: cases somebody looks at, and when a PIN was proved last.

Revision ID: 0010_wallet
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0010_wallet"
down_revision = "0009_merchants"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    for column in ("proved_at", "doubted_at"):
        op.add_column("pin_credential", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "wallet_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.CheckConstraint("kind in ('many_received')", name=op.f("ck_wallet_case_kind")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_wallet_case_closed_by")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_wallet_case_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_case")),
    )
    op.create_index("ix_wallet_case_created_at", "wallet_case", ["created_at"], unique=False)
    op.create_index(
        "uq_wallet_case_open",
        "wallet_case",
        ["wallet_id", "kind"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.execute((SQL / "0010_wallet.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute((SQL / "0010_wallet.down.sql").read_text(encoding="utf-8"))
    op.drop_index("uq_wallet_case_open", table_name="wallet_case", postgresql_where=sa.text("closed_at is null"))
    op.drop_index("ix_wallet_case_created_at", table_name="wallet_case")
    op.drop_table("wallet_case")
    for column in ("proved_at", "doubted_at"):
        op.drop_column("pin_credential", column)
