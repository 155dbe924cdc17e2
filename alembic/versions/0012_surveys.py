"""Surveys, their runs and answers; notices and the numbers they go to.

Revision ID: 0012_surveys
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_surveys"
down_revision = "0011_offers"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("default_language", sa.String(), nullable=False),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("has_sms", sa.Boolean(), nullable=False),
        sa.Column("has_inbox", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested_checksum", sa.String(), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'review', 'scheduled', 'sending', 'sent', 'stopped')", name=op.f("ck_notice_state")
        ),
        sa.CheckConstraint("has_sms or has_inbox", name=op.f("ck_notice_channels")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_notice_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("languages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_one_answer_per_phone", sa.Boolean(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('draft', 'open', 'closed')", name=op.f("ck_survey_state")),
        sa.CheckConstraint(
            "closes_at is null or opens_at is null or closes_at > opens_at", name=op.f("ck_survey_dates")
        ),
        sa.CheckConstraint("quota is null or quota > 0", name=op.f("ck_survey_quota")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_survey_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("code", name=op.f("uq_survey_code")),
    )
    op.create_index("ix_survey_open", "survey", ["closes_at"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "notice_number",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_number_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_number")),
        sa.UniqueConstraint("notice_id", "phone", name=op.f("uq_notice_number_notice_id_phone")),
    )
    op.create_table(
        "survey_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=True),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.Column("next", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind in ('choice', 'number', 'scale', 'text', 'info')", name=op.f("ck_survey_question_kind")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_survey_question_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_question")),
        sa.UniqueConstraint("survey_id", "code", name=op.f("uq_survey_question_survey_id_code")),
        sa.UniqueConstraint("survey_id", "number", name=op.f("uq_survey_question_survey_id_number")),
    )
    op.create_table(
        "survey_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at_question", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.CheckConstraint("state in ('open', 'complete', 'screened_out')", name=op.f("ck_survey_run_state")),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_survey_run_survey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_run")),
        sa.UniqueConstraint(
            "survey_id", "respondent", "ordinal", name=op.f("uq_survey_run_survey_id_respondent_ordinal")
        ),
    )
    op.create_index("ix_survey_run_state", "survey_run", ["survey_id", "state"], unique=False)
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["survey_question.id"], name=op.f("fk_survey_answer_question_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["survey_run.id"], name=op.f("fk_survey_answer_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
        sa.UniqueConstraint("run_id", "question_id", name=op.f("uq_survey_answer_run_id_question_id")),
    )
    op.create_index(op.f("ix_survey_answer_question_id"), "survey_answer", ["question_id"], unique=False)
    op.create_index(
        "ix_message_inbox",
        "message",
        ["address", "created_at"],
        unique=False,
        postgresql_where=sa.text("channel = 'in_app' and state = 'sent'"),
    )
    op.create_index(
        "ix_message_notice",
        "message",
        [sa.literal_column("(data ->> 'notice_id'::text)")],
        unique=False,
        postgresql_where=sa.text("data ? 'notice_id'"),
    )


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_index("ix_message_notice", table_name="message", postgresql_where=sa.text("data ? 'notice_id'"))
    op.drop_index(
        "ix_message_inbox", table_name="message", postgresql_where=sa.text("channel = 'in_app' and state = 'sent'")
    )
    op.drop_index(op.f("ix_survey_answer_question_id"), table_name="survey_answer")
    op.drop_table("survey_answer")
    op.drop_index("ix_survey_run_state", table_name="survey_run")
    op.drop_table("survey_run")
    op.drop_table("survey_question")
    op.drop_table("notice_number")
    op.drop_index("ix_survey_open", table_name="survey", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("survey")
    op.drop_table("notice")
