"""The double-entry ledger: tables, posting functions, guards, invariants, seals.

Revision ID: 0003_ledger
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_ledger"
down_revision = "0002_people"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("owner_type", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("min_balance", sa.BigInteger(), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_house", sa.Boolean(), nullable=False),
        sa.CheckConstraint("side in ('debit', 'credit')", name=op.f("ck_ledger_account_side")),
        sa.CheckConstraint("balance >= min_balance", name=op.f("ck_ledger_account_floor")),
        sa.CheckConstraint(
            "not is_house or (balance = 0 and version = 0 and min_balance is null)",
            name=op.f("ck_ledger_account_house"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_account_id_currency")),
    )
    op.create_index(
        "uq_ledger_account_kind_owner_type_owner_id_currency",
        "ledger_account",
        ["kind", "owner_type", "owner_id", "currency"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "ledger_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("sum_abs", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint("from_id", name=op.f("uq_ledger_seal_from_id")),
        sa.UniqueConstraint("to_id", name=op.f("uq_ledger_seal_to_id")),
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "source in ('ussd', 'tontine', 'pension', 'transfer', 'manual')", name=op.f("ck_ledger_transaction_source")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_transaction_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transaction_reverses_id")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_ledger_transaction_source_key")),
    )
    op.create_index(op.f("ix_ledger_transaction_occurred_at"), "ledger_transaction", ["occurred_at"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("account_version", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(account_version is null) = (balance_after is null)", name=op.f("ck_ledger_entry_version")),
        sa.CheckConstraint("amount <> 0 and amount between -1000000000000000 and 1000000000000000", name=op.f("ck_ledger_entry_amount")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name=op.f("fk_ledger_entry_account_id_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_entry_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("account_id", "account_version", name=op.f("uq_ledger_entry_account_id_account_version")),
    )
    op.create_index(
        "ix_ledger_entry_house",
        "ledger_entry",
        ["account_id", "id"],
        unique=False,
        postgresql_where=sa.text("account_version is null"),
    )
    op.create_index(op.f("ix_ledger_entry_transaction_id"), "ledger_entry", ["transaction_id"], unique=False)
    op.create_table(
        "ledger_snapshot",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_snapshot_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_ledger_snapshot")),
    )
    op.execute(sa.text((SQL / "0003_ledger.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(sa.text((SQL / "0003_ledger.down.sql").read_text()))
    op.drop_table("ledger_snapshot")
    op.drop_index(op.f("ix_ledger_entry_transaction_id"), table_name="ledger_entry")
    op.drop_index(
        "ix_ledger_entry_house", table_name="ledger_entry", postgresql_where=sa.text("account_version is null")
    )
    op.drop_table("ledger_entry")
    op.drop_index(op.f("ix_ledger_transaction_occurred_at"), table_name="ledger_transaction")
    op.drop_table("ledger_transaction")
    op.drop_table("ledger_seal")
    op.drop_index(
        "uq_ledger_account_kind_owner_type_owner_id_currency",
        table_name="ledger_account",
        postgresql_nulls_not_distinct=True,
    )
    op.drop_table("ledger_account")
