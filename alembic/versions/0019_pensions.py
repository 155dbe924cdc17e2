"""Pension batches: files, batches, payments, claims, settings and accounts of organisations.

Revision ID: 0019_pensions
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019_pensions"
down_revision = "0018_push"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "payee_directory",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("rail_account_id", sa.Uuid(), nullable=False),
        sa.Column("id_type", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("rail_identifier", sa.String(), nullable=False),
        sa.Column("fsp_id", sa.String(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_payee_directory_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["rail_account_id"], ["provider_account.id"], name=op.f("fk_payee_directory_rail_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_directory")),
        sa.UniqueConstraint(
            "rail_account_id", "organisation_id", "id_type", "identifier", name="uq_payee_directory_payee"
        ),
    )
    op.create_table(
        "pension_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("party_id_type", sa.String(), nullable=False),
        sa.Column("party_identifier", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_type", sa.String(), nullable=False),
        sa.Column("number_form", sa.String(), nullable=False),
        sa.Column("rail_account_id", sa.Uuid(), nullable=False),
        sa.Column("available_account_id", sa.Uuid(), nullable=False),
        sa.Column("reserved_account_id", sa.Uuid(), nullable=False),
        sa.Column("fees_account_id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("amount_type in ('RECEIVE', 'SEND')", name=op.f("ck_pension_account_amount_type")),
        sa.CheckConstraint("number_form in ('ten', 'eight', 'directory')", name=op.f("ck_pension_account_number_form")),
        sa.CheckConstraint(
            "party_id_type in ('MSISDN', 'EMAIL', 'PERSONAL_ID', 'BUSINESS', 'DEVICE', 'ACCOUNT_ID', 'IBAN', 'ALIAS')",
            name=op.f("ck_pension_account_party_id_type"),
        ),
        sa.ForeignKeyConstraint(
            ["available_account_id"], ["ledger_account.id"], name=op.f("fk_pension_account_available_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["fees_account_id"], ["ledger_account.id"], name=op.f("fk_pension_account_fees_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_pension_account_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["rail_account_id"], ["provider_account.id"], name=op.f("fk_pension_account_rail_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["reserved_account_id"], ["ledger_account.id"], name=op.f("fk_pension_account_reserved_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pension_account")),
        sa.UniqueConstraint("account_id", name=op.f("uq_pension_account_account_id")),
        sa.UniqueConstraint(
            "party_id_type", "party_identifier", name=op.f("uq_pension_account_party_id_type_party_identifier")
        ),
    )
    op.create_index(op.f("ix_pension_account_organisation_id"), "pension_account", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_pension_account_rail_account_id"), "pension_account", ["rail_account_id"], unique=False)
    op.create_table(
        "pension_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("encoding", sa.String(), nullable=False),
        sa.Column("separator", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("valid", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_pension_file_organisation_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name=op.f("fk_pension_file_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pension_file")),
    )
    op.create_index("ix_pension_file_content", "pension_file", ["organisation_id", "content_sha256"], unique=False)
    op.create_index("ix_pension_file_sha256", "pension_file", ["organisation_id", "sha256"], unique=False)
    op.create_table(
        "pension_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bulk_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("total_count", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("waiting_count", sa.Integer(), nullable=False),
        sa.Column("waiting_minor", sa.BigInteger(), nullable=False),
        sa.Column("held_count", sa.Integer(), nullable=False),
        sa.Column("held_minor", sa.BigInteger(), nullable=False),
        sa.Column("sending_count", sa.Integer(), nullable=False),
        sa.Column("sending_minor", sa.BigInteger(), nullable=False),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("sent_minor", sa.BigInteger(), nullable=False),
        sa.Column("unknown_count", sa.Integer(), nullable=False),
        sa.Column("unknown_minor", sa.BigInteger(), nullable=False),
        sa.Column("completed_count", sa.Integer(), nullable=False),
        sa.Column("completed_minor", sa.BigInteger(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("failed_minor", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_count", sa.Integer(), nullable=False),
        sa.Column("cancelled_minor", sa.BigInteger(), nullable=False),
        sa.Column("reversed_count", sa.Integer(), nullable=False),
        sa.Column("reversed_minor", sa.BigInteger(), nullable=False),
        sa.Column("fees_minor", sa.BigInteger(), nullable=False),
        sa.Column("skipped_count", sa.Integer(), nullable=False),
        sa.Column("lookups_left", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.Column("has_same_person", sa.Boolean(), nullable=False),
        sa.Column("has_accepted_duplicates", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(), nullable=False),
        sa.Column("retry_of", sa.Uuid(), nullable=True),
        sa.CheckConstraint("rail in ('mojaloop', 'mobile_money')", name=op.f("ck_pension_batch_rail")),
        sa.CheckConstraint(
            "stage in ('DRAFT', 'AWAITING_APPROVAL', 'QUEUED', 'PROCESSING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'PARTIALLY_COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED', 'EXPIRED')",
            name=op.f("ck_pension_batch_stage"),
        ),
        sa.CheckConstraint(
            "approved_by is null or approved_by <> created_by and approved_by is distinct from confirmed_by",
            name=op.f("ck_pension_batch_four_eyes"),
        ),
        sa.CheckConstraint(
            "least(waiting_count, held_count, sending_count, sent_count, unknown_count, completed_count, failed_count, cancelled_count, reversed_count) >= 0",
            name=op.f("ck_pension_batch_no_negative"),
        ),
        sa.CheckConstraint(
            "total_count = waiting_count + held_count + sending_count + sent_count + unknown_count + completed_count + failed_count + cancelled_count + reversed_count",
            name=op.f("ck_pension_batch_counts"),
        ),
        sa.CheckConstraint(
            "total_minor = waiting_minor + held_minor + sending_minor + sent_minor + unknown_minor + completed_minor + failed_minor + cancelled_minor + reversed_minor",
            name=op.f("ck_pension_batch_amounts"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["pension_account.id"], name=op.f("fk_pension_batch_account_id")),
        sa.ForeignKeyConstraint(["approved_by"], ["users.id"], name=op.f("fk_pension_batch_approved_by")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["users.id"], name=op.f("fk_pension_batch_confirmed_by")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_pension_batch_created_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name=op.f("fk_pension_batch_ended_by")),
        sa.ForeignKeyConstraint(["file_id"], ["pension_file.id"], name=op.f("fk_pension_batch_file_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_pension_batch_organisation_id")
        ),
        sa.ForeignKeyConstraint(["retry_of"], ["pension_batch.id"], name=op.f("fk_pension_batch_retry_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pension_batch")),
        sa.UniqueConstraint("bulk_id", name=op.f("uq_pension_batch_bulk_id")),
    )
    op.create_index(op.f("ix_pension_batch_file_id"), "pension_batch", ["file_id"], unique=False)
    op.create_index("ix_pension_batch_history", "pension_batch", ["organisation_id", "created_at"], unique=False)
    op.create_index(
        "ix_pension_batch_open",
        "pension_batch",
        ["account_id", "stage"],
        unique=False,
        postgresql_where=sa.text("completed_at is null"),
    )
    op.create_table(
        "pension_file_error",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("see", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["pension_file.id"], name=op.f("fk_pension_file_error_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_pension_file_error")),
    )
    op.create_table(
        "pension_settings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("four_eyes_from_minor", sa.BigInteger(), nullable=True),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("name_policy", sa.String(), nullable=False),
        sa.Column("max_amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("max_rows", sa.Integer(), nullable=False),
        sa.Column("max_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("personal_id_length", sa.Integer(), nullable=False),
        sa.Column("id_types", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("fee_cap_minor", sa.BigInteger(), nullable=True),
        sa.Column("lookup_max_age_days", sa.Integer(), nullable=False),
        sa.Column("is_same_person_allowed", sa.Boolean(), nullable=False),
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("default_account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("lookup in ('before', 'inline', 'off')", name=op.f("ck_pension_settings_lookup")),
        sa.CheckConstraint("name_policy in ('warn', 'hold')", name=op.f("ck_pension_settings_name_policy")),
        sa.CheckConstraint("rail in ('mojaloop', 'mobile_money')", name=op.f("ck_pension_settings_rail")),
        sa.ForeignKeyConstraint(
            ["default_account_id"], ["pension_account.id"], name=op.f("fk_pension_settings_default_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_pension_settings_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pension_settings")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_pension_settings_organisation_id")),
    )
    op.create_table(
        "pension_payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("file_transfer_id", sa.String(), nullable=True),
        sa.Column("id_type", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("identifier_raw", sa.String(), nullable=False),
        sa.Column("rail_identifier", sa.String(), nullable=False),
        sa.Column("fsp_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_found", sa.String(), nullable=False),
        sa.Column("name_verdict", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_retryable", sa.Boolean(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "stage in ('WAITING', 'HELD', 'SENDING', 'SENT', 'UNKNOWN', 'COMPLETED', 'FAILED', 'CANCELLED', 'REVERSED')",
            name=op.f("ck_pension_payment_stage"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_pension_payment_amount")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_pension_payment_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pension_payment")),
        sa.UniqueConstraint("batch_id", "line", name=op.f("uq_pension_payment_batch_id_line")),
    )
    op.create_index(
        "ix_pension_payment_waiting",
        "pension_payment",
        ["batch_id", "line"],
        unique=False,
        postgresql_where=sa.text("stage = 'WAITING'"),
    )
    op.create_index(
        "ix_pension_payment_stage",
        "pension_payment",
        ["batch_id", "stage", "line"],
        unique=False,
        postgresql_where=sa.text("stage not in ('WAITING', 'COMPLETED', 'CANCELLED')"),
    )
    op.create_index(
        "ix_pension_payment_file_transfer_id",
        "pension_payment",
        ["organisation_id", "file_transfer_id"],
        unique=False,
        postgresql_where=sa.text("file_transfer_id is not null"),
    )
    op.create_table(
        "pension_claim",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("payee_key", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "cycle", "payee_key", "purpose", "occurrence", name=op.f("pk_pension_claim")
        ),
        sa.UniqueConstraint("payment_id", name=op.f("uq_pension_claim_payment_id")),
    )
    op.create_table(
        "pension_transfer_id",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "transfer_id", name=op.f("pk_pension_transfer_id")),
    )
    op.create_table(
        "pension_set_aside",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("file_transfer_id", sa.String(), nullable=True),
        sa.Column("id_type", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("identifier_raw", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["pension_batch.id"], name=op.f("fk_pension_set_aside_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_pension_set_aside")),
    )
    # One payment is paid once for ever, and one word goes out about it at a time (the latter is `uq_transfer_open`).
    op.create_index(
        "uq_transfer_pension_paid",
        "transfer",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("purpose = 'pension' and state in ('succeeded', 'reversed')"),
    )
    op.execute(sa.text((SQL / "0019_pensions.sql").read_text().replace(":", "\\:")))


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.execute(sa.text((SQL / "0019_pensions.down.sql").read_text()))
    op.drop_index("uq_transfer_pension_paid", table_name="transfer")
    op.drop_table("pension_set_aside")
    op.drop_table("pension_transfer_id")
    op.drop_table("pension_claim")
    op.drop_index(
        "ix_pension_payment_file_transfer_id",
        table_name="pension_payment",
        postgresql_where=sa.text("file_transfer_id is not null"),
    )
    op.drop_index(
        "ix_pension_payment_stage",
        table_name="pension_payment",
        postgresql_where=sa.text("stage not in ('WAITING', 'COMPLETED', 'CANCELLED')"),
    )
    op.drop_index(
        "ix_pension_payment_waiting", table_name="pension_payment", postgresql_where=sa.text("stage = 'WAITING'")
    )
    op.drop_table("pension_payment")
    op.drop_table("pension_settings")
    op.drop_table("pension_file_error")
    op.drop_index("ix_pension_batch_open", table_name="pension_batch", postgresql_where=sa.text("completed_at is null"))
    op.drop_index("ix_pension_batch_history", table_name="pension_batch")
    op.drop_index(op.f("ix_pension_batch_file_id"), table_name="pension_batch")
    op.drop_table("pension_batch")
    op.drop_index("ix_pension_file_sha256", table_name="pension_file")
    op.drop_index("ix_pension_file_content", table_name="pension_file")
    op.drop_table("pension_file")
    op.drop_index(op.f("ix_pension_account_rail_account_id"), table_name="pension_account")
    op.drop_index(op.f("ix_pension_account_organisation_id"), table_name="pension_account")
    op.drop_table("pension_account")
    op.drop_table("payee_directory")
