"""Writing in bulk: COPY for what the application writes itself, column by column as the history draws it."""

from collections.abc import Iterable
from typing import Any

from core.database import Session, driver

OPERATIONS = (
    "id", "created_at", "reference", "type", "payer_id", "payee_id", "currency", "amount_minor", "fee_minor",
    "tariff_id", "key", "state", "session_id", "transaction_id", "repeat_confirmed", "refusal",
)  # fmt: skip
SESSIONS = (
    "id", "created_at", "gateway_id", "session_key", "generation", "phone", "user_id", "service_id", "version_id",
    "code", "network", "language", "screen", "page", "visit", "data", "scratch", "transcript_length", "transcript_mac",
    "secret_positions", "turn_number", "refusals", "state", "goal", "has_committed", "conflicts", "is_test",
    "last_activity_at", "ended_at",
)  # fmt: skip
TURNS = (
    "id", "created_at", "session_id", "number", "identity_mac", "input_mac", "input_text", "screen_before",
    "screen_after", "response_text", "coding", "size", "has_more", "wire_body", "progress", "refusal", "operation_id",
    "is_error", "answered_at", "response_time_us", "replays",
)  # fmt: skip
MESSAGES = (
    "id", "created_at", "dedupe_key", "type", "recipient_id", "channel", "address", "locale", "template_code",
    "template_version", "variables", "data", "guard", "priority", "not_before", "state", "tries", "encoding",
    "segments", "error_code", "transaction_id",
)  # fmt: skip
AUDIT = (
    "id", "created_at", "actor_id", "actor_name", "action", "subject_type", "subject_id", "summary", "changes",
    "address", "is_refusal",
)  # fmt: skip
TRANSFERS = (
    "id", "created_at", "external_id", "reference", "callback_token", "source", "key", "direction", "purpose",
    "subject_id", "method", "account_id", "adapter", "environment", "base_url", "amount_minor", "currency",
    "party_phone", "party_reference", "party_code", "party_name", "label", "language", "handles", "next_step",
    "provider_ref", "provider_fee_minor", "provider_state", "state", "reason", "next_read_at", "reads", "submitted_at",
    "ended_at", "connect_failures", "is_held", "requested_by", "actor", "hold_transaction_id", "transaction_id",
)  # fmt: skip
ATTEMPTS = (
    "id", "created_at", "transfer_id", "account_id", "n", "operation", "method", "url", "request", "response",
    "http_status", "sent_at", "answered_at", "answer", "error_kind",
)  # fmt: skip
EVENTS = (
    "id", "created_at", "transfer_id", "from_state", "to_state", "cause", "reason", "detail", "attempt_id",
    "inbound_event_id", "actor",
)  # fmt: skip
CALLBACKS = (
    "id", "created_at", "source", "account_id", "dedupe_key", "method", "path", "headers", "body", "authenticity",
    "is_accepted", '"references"', "claimed_state", "transfer_id", "received_at", "handled_at", "outcome", "repeats",
)  # fmt: skip


def copy(session: Session, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Copy rows into a table, in the session's own transaction."""
    session.flush()
    statement = f"copy {table} ({', '.join(columns)}) from stdin"
    with driver(session).cursor() as cursor, cursor.copy(statement) as sink:
        for row in rows:
            sink.write_row(row)
