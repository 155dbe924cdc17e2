"""Reconciliation: runs, lines, differences, statements and balances.

Revision ID: 0007_reconciliation
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_reconciliation"
down_revision = "0006_providers"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "provider_balance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("in_flight_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_provider_balance_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_balance")),
    )
    op.create_index("ix_provider_balance_account", "provider_balance", ["account_id", "created_at"], unique=False)
    op.create_table(
        "provider_statement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_provider_statement_account_id")),
        sa.ForeignKeyConstraint(["imported_by"], ["users.id"], name=op.f("fk_provider_statement_imported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_statement")),
        sa.UniqueConstraint("account_id", "sha256", name=op.f("uq_provider_statement_account_id_sha256")),
    )
    op.create_table(
        "reconciliation_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("theirs_count", sa.Integer(), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_count", sa.Integer(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("seal_id", sa.BigInteger(), nullable=True),
        sa.Column("seal_sha256", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state <> 'closed' or (closed_at is not null and seal_id is not null and seal_sha256 is not null)",
            name=op.f("ck_reconciliation_run_seal"),
        ),
        sa.CheckConstraint("source in ('list', 'statement', 'reads')", name=op.f("ck_reconciliation_run_source")),
        sa.CheckConstraint("state in ('running', 'open', 'closed')", name=op.f("ck_reconciliation_run_state")),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_reconciliation_run_account_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_reconciliation_run_closed_by")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["provider_statement.id"], name=op.f("fk_reconciliation_run_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_run")),
        sa.UniqueConstraint("account_id", "day", "source", name=op.f("uq_reconciliation_run_account_id_day_source")),
    )
    op.create_table(
        "provider_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("line_key", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("provider_state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["provider_account.id"], name=op.f("fk_provider_line_account_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_run.id"], name=op.f("fk_provider_line_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_provider_line_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_line")),
        sa.UniqueConstraint("run_id", "line_key", name=op.f("uq_provider_line_run_id_line_key")),
    )
    op.create_index("ix_provider_line_external_id", "provider_line", ["account_id", "external_id"], unique=False)
    op.create_index(op.f("ix_provider_line_transfer_id"), "provider_line", ["transfer_id"], unique=False)
    op.create_table(
        "reconciliation_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("ours_minor", sa.BigInteger(), nullable=True),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind in ('ours_not_theirs', 'theirs_not_ours', 'amount_differs', 'state_differs', 'fee_differs')",
            name=op.f("ck_reconciliation_item_kind"),
        ),
        sa.ForeignKeyConstraint(["line_id"], ["provider_line.id"], name=op.f("fk_reconciliation_item_line_id")),
        sa.ForeignKeyConstraint(["resolved_by"], ["users.id"], name=op.f("fk_reconciliation_item_resolved_by")),
        sa.ForeignKeyConstraint(["run_id"], ["reconciliation_run.id"], name=op.f("fk_reconciliation_item_run_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_reconciliation_item_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_item")),
        sa.UniqueConstraint("run_id", "kind", "subject", name=op.f("uq_reconciliation_item_run_id_kind_subject")),
    )
    op.create_index(
        "ix_reconciliation_item_open",
        "reconciliation_item",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(op.f("ix_reconciliation_item_run_id"), "reconciliation_item", ["run_id"], unique=False)


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_index(op.f("ix_reconciliation_item_run_id"), table_name="reconciliation_item")
    op.drop_index(
        "ix_reconciliation_item_open", table_name="reconciliation_item", postgresql_where=sa.text("resolved_at is null")
    )
    op.drop_table("reconciliation_item")
    op.drop_index(op.f("ix_provider_line_transfer_id"), table_name="provider_line")
    op.drop_index("ix_provider_line_external_id", table_name="provider_line")
    op.drop_table("provider_line")
    op.drop_table("reconciliation_run")
    op.drop_table("provider_statement")
    op.drop_index("ix_provider_balance_account", table_name="provider_balance")
    op.drop_table("provider_balance")
