"""What is kept no longer than it serves: texts of turns 30 days, dialogues 13 months, spent secrets a few days.

Exchanges with operators stay 24 months, callbacks that were refused 30 days. Everything here
is a small batch, safe to repeat and to stop between two batches.
"""

from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.database import Session, driver

TEXTS_KEPT = timedelta(days=30)
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` that meet `condition` go; `%(now)s` is the present."""

    table: str
    title: str
    condition: str


RULES = (
    Rule("ussd_session", "dialogues", "created_at < %(now)s - interval '13 months' and state <> 'open'"),
    Rule(
        "console_session",
        "sessions de console",
        "expires_at < %(now)s - interval '1 day' or revoked_at < %(now)s - interval '1 day'",
    ),
    # A spent token stays until its natural end: its reuse betrays a theft.
    Rule("refresh_token", "jetons", "expires_at < %(now)s - interval '1 day'"),
    Rule("one_time_code", "codes", "expires_at < %(now)s - interval '1 day'"),
    Rule("idempotency_record", "réponses gardées", "expires_at < %(now)s"),
    Rule("sign_in_failure", "échecs de connexion", "created_at < %(now)s - interval '30 days'"),
    # A bucket that has had the time to fill up again says the same as none.
    Rule(
        "velocity_bucket",
        "compteurs de débit",
        "refilled_at < %(now)s - make_interval(secs => (select window_s from velocity_rule r where r.id = rule_id))",
    ),
    Rule("velocity_refusal", "refus de débit", "last_at < %(now)s - interval '30 days'"),
    Rule("inbound_event", "rappels refusés", "received_at < %(now)s - interval '30 days' and not is_accepted"),
    Rule("inbound_event", "rappels", "received_at < %(now)s - interval '24 months'"),
    Rule("transfer_attempt", "échanges avec les opérateurs", "created_at < %(now)s - interval '24 months'"),
    Rule("service_hook", "notes aux fournisseurs", "created_at < %(now)s - interval '30 days' and state <> 'queued'"),
    Rule("wire_record", "échanges avec les passerelles", "created_at < %(now)s - interval '7 days'"),
    Rule("job_run", "passages", "ended_at < %(now)s - interval '30 days'"),
)


def empty_texts(session: Session) -> int:
    """Empty the texts and octets of up to a batch of turns older than 30 days; return how many turns."""
    emptied = driver(session).execute(
        """
        update ussd_turn set input_text = '', response_text = '', wire_body = null
        where id in (
            select id from ussd_turn where created_at < %s and response_text <> ''
            order by created_at limit %s for update skip locked)
        """,
        (clock.now() - TEXTS_KEPT, BATCH),
    )
    return emptied.rowcount


def delete_spent(session: Session, rule: Rule) -> int:
    """Delete up to a batch of the rows a rule lets go; return how many. Turns go with their session."""
    deleted = driver(session).execute(
        f"delete from {rule.table} where id in (select id from {rule.table} where {rule.condition}"
        " limit %(batch)s for update skip locked)",
        {"now": clock.now(), "batch": BATCH},
    )
    return deleted.rowcount
