"""Messages that the network shows at once: the channel, and the notices that choose it.

Revision ID: 0018_push
"""

import sqlalchemy as sa
from alembic import op

revision = "0018_push"
down_revision = "0017_trials"
branch_labels = None
depends_on = None

# A migration that would wait for others gives up instead of making everybody wait behind it.
TIMEOUTS = "set local lock_timeout = '4s'; set local statement_timeout = '60s'"
BEFORE = "channel in ('sms', 'whatsapp', 'email', 'push', 'in_app')"
AFTER = "channel in ('sms', 'ussd', 'whatsapp', 'email', 'push', 'in_app')"


def upgrade() -> None:
    op.execute(TIMEOUTS)
    _set_channels(AFTER)
    op.add_column("notice", sa.Column("has_flash", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_check_constraint(op.f("ck_notice_flash"), "notice", "has_sms or not has_flash")


def downgrade() -> None:
    op.execute(TIMEOUTS)
    op.drop_constraint(op.f("ck_notice_flash"), "notice")
    op.drop_column("notice", "has_flash")
    # What was pushed was pushed by telephone: an SMS is the nearest word there was.
    op.execute("update message set channel = 'sms' where channel = 'ussd'")
    _set_channels(BEFORE)


def _set_channels(condition: str) -> None:
    # Not valid: the rows that stand hold it already, and reading them all would make every message wait.
    op.drop_constraint(op.f("ck_message_channel"), "message")
    op.execute(f"alter table message add constraint ck_message_channel check ({condition}) not valid")
