"""The inbox of a phone, under 5 of the service menu: unread notices, and whether SMS are wanted."""

from core import clock, formats
from core.database import Session, fetch_all
from core.gsm7 import fold, measure
from models.messages import Channel, MessageState
from services.messages import record_progress
from services.messages.hours import FIRST_QUIET_PRIORITY
from services.messages.suppressions import is_suppressed, resume, suppress

MOST_SHOWN = 5
LONGEST_SHOWN = 400  # septets of the screen that lists them
KEPT_DAYS = 30

_UNREAD = f"""
select id, created_at, variables ->> 'texte' as body from message
where channel = 'in_app' and state = 'sent' and address = %s and type = 'information'
  and created_at > %s - interval '{KEPT_DAYS} days'
order by created_at desc, id desc limit {MOST_SHOWN}
"""


def wants_sms(session: Session, phone: str) -> bool:
    """Say whether notices may come to this number by SMS."""
    return not is_suppressed(session, Channel.SMS, phone, FIRST_QUIET_PRIORITY)


def opt_in(session: Session, phone: str) -> bool:
    """Send SMS again; False where somebody else than the person had them stopped, and they stay so."""
    resume(session, Channel.SMS, phone)
    return wants_sms(session, phone)


def opt_out(session: Session, phone: str) -> None:
    """Send no more notices by SMS; codes and receipts of money still go."""
    suppress(session, Channel.SMS, phone, "stop", detail="ussd")


def read_latest(session: Session, phone: str) -> str:
    """Return the unread notices that fit one screen's text, the newest first, and mark them read; empty when none."""
    rows = fetch_all(session, _UNREAD, (phone, clock.now()))
    shown: list[str] = []
    for row in rows:
        line = row["body"] if len(rows) == 1 else f"{formats.day_on_phone(row['created_at'])[:5]} {row['body']}"
        if shown and measure(fold("\n".join([*shown, line]))).size > LONGEST_SHOWN:
            break
        shown.append(line)
        record_progress(session, row["id"], MessageState.READ, {"by": "ussd"})
    return "\n".join(shown)
