"""Every call to a provider, kept: redacted by the wire that made it, at most 16 KiB each way."""

from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_one
from providers.answers import Accepted, NotSeen, Prepared, Rejected, Seen, Unknown
from providers.wire import Exchange
from services.transfers.rows import TransferRow

Answer = Prepared | Accepted | Rejected | Seen | NotSeen | Unknown

_INSERT = """
insert into transfer_attempt (id, created_at, transfer_id, account_id, n, operation, method, url, request, response,
    http_status, sent_at, answered_at, answer, error_kind)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def save(session: Session, row: TransferRow, exchanges: list[Exchange], answer: Answer) -> UUID | None:
    """Keep the exchanges of one operation; the last bears what they came to. Return its id, None without exchange."""
    if not exchanges:
        return None
    counted = fetch_one(session, "select count(*) as n from transfer_attempt where transfer_id = %s", (row.id,))
    first = int(counted["n"]) + 1 if counted else 1
    attempt_ids = [ids.new_id() for _ in exchanges]
    lines = [
        (
            attempt_id,
            clock.now(),
            row.id,
            row.account_id,
            first + place,
            exchange.operation,
            exchange.method,
            exchange.url,
            exchange.request,
            exchange.response,
            exchange.http_status,
            exchange.sent_at,
            exchange.answered_at,
            describe(answer) if place == len(exchanges) - 1 else "",
            exchange.error_kind,
        )
        for place, (attempt_id, exchange) in enumerate(zip(attempt_ids, exchanges, strict=True))
    ]
    with driver(session).cursor() as cursor:
        cursor.executemany(_INSERT, lines)
    return attempt_ids[-1]


def describe(answer: Answer) -> str:
    """Return an answer in a word, as it is kept beside the call."""
    match answer:
        case Rejected():
            return f"rejected:{answer.reason}"
        case Seen():
            return f"seen:{answer.state}"
        case Unknown():
            return "unknown" if answer.is_sent else "not_sent"
        case NotSeen():
            return "not_seen"
        case Prepared():
            return "prepared"
    return "accepted"
